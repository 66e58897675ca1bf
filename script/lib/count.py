#!/usr/bin/env python3
"""count.py KIND NAME STATUS FILE: how many tests a step ran, and which failed

KIND: junit (FILE is meson's testlog.junit.xml), runner (FILE is the output of a program whose last
line is "N passed, N failed"), plain (the exit STATUS is the test). Prints "PASSED FAILED SKIPPED",
then a line for each failure. A step that ran nothing has failed; so has one whose exit status is
not zero although nothing it counted failed.
"""
import re
import sys
import xml.etree.ElementTree as tree

LAST = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")


def junit(path):
    passed, skipped, failures = 0, 0, []
    try:
        suites = tree.parse(path).getroot().iter("testsuite")
    except (OSError, tree.ParseError):
        return 0, 0, []
    for suite in suites:
        found = []
        for case in suite.iter("testcase"):
            name = f"{suite.get('name').removeprefix('stet.')}: {case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                found.append(name)
            elif case.find("skipped") is not None:
                skipped += 1
            else:
                passed += 1
        if not found and int(suite.get("errors", 0)) + int(suite.get("failures", 0)):
            found.append(f"{suite.get('name')}: broke off")
        failures += found
    return passed, skipped, failures


def runner(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = [line.strip() for line in file if line.strip()]
    match = LAST.match(lines[-1]) if lines else None
    if not match:
        return 0, 0, []
    failed = int(match.group(2))
    named = [line for line in lines if re.match(r"(?:FAIL|FAILED|not ok)\b", line)]
    if len(named) != failed:
        named = [f"{failed} in its output"] * failed
    return int(match.group(1)), int(match.group(3) or 0), named


def main(kind, name, status, path=""):
    if kind == "plain":
        passed, skipped, failures = int(status == "0"), 0, []
    else:
        passed, skipped, failures = {"junit": junit, "runner": runner}[kind](path)
        if passed == 0 and not failures:
            failures.append("ran no test")
    if status != "0" and not failures:
        failures.append(f"exit status {status}")
    print(passed, len(failures), skipped)
    for failure in list(dict.fromkeys(failures))[:40]:
        print(f"{name}: {failure}")
    if len(failures) > 40:
        print(f"{name}: ...")


if __name__ == "__main__":
    main(*sys.argv[1:])
