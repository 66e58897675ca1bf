"""The files of the repository, and what a formatted C file holds: functions, structs, includes.

The C readers lean on the house's format (clang-format): a function's opening and closing brace, and
the closing brace of a struct, stand in the first column.
"""
import fnmatch
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

SKIPPED = re.compile(r"^(build|\.git|node_modules|__pycache__)")


def listed():
    """Paths of all files that are or would be committed, relative to the root, sorted."""
    try:
        out = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "-z"],
                             capture_output=True, check=True).stdout.decode()
        paths = [path for path in out.split("\0") if path]
    except (OSError, subprocess.CalledProcessError):  # a tarball: walk
        paths = []
        for folder, below, names in os.walk(ROOT):
            below[:] = [name for name in below if not SKIPPED.match(name)]
            paths += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names]
    return sorted({path for path in paths if os.path.isfile(os.path.join(ROOT, path))})


def under(prefix, *endings):
    return [path for path in listed() if path.startswith(prefix) and path.endswith(endings)]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def without_comments(text):
    """The same text with comments, strings and characters blanked; lines stay where they are."""
    def blank(match):
        found = match.group(0)
        if found[0] == "/":
            return re.sub(r"[^\n]", " ", found)
        return found[0] + " " * (len(found) - 2) + found[-1]
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)


class Function:
    def __init__(self, name, first, last, parameters):
        self.name, self.first, self.last, self.parameters = name, first, last, parameters

    @property
    def length(self):
        return self.last - self.first + 1


def split_outside(text, separator=","):
    """Pieces of `text` between separators that stand in no bracket."""
    pieces, depth, piece = [], 0, ""
    for char in text:
        depth += char in "([{"
        depth -= char in ")]}"
        if char == separator and depth == 0:
            pieces.append(piece)
            piece = ""
        else:
            piece += char
    return pieces + [piece]


def signature(text):
    """(name, number of parameters) of the text before a function's opening brace, or None."""
    text = re.sub(r"__attribute__\s*\(\(.*?\)\)\)?", "", text)
    match = re.search(r"\b(\w+)\s*\(", text)
    if not match or re.match(r"\s*(struct|union|enum|static const|const)\b[^(]*$", text):
        return None
    depth, at = 0, match.end() - 1
    for at in range(match.end() - 1, len(text)):
        depth += text[at] == "("
        depth -= text[at] == ")"
        if depth == 0:
            break
    inner = text[match.end():at].strip()
    if inner in ("", "void") or inner.startswith("nghttp2_session *session"):
        return match.group(1), 0  # callbacks have the shape another library gives them
    return match.group(1), len(split_outside(inner))


def functions(text):
    """The functions defined in a C file: Function(name, first line, last line, parameters)."""
    lines = without_comments(text).split("\n")
    found, start = [], None
    for number, line in enumerate(lines):
        if line == "{" and start is None:
            first = number
            while first > 0 and lines[first - 1].strip() and not lines[first - 1].startswith(
                    ("#", "}")) and not lines[first - 1].rstrip().endswith(";"):
                first -= 1
            named = signature("\n".join(lines[first:number]))
            if named:
                start = (first, *named)
        elif line.startswith("}") and start is not None:
            found.append(Function(start[1], start[0] + 1, number + 1, start[2]))
            start = None
    return found


def structs(text):
    """(name, line, number of members) of every struct defined at the top level."""
    text = without_comments(text)
    found = []
    for match in re.finditer(r"^struct (\w+) \{\n(.*?)^\}", text, re.S | re.M):
        members = 0
        for declaration in re.split(r";", match.group(2)):
            body = re.sub(r"^\s*\}\s*", "", declaration)  # the end of a nested struct or union
            body = body.rsplit("{", 1)[-1].strip()
            if body and not body.startswith("#"):
                members += len(split_outside(body))
        found.append((match.group(1), text[:match.start()].count("\n") + 1, members))
    return found


INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def includes(text):
    """(line, '"' or '<', path) of every include."""
    return [(text[:match.start()].count("\n") + 1, match.group(1), match.group(2))
            for match in INCLUDE.finditer(text)]


if __name__ == "__main__":  # tree.py PATTERN...: the listed files that match one of the patterns
    print("\n".join(path for path in listed()
                    if any(fnmatch.fnmatch(path, pattern) for pattern in sys.argv[1:])))
