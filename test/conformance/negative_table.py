"""The table of negative.py: cases read, their octets made, answers compared with what is wanted."""
import re
import sys

SENTINEL_BODY = b"the sentinel stands\n"
WAIT = object()


class Failure(Exception):
    """What a server did wrong, or why a table cannot be read."""


class Outcome:
    """The answers to a case, each a set of acceptable statuses, and what becomes of the
    connection."""

    SENTINELS = {"open": (1,), "close": (0,), "any": (0, 1), "silent": (0,)}

    def __init__(self, words, macros):
        *answers, self.fate = words
        if self.fate not in self.SENTINELS:
            raise Failure(f"an outcome ends with one of {list(self.SENTINELS)}, not {self.fate}")
        self.answers = [self.answer(word, macros) for word in answers if word != "none"]

    @staticmethod
    def answer(word, macros):
        statuses, mark, content = word.partition("=")
        optional = statuses.endswith("?")
        names = statuses.rstrip("?").split("/")
        expanded = [s for name in names for s in macros.get(name, name).split("/")]
        return ({int(s) for s in expanded}, optional, expand(content, {}) if mark else None)

    def fits(self, responses, silent, lawful):
        """Why these responses are not the ones, or None. A server may close when it likes, so by
        law "open" is "any"."""
        if silent and self.fate != "silent":
            return "silence"
        rest = list(responses)
        for statuses, optional, content in self.answers:
            if rest and rest[0].status in statuses:
                got = rest.pop(0)
                if content is not None and got.body != content:
                    return f"content {got.body[:60]!r} instead of {content!r}"
            elif not optional:
                return "no answer" if not rest else "another answer"
        sentinels = [r for r in rest if r.status == 200 and r.body == SENTINEL_BODY]
        if len(rest) != len(sentinels):
            return "more answers than requests"
        if len(sentinels) not in self.SENTINELS[
                "any" if lawful and self.fate == "open" else self.fate]:
            return "the sentinel was not answered" if not sentinels else "the sentinel was answered"
        return None


class Case:
    def __init__(self, section, ids, name):
        self.section, self.ids, self.name = section, ids, name
        self.lines = []  # ("octets", text) or ("wait", None)
        self.want, self.may, self.heads = [], [], set()
        self.each, self.ends = None, False
        self.has, self.lacks = [], []

    def title(self, variant):
        name = self.name
        if variant is not None:
            name = name.replace("{" + self.each[0] + "}", variant)
        return f"{','.join(self.ids)} {name}"


ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\", "{": "{", "}": "}", "s": " "}


def unescape(text):
    def one(match):
        escape = match.group(1)
        return chr(int(escape[1:], 16)) if escape[0] == "x" else ESCAPES[escape]

    try:
        return re.sub(r"\\(x[0-9a-fA-F]{2}|.)", one, text)
    except KeyError as error:
        raise Failure(f"unknown escape in {text!r}") from error


def brace_end(text, start):
    """Where the brace that opens at `start` closes."""
    depth, at = 0, start
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    raise Failure(f"unclosed brace in {text!r}")


def expand(text, values):
    """Escapes, {name} and {12*text} made into octets."""
    done, plain, at = b"", 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] != "{":
            at += 1
            continue
        end = brace_end(text, at)
        done += unescape(text[plain:at]).encode("latin-1") + braces(text[at + 1:end], values)
        plain = at = end + 1
    return done + unescape(text[plain:]).encode("latin-1")


def braces(body, values):
    count, star, piece = body.partition("*")
    if star and count.isdigit():
        return int(count) * expand(piece, values)
    if body not in values:
        raise Failure(f"unknown {{{body}}}")
    return values[body].encode("latin-1")


class Table:
    """Reads the table; says line numbers when it cannot."""

    def __init__(self, path):
        self.cases, self.macros, self.section = [], {}, ""
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    self.line(line.rstrip("\n"))
                except (Failure, ValueError, IndexError) as error:
                    sys.exit(f"{path}:{number}: {error}")
        for case in self.cases:
            if not case.want or not case.lines:
                sys.exit(f"{path}: {case.name}: nothing to send, or nothing wanted")

    def line(self, line):
        if not line or line.startswith("#"):
            return
        word, _, rest = line.partition(" ")
        if word == "@":
            self.section = rest
        elif word == "let":
            name, value = rest.split()
            self.macros[name] = value
        elif word == "=":
            ids, _, name = rest.partition(" ")
            self.cases.append(Case(self.section, ids.split(","), name))
        else:
            self.case_line(self.cases[-1], word, rest)

    def case_line(self, case, word, rest):
        if word == "want" or word == "may":
            getattr(case, word).append(Outcome(rest.split(), self.macros))
        elif word == ">":
            case.lines.append(("octets", rest + "\\r\\n"))
        elif word == "+":
            case.lines.append(("octets", rest))
        elif word == "wait":
            case.lines.append(("wait", None))
        elif word == "each":
            name, *variants = rest.split()
            case.each = (name, variants)
        elif word == "head":
            case.heads = {int(n) for n in rest.split()}
        elif word in ("has", "lacks"):
            getattr(case, word).append(rest.partition(": "))
        elif word == "end":
            case.ends = True
        else:
            raise Failure(f"what is {word!r}?")

    def variants(self):
        """Each case with each of its variants, or with None."""
        for case in self.cases:
            for variant in case.each[1] if case.each else [None]:
                yield case, variant


def messages(case, variant, values):
    """What is sent: octets, and WAIT where the next answer is waited for. Octets between two waits
    are one piece."""
    known = dict(values)
    if variant is not None:
        known[case.each[0]] = expand(variant, values).decode("latin-1")
    pieces = [b""]
    for kind, text in case.lines:
        if kind == "wait":
            pieces += [WAIT, b""]
        else:
            pieces[-1] += expand(text, known)
    return pieces


def describe(response):
    sentinel = response.status == 200 and response.body == SENTINEL_BODY
    return "sentinel" if sentinel else str(response.status)


def describe_all(responses):
    return " ".join(describe(r) for r in responses) or "nothing"


def fields_fit(case, responses):
    """None, or which field is wrong, judged on the last answer but the sentinel's. An answer of
    another class than the first one wanted is excused."""
    finals = [r for r in responses if r.status >= 200 and describe(r) != "sentinel"]
    if not finals or not case.want[0].answers or finals[-1].status not in case.want[0].answers[-1][0]:
        return None
    fields = finals[-1].fields
    for name, mark, value in case.has:
        got = fields.get(name.lower().encode(), [])
        if not got or (mark and value.encode() not in got):
            return f"the field {name} is {got}"
    for name, _, _ in case.lacks:
        if name.lower().encode() in fields:
            return f"there is a field {name}"
    return None


def judge(case, responses, silent, lawful):
    """None, or what is wrong."""
    reasons = [outcome.fits(responses, silent, lawful)
               for outcome in case.want + (case.may if lawful else [])]
    if None in reasons:
        reasons = [fields_fit(case, responses)]
    if None in reasons:
        return None
    end = "silence" if silent else "closed"
    return f"{describe_all(responses)}, then {end}: {reasons[0]}"
