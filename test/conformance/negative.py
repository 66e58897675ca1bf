#!/usr/bin/env python3
"""Sends the requests of negative.txt to a server and judges what comes back.

usage: negative.py [--command COMMAND | --url URL] [options]

  --command COMMAND  how the server is started; {dir} stands for the directory it shall serve and
                     {port} for a free port. Without {port} the server must print "listening on
                     http://HOST:PORT". Default: build/stet serve {dir} --listen 127.0.0.1:0 --log off
  --url URL          test this server instead, which serves what --write wrote
  --write DIR        write the files that the cases ask for into DIR, and end
  --lawful           also accept what the law allows to others (the lines "may" of the table)
  --only TEXT        only cases whose section, ids or name contain TEXT; may be repeated
  --jobs N           so many connections at a time (default 4)
  --deadline SECONDS how long the server may be silent (default 2)
  --verbose          say what came of every case
  --list             print the cases, and end
  --seeds DIR        write the octets of the cases as seeds for the fuzz target h1, and end

Each case goes over a connection of its own, with a request for /sentinel behind it in the same
send. That one must be answered, once and with its own content, if the connection stays open, and
never if the connection is closed: so a server that takes fewer or more octets than the grammar
gives to a request is found out. The format of the table is described at its top.

Exit status: 0 all passed, 1 some failed, 2 usage or no server.
"""
import argparse
import concurrent.futures
import hashlib
import os
import re
import select
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
SENTINEL_BODY = b"the sentinel stands\n"
FILE_BODY = b"0123456789" * 100
SENTINEL = b"GET /sentinel HTTP/1.1\r\nHost: sentinel\r\nConnection: close\r\n\r\n"
WAIT = object()


class Failure(Exception):
    """What a server did wrong, or why a table cannot be read."""


# ---- the table ----


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


# ---- answers ----


class Response:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body


LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9]) [\t\x20-\x7e\x80-\xff]*")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")


def read_chunked(octets, at):
    body = b""
    while True:
        match = re.compile(rb"([0-9a-fA-F]+)(?:;[^\r\n]*)?\r\n").match(octets, at)
        if not match:
            return None
        size, at = int(match.group(1), 16), match.end()
        if size == 0:
            break
        body += octets[at:at + size]
        if octets[at + size:at + size + 2] != b"\r\n":
            return None
        at += size + 2
    end = octets.find(b"\r\n\r\n", at - 2)
    return None if end < 0 else (body, end + 4)


def read_response(octets, at, to_head, ended):
    """The response at `at` and where it ends; None while it is incomplete."""
    end = octets.find(b"\r\n\r\n", at)
    if end < 0:
        return None
    first, *lines = octets[at:end].split(b"\r\n")
    match = LINE.fullmatch(first)
    if not match:
        raise Failure(f"no status line: {first[:80]!r}")
    status, fields = int(match.group(1)), {}
    for line in lines:
        field = FIELD.fullmatch(line)
        if not field:
            raise Failure(f"no field line: {line[:80]!r}")
        fields.setdefault(field.group(1).lower(), []).append(field.group(2))
    coding, length = fields.get(b"transfer-encoding"), fields.get(b"content-length")
    if length and (coding or len(length) > 1 or not length[0].isdigit()):
        raise Failure(f"framed by {length} and {coding}")
    if (status < 200 or status == 204) and (coding or length):
        raise Failure(f"{status} with a length")
    at = end + 4
    if to_head or status < 200 or status in (204, 304):
        return Response(status, fields, b""), at
    if coding:
        chunked = read_chunked(octets, at)
        return chunked and (Response(status, fields, chunked[0]), chunked[1])
    if not length:
        return (Response(status, fields, octets[at:]), len(octets)) if ended else None
    size = int(length[0])
    if len(octets) - at < size:
        return None
    return Response(status, fields, octets[at:at + size]), at + size


def read_responses(octets, heads, ended):
    """The responses there are, and the octets behind them."""
    responses, at, finals = [], 0, 0
    while at < len(octets):
        got = read_response(octets, at, finals + 1 in heads, ended)
        if not got:
            break
        response, at = got
        responses.append(response)
        finals += response.status >= 200
    return responses, octets[at:]


# ---- a connection ----


class Talk:
    """One connection: sends while it reads, so that neither side waits for the other."""

    def __init__(self, address, heads, deadline):
        self.heads, self.deadline = heads, deadline
        self.got, self.ended, self.reset = b"", False, False
        self.socket = socket.create_connection(address, timeout=deadline)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def step(self, unsent):
        """Sends or reads some. What is left to send; raises when nothing moves."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
        events = poll.poll(self.deadline * 1000)
        if not events:
            raise TimeoutError
        mask = events[0][1]
        if mask & (select.POLLIN | select.POLLHUP | select.POLLERR):
            try:
                octets = self.socket.recv(262144)
                self.ended = not octets
                self.got += octets
            except ConnectionError:
                self.ended = self.reset = True
        elif mask & select.POLLOUT:
            try:
                unsent = unsent[self.socket.send(unsent[:65536]):]
            except ConnectionError:
                unsent = b""  # it has closed; what it said before can still be read
        return unsent

    def send(self, octets):
        while octets and not self.ended:
            octets = self.step(octets)

    def wait(self):
        """Until one more answer is there."""
        before = len(read_responses(self.got, self.heads, False)[0])
        while not self.ended and len(read_responses(self.got, self.heads, False)[0]) == before:
            self.step(b"")

    def finish(self):
        while not self.ended:
            self.step(b"")


def talk(address, case, pieces, deadline):
    """Sends the case; the responses, and whether silence followed. Raises Failure when what came is
    none."""
    connection = Talk(address, case.heads, deadline)
    silent = False
    try:
        for piece in pieces:
            if piece is WAIT:
                connection.wait()
            else:
                connection.send(piece)
        if case.ends:
            try:
                connection.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # closed already
        connection.finish()
    except TimeoutError:
        silent = True
    finally:
        connection.socket.close()
    responses, rest = read_responses(connection.got, case.heads, True)
    if rest:
        raise Failure(f"{describe_all(responses)}, then no response: {rest[:80]!r}")
    if connection.reset and not responses:
        raise Failure("reset without an answer")
    return responses, silent


def describe(response):
    sentinel = response.status == 200 and response.body == SENTINEL_BODY
    return "sentinel" if sentinel else str(response.status)


def describe_all(responses):
    return " ".join(describe(r) for r in responses) or "nothing"


def judge(case, responses, silent, lawful):
    """None, or what is wrong."""
    reasons = [outcome.fits(responses, silent, lawful)
               for outcome in case.want + (case.may if lawful else [])]
    if None in reasons:
        return None
    end = "silence" if silent else "closed"
    return f"{describe_all(responses)}, then {end}: {reasons[0]}"


# ---- the server ----


def write_files(directory):
    for name, body in (("sentinel", SENTINEL_BODY), ("file", FILE_BODY)):
        path = os.path.join(directory, name)
        with open(path, "wb") as file:
            file.write(body)
        os.utime(path, (1700000000, 1700000000))
    os.makedirs(os.path.join(directory, "folder"), exist_ok=True)
    os.chmod(directory, 0o755)  # for servers that give up root


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server process that ends with this object."""

    def __init__(self, command, directory):
        port = free_port() if "{port}" in command else None
        words = [w.replace("{dir}", directory).replace("{port}", str(port))
                 for w in shlex.split(command)]
        self.said, self.url, self.known = [], None, threading.Event()
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        threading.Thread(target=self.listen, daemon=True).start()
        if port:
            self.url = f"http://127.0.0.1:{port}"
        elif not self.known.wait(10) or not self.url:
            self.stop()
            raise Failure("the server did not say where it listens: " + "".join(self.said))

    def listen(self):
        for line in self.process.stdout:
            text = line.decode("utf-8", "replace")
            self.said = self.said[-50:] + [text]
            match = re.search(r"listening on (http://[^\s/]+)", text)
            if match and not self.url:
                self.url = match.group(1)
                self.known.set()
        self.known.set()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def fetch(address, target):
    case = Case("", [], "")
    request = f"GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode()
    return talk(address, case, [request], 2)[0][0]


def validators(address):
    """The tag and the date of /file, or None while it has no strong tag (a tag of a file that has
    just been written may be weak, and another one later)."""
    sentinel, file = fetch(address, "/sentinel"), fetch(address, "/file")
    if sentinel.body != SENTINEL_BODY or file.body != FILE_BODY:
        raise Failure(f"/sentinel is {sentinel.status}, /file is {file.status}")
    etag = file.fields.get(b"etag", [b""])[0].decode("latin-1")
    modified = file.fields.get(b"last-modified", [b""])[0].decode("latin-1")
    return {"etag": etag, "modified": modified} if etag.startswith('"') else None


def reach(address, server):
    """Waits until the server answers as it should; its validators."""
    until, problem = time.monotonic() + 15, "/file has no strong entity tag"
    while time.monotonic() < until and not (server and server.process.poll() is not None):
        try:
            values = validators(address)
            if values:
                return values
        except (OSError, Failure, IndexError) as error:
            problem = str(error)
        select.select([], [], [], 0.05)
    raise Failure(f"no server to test: {problem}")


# ---- the run ----


def run_case(address, values, options, case, variant):
    try:
        pieces = messages(case, variant, values)
        if not case.ends:
            pieces[-1] += SENTINEL
        responses, silent = talk(address, case, pieces, options.deadline)
        problem = judge(case, responses, silent, options.lawful)
        seen = describe_all(responses)
    except Failure as failure:
        problem = seen = str(failure)
    except OSError as error:
        problem = seen = f"cannot talk: {error}"
    return problem, seen


def run(address, values, options, chosen):
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        work = [pool.submit(run_case, address, values, options, *one) for one in chosen]
        for (case, variant), done in zip(chosen, work):
            problem, seen = done.result()
            if problem:
                failed += 1
                print(f"FAIL {case.title(variant)}\n     {problem}")
            elif options.verbose:
                print(f"ok   {case.title(variant)}: {seen}")
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


def write_seeds(directory, chosen):
    """Two octets that choose the pieces, then the connection; small cases only."""
    os.makedirs(directory, exist_ok=True)
    values = {"etag": '"a"', "modified": "Tue, 14 Nov 2023 22:13:20 GMT"}
    for case, variant in chosen:
        octets = b"".join(p for p in messages(case, variant, values) if p is not WAIT)
        name = hashlib.sha256(octets).hexdigest()
        if len(octets) <= 700:
            with open(os.path.join(directory, name[:16]), "wb") as file:
                file.write(bytes.fromhex(name[:4]) + octets + SENTINEL)


def arguments():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--command", default=f"{HERE}/../../build/stet serve {{dir}} "
                        "--listen 127.0.0.1:0 --log off")
    for name in ("--url", "--write", "--seeds"):
        parser.add_argument(name)
    for name in ("--lawful", "--verbose", "--list", "--help"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--deadline", type=float, default=2)
    return parser.parse_args()


def main():
    options = arguments()
    if options.help:
        print(__doc__)
        return 0
    if options.write:
        write_files(options.write)
        return 0
    table = Table(os.path.join(HERE, "negative.txt"))
    chosen = [(c, v) for c, v in table.variants()
              if all(t in f"{c.section} {c.title(v)}" for t in options.only)]
    if options.list:
        for case, variant in chosen:
            print(f"{case.section}: {case.title(variant)}")
        return 0
    if options.seeds:
        write_seeds(options.seeds, chosen)
        return 0
    server = None
    with tempfile.TemporaryDirectory() as directory:
        try:
            if not options.url:
                write_files(directory)
                server = Server(options.command, directory)
            url = urllib.parse.urlsplit(options.url or server.url)
            address = (url.hostname, url.port or 80)
            return run(address, reach(address, server), options, chosen)
        except (Failure, OSError) as problem:
            print(f"negative.py: {problem}", file=sys.stderr)
            return 2
        finally:
            if server:
                server.stop()


if __name__ == "__main__":
    sys.exit(main())
