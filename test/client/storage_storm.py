#!/usr/bin/env python3
"""test/client/storage_storm.py [--seed N] [--kills N]: the client's storage when processes die.

Processes that store and read are killed 500 times (or as often as --kills says) at random moments,
where nothing is evicted, so that the old or the new must be there; then where much is; then twenty of them run at once; then the disk is full (a small tmpfs, where we may mount one). In
the end nothing may be damaged, nothing left over, and no process may have read what was not stored.
"""
import argparse
import pathlib
import subprocess
import sys

import harness

STORM = pathlib.Path(harness.program()).resolve().parents[2] / "test/client/storage_storm"


ROOMY, TIGHT = 64 << 20, 1 << 20  # how much the storage may take


def storm(folder, seed, processes, kills, seconds, size=TIGHT):
    done = subprocess.run([str(STORM), str(folder), str(seed), str(processes), str(kills),
                           str(seconds), str(size)], capture_output=True, text=True, timeout=1200)
    print("".join(f"{line}\n" for line in done.stdout.splitlines()[:-1]), end="")
    if harness.SANITIZERS.search(done.stderr) or done.returncode:
        print(done.stderr[-2000:])
    return done.returncode == 0 and not harness.SANITIZERS.search(done.stderr)


def killed(options):
    with harness.place() as folder:
        return storm(folder, options.seed, 4, options.kills, 0, ROOMY)


def killed_evicting(options):
    with harness.place() as folder:
        return storm(folder, options.seed + 3, 4, options.kills // 4, 0)


def twenty(options):
    with harness.place() as folder:
        return storm(folder, options.seed + 1, 20, 0, 3)


def twenty_keeping(options):
    """As before, where nothing goes by itself: what one process writes no other may undo."""
    with harness.place() as folder:
        return storm(folder, options.seed + 4, 20, 0, 3, ROOMY)


def full(options):
    """A disk that has less room than the storage may take."""
    with harness.place() as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k,mode=700", "tmpfs",
                                  str(folder)], capture_output=True, text=True)
        if mounted.returncode:
            print("# no tmpfs may be mounted here: the unit tests' limit of file sizes must do")
            return True
        try:
            return storm(folder, options.seed + 2, 4, 60, 0)
        finally:
            subprocess.run(["umount", str(folder)], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=500)
    options = parser.parse_args()
    passed = failed = 0
    for test in (killed, killed_evicting, twenty, twenty_keeping, full):
        good = test(options)
        print(f"{'ok' if good else 'not ok'} - {test.__name__} (seed {options.seed})")
        passed, failed = passed + good, failed + (not good)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
