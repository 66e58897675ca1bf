#!/usr/bin/env python3
"""test/scene/threats_check.py: do all rows of threats.tbl and themes.tbl have their tests?

Each proof that a threat names is looked up: the row of scenes.tbl or gateways.tbl, the section of
the negative table, the function of the unit test (or of a header beside it) or of the client, the
file of the fuzz target, the row of runners.tbl, the run of scenes in meson.build. A threat without
a proof, and without a word why there can be none yet, fails too. Last line: N passed, N failed.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TEST = os.path.dirname(HERE)


def read(*path):
    try:
        with open(os.path.join(*path), encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def tabled(*path):
    """A file that exists and is named in the list of the meson.build beside it."""
    name = re.sub(r"_(test|fuzz)\.c$", "", path[-1])
    return os.path.exists(os.path.join(TEST, *path)) and f"'{name}'" in read(TEST, path[0],
                                                                             "meson.build")


SCENES = set(re.findall(r"^SCENE\((\w+),", read(HERE, "scenes.tbl") + read(HERE, "gateways.tbl"),
                        re.M))
RUNNERS = set(re.findall(r"^\w+ +\| ([\w-]+)", read(TEST, "runners.tbl"), re.M))
RUNS = set(re.findall(r"^ +'([\w-]+)': \[", read(HERE, "meson.build"), re.M))
NEGATIVE = set(re.findall(r"^@ (.+)$", read(TEST, "conformance", "negative.tbl"), re.M))


def proves(kind, words):
    """Is there such a test?"""
    if kind == "scene":
        return words in SCENES
    if kind == "negative":
        return words in NEGATIVE
    if kind == "unit":
        room, _, function = words.partition(" ")
        text = read(TEST, "unit", f"{room}_test.c")
        text += "".join(read(TEST, "unit", name) for name in re.findall(r'#include "(\w+\.h)"', text))
        return len(re.findall(rf"\b{function}\b", text)) > 1  # written, and in the list
    if kind == "fuzz":
        return tabled("fuzz", f"{words}_fuzz.c")
    if kind == "client":
        file, _, function = words.partition(" ")
        text = read(TEST, "client", file)
        return text and (not function or len(re.findall(rf"\b{function}\b", text)) > 1)
    if kind == "runner":
        return words in RUNNERS
    if kind == "run":
        return words in RUNS
    if kind == "script":
        return os.path.exists(os.path.join(os.path.dirname(TEST), words))
    return kind == "later" and len(words) > 10


def threats():
    """(title, [(kind, words)]) in the order of the tables"""
    found = []
    for line in (read(HERE, "threats.tbl") + read(HERE, "themes.tbl")).splitlines():
        if line.startswith("= "):
            found.append((line[2:], []))
        elif line and not line.startswith("#"):
            kind, _, words = line.partition(" ")
            found[-1][1].append((kind, words))
    return found


def main(words):
    if words:
        print(__doc__.strip())
        return 0 if words == ["--help"] else 2
    passed = failed = 0
    for title, proofs in threats():
        wrong = [f"{kind} {name}" for kind, name in proofs if not proves(kind, name)]
        if wrong or not proofs:
            failed += 1
            print(f"not ok {title}: " + (", ".join(wrong) + " does not exist" if wrong
                                         else "has no test"))
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
