#!/usr/bin/env python3
"""peer_faults.py [--peer nginx] [TEST...]: what other servers get wrong about "has it changed?"

Each test is a fault that was measured in a widespread server. Against stet all must pass. With
--peer nginx the same requests go to Debian's nginx, to show that the tests can fail; the outcome
is in doc/notes/peer-faults.md.
"""
import contextlib
import email.utils
import os
import subprocess
import sys
import time

import harness
from harness import Server, eventually, place, prose, write

PEERS = sys.argv.pop(2) if sys.argv[1:2] == ["--peer"] else None
if PEERS:
    del sys.argv[1]
OLD = 1_600_000_000_123_456_789  # an mtime, long ago
EARLY = "Sun, 06 Nov 1994 08:49:37 GMT"
CODINGS = ("gzip", "br", "zstd")
FINGERPRINTED = "app.4f3c9a1b.js"


class Nginx(Server):
    """nginx as Debian ships it, with gzip on and nothing else changed."""

    CONFIGURATION = """daemon off; worker_processes 1; pid {folder}/pid; error_log stderr;
events {{}}
http {{
  include /etc/nginx/mime.types; access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  gzip on; gzip_types text/plain; gzip_min_length 20; gzip_vary on;
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""

    def __init__(self, report, directory, folder):
        with contextlib.closing(harness.socket.create_server(("127.0.0.1", 0))) as probe:
            self.port = probe.getsockname()[1]
        self.host, self.url = "127.0.0.1", f"http://127.0.0.1:{self.port}"
        write(folder / "nginx.conf", self.CONFIGURATION.format(
            folder=folder, root=directory, port=self.port))
        self.report, self.wanted_status = report, 0
        self.lines, self.over, self.heard = [], False, harness.threading.Condition()
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(["nginx", "-p", folder, "-c", folder / "nginx.conf"],
                                        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.reader = harness.threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if not eventually(self.answers):
            raise RuntimeError("nginx does not start: " + self.text())

    def answers(self):
        with contextlib.suppress(OSError):
            return bool(self.ask("/"))
        return self.process.poll() is not None

    def settle(self, *_):
        """Its tags are never provisional."""


class Site:
    """A test's own folder on the server that all tests share."""

    def __init__(self, server, root):
        self.server, self.root = server, root

    def ask(self, target, **fields):
        return self.server.ask(f"/{self.root.name}{target}", **fields)


TESTS = []


def fault(**files):
    """Registers a test (report, site) that finds these files in its folder, old and settled."""
    def register(test):
        test.files = {name.replace("_", "."): content for name, content in files.items()}
        TESTS.append(test)
        return test
    return register


def old_files(root, files):
    for name, content in files.items():
        os.utime(write(root / name, content), ns=(OLD, OLD))
    root.chmod(0o755)


def serve(report, folder):
    folder.chmod(0o755)
    return Nginx(report, folder / "site", folder) if PEERS else Server(report, folder / "site")


def main():
    with place() as folder, contextlib.ExitStack() as stack:
        for test in TESTS:
            old_files(folder / "site" / test.__name__, test.files)
        report = harness.Report()
        report.topic = "server"
        server = stack.enter_context(serve(report, folder))
        server.settle(*(f"/{test.__name__}/{name}" for test in TESTS for name in test.files))

        def bound(test):
            def call(report):
                test(report, Site(server, folder / "site" / test.__name__))
            call.__name__ = test.__name__
            return call

        def shutdown(report):
            server.report = report
            stack.close()
        return harness.run(*map(bound, TESTS), shutdown)


def date_of(nanoseconds):
    return email.utils.formatdate(nanoseconds // 10**9, usegmt=True)


@fault(a_txt=b"version 1\n")
def same_size_and_mtime(report, site):
    """a file edited in place that keeps its size and its mtime"""
    first = site.ask("/a.txt")
    (site.root / "a.txt").write_bytes(b"version 2\n")
    os.utime(site.root / "a.txt", ns=(OLD, OLD))
    by_tag = site.ask("/a.txt", If_None_Match=first.tag)
    report.equal("by tag", (by_tag.status, by_tag.content), (200, b"version 2\n"))
    date = first.get("Last-Modified")
    by_date = site.ask("/a.txt", If_Modified_Since=date)
    report.equal("by date", (by_date.status, by_date.content), (200, b"version 2\n"))
    part = site.ask("/a.txt", Range="bytes=8-", If_Range=first.tag)
    report.equal("If-Range joins no two versions", part.content, b"version 2\n")
    report.equal("If-Match", site.ask("/a.txt", If_Match=first.tag).status, 412)


@fault(a_txt=b"version 1\n")
def replaced_by_rename(report, site):
    """another file of the same size and mtime moved to its place"""
    first = site.ask("/a.txt")
    write(site.root.parent / "new", b"version 2\n")
    os.utime(site.root.parent / "new", ns=(OLD, OLD))
    (site.root.parent / "new").rename(site.root / "a.txt")
    by_tag = site.ask("/a.txt", If_None_Match=first.tag)
    report.equal("by tag", (by_tag.status, by_tag.content), (200, b"version 2\n"))
    by_date = site.ask("/a.txt", If_Modified_Since=first.get("Last-Modified"))
    report.equal("by date", (by_date.status, by_date.content), (200, b"version 2\n"))


@fault(a_txt=b"version 2\n")
def older_file_moved_in(report, site):
    """a roll-back: the file that replaces it is older"""
    first = site.ask("/a.txt")
    write(site.root / "a.txt", b"version 1, longer\n")
    os.utime(site.root / "a.txt", ns=(OLD - 10**15, OLD - 10**15))
    by_date = site.ask("/a.txt", If_Modified_Since=first.get("Last-Modified"))
    report.equal("by date", (by_date.status, by_date.content), (200, b"version 1, longer\n"))
    by_tag = site.ask("/a.txt", If_None_Match=first.tag)
    report.equal("by tag", by_tag.status, 200)


@fault(a_txt=prose(2000))
def touched(report, site):
    """touch, a copy, a redeploy: the same bytes are the same version"""
    first = site.ask("/a.txt")
    os.utime(site.root / "a.txt")
    report.equal("touch", site.ask("/a.txt", If_None_Match=first.tag).status, 304)
    report.equal("touch, by date", site.ask(
        "/a.txt", If_Modified_Since=first.get("Last-Modified")).status, 304)
    write(site.root.parent / "copy", prose(2000)).rename(site.root / "a.txt")
    report.equal("replaced by a copy", site.ask("/a.txt", If_None_Match=first.tag).status, 304)
    write(site.root / "a.txt", prose(2000))
    report.equal("written anew", site.ask("/a.txt", If_None_Match=first.tag).status, 304)
    os.utime(write(site.root / "b.txt", prose(2000)), ns=(OLD + 10**12, OLD + 10**12))
    report.equal("deployed at another time, as on another node: the same tag",
                 site.ask("/b.txt", If_None_Match=first.tag).status, 304)


@fault(a_txt=b"version 1\n")
def there_and_back(report, site):
    """an edit and its undoing: the first copy is good again"""
    first = site.ask("/a.txt")
    write(site.root / "a.txt", b"version 2\n")
    second = site.ask("/a.txt", If_None_Match=first.tag)
    report.equal("changed", second.status, 200)
    write(site.root / "a.txt", b"version 1\n")
    report.equal("back", site.ask("/a.txt", If_None_Match=first.tag).status, 304)
    report.equal("the second is none now",
                 site.ask("/a.txt", If_None_Match=second.tag).status, 200)


def coded(site, coding):
    """The answer in this coding, once it is made; whatever it is when the time is up."""
    def ask():
        answer = site.ask("/a.txt", Accept_Encoding=coding)
        return answer if answer.get("Content-Encoding") == coding else None
    return eventually(ask, 1 if PEERS else 10) or site.ask("/a.txt", Accept_Encoding=coding)


@fault(a_txt=prose(20000))
def codings(report, site):
    """the tag of each coding, given back, is known; none stands for another"""
    answers = {coding: coded(site, coding) for coding in CODINGS}
    answers["identity"] = site.ask("/a.txt", Accept_Encoding="identity")
    for coding, answer in answers.items():
        if answer.get("Content-Encoding", "identity") != coding:
            report.check(f"{coding} is made", False, answer.get("Content-Encoding"))
            continue
        same = site.ask("/a.txt", Accept_Encoding=coding, If_None_Match=answer.tag)
        report.equal(f"{coding}: 304 to its own tag", same.status, 304)
        report.equal(f"{coding}: which the 304 repeats", same.tag, answer.tag)
        report.match(f"{coding}: Vary", answer.get("Vary", ""), "(?i)accept-encoding")
        report.match(f"{coding}: Vary in the 304", same.get("Vary", ""), "(?i)accept-encoding")
    for mine, answer in answers.items():
        for theirs, other in answers.items():
            if mine != theirs and answer.get("Content-Encoding") != other.get("Content-Encoding"):
                crossed = site.ask("/a.txt", Accept_Encoding=mine, If_None_Match=other.tag)
                report.equal(f"the tag of {theirs} is none for {mine}", crossed.status, 200)
    all_of_them = ", ".join(answer.tag for answer in answers.values())
    for coding in answers:
        report.equal(f"a list of all of them, for {coding}", site.ask(
            "/a.txt", Accept_Encoding=coding, If_None_Match=all_of_them).status, 304)
    part = site.ask("/a.txt", Range="bytes=0-9", If_Range=answers["gzip"].tag,
                    Accept_Encoding="identity")
    report.equal("no part of one coding behind the tag of another", part.status, 200)


@fault(a_txt=prose(2000))
def forms_of_tags(report, site):
    """lists, *, weak tags, several lines, commas and quotes where tags may have them"""
    tag = site.ask("/a.txt").tag
    strong = tag.removeprefix("W/")
    for name, value, status in (
            ("alone", tag, 304), ("weak", f"W/{strong}", 304), ("*", "*", 304),
            ("in a list", f'"a", {tag}, "b"', 304),
            ("a list without spaces", f'"a",{tag},"b"', 304),
            ("weak, last in a list", f'"a", W/"b", W/{strong}', 304),
            ("behind empty members", f', ,{tag},', 304),
            ("behind a tag with a comma", f'"a,b", {tag}', 304),
            ("inside of another tag", f'"x{strong[1:-1]}"', 200),
            ("its beginning", strong[:-3] + '"', 200), ("unquoted", strong[1:-1], 200),
            ("another", '"other"', 200), ("lower w", f"w/{strong}", 200)):
        report.equal(name, site.ask("/a.txt", If_None_Match=value).status, status)
    with site.server.wire() as wire:
        wire.send(f"GET /{site.root.name}/a.txt HTTP/1.1\r\nHost: h\r\nIf-None-Match: \"a\"\r\n"
                  f"If-None-Match: {tag}\r\n\r\n".encode())
        report.equal("on a second line", wire.response().status, 304)
    report.equal("* on what is not there", site.ask("/none", If_None_Match="*").status, 404)
    report.equal("If-Match: its tag", site.ask("/a.txt", If_Match=strong).status, 200)
    report.equal("If-Match: a list", site.ask("/a.txt", If_Match=f'"a", {strong}').status, 200)
    report.equal("If-Match: *", site.ask("/a.txt", If_Match="*").status, 200)
    report.equal("If-Match: weak matches nothing", site.ask(
        "/a.txt", If_Match=f"W/{strong}").status, 412)


@fault(a_txt=prose(2000))
def order_of_preconditions(report, site):
    """which of several preconditions decides [RFC 9110 §13.2.2]"""
    tag, late = site.ask("/a.txt").tag, date_of(OLD + 10**15)
    cases = (
        ("the tag outranks the date: other tag, not modified", 200,
         {"If_None_Match": '"x"', "If_Modified_Since": late}),
        ("the tag outranks the date: its tag, modified", 304,
         {"If_None_Match": tag, "If_Modified_Since": EARLY}),
        ("If-Match outranks If-Unmodified-Since: its tag, modified", 200,
         {"If_Match": tag, "If_Unmodified_Since": EARLY}),
        ("If-Match outranks If-Unmodified-Since: other tag, unmodified", 412,
         {"If_Match": '"x"', "If_Unmodified_Since": late}),
        ("412 before 304: If-Match fails", 412, {"If_Match": '"x"', "If_None_Match": tag}),
        ("412 before 304: If-Unmodified-Since fails", 412,
         {"If_Unmodified_Since": EARLY, "If_None_Match": tag}),
        ("304 after a fulfilled If-Match", 304, {"If_Match": tag, "If_None_Match": tag}),
        ("304 before 206", 304, {"If_None_Match": tag, "Range": "bytes=0-9"}),
        ("412 before 416", 412, {"If_Match": '"x"', "Range": "bytes=9999-"}),
        ("206 behind a tag that is another", 206,
         {"If_None_Match": '"x"', "Range": "bytes=0-9"}),
        ("If-Range by a weak tag", 200, {"Range": "bytes=0-9", "If_Range": f"W/{tag}"}),
        ("If-Range by another date", 200, {"Range": "bytes=0-9", "If_Range": late}),
        ("a later date, as a client makes one", 304, {"If_Modified_Since": late}),
        ("a date to come", 304, {"If_Modified_Since": date_of(time.time_ns() + 10**15)}),
        ("a broken date is no condition", 200, {"If_Modified_Since": "yesterday"}),
        ("the date as RFC 850 writes it", 304, {"If_Modified_Since": time.strftime(
            "%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(OLD // 10**9))}),
        ("the date as asctime writes it", 304, {"If_Modified_Since": time.asctime(
            time.gmtime(OLD // 10**9))}))
    for name, status, fields in cases:
        report.equal(name, site.ask("/a.txt", **fields).status, status)
    report.equal("404 before 412", site.ask("/none", If_Match='"x"').status, 404)


@fault(a_txt=prose(2000))
def default_freshness(report, site):
    """what may be kept, and for how long, is said without being asked"""
    write(site.root / "index.html", "<!doctype html><title>t</title>\n")
    write(site.root / FINGERPRINTED, "1;\n")
    write(site.root / "app.js", "1;\n")
    for target, wanted in (("/", "no-cache"), ("/a.txt", "no-cache"), ("/app.js", "no-cache"),
                           (f"/{FINGERPRINTED}", "max-age=31536000, immutable")):
        answer = site.ask(target)
        report.equal(target, answer.get("Cache-Control"), wanted)
        same = site.ask(target, If_None_Match=answer.tag)
        report.equal(f"{target}: in the 304", (same.status, same.get("Cache-Control")),
                     (304, wanted))


@fault(a_txt=prose(2000), b_txt=prose(3000))
def dates_that_lie(report, site):
    """no Last-Modified that is nonsense or in the future"""
    now = time.time_ns()
    os.utime(site.root / "a.txt", ns=(now + 10**15, now + 10**15))
    answer = site.ask("/a.txt")
    said = answer.get("Last-Modified")
    when = email.utils.parsedate_to_datetime(said).timestamp() if said else 0
    report.check("not in the future", when <= now / 10**9 + 5, said)
    first = site.ask("/b.txt").get("Last-Modified")
    os.utime(site.root / "b.txt", ns=(10**9, 10**9))
    report.equal("bytes that stayed keep their date", site.ask("/b.txt").get("Last-Modified"), first)
    write(site.root / "c.txt", prose(100))
    os.utime(site.root / "c.txt", ns=(0, 0))
    report.equal("none of 1970", site.ask("/c.txt").get("Last-Modified"), None)


if __name__ == "__main__":
    sys.exit(main())
