#!/usr/bin/env python3
"""script/layers.py: are the floors of the house as doc/house.md draws them?

Reads the table between "<!-- layers -->" and "<!-- /layers -->" in doc/house.md, and every include
in src/: rooted paths only, to files that exist, from allowed floors only; pure floors take only the
C headers they are granted; no two files include each other, directly or round a circle. And the
other way: every folder of src/ is in the table, every floor a row names
is a row.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import tree  # noqa: E402


def table():
    """floor -> (set of floors and files it may include, set of C headers or None for any)"""
    text = tree.read("doc/house.md")
    match = re.search(r"<!-- layers -->(.*?)<!-- /layers -->", text, re.S)
    if not match:
        sys.exit("doc/house.md: no table between <!-- layers --> and <!-- /layers -->")
    floors = {}
    for line in match.group(1).splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]
        if len(cells) < 3 or cells[0] == "floor" or set(cells[0]) <= set("-: "):
            continue
        grants = {word for word in re.split(r"[,\s]+", cells[1]) if word}
        system = None if cells[2] == "any" else set(re.split(r"[,\s]+", cells[2]))
        floors[cells[0]] = (grants | {cells[0]}, system)
    return floors


def circles(graph):
    """Every circle of files, as a list of files."""
    found, state, path = [], {}, []

    def visit(file):
        state[file] = "open"
        path.append(file)
        for below in sorted(graph.get(file, ())):
            if state.get(below) == "open":
                found.append(path[path.index(below):] + [below])
            elif below not in state:
                visit(below)
        path.pop()
        state[file] = "done"

    for file in sorted(graph):
        if file not in state:
            visit(file)
    return found


def main():
    if len(sys.argv) > 1:
        print(__doc__.strip())
        return 0 if sys.argv[1] == "--help" else 2
    floors, complaints, graph, count = table(), [], {}, 0
    sources = tree.under("src/", ".c", ".h", ".tbl")
    for floor in sorted({path.split("/")[1] for path in sources} - set(floors)):
        complaints.append(f"src/{floor}: this floor is not in the table of doc/house.md")
    for floor, (grants, _) in floors.items():
        for grant in sorted(grants - set(floors)):
            if grant.split("/")[0] not in floors:
                complaints.append(f"doc/house.md: {floor} may include {grant}, which is no floor")
    for path in sources:
        floor = path.split("/")[1]
        grants, system = floors.get(floor, (set(), None))
        for line, kind, target in tree.includes(tree.read(path)):
            count += 1
            where = f"{path}:{line}: "
            other = target.split("/")[0]
            if kind == "<":
                if other in floors and "/" in target and target != path[4:]:
                    complaints.append(f'{where}<{target}> is the installed form; here it is "{target}"')
                elif system is not None and target not in system:
                    complaints.append(f"{where}{floor} may not include <{target}>")
            elif "/" not in target or ".." in target or other not in floors:
                complaints.append(f'{where}"{target}" is not rooted at src/')
            elif not os.path.exists(os.path.join(tree.ROOT, "src", target)):
                complaints.append(f'{where}"{target}" does not exist')
            elif other not in grants and target not in grants:
                complaints.append(f"{where}{floor} may not include {target}")
            else:
                graph.setdefault(path[4:], set()).add(target)
    for circle in circles(graph):
        complaints.append("files include each other: " + " -> ".join(circle))
    for complaint in complaints:
        print(complaint)
    print(f"layers: {count} includes in {len(sources)} files, {len(complaints)} wrong")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
