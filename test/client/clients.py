#!/usr/bin/env python3
"""clients.py [TEST...]: curl and wget as people use them, against a running stet serve"""
import hashlib
import os
import subprocess
import sys

from harness import DEADLINE, Server, eventually, place, prose, run, write

DATA = b"2 3 5 7 11 13 17 19 23 29\n" * 40  # 1,040 octets
LARGE = 24 << 20


class Curl:
    """One run of curl: status, fields by lower-case name, content, exit status."""

    def __init__(self, folder, *arguments, output="body"):
        head = folder / "head"
        done = subprocess.run(
            ["curl", "-sS", "-D", head, "-o", folder / output, "--max-time", str(DEADLINE),
             "-w", "%{http_code} %{num_connects} %{size_download} %{http_version}", *arguments],
            cwd=folder, capture_output=True, text=True, check=False)
        status, connects, size, self.version = done.stdout.split()
        self.status, self.connects, self.size = int(status), int(connects), int(size)
        self.exit, self.complaint = done.returncode, done.stderr
        self.content = (folder / output).read_bytes() if (folder / output).exists() else b""
        last = head.read_text(encoding="latin-1").strip().split("\n\n")[-1] if head.exists() else ""
        self.fields = {name.lower(): value.strip() for name, _, value in
                       (line.partition(":") for line in last.splitlines()[1:])}

    def get(self, name):
        return self.fields.get(name.lower())


def noise(size):
    """Octets that do not repeat, made fast."""
    out = bytearray()
    for number in range((size + 31) // 32):
        out += hashlib.sha256(number.to_bytes(8, "big")).digest()
    return bytes(out[:size])


def site(folder):
    """A small tree; returns its root."""
    root = folder / "site"
    write(root / "index.html", '<!doctype html><title>t</title><a href="a/">a</a> '
          '<a href="text.txt">text</a> <img src="pixel.png">\n')
    write(root / "a/index.html", '<!doctype html><title>a</title><a href="deep.html">deep</a>\n')
    write(root / "a/deep.html", "<!doctype html><title>deep</title>bottom\n")
    write(root / "text.txt", prose(20000))
    write(root / "data.bin", DATA)
    write(root / "pixel.png", noise(300))
    return root


def curl_plain(report):
    """200, HEAD, redirect, 404, unknown methods, and what stands in the heads"""
    with place() as folder, Server(report, site(folder)) as server:
        whole = Curl(folder, f"{server.url}/text.txt")
        report.equal("200", (whole.status, whole.content), (200, prose(20000)))
        for name, value in (("content-type", "text/plain; charset=utf-8"),
                            ("cache-control", "no-cache"), ("accept-ranges", "bytes"),
                            ("x-content-type-options", "nosniff"), ("content-length", "20000")):
            report.equal(name, whole.get(name), value)
        head = Curl(folder, "-I", f"{server.url}/text.txt")
        unlike = {name for name in {**whole.fields, **head.fields}
                  if whole.get(name) != head.get(name)} - {"date"}
        if report.equal("HEAD has the fields of GET", unlike - {"etag"}, set()):
            report.equal("and its tag", head.get("etag").removeprefix("W/"),
                         whole.get("etag").removeprefix("W/"))
        moved = Curl(folder, f"{server.url}/a?q=1")
        report.equal("a directory without its slash", (moved.status, moved.get("location")),
                     (301, "/a/?q=1"))
        there = Curl(folder, "-L", f"{server.url}/a")
        report.equal("and where it leads", (there.status, there.content),
                     (200, (folder / "site/a/index.html").read_bytes()))
        report.equal("404", Curl(folder, f"{server.url}/none").status, 404)
        report.equal("out of the tree", Curl(folder, "--path-as-is",
                                             f"{server.url}/a/../../etc/passwd").status in
                     (400, 404), True)
        report.equal("HTTP/1.0", Curl(folder, "--http1.0", f"{server.url}/data.bin").content, DATA)
        report.equal("an upgrade to HTTP/2 is not taken up",
                     Curl(folder, "--http2", f"{server.url}/data.bin").content, DATA)


def curl_methods(report):
    """what a directory does not do, without making curl wait"""
    with place() as folder, Server(report, site(folder)) as server:
        url = f"{server.url}/data.bin"
        options = Curl(folder, "-X", "OPTIONS", url)
        report.equal("OPTIONS", (options.status, options.get("allow")), (204, "GET, HEAD, OPTIONS"))
        deleted = Curl(folder, "-X", "DELETE", url)
        report.equal("DELETE", (deleted.status, deleted.get("allow")), (405, "GET, HEAD, OPTIONS"))
        report.equal("an unknown method", Curl(folder, "-X", "BREW", url).status, 501)
        upload = write(folder / "up", prose(300000))
        put = Curl(folder, "-T", str(upload), url)
        report.equal("an upload", put.status, 405)
        posted = Curl(folder, "--data-binary", f"@{upload}", url, "--next", "-sS", "-o", "second",
                      url)
        report.check("a POST and a GET in one run", (folder / "second").read_bytes() == DATA,
                     posted.complaint)
        chunked = Curl(folder, "-H", "Transfer-Encoding: chunked", "-d", "a=b", url, "--next",
                       "-sS", "-o", "third", "-w", "%{num_connects}", url)
        report.equal("after a chunked one", (folder / "third").read_bytes(), DATA)
        report.check("which used the same connection", chunked.version.endswith("0"),
                     chunked.version)


def curl_revalidation(report):
    """--etag-save and --etag-compare, and dates"""
    with place() as folder, Server(report, site(folder)) as server:
        url, etag = f"{server.url}/text.txt", folder / "etag"
        first = Curl(folder, "--etag-save", etag, url)
        report.equal("the tag is saved", etag.read_text(encoding="ascii").strip(),
                     first.get("etag"))
        again = Curl(folder, "--etag-compare", etag, url, output="again")
        report.equal("304 to the tag of a new file", (again.status, again.size), (304, 0))
        date = Curl(folder, "-z", first.get("last-modified"), url, output="date")
        report.equal("304 to the date", (date.status, date.size), (304, 0))
        early = Curl(folder, "-z", "1 Jan 2001", url, output="early")
        report.equal("200 to an early date", (early.status, early.size), (200, 20000))
        report.equal("412: unmodified since an early date",
                     Curl(folder, "-z", "-1 Jan 2001", url, output="since").status, 412)
        server.settle("/text.txt")
        Curl(folder, "--etag-save", etag, url)
        report.match("a strong tag by now", etag.read_text(encoding="ascii"), '^"')
        for name, extra in (("GET", []), ("HEAD", ["-I"]), ("a range", ["-r", "0-99"])):
            answer = Curl(folder, "--etag-compare", etag, *extra, url, output="strong")
            report.equal(f"304 to {name}", (answer.status, answer.size), (304, 0))
        write(folder / "site/text.txt", prose(20000, 2))
        changed = Curl(folder, "--etag-compare", etag, "--etag-save", etag, url, output="changed")
        report.equal("200 after an edit", (changed.status, changed.content), (200, prose(20000, 2)))
        report.check("with another tag", changed.get("etag") != first.get("etag"))
        report.equal("and then 304", Curl(folder, "--etag-compare", etag, url,
                                          output="last").status, 304)


def curl_codings(report):
    """--compressed, a coding at a time; each coding has its own tag; sidecar files"""
    with place() as folder:
        text = prose(20000)
        for name, command in (("gz", ["gzip", "-9kn"]), ("br", ["brotli", "-k"]),
                              ("zst", ["zstd", "-qk"])):
            made = write(folder / f"site/by-{name}.txt", text)
            subprocess.run([*command, made], check=True)
        write(folder / "site/text.txt", text)
        tags = {}
        with Server(report, folder / "site") as server:
            for coding, side in (("gzip", "gz"), ("br", "br"), ("zstd", "zst")):
                def ask(target, coding=coding):
                    return Curl(folder, "--compressed", "-H", f"Accept-Encoding: {coding}",
                                f"{server.url}/{target}")
                coded = eventually(lambda: (got := ask("text.txt")).get("content-encoding")
                                   and got or None) or ask("text.txt")
                report.equal(f"{coding}: coded", coded.get("content-encoding"), coding)
                report.equal(f"{coding}: decoded by curl", coded.content, text)
                report.check(f"{coding}: smaller", 0 < coded.size < 12000, coded.size)
                report.match(f"{coding}: Vary", coded.get("vary") or "", "(?i)accept-encoding")
                tags[coding] = coded.get("etag")
                same = Curl(folder, "-H", f"Accept-Encoding: {coding}", "-H",
                            f"If-None-Match: {coded.get('etag')}", f"{server.url}/text.txt",
                            output="same")
                report.equal(f"{coding}: 304 to its own tag", (same.status, same.size), (304, 0))
                report.match(f"{coding}: Vary in the 304", same.get("vary") or "",
                             "(?i)accept-encoding")
                sidecar = (folder / f"site/by-{side}.txt.{side}").read_bytes()
                raw = Curl(folder, "-H", f"Accept-Encoding: {coding}",
                           f"{server.url}/by-{side}.txt", output="raw")
                report.equal(f"{coding}: the sidecar itself",
                             (raw.get("content-encoding"), raw.content), (coding, sidecar))
            plain = Curl(folder, f"{server.url}/text.txt")
            report.equal("plain", (plain.get("content-encoding"), plain.content), (None, text))
            tags["identity"] = plain.get("etag")
            opaque = {tag.removeprefix("W/") for tag in tags.values()}
            report.equal("four different tags", len(opaque), 4)


def curl_ranges(report):
    """-r, several ranges, -C -"""
    with place() as folder, Server(report, site(folder)) as server:
        url = f"{server.url}/data.bin"
        for spec, wanted in (("0-99", DATA[:100]), ("-10", DATA[-10:]), ("1000-", DATA[1000:]),
                             ("5-5", DATA[5:6]), ("1030-9999", DATA[1030:])):
            part = Curl(folder, "-r", spec, url)
            report.equal(f"bytes={spec}", (part.status, part.content), (206, wanted))
        report.equal("Content-Range", Curl(folder, "-r", "0-99", url).get("content-range"),
                     "bytes 0-99/1040")
        several = Curl(folder, "-r", "0-9,500-509", url)
        report.match("several: type", several.get("content-type") or "",
                     "^multipart/byteranges; ?boundary=")
        report.check("several: both parts", several.status == 206 and
                     several.content.count(b"Content-Range: bytes ") == 2 and
                     b"\r\n\r\n" + DATA[500:510] + b"\r\n--" in several.content, several.content)
        beyond = Curl(folder, "-r", "2000-", url)
        report.equal("beyond the end", (beyond.status, beyond.get("content-range")),
                     (416, "bytes */1040"))
        write(folder / "part", DATA[:300])
        rest = Curl(folder, "-C", "-", url, output="part")
        report.equal("-C - goes on", (rest.status, rest.size, rest.content), (206, 740, DATA))
        over = Curl(folder, "-C", "-", url, output="part")
        report.equal("-C - on what is complete", (over.exit, over.content), (0, DATA))
        other = Curl(folder, "-r", "0-99", "-H", 'If-Range: "other"', url)
        report.equal("If-Range of another version", (other.status, other.content), (200, DATA))


def curl_large(report):
    """a large file, alone, resumed and four at a time; many files on one connection"""
    content = noise(LARGE)
    with place() as folder:
        write(folder / "site/large.bin", content)
        for number in range(50):
            write(folder / f"site/small/{number}", f"{number}\n")
        with Server(report, folder / "site") as server:
            url = f"{server.url}/large.bin"
            whole = Curl(folder, url)
            report.check("every octet", whole.content == content, whole.complaint)
            write(folder / "part", content[:LARGE // 3])
            rest = Curl(folder, "-C", "-", url, output="part")
            report.check("resumed", rest.status == 206 and rest.content == content)
            subprocess.run(["curl", "-sSZ", *(word for i in range(4) for word in
                                              ("-o", folder / f"z{i}", url))],
                           check=True, capture_output=True)
            report.check("four at a time", all((folder / f"z{i}").read_bytes() == content
                                               for i in range(4)))
            many = subprocess.run(["curl", "-sS", "-w", "%{stderr}%{num_connects}\\n",
                                   f"{server.url}/small/[0-49]"], check=True, capture_output=True)
            report.equal("50 files", many.stdout, b"".join(b"%d\n" % i for i in range(50)))
            report.equal("on one connection", many.stderr.split().count(b"1"), 1)


def wget(folder, *arguments):
    return subprocess.run(["wget", "--no-config", "--tries=1", f"--timeout={DEADLINE}",
                           "--no-proxy", *arguments], cwd=folder, capture_output=True, text=True,
                          check=False, env={**os.environ, "LC_ALL": "C", "HOME": str(folder)})


def wget_timestamps(report):
    """-N fetches once; --continue; --compression"""
    with place() as folder, Server(report, site(folder)) as server:
        url = f"{server.url}/text.txt"
        first = wget(folder, "-N", url)
        report.equal("first run", (first.returncode, (folder / "text.txt").read_bytes()),
                     (0, prose(20000)))
        second = wget(folder, "-N", "-S", url)
        report.check("second run: 304", second.returncode == 0 and "HTTP/1.1 304" in second.stderr
                     and "200 OK" not in second.stderr, second.stderr)
        write(folder / "site/text.txt", prose(20000, 2))
        third = wget(folder, "-N", "-S", url)
        report.check("after an edit in the same second: fetched", third.returncode == 0 and
                     (folder / "text.txt").read_bytes() == prose(20000, 2), third.stderr)
        write(folder / "data.bin", DATA[:400])
        rest = wget(folder, "-c", "-S", f"{server.url}/data.bin")
        report.check("--continue", "HTTP/1.1 206" in rest.stderr and
                     (folder / "data.bin").read_bytes() == DATA, rest.stderr)
        done = wget(folder, "-c", "-S", f"{server.url}/data.bin")
        report.check("--continue on what is complete", done.returncode == 0 and
                     (folder / "data.bin").read_bytes() == DATA, done.stderr)
        packed = wget(folder, "--compression=gzip", "-S", "-O", "packed", url)
        report.check("--compression=gzip", "Content-Encoding: gzip" in packed.stderr and
                     (folder / "packed").read_bytes() == prose(20000, 2), packed.stderr)


def tree(root):
    return {str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*")) if path.is_file()}


def wget_mirror(report):
    """a mirror of the tree, and a second one that fetches nothing

    A page answered 304 is a dead end for wget: without a Content-Type it does not look for links.
    Who mirrors tells it to ask with HEAD instead.
    """
    with place() as folder, Server(report, site(folder)) as server:
        arguments = ("-m", "-nH", "-P", "mirror", "-e", "robots=off", "--no-if-modified-since",
                     f"{server.url}/")
        first = wget(folder, *arguments)
        wanted = tree(folder / "site")
        del wanted["data.bin"]  # no link leads there
        if not report.check("exit status", first.returncode == 0, first.stderr[-2000:]):
            return
        report.equal("the mirror is the tree", tree(folder / "mirror"), wanted)
        fetched = " saved ["
        second = wget(folder, *arguments)
        report.equal("the second fetches nothing", second.stderr.count(fetched), 0)
        report.equal("each is as it was", second.stderr.count("not retrieving"), len(wanted))
        write(folder / "site/a/deep.html", "<!doctype html><title>deep</title>BOTTOM\n")
        third = wget(folder, *arguments)
        report.equal("the third fetches what was edited", third.stderr.count(fetched), 1)
        report.check("and has it", b"BOTTOM" in (folder / "mirror/a/deep.html").read_bytes(),
                     third.stderr)


if __name__ == "__main__":
    sys.exit(run(curl_plain, curl_methods, curl_revalidation, curl_codings, curl_ranges,
                 curl_large, wget_timestamps, wget_mirror))
