#!/usr/bin/env python3
"""proxy_origin.py [TEST...]: stet proxy in front of Python, nginx, Apache, Node, and bad origins

What a real server sends must arrive, whole and in time; what a bad one sends must not look whole.
curl is the client where it can be, a hand-written connection where it is too polite.
"""
import base64
import contextlib
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import zlib

from harness import DEADLINE, Proxy, eventually, place, prose, run, write
from origins import (MIB, Endless, Script, apache_origin, free_port, nginx_origin, node_origin,
                     python_origin, says)

OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: no-store\r\n\r\nok"


# ---- clients ----

def curl(*words, data=None):
    """curl's exit status, head and content."""
    with place() as folder:
        done = subprocess.run(
            ["curl", "--silent", "--max-time", str(DEADLINE), "--dump-header", folder / "head",
             "--output", folder / "content", *words],
            input=data, capture_output=True, check=False, timeout=2 * DEADLINE)
        head = (folder / "head").read_bytes() if (folder / "head").exists() else b""
        content = (folder / "content").read_bytes() if (folder / "content").exists() else b""
    return done.returncode, head.decode("latin-1"), content


def told(origin, target):
    """What the Node origin was asked for this target."""
    status, _, content = curl(f"{origin}/told/{target.replace('/', '%2F')}")
    return json.loads(content) if status == 0 else None


# ---- real origins ----

def python(report):
    """Python's http.server: HTTP/1.0, Last-Modified, no tag"""
    with place() as folder:
        write(folder / "a.txt", "let it stand\n")
        write(folder / "large.bin", os.urandom(3 * MIB))
        with python_origin(folder) as origin, Proxy(report, origin) as proxy:
            status, head, content = curl(f"{proxy.url}/a.txt")
            report.equal("content", (status, content), (0, b"let it stand\n"))
            report.match("a miss", head, r"Cache-Status: stet;fwd=uri-miss")
            report.match("its own Server", head, r"Server: SimpleHTTP")
            status, head, content = curl(f"{proxy.url}/a.txt")
            report.match("asked again: validated", head, r"Cache-Status: stet;fwd=stale;fwd-status=304")
            report.match("a tag of ours", head, r'ETag: "')
            tag = next(line[6:] for line in head.split("\r\n") if line.startswith("ETag: "))
            status, head, content = curl("-H", f"If-None-Match: {tag}", f"{proxy.url}/a.txt")
            report.match("304 where the origin has no tags", head, r"^HTTP/1.1 304 ")
            status, head, content = curl("-r", "4-5", f"{proxy.url}/a.txt")
            report.equal("a range", (head[9:12], content), ("206", b"it"))
            status, head, _ = curl("-I", f"{proxy.url}/a.txt")
            report.match("HEAD", head, r"^HTTP/1.1 200 .*Content-Length: 13")
            status, head, _ = curl("-d", "x", f"{proxy.url}/a.txt")
            report.match("POST", head, r"^HTTP/1.1 501 .*fwd=method")
            status, head, _ = curl(f"{proxy.url}/nowhere")
            report.match("404", head, r"^HTTP/1.1 404 ")
            status, _, content = curl(f"{proxy.url}/large.bin")
            report.check("3 MiB", content == (folder / "large.bin").read_bytes())
            since = "Sun, 06 Nov 2050 08:49:37 GMT"
            status, head, _ = curl("-H", f"If-Modified-Since: {since}", f"{proxy.url}/large.bin")
            report.match("If-Modified-Since", head, r"^HTTP/1.1 304 ")


def nginx(report):
    """nginx: tags, lifetimes, ranges, a gzip variant, what it does not know"""
    with place() as folder, place() as own:
        write(folder / "a.txt", prose(5000))
        with nginx_origin(folder, own) as origin, Proxy(report, origin) as proxy:
            first, said = proxy.cached("/hour/a.txt")
            report.check("a miss that is stored", "fwd=uri-miss" in said and "stored" in said, said)
            again, said = proxy.cached("/hour/a.txt")
            report.match("a hit", said, r"^stet;hit;ttl=3[56]\d\d")
            report.equal("the same", (again.content, again.tag), (first.content, first.tag))
            report.check("with its age", int(again["Age"]) < 60)
            same, said = proxy.cached("/hour/a.txt", If_None_Match=first.tag)
            report.check("304 from the store", same.status == 304 and ";hit;" in said, said)
            report.equal("the tag in it", same.tag, first.tag)
            part, said = proxy.cached("/hour/a.txt", Range="bytes=10-19")
            report.check("206 from the store", part.status == 206 and ";hit;" in said
                         and part.content == first.content[10:20], said)
            proxy.ask("/a.txt")
            same, said = proxy.cached("/a.txt", If_None_Match=first.tag)
            report.check("validated by tag", same.status == 304 and "fwd=stale" in said, said)
            # the other way round nginx would say 304 to the tag of the plain one
            coded = proxy.ask("/gzip/a.txt", Accept_Encoding="gzip")
            plain = proxy.ask("/gzip/a.txt")
            report.check("two variants", coded.get("Content-Encoding") == "gzip"
                         and plain.get("Content-Encoding") is None
                         and plain.content == first.content)
            _, said = proxy.cached("/gzip/a.txt", Accept_Encoding="gzip")
            report.match("each is a hit: coded", said, "^stet;hit")
            plain, said = proxy.cached("/gzip/a.txt")
            report.check("each is a hit: plain", ";hit" in said
                         and plain.content == first.content, said)
            report.equal("405", proxy.ask("/a.txt", "DELETE").status, 405)


def apache(report):
    """Apache: its tags of gzip, which it does not know again itself; parts; its own pages"""
    with place() as folder:
        text = prose(50000)
        write(folder / "a.txt", text)
        with apache_origin(folder) as origin, Proxy(report, origin) as proxy:
            first, said = proxy.cached("/hour/a.txt")
            report.check("a miss that is stored", first.content == text and "stored" in said, said)
            report.match("its own Server", first.get("Server", ""), "^Apache")
            again, said = proxy.cached("/hour/a.txt")
            report.check("a hit", again.content == text and "stet;hit;" in said, said)
            coded, said = proxy.cached("/hour/a.txt", Accept_Encoding="gzip")
            report.check("another variant", zlib.decompress(coded.content, 31) == text
                         and coded.get("Content-Encoding") == "gzip", said)
            report.match("with another tag", coded.tag or "", '-gzip"$')
            same, said = proxy.cached("/hour/a.txt", Accept_Encoding="gzip",
                                      If_None_Match=coded.tag)
            report.check("304 for it from the store", same.status == 304 and ";hit;" in said, said)
            report.equal("and that tag in it", same.tag, coded.tag)
            proxy.ask("/a.txt")
            same, said = proxy.cached("/a.txt", If_None_Match=first.tag)
            report.check("validated by tag", same.status == 304 and "fwd=" in said, said)
            part, said = proxy.cached("/hour/a.txt", Range="bytes=10-19")
            report.check("206 from the store", part.status == 206 and ";hit;" in said
                         and part.content == text[10:20], said)
            passing = proxy.ask("/b.txt" if write(folder / "b.txt", text) else "",
                                Range="bytes=0-0,49999-49999")
            report.match("its own multipart/byteranges", passing.get("Content-Type", ""),
                         "^multipart/byteranges")
            report.check("both parts", passing.content.lower().count(b"content-range") == 2)
            report.equal("HEAD", proxy.ask("/a.txt", "HEAD")["Content-Length"], "50000")
            report.equal("405 of its own", proxy.ask("/a.txt", "DELETE").status, 405)
            report.equal("404", proxy.ask("/nowhere").status, 404)
            shown = proxy.ask("/a.txt", "TRACE", Cookie="secret", X="shown").content
            report.check("TRACE shows no cookie", b"shown" in shown and b"secret" not in shown,
                         shown)


def enormous(report):
    """a download of 5 GiB: each octet, and in little memory"""
    endless = Endless(5 * 1024)
    with Script(endless.act) as script, Proxy(report, script.url) as proxy:
        before = proxy.memory()
        with proxy.wire() as wire:
            wire.send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            head = wire.head()
            report.equal("its length", head.get("Content-Length"), str(5 << 30))
            report.match("not stored", head.get("Cache-Status", ""), "fwd=uri-miss;detail=too-large")
            report.equal("blocks of 1 MiB as they were", endless.read(wire), endless.blocks)
        # sanitizers keep what was freed for a while
        spent = proxy.memory("VmHWM") - before
        report.check("memory", spent < 64 * MIB, f"{spent / MIB:.0f} MiB")


def node(report):
    """Node: lifetimes, chunks, tags, private answers, uploads"""
    with node_origin() as origin, Proxy(report, origin) as proxy:
        first = proxy.ask("/fresh/a")
        again, said = proxy.cached("/fresh/a")
        report.check("a hit", again.content == first.content and ";hit;" in said, said)
        report.equal("one request", len(told(origin, "/fresh/a")), 1)
        fields = told(origin, "/fresh/a")[0]["fields"]
        report.match("Via", fields.get("via", ""), r"^1.1 stet-[0-9a-f]{8}$")
        report.equal("X-Forwarded-For", fields.get("x-forwarded-for"), "127.0.0.1")
        report.equal("Host is kept", fields.get("host"), "localhost")
        other = proxy.ask("/fresh/a?b")
        report.check("the query is part of the key", other.content != first.content)
        for method in ("POST", "PUT", "DELETE"):
            proxy.ask("/fresh/a", method, Content_Length="0")
        report.check("unsafe methods invalidate", proxy.ask("/fresh/a").content != first.content)
        chunked = proxy.ask("/chunked")
        report.equal("chunks", chunked.content, b"one two three")
        bare = proxy.ask("/bare")
        bare = proxy.ask("/bare") if not bare.tag else bare
        report.check("a tag where there was none", bare.tag, bare.fields)
        report.equal("304 for it", proxy.ask("/bare", If_None_Match=bare.tag).status, 304)
        mine = proxy.ask("/private", Authorization="me")
        yours, said = proxy.cached("/private", Authorization="you")
        report.equal("private answers are not shared", (mine.content, yours.content),
                     (b"for me", b"for you"))
        report.match("and why", said, "detail=private")
        report.equal("304 for me alone", (
            proxy.ask("/private", Authorization="me", If_None_Match=mine.tag).status,
            proxy.ask("/private", Authorization="you", If_None_Match=mine.tag).status), (304, 200))
        upload = os.urandom(2 * MIB)
        for name, words in (("with a length", ()), ("chunked", ("-H", "Transfer-Encoding: chunked"))):
            status, _, content = curl("--data-binary", "@-", *words, f"{proxy.url}/echo",
                                      data=upload)
            report.check(f"an upload {name}", status == 0 and content == upload, status)
        with proxy.wire() as wire:
            wire.send(b"GET /fresh/old HTTP/1.0\r\n\r\n")
            report.match("HTTP/1.0 without Host", wire.head().line, "200 OK")


def expectations(report):
    """Expect: 100-continue is the origin's to answer, or ours if it never does"""
    with node_origin() as origin, Proxy(report, origin) as proxy:
        def ask(target):
            with proxy.wire() as wire:
                wire.send(f"POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
                          "Expect: 100-continue\r\n\r\n".encode())
                begun = time.monotonic()
                first = wire.head()
                waited = time.monotonic() - begun
                if first.status != 100:
                    return first.status, waited, b""
                wire.send(b"body")
                return 100, waited, wire.response().content
        status, waited, content = ask("/continue")
        report.equal("relayed", (status, content), (100, b"body"))
        status, _, _ = ask("/refuse")
        report.equal("refused without the content", status, 413)
        status, waited, content = ask("/echo")
        report.equal("said by us", (status, content), (100, b"body"))
        report.check("after some patience", 0.5 < waited < 5, waited)
        with proxy.wire() as wire:
            wire.send(b"GET /hints HTTP/1.1\r\nHost: a\r\n\r\n")
            hint = wire.head()
            report.equal("103 is relayed", (hint.status, hint.get("Link")),
                         (103, "</style.css>; rel=preload; as=style"))
            report.equal("then the answer", wire.response().content, b"after hints")
        with proxy.wire() as wire:
            wire.send(b"GET /hints HTTP/1.0\r\nHost: a\r\n\r\n")
            report.equal("but not to HTTP/1.0", wire.head().status, 200)


def events(report):
    """Server-sent events come when they happen"""
    with node_origin() as origin, Proxy(report, origin) as proxy:
        with contextlib.ExitStack() as stack:
            wires = [stack.enter_context(proxy.wire()) for _ in range(3)]
            for number, wire in enumerate(wires):
                wire.send(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
                report.equal("the head comes at once", wire.head().status, 200)
                report.equal("each has its own stream", wire.chunk(),
                             f"data: first {number}\n\n".encode())
            proxy.ask("/next", "POST", Content_Length="0")
            for wire in wires:
                report.equal("the next event", wire.chunk(), b"data: last\n\n")
                report.equal("the end", wire.chunk(), b"")
    with node_origin() as origin, Proxy(report, origin) as proxy:
        with proxy.wire() as wire:
            wire.send(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
            wire.head()
        # the client has gone: so does the origin's connection
        port = int(origin.rsplit(":", 1)[1])
        report.check("a client that goes away ends the stream",
                     eventually(lambda: established(port) <= 1), established(port))


def established(port):
    """Connections to this port that are open."""
    lines = pathlib.Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    return sum(1 for line in lines
               if line.split()[3] == "01" and line.split()[2].endswith(f":{port:04X}"))


def frame(text):
    mask = os.urandom(4)
    masked = bytes(octet ^ mask[i % 4] for i, octet in enumerate(text))
    return bytes([0x81, 0x80 | len(text)]) + mask + masked


def websocket(report):
    """WebSocket through the proxy: handshake, echo, end"""
    key = base64.b64encode(os.urandom(16)).decode()
    ask = (f"GET /socket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode()
    with node_origin() as origin:
        with Proxy(report, origin) as proxy, proxy.wire() as wire:
            wire.send(ask + frame(b"early"))
            head = wire.head()
            wanted = base64.b64encode(hashlib.sha1(
                (key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
            report.equal("101", (head.status, head.get("Upgrade"),
                                 head.get("Sec-WebSocket-Accept")), (101, "websocket", wanted))
            report.match("Connection names it", head.get("Connection", ""), "(?i)upgrade")
            report.equal("sent with the request", wire.exactly(7), b"\x81\x05early")
            for number in range(50):
                text = f"message {number}".encode()
                wire.send(frame(text))
                report.equal("echo", wire.exactly(2 + len(text)), bytes([0x81, len(text)]) + text)
            wire.send(b"\x88\x80\0\0\0\0")
            report.equal("the end", wire.exactly(2), b"\x88\x00")
            report.check("closed", wire.closed())
        with Proxy(report, origin, "--no-upgrade") as proxy, proxy.wire() as wire:
            wire.send(ask)
            report.equal("--no-upgrade", wire.head().status, 404)


def back_pressure(report):
    """neither a slow client nor a slow origin makes the proxy hold their content"""
    size = 64 * MIB
    with node_origin() as origin, Proxy(report, origin, "--object-max=1MiB") as proxy:
        proxy.ask("/fresh/a")
        before = proxy.memory()
        with proxy.wire(receive_buffer=65536) as wire:
            wire.send(f"GET /large/{size} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            wire.head()
            last, since = -1, time.monotonic()
            while time.monotonic() - since < 1:  # until the origin is held back
                taken = int(curl(f"{origin}/taken")[2])
                last, since = taken, (since if taken == last else time.monotonic())
            report.check("the origin waits for the client", last < size / 2, last)
            report.equal("then all of it", len(wire.exactly(size)), size)
        with proxy.wire() as wire:
            wire.send(f"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n".encode())
            wire.send(b"x" * size)
            report.equal("an upload to a slow origin", wire.response().content, str(size).encode())
        spent = proxy.memory("VmHWM") - before
        report.check("memory", spent < 40 * MIB, f"{spent / MIB:.0f} MiB")


def together(report):
    """equal requests that miss share one fetch"""
    with node_origin() as origin, Proxy(report, origin, "--workers=2") as proxy:
        answers = []

        def ask():
            answers.append(proxy.ask("/slowly").content)
        threads = [threading.Thread(target=ask) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        report.equal("one answer", (len(answers), len(set(answers))), (30, 1))
        report.equal("one request", len(told(origin, "/slowly")), 1)


# ---- bad origins ----

BAD = (
    ("garbage", "SSH-2.0-OpenSSH_9\r\n", "502 ", "http_protocol_error"),
    ("no answer", "", "502 ", "http_response_incomplete|connection_terminated"),
    ("half a head", "HTTP/1.1 200 OK\r\nContent-", "502 ", "http_response_incomplete"),
    ("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
     "502 ", "http_protocol_error"),
    ("length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"
     "\r\n\r\n1\r\na\r\n0\r\n\r\n", "502 ", "http_protocol_error"),
    ("a huge head", "HTTP/1.1 200 OK\r\nX: " + "x" * 200000 + "\r\n\r\n", "502 ",
     "http_response_header_section_size"),
)


def bad(report):
    """origins that are no HTTP servers: 502, with its reason; nothing is kept"""
    for name, text, status, error in BAD:
        with Script(says(text), says(OK)) as script, Proxy(report, script.url) as proxy:
            _, head, _ = curl(f"{proxy.url}/x")
            report.match(name, head, rf"^HTTP/1.1 {status}.*Proxy-Status: stet;error=({error})")
            report.check(f"{name}: not Cache-Status", "Cache-Status" not in head, head)
            report.equal(f"{name}: the next one is well", curl(f"{proxy.url}/x")[2], b"ok")


def cut(report):
    """answers that break off never look whole"""
    for name, text in (
            ("short of its length", "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n"
             "Cache-Control: max-age=60\r\n\r\nabc"),
            ("chunks without end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
             "Cache-Control: max-age=60\r\n\r\n3\r\nabc\r\n"),
            ("chunks off the grammar", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
             "Cache-Control: max-age=60\r\n\r\n3\r\nabc\r\nxyz\r\n0\r\n\r\n")):
        for large in ("", "x" * 2 * MIB):  # held back, and passing
            octets = text.replace("99999", "9999999")
            if large:
                octets = (octets.replace("3\r\nabc", f"{len(large):x}\r\n{large}") if "chunks" in name
                          else octets + large)
            with Script(says(octets), says(OK)) as script, Proxy(report, script.url) as proxy:
                status, head, _ = curl(f"{proxy.url}/x")
                report.check(f"{name}, {len(large)} more: seen by curl",
                             status in (18, 56) or head[9:12] == "502", f"{status} {head}")
                report.equal(f"{name}: not stored", curl(f"{proxy.url}/x")[2], b"ok")


def dying(report):
    """origins that refuse, hang, reset, and end connections that were kept"""
    port = free_port()
    with Proxy(report, f"http://127.0.0.1:{port}", "--log=json", stdout=subprocess.PIPE) as proxy:
        _, head, _ = curl(f"{proxy.url}/x")
        report.match("refused", head, r"^HTTP/1.1 502 .*Proxy-Status: stet;error=connection_refused;"
                     rf'next-hop="?127.0.0.1:{port}')
        line = json.loads(proxy.process.stdout.readline())
        report.equal("in the log", (line["status"], line["error"]), (502, "connection_refused"))
    with Proxy(report, "http://nowhere.invalid") as proxy:
        _, head, _ = curl(f"{proxy.url}/x")
        report.match("no such name", head, r"^HTTP/1.1 50[24] .*error=dns_(error|timeout)")
    with node_origin() as origin, Proxy(report, origin, "--limit=response_timeout=500ms") as proxy:
        _, head, _ = curl(f"{proxy.url}/never")
        report.match("hangs", head, r"^HTTP/1.1 504 .*error=http_response_timeout")
    with Script(says(OK, reset=True)) as script, Proxy(report, script.url) as proxy:
        report.equal("resets behind its answer", [curl(f"{proxy.url}/x")[2] for _ in range(3)],
                     [b"ok"] * 3)

    def once(script, wire):
        script.request(wire)
        wire.send(OK.encode())
        script.request(wire)  # the next one dies unanswered
    with Script(once, says(OK)) as script, Proxy(report, script.url, "--workers=1") as proxy:
        report.equal("before", curl(f"{proxy.url}/x")[2], b"ok")
        report.equal("a GET is sent once more", curl(f"{proxy.url}/y")[2], b"ok")
    with Script(once, says(OK)) as script, Proxy(report, script.url, "--workers=1") as proxy:
        curl(f"{proxy.url}/x")
        _, head, _ = curl("-d", "x", f"{proxy.url}/y")
        report.match("a POST is not", head, r"^HTTP/1.1 502 ")
        report.equal("it was sent once", sum("POST" in each for each in script.heard), 1)


def stale(report):
    """an origin that fails: what is stored answers where it may"""
    answer = ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\nETag: \"a\"\r\n"
              "Cache-Control: max-age=0{}\r\n\r\nok")
    with Script(says(answer.format(", stale-if-error=600")),
                says("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")) as script, \
            Proxy(report, script.url) as proxy:
        proxy.ask("/x")
        kept, said = proxy.cached("/x")
        report.check("stale-if-error", kept.content == b"ok" and "detail=stale-if-error" in said,
                     (kept.line, said))
    with Script(says(answer.format(", must-revalidate")), says("")) as script, \
            Proxy(report, script.url) as proxy:
        proxy.ask("/x")
        report.check("must-revalidate", proxy.ask("/x").status in (502, 504))


# ---- the proxy's own ways ----

def several(report):
    """several upstreams: one that is dead is left alone; http+unix"""
    with place() as folder, Script(says(OK, keep=True)) as alive, \
            Script(says(OK, keep=True), path=str(folder / "socket")) as local:
        dead = f"http://127.0.0.1:{free_port()}"
        with Proxy(report, dead, alive.url, dead.replace("127.0.0.1", "localhost")) as proxy:
            report.equal("answers from who is there",
                         [curl(f"{proxy.url}/{i}")[2] for i in range(10)], [b"ok"] * 10)
        with Proxy(report, local.url) as proxy:
            report.equal("http+unix", curl(f"{proxy.url}/x")[2], b"ok")
        with Proxy(report, local.url, "--host=origin", "--forwarded") as proxy:
            curl(f"{proxy.url}/y")
            report.match("--host=origin", local.heard[-1], r"\nHost: localhost\r")
            report.match("--forwarded", local.heard[-1], r"\nForwarded: .*for=")


def loops(report):
    """a proxy that is led to itself says so"""
    port = free_port()
    with Proxy(report, f"http://127.0.0.1:{port}", listen=f"127.0.0.1:{port}") as proxy:
        _, head, _ = curl(f"{proxy.url}/x")
        report.match("502", head, r"^HTTP/1.1 502 .*proxy_loop_detected")
    with node_origin() as origin, Proxy(report, origin) as inner, Proxy(report, inner.url) as outer:
        answer, said = outer.cached("/fresh/a")
        report.equal("two in a row are none", answer.status, 200)
        report.equal("each says its part", said.count("stet;fwd=uri-miss"), 2)
        _, said = outer.cached("/fresh/a")
        report.match("the last one speaks last", said, r"fwd=uri-miss.*, stet;hit")


def purge(report):
    """PURGE from those who may"""
    with node_origin() as origin, Proxy(report, origin, "--purge-from=127.0.0.1") as proxy:
        first = proxy.ask("/fresh/a").content
        proxy.ask("/fresh/a")
        _, _, content = curl("-X", "PURGE", "-H", "Host: localhost", f"{proxy.url}/fresh/a")
        report.equal("how many", content, b"1 purged\n")
        again, said = proxy.cached("/fresh/a")
        report.check("fetched anew", again.content != first and "fwd=stale" in said, said)
        _, _, content = curl("-X", "PURGE", "-H", "Host: localhost", "-H", "Stet-Purge: hard",
                             f"{proxy.url}/fresh/a")
        report.equal("how many are taken out", content, b"1 purged\n")
        _, said = proxy.cached("/fresh/a")
        report.check("nothing is left", "fwd=uri-miss" in said, said)
    with node_origin() as origin, Proxy(report, origin, "--purge-from=192.0.2.1") as proxy:
        report.equal("from nobody else", proxy.ask("/x", "PURGE").status, 403)


def forward(report):
    """a forward proxy: http URLs are cached, CONNECT leads where it may"""
    with node_origin() as origin:
        port = origin.rsplit(":", 1)[1]
        with Proxy(report, "--forward", f"--connect-ports={port}") as proxy:
            _, head, content = curl("-x", proxy.url, f"{origin}/fresh/a")
            report.check("a miss", content.startswith(b"fresh") and "fwd=uri-miss" in head, head)
            report.match("Via", head, r"Via: 1.1 stet-")
            _, head, again = curl("-x", proxy.url, f"{origin}/fresh/a")
            report.check("a hit", again == content and ";hit;" in head, head)
            report.equal("Host", told(origin, "/fresh/a")[0]["fields"]["host"], f"127.0.0.1:{port}")
            _, _, content = curl("-x", proxy.url, "-p", f"{origin}/fresh/b")
            report.match("CONNECT", content.decode(), "^fresh /fresh/b")
            status, head, _ = curl("-x", proxy.url, "-p", "http://127.0.0.1:25/")
            report.match("not everywhere", head, r"^HTTP/1.1 403 .*http_request_denied")
            _, head, _ = curl(f"{proxy.url}/x")
            report.match("it is no origin", head, "^HTTP/1.1 421 ")
        with Proxy(report, "--forward", "--forward-from=192.0.2.1") as proxy:
            _, head, _ = curl("-x", proxy.url, f"{origin}/fresh/a")
            report.match("not for everyone", head, "^HTTP/1.1 403 ")


def ending(report):
    """TERM: a request in progress is finished, a slow one too"""
    with node_origin() as origin, Proxy(report, origin) as proxy, proxy.wire() as wire:
        wire.send(b"GET /slowly HTTP/1.1\r\nHost: a\r\n\r\n")
        if not eventually(lambda: told(origin, "/slowly")):
            raise RuntimeError("the origin was not asked")
        proxy.kill(signal.SIGTERM)
        answer = wire.response()
        report.match("finished", answer.content.decode(), "^slowly")
        report.equal("and said so", answer.get("Connection"), "close")
        report.equal("ended", proxy.wait(), 0)


def logs(report):
    """both forms of the log say what the cache did"""
    with node_origin() as origin:
        with Proxy(report, origin, "--log=json", "--workers=1",
                   stdout=subprocess.PIPE) as proxy:
            tag = proxy.ask("/etag").tag
            proxy.ask("/etag", If_None_Match=tag)
            proxy.ask("/fresh/a"), proxy.ask("/fresh/a")
            lines = [json.loads(proxy.process.stdout.readline()) for _ in range(4)]
            report.equal("cache", [line["cache"] for line in lines],
                         ["uri-miss", "stale", "uri-miss", "hit"])
            report.equal("reason", lines[1]["reason"], "if-none-match-false")
            report.equal("what the 304 saved", lines[1].get("saved"), len("a page with a tag"))
            report.check("age and ttl", 0 <= lines[3]["age"] <= 60 and 0 < lines[3]["ttl"] <= 60)
            report.equal("upstream", lines[0]["upstream"], origin[len("http://"):])
        with Proxy(report, origin, "--log=combined", "--workers=1",
                   stdout=subprocess.PIPE) as proxy:
            proxy.ask("/fresh/b"), proxy.ask("/fresh/b")
            lines = [proxy.process.stdout.readline().decode() for _ in range(2)]
            report.match("combined: a miss", lines[0], r' 200 \d+ "-" "-" "stet;fwd=uri-miss;stored')
            report.match("combined: a hit", lines[1], r'"stet;hit;ttl=\d+;detail=fresh"\n$')


def letters(report):
    """profiles and flags that change what is stored"""
    with node_origin() as origin:
        with Proxy(report, origin, "--profile=rfc9111") as proxy:
            proxy.ask("/bare")
            report.equal("rfc9111 makes no tags", proxy.ask("/bare").tag, None)
        with Proxy(report, origin, "--no-synthesize") as proxy:
            proxy.ask("/bare")
            report.equal("--no-synthesize", proxy.ask("/bare").tag, None)
        with Proxy(report, origin, "--show-key", "--name=edge-1") as proxy:
            _, said = proxy.cached("/fresh/a?b=c")
            report.match("--show-key, --name", said,
                         r'^edge-1;.*key="http://localhost/fresh/a\?b=c"')
        with Script(says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nCache-Control: no-cache\r\n\r\nab 17"),
                    says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nCache-Control: no-cache\r\n\r\nab 42")
                    ) as script, Proxy(report, script.url, "--ignore= [0-9]+") as proxy:
            first = proxy.ask("/x")
            tag = first.tag or proxy.ask("/x").tag or ""
            report.match("--ignore makes weak tags", tag, '^W/"')
            report.equal("what is ignored changes nothing", proxy.ask(
                "/x", If_None_Match=tag).status, 304)


if __name__ == "__main__":
    sys.exit(run(python, nginx, apache, enormous, node, expectations, events, websocket, back_pressure,
                 together, bad, cut, dying, stale, several, loops, purge, forward, ending, logs,
                 letters))
