"""Instructions a request of user code, counted by callgrind: the one figure here that no noise
reaches, and so the one to compare before and after a change."""
import glob
import os
import re
import subprocess

TOTAL = re.compile(r"^totals: (\d+)$", re.M)


def switch(on, pid):
    subprocess.run(["callgrind_control", "-i", "on" if on else "off", str(pid)], check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30)


def count(field, generator, start, load, seconds):
    """Instructions of all threads for each request to what `start` starts behind these words."""
    out = os.path.join(field.place, "callgrind.out")
    for old in glob.glob(out + "*"):
        os.remove(old)
    target = start(["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no",
                    f"--callgrind-out-file={out}"])
    target.wait_until_up()
    fields = load.fields(target)
    load.prove(target, fields)
    switch(True, target.process.pid)
    run = generator.run(target, load, fields, seconds)
    switch(False, target.process.pid)
    field.end(target)
    total = 0
    for path in glob.glob(out + "*"):
        with open(path, encoding="ascii", errors="replace") as file:
            total += sum(int(found) for found in TOTAL.findall(file.read()))
    return total / run["requests"]
