#!/usr/bin/env python3
"""http2.py [TEST...]: curl, nghttp and h2load with prior knowledge, against stet serve and proxy"""
import base64
import contextlib
import hashlib
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

from clients import DATA, Curl, site
from harness import DEADLINE, Server, eventually, place, prose, run, write

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
from h2_negative import PREFACE, Talk, field, frame, request  # noqa: E402

PRIOR = "--http2-prior-knowledge"


class Proxy(Server):
    COMMAND = "proxy"


def tool(*words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=4 * DEADLINE, check=False)
    return done.stdout + done.stderr


def rss(pid):
    """KiB."""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


@contextlib.contextmanager
def origin(answer):
    """A server of HTTP/1 for one request a connection: `answer(socket, head)` does the rest."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                end, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(end,), daemon=True).start()

    def talk(end):
        with end:
            head = b""
            while b"\r\n\r\n" not in head:
                got = end.recv(65536)
                if not got:
                    return
                head += got
            answer(end, head)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def curl_gets(report):
    """200, 304, HEAD, ranges, codings, 404. A second request on a connection of prior knowledge is
    more than curl 7.88 can do, with any server; nghttp and h2load show that."""
    with place() as folder, Server(report, site(folder)) as server:
        def curl(*words):
            return Curl(folder, PRIOR, *words)
        whole = curl(f"{server.url}/text.txt")
        report.equal("200", (whole.status, whole.version, whole.content), (200, "2", prose(20000)))
        report.check("Date", whole.get("Date"))
        report.equal("no Connection", whole.get("Connection"), None)
        again = curl("-H", f"If-None-Match: {whole.get('ETag')}", f"{server.url}/text.txt")
        report.equal("304", (again.status, again.get("ETag")), (304, whole.get("ETag")))
        head = curl("-I", f"{server.url}/data.bin")
        report.equal("HEAD", (head.status, head.get("Content-Length")), (200, str(len(DATA))))
        part = curl("-r", "10-19", f"{server.url}/data.bin")
        report.equal("206", (part.status, part.content), (206, DATA[10:20]))
        packed = curl("--compressed", f"{server.url}/text.txt")
        report.equal("compressed", packed.content, prose(20000))
        report.equal("404", curl(f"{server.url}/none").status, 404)
        report.equal("405", curl("-X", "POST", "-d", "x" * 100000, f"{server.url}/").status, 405)


def curl_large(report):
    """A large file, through windows, at the speed of the slower one"""
    with place() as folder:
        content = prose(1 << 16) * 320  # 20 MiB
        write(folder / "site/large.bin", content)
        with Server(report, folder / "site") as server:
            whole = Curl(folder, PRIOR, f"{server.url}/large.bin")
            report.equal("20 MiB", hashlib.sha256(whole.content).digest(),
                         hashlib.sha256(content).digest())
            slow = Curl(folder, PRIOR, "--limit-rate", "8M", f"{server.url}/large.bin")
            report.equal("slowly", len(slow.content), len(content))


def proxied(report):
    """Uploads, hits and interim answers through the proxy"""
    def answer(end, head):
        length = int(re.search(rb"(?i)content-length: (\d+)", head + b"content-length: 0")[1])
        body = head.split(b"\r\n\r\n", 1)[1]
        if b"expect: 100" in head.lower():
            end.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(body) < length:
            body += end.recv(65536)
        text = hashlib.sha256(body).hexdigest().encode()
        end.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                    b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 64\r\n\r\n" +
                    text)
    with origin(answer) as url, place() as folder, Proxy(report, url) as server:
        upload = prose(1 << 20)
        write(folder / "upload", upload)
        put = Curl(folder, PRIOR, "-T", str(folder / "upload"), f"{server.url}/put")
        report.equal("1 MiB up", (put.status, put.content),
                     (200, hashlib.sha256(upload).hexdigest().encode()))
        first = Curl(folder, PRIOR, f"{server.url}/a")
        second = Curl(folder, PRIOR, f"{server.url}/a")
        report.equal("miss and hit", (first.status, second.status), (200, 200))
        report.match("from the store", second.get("Cache-Status") or "", "hit")
        report.match("stored by HTTP/1 as well",
                     Curl(folder, f"{server.url}/a").get("Cache-Status") or "", "hit")


def websocket(report):
    """Extended CONNECT becomes an upgrade of HTTP/1 [RFC 8441]"""
    seen = []

    def answer(end, head):
        seen.append(head)
        key = re.search(rb"(?i)sec-websocket-key: (\S+)", head)[1]
        accept = base64.b64encode(hashlib.sha1(
            key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        end.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                    b"Upgrade: websocket\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\nhello")
        while got := end.recv(65536):
            end.sendall(got.upper())
    with origin(answer) as url, place() as folder:
        write(folder / "stet.yaml", f"listen: 127.0.0.1:0\nproxy:\n  to: {url}\n  upgrade: true\n")
        with Running(report, folder / "stet.yaml") as server:
            talk = Talk((server.host, server.port))
            talk.send(PREFACE + frame(4, 0, 0) + frame(1, 4, 1, b"".join(
                field(*pair) for pair in ((":method", "CONNECT"), (":protocol", "websocket"),
                                          (":scheme", "http"), (":authority", "a"),
                                          (":path", "/chat"), ("sec-websocket-version", "13")))))
            report.check("200", talk.until(lambda: talk.has("status", 1, 200)), talk.events)
            report.check("octets down", talk.until(lambda: talk.has("data", 1, b"hello")),
                         talk.events)
            talk.send(frame(0, 0, 1, b"ping"))
            report.check("octets both ways", talk.until(lambda: talk.has("data", 1, b"PING")),
                         talk.events)
            talk.send(frame(0, 1, 1))
            report.check("its end", talk.until(lambda: talk.has("data", 1, b"")), talk.events)
            talk.socket.close()
    report.match("the origin saw an upgrade", (seen or [b""])[0].decode().lower(),
                 "get /chat http/1.1.*upgrade: websocket")


class Running(Server):
    """`stet run` with a configuration."""
    COMMAND = "run"

    def __init__(self, report, path):
        super().__init__(report, "-c", path, listen=None, memo=None)


def turned_off(report):
    """h2c: false"""
    with place() as folder:
        root = site(folder)
        write(folder / "stet.yaml", f"listen: 127.0.0.1:0\nh2c: false\nfiles: {root}\n")
        with Running(report, folder / "stet.yaml") as server:
            report.check("no HTTP/2", Curl(folder, PRIOR, f"{server.url}/").version != "2")
            report.equal("HTTP/1", Curl(folder, f"{server.url}/").status, 200)
            with socket.create_connection((server.host, server.port), timeout=DEADLINE) as end:
                end.sendall(PREFACE + frame(4, 0, 0))
                text = b""
                while got := end.recv(65536):
                    text += got
            report.match("a preface has an answer and an end", text.decode("latin-1"),
                         "^HTTP/1.1 (400|505) ")


def nghttp(report):
    """nghttp's own view of frames, priorities and trailers"""
    with place() as folder, Server(report, site(folder)) as server:
        text = tool("nghttp", "-nv", f"{server.url}/text.txt", f"{server.url}/data.bin")
        report.equal("two answers", len(re.findall(r":status: 200", text)), 2)
        report.match("settings", text, r"SETTINGS_NO_RFC7540_PRIORITIES\(0x09\):1")
        report.match("extended CONNECT", text, r"SETTINGS_ENABLE_CONNECT_PROTOCOL\(0x08\):1")
        report.check("no error", "error_code=PROTOCOL_ERROR" not in text, text[-500:])
        page = tool("nghttp", "-ans", f"{server.url}/index.html")
        report.match("a page and what it needs", page, "pixel.png")


def h2load(report):
    """Many streams, many connections"""
    with place() as folder, Server(report, site(folder)) as server:
        text = tool("h2load", "-n", "20000", "-c", "20", "-m", "32", f"{server.url}/data.bin")
        report.match("20,000 requests", text, "20000 succeeded, 0 failed, 0 errored")
        text = tool("h2load", "-n", "200", "-c", "2", "-m", "100", "-w", "16",
                    f"{server.url}/text.txt")
        report.match("with small windows", text, "200 succeeded, 0 failed")


class Eager(Talk):
    """Ten requests at a time, until the server has had its PING answered; three more go before."""

    def __init__(self, address):
        super().__init__(address)
        self.asked, self.answered, self.last, self.stops = 0, set(), None, False
        self.send(PREFACE + frame(4, 0, 0) + frame(8, 0, 0, (0x7fff0000).to_bytes(4, "big")))
        for _ in range(10):
            self.ask()

    def ask(self):
        self.send(frame(1, 5, 2 * self.asked + 1, request(path="/text.txt")))
        self.asked += 1

    def note(self, kind, flags, stream, content):
        super().note(kind, flags, stream, content)
        if kind == 0 and flags & 1:
            self.answered.add(stream)
            if not self.stops:
                self.ask()
        elif kind == 6 and not flags & 1:
            for _ in range(3):
                self.ask()
            self.send(frame(6, 1, 0, content))
            self.stops = True
        elif kind == 7:
            self.last = int.from_bytes(content[:4], "big")

    def all_is_answered(self):
        return self.last == 2 * self.asked - 1 and len(self.answered) == self.asked


def drain(report):
    """A drain loses no request that a client could send, and reloads are not noticed at all"""
    with place() as folder:
        root = site(folder)
        with Server(report, root) as server:
            talks = [Eager((server.host, server.port)) for _ in range(10)]
            threads = [threading.Thread(target=talk.until, args=(lambda: False,)) for talk in talks]
            for thread in threads:
                thread.start()
            eventually(lambda: all(len(talk.answered) > 100 for talk in talks))
            server.kill(signal.SIGTERM)
            for thread in threads:
                thread.join()
            report.equal("it ends well", server.wait(), 0)
            report.equal("connections whose requests are all answered",
                         sum(talk.all_is_answered() for talk in talks), 10)
            report.check("a GOAWAY, and then another",
                         all(sum(event[0] == "goaway" for event in talk.events) == 2
                             for talk in talks))
            for talk in talks:
                talk.socket.close()
        write(folder / "stet.yaml", f"listen: 127.0.0.1:0\nfiles: {root}\n")
        with Running(report, folder / "stet.yaml") as server:
            loads = subprocess.Popen(["h2load", "-n", "30000", "-c", "10", "-m", "10",
                                      f"{server.url}/data.bin"], stdout=subprocess.PIPE, text=True)
            for _ in range(5):
                time.sleep(0.1)
                server.kill(signal.SIGHUP)
            text = loads.communicate(timeout=4 * DEADLINE)[0]
            report.match("reloads under load", text, "30000 succeeded, 0 failed, 0 errored")


def asks(count, path):
    """Octets of requests on streams of their own; `path` may have a number in it."""
    return b"".join(frame(1, 5, 2 * i + 1, request(path=path.format(i))) for i in range(count))


def held(server, connections, settings=b"", first=b"", warm=20):
    """KiB for each connection that says so and then waits."""
    def connect(count, kept):
        for number in range(count):
            end = socket.create_connection((server.host, server.port))
            end.sendall(PREFACE + frame(4, 0, 0, settings) + first.replace(b"NNN", b"%03d" % number))
            kept.append(end)
        time.sleep(0.5)
        for end in kept:
            end.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while end.recv(1 << 16):
                    pass
    ends = []
    try:
        connect(warm, ends)
        before = rss(server.pid)
        connect(connections, ends)
        return (rss(server.pid) - before) / connections
    finally:
        for end in ends:
            end.close()


def idle(report):
    """What connections and streams cost that only wait"""
    shut = bytes.fromhex("000400000000")  # windows of 0

    def tell(name, server, streams, most, each):
        print(f"        {each:.1f} KiB for each connection {name}" +
              (f", {1024 * each / streams:.0f} octets a stream" if streams else ""))
        report.check(f"less than {most} KiB: {name}", each < most, each)
    with place() as folder:
        root = site(folder)
        write(folder / "site/mid.bin", bytes(200000))
        for name, first, settings, streams, most in (
                ("that is idle", b"", b"", 0, 64),
                ("that is idle after a request", asks(1, "/data.bin"), b"", 0, 64),
                ("with 100 answers behind windows of 0", asks(100, "/mid.bin"), shut, 100, 640)):
            with Server(report, root, "--workers=1") as server:
                tell(name, server, streams, most, held(server, 200, settings, first))
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener, \
            Proxy(report, f"http://127.0.0.1:{listener.getsockname()[1]}", "--workers=1") as server:
        tell("with 100 requests for an origin server that is silent", server, 100, 2048,
             held(server, 8, b"", asks(100, "/NNN/{}"), 2))


def flood(report):
    """CVE-2023-44487: rapid resets before an origin cost the connection, and nobody else anything"""
    def answer(end, head):
        end.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    with origin(answer) as url, place() as folder, Proxy(report, url, "--workers=1") as server:
        report.equal("before", Curl(folder, PRIOR, f"{server.url}/a").content, b"ok")
        before = rss(server.pid)
        for _ in range(5):
            talk = Talk((server.host, server.port))
            talk.send(PREFACE + frame(4, 0, 0))
            talk.send(b"".join(frame(1, 5, i, request(path=f"/{i}")) + frame(3, 0, i, bytes(3) + b"\x08")
                               for i in range(1, 40001, 2)))
            talk.until(lambda: False)
            talk.socket.close()
            report.equal("another client", Curl(folder, PRIOR, f"{server.url}/b").content, b"ok")
        grown = rss(server.pid) - before
        report.check("less than 10 MiB more", grown < 10240, grown)


if __name__ == "__main__":
    sys.exit(run(curl_gets, curl_large, proxied, websocket, turned_off, nghttp, h2load, drain, idle,
                 flood))
