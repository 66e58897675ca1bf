#!/usr/bin/env python3
"""test/client/get_curl.py [TEST...]: what users of curl expect of stet get's options."""
import base64
import os
import re
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from getting import stage  # noqa: E402
from harness import DEADLINE, ROOT, program, run, write  # noqa: E402
from scripted import Scripted, answer  # noqa: E402


# ---- requests ----

@stage
def fields(report, server, client, folder):
    server.on("/a", answer(200, "a"))

    def sent(*words):
        report.equal(f"{words}: status", client.get(*words, server.url + "/a").status, 0)
        return server.asked("/a")[-1]
    report.equal("NAME: leaves it out", sent("-H", "Accept:").get("Accept"), None)
    report.equal("of none that would be sent", sent("-H", "X-A:").get("X-A"), None)
    report.equal("NAME; sends it empty", sent("-H", "X-A;").get("X-A"), "")
    report.equal("User-Agent", (sent("-H", "User-Agent:").get("User-Agent"),
                                sent("-A", "").get("User-Agent")), (None, None))
    report.equal("Accept-Encoding", sent("-H", "Accept-Encoding:").get("Accept-Encoding"), None)
    report.equal("Content-Type", sent("-d", "x", "-H", "Content-Type:").get("Content-Type"), None)
    write(folder / "lines", "# fields\nX-A: 1\r\n\nX-B:2\n")
    asked = sent("-H", "@lines")
    report.equal("of a file", (asked.get("X-A"), asked.get("X-B")), ("1", "2"))
    asked = sent("-b", "a=b", "-b", "c=d", "-e", "http://from/")
    report.equal("-b, -e", (asked.get("Cookie"), asked.get("Referer")), ("a=b; c=d", "http://from/"))
    report.equal("-r", [sent("-r", text).get("Range") for text in ("0-4", "5-", "-3", "0-1,3-4")],
                 ["bytes=0-4", "bytes=5-", "bytes=-3", "bytes=0-1,3-4"])
    for words in (["-r", "all"], ["-H", "Host:"], ["-H", "@none"], ["-H", "a b: c"], ["-H", "A"], ["-H", "A: b\r\nC: d"],
                  ["-b", "file"], ["-e", "a\nb"]):
        report.equal(f"{words}", client.get(*words, server.url + "/a").status, 2)


@stage
def content(report, server, client, folder):
    write(folder / "file", "a=1\r\nb\n")
    server.on("/a", answer(200, "a"))

    def sent(*words, **settings):
        report.equal(f"{words}: status", client.get(*words, server.url + "/a", **settings).status, 0)
        asked = server.asked("/a")[-1]
        return asked.method, asked.content
    report.equal("-d @FILE is one line", sent("-d", "@file", "-d", "c"), ("POST", b"a=1b&c"))
    report.equal("--data-binary is as it is", sent("--data-binary", "@file"), ("POST", b"a=1\r\nb\n"))
    report.equal("--json too", sent("--json", "@file"), ("POST", b"a=1\r\nb\n"))
    report.equal("--data-raw", sent("--data-raw", "@file"), ("POST", b"@file"))
    report.equal("standard input", sent("-d", "@-", input=b"x\ny"), ("POST", b"xy"))
    report.equal("nothing", sent("-d", ""), ("POST", b""))
    for value, wanted in (("a b&c", b"a+b%26c"), ("=a=b", b"a%3Db"), ("n=\u00fc", b"n=%C3%BC"),
                          ("@file", b"a%3D1%0D%0Ab%0A"), ("n@file", b"n=a%3D1%0D%0Ab%0A")):
        report.equal(f"--data-urlencode {value}", sent("--data-urlencode", value), ("POST", wanted))
    for url, wanted in (("/a", "/a?x=1&y=2"), ("/a?z#f", "/a?z&x=1&y=2")):
        client.get("-G", "-d", "x=1", "-d", "y=2", server.url + url)
        asked = server.asked()[-1]
        report.equal(f"-G {url}", (asked.method, asked.target, asked.content), ("GET", wanted, b""))
    client.get("-GI", "-d", "x", server.url)
    report.equal("-GI", (server.asked()[-1].method, server.asked()[-1].target), ("HEAD", "/?x"))
    for words in (["-I", "-d", "x"], ["-X", "HEAD", "-d", "x"], ["-d", "@none"]):
        report.equal(f"{words}", client.get(*words, server.url + "/a").status, 2)


@stage
def urls(report, server, client, _folder):
    server.on("/a", answer(200, "a", Cache_Control="max-age=600"))
    server.on("/%C3%BC?%C3%BC", answer(200, "escaped", Cache_Control="max-age=600"))
    plain = server.url.removeprefix("http://")
    for name, url, wanted in (("no scheme", plain + "/a", b"a"), ("upper case", f"HTTP://{plain}/a", b"a"),
                              ("a fragment", server.url + "/a#b", b"a"),
                              ("another script", server.url + "/\u00fc?\u00fc", b"escaped")):
        server.forget()
        client.get(url)
        report.equal(name, client.get(url).out, wanted)
        report.check(f"{name}: stored", len(server.asked()) <= 1, len(server.asked()))
    there = f"xn--bcher-kva.example:{server.port}"
    got = client.get("--resolve", there + ":127.0.0.1", f"http://b\u00fccher.example:{server.port}/a",
                     environment={"LC_ALL": "C"})
    report.equal("a name of another script", (got.out, server.asked("/a")[-1].get("Host")), (b"a", there))
    server.on("/r", answer(302, Location="/a b?<\u00fc>"))  # sent as Latin-1
    server.on("/a%20b?%3C%FC%3E", answer(200, "mended"))
    report.equal("a redirect that is off the grammar", client.get("-L", server.url + "/r").out, b"mended")
    for url in ("", "http://", "http://a b/", server.url + "/a b", "ftp://x/", "http://x:99999/"):
        got = client.get(url)
        report.equal(f"{url!r}", got.status, 3)
        report.match(f"{url!r}", got.err, "no URL|not supported")


@stage
def password(report, server, client, _folder):
    got = client.get("-u", "ann", server.url + "/a", input=b"s:cret\n", start_new_session=True)
    basic = "Basic " + base64.b64encode(b"ann:s:cret").decode()
    report.equal("asked for", (server.asked()[-1].get("Authorization"), got.err), (basic, "Password of ann: "))
    client.get("-u", "ann:", server.url + "/a")
    report.equal("an empty one is one", server.asked()[-1].get("Authorization"), "Basic YW5uOg==")


# ---- outputs ----

@stage
def heads(report, server, client, folder):
    server.on("/to", answer(200, "there"))
    server.on("/from", answer(302, "moved", Location="/to"))
    server.on("/lost", answer(302, "moved", Location="/none"))
    chain = r"^HTTP/1.1 302 Found\r\n[^$]*\r\n\r\nHTTP/1.1 200 OK\r\n[^$]*\r\n\r\n"
    report.match("-iL", client.get("-iL", server.url + "/from").out.decode(), chain + "there$")
    report.match("-IL", client.get("-IL", server.url + "/from").out.decode(), chain + "$")
    client.get("-iLo", "file", server.url + "/from")
    report.match("-iLo", (folder / "file").read_bytes().decode(), chain + "there$")
    got = client.get("-ifL", server.url + "/lost")
    report.match("-ifL", got.out.decode(), r"^HTTP/1.1 302.*\r\n\r\nHTTP/1.1 404 Not Found\r\n.*\r\n\r\n$")
    got = client.get("-ifLo", "none", server.url + "/lost")
    report.equal("-ifLo", (got.status, client.names()), (1, ["file"]))
    server.on("/kept", answer(200, "kept", Cache_Control="max-age=600"))
    client.get(server.url + "/kept")
    got = client.get("-v", server.url + "/kept")
    report.match("-v of what is stored", got.err, r"still fresh\n.*= HTTP/1.1 200 OK\n= .*\n=\n")
    got = client.get("-i", server.url + "/kept")
    report.match("-i of what is stored", got.out.decode(), r"^HTTP/1.1 200 OK\r\n.*Age: .*\r\n\r\nkept$")


@stage
def files(report, server, client, folder):
    for path in ("/x/a", "/y/a", "/%2e%2e", "/a%2fb", "/.hidden"):
        server.on(path, answer(200, path))
    got = client.get("-O", server.url + "/x/a", server.url + "/y/a")
    report.equal("two to one file", (got.status, client.names(), len(server.asked())), (2, [], 0))
    report.match("in words", got.err, "would both be written to a")
    report.equal("a device takes both", client.get("-o", "/dev/null", "-o", "/dev/null", server.url + "/x/a",
                                                   server.url + "/y/a").status, 0)
    write(folder / "sub" / "x", "").unlink()
    (folder / "link").symlink_to("a")
    two = [server.url + "/x/a", server.url + "/y/a"]
    for names in (["-o", "a", "-o", "./a"], ["-o", "sub/../a", "-O"], ["-o", folder / "a", "-o", "a"],
                  ["--output-dir", "sub", "-o", "../sub/a", "-o", "a"]):
        got = client.get(*names, *two)
        report.equal(f"two to one file: {names}", (got.status, client.names()), (2, ["link", "sub"]))
    write(folder / "a", "old")
    report.equal("two to one file: by a link", client.get("-o", "a", "-o", "link", *two).status, 2)
    report.equal("two to two files", (client.get("-o", "a", "-o", "sub/a", *two).status,
                                      (folder / "a").read_text(), (folder / "sub/a").read_text()),
                 (0, "/x/a", "/y/a"))
    for path in (folder / "sub/a", folder / "a", folder / "link"):
        path.unlink()
    (folder / "sub").rmdir()
    server.on("/-", answer(200, "dash"))
    got = client.get("-O", server.url + "/-")
    report.equal("- is a name", (got.status, got.out, (folder / "-").read_text()), (0, b"", "dash"))
    (folder / "-").unlink()
    report.equal("- is standard output", client.get("-o", "-", server.url + "/-").out, b"dash")
    client.get("-O", server.url + "/%2e%2e", server.url + "/a%2fb")
    report.equal("names stay as they are sent", client.names(), ["%2e%2e", "a%2fb"])
    for url in (server.url, server.url + "/", server.url + "/a/..", server.url + "/.", server.url + "/?x",
                server.url + "?x=/y/z", server.url + "#/y/z", server.url[7:] + "?u=http://h/z"):
        got = client.get("-O", url)
        report.equal(f"no name: {url}", got.status, 2)
        report.match(f"no name: {url}", got.err, "-o FILE gives it one")
    for name in ("a\x01b", "a\nb", "a\x1b[2Jb"):
        report.equal(f"{name!r}", client.get("-O", f"{server.url}/{name}").status, 3)
    report.equal("nothing more", client.names(), ["%2e%2e", "a%2fb"])
    got = client.get("-o", "new/folder/a", server.url + "/x/a")
    report.equal("a folder that is missing", got.status, 1)
    report.match("in words", got.err, "cannot make a file beside new/folder/a: No such file")
    got = client.get("-o", ".", server.url + "/x/a")
    report.equal("a folder", got.status, 1)
    report.match("a folder, in words", got.err, "cannot write to .*: Is a directory")
    report.match("a full device", client.get("-o", "/dev/full", server.url + "/x/a").err, "cannot write to /dev/full")
    with open("/dev/full", "wb") as full:
        for words in (["-w", "%{http_code}", "-o", "o"], ["--watch", "1ms", "--polls", "2"],
                      ["--watch", "1ms", "-w", "%{http_code}"], ["--changed", "-w", "x", "-o", "o"]):
            got = client.get(*words, server.url + "/x/a", stdout=full)
            report.equal(f"lost: {words}", got.status, 1)
            report.equal(f"lost: {words}, in words", got.err.count("cannot write to standard output: No space"), 1)
    (folder / "o").unlink()
    got = client.get("--create-dirs", "-o", "new/folder/a", server.url + "/x/a")
    report.equal("--create-dirs", (got.status, (folder / "new/folder/a").read_text()), (0, "/x/a"))
    server.on("/big", answer(200, b"x" * 4000000))
    reading, writing = os.pipe()
    process = subprocess.Popen(client.command(server.url + "/big"), stdout=writing,
                               env=client.environment(), cwd=folder)
    os.close(writing)
    os.read(reading, 10)
    os.close(reading)
    report.equal("nobody reads on", process.wait(DEADLINE), -13)


# ---- time ----

@stage
def patience(report, server, client, _folder):
    done = threading.Event()

    def never(_request):
        done.wait(DEADLINE)
        return answer(200, "late")
    server.on("/never", never)
    got = client.get("-m", "0.05", server.url + "/never")
    report.equal("--max-time", (got.status, got.out), (3, b""))
    report.match("in words", got.err, "longer than --max-time")
    server.on("/once", never, answer(200, "in time"))
    got = client.get("-m", "0.5", "--retry", "1", "--retry-delay", "1ms", server.url + "/once")
    report.equal("--max-time is of one try", (got.status, got.out), (0, b"in time"))
    done.set()
    for value in ("2", "0.5", ".5", "2s", "1m"):
        report.equal(f"--connect-timeout {value}",
                     client.get("--connect-timeout", value, server.url + "/a").status, 0)
    for value in ("", ".", "1.x", "-1", "soon"):
        report.equal(f"--connect-timeout {value}",
                     client.get("--connect-timeout", value, server.url + "/a").status, 2)


@stage
def retries(report, server, client, folder):
    words = ["--retry", "2", "--retry-delay", "1ms"]
    busy = answer(503, "busy", Cache_Control="max-age=600")
    for name, answers, status, text in (
            ("passes", [busy, busy, answer(200, "a")], 0, b"a"),
            ("does not", [busy], 0, b"busy"),
            ("breaks off", [answer(raw=b""), answer(200, "a")], 0, b"a"),
            ("never comes", [answer(raw=b"")], 3, b""),
            ("is not found", [answer(404, "none"), answer(200, "a")], 0, b"none")):
        server.on("/a", *answers)
        got = client.get(*words, server.url + "/a", "--no-cache")
        report.equal(name, (got.status, got.out), (status, text))
    server.on("/a", busy, answer(200, "a"))
    report.equal("what is stored is not asked", client.get(*words, server.url + "/a").out, b"a")
    server.on("/a", busy, answer(200, "a"))
    got = client.get(*words, server.url + "/a", "-o", "f", "--no-cache")
    report.equal("a file", (got.status, (folder / "f").read_text(), client.names()), (0, "a", ["f"]))
    report.match("in words", got.err, r"503 Service Unavailable\n.*once more in \dms\n$")
    server.on("/a", busy)
    report.equal("--fail", client.get(*words, "-f", server.url + "/a").status, 1)
    server.forget()
    server.on("/post", answer(raw=b""))
    report.equal("POST may have been done", client.get(*words, "-d", "x", server.url + "/post").status, 3)
    report.equal("POST may have been done", len(server.asked("/post")), 1)
    server.on("/post", busy, answer(200, "posted"))
    report.equal("or was refused", client.get(*words, "-d", "x", server.url + "/post").out, b"posted")
    twice(report, server, client, words)
    report.equal("refused connections", client.get(*words, "http://127.0.0.1:1/").err.count("once more"), 2)
    server.on("/after", answer(429, "", Retry_After="1000"))
    process = client.start("--retry", "1", server.url + "/after")
    lines = [process.stderr.readline(), process.stderr.readline()]
    process.terminate()
    process.communicate(timeout=DEADLINE)
    report.match("Retry-After", lines[1].decode(), r"once more in (10\d\ds|1[78]m)\n")
    report.equal("is waited for", len(server.asked("/after")), 1)
    # C-8470-5.2-2: what was too early is sent again, at once and without being told to.
    server.on("/early", answer(425, "early"), answer(200, "in time"))
    report.equal("425", client.get(server.url + "/early").out, b"in time")
    server.on("/early", answer(425, "early"))
    report.equal("425, always", client.get(server.url + "/early").out, b"early")
    report.equal("425, stored", client.told("--offline", server.url + "/early")["http_code"], 504)


def twice(report, server, client, words):
    """C-9110-9.2.2-3: what may have been done is not done again where that makes a difference."""
    words = [*words, "--no-cache", "-d", "x"]
    rows = [("to nowhere", [answer(303, Location="http://127.0.0.1:1/")], 3, 1),
            ("to an error", [answer(303, Location="/error")], 0, 1),
            ("to one that is busy", [answer(303, Location="/busy")], 0, 1),
            ("to nowhere, as it is", [answer(307, Location="http://127.0.0.1:1/")], 3, 1)]
    rows += [(f"{status}", [answer(status, "it")], 0, 1) for status in (500, 502, 504)]
    rows += [(f"{status}", [answer(status, "it"), answer(200, "it")], 0, 2) for status in (408, 429, 503)]
    server.on("/error", answer(500, "it"))
    server.on("/busy", answer(503, "it"))
    for name, answers, status, count in rows:
        server.forget()
        server.on("/do", *answers)
        got = client.get("-L", *words, server.url + "/do")
        report.equal(f"POST, {name}", (got.status, got.out, len(server.asked("/do"))),
                     (status, b"" if status else b"it", count))
    server.on("/do", answer(500, "it"))
    report.equal("POST, --fail", client.get("-f", *words, server.url + "/do").status, 1)
    report.equal("POST, refused", client.get(*words, "http://127.0.0.1:1/").err.count("once more"), 2)
    server.forget()
    server.on("/do", answer(303, Location="/error"))
    client.get("-L", *words, "-X", "PUT", server.url + "/do")
    report.equal("PUT", len(server.asked("/do")), 3)


# ---- what gets away ----

@stage
def secrets(report, server, client, folder):
    server.on("/p", answer(200, "p", Cache_Control="max-age=600"))
    url = server.url.replace("://", "://ann:s3cret@") + "/p"
    for words in ([], ["-u", "ann:s3cret"], ["-b", "a=s3cret"], ["-H", "Authorization: s3cret"]):
        client.get(*words, url if not words else server.url + "/p")
    files_with = subprocess.run(["grep", "-rl", "s3cret", folder], stdout=subprocess.PIPE, check=False).stdout
    report.equal("no secret is in the cache", files_with, b"")
    got = client.get("-f", server.url.replace("://", "://ann:s3cret@") + "/none")
    report.check("nor in what is said", "s3cret" not in got.err, got.err)
    with Scripted() as other:
        seen = []
        other.on("/x", lambda r: seen.append(r) or answer(200, "x"))
        server.on("/away", answer(302, Location=other.url.replace("://", "://you:too@") + "/x"))
        server.on("/off", answer(307, Location=other.url + "/x"))
        report.equal("userinfo in a redirect", client.get("-L", server.url + "/away").status, 3)
        client.get("-L", "-u", "ann:s3cret", "-b", "a=b", "-e", "http://from/", "-H", "Host: virtual",
                   "-H", "Origin: http://from", server.url + "/off")
        report.equal("what stays behind", [seen[0].get(name) for name in
                                           ("Authorization", "Cookie", "Referer", "Origin")], [None] * 4)
        report.equal("another host", seen[0].get("Host"), other.url.split("//")[1])


@stage
def servers(report, server, client, folder):
    """What came from another server than its URL says is not there for who asks the right one."""
    server.on("/a", lambda r: answer(200, r.get("Host"), Cache_Control="max-age=600", Vary="X"))
    usual = server.url.removeprefix("http://")
    texts = [client.get(*words, server.url + "/a").out.decode() for words in
             (["-H", "Host: virtual"], [], ["-H", "Host: virtual"], ["-H", f"Host: {usual}"], ["-H", "Host: two"])]
    report.equal("Host", (texts, len(server.asked("/a"))), (["virtual", usual, "virtual", usual, "two"], 3))
    server.forget()
    url = f"http://localhost:{server.port}/a"
    there = ["--resolve", f"localhost:{server.port}:127.0.0.1"]
    for words in (there, [], there, []):
        client.get(*words, url)
    report.equal("--resolve", len(server.asked("/a")), 2)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1"], cwd=folder, check=True, capture_output=True)
    with Scripted((folder / "cert.pem", folder / "key.pem")) as secure:
        secure.on("/s", answer(200, "s", Cache_Control="max-age=600"))
        got = [client.get(*words, secure.url + "/s").status for words in
               (["-k"], ["-k"], [], ["--cacert", "cert.pem"], ["--cacert", "cert.pem"], [])]
        report.equal("trust", (got, len(secure.asked("/s"))), ([0, 0, 3, 0, 0, 3], 2))


@stage
def children(report, server, client, _folder):
    """A command that --watch runs finds signals as they are: a file too large ends it."""
    server.on("/w", answer(200, "w"))
    got = client.get("--watch", "1ms", "--polls", "1", server.url + "/w", "--run",
                     "grep SigIgn /proc/self/status")
    report.equal("nothing is ignored", got.out.split(), [b"SigIgn:", b"0" * 16])
    report.check("the program", os.access(program(), os.X_OK))


@stage
def manual(report, server, client, _folder):
    """What there is stands in the manual page, and the other way round."""
    server.on("/a", answer(200, "a"))
    page = (ROOT / "man/stet-get.1.scd").read_text()
    there = set(re.findall(r"^  .{3} --([a-z-]+)", client.get("--help").out.decode(), re.M)) - {"help"}
    report.equal("options", set(re.findall(r"\*--([a-z-]+)\*", page)), there)
    variables = set(client.told(server.url + "/a"))
    described = page[page.index("object of all variables"):page.index("*errormsg*") + 10]
    report.equal("variables", set(re.findall(r"\*([a-z_]+)\*", described)), variables)
    for status in (0, 1, 2, 3, 10):
        report.match(f"exit status {status}", page[page.index("# EXIT STATUS"):], rf"\b{status}\b")


sys.exit(run(manual, fields, content, urls, password, heads, files, patience, retries, secrets, servers, children))
