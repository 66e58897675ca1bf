#!/usr/bin/env python3
"""tidy.py BUILD-DIR [FILE...]: clang-tidy over src/ and examples/, remembering what was clean.

A file that was clean is skipped until it, a header it stands on, or .clang-tidy changes. Without
files: all that BUILD-DIR/compile_commands.json compiles.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys

import tree

TIDY = "clang-tidy-14"


def closure(path, seen):
    """The file and everything of src/ it includes, directly or not."""
    if path not in seen and os.path.exists(os.path.join(tree.ROOT, path)):
        seen.add(path)
        for _, _, target in tree.includes(tree.read(path)):
            closure("src/" + target, seen)
    return seen


def fingerprint(path):
    digest = hashlib.sha256(tree.read(".clang-tidy").encode())
    for part in sorted(closure(path, set())):
        digest.update(part.encode() + b"\0" + tree.read(part).encode())
    return digest.hexdigest()


def compiled(build):
    """Sources in the compilation database, relative to the root."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    paths = {os.path.relpath(os.path.join(entry["directory"], entry["file"]), tree.ROOT)
             for entry in entries}
    return {path for path in paths if path.startswith(("src/", "examples/"))}


def check(build, path):
    """(path, clean, complaints): what was wrong, without the long way the analyzer went."""
    run = subprocess.run([TIDY, "-p", build, "--quiet", path], cwd=tree.ROOT, text=True,
                         capture_output=True, check=False)
    said = [re.sub(r"^\S*/(?=(?:src|examples)/)", "", line) for line in run.stdout.splitlines()
            if re.search(r": (?:error|warning): ", line)]
    return path, run.returncode == 0, "\n".join(said)


def main(build, *chosen):
    memory = os.path.join(build, "tidy.clean")
    clean = set()
    if os.path.exists(memory):
        with open(memory, encoding="utf-8") as file:
            clean = set(file.read().split())
    paths = sorted(compiled(build) & set(chosen) if chosen else compiled(build))
    prints = {path: fingerprint(path) for path in paths}
    todo = [path for path in paths if prints[path] not in clean]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, good, said in pool.map(lambda path: check(build, path), todo):
            if good:
                clean.add(prints[path])
            else:
                failed += 1
                print(said or f"{path}: {TIDY} failed")
    with open(memory, "w", encoding="utf-8") as file:
        file.write("\n".join(sorted(clean)))
    print(f"clang-tidy: {len(paths)} files, {len(todo)} read anew, {failed} with complaints")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
