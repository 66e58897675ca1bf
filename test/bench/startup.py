"""A tree of many small files: how soon it is served, and how soon all of it is known."""
import os
import random
import re
import time

import probe

KNOWS = re.compile(r"knows (\d+) of (\d+) files .*?([\d.]+) MiB hashed\) in ([\d.]+) s")
FOLDER = 100  # files in each


def path_of(number):
    return f"{number // FOLDER:04d}/{number:06d}.txt"


def grow(place, count):
    """Writes `count` files of 0.5 to 20 KiB, small ones more often, no two alike. Their bytes."""
    dice = random.Random(304)
    text = bytes(dice.choices(b"abcdefghijklmnopqrstuvwxyz      \n", k=1 << 16))
    total = 0
    for number in range(count):
        if number % FOLDER == 0:
            os.makedirs(os.path.join(place, f"{number // FOLDER:04d}"), exist_ok=True)
        size = int(512 * 40 ** dice.random())
        start = dice.randrange(len(text) - 20480)
        content = b"%012d" % number + text[start:start + size - 12]
        with open(os.path.join(place, path_of(number)), "wb") as file:
            file.write(content)
        total += len(content)
    return total


def measure(field, place, memo, count, patience=300):
    """One start: seconds to the first answer and until everything is known, memory then."""
    log_path = os.path.join(field.place, "startup.log")
    with open(log_path, "wb") as log:
        target = field.stet(place, workers="auto", cores=sorted(os.sched_getaffinity(0)),
                            options=("--memo", memo), log=log)
    target.wait_until_up()
    answer = probe.ask(target.port, "/" + path_of(count // 2))[0]
    first = time.monotonic() - target.begun
    if answer.status != 200:
        raise SystemExit(f"bench: the first answer was {answer.status}")
    said = None
    while said is None and time.monotonic() - target.begun < patience:
        time.sleep(0.02)
        with open(log_path, encoding="utf-8", errors="replace") as file:
            said = KNOWS.search(file.read())
    if said is None:
        raise SystemExit("bench: the tree was not known in time")
    known, found, hashed, seconds = said.groups()
    if int(known) != count or int(found) != count:
        raise SystemExit(f"bench: knows {known} of {found} files, not {count}")
    resident = target.memory()[0]
    cpu = target.cpu()[0] / 1e9
    field.end(target)
    return {"first": first, "seconds": float(seconds), "hashed": float(hashed),
            "resident": resident, "cpu": cpu}
