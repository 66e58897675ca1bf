#!/usr/bin/env python3
"""script/lengths.py [--all]: is everything short enough to be read?

Hard limits: 600 lines a file and 70 a function, of tests and scripts as well; 5 parameters, 20
members a struct. What is a table (.tbl of tests) may be longer.
Prints the median and the 90th percentile; with --all also the longest of each.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import tree  # noqa: E402

FILE, FUNCTION, PARAMETERS, MEMBERS = 600, 70, 5, 20


def spread(numbers):
    numbers = sorted(numbers) or [0]
    return numbers[len(numbers) // 2], numbers[min(len(numbers) - 1, len(numbers) * 9 // 10)]


def measure():
    """(file lengths, functions, structs), each with where it stands."""
    files, functions, structs = [], [], []
    for path in tree.under("src/", ".c", ".h", ".tbl") + tree.under("examples/", ".c"):
        text = tree.read(path)
        files.append((text.count("\n"), path))
        if path.endswith(".tbl"):
            continue
        foreign = path.startswith("examples/")  # callbacks have the shape another library gives them
        functions += [(f.length, 0 if foreign else f.parameters, f"{path}:{f.first}: {f.name}")
                      for f in tree.functions(text)]
        structs += [(members, f"{path}:{line}: struct {name}")
                    for name, line, members in tree.structs(text)]
    others = [path for path in tree.listed() if path.startswith("script/")]
    others += tree.under("test/", ".c", ".h", ".mjs", ".py")
    files += [(tree.read(path).count("\n"), path) for path in others]
    return files, functions, structs


def tests():
    """The functions of tests that are too long, as complaints."""
    return [f"{path}:{f.first}: {f.name}: {f.length} lines, at most {FUNCTION}"
            for path in tree.under("test/", ".c", ".h") for f in tree.functions(tree.read(path))
            if f.length > FUNCTION]


def main():
    if len(sys.argv) > 1 and sys.argv[1] != "--all":
        print(__doc__.strip())
        return 0 if sys.argv[1] == "--help" else 2
    files, functions, structs = measure()
    complaints = [f"{where}: {lines} lines, at most {FILE}" for lines, where in files
                  if lines > FILE]
    for lines, parameters, where in functions:
        if lines > FUNCTION:
            complaints.append(f"{where}: {lines} lines, at most {FUNCTION}")
        # In an example the shape of a callback is another library's.
        if parameters > PARAMETERS and not where.startswith("examples/"):
            complaints.append(f"{where}: {parameters} parameters, at most {PARAMETERS}")
    complaints += tests()
    complaints += [f"{where}: {members} members, at most {MEMBERS}" for members, where in structs
                   if members > MEMBERS]
    for complaint in complaints:
        print(complaint)
    if len(sys.argv) > 1:
        for title, rows in (("files", files), ("functions", functions), ("structs", structs)):
            print(f"longest {title}:")
            for row in sorted(rows, reverse=True)[:10]:
                print(f"  {row[0]:4} {row[-1]}")
    median, most = spread([row[0] for row in functions])
    file_median, file_most = spread([row[0] for row in files if row[1].endswith(".c")
                                     and row[1].startswith("src/")])
    print(f"lengths: {len(functions)} functions, median {median} lines, 90 % within {most}; "
          f".c files: median {file_median}, 90 % within {file_most}; "
          f"{len(complaints)} too long")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
