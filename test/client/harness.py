"""What the tests with real clients share: a server to talk to, a place for its files, a count.

A test is a function that takes a Report; `run` calls the functions in turn and prints, last,
"N passed, N failed". A function that breaks off counts as a failure and does not end the others.
Nothing here sleeps for a fixed time: whatever is waited for has a deadline.
"""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

DEADLINE = 30  # seconds; far more than anything takes, even under sanitizers on a busy machine
ROOT = pathlib.Path(__file__).resolve().parents[2]
SANITIZERS = re.compile(r"Sanitizer|runtime error:|CHECK failed")


# The stet to test: in the environment, or as meson builds it for the tests. Absolute, for tests are
# run in other folders and start programs that look here as well.
os.environ["STET"] = os.path.abspath(os.environ.get("STET") or ROOT / "build/test/src/cli/stet")


def program():
    return os.environ["STET"]


def eventually(condition, seconds=DEADLINE):
    """The first true value of condition(); the last false one when the time is up."""
    end = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        pause.wait(0.01)


@contextlib.contextmanager
def place():
    """A directory for one test, as a Path; gone afterwards."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="stet-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def write(path, content):
    """Writes a file and the directories above it; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def prose(size, seed=1):
    """Text of exactly `size` octets that compresses as text does."""
    words = "let it stand what an editor writes beside a change that shall not be made".split()
    out, state, length = [], seed, 0
    while length < size:
        state = (state * 1103515245 + 12345) % 2**31
        out.append(words[state // 65536 % len(words)] + ("\n" if state % 11 == 0 else " "))
        length += len(out[-1])
    return "".join(out)[:size].encode()


class Report:
    """Counts what passed and failed, and says what failed."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.topic = ""

    def check(self, name, good, detail=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED  {self.topic}: {name}{f': {detail}' if detail != '' else ''}", flush=True)
        return bool(good)

    def equal(self, name, got, wanted):
        return self.check(name, got == wanted, f"got {short(got)}, wanted {short(wanted)}")

    def match(self, name, text, pattern):
        return self.check(name, re.search(pattern, text, re.S), f"{pattern!r} not in {short(text)}")

    def skip(self, name, why):
        self.skipped += 1
        print(f"skipped {self.topic}: {name}: {why}", flush=True)


def short(value):
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:280]}... ({len(text)} characters)"


def run(*tests):
    """Runs the tests, or those whose names stand on the command line; the exit status."""
    report = Report()
    chosen = [test for test in tests if not sys.argv[1:] or test.__name__ in sys.argv[1:]]
    if not os.access(program(), os.X_OK):
        sys.exit(f"no program {program()}: build it, or name one in STET")
    for test in chosen:
        begun, failed = time.monotonic(), report.failed
        report.topic = test.__name__
        try:
            test(report)
        except Exception:  # the others go on
            report.check("runs to its end", False, traceback.format_exc())
        word = "ok    " if report.failed == failed else "FAILED"
        print(f"{word}  {test.__name__} ({time.monotonic() - begun:.1f} s)", flush=True)
    skipped = f", {report.skipped} skipped" if report.skipped else ""
    print(f"{report.passed} passed, {report.failed} failed{skipped}")
    return 1 if report.failed else 0


class Server:
    """A running `stet serve`; `with` ends it and complains about sanitizers and exit status."""

    LISTENING = re.compile(r"^stet: listening on (https?://(\S+):(\d+)/|unix:\S+)")

    COMMAND = "serve"

    def __init__(self, report, *words, listen="127.0.0.1:0", wait=True, **settings):
        """`words` are operands and options. `settings` are those of Popen, and `before`: words to
        put in front of the command; memo=None lets the program choose where its memo is."""
        self.report = report
        self.lines, self.over, self.wanted_status = [], False, 0
        self.heard = threading.Condition()
        command = [*settings.pop("before", []), program(), self.COMMAND]
        command += [f"--listen={listen}"] if listen else []
        if settings.pop("memo", "off") and self.COMMAND == "serve" and \
                not any("--memo=" in str(word) for word in words):
            command.append("--memo=off")
        environment = {**os.environ, "NO_COLOR": "1", **settings.pop("environment", {})}
        self.process = subprocess.Popen(
            command + [str(word) for word in words], stdin=subprocess.DEVNULL,
            stdout=settings.pop("stdout", subprocess.DEVNULL), stderr=subprocess.PIPE,
            env=environment, **settings)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if wait:
            self._wait_until_it_listens()

    def _read(self):
        for line in self.process.stderr:
            with self.heard:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.heard.notify_all()
        with self.heard:
            self.over = True
            self.heard.notify_all()

    def _wait_until_it_listens(self):
        line = self.said(self.LISTENING)
        if not line:
            self.process.kill()
            raise RuntimeError("the server does not start: " + self.text())
        match = self.LISTENING.search(line)
        if match.group(3):
            self.host, self.port = match.group(2).strip("[]"), int(match.group(3))
            self.url = match.group(1).rstrip("/")

    @property
    def pid(self):
        return self.process.pid

    def text(self):
        with self.heard:
            return "\n".join(self.lines)

    def said(self, pattern, seconds=DEADLINE, after=0):
        """The first line from number `after` on in which the pattern is found, or None."""
        def find():
            return next((line for line in self.lines[after:] if re.search(pattern, line)), None)
        with self.heard:
            self.heard.wait_for(lambda: find() or self.over, seconds)
            return find()

    def kill(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=DEADLINE):
        """The exit status, None when it does not end in time."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self.reader.join(seconds)
        return status

    def stop(self, number=signal.SIGINT):
        """Ends the server and returns its exit status."""
        if self.process.poll() is None:
            self.kill(number)
        status = self.wait()
        if status is None:
            self.process.kill()
            self.wait()
        self.report.check("the server ends as it should", status == self.wanted_status,
                          f"exit status {status}: {self.text()[-3000:]}")
        if SANITIZERS.search(self.text()):
            self.report.check("no complaint of a sanitizer", False, self.text()[-6000:])
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wire(self, **settings):
        return Wire((self.host, self.port), **settings)

    def ask(self, target="/", method="GET", **fields):
        """One request on a connection of its own; underscores in names stand for hyphens."""
        with self.wire() as wire:
            return wire.ask(target, method, **fields)

    def settle(self, *targets):
        """Until the tags of the targets are strong: the edits are old enough to be trusted."""
        for target in targets:
            if not eventually(lambda: self.ask(target, "HEAD").get("ETag", "W/")[0] == '"'):
                raise RuntimeError(f"no strong tag for {target}")

    def memory(self, name="VmRSS"):
        """A line of the kernel's account of the process, in bytes."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(re.search(rf"^{name}:\s+(\d+) kB", status, re.M).group(1)) * 1024


class Proxy(Server):
    """A running `stet proxy`."""

    COMMAND = "proxy"

    def cached(self, target, method="GET", **fields):
        """A response, and what it says of the cache."""
        response = self.ask(target, method, **fields)
        return response, response.get("Cache-Status", "")


class Response:
    """Status, fields by lower-case name (lines joined), content."""

    def __init__(self, status, fields, content, line):
        self.status, self.fields, self.content, self.line = status, fields, content, line

    def __getitem__(self, name):
        return self.fields[name.lower()]

    def get(self, name, default=None):
        return self.fields.get(name.lower(), default)

    @property
    def tag(self):
        return self.get("ETag")


class Wire:
    """A connection read and written by hand, where a client library would be too polite."""

    def __init__(self, address, family=socket.AF_INET, receive_buffer=None, seconds=DEADLINE):
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(seconds)
        self.socket.connect(address)
        self.kept = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def more(self):
        """Some octets more into what is kept; False at the end."""
        got = self.socket.recv(1 << 16)
        self.kept += got
        return bool(got)

    def until(self, mark):
        while mark not in self.kept:
            if not self.more():
                raise EOFError(f"the connection ended after {short(self.kept)}")
        piece, self.kept = self.kept.split(mark, 1)
        return piece

    def exactly(self, size):
        pieces = [self.kept[:size]]
        self.kept = self.kept[size:]
        missing = size - len(pieces[0])
        while missing:
            got = self.socket.recv(min(missing, 1 << 20))
            if not got:
                raise EOFError(f"the connection ended, {missing} octets missing")
            pieces.append(got)
            missing -= len(got)
        return b"".join(pieces)

    def head(self):
        """The next response without its content."""
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        fields = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            name, value = name.lower(), value.strip()
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
        return Response(int(lines[0].split()[1]), fields, b"", lines[0])

    def response(self, method="GET"):
        response = self.head()
        while response.status < 200:
            response = self.head()
        if method == "HEAD" or response.status in (204, 304):
            return response
        if response.get("Transfer-Encoding") == "chunked":
            response.content = b"".join(iter(self.chunk, b""))
        else:
            response.content = self.exactly(int(response["Content-Length"]))
        return response

    def chunk(self):
        size = int(self.until(b"\r\n").split(b";")[0], 16)
        return self.exactly(size + 2)[:size]

    def ask(self, target="/", method="GET", **fields):
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        self.send("\r\n".join(lines + ["", ""]).encode("latin-1"))
        return self.response(method)

    def closed(self):
        """The other side has ended, in order or not, and sent nothing more."""
        try:
            return not self.kept and not self.more()
        except ConnectionError:
            return True
        except TimeoutError:
            return False
