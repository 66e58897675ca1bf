"""A server that behaves, and lies on demand: one path for each fault that `stet audit` knows.

`/clean...` is a resource as the RFC wants it; `/ID` is the same with the fault that provokes the
finding ID. A fault is a function that is given the request and returns the answer:

    @fault("own-tag-ignored")
    def _(ask):
        ask.forget("If-None-Match")     # as if the request had not said it
        return ask.answer()             # what a server without faults answers to the rest

`also` names further findings that come with it; together they are all that may be found. Run as a
program it listens until its end: python3 fault_server.py [PORT].
"""
import calendar
import email.utils
import gzip
import hashlib
import re
import socketserver
import sys
import threading
import time

MODIFIED = calendar.timegm((2024, 5, 6, 7, 8, 9))
WORDS = "let it stand what an editor writes beside a change that shall not be made ".encode()
CONTENT = b"".join(b"%d %s\n" % (i, WORDS) for i in range(14))
REASONS = {200: "OK", 206: "Partial Content", 301: "Moved Permanently", 302: "Found",
           304: "Not Modified", 404: "Not Found", 412: "Precondition Failed",
           416: "Range Not Satisfiable", 429: "Too Many Requests", 500: "Internal Server Error"}
OTHER = CONTENT.replace(b"stand", b"lapse")
BEFORE = ("before",)  # the audit is run, the content changes, the audit is run again
FAULTS = {}


class Fault:
    """A path: how it answers, and what is to be found there."""

    def __init__(self, answer, name, findings, options, path):
        self.answer, self.name, self.findings = answer, name, findings
        self.options, self.path = options, path or name
        self.asked = 0      # requests so far
        self.changed = False  # for faults that lie over time: the content is another one now


def fault(name, also=(), options=(), path=None, without=False):
    """Registers a fault; `options` are those of the audit that finds it. `without`: nothing is
    found under the fault's own name, it is a clean case."""
    def register(answer):
        findings = set(also) | (set() if without else {name})
        FAULTS[path or name] = Fault(answer, name, findings, options, path)
        return answer
    return register


def clean(name):
    return fault(name, without=True)


def date(seconds):
    return email.utils.formatdate(seconds, usegmt=True)


def when(text):
    """The time of an HTTP date in any of its forms; None if it is none."""
    for form in ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"):
        try:
            return calendar.timegm(time.strptime(text, form))
        except ValueError:
            pass
    return None


def tags(text):
    return re.findall(r'(?:W/)?"[^"]*"', text)


def tag_of(content, suffix=""):
    return f'"{hashlib.sha256(content).hexdigest()[:16]}{suffix}"'


class Answer:
    def __init__(self, status, fields, content=b""):
        self.status, self.fields, self.content = status, fields, content
        self.length = None   # the Content-Length that is sent, whatever is true
        self.extra = b""     # octets behind the end
        self.delimited = True

    def set(self, name, value):
        self.fields[name] = value
        return self

    def drop(self, *names):
        for name in names:
            self.fields.pop(name, None)
        return self

    def weaken(self):
        if "ETag" in self.fields and not self.fields["ETag"].startswith("W/"):
            self.fields["ETag"] = "W/" + self.fields["ETag"]
        return self


def on(answer, *statuses):
    return answer.status in statuses


def found(answer):
    """The 200 and its parts."""
    return on(answer, 200, 206)


def lead(status, where=None, **fields):
    answer = Answer(status, {"Date": date(time.time()), **fields})
    return answer.set("Location", where) if where else answer


class Ask:
    """A request, and the answers that it deserves."""

    def __init__(self, method, target, fields, state):
        self.method, self.target, self.fields, self.state = method, target, fields, state
        self.content, self.type = CONTENT, "text/plain"
        self.control, self.modified = "no-cache", MODIFIED
        self.tag = None      # None: made of the content; "": none
        self.weak = False
        self.codes = False   # knows gzip
        self.vary = "Accept-Encoding"

    def get(self, name):
        return self.fields.get(name.lower())

    def forget(self, *names):
        for name in names:
            self.fields.pop(name.lower(), None)
        return self

    def has(self, *names):
        return any(name.lower() in self.fields for name in names)

    def plain(self):
        """No conditions and no ranges."""
        return not self.has("If-None-Match", "If-Modified-Since", "If-Match", "Range",
                            "If-Unmodified-Since")

    # The representation.

    def coded(self):
        return self.codes and re.search(r"\bgzip\b", self.get("Accept-Encoding") or "") is not None

    def represent(self):
        """(content, fields) of the 200."""
        fields = {"Date": date(time.time()), "Content-Type": self.type}
        content = self.content
        if self.coded():
            content = gzip.compress(content, mtime=0)
            fields["Content-Encoding"] = "gzip"
        tag = tag_of(content) if self.tag is None else self.tag
        if tag:
            fields["ETag"] = ("W/" if self.weak else "") + tag
        if self.modified is not None:
            fields["Last-Modified"] = date(self.modified)
        if self.control:
            fields["Cache-Control"] = self.control
        if self.vary:
            fields["Vary"] = self.vary
        fields["Accept-Ranges"] = "bytes"
        return content, fields

    # Conditions, in their order [RFC 9110 §13.2.2].

    def matches(self, name, tag, weakly):
        value = self.get(name).strip()
        if value == "*":
            return True
        listed = tags(value)
        if weakly:
            return bool(tag) and tag.removeprefix("W/") in [t.removeprefix("W/") for t in listed]
        return bool(tag) and not tag.startswith("W/") and tag in listed

    def verdict(self, tag):
        since = when(self.get("If-Unmodified-Since") or "")
        if self.has("If-Match"):
            if not self.matches("If-Match", tag, False):
                return 412
        elif since is not None and self.modified is not None and self.modified > since:
            return 412
        since = when(self.get("If-Modified-Since") or "")
        if self.has("If-None-Match"):
            if self.matches("If-None-Match", tag, True):
                return 304
        elif since is not None and self.modified is not None and self.modified <= since:
            return 304
        return 200

    def part(self, content, fields):
        """The answer to a range; None if the whole is to be sent."""
        condition = self.get("If-Range")
        if condition and condition != fields.get("ETag") and condition != fields.get("Last-Modified"):
            return None
        if condition and condition.startswith("W/"):
            return None
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.get("Range") or "")
        if not asked or self.method != "GET":
            return None
        first = int(asked[1])
        last = min(int(asked[2] or len(content)), len(content) - 1)
        if first >= len(content):
            return Answer(416, {"Date": fields["Date"],
                                "Content-Range": f"bytes */{len(content)}"})
        return Answer(206, {**fields, "Content-Range": f"bytes {first}-{last}/{len(content)}"},
                      content[first:last + 1])

    def answer(self):
        content, fields = self.represent()
        status = self.verdict(fields.get("ETag"))
        if status == 412:
            return Answer(412, {"Date": fields["Date"]}, b"no\n")
        if status == 304:
            kept = ("Date", "ETag", "Cache-Control", "Vary", "Expires", "Content-Location")
            return Answer(304, {name: fields[name] for name in kept if name in fields})
        return self.part(content, fields) or Answer(200, fields, content)


class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        try:
            while self.one():
                pass
        except (OSError, ValueError):
            pass

    def one(self):
        line = self.rfile.readline(65536).decode("latin-1").split()
        if len(line) != 3:
            return False
        fields = {}
        while (text := self.rfile.readline(65536).decode("latin-1").strip()):
            name, value = text.split(":", 1)
            name = name.lower()
            fields[name] = f"{fields[name]}, {value.strip()}" if name in fields else value.strip()
        ask = Ask(line[0], line[1], fields, None)
        ask.connection, ask.server = self, self.server
        ask.local = self.connection.getsockname()[0]
        found = FAULTS.get(line[1].split("?")[0].lstrip("/"))
        if found:
            with self.server.lock:
                found.asked += 1
                ask.state, ask.count = found, found.asked
            self.server.heard.append(ask)
            answer = found.answer(ask)
        else:
            answer = Answer(404, {"Date": date(time.time())}, b"none\n")
        return answer is not None and self.send(ask, answer)

    def send(self, ask, answer):
        fields = dict(answer.fields)
        if answer.status != 304 and answer.delimited:
            fields.setdefault("Content-Length", str(answer.length if answer.length is not None
                                                    else len(answer.content)))
        head = f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Status')}\r\n"
        for name, value in fields.items():
            for one in value if isinstance(value, list) else [value]:
                head += f"{name}: {one}\r\n"
        content = b"" if ask.method == "HEAD" or answer.status == 304 else answer.content
        self.wfile.write(head.encode("latin-1") + b"\r\n" + content + answer.extra)
        self.wfile.flush()
        short = answer.length is not None and answer.length != len(answer.content)
        return answer.delimited and not short and not answer.extra


class FaultServer(socketserver.ThreadingTCPServer):
    """Listens on one address; `with` begins and ends it."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address="127.0.0.1", port=0):
        super().__init__((address, port), Handler)
        self.port = self.server_address[1]
        self.url = f"http://{address}:{self.port}/"
        self.lock, self.heard = threading.Lock(), []

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


def main():
    import fault_catalogue  # noqa: F401 pylint: disable=import-outside-toplevel,unused-import
    with FaultServer(port=int(sys.argv[1]) if sys.argv[1:] else 0) as server:
        print(server.url, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    sys.modules["fault_server"] = sys.modules["__main__"]
    main()
