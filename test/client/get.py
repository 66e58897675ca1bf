#!/usr/bin/env python3
"""test/client/get.py [TEST...]: stet get, against a server that answers as it is told, and against
stet itself.
"""
import base64
import gzip
import os
import pathlib
import pty
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from getting import Client, mark, stage  # noqa: E402
from harness import DEADLINE, ROOT, Proxy, Server, eventually, place, program, prose, run, write  # noqa: E402
from scripted import Scripted, answer  # noqa: E402


# ---- requests and outputs ----

@stage
def requests(report, server, client, folder):
    server.on("/a/b.txt", answer(200, "hello", X_Y="z"))
    got = client.get(server.url + "/a/b.txt")
    report.equal("content", (got.status, got.out, got.err), (0, b"hello", ""))
    got = client.get("-i", server.url + "/a/b.txt")
    report.match("head and content", got.out.decode(), r"^HTTP/1.1 200 OK\r\n.*X-Y: z\r\n\r\nhello$")
    got = client.get("-I", server.url + "/a/b.txt")
    report.match("head alone", got.out.decode(), r"^HTTP/1.1 200 OK\r\n.*X-Y: z\r\n\r\n$")
    report.equal("by HEAD", server.asked()[-1].method, "HEAD")
    client.get("-fO", server.url + "/a/b.txt?q=1#f")  # another resource: there is none
    client.get("-o", "one", server.url + "/a/b.txt", "--output-dir", folder)
    report.equal("files", client.names(), ["one"])
    server.on("/a/b.txt?q=1", answer(200, "q"))
    client.get("-fO", server.url + "/a/b.txt?q=1#f")
    report.equal("named by the URL", client.names(), ["b.txt", "one"])
    report.equal("no name", client.get("-O", server.url + "/").status, 2)

    got = client.get("-X", "PURGE", "-H", "X-A: b", "-H", "x-c:d", "-A", "me/1", server.url + "/x")
    asked = server.asked("/x")[0]
    report.equal("method", asked.method, "PURGE")
    report.equal("fields", [asked.get(n) for n in ("X-A", "X-C", "User-Agent")], ["b", "d", "me/1"])
    client.get("-d", "a=b", "-d", "c=d", server.url + "/form")
    asked = server.asked("/form")[0]
    report.equal("form", (asked.method, asked.content, asked.get("Content-Type")),
                 ("POST", b"a=b&c=d", "application/x-www-form-urlencoded"))
    write(folder / "data", b'{"a":1}\n')
    client.get("--json", "@data", "-X", "PUT", server.url + "/json")
    asked = server.asked("/json")[0]
    report.equal("JSON", (asked.method, asked.content, asked.get("Content-Type"),
                          asked.get("Accept")),
                 ("PUT", b'{"a":1}\n', "application/json", "application/json"))


@stage
def credentials(report, server, client, _folder):
    basic = "Basic " + base64.b64encode(b"ann:s:cret").decode()
    client.get("-u", "ann:s:cret", server.url + "/a")
    client.get(server.url.replace("://", "://ann:s%3Acret@") + "/b")
    client.get(server.url + "/c")
    report.equal("sent", [r.get("Authorization") for r in server.asked()], [basic, basic, None])
    # What one user got is not there for another.
    server.on("/private", lambda r: answer(200, r.get("Authorization", "nobody"), ETag='"p"',
                                           Cache_Control="max-age=600"))
    texts = [client.get(*words, server.url + "/private").out for words in
             (["-u", "ann:1"], ["-u", "ben:2"], [], ["-u", "ann:1"])]
    report.equal("entries do not cross", len(set(texts)), 3)
    report.equal("and are stored", (texts[0], len(server.asked("/private"))), (texts[3], 3))


@stage
def failures(report, server, client, folder):
    server.on("/404", answer(404, "gone"))
    got = client.get(server.url + "/404")
    report.equal("shown", (got.status, got.out), (0, b"gone"))
    got = client.get("-f", server.url + "/404", "-o", "file")
    report.equal("--fail", (got.status, got.out, client.names()), (1, b"", []))
    report.match("in words", got.err, r"/404: the server answers 404")
    report.equal("silent", client.get("-fs", server.url + "/404").err, "")
    report.match("but", client.get("-fsS", server.url + "/404").err, "404")
    for name, url, status in (("refused", "http://127.0.0.1:1/", 3), ("no name", "http://x.invalid/", 3),
                              ("no scheme of ours", "gopher://127.0.0.1/", 3)):
        got = client.get(url)
        report.equal(name, got.status, status)
        report.match(name, got.err, r"^stet get: \S+: \S.*\n$")
    for name, raw in (("nothing", b""), ("nonsense", b"hello"), ("short", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
                      ("head only", b"HTTP/1.1 200 OK\r\nA: b\r\n")):
        server.on("/bad", answer(raw=raw))
        report.equal(name, client.get(server.url + "/bad").status, 3)
    for words in ([], ["-o"], ["--nonsense", "x"], ["-H", "no colon", "x"], ["--watch", "never", "x"],
                  ["-o", "a", "-o", "b", "x"], ["--run", "true", "x"], ["--group", "x"],
                  ["--offline", "--no-cache", "x"], ["--offline", "--revalidate", "x"], ["-o", "", "x"], ["--resolve", "a", "x"]):
        report.equal(f"usage: {words}", client.get(*words).status, 2)
    got = client.get(server.url + "/404", "-o", "no/such/folder")
    report.equal("no folder", got.status, 1)
    report.match("no folder", got.err, "cannot make a file beside no/such")
    with open("/dev/full", "wb") as full:
        got = client.get(server.url + "/404", stdout=full)
    report.equal("full", got.status, 1)
    report.match("full", got.err, "cannot write")
    for closed in ((1,), (0, 1), (1, 2), (0, 1, 2)):
        got = client.get(server.url + "/404", stdout=None, preexec_fn=lambda fds=closed: [os.close(fd) for fd in fds])
        report.equal(f"{closed} closed", (got.status, "cannot write" in got.err), (1, 2 not in closed))
    got = client.get("-o", "closed", server.url + "/404", preexec_fn=lambda: os.closerange(0, 3))
    report.equal("closed, and not written to", (got.status, (folder / "closed").read_text()), (0, "gone"))
    (folder / "closed").unlink()
    server.forget()
    got = client.get("-d", "@-", server.url + "/404", preexec_fn=lambda: os.close(0))
    report.equal("closed, and not read from", (got.status, len(server.asked())), (2, 0))
    report.equal("a device is written to", client.get("-o", "/dev/null", server.url + "/404").status, 0)
    os.symlink("target", folder / "link")
    write(folder / "target", "old")
    client.get("-o", "link", server.url + "/404")
    report.equal("links stay", (os.readlink(folder / "link"), (folder / "target").read_text()),
                 ("target", "gone"))


# ---- the cache ----

@stage
def cached(report, server, client, folder):
    server.on("/fresh", answer(200, "fresh", ETag='"1"', Cache_Control="max-age=600"))
    first = client.told(server.url + "/fresh")
    second = client.told(server.url + "/fresh")
    report.equal("first", (first["hit"], first["requests"], first["changed"]), (False, 1, True))
    report.equal("second", (second["hit"], second["requests"], second["saved"], second["changed"],
                            second["validated"]), (True, 0, 5, False, False))
    report.check("ttl", 500 < second["ttl"] <= 600, second["ttl"])
    report.equal("no request", len(server.asked("/fresh")), 1)

    server.on("/stale", answer(200, "stale", ETag='"1"', Cache_Control="no-cache"),
              lambda r: answer(304, ETag='"1"') if r.get("If-None-Match") == '"1"' else answer(500))
    client.get("-o", "file", server.url + "/stale")
    before = mark(folder / "file")
    got = client.get("-o", "file", "--changed", server.url + "/stale", "-w", "%{json}")
    report.equal("304", (got.status, got.json["validated"], got.json["saved"]), (10, True, 5))
    report.equal("the file is untouched", mark(folder / "file"), before)
    report.equal("one request each", len(server.asked("/stale")), 2)
    report.equal("printed", client.get(server.url + "/stale").out, b"stale")
    server.on("/stale", answer(200, "new", ETag='"2"', Cache_Control="no-cache"))
    got = client.get("-o", "file", "--changed", server.url + "/stale")
    report.equal("changed", (got.status, (folder / "file").read_text()), (0, "new"))
    report.check("another file", mark(folder / "file") != before)
    report.equal("nothing is left beside", client.names(), ["file"])

    server.on("/error", answer(500, "error"))
    got = client.get("--changed", server.url + "/error")
    report.equal("an error is no change", (got.status, got.out), (1, b""))

    # The same octets from a server without validators: nothing to do for the file either.
    server.on("/plain", answer(200, "same"))
    client.get("-o", "plain", server.url + "/plain")
    before = mark(folder / "plain")
    report.equal("unchanged", client.get("-o", "plain", "--changed", server.url + "/plain").status, 10)
    report.equal("untouched", mark(folder / "plain"), before)
    for text in ("sam", "same and more", "other", ""):
        server.on("/plain", answer(200, text))
        client.get("-o", "plain", server.url + "/plain")
        report.equal("replaced", (folder / "plain").read_text(), text)
    write(folder / "plain", "edited").chmod(0o640)
    client.get("-o", "plain", server.url + "/plain")
    report.equal("mode is kept", (folder / "plain").stat().st_mode & 0o777, 0o640)


@stage
def modes(report, server, client, _folder):
    url = server.url + "/a"
    report.equal("offline, nothing", client.get("--offline", url).status, 3)
    server.on("/a", answer(200, "a", ETag='"1"', Cache_Control="max-age=100", Age="50"))
    client.get(url, "--no-cache")
    report.equal("--no-cache stores nothing", client.get("--offline", url).status, 3)
    client.get(url)
    got = client.get("--offline", url)
    report.equal("offline", (got.status, got.out), (0, b"a"))
    count = len(server.asked())
    report.equal("--max-age", client.told("--max-age", "10", url)["requests"], 1)
    report.equal("--max-age", client.told("--max-age", "90", url)["requests"], 0)
    report.equal("--revalidate", client.told("--revalidate", url)["requests"], 1)
    report.equal("--no-cache", client.told("--no-cache", url)["requests"], 1)
    report.equal("asked", len(server.asked()) - count, 3)
    report.equal("--cache", client.get("--offline", "--cache", "elsewhere", url).status, 3)

    server.on("/s", answer(200, "s", ETag='"1"', Cache_Control="max-age=100", Age="200"),
              answer(304, ETag='"1"'))
    url = server.url + "/s"
    client.get(url)
    report.equal("--stale-ok", client.told("--stale-ok", "1000", url)["stale"], True)
    report.equal("--stale-ok", client.told("--stale-ok", "1000", url)["requests"], 0)
    report.equal("no longer", client.told("--stale-ok", "50", url)["validated"], True)
    server.on("/swr", answer(200, "old", ETag='"1"', Age="20",
                             Cache_Control="max-age=10, stale-while-revalidate=1000"),
              answer(200, "new", ETag='"2"', Cache_Control="max-age=100"))
    url = server.url + "/swr"
    texts = [client.get(url).out for _ in range(3)]
    report.equal("stale, and validated behind it", (texts, len(server.asked("/swr"))),
                 ([b"old", b"old", b"new"], 2))
    behind(report, server, client)
    server.on("/vary", lambda r: answer(200, r.get("Accept-Language", "-"), Vary="Accept-Language",
                                        Cache_Control="max-age=100"))
    texts = [client.get(server.url + "/vary", "-H", f"Accept-Language: {lang}").out
             for lang in ("de", "en", "de")]
    report.equal("Vary", texts, [b"de", b"en", b"de"])
    got = client.get("--cache", "/proc/none", server.url + "/vary")
    report.equal("without a cache all works", got.status, 0)
    report.match("and says so", got.err, "without a cache")


def behind(report, server, client):
    """C-5861-3-1: nobody waits for what is validated behind an answer, or not for long."""
    done = threading.Event()
    old = answer(200, "old", ETag='"1"', Age="20", Cache_Control="max-age=10, stale-while-revalidate=1000")
    server.on("/behind", old, answer(200, b"x" * 1000, cut=900, wait=done))
    url = server.url + "/behind"
    client.get(url)
    got = client.get("--offline", url)
    report.equal("offline: nothing behind it", (got.out, len(server.asked("/behind"))), (b"old", 1))
    for words in (["-m", "0.1"], ["--max-size", "500"]):
        begun = time.monotonic()
        got = client.get(*words, url)
        report.equal(f"{words}: the answer", (got.status, got.out, got.err), (0, b"old", ""))
        report.check(f"{words}: and an end", time.monotonic() - begun < 4)
    report.equal("asked", len(server.asked("/behind")), 3)
    done.set()
    client.get("--stale-ok", "1000", "--max-age", "5000", url)
    said = server.asked("/behind")[-1].get("Cache-Control") or ""
    report.check("what is wanted is said once", said.count("max-stale") <= 1 and said.count("max-age") <= 1, said)


@stage
def shapes(report, server, client, _folder):
    """Answers that are not what was asked for are told as they are."""
    # C-9110-15.3.7-1: what a 206 holds is read from its head; what is not one range is not kept as one.
    parts = ("--x\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n--x\r\nContent-Range: bytes 8-9/10\r\n\r\n89"
             "\r\n--x--\r\n")
    server.on("/p", lambda r: answer(206, parts, ETag='"1"', Cache_Control="max-age=600",
                                     Content_Type="multipart/byteranges; boundary=x") if r.get("Range")
              else answer(200, "0123456789", ETag='"1"', Cache_Control="max-age=600"))
    url = server.url + "/p"
    report.equal("several ranges", client.get("-H", "Range: bytes=0-1,8-9", url).out.decode(), parts)
    report.equal("are not stored", client.get("-H", "Range: bytes=0-1", url).out.decode(), parts)
    report.equal("nor taken for the whole", client.get(url).out, b"0123456789")
    report.equal("of which one is cut", client.get("-H", "Range: bytes=0-1", url).out, b"01")
    report.equal("stet asks for one at most", [r.get("Range") for r in server.asked("/p")],
                 ["bytes=0-1,8-9", "bytes=0-1", None])
    for name, fields in (("no Content-Range", {}), ("off the grammar", {"Content_Range": "bytes 5-1/10"}),
                         ("another unit", {"Content_Range": "lines 0-1/10"})):
        server.on("/q", answer(206, "01", ETag='"1"', Cache_Control="max-age=600", **fields))
        client.get("-H", "Range: bytes=0-1", server.url + "/q")
        told = client.told("--offline", "-H", "Range: bytes=0-1", server.url + "/q")
        report.equal(f"{name}: not stored", told["http_code"], 504)
    # C-9205-4.6-1: a status that is not known is what its class is.
    for status, fails in ((299, 0), (399, 0), (499, 1), (599, 1)):
        server.on("/s", answer(status, "content", Last_Modified="Mon, 01 Jan 2001 00:00:00 GMT"))
        got = client.get("-fL", server.url + "/s")
        report.equal(f"{status}", (got.status, got.out), (fails, b"" if fails else b"content"))
        report.equal(f"{status}: no lifetime is guessed", client.told("--offline", server.url + "/s")["http_code"], 504)


# ---- codings ----

def tool(name, content):
    return subprocess.run([name, "-c"], input=content, stdout=subprocess.PIPE, check=True).stdout


@stage
def codings(report, server, client, _folder):
    text = prose(300000)
    coded = {"gzip": gzip.compress(text), "br": tool("brotli", text), "zstd": tool("zstd", text)}
    for coding, octets in coded.items():
        server.on("/c", answer(200, octets, Content_Encoding=coding))
        report.equal(coding, client.get(server.url + "/c").out == text, True)
        report.equal(f"{coding}, as it came", client.get("--no-compressed", server.url + "/c").out == octets,
                     True)
        server.on("/c", answer(200, octets[:-5], Content_Encoding=coding))
        got = client.get("-s", "-S", server.url + "/c")
        report.equal(f"{coding}, cut", got.status, 3)
        report.match(f"{coding}, cut", got.err, "cut short")
        server.on("/c", answer(200, octets[:1000] + b"\xff" * 1000 + octets[2000:], Content_Encoding=coding))
        report.equal(f"{coding}, damaged", client.get(server.url + "/c").status, 3)
    # C-9842-6.1-1: no dictionaries are had, so their codings are not offered.
    report.equal("asked for", server.asked()[0].get("Accept-Encoding"), "gzip, br, zstd")
    report.equal("not asked for", server.asked()[1].get("Accept-Encoding"), None)
    server.on("/c", answer(200, coded["gzip"] * 2, Content_Encoding="gzip"))
    report.equal("two members", client.get(server.url + "/c").out == text * 2, True)
    server.on("/c", answer(200, gzip.compress(coded["br"]), Content_Encoding="br, gzip"))
    report.equal("two codings", client.get(server.url + "/c").out == text, True)
    server.on("/c", answer(200, coded["br"] + b"x", Content_Encoding="br"))
    report.equal("octets behind the end", client.get(server.url + "/c").status, 3)
    server.on("/c", answer(200, b"", Content_Encoding="gzip"))
    report.equal("no content", client.get(server.url + "/c").status, 0)
    server.on("/c", answer(200, "?", Content_Encoding="compress"))
    got = client.get(server.url + "/c")
    report.equal("unknown", got.status, 3)
    report.match("unknown", got.err, "not asked for")
    bomb = gzip.compress(bytes(100 << 20))
    server.on("/bomb", answer(200, bomb, Content_Encoding="gzip"))
    got = client.get("--max-size", "1MiB", server.url + "/bomb")
    report.check("a bomb ends", got.status == 1 and len(got.out) <= 1 << 20, got.status)
    report.match("in words", got.err, "--max-size")


# ---- several, and what is shown ----

@stage
def parallel(report, server, client, folder):
    barrier = threading.Barrier(4, timeout=DEADLINE)

    def together(request):
        barrier.wait()
        return answer(200, request.target)
    for number in range(4):
        server.on(f"/{number}", together)
    urls = [f"{server.url}/{number}" for number in range(4)]
    got = client.get("-O", *urls)
    report.equal("at once", (got.status, got.err, client.names()), (0, "", ["0", "1", "2", "3"]))
    for number in range(4):
        server.on(f"/{number}", answer(200, f"{number};"))
    report.equal("in their order", client.get(*urls).out, b"0;1;2;3;")
    got = client.get("-f", urls[0], server.url + "/none", "http://127.0.0.1:1/", urls[1])
    report.equal("the others go on", (got.status, got.out), (3, b"0;1;"))
    got = client.get("-o", "x", "-o", "y", *urls[:2], "-w", "%{filename_effective}\\n")
    report.equal("names in turn", ((folder / "x").read_text(), (folder / "y").read_text()), ("0;", "1;"))
    report.equal("a line each", sorted(got.out.split()), [b"x", b"y"])
    many = [f"{server.url}/many/{number}" for number in range(200)]
    got = client.get("-O", *many, "-w", "%{http_code}\\n", "--no-cache")
    report.equal("two hundred", got.out.split(), [b"404"] * 200)


@stage
def progress(report, server, client, _folder):
    going = threading.Event()

    def slowly(_request):
        going.wait(DEADLINE)
        return answer(200, "slow")
    server.on("/slow", slowly)

    def on_terminal(*words):
        """What a terminal on standard error gets; the answer comes when it got something, or at
        once where nothing is wanted."""
        master, slave = pty.openpty()
        process = subprocess.Popen(client.command(*words, "-o", "f", server.url + "/slow"), stderr=slave,
                                   stdout=subprocess.DEVNULL, cwd=client.folder, env=client.environment())
        os.close(slave)
        shown = b""
        try:
            while True:
                piece = os.read(master, 4096)
                shown += piece
                going.set()
                if not piece:
                    break
        except OSError:  # the other side is gone
            pass
        os.close(master)
        process.wait(DEADLINE)
        return shown
    report.match("on a terminal", on_terminal("--no-cache").decode(), r"0 of 1 done, 0 B")
    report.equal("silent", on_terminal("--no-cache", "-s"), b"")
    report.equal("not a terminal", client.get("--no-cache", "-o", "f", server.url + "/slow").err, "")


@stage
def written_out(report, server, client, _folder):
    server.on("/a", answer(200, "abc", ETag='"x\\y"', Content_Type="text/plain"))
    got = client.get(server.url + "/a", "-w", "|%{http_code}|%{content_type}|%{size}|%%|%{none}|\\t%{etag}\\n")
    report.equal("variables", got.out.decode(), 'abc|200|text/plain|3|%|%{none}|\t"x\\y"\n')
    told = client.told(server.url + "/a")
    for name in ("url", "url_effective", "http_code", "hit", "validated", "stale", "changed", "ttl",
                 "saved", "requests", "size", "size_download", "remote_ip", "time_total", "reason",
                 "num_redirects", "exitcode", "errormsg", "http_version", "etag"):
        report.check(f"JSON has {name}", name in told)
    told = client.told("http://127.0.0.1:1/")
    report.equal("of a failure", (told["http_code"], told["exitcode"], bool(told["errormsg"])), (0, 3, True))
    got = client.get("-v", server.url + "/a")
    report.match("verbose", got.err, r"> GET /a HTTP/1.1\n.*< HTTP/1.1 200 .*\* cache: from the ")


# ---- the network ----

@stage
def network(report, server, client, folder):
    server.on("/a", lambda r: answer(200, r.get("Host")))
    url = f"http://name.invalid:{server.port}/a"
    got = client.get("--resolve", f"name.invalid:{server.port}:127.0.0.1", url)
    report.equal("--resolve", got.out.decode(), f"name.invalid:{server.port}")
    server.on("http://origin.invalid/x", answer(200, "by proxy"))
    via = {"http_proxy": server.url}
    report.equal("http_proxy", client.get("http://origin.invalid/x", environment=via).out, b"by proxy")
    got = client.get("http://origin.invalid/x", environment={**via, "no_proxy": "origin.invalid"})
    report.equal("no_proxy", got.status, 3)
    report.equal("--proxy", client.get("-x", server.url, "http://origin.invalid/x", "--no-cache").out, b"by proxy")
    report.equal("no proxy", client.get("-x", "", server.url + "/a", environment={"http_proxy": "http://127.0.0.1:1"}).status, 0)

    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1"], cwd=folder, check=True, capture_output=True)
    with Scripted((folder / "cert.pem", folder / "key.pem")) as secure:
        secure.on("/s", answer(200, "secret"))
        got = client.get(secure.url + "/s")
        report.equal("not trusted", (got.status, got.out), (3, b""))
        report.match("in words", got.err, "certificate")
        report.equal("--cacert", client.get("--cacert", "cert.pem", secure.url + "/s").out, b"secret")
        report.equal("-k", client.get("-k", secure.url + "/s").out, b"secret")
        # A secret does not go on in clear text.
        server.on("/clear", lambda r: answer(200, str(r.get("Authorization"))))
        secure.on("/down", answer(302, Location=server.url + "/clear"))
        report.equal("from https to http", client.get("-kLu", "a:b", secure.url + "/down").out, b"None")


# ---- stet itself ----

def against_stet(report):
    with place() as folder:
        client = Client(report, folder)
        text = prose(200000)
        write(folder / "site/page.txt", text)
        for index in range(20):
            write(folder / f"site/f{index}.txt", f"file {index}")
        with Server(report, folder / "site") as server:
            server.settle("/page.txt")
            first = client.told(server.url + "/page.txt")
            again = client.told(server.url + "/page.txt")
            report.equal("served, then validated", (first["http_code"], again["validated"], again["saved"] > 0),
                         (200, True, True))
            report.check("in a coding", first["size_download"] < first["size"] == len(text), first)
            report.equal("content", client.get(server.url + "/page.txt").out == text, True)
            for number in range(2):
                got = client.get("-r", "1000-1999", server.url + "/page.txt")
                report.equal(f"a range of what has codings ({number})", got.out == text[1000:2000], True)
            write(folder / "site/page.txt", text[::-1])
            got = eventually(lambda: client.get(server.url + "/page.txt").out == text[::-1])
            report.check("changed", got)
            urls = [f"{server.url}/f{index}.txt" for index in range(20)]
            client.get("-O", "--output-dir", folder, *urls)
            report.equal("twenty", [(folder / f"f{i}.txt").read_text() for i in range(20)],
                         [f"file {i}" for i in range(20)])
            got = client.get("-H", "Range: bytes=2-5", server.url + "/f1.txt", "-w", "%{http_code}")
            report.equal("a range", got.out, b"le 1206")
            with Proxy(report, server.url) as proxy:
                report.equal("through stet proxy", client.get(proxy.url + "/f3.txt").out, b"file 3")
                told = client.told(proxy.url + "/f3.txt")
                report.equal("validated there", (told["http_code"], told["validated"]), (200, True))


def over_http2(report):
    with place() as folder:
        client = Client(report, folder)
        write(folder / "site/a.txt", "over HTTP/2")
        with Server(report, "--tls", folder / "site", environment={"XDG_STATE_HOME": str(folder), "HOME": str(folder)}) as server:
            url = server.url.replace("http:", "https:") + "/a.txt"
            got = client.get("-ki", url)
            report.match("the head", got.out.decode(), r"^HTTP/2 200\r\n.*\r\n\r\nover HTTP/2$")
            told = client.told("-k", url)
            report.equal("told", (told["http_version"], told["http_code"]), ("2", 200))


def lives_apart(report):
    """The server's program loads nothing of libcurl, the client's nothing of the server's."""
    libraries = {name: subprocess.run(["ldd", path], stdout=subprocess.PIPE, check=True).stdout.decode()
                 for name, path in (("stet", program()),
                                    ("client", str(pathlib.Path(program()).with_name("stet-client"))))}
    report.check("stet has no libcurl", "libcurl" not in libraries["stet"])
    report.check("nor has the client, before it is needed", "libcurl" not in libraries["client"])
    got = subprocess.run([program(), "get", "--help"], stdout=subprocess.PIPE, check=False)
    report.equal("help", (got.returncode, b"--write-out" in got.stdout), (0, True))
    with place() as folder:
        alone = folder / "stet"
        alone.write_bytes(pathlib.Path(program()).read_bytes())
        alone.chmod(0o755)
        got = subprocess.run([alone, "get", "x"], stderr=subprocess.PIPE, check=False)
        report.check("without its client it says so, or runs the installed one", got.returncode in (2, 3),
                     got.stderr)


@stage
def loads_late(report, server, client, folder):
    """Who is answered from the cache does without libcurl, also where there is none."""
    server.on("/fresh", answer(200, "fresh", Cache_Control="max-age=600"))
    shown = {"LD_DEBUG": "files"}
    report.check("a miss loads it", "libcurl-gnutls" in client.get(server.url + "/fresh", environment=shown).err)
    got = client.get(server.url + "/fresh", environment=shown)
    report.equal("a hit does not", (got.out, "libcurl" in got.err), (b"fresh", False))
    for name in ("libcurl-gnutls.so.4", "libcurl.so.4"):
        write(folder / "broken" / name, "no library")
    without = {"LD_LIBRARY_PATH": str(folder / "broken")}
    got = client.get(server.url + "/fresh", environment=without)
    report.equal("a hit without it", (got.status, got.out), (0, b"fresh"))
    got = client.get(server.url + "/other", environment=without)
    report.check("a miss without it", got.status == 3 and "not installed" in got.err, got.err)
    old_library(folder / "broken" / "libcurl-gnutls.so.4")
    got = client.get("-m", "20", server.url + "/other", environment=without)
    report.check("one that is too old", got.status == 3 and "libcurl is too old" in got.err, got.err)


def old_library(path):
    """A libcurl that does not know the options it is told."""
    names = re.findall(r"^\w+\([^,]*, (curl_\w+),", (ROOT / "src/client/libcurl.tbl").read_text(), re.M)
    makers = ("curl_easy_init", "curl_multi_init", "curl_slist_append", "curl_url")
    lines = [f"void *{name}(void) {{ static long it[8]; return it; }}" if name in makers else
             f"long {name}(void) {{ return {48 if name == 'curl_easy_setopt' else 0}; }}" for name in names]
    write(path.with_suffix(".c"), "\n".join(lines))
    subprocess.run(["cc", "-shared", "-fPIC", "-o", path, path.with_suffix(".c")], check=True)


sys.exit(run(requests, credentials, failures, cached, modes, shapes, codings, parallel, progress,
             written_out, network, against_stet, over_http2, lives_apart, loads_late))
