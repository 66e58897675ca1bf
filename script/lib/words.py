#!/usr/bin/env python3
"""words.py CHECK: what must not stand in the repository

  leftovers   work put off in a comment
  machines    paths of one machine, addresses of package registries
  pins        npm packages without an exact version, or a lock file with download addresses
  whitespace  tabs, trailing blanks, carriage returns, a missing last newline
"""
import json
import re
import sys

import tree

TEXT = (".c", ".h", ".tbl", ".py", ".sh", ".mjs", ".js", ".md", ".scd", ".build", ".txt", ".css",
        ".html", ".svg", ".json", ".tsv", ".yaml", ".yml", ".map", ".toml")


def texts():
    """(path, text) of what people wrote: no corpora, no lock files."""
    for path in tree.listed():
        if "/corpus/" in path or path.endswith("package-lock.json"):
            continue
        name = path.split("/")[-1]
        if path.endswith(TEXT) or "." not in name or name.startswith("."):
            yield path, tree.read(path)


def search(pattern, message):
    found = []
    for path, text in texts():
        for match in re.finditer(pattern, text, re.M):
            line = text[:match.start()].count("\n") + 1
            found.append(f"{path}:{line}: {message}: {match.group(0).strip()!r}")
    return found


def leftovers():
    words = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"))
    return search(rf"\b(?:{words})\b", "work put off")


def machines():
    homes = r"/(?:ho" + r"me|wo" + r"rk|Us" + r"ers)/[\w.]+"
    hosts = r"\b(?:registry\.[a-z]|[a-z]+\.npm" + r"js\.|deb\.deb" + r"ian\.)[\w.]*"
    return search(homes, "a path of one machine") + search(hosts, "a registry's address")


def pins():
    found = []
    for path in tree.listed():
        if path.split("/")[-1] == "package.json":
            package = json.loads(tree.read(path))
            for kind in ("dependencies", "devDependencies", "optionalDependencies"):
                found += [f"{path}: {name} {version} is not an exact version"
                          for name, version in package.get(kind, {}).items()
                          if not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+(-[\w.]+)?", version)]
            if path[:-5] + "-lock.json" not in tree.listed():
                found.append(f"{path}: no package-lock.json beside it")
        elif path.endswith("package-lock.json") and '"resolved": "http' in tree.read(path):
            found.append(f"{path}: holds download addresses (npm has omit-lockfile-registry-resolved)")
    return found


def whitespace():
    found = [blank for blank in search(r"[ \t]+$|\r", "trailing blank") if ".tsv:" not in blank]
    found += [tab for tab in search(r"^ *\t", "a tab") if not re.match(r"\S+\.(?:scd|tsv):", tab)]
    return found + [f"{path}: no newline at the end" for path, text in texts()
                    if text and not text.endswith("\n")]


def main(name):
    complaints = {"leftovers": leftovers, "machines": machines, "pins": pins,
                  "whitespace": whitespace}[name]()
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
