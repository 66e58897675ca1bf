#!/usr/bin/env python3
"""python_client.py [TEST...]: Python's http.client, urllib, and sockets written by hand"""
import gzip
import http.client
import socket
import sys
import urllib.error
import urllib.request

from harness import DEADLINE, Server, eventually, place, prose, run, write

TEXT = prose(5000)


def site(folder):
    for number in range(30):
        write(folder / f"site/{number}.txt", f"{number}\n")
    write(folder / "site/text.txt", TEXT)
    write(folder / "site/dir/index.html", "<!doctype html><title>dir</title>\n")
    write(folder / "site/d\N{LATIN SMALL LETTER E WITH ACUTE}j\N{LATIN SMALL LETTER A WITH GRAVE} "
          "vu%41.txt", "again\n")
    return folder / "site"


def connect(server):
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)


def fetch(connection, method="GET", target="/text.txt", body=None, **fields):
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    connection.request(method, target, body=body, headers=headers)
    response = connection.getresponse()
    response.content = response.read()
    return response


def keep_alive(report):
    """200 requests on one connection, all kinds of answers in turn"""
    with place() as folder, Server(report, site(folder)) as server:
        connection = connect(server)
        fetch(connection)
        first, wrong = connection.sock, []
        etag = fetch(connection).getheader("ETag")
        kinds = ((200, TEXT, {}), (304, b"", {"If_None_Match": etag}),
                 (206, TEXT[7:18], {"Range": "bytes=7-17"}), (412, None, {"If_Match": '"x"'}),
                 (200, b"", {"method": "HEAD"}), (404, None, {"target": "/none"}),
                 (405, None, {"method": "PUT", "body": b"x" * 5000}),
                 (416, None, {"Range": "bytes=5000-"}), (301, None, {"target": "/dir"}))
        for number in range(200):
            status, content, words = kinds[number % len(kinds)]
            response = fetch(connection, **words)
            if response.status != status or content not in (None, response.content):
                wrong.append((words, response.status))
        report.equal("every answer", wrong, [])
        report.check("one connection", connection.sock is first)
        last = fetch(connection, Connection="close")
        report.equal("the client's last one", last.getheader("Connection"), "close")
        report.check("ends the connection", connection.sock is None)


def conditional(report):
    """tags and dates, with and without content"""
    with place() as folder, Server(report, site(folder)) as server:
        connection = connect(server)
        server.settle("/text.txt")
        first = fetch(connection)
        etag, date = first.getheader("ETag"), first.getheader("Last-Modified")
        for name, fields in (("its tag", {"If_None_Match": etag}),
                             ("its date", {"If_Modified_Since": date}),
                             ("both", {"If_None_Match": etag, "If_Modified_Since": date})):
            answer = fetch(connection, **fields)
            report.equal(f"304 to {name}", (answer.status, answer.content), (304, b""))
            report.equal(f"304 to {name}: fields", [answer.getheader(field) for field in (
                "ETag", "Cache-Control", "Vary", "Content-Type", "Content-Length")],
                [etag, "no-cache", "Accept-Encoding", None, None])
            report.check(f"304 to {name}: Date", answer.getheader("Date"))
        coded = fetch(connection, Accept_Encoding="gzip")
        report.equal("gzip", gzip.decompress(coded.content), TEXT)
        report.equal("identity;q=0 with an unknown coding", fetch(
            connection, Accept_Encoding="x-none, identity;q=0, *;q=0").status, 406)
        (folder / "site/text.txt").unlink()
        gone = fetch(connection, If_None_Match=etag)
        report.equal("404 once it is gone", gone.status, 404)
        report.equal("and with *", fetch(connection, If_None_Match="*").status, 404)


def names(report):
    """escaped names, hidden files, links out of the tree, through urllib"""
    with place() as folder:
        root = site(folder)
        write(folder / "secret.txt", "secret\n")
        write(root / ".hidden/key", "secret\n")
        write(root / ".htpasswd", "secret\n")
        (root / "out.txt").symlink_to(folder / "secret.txt")
        (root / "in.txt").symlink_to("text.txt")
        with Server(report, root) as server:
            def status(target):
                try:
                    with urllib.request.urlopen(server.url + target, timeout=DEADLINE) as answer:
                        return answer.status, answer.read()
                except urllib.error.HTTPError as error:
                    with error:
                        return error.code, b"secret" in error.read()
            report.equal("UTF-8, a space, a percent sign",
                         status("/d%C3%A9j%C3%A0%20vu%2541.txt"), (200, b"again\n"))
            report.equal("redirect followed", status("/dir"),
                         (200, b"<!doctype html><title>dir</title>\n"))
            report.equal("a link within the tree", status("/in.txt"), (200, TEXT))
            for target in ("/.hidden/key", "/.htpasswd", "/%2ehtpasswd", "/out.txt",
                           "/dir/../.htpasswd", "/dir/%2e%2e/%2e%2e/secret.txt",
                           "/..%2fsecret.txt", "//secret.txt", "/none%00.txt", "/text.txt/"):
                got, leaked = status(target)
                report.check(f"{target} is not served", got in (400, 403, 404) and not leaked, got)


def pipelined(report):
    """requests sent at once are answered in order"""
    with place() as folder, Server(report, site(folder)) as server, server.wire() as wire:
        wire.send(b"".join(b"GET /%d.txt HTTP/1.1\r\nHost: h\r\n\r\n" % i for i in range(30)))
        report.equal("30 answers", [wire.response().content for _ in range(30)],
                     [b"%d\n" % i for i in range(30)])
        etag = wire.ask("/1.txt").tag
        wire.send(b"HEAD /0.txt HTTP/1.1\r\nHost: h\r\n\r\n"
                  b"GET /1.txt HTTP/1.1\r\nHost: h\r\nIf-None-Match: " + etag.encode() +
                  b"\r\n\r\nGET /none HTTP/1.1\r\nHost: h\r\n\r\n"
                  b"GET /2.txt HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0\r\n\r\n"
                  b"GET /3.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
                  b"GET /4.txt HTTP/1.1\r\nHost: h\r\n\r\n")
        report.equal("HEAD, 304, 404, 206, the last one", [
            wire.response(method).status for method in ("HEAD", "GET", "GET", "GET", "GET")],
            [200, 304, 404, 206, 200])
        report.check("what came after the last one is not answered", wire.closed())


def uploads(report):
    """content that nobody wants: refused, and the connection stays in step"""
    with place() as folder, Server(report, site(folder)) as server:
        connection = connect(server)
        for name, body in (("a length", b"x" * 3000), ("chunked", iter([b"x" * 1000] * 3)),
                           ("looks like a request", b"GET /0.txt HTTP/1.1\r\nHost: h\r\n\r\n")):
            answer = fetch(connection, "POST", "/text.txt", body)
            used = connection.sock
            report.equal(f"{name}: refused", answer.status, 405)
            after = fetch(connection, "GET", "/7.txt")
            report.equal(f"{name}: in step", (after.status, after.content), (200, b"7\n"))
            report.check(f"{name}: one connection", used is connection.sock and used)
        with server.wire() as wire:
            wire.send(b"PUT /text.txt HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                      b"Content-Length: 1000000000\r\n\r\n")
            answer = wire.response()
            report.equal("Expect: refused before it is sent", (answer.status, answer.line[-3:]),
                         (405, "wed"))
        with server.wire() as wire:
            wire.send(b"POST /text.txt HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n")
            report.equal("endless: refused at once", wire.response().status, 405)
            def cut():
                try:
                    return wire.send(b"x" * 65536)
                except ConnectionError:
                    return True
            report.check("and cut off soon", eventually(cut))


def pieces(report):
    """a request octet by octet; the client's half is closed early; a client that goes away"""
    with place() as folder, Server(report, site(folder)) as server:
        with server.wire() as wire:
            wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for octet in b"\r\nGET /text.txt HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-9\r\n\r\n":
                wire.send(bytes([octet]))
            answer = wire.response()
            report.equal("octet by octet", (answer.status, answer.content), (206, TEXT[:10]))
        with server.wire() as wire:
            wire.send(b"GET /text.txt HTTP/1.1\r\nHost: h\r\n\r\n")
            wire.socket.shutdown(socket.SHUT_WR)
            report.equal("half closed: answered", wire.response().content, TEXT)
            report.check("and ended", wire.closed())
        for _ in range(20):
            with server.wire() as wire:
                wire.send(b"GET /text.txt HTTP/1.1\r\nHost: h\r\n")
        report.equal("after 20 that went away", server.ask("/0.txt").content, b"0\n")


if __name__ == "__main__":
    sys.exit(run(keep_alive, conditional, names, pipelined, uploads, pieces))
