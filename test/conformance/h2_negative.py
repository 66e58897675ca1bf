#!/usr/bin/env python3
"""h2_negative.py [--proxy] [--only TEXT] [--verbose]: HTTP/2 as it must not be, against a running
stet serve, or, with --proxy, a stet proxy before an origin of HTTP/1

The cases stand in h2_negative.tbl, which says how to read it. Each has a connection of its own, with
prior knowledge. After a stream error the connection must go on: a request on a new stream is
answered with the sentinel. After a connection error it must end, with nothing more answered.
Behind a proxy the origin may see nothing but whole requests without a word of what was refused.
"""
import argparse
import pathlib
import re
import shlex
import socket
import struct
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "client"))
from harness import program  # noqa: E402
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SENTINEL = b"the sentinel stands\n"
PATIENCE = 20  # seconds for an answer; far more than any takes
TYPES = "DATA HEADERS PRIORITY RST SETTINGS PUSH PING GOAWAY WINDOW CONT".split()
CODES = ("NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT STREAM_CLOSED "
         "FRAME_SIZE_ERROR REFUSED_STREAM CANCEL COMPRESSION_ERROR CONNECT_ERROR "
         "ENHANCE_YOUR_CALM").split()
STATUSES = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}
DIGITS = {"00000": "0", "00001": "1", "00010": "2", "011001": "3", "011010": "4", "011011": "5",
          "011100": "6", "011101": "7", "011110": "8", "011111": "9"}


def field(name, value):
    """A literal that is not indexed, without Huffman."""
    out = b"\0"
    for text in (name, value):
        raw = text.encode("latin-1")
        out += bytes([len(raw)]) if len(raw) < 127 else b"\x7f" + varint(len(raw) - 127)
        out += raw
    return out


def varint(number):
    out = b""
    while number >= 128:
        out += bytes([number % 128 + 128])
        number //= 128
    return out + bytes([number])


def request(method="GET", path="/"):
    return b"".join(field(*pair) for pair in ((":method", method), (":scheme", "http"),
                                              (":authority", "a"), (":path", path)))


def frame(kind, flags, stream, payload=b"", length=None):
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def payload(words):
    """The octets that the words of a line mean."""
    out = b""
    for word in words:
        repeat = re.fullmatch(r"(\d+)\*(.*)", word)
        count, word = (int(repeat[1]), repeat[2]) if repeat else (1, word)
        if word in ("@get", "@post"):
            part = request(word[1:].upper())
        elif word.startswith("'"):
            part = unescape(word[1:])
        elif "=" in word:
            name, value = word.split("=", 1) if not word.startswith(":") else word.rsplit("=", 1)
            part = field(unescape(name).decode("latin-1"), unescape(value).decode("latin-1"))
        else:
            part = bytes.fromhex(word)
        out += count * part
    return out


def unescape(text):
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


class Case:
    """What is sent, and what may come of it."""

    def __init__(self, title):
        self.title, self.sent, self.wants, self.bare = title, b"", [], False

    def add(self, line):
        first, *words = shlex.split(line.replace("\\", "\\\\"), posix=True)
        if first == "want":
            self.wants = [want.split() for want in " ".join(words).split("|")]
        elif first == "bare":
            self.bare = True
        elif first == "raw":
            self.sent += payload(words)
        else:
            times = re.fullmatch(r"(\d+)x(.*)", first)
            count, first = (int(times[1]), times[2]) if times else (1, first)
            name, _, length = first.partition("!")
            kind = TYPES.index(name) if name in TYPES else int(name, 16)
            stream, flags, rest = int(words[0], 0), int(words[1], 16), payload(words[2:])
            for turn in range(count):
                step = 2 * turn if stream and kind in (1, 3) and count > 1 else 0
                self.sent += frame(kind, flags, stream + step, rest, int(length) if length else None)


def read_table(path):
    cases = []
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("="):
            cases.append(Case(line[1:].strip()))
        else:
            cases[-1].add(line)
    return cases


def status_of(block):
    """The first field of a head, which is its status."""
    while block and block[0] & 0xe0 == 0x20:
        block = block[1:]
    if block[0] & 0x80:
        return STATUSES.get(block[0] & 0x7f)
    value = block[2:2 + (block[1] & 0x7f)]
    if not block[1] & 0x80:
        return int(value)
    bits, out = "".join(f"{octet:08b}" for octet in value), ""
    while len(out) < 3:
        length = next(n for n in (5, 6) if bits[:n] in DIGITS)
        out, bits = out + DIGITS[bits[:length]], bits[length:]
    return int(out)


class Talk:
    """One connection: what came, as tuples."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self.kept, self.events, self.over = b"", [], False

    def send(self, octets):
        try:
            self.socket.sendall(octets)
        except OSError:  # it has ended already, which is to be read
            pass

    def read(self):
        """Takes what is there next; False at the end."""
        try:
            got = self.socket.recv(65536)
        except socket.timeout as silence:
            raise TimeoutError("silence") from silence
        except OSError:
            got = b""
        self.over = not got
        self.kept += got
        while len(self.kept) >= 9:
            size = int.from_bytes(self.kept[:3], "big")
            if len(self.kept) < 9 + size:
                break
            self.note(self.kept[3], self.kept[4], int.from_bytes(self.kept[5:9], "big"),
                      self.kept[9:9 + size])
            self.kept = self.kept[9 + size:]
        return bool(got)

    def note(self, kind, flags, stream, content):
        if kind == 0:
            self.events.append(("data", stream, content))
        elif kind == 1:
            self.events.append(("status", stream, status_of(content)))
        elif kind == 3:
            self.events.append(("reset", stream, CODES[int.from_bytes(content, "big")]))
        elif kind == 4 and not flags & 1:
            self.send(frame(4, 1, 0))
        elif kind == 7:
            self.events.append(("goaway", 0, CODES[int.from_bytes(content[4:8], "big")]))

    def until(self, condition):
        while not condition():
            if not self.read():
                return condition()
        return True

    def has(self, kind, stream, value):
        return any(event == (kind, stream, value) for event in self.events)


def met(talk, want):
    """One wanted outcome is there."""
    if want[0] == "close":
        return talk.over
    if want[0] == "goaway":
        return talk.has("goaway", 0, want[1])
    stream = int(want[1])
    return talk.has(want[0], stream, int(want[2]) if want[0] == "status" else want[2])


def sentinel_stands(talk):
    talk.send(frame(1, 5, 10001, request()))
    return talk.until(lambda: talk.has("data", 10001, SENTINEL))


def tell(address, case):
    """None, or what is wrong."""
    talk = Talk(address)
    with talk.socket:
        if not case.bare:
            talk.send(PREFACE + frame(4, 0, 0))
        talk.send(case.sent)
        if not talk.until(lambda: any(met(talk, want) for want in case.wants)):
            return f"came {talk.events}"
        want = next(want for want in case.wants if met(talk, want))
        if want[0] in ("reset", "status"):
            return None if sentinel_stands(talk) else f"no sentinel: {talk.events[:9]}"
        talk.send(frame(1, 5, 10001, request()))
        talk.until(lambda: False)
        if any(event[1] == 10001 for event in talk.events):
            return "the connection goes on"
    return None


class Origin:
    """Answers as stet serve would, and keeps all that it was told."""
    HEAD = re.compile(rb"(GET|POST|PUT) (/|/none) HTTP/1\.1\r\n((?:[A-Za-z-]+: [ -~]*\r\n)*)\r\n")
    FIELDS = set("host via cdn-loop x-forwarded-for x-forwarded-proto x-forwarded-host te connection "
                 "content-length transfer-encoding x-a".split())

    def __init__(self):
        self.faults, self.requests = [], 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            end = self.listener.accept()[0]
            threading.Thread(target=self.talk, args=(end,), daemon=True).start()

    def talk(self, end):
        kept = b""
        with end:
            while True:
                while b"\r\n\r\n" not in kept:
                    try:
                        got = end.recv(65536)
                    except OSError:
                        return
                    if not got:
                        if kept:
                            self.faults.append(("cut", kept[:200]))
                        return
                    kept += got
                head = kept[:kept.index(b"\r\n\r\n") + 4]
                kept = kept[len(head):]
                method = self.judge(head)
                with_content = re.search(rb"(?i)\r\n(content-length: [1-9]|transfer-encoding)", head)
                self.requests += 1
                try:
                    end.sendall(self.answer(method, b"/none" in head, with_content))
                except OSError:
                    return
                if with_content:  # what is left of it nobody reads
                    return

    def judge(self, head):
        match = self.HEAD.fullmatch(head)
        names = {line.split(b":")[0].decode().lower() for line in (match[3] if match else b"")
                 .split(b"\r\n") if line}
        if not match or not names <= self.FIELDS or b"evil" in head:
            self.faults.append(("head", head))
        return head.split(b" ")[0]

    @staticmethod
    def answer(method, none, close):
        status = b"405 No" if method != b"GET" else b"404 No" if none else b"200 OK"
        body = SENTINEL if method == b"GET" and not none else b"no\n"
        return (b"HTTP/1.1 " + status + b"\r\nCache-Control: no-store\r\nContent-Length: %d\r\n%s\r\n"
                % (len(body), b"Connection: close\r\n" if close else b"") + body)


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    words.add_argument("--only", default="")
    words.add_argument("--proxy", action="store_true")
    words.add_argument("--verbose", action="store_true")
    options = words.parse_args()
    cases = [case for case in read_table(HERE / "h2_negative.tbl") if options.only in case.title]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "index.html").write_bytes(SENTINEL)
        origin = Origin() if options.proxy else None
        role = ["proxy", origin.url] if origin else ["serve", folder, "--memo=off"]
        server = subprocess.Popen([program(), *role, "--listen=127.0.0.1:0", "--log=off"],
                                  stderr=subprocess.PIPE, text=True)
        line = server.stderr.readline()
        address = ("127.0.0.1", int(re.search(r":(\d+)/", line)[1]))
        for case in cases:
            try:
                fault = tell(address, case)
            except (TimeoutError, StopIteration) as silence:
                fault = str(silence) or "unreadable"
            passed, failed = passed + (not fault), failed + bool(fault)
            if fault or options.verbose:
                print(f"{'FAILED' if fault else 'ok':6}  {case.title}{': ' if fault else ''}"
                      f"{fault or ''}"[:400], flush=True)
        server.terminate()
        rest = server.communicate()[1]
    if server.returncode or "Sanitizer" in rest or "runtime error" in rest:
        failed += 1
        print(f"FAILED  the server ended with {server.returncode}: {rest[-2000:]}")
    if origin:
        failed += len(origin.faults)
        for fault in origin.faults:
            print(f"FAILED  the origin was told {fault}"[:400])
        print(f"        {origin.requests} requests came to the origin")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
