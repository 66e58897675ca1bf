#!/usr/bin/env python3
"""trace_test.py TRACE: replays a small trace of its own making and checks the program's figures.

Exact where the outcome is known by hand; against a naive S3-FIFO in Python (ghosts as an exact
queue) within 2 % on a drawn trace; the same trace compressed must give the same.
"""
import collections
import random
import struct
import subprocess
import sys


def pack(requests):
    return b"".join(struct.pack("<III", i, thing, size) for i, (thing, size) in enumerate(requests))


def run(program, octets, *words):
    done = subprocess.run([program, "-", *words], input=octets, capture_output=True, check=False)
    if done.returncode != 0:
        return None
    words = done.stdout.decode().split()
    return {words[i]: float(words[i + 1]) for i in range(0, len(words), 2)}


def naive(requests, capacity):
    """Objects missed by S3-FIFO, its ghosts as many octets as the capacity."""
    small, main, ghosts = (collections.OrderedDict() for _ in range(3))
    held = {"small": 0, "main": 0, "ghosts": 0}
    uses, sizes, misses = {}, {}, 0

    def evict():
        if small and (held["small"] > capacity // 10 or not main):
            thing, _ = small.popitem(last=False)
            held["small"] -= sizes[thing]
            if uses[thing] >= 2:
                uses[thing] = 0
                main[thing] = True
                held["main"] += sizes[thing]
                return
            ghosts[thing] = True
            held["ghosts"] += sizes[thing]
            while held["ghosts"] > capacity:
                forgotten, _ = ghosts.popitem(last=False)
                held["ghosts"] -= sizes[forgotten]
            return
        thing, _ = main.popitem(last=False)
        if uses[thing] > 0:
            uses[thing] -= 1
            main[thing] = True
        else:
            held["main"] -= sizes[thing]

    for thing, size in requests:
        sizes[thing] = size
        if thing in small or thing in main:
            uses[thing] = min(3, uses[thing] + 1)
            continue
        misses += 1
        if size > capacity // 2:
            continue
        while held["small"] + held["main"] + size > capacity:
            evict()
        place = "small"
        if thing in ghosts:
            del ghosts[thing]
            held["ghosts"] -= size
            place = "main"
        (main if place == "main" else small)[thing] = True
        held[place] += size
        uses[thing] = 0
    return misses


def drawn(seed, count):
    """Requests with a popular core, sizes that differ, and many asked for once."""
    draw = random.Random(seed)
    sizes = [draw.randint(100, 20000) for _ in range(3000)]
    requests = []
    for i in range(count):
        if draw.random() < 0.25:
            requests.append((100000 + i, draw.randint(100, 20000)))
        else:
            thing = min(2999, int(draw.paretovariate(0.7)) - 1)
            requests.append((thing, sizes[thing]))
    return requests


def main():
    program = sys.argv[1]
    wrong = []

    def expect(name, got, wanted, within=0.0):
        if got is None or abs(got - wanted) > within * wanted:
            wrong.append(f"{name}: {got}, wanted {wanted}")

    # Two objects that fit: two misses of ten. One that is too large: every request misses.
    fits = run(program, pack([(1, 100), (2, 300)] * 5), "1000")
    expect("fits, objects", fits["object_misses"], 0.2)
    expect("fits, octets", fits["byte_misses"], 0.2)
    expect("footprint", fits["footprint"], 400)
    expect("too large", run(program, pack([(1, 600)] * 4), "1000")["object_misses"], 1)
    expect("limit", run(program, pack([(1, 600)] * 4), "1000", "600")["object_misses"], 0.25)
    expect("percent", run(program, pack([(1, 400), (2, 600)]), "50%")["capacity"], 500)
    # A flood of things asked for once leaves what was asked for three times.
    flood = [(1, 10), (2, 10)] * 3 + [(100 + i, 10) for i in range(200)] + [(1, 10), (2, 10)]
    expect("flood", run(program, pack(flood), "100")["object_misses"], round(202 / 208, 4))
    if run(program, b"12345", "100") is not None:
        wrong.append("no trace: taken")

    for seed in range(3):
        requests = drawn(seed, 20000)
        octets = pack(requests)
        for share in (1, 5, 20):
            got = run(program, octets, f"{share}%")
            misses = naive(requests, int(got["capacity"])) / len(requests)
            expect(f"drawn {seed}, {share} %", got["object_misses"], misses, 0.02)
    try:
        packed = subprocess.run(["zstd", "-qc"], input=octets, capture_output=True, check=True)
        if run(program, packed.stdout, "5%") != run(program, octets, "5%"):
            wrong.append("compressed: differs")
        if run(program, packed.stdout[:-100], "5%") is not None:
            wrong.append("cut off: taken")
    except FileNotFoundError:
        pass
    for line in wrong:
        print(line)
    print(f"trace: {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
