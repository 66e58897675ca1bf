#!/usr/bin/env python3
"""script/lib/findings.py [--write | --check]: doc/findings.md, from the tables of the code

Reads src/audit/finding.tbl and src/audit/advice.tbl. --check says whether the page is as it would be
written, and whether the tables are sound: ids and summaries once, advice only for what exists.
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tree  # noqa: E402

PAGE = "doc/findings.md"
LEVELS = {"BAD": "bad", "WARN": "warn", "INFO": "info", "GOOD": "good"}
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def calls(path, names):
    """(name, arguments) of each macro call in a table; strings that stand side by side are one."""
    text = re.sub(r"/\*.*?\*/", "", tree.read(path), flags=re.S)
    for match in re.finditer(rf"^({names})\(", text, re.M):
        arguments, word, at = [], [], match.end()
        while text[at] != ")":
            string = STRING.match(text, at)
            if string:
                word.append(re.sub(r"\\(.)", r"\1", string[1]))
                at = string.end()
                continue
            if text[at] == ",":
                arguments.append("".join(word))
                word = []
            elif not text[at].isspace():
                word.append(text[at])
            at += 1
        yield match[1], arguments + ["".join(word)]


def read():
    """([(title, [finding])], {ID: [(where, text)]})"""
    groups, advice = [], {}
    for name, arguments in calls("src/audit/finding.tbl", "GROUP|FINDING"):
        if name == "GROUP":
            groups.append((arguments[0], []))
        else:
            groups[-1][1].append(arguments)
    for _, (identifier, where, text) in calls("src/audit/advice.tbl", "ADVICE"):
        advice.setdefault(identifier, []).append((where, text))
    return groups, advice


def section(finding, advice):
    identifier, level, word, summary, why, law, fix = finding
    lines = [f"### {word}", "", f"**{LEVELS[level.removeprefix('FINDING_')]}**: {summary}. "
             f"{f'[{law}]' if law else ''}".strip(), ""]
    lines += [f"*Why it matters:* {why}", ""] if why else []
    lines += [f"*What to change:* {fix}", ""] if fix else []
    lines += [f"- {where}: {text}" for where, text in advice.get(identifier, [])]
    return lines + ([""] if identifier in advice else [])


def page(groups, advice):
    count = sum(len(findings) for _, findings in groups)
    lines = ["# What `stet audit` can find", "",
             f"{count} findings. Their ids never change their meaning. *bad*: somebody gets something "
             "wrong; *warn*: something is lost; *info*: good to know; *good*: as it should be. Written by "
             "`script/lib/findings.py --write` from the tables that the program is made of.", ""]
    for title, findings in groups:
        lines += [f"## {title}", ""]
        for finding in findings:
            lines += section(finding, advice)
    return "\n".join(lines).rstrip() + "\n"


def complaints(groups, advice):
    rows = [finding for _, findings in groups for finding in findings]
    for number, what in ((0, "id"), (2, "word"), (3, "summary")):
        seen = [row[number] for row in rows]
        yield from (f"the {what} {value!r} stands twice" for value in set(seen)
                    if seen.count(value) > 1)
    known = {row[0] for row in rows}
    yield from (f"advice for {word}, which is no finding" for word in set(advice) - known)
    for row in rows:
        if row[1] != "FINDING_GOOD" and not (row[4] or row[1] == "FINDING_INFO"):
            yield f"{row[2]}: it does not say why it matters"
        if not re.fullmatch(r"[a-z0-9-]+", row[2]):
            yield f"{row[2]}: an id has small letters, figures and dashes"


def main():
    mode = sys.argv[1] if len(sys.argv) > 1 else "--check"
    if mode not in ("--write", "--check"):
        print(__doc__.strip())
        return 0 if mode == "--help" else 2
    groups, advice = read()
    wrong = list(complaints(groups, advice))
    wanted = page(groups, advice)
    path = os.path.join(tree.ROOT, PAGE)
    if mode == "--write":
        with open(path, "w", encoding="utf-8") as file:
            file.write(wanted)
    elif not os.path.exists(path) or tree.read(PAGE) != wanted:
        wrong.append(f"{PAGE} is not what the tables say: script/lib/findings.py --write")
    for one in wrong:
        print(one)
    print(f"findings: {sum(len(rows) for _, rows in groups)} in the catalogue, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
