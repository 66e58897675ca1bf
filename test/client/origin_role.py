#!/usr/bin/env python3
"""origin_role.py [TEST...]: an origin trusts no proxy's words, says none, and takes what it gave"""
import sys

from harness import Server, place, prose, run, write

REWRITTEN = {
    "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "444",
    "X-Forwarded-Prefix": "/evil", "X-Forwarded-For": "192.0.2.1", "X-Real-IP": "192.0.2.1",
    "Forwarded": "for=192.0.2.1;host=evil.example;proto=https", "X-Original-URL": "/other.txt",
    "X-Rewrite-URL": "/other.txt", "X-Original-Host": "evil.example", "X-Host": "evil.example",
    "X-HTTP-Method-Override": "DELETE", "X-HTTP-Method": "PUT", "X-Method-Override": "HEAD",
}
OF_OTHERS = ("Proxy-Status", "Cache-Status", "Via", "Age", "Warning", "Set-Cookie", "Trailer",
             "Proxy-Authenticate", "CDN-Cache-Control", "Transfer-Encoding", "X-Cache")


def site(folder):
    write(folder / "site/text.txt", prose(3000))
    write(folder / "site/other.txt", "another file\n")
    write(folder / "site/dir/index.html", "<!doctype html><title>dir</title>\n")
    return folder / "site"


def seen(response):
    fields = {name: value for name, value in response.fields.items() if name != "date"}
    return response.status, fields, response.content


def forwarded(report):
    """C-7239-8-1: what anybody can write into a request changes no answer"""
    with place() as folder, Server(report, site(folder)) as server:
        server.settle("/text.txt", "/dir/")
        for target in ("/text.txt", "/dir", "/dir/", "/none.txt"):
            plain = seen(server.ask(target))
            for name, value in REWRITTEN.items():
                report.equal(f"{target} with {name}", seen(server.ask(target, **{name: value})),
                             plain)


def no_proxy(report):
    """C-9209-2-1, C-9111-5.5-1: no field that only proxies and caches may send, on any answer"""
    with place() as folder, Server(report, site(folder)) as server:
        server.settle("/text.txt")
        tag = server.ask("/text.txt").tag
        for wanted, target, method, fields in (
                (200, "/text.txt", "GET", {}), (200, "/text.txt", "HEAD", {}),
                (304, "/text.txt", "GET", {"If_None_Match": tag}),
                (206, "/text.txt", "GET", {"Range": "bytes=1-2"}),
                (206, "/text.txt", "GET", {"Range": "bytes=1-2,2000-2001"}),
                (416, "/text.txt", "GET", {"Range": "bytes=9000-"}),
                (412, "/text.txt", "GET", {"If_Match": '"x"'}), (301, "/dir", "GET", {}),
                (404, "/none", "GET", {}), (405, "/text.txt", "DELETE", {}),
                (204, "/text.txt", "OPTIONS", {}), (400, "/a b", "GET", {})):
            answer = server.ask(target, method, **fields)
            report.equal(f"{method} {target}", answer.status, wanted)
            report.equal(f"{wanted}: fields of others",
                         [name for name in OF_OTHERS if answer.get(name)], [])


def takes_its_own(report):
    """C-9110-2.3-1: the longest Location and the tags that it sends are taken when they come back"""
    with place() as folder, Server(report, site(folder)) as server:
        longest = 0
        for length in range(16384 - 40, 16384 + 40):
            target = "/dir?" + "q" * (length - 5)
            moved = server.ask(target)
            if moved.status != 301:
                continue
            longest = length
            there = server.ask(moved["Location"])
            if not report.equal(f"a target of {length}, redirected", there.status, 200):
                break
        report.check("long targets are redirected", longest > 16384 - 40, longest)
        tags = {server.ask("/text.txt", Accept_Encoding=coding).tag
                for coding in ("identity", "gzip", "br", "zstd")}
        report.equal("every tag together", server.ask(
            "/text.txt", If_None_Match=", ".join(sorted(tags))).status, 304)


if __name__ == "__main__":
    sys.exit(run(forwarded, no_proxy, takes_its_own))
