#!/usr/bin/env python3
"""test/client/get_stories.py [TEST...]: stet get over several answers: breaks and their rest,
redirects, groups, watching.
"""
import gzip
import hashlib
import itertools
import os
import shutil
import signal
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from getting import mark, stage  # noqa: E402
from harness import DEADLINE, ROOT, eventually, prose, run, write  # noqa: E402
from scripted import Scripted, answer, file_of  # noqa: E402


# ---- breaks ----

@stage
def continued(report, server, client, folder):
    text = prose(400000)
    for name, words in (("cached", []), ("not cached", ["--no-cache"])):
        server.forget()
        server.on("/f", file_of(text, '"v1"', cut=123456), file_of(text, '"v1"'))
        got = client.get(*words, server.url + "/f", "-o", "f", "-w", "%{num_continuations}")
        report.equal(f"{name}: all of it", ((folder / "f").read_bytes() == text, got.status, got.out),
                     (True, 0, b"1"))
        asked = server.asked("/f")[1]
        report.match(f"{name}: the rest", asked.get("Range", ""), r"^bytes=123456-")
        report.equal(f"{name}: of this version", asked.get("If-Range"), '"v1"')
        (folder / "f").unlink()
        server.on("/o", file_of(text, '"v1"', cut=123456), file_of(text, '"v1"'))
        report.equal(f"{name}: to standard output", client.get(*words, server.url + "/o").out == text, True)
        # Another version in between: never both.
        server.on("/g", file_of(text, '"v1"', cut=1000), file_of(text[::-1], '"v2"'))
        got = client.get(*words, server.url + "/g", "-o", "g")
        report.equal(f"{name}: another version", (got.status, (folder / "g").read_bytes() == text[::-1]), (0, True))
        server.on("/h", file_of(text, '"v1"', cut=1000), file_of(text[::-1], '"v2"'))
        got = client.get(*words, server.url + "/h")
        report.equal(f"{name}: what is written is written", (got.status, got.out == text[:1000]), (3, True))
        report.match(f"{name}: in words", got.err, "changed while it was being fetched")
        (folder / "g").unlink()

    coded = gzip.compress(text)
    server.on("/z", file_of(coded, '"z"', cut=5000, Content_Encoding="gzip"),
              file_of(coded, '"z"', Content_Encoding="gzip"))
    report.equal("in a coding", client.get("--no-cache", server.url + "/z").out == text, True)
    for name, one, two in (
            ("a weak tag", answer(200, text, cut=99, ETag='W/"1"'), answer(200, text, ETag='W/"1"')),
            ("no tag", answer(200, text, cut=99), answer(200, text)),
            ("a 206 of something else", answer(200, text, cut=99, ETag='"1"'),
             answer(206, text[99:], ETag='"2"', Content_Range=f"bytes 99-399999/400000")),
            ("a 206 from elsewhere", answer(200, text, cut=99, ETag='"1"'),
             answer(206, text[98:], ETag='"1"', Content_Range=f"bytes 98-399999/400000"))):
        server.on("/w", one, two)
        got = client.get("--no-cache", server.url + "/w")
        report.equal(name, (got.status, got.out == text[:99]), (3, True))
    # C-9110-13.1.5-1: If-Range goes with Range and a strong tag, or not at all.
    report.equal("If-Range", [r.target for r in server.asked() if r.get("If-Range") and
                              (not r.get("Range") or r.get("If-Range").startswith("W/"))], [])
    report.equal("of a weak tag nothing is asked", {r.get("Range") for r in server.asked("/w")
                                                    if r.get("If-Range") not in ('"1"', '"2"')}, {None})
    server.on("/never", answer(200, text, cut=99, ETag='"1"'), answer(raw=b""))
    report.equal("the rest never comes", client.get("--no-cache", server.url + "/never").status, 3)
    report.check("and is not asked for forever", len(server.asked("/never")) <= 8,
                 len(server.asked("/never")))


@stage
def resumed(report, server, client, folder):
    text = prose(3 << 20)
    url, words = server.url + "/f", ["--no-cache", "-o", "f"]

    def broken():
        server.on("/f", answer(200, text, cut=2000000, ETag='"v1"'), answer(raw=b""))
        report.equal("broken off", client.get(*words, url).status, 3)
        report.equal("kept beside", client.names(), [".f.stet-part", ".f.stet-tag"])
        server.forget()

    broken()
    server.on("/f", file_of(text, '"v1"'))
    got = client.get(*words, url, "-w", "%{size_download}")
    report.equal("the rest", (got.status, (folder / "f").read_bytes() == text, int(got.out)),
                 (0, True, len(text) - 2000000))
    report.equal("asked", [(r.get("Range"), r.get("If-Range")) for r in server.asked()],
                 [("bytes=2000000-", '"v1"')])
    report.equal("nothing is left", client.names(), ["f"])

    (folder / "f").unlink()
    broken()
    server.on("/f", file_of(text[::-1], '"v2"'))
    got = client.get(*words, url)
    report.equal("another version", (got.status, (folder / "f").read_bytes() == text[::-1]), (0, True))
    report.equal("nothing is left", client.names(), ["f"])

    (folder / "f").unlink()
    broken()
    server.on("/f", file_of(text, '"v1"', Cache_Control="max-age=600"))
    got = client.get("--offline", "-o", "f", url)
    report.equal("offline nothing is asked", (got.status, len(server.asked())), (3, 0))
    report.equal("and the part stays", client.names(), [".f.stet-part", ".f.stet-tag"])
    client.get(url)
    for mode in (["--offline"], []):
        if not mode:
            broken()
            server.on("/f", file_of(text, '"v1"', Cache_Control="max-age=600"))
        server.forget()
        report.equal(f"{mode}: what is stored", (client.get(*mode, "-o", "f", url).status, len(server.asked()),
                                                 (folder / "f").read_bytes() == text), (0, 0, True))
        report.equal(f"{mode}: nothing is left", client.names(), ["f"])
        (folder / "f").unlink()

    broken()
    server.on("/g", file_of(b"other", '"v1"'))
    client.get("--no-cache", "-o", "f", server.url + "/g")
    report.equal("another URL", (server.asked()[0].get("Range"), (folder / "f").read_bytes()),
                 (None, b"other"))

    (folder / "f").unlink()
    broken()
    write(folder / "f", "old")
    server.on("/f", file_of(b"old", '"v0"'))
    got = client.get(*words, url)
    report.equal("what is there already", (got.status, (folder / "f").read_bytes()), (0, b"old"))
    report.equal("nothing is left", client.names(), ["f"])

    (folder / "f").unlink()
    broken()
    write(folder / ".f.stet-part", text)  # as long as the whole
    server.on("/f", file_of(text, '"v1"'))
    report.equal("416", (client.get(*words, url).status, (folder / "f").read_bytes() == text),
                 (0, True))
    broken_tag = folder / ".f.stet-tag"
    (folder / "f").unlink()
    write(folder / ".f.stet-part", "half")
    write(broken_tag, f'{url}\nW/"v1"\n')
    report.equal("no strong tag", (client.get(*words, url).status,
                                   (folder / "f").read_bytes() == text), (0, True))

    # Killed in the middle.
    (folder / "f").unlink()
    big = text * 16
    server.on("/f", answer(200, big, ETag='"big"'))
    process = client.start(*words, url)
    tag = folder / ".f.stet-tag"
    killed = eventually(lambda: tag.exists() or process.poll() is not None)
    process.kill()
    process.communicate()
    if killed and tag.exists():
        held = (folder / ".f.stet-part").stat().st_size
        server.forget()
        server.on("/f", file_of(big, '"big"'))
        report.equal("after kill -9", (client.get(*words, url).status,
                                       (folder / "f").read_bytes() == big), (0, True))
        report.equal("only the rest", server.asked()[0].get("Range"), f"bytes={held}-")
    else:
        report.skip("after kill -9", "it was done before it was killed")


@stage
def two_at_once(report, server, client, folder):
    """Two processes and one file: neither leaves anything, killed or not."""
    text, rest, begun = prose(3 << 20), threading.Event(), threading.Semaphore(0)

    def slowly(_request):
        begun.release()
        return answer(200, text, ETag='"v"', cut=2 << 20, wait=rest)
    words = ["--no-cache", "-o", "f", server.url + "/f"]
    server.on("/f", slowly)
    both = [client.start(*words), client.start(*words)]
    report.check("both have begun", all(begun.acquire(timeout=DEADLINE) for _ in both))
    report.check("one has the part", eventually((folder / ".f.stet-tag").exists))
    for process in both:
        process.kill()
        process.communicate()
    rest.set()
    report.check("the part is left", set(client.names()) <= {".f.stet-part", ".f.stet-tag"}, client.names())
    server.on("/f", file_of(text, '"v"'))
    both = [client.start(*words) for _ in range(4)]
    report.equal("all are well", [process.wait(DEADLINE) for process in both], [0] * 4)
    for process in both:
        process.communicate()
    report.equal("the file alone", (client.names(), (folder / "f").read_bytes() == text), (["f"], True))


@stage
def removed(report, server, client, folder):
    """The cache is removed by hand while --watch runs: it is made anew. (What was validated just then
    is asked for once more.)"""
    def react(request):
        if len(server.asked("/w")) == 3:
            shutil.rmtree(folder / "caches")
        return file_of(b"text", '"v"', Cache_Control="no-cache")(request)
    server.on("/w", react)
    report.equal("goes on", client.get("--watch", "1ms", "--polls", "6", server.url + "/w").out, b"text")
    report.equal("with conditions", [r.get("If-None-Match") for r in server.asked("/w")],
                 [None, '"v"', '"v"', None, None, '"v"', '"v"'])


# ---- redirects ----

@stage
def redirects(report, server, client, _folder):
    server.on("/to", lambda r: answer(200, f"{r.method} {r.content.decode()}"))
    rows = [(301, "GET", "GET "), (302, "GET", "GET "), (303, "GET", "GET "), (307, "GET", "GET "),
            (308, "GET", "GET "), (301, "POST", "GET "), (302, "POST", "GET "),
            (303, "POST", "GET "), (307, "POST", "POST x"), (308, "POST", "POST x"),
            (301, "PUT", "PUT x"), (302, "PUT", "PUT x"), (303, "PUT", "GET ")]
    for status, method, wanted in rows:
        server.on("/from", answer(status, "", Location="to"))
        words = ["-d", "x"] if method != "GET" else []
        got = client.get("-L", "-X", method, *words, server.url + "/from")
        report.equal(f"{status} {method}", got.out.decode(), wanted)
        report.equal(f"{status} {method}: type", server.asked("/to")[-1].get("Content-Type") is not None,
                     wanted.endswith("x"))
    server.on("/from", answer(302, "here", Location="/to"))
    got = client.get(server.url + "/from", "-w", "%{http_code} %{redirect_url}")
    report.equal("not followed", got.out.decode(), f"here302 {server.url}/to")
    server.on("/loop", answer(302, Location="/loop"))
    got = client.get("-L", server.url + "/loop")
    report.equal("loop", (got.status, len(server.asked("/loop"))), (3, 21))
    report.match("loop", got.err, "redirected too often")
    server.forget()
    report.equal("--max-redirs", client.get("-L", "--max-redirs", "2", server.url + "/loop").status, 3)
    report.equal("--max-redirs", len(server.asked("/loop")), 3)
    server.forget()
    report.equal("--max-redirs 0", client.get("-L", "--max-redirs", "0", server.url + "/loop").status, 3)
    report.equal("--max-redirs 0", len(server.asked("/loop")), 1)
    server.on("/off", answer(302, Location="file:///etc/passwd"))
    report.equal("to a file", client.get("-L", server.url + "/off").status, 3)
    # C-9110-15.4-1: conditions that the cache has added are of what they were added for.
    server.forget()
    server.on("/tagged", answer(302, Location="/end", ETag='"r"', Cache_Control="max-age=0"),
              answer(304, ETag='"r"'))
    server.on("/end", file_of(b"end", '"e"', Cache_Control="no-cache"))
    for _ in range(2):
        report.equal("through a stored redirect", client.get("-L", server.url + "/tagged").out, b"end")
    report.equal("conditions", [r.get("If-None-Match") for r in server.asked()], [None, None, '"r"', '"e"'])
    client.get("-L", "-H", 'If-None-Match: "mine"', server.url + "/from", "--no-cache")
    report.equal("the user's go on", server.asked("/to")[-1].get("If-None-Match"), '"mine"')
    # C-10008-2.5-1, C-9110-15.4.8-1: QUERY keeps its method and content but for 303.
    for status, wanted in ((301, "QUERY q"), (302, "QUERY q"), (303, "GET "), (307, "QUERY q"), (308, "QUERY q")):
        server.on("/from", answer(status, "", Location="/to"))
        got = client.get("-L", "-X", "QUERY", "-d", "q", server.url + "/from")
        report.equal(f"{status} QUERY", got.out.decode(), wanted)
    server.on("/moved", answer(301, Location="/to", Cache_Control="max-age=600"))
    client.get("-L", server.url + "/moved")
    client.get("-L", server.url + "/moved")
    report.equal("stored", len(server.asked("/moved")), 1)

    with Scripted() as other:
        other.on("/there", lambda r: answer(200, f"{r.get('Authorization')} {r.get('Cookie')} {r.get('X-Other')}"))
        secret = ["-u", "a:b", "-H", "Cookie: c=d", "-H", "X-Other: e"]
        server.on("/away", answer(302, Location=other.url + "/there"))
        got = client.get("-L", *secret, server.url + "/away")
        report.equal("to another origin", got.out, b"None None e")
        server.on("/near", answer(302, Location="/near2"))
        server.on("/near2", lambda r: answer(200, f"{r.get('Authorization', '')[:5]} {r.get('Cookie')}"))
        report.equal("to the same one", client.get("-L", *secret, server.url + "/near").out, b"Basic c=d")
        other.on("/back", answer(302, Location=server.url + "/near2"))
        server.on("/away", answer(302, Location=other.url + "/back"))
        report.equal("and back: they stay away", client.get("-L", *secret, server.url + "/away").out, b" None")


# ---- groups ----

def release(**files):
    lines = [f" {hashlib.sha256(text.encode()).hexdigest()} {len(text)} {name}" for name, text in files.items()]
    return "Origin: test\nMD5Sum:\n 0 0 a\nSHA256:\n" + "\n".join(lines) + "\nDate: now\n"


@stage
def groups(report, server, client, folder):
    write(folder / "list", f"""# a repository
{server.url}/Release Release
{server.url}/a main/a in Release a
{server.url}/b main/b in Release b   # the second
""")
    words = ["--group", "list", "--output-dir", "out", "--pause", "1ms"]
    target = folder / "out"

    def put(a, b, **settings):
        server.on("/Release", answer(200, release(a=a, b=b), Cache_Control="no-cache"))
        server.on("/a", answer(200, settings.get("served", a), Cache_Control="no-cache"))
        server.on("/b", answer(200, b, Cache_Control="no-cache"))

    def there():
        return {str(p.relative_to(target)): p.read_text() for p in target.rglob("*") if p.is_file()}

    put("one", "two")
    report.equal("fits", client.get(*words, "--changed").status, 0)
    report.equal("is there", there(), {"Release": release(a="one", b="two"), "main/a": "one", "main/b": "two"})
    before = {p: mark(p) for p in [target, *target.rglob("*")]}
    report.equal("again", client.get(*words, "--changed").status, 10)
    report.equal("untouched", {p: mark(p) for p in [target, *target.rglob("*")]}, before)

    # Changes between its members, and fits at the third look.
    put("ONE", "two")
    server.on("/a", answer(200, "one"), answer(200, "one"), answer(200, "ONE"))
    server.forget()
    report.equal("in the end", client.get(*words).status, 0)
    report.equal("new", (there()["main/a"], len(server.asked("/a"))), ("ONE", 3))
    report.equal("what has not changed is the old file", mark(target / "main/b"), before[target / "main/b"])

    before = {p: mark(p) for p in [target, *target.rglob("*")]}
    put("never", "two", served="other")
    got = client.get(*words, "--attempts", "2")
    report.equal("does not fit", got.status, 1)
    report.match("in words", got.err, "do not fit together: main/a has another")
    server.on("/a", answer(404))
    report.equal("is not there", client.get(*words, "--attempts", "2").status, 1)
    server.on("/a", answer(raw=b""))
    report.equal("breaks off", client.get(*words, "--attempts", "2").status, 3)
    report.equal("untouched", {p: mark(p) for p in [target, *target.rglob("*")]}, before)
    put("ONE", "two")
    write(target / "mine", "precious")
    got = client.get(*words)
    report.equal("a file of somebody's", (got.status, (target / "mine").read_text()), (1, "precious"))
    report.match("in words", got.err, "mine is no member of the group")
    report.equal("nothing beside", client.names(), ["list", "out"])

    for text, why in (("http://x/ ../y", "line 1"), ("\nhttp://x/", "line 2"), ("http://x/ a in b c", "index"),
                      ("http://x/ a\nhttp://y/ a", "two members"), ("# nothing", "no members"),
                      ("http://x/ /a", "relative")):
        write(folder / "bad", text)
        got = client.get("--group", "bad", "--output-dir", "out2")
        report.equal(f"{text!r}", (got.status, os.path.exists(folder / "out2")), (2, False))
        report.match(f"{text!r}", got.err, why)


@stage
def groups_of_one_version(report, server, client, folder):
    write(folder / "list", f"{server.url}/x x\n{server.url}/y y\n")
    words = ["--group", "list", "--output-dir", "out", "--pause", "1ms"]
    server.on("/x", file_of(b"x1", '"1"'))
    server.on("/y", file_of(b"y1", '"1"'))
    report.equal("fits", client.get(*words).status, 0)
    report.equal("asked twice", [r.get("If-None-Match") for r in server.asked("/x")], [None, '"1"'])
    # x changes after y was fetched: y belongs to the new x.
    server.forget()
    server.on("/x", file_of(b"x1", '"1"'), file_of(b"x2", '"2"'))
    server.on("/y", file_of(b"y2", '"2"'))
    report.equal("fits later", client.get(*words).status, 0)
    report.equal("both new", ((folder / "out/x").read_bytes(), (folder / "out/y").read_bytes()), (b"x2", b"y2"))
    report.equal("asked three times", len(server.asked("/x")), 3)
    number = iter(range(1000))
    server.on("/x", lambda r: answer(200, f"x{next(number)}"))
    got = client.get(*words, "--attempts", "3")
    report.equal("never the same", (got.status, (folder / "out/x").read_bytes()), (1, b"x2"))
    report.match("in words", got.err, "x changed in the meantime")


@stage
def groups_without_parts(report, server, client, folder):
    """A member breaks off as another version, which then is withdrawn: nothing of it is left."""
    write(folder / "list", f"{server.url}/x x\n{server.url}/y y\n")
    words = ["--group", "list", "--output-dir", "out", "--pause", "1ms", "--attempts", "9"]
    broken = itertools.repeat(answer(raw=b""), 6)

    def react(request):
        number = len(server.asked("/x"))
        if number == 2:
            return answer(200, prose(300000), cut=200000, ETag='"2"', Cache_Control="no-store")
        return (next(broken, None) if number > 2 else None) or file_of(b"x1", '"1"', Cache_Control="no-store")(request)
    server.on("/x", react)
    server.on("/y", file_of(b"y1", '"1"', Cache_Control="no-store"))
    for _ in range(2):
        got = client.get(*words)
        report.equal("fits", got.status, 0)
        report.equal("members alone", sorted(os.listdir(folder / "out")), ["x", "y"])
    report.check("the rest was asked for", any(r.get("If-Range") == '"2"' for r in server.asked("/x")))


@stage
def manual_group(report, server, client, folder):
    """The example of the manual page."""
    page = (ROOT / "man/stet-get.1.scd").read_text()
    text = page[page.index("_debian.list_:"):page.index("(The second member")]
    lines = [line.strip().removesuffix("++") for line in text.splitlines()[1:] if line.strip()]
    lines = [lines[0], " ".join(lines[1:])]
    write(folder / "debian.list", "\n".join(lines).replace("https://example.org", server.url) + "\n")
    packages = "Package: stet\n"
    listed = release(**{"main/binary-amd64/Packages.xz": packages})
    server.on("/debian/dists/stable/Release", answer(200, listed))
    server.on("/debian/dists/stable/main/binary-amd64/Packages.xz", answer(200, packages))
    got = client.get("--group", "debian.list", "--output-dir", "lists")
    report.equal("fits", (got.status, got.err), (0, ""))
    report.equal("is there", [(folder / "lists" / name).read_text() for name in ("Release", "Packages.xz")],
                 [listed, packages])


# ---- watching ----

@stage
def watched(report, server, client, folder):
    words = ["--watch", "1ms", "--polls"]
    server.on("/w", *[file_of(text, f'"{tag}"', Cache_Control="no-cache")
                      for tag, text in ((1, b"a;"), (1, b"a;"), (2, b"b;"), (2, b"b;"), (3, b"a;"))])
    got = client.get(*words, "5", server.url + "/w")
    report.equal("prints changes", (got.status, got.out), (0, b"a;b;a;"))
    report.equal("asks with conditions", [r.get("If-None-Match") for r in server.asked("/w")],
                 [None, '"1"', '"1"', '"2"', '"2"'])
    server.on("/w", answer(200, "a"), answer(503, "busy"), answer(raw=b""), answer(200, "a"), answer(200, "b"))
    got = client.get(*words, "5", "--no-cache", server.url + "/w", "--run", "cat; echo \" $STET_URL\"")
    report.equal("runs a command", got.out.decode(), f"a {server.url}/w\nb {server.url}/w\n")
    report.match("tells of failures", got.err, "503")
    server.on("/w", answer(200, "1"), answer(200, "1"), answer(200, "2"))
    got = client.get(*words, "3", "-o", "file", server.url + "/w", "--run", "echo $STET_FILE; cat file -; echo")
    report.equal("a file", got.out.decode(), "file\n11\nfile\n22\n")
    server.on("/busy", answer(200, "fresh", Cache_Control="max-age=1000"))
    process = client.start("--watch", "1ms", server.url + "/busy")
    report.equal("begins", process.stdout.read(5), b"fresh")
    process.terminate()
    process.communicate(timeout=DEADLINE)
    report.equal("ends when asked to", (process.returncode, len(server.asked("/busy"))), (0, 1))
    server.on("/later", answer(503, "", Retry_After="1000"), answer(200, "never"))
    process = client.start("--watch", "1ms", server.url + "/later")
    report.match("waits as it is told to", process.stderr.readline().decode(), "503")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=DEADLINE)
    report.equal("ends when asked to", (process.returncode, len(server.asked("/later"))), (0, 1))


@stage
def stopped(report, server, client, folder):
    """A signal ends it as it ends others, and what has come is kept."""
    text, rest = prose(3 << 20), threading.Event()

    def slowly(request):
        if request.get("Range"):
            return file_of(text, '"v"')(request)
        return answer(200, text, ETag='"v"', cut=2 << 20, wait=rest)
    server.on("/f", slowly)
    for number in (signal.SIGINT, signal.SIGTERM):
        process = client.start("--no-cache", "-o", "f", server.url + "/f")
        report.check("it has begun", eventually((folder / ".f.stet-tag").exists))
        process.send_signal(number)
        process.communicate(timeout=DEADLINE)
        report.equal(f"signal {number}", process.returncode, -number)
        server.forget()
        report.equal("goes on", client.get("--no-cache", "-o", "f", server.url + "/f").status, 0)
        report.check("with the rest", int((server.asked()[0].get("Range") or "=0").strip("bytes=-")) > 0)
        report.equal("all of it", (folder / "f").read_bytes() == text, True)
        (folder / "f").unlink()
    rest.set()


sys.exit(run(continued, resumed, two_at_once, removed, redirects, groups, groups_of_one_version,
             groups_without_parts, manual_group, watched, stopped))
