#!/usr/bin/env python3
"""early_data.py [TEST...]: requests before the end of the handshake (0-RTT), by OpenSSL and GnuTLS"""
import re
import signal
import socket
import subprocess
import sys
import threading
import time

from harness import Proxy, Server, eventually, place, program, run, write
from scripted import Scripted, answer
from tls import Authority, Configured, site, tool

CLOSE = "Connection: close\r\n"


def request(target="/a.txt", method="GET", fields=CLOSE, content=""):
    if content:
        fields += f"Content-Length: {len(content)}\r\n"
    return f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n{content}"


class Relay:
    """Between client and server: remembers what clients sent, and may hold what servers answer."""

    def __init__(self, port, hold=False):
        self.target, self.sent, self.open = port, bytearray(), threading.Event()
        self.answered = threading.Event()
        if not hold:
            self.open.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open.set()
        self.listener.close()

    def _accept(self):
        try:
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
                threading.Thread(target=self._up, args=(client, server), daemon=True).start()
                threading.Thread(target=self._down, args=(server, client), daemon=True).start()
        except OSError:
            pass

    def _up(self, client, server):
        try:
            while octets := client.recv(65536):
                self.sent += octets
                server.sendall(octets)
            server.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _down(self, server, client):
        try:
            while octets := server.recv(65536):
                self.answered.set()
                self.open.wait(20)
                client.sendall(octets)
            client.close()
        except OSError:
            pass


class Visit:
    """openssl s_client with a session to come again with, and early data."""

    def __init__(self, port, session, early=None, *words, protocol="http/1.1", folder=None, ask=""):
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-alpn", protocol,
                   "-servername", "localhost", "-ign_eof", *words]
        command += ["-sess_in", session] if session else []
        if early is not None:
            path = folder / "early"
            path.write_bytes(early.encode("latin-1") if isinstance(early, str) else early)
            command += ["-early_data", path]
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if ask:
            self.process.stdin.write(ask.encode())
            self.process.stdin.flush()

    def text(self, seconds=10):
        """All it has said, when the server has ended the connection."""
        try:
            said, _ = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            said, _ = self.process.communicate()
        return said.decode("latin-1")


def acquaint(port, folder, *words, protocol="http/1.1"):
    """A session to come again with."""
    session = folder / "session"
    Visit(port, None, None, "-sess_out", session, *words, protocol=protocol,
          ask=request()).text()
    return session


def come_again(port, folder, early, *words, **settings):
    """What is said to early data that has arrived well before the end of the handshake."""
    session = acquaint(port, folder, protocol=settings.get("protocol", "http/1.1"))
    with Relay(port, hold=True) as relay:
        visit = Visit(relay.port, session, early, *words, folder=folder, **settings)
        relay.answered.wait(10)
        time.sleep(0.2)
        relay.open.set()
        return visit.text()


def certified(folder):
    authority = Authority(folder)
    certificate, key = authority.make("server", "DNS:localhost,IP:127.0.0.1")
    return f"--cert={certificate}", f"--key={key}"


def accepted(report):
    """C-8470-5.1-2: a safe request is answered, an unsafe one gets 425"""
    with place() as folder, \
            Server(report, site(folder), "--early-data", *certified(folder)) as server:
        text = come_again(server.port, folder, request())
        report.match("taken", text, "Early data was accepted")
        report.match("answered", text, "HTTP/1.1 200 OK.*\r\n\r\na\n")
        tag = re.search(r"ETag: (\S+)", text).group(1)
        text = come_again(server.port, folder, request(fields=f"If-None-Match: {tag}\r\n{CLOSE}"))
        report.match("304", text, "Early data was accepted.*HTTP/1.1 304 Not Modified")
        for method, content in [("POST", "abc"), ("POST", ""), ("DELETE", ""), ("PATCH", "x"),
                                ("GET", "content"), ("PURGE", "")]:
            text = come_again(server.port, folder, request(method=method, content=content))
            report.match(f"{method} {content}", text,
                         "Early data was accepted.*HTTP/1.1 425 Too Early.*Cache-Control: no-store")
        session = acquaint(server.port, folder)
        visit = Visit(server.port, session, request(fields=""), folder=folder)
        visit.process.stdin.write(request(method="POST", content="abc").encode())
        visit.process.stdin.flush()
        text = visit.text()
        report.match("what comes later is not early", text,
                     "HTTP/1.1 200 OK.*HTTP/1.1 405 Method Not Allowed")


def http2(report):
    """C-8470-5.1-2: streams of HTTP/2 that early data opens"""
    def frame(kind, flags, stream, payload):
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

    def headers(method):
        return b"\x87" + method + b"\x41\x09localhost" + b"\x44\x06/a.txt"
    early = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"")
    early += frame(1, 5, 1, headers(b"\x82")) + frame(1, 5, 3, headers(b"\x83"))
    early += frame(7, 0, 0, bytes(8))
    with place() as folder, \
            Server(report, site(folder), "--early-data", *certified(folder)) as server:
        text = come_again(server.port, folder, early, protocol="h2")
        report.match("taken", text, "Early data was accepted")
        octets = text.encode("latin-1")
        report.check("GET is answered", b"\0\0\2\0\1\0\0\0\1a\n" in octets)
        report.check("POST is not", b"425 Too Early" in octets, octets[-600:])


def off(report):
    """C-8470-5.1-2: nothing of it unless it is turned on; what is refused is asked for again"""
    config = """
listen: 127.0.0.1:0
tls-listen: 127.0.0.1:0
tls-early-data: {on}
tls: {{ certificate: {folder}/server.pem, key: {folder}/server.key }}
admin: {{ socket: off }}
sites:
  - hosts: "*"
    routes:
      - path: /
        files: {{ directory: {folder}/site, memo: off }}
"""
    with place() as folder:
        certified(folder)
        site(folder)
        path = write(folder / "stet.yaml", config.format(folder=folder, on="false"))
        with Configured(report, path) as server:
            text = Visit(server.port, None, None, ask=request()).text()
            report.check("a ticket without", "Max Early Data: 0" in text or
                         "Max Early Data" not in text, text[-2000:])
            write(path, config.format(folder=folder, on="true"))
            server.kill(signal.SIGHUP)
            report.check("turned on", eventually(
                lambda: "Max Early Data: 16384" in Visit(server.port, None, None,
                                                         ask=request()).text()))
            text = come_again(server.port, folder, request())
            report.match("taken", text, "Early data was accepted")
            session = acquaint(server.port, folder)
            write(path, config.format(folder=folder, on="false"))
            server.kill(signal.SIGHUP)
            report.check("turned off", eventually(
                lambda: "Max Early Data: 16384" not in Visit(server.port, None, None,
                                                             ask=request()).text()))
            text = Visit(server.port, session, request("/large.bin"), folder=folder,
                         ask=request()).text()
            report.match("refused, and asked again", text,
                         "Early data was rejected.*HTTP/1.1 200 OK.*\r\n\r\na\n")


def checking(report):
    """stet check warns where it is asked for and nothing speaks TLS"""
    with place() as folder:
        path = write(folder / "stet.yaml", "tls-early-data: true\nsites:\n  - {hosts: '*', files: .}\n")
        text, status = tool(program(), "check", f"--config={path}")
        report.match("told", text, "tls-early-data, but no certificate")
        report.equal("but no error", status, 0)


def second_hello(report):
    """A client that must say hello twice is refused it, and served"""
    with place() as folder, \
            Server(report, site(folder), "--early-data", *certified(folder)) as server:
        session = acquaint(server.port, folder)
        text = Visit(server.port, session, request("/large.bin"), "-groups", "P-384:X25519",
                     folder=folder, ask=request()).text()
        report.match("refused and served", text,
                     "Early data was rejected.*HTTP/1.1 200 OK.*\r\n\r\na\n")
        for groups in ("X25519", "P-256", "P-384:P-521", "X25519:P-256"):
            text = Visit(server.port, session, request(), "-groups", groups, folder=folder).text(5)
            report.match(f"{groups}: one hello", text, "Early data was accepted.*HTTP/1.1 200 OK")


def gnutls(report):
    """GnuTLS as the client"""
    with place() as folder, Server(report, site(folder), "--early-data", *certified(folder),
                                   "--workers=1") as server:
        early = write(folder / "early", request())
        text, _ = tool("gnutls-cli", "-r", f"--port={server.port}", "localhost", "--insecure",
                       f"--earlydata={early}", "--waitresumption", input=request().encode())
        report.match("gnutls-cli", text, "This is a resumed session.*HTTP/1.1 200 OK.*\r\n\r\na\n")


def replayed(report):
    """C-8470-4-1: what was recorded is taken once, also after a reload and by another worker"""
    config = """
listen: 127.0.0.1:0
tls-listen: 127.0.0.1:0
tls-early-data: true
workers: 4
tls: {{ certificate: {folder}/server.pem, key: {folder}/server.key }}
admin: {{ socket: off }}
sites:
  - hosts: "*"
    routes:
      - path: /
        proxy: {{ to: "{url}", early-data: true }}
"""
    with place() as folder, Scripted() as origin:
        certified(folder)
        origin.on("/a.txt", answer(200, "a\n", Cache_Control="no-store"))
        path = write(folder / "stet.yaml", config.format(folder=folder, url=origin.url))
        with Configured(report, path) as server:
            session = acquaint(server.port, folder)
            origin.forget()
            with Relay(server.port, hold=True) as relay:
                visit = Visit(relay.port, session, request(), folder=folder)
                report.check("asked before the end of the handshake",
                             eventually(lambda: len(origin.asked("/a.txt")) == 1))
                flight = bytes(relay.sent)
                relay.open.set()
                text = visit.text()
            report.match("answered", text, "Early data was accepted.*HTTP/1.1 200")
            for turn in range(12):
                if turn == 6:
                    server.kill(signal.SIGHUP)
                    time.sleep(0.3)
                with socket.create_connection(("127.0.0.1", server.port)) as wire:
                    wire.sendall(flight)
                    wire.settimeout(5)
                    report.check(f"the server answers to the hello, {turn}", wire.recv(1) == b"\x16")
            time.sleep(0.3)
            report.equal("the origin heard it once", len(origin.asked("/a.txt")), 1)
            text = Visit(server.port, session, request(), folder=folder).text()
            report.match("the ticket is good as ever", text, "Early data was accepted.*HTTP/1.1 200")


def not_yet(asked):
    return answer(425, "later") if asked.get("Early-Data") else answer(200, "now\n",
                                                                       Cache_Control="no-store")


def origins(report):
    """C-8470-5.1-1, C-8470-5.2-1, C-8470-5.2-2: what an origin is asked, and when"""
    with place() as folder, Scripted() as origin:
        origin.on("/a.txt", answer(200, "a\n", Cache_Control="no-store"))
        origin.on("/stored", answer(200, "stored\n", Cache_Control="max-age=60"))
        origin.on("/later", not_yet)
        words = ["--early-data", *certified(folder), "--workers=1"]
        with Proxy(report, origin.url, *words) as server:
            session = acquaint(server.port, folder)
            Visit(server.port, None, None, ask=request("/stored")).text()
            origin.forget()
            with Relay(server.port, hold=True) as relay:
                visit = Visit(relay.port, session, request(), folder=folder)
                relay.answered.wait(10)
                time.sleep(0.5)
                report.equal("an origin that may not know waits", len(origin.asked()), 0)
                relay.open.set()
                text = visit.text()
            report.match("and is asked then", text, "Early data was accepted.*HTTP/1.1 200.*a\n")
            report.equal("without Early-Data", [r.get("Early-Data") for r in origin.asked()], [None])
            text = Visit(server.port, session, request("/stored"), folder=folder).text()
            report.match("what is stored", text, "Early data was accepted.*hit.*stored\n")
            report.equal("needs no origin", len(origin.asked()), 1)
        with Proxy(report, origin.url, *words, "--origin-early-data") as server:
            session = acquaint(server.port, folder)
            origin.forget()
            with Relay(server.port, hold=True) as relay:
                visit = Visit(relay.port, session, request(), folder=folder)
                report.check("one that knows is asked at once",
                             eventually(lambda: len(origin.asked()) == 1))
                report.equal("with Early-Data", origin.asked()[0].get("Early-Data"), "1")
                relay.open.set()
                report.match("answered", visit.text(), "Early data was accepted.*HTTP/1.1 200.*a\n")
            origin.forget()
            with Relay(server.port, hold=True) as relay:
                visit = Visit(relay.port, session, request("/later"), folder=folder)
                report.check("425 from it", eventually(lambda: len(origin.asked()) == 1))
                time.sleep(0.3)
                report.equal("waits for the handshake", len(origin.asked()), 1)
                relay.open.set()
                text = visit.text()
            report.match("then it is asked again", text, "HTTP/1.1 200.*now\n")
            report.check("and nothing of the 425 is told", "425" not in text)
            report.equal("without Early-Data", [r.get("Early-Data") for r in origin.asked()],
                         ["1", None])


def gateways(report):
    """C-8470-5.1-2, C-8470-5.2-1: a gateway before us says Early-Data"""
    with place() as _, Scripted() as origin:
        origin.on("/a", answer(200, "a", Cache_Control="no-store"))
        origin.on("/later", not_yet)
        for words, known in [([], False), (["--origin-early-data"], True)]:
            with Proxy(report, origin.url, *words) as server:
                origin.forget()
                for value in ("1", "0", "?1, x"):
                    answered = server.ask("/a", "POST", Early_Data=value, Content_Length="0")
                    report.equal(f"POST, {value}, known: {known}", answered.status,
                                 200 if known else 425)
                    report.check("no-store", known or answered["Cache-Control"] == "no-store")
                report.equal("POST goes on", len(origin.asked()), 3 if known else 0)
                origin.forget()
                report.equal("GET", server.ask("/a", Early_Data="1").status, 200)
                report.equal("says so on", origin.asked()[0].get("Early-Data"), "1")
                report.equal("425 passes", server.ask("/later", Early_Data="1").status, 425)
                report.equal("and is for nobody else", server.ask("/later").status, 200)
                report.equal("POST is not early by itself", server.ask(
                    "/a", "POST", Content_Length="0").status, 200)


if __name__ == "__main__":
    sys.exit(run(accepted, http2, off, checking, second_hello, gnutls, replayed, origins, gateways))
