#!/usr/bin/env python3
"""audit_reports.py [TEST...]: what stet audit reads and writes: logs, archives, sitemaps, reports"""
import contextlib
import gzip
import http.server
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import threading
import xml.etree.ElementTree as ElementTree

from harness import DEADLINE, SANITIZERS, Server, eventually, place, program, run, write

CLIENT = pathlib.Path(program()).with_name("stet-client")

# What servers may say to break out of a report.
HOSTILE = ('"]]>', "</script><script>alert(1)</script>", "<!-- x --!>", "\x1b]0;x\x07\x1b[2J", "\x01\x08\x7f",
           "\xff\xfe\xc3(", "\xc2\x9b31m", "\xe2\x80\xae", "&lt;&bogus;&#0;", "%s%n", "'\" onload=x")


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers from the server's `pages`: path -> (fields, content), or a function of the request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.seen.append((self.command, self.path, dict(self.headers.items())))
        page = self.server.pages.get(self.path.split("?")[0])
        if callable(page):
            page = page(self)
            if page is None:  # it has answered
                return
        if page is None:
            self.say(404, {}, b"no such page\n")
            return
        fields, content = page
        if fields.get("ETag") and fields["ETag"] in self.headers.get("If-None-Match", ""):
            self.say(304, fields, b"")
        elif "Location" in fields:
            self.say(302, fields, b"")
        else:
            self.say(200, fields, content)

    do_HEAD = do_GET

    def say(self, status, fields, content):
        """Octets as they are: the library would refuse some of them."""
        lines = [f"HTTP/1.1 {status} x", "Date: Sun, 06 Nov 1994 08:49:37 GMT"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        lines += [] if status == 304 else [f"Content-Length: {len(content)}"]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_):
        pass

    def handle(self):
        with contextlib.suppress(ConnectionError):  # the audit has its own reasons to hang up
            super().handle()


@contextlib.contextmanager
def site(pages):
    """A server of these pages; its URL and what it was asked."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.pages, server.seen, server.daemon_threads = pages, [], True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


GOOD = ({"ETag": '"a"', "Cache-Control": "no-cache", "Content-Type": "text/plain"}, b"let it stand\n" * 9)
LARGE = ({"ETag": '"l"', "Cache-Control": "no-cache", "Content-Type": "image/png"}, b"x" * 20000)
BARE = ({"Content-Type": "image/png"}, b"y" * 10000)


class Audit:
    """stet audit, run to its end."""

    def __init__(self, report, *words, input=None, **environment):
        done = subprocess.run([CLIENT, "audit", *map(str, words)], capture_output=True, input=input,
                              timeout=DEADLINE, check=False, env={**os.environ, **environment})
        self.status, self.octets = done.returncode, done.stdout
        self.out, self.err = (octets.decode("utf-8", "replace") for octets in (done.stdout, done.stderr))
        if SANITIZERS.search(self.err):
            report.check("no complaint of a sanitizer", False, self.err[-3000:])

    @property
    def json(self):
        return json.loads(self.octets)


def usage(report):
    """what is wrong with a use is said; exit status 2"""
    for name, words, said in (
            ("nothing", (), "Name a URL"), ("no URL", ("example.org",), "http://"),
            ("userinfo", ("http://u:p@127.0.0.1/",), "without name and password"),
            ("an unknown option", ("--frob",), "--frob"), ("a level", ("--fail-on=worse", "http://h/"), "never"),
            ("a number", ("--repeat=x", "http://h/"), "number"), ("none", ("--urls=0", "http://h/"), "number"),
            ("a header", ("-H", "no colon", "http://h/"), "NAME: VALUE"),
            ("a header of two lines", ("-H", "A: b\r\nC: d", "http://h/"), "NAME: VALUE"),
            ("a header with a space", ("-H", "A b: c", "http://h/"), "NAME: VALUE"),
            ("an address", ("--resolve", "x", "http://h/"), "HOST:PORT"),
            ("a duration", ("--interval", "soon", "http://h/"), "30s"),
            ("no such log", ("--log=/nonexistent",), "No such file"),
            ("no such archive", ("--har=/nonexistent",), "No such file"),
            ("no such snapshot", ("--after=/nonexistent", "http://127.0.0.1:9/"), "No such file")):
        done = Audit(report, *words)
        report.check(name, done.status == 2 and said in done.err and not done.out,
                     f"{done.status}: {done.err}{done.out}")
    shown = Audit(report, "--help")
    options = set(re.findall(r"--[a-z-]+", shown.out))
    report.check("--help", shown.status == 0 and not shown.err and
                 {"--har", "--log", "--sitemap", "--before", "--after", "--budget", "--html"} <= options)
    report.check("within 100 columns", max(map(len, shown.out.splitlines())) <= 100)
    manual = (pathlib.Path(__file__).parents[2] / "man/stet-audit.1.scd").read_text()
    report.equal("every option is in the manual", sorted(word for word in options
                                                         if f"*{word}*" not in manual), [])


def status(report):
    """the exit status: 0, 1 by level, 3 without an answer"""
    with site({"/good": GOOD, "/bare": BARE}) as (url, _):
        good = Audit(report, f"{url}/good", "--json")
        report.equal("fine", (good.status, good.json["worst"] == "bad"), (0, False))
        report.equal("a warning is fine", Audit(report, f"{url}/bare").status, 0)
        report.equal("--fail-on warn", Audit(report, f"{url}/bare", "--fail-on=warn").status, 1)
        report.equal("--fail-on never", Audit(report, f"{url}/bare", "--fail-on=never").status, 0)
    gone = Audit(report, f"{url}/good")
    report.check("no answer", gone.status == 3 and "no answer" in gone.out, gone.out + gone.err)


def requests(report):
    """few, in order, only safe methods, named, with the user's fields; --max-requests"""
    with site({"/a": GOOD, "/b": GOOD}) as (url, server):
        done = Audit(report, f"{url}/a", f"{url}/b", "--json", "-H", "X-Mine: yes")
        methods = {method for method, _, _ in server.seen}
        report.check("only safe methods", methods <= {"GET", "HEAD", "OPTIONS"}, methods)
        report.check("the agent is named", all(fields.get("User-Agent", "").startswith("stet-audit/")
                                               for _, _, fields in server.seen))
        report.check("the user's line", all(fields.get("X-Mine") == "yes" for _, _, fields in server.seen))
        report.equal("as many as said", done.json["requests"], len(server.seen))
        del server.seen[:]
        few = Audit(report, f"{url}/a", f"{url}/b", "--json", "--max-requests=5")
        report.check("--max-requests", len(server.seen) <= 5 and few.json["unasked"] >= 1,
                     (len(server.seen), few.json["unasked"]))


def logs(report):
    """an access log: the most frequent GETs, its forms, what is saved"""
    line = '{} - - [06/Nov/1994:08:49:37 +0000] "{}" {} {} "-" "agent"\n'
    lines = [line.format(f"10.0.0.{i % 5}", "GET /bare HTTP/1.1", 200, 10000) for i in range(50)]
    lines += [line.format("10.0.0.1", "GET /good HTTP/1.1", 304, 0)] * 30
    lines += [line.format("10.0.0.1", "GET /rare HTTP/1.1", 200, 117)]
    lines += [line.format("10.0.0.1", "POST /form HTTP/1.1", 200, 17)] * 99
    lines += [line.format("10.0.0.1", "GET /gone HTTP/1.1", 404, 17)] * 99
    lines += ["garbage \x1b[2J\n", '{"client":"::1","method":"GET","target":"/good","status":200,"sent":5}\n']
    with place() as folder, site({"/good": GOOD, "/bare": BARE, "/rare": GOOD}) as (url, server):
        log = write(folder / "access.log", "".join(lines))
        done = Audit(report, f"--log={log}", f"--base={url}", "--urls=2", "--json", "--budget").json
        report.equal("the most frequent", [item["url"] for item in done["urls"]], [f"{url}/bare", f"{url}/good"])
        report.equal("as it was seen", done["urls"][0]["seen"],
                     {"requests": 50, "validated": 0, "repeats": 45, "repeat_octets": 450000})
        budget = done["budget"]
        report.equal("what could be 304", (budget["could_validate"], budget["requests"]), (45, 81))
        report.check("and what it would save", 440000 < budget["could_save"] <= 450000, budget)
        report.check("nothing else was asked", all(path in ("/bare", "/good") for _, path, _ in server.seen))
        packed = folder / "access.log.gz"
        packed.write_bytes(gzip.compress(log.read_bytes()))
        again = Audit(report, f"--log={packed}", f"--base={url}", "--urls=2", "--json").json
        report.equal("packed", [item["seen"] for item in again["urls"]], [item["seen"] for item in done["urls"]])
        piped = Audit(report, "--log=-", f"--base={url}", "--urls=1", "--json", input=log.read_bytes())
        report.equal("from a pipe", [item["url"] for item in piped.json["urls"]], [f"{url}/bare"])
        host = url.removeprefix("http://")
        named = write(folder / "vhost.log", f"{host} {lines[0]}")
        report.equal("the host in front", [item["url"] for item in
                     Audit(report, f"--log={named}", "--json").json["urls"]], [f"{url}/bare"])
        lost = Audit(report, f"--log={log}")
        report.check("without --base", lost.status == 2 and "--base" in lost.err, lost.err)
        caddy = write(folder / "caddy.log", json.dumps({"request": {
            "remote_ip": "::1", "method": "GET", "host": host, "uri": "/bare"}, "status": 200, "size": 10000}) + "\n")
        report.equal("of Caddy", [item["url"] for item in Audit(report, f"--log={caddy}", "--json").json["urls"]],
                     [f"{url}/bare"])
        empty = Audit(report, f"--log={write(folder / 'empty', '')}", f"--base={url}")
        report.check("an empty log", empty.status == 2 and "nothing to look at" in empty.err, empty.err)


def archives(report):
    """HAR files"""
    entry = lambda url, method="GET", status=200: {
        "request": {"method": method, "url": url}, "response": {"status": status, "bodySize": 10000}}
    with place() as folder, site({"/good": GOOD, "/bare": BARE}) as (url, _):
        har = write(folder / "a.har", json.dumps({"log": {"entries": [
            entry(f"{url}/bare#x"), entry(f"{url}/bare"), entry(f"{url}/good"), entry(f"{url}/post", "POST"),
            entry("data:text/plain,x"), entry(f"{url}/none", status=404)]}}))
        done = Audit(report, f"--har={har}", "--json", "--budget").json
        report.equal("its URLs", [(item["url"], item["seen"]["requests"], item["seen"]["repeats"])
                                  for item in done["urls"]], [(f"{url}/bare", 2, 1), (f"{url}/good", 1, 0)])
        report.equal("budget", done["budget"]["could_validate"], 1)
        with site({"/x": GOOD}) as (other, server):
            har = write(folder / "two.har", json.dumps({"log": {"entries": [entry(f"{other}/x")]}}))
            words = (f"--har={har}", "-H", "Authorization: s3cret", "-H", "X-Mine: yes", "--max-requests=2")
            for more, sent in (((), False), ((f"--base={other}",), True), ((f"{other}/x",), True)):
                del server.seen[:]
                Audit(report, *words, *more)
                report.check(f"credentials with {more}", server.seen and all(
                    ("Authorization" in fields) == sent and "X-Mine" in fields for _, _, fields in server.seen))
        for name, text, said in (("JSON", '{"log":\n{"entries":[}', "line 2"), ("no HAR", "{}", '"log"')):
            broken = Audit(report, f"--har={write(folder / 'b.har', text)}")
            report.check(f"broken: {name}", broken.status == 2 and said in broken.err, broken.err)


def drip(handler):
    """An answer that comes octet by octet, for as long as anybody listens."""
    handler.wfile.write(b"HTTP/1.1 200 x\r\nContent-Length: 99999\r\n\r\n")
    pause = threading.Event()
    while not pause.wait(0.02):
        handler.wfile.write(b" ")


def sitemap_secrets(report, pages, url, index):
    """Credentials are for the origin that was named: its host on another port is another one."""
    words = ("-H", "Authorization: Bearer s3cret", "-H", "Cookie: a=b", "-H", "X-Mine: yes")
    theirs = {"/good": GOOD}
    with site(theirs) as (other, heard):
        theirs["/s.xml"] = {}, f"<urlset><url><loc>{other}/good</loc></url></urlset>".encode()
        pages["/to-port.xml"] = {"Location": f"{other}/s.xml"}, b""
        pages["/of-port.xml"] = index(f"{other}/s.xml")
        for path in ("/to-port.xml", "/of-port.xml"):
            del heard.seen[:]
            Audit(report, f"--sitemap={url}{path}", *words)
            report.check(f"no credentials for another port: {path}", len(heard.seen) > 1 and not any(
                "Authorization" in fields or fields.get("Cookie") == "a=b" for _, _, fields in heard.seen))
            report.check(f"everything else: {path}", all(fields.get("X-Mine") == "yes"
                                                         for _, _, fields in heard.seen))
        del heard.seen[:]
        Audit(report, f"--sitemap={other}/s.xml", *words)
        report.check("credentials for the one that was named", heard.seen and all(
            fields.get("Authorization") == "Bearer s3cret" for _, _, fields in heard.seen))


def sitemaps(report):
    """sitemaps: plain, packed, an index, redirects, other hosts, what is no sitemap"""
    def of(*urls):
        rows = "".join(f"<url><loc>\n{url}</loc></url>" for url in urls)
        return {}, f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'.encode()

    def index(*urls):
        return {}, f"<sitemapindex>{''.join(f'<sitemap><loc>{url}</loc></sitemap>' for url in urls)}</sitemapindex>".encode()

    pages = {"/good": GOOD, "/bare": BARE}
    with site(pages) as (url, server):
        pages["/sitemap.xml"] = of(f"{url}/good", "http://other.invalid/x", f"{url}/bare#x")
        packed = gzip.compress(of(f"{url}/good")[1])
        pages["/a.xml.gz"] = {}, packed
        pages["/coded.xml"] = {"Content-Encoding": "gzip"}, packed
        pages["/index.xml"] = index(f"{url}/sitemap.xml", f"{url}/a.xml.gz", f"{url}/none.xml",
                                    "http://other.invalid/s.xml", f"{url}/index.xml")
        pages["/relative.xml"] = of("/good", "bare", "ftp://127.0.0.1/x", "//other.invalid/y", "a b")
        pages["/moved.xml"] = {"Location": "/sitemap.xml"}, b""
        pages["/away.xml"] = {"Location": "http://other.invalid/sitemap.xml"}, b""
        pages["/round.xml"] = {"Location": "/round.xml"}, b""
        pages["/page.html"] = {}, b"<!doctype html><title>x</title>"
        pages["/laughs.xml"] = {}, b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><urlset>&b;</urlset>'
        both, one = [f"{url}/good", f"{url}/bare"], [f"{url}/good"]
        for name, path, wanted in (("plain", "/sitemap.xml", both), ("packed", "/a.xml.gz", one),
                                   ("coded", "/coded.xml", one), ("an index", "/index.xml", both),
                                   ("moved", "/moved.xml", both), ("relative", "/relative.xml", both)):
            done = Audit(report, f"--sitemap={url}{path}", "--json", "-H", "X-Mine: yes")
            report.equal(name, sorted(item["url"] for item in done.json["urls"]), sorted(wanted))
        report.check("the user's lines", all(fields.get("X-Mine") for _, _, fields in server.seen))
        report.equal("one look at each", sum(path == "/index.xml" for _, path, _ in server.seen), 1)
        del server.seen[:]
        few = Audit(report, f"--sitemap={url}/index.xml", "--max-requests=2", "--json")
        report.check("sitemaps count among the requests", len(server.seen) == 2 and
                     few.json["unasked"] == 2, (len(server.seen), few.err))
        del server.seen[:]
        pages["/busy.xml"] = lambda handler: handler.say(503, {"Retry-After": "99"}, b"")
        pages["/busy-index.xml"] = index(f"{url}/busy.xml", f"{url}/sitemap.xml")
        busy = Audit(report, f"--sitemap={url}/busy-index.xml")
        report.check("a host that wants to be left alone is", len(server.seen) == 2 and busy.status == 2 and
                     "503" in busy.err, (len(server.seen), busy.status, busy.err))
        for name, path, said in (("missing", "/none.xml", "404"), ("a page", "/page.html", "line 1"),
                                 ("a bomb", "/laughs.xml", "document type"), ("away", "/away.xml", "302"),
                                 ("round", "/round.xml", "302")):
            done = Audit(report, f"--sitemap={url}{path}")
            report.check(name, done.status == 2 and said in done.err, f"{done.status} {done.err}")
        sitemap_secrets(report, pages, url, index)
        pages["/drips.xml"] = drip
        slow = Audit(report, f"--sitemap={url}/drips.xml", "--max-time=1s")
        report.check("one that never ends", slow.status == 3 and "drips.xml" in slow.err, (slow.status, slow.err))
    gone = Audit(report, f"--sitemap={url}/sitemap.xml")
    report.check("no answer", gone.status == 3, gone.err)


def own_logs(report):
    """what stet serve logs, in both of its forms"""
    for words in (("--log=combined",), ("--log=json",)):
        with place() as folder, contextlib.ExitStack() as stack:
            write(folder / "site/a.txt", "let it stand\n" * 99)
            log = folder / "access.log"
            server = stack.enter_context(Server(report, folder / "site", f"--log-file={log}", *words))
            server.settle("/a.txt")
            tag = server.ask("/a.txt").tag
            for _ in range(3):
                server.ask("/a.txt")
            server.ask("/a.txt", If_None_Match=tag)
            eventually(lambda: log.exists() and log.read_text().count("a.txt") >= 6)
            done = Audit(report, f"--log={log}", f"--base={server.url}", "--json").json
            seen = done["urls"][0]["seen"]
            report.check(f"{words}", seen["validated"] == 1 and seen["repeats"] >= 3, (seen, log.read_text()[:400]))


def before_and_after(report):
    """--before notes, --after proves: a tag that stays while the content changes"""
    pages = {"/lies": ({"ETag": '"same"', "Cache-Control": "no-cache"}, b"one\n" * 50), "/good": GOOD}
    with place() as folder, site(pages) as (url, _):
        noted = folder / "before"
        first = Audit(report, f"{url}/lies", f"{url}/good", f"--before={noted}", "--json")
        report.check("noted", first.status == 0 and noted.read_text().startswith("stet-snapshot 1"))
        same = Audit(report, f"{url}/lies", f"{url}/good", f"--after={noted}", "--json")
        report.equal("nothing has changed", (same.status, same.json["worst"] == "bad"), (0, False))
        pages["/lies"] = pages["/lies"][0], b"two\n" * 50
        lies = Audit(report, f"{url}/lies", f"{url}/good", f"--after={noted}", "--json")
        found = [finding["id"] for finding in lies.json["urls"][0]["findings"] if finding["level"] == "bad"]
        report.check("the lie is found", lies.status == 1 and "lying-304" in found, found)
        report.equal("of that one alone", lies.json["urls"][1]["counts"]["bad"], 0)
        broken = Audit(report, f"{url}/good", f"--after={write(folder / 'x', 'stet-snapshot 1' + chr(10) + 'nonsense')}")
        report.check("a broken note", broken.status == 2 and "line" in broken.err, broken.err)


def hostile_pages():
    turn = iter(range(10**9))

    def page(handler):
        word = HOSTILE[next(turn) % len(HOSTILE)].replace("\r", "").replace("\n", "")
        plain = word.replace('"', "")
        return ({"ETag": f'"{plain}"', "Cache-Control": f'public, max-age=60, x="{word}"', "Age": word,
                 "Set-Cookie": f"a={word}", "Content-Type": f"text/html; x={word}", "Vary": word},
                f"{word} {next(turn):020}".encode("latin-1"))
    return {"/x": page}


JUNIT = {  # element: (attributes that must be, attributes that may be, elements within)
    "testsuites": ({"name", "tests", "failures", "errors"}, {"time"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time", "timestamp"}, set(), {"testcase"}),
    "testcase": ({"name", "classname", "time"}, set(), {"failure", "error", "system-out"}),
    "failure": ({"type", "message"}, set(), set()), "error": ({"type", "message"}, set(), set()),
    "system-out": (set(), set(), set())}


def shape(element):
    """What is wrong with an element and those within it."""
    must, may, within = JUNIT.get(element.tag, (set(), set(), set()))
    wrong = [] if element.tag in JUNIT else [f"<{element.tag}>"]
    wrong += [f"{element.tag} {name}" for name in (must - set(element.keys())) | (set(element.keys()) - must - may)]
    wrong += [f"{child.tag} in {element.tag}" for child in element if child.tag not in within]
    return wrong + [one for child in element for one in shape(child)]


def junit(report):
    """JUnit XML: its shape, its sums"""
    with place() as folder, site({"/good": GOOD, "/bare": BARE, **hostile_pages()}) as (url, _):
        path = folder / "junit.xml"
        Audit(report, f"{url}/good", f"{url}/bare", f"{url}/x", "http://127.0.0.1:9/",
              f"--junit={path}", "--fail-on=warn")
        root = ElementTree.fromstring(path.read_bytes())
        report.equal("its shape", shape(root), [])
        cases, failures = list(root.iter("testcase")), list(root.iter("failure"))
        report.equal("sums", (int(root.get("tests")), int(root.get("failures"))), (len(cases), len(failures)))
        report.equal("suites are URLs", [suite.get("name") for suite in root],
                     [f"{url}/good", f"{url}/bare", f"{url}/x", "http://127.0.0.1:9/"])
        for suite in root:
            report.equal("a suite's sums", (int(suite.get("tests")), int(suite.get("failures")),
                         int(suite.get("errors"))), (len(suite), len(list(suite.iter("failure"))),
                                                     len(list(suite.iter("error")))))
        report.equal("no answer is an error", [suite.get("errors") for suite in root], ["0", "0", "0", "1"])


def sarif(report):
    """SARIF 2.1.0: what the standard requires"""
    with place() as folder, site({"/good": GOOD, "/bare": BARE, **hostile_pages()}) as (url, _):
        path = folder / "a.sarif"
        Audit(report, f"{url}/good", f"{url}/bare", f"{url}/x", f"{url}/[a]|b?c", f"--sarif={path}")
        log = json.loads(path.read_bytes())
        report.equal("version", (log["version"], "sarif-2.1.0" in log["$schema"]), ("2.1.0", True))
        (one,) = log["runs"]
        driver = one["tool"]["driver"]
        rules = [rule["id"] for rule in driver["rules"]]
        report.equal("rules, each once", len(rules), len(set(rules)))
        report.check("a name", driver["name"] == "stet audit" and re.fullmatch(r"\d+\.\d+\.\d+", driver["semanticVersion"]))
        wrong = [result for result in one["results"]
                 if rules[result["ruleIndex"]] != result["ruleId"] or not result["message"]["text"]
                 or (result["kind"] == "pass") != (result["level"] == "none")
                 or result["level"] not in ("none", "note", "warning", "error")]
        report.equal("results", wrong, [])
        uris = {place_["physicalLocation"]["artifactLocation"]["uri"]
                for result in one["results"] for place_ in result["locations"]}
        report.check("places are URIs", all(re.fullmatch(r"[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+", uri) for uri in uris), uris)
        report.check("all URLs are there", {f"{url}/good", f"{url}/bare", f"{url}/x", f"{url}/%5Ba%5D%7Cb?c"} <= uris, uris)
        report.check("it ran", one["invocations"][0]["executionSuccessful"] is True)


def jsons(report):
    """JSON: the members that the manual names, and hostile words as they were"""
    manual = (pathlib.Path(__file__).parents[2] / "man/stet-audit.1.scd").read_text()
    with site({"/good": GOOD, "/bare": BARE, **hostile_pages()}) as (url, _):
        done = Audit(report, f"{url}/good", f"{url}/bare", f"{url}/x", "--json", "--budget")
        tree = done.json
        names = set(tree) | {name for item in tree["urls"] for name in item} | set(tree["budget"])
        names |= {name for item in tree["urls"] for finding in item["findings"] for name in finding}
        names |= {name for kind in tree["kinds"].values() for name in kind}
        report.equal("every member is in the manual", sorted(name for name in names if f"_{name}_" not in manual), [])
        found = {finding["id"] for item in tree["urls"] for finding in item["findings"]}
        report.equal("kinds of what was found", found, set(tree["kinds"]))
        counts = {level: sum(item["counts"][level] for item in tree["urls"]) for level in tree["counts"]}
        report.equal("sums", counts, tree["counts"])
        order = ["bad", "warn", "info", "good"]
        levels = [[order.index(finding["level"]) for finding in item["findings"]] for item in tree["urls"]]
        report.check("the worst first", all(one == sorted(one) for one in levels), levels)
        evidence = [line for item in tree["urls"] for finding in item["findings"] for line in finding["evidence"]]
        report.check("evidence", any(line.startswith("> GET /x") for line in evidence) and
                     any(line.startswith("< HTTP/1.1 200") for line in evidence), evidence[:5])


def terminal(report):
    """on a terminal colour and progress; elsewhere neither; never an octet that steers"""
    steers = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
    with site({"/good": GOOD, "/bare": BARE, **hostile_pages()}) as (url, _):
        urls = [f"{url}/good", f"{url}/bare", f"{url}/x"]
        plain = Audit(report, *urls, "--verbose")
        report.check("nothing steers", not steers.search(plain.out), plain.out[:300])
        report.equal("UTF-8", plain.out.encode(), plain.octets)
        report.equal("no progress", plain.err, "")
        lines = plain.out.splitlines()
        report.check("a line for each URL first", all(one in line for one, line in zip(urls, lines)), lines[:3])
        report.match("evidence", plain.out, r"> GET /x")
        short = Audit(report, *urls).out
        report.check("short without --verbose", len(short) < len(plain.out) / 2 and "> GET" not in short)
        coloured, said = on_terminal(CLIENT, "audit", *urls)
        report.match("colour", coloured, r"\x1b\[33mwarn\x1b\[0m")
        report.match("progress", said, r"\r\x1b\[K\[1/3\] ")
        report.check("which is gone at the end", said.endswith("\r\x1b[K"), said[-80:])
        grey, _ = on_terminal(CLIENT, "audit", *urls, NO_COLOR="1")
        report.check("NO_COLOR", "\x1b" not in grey, grey[:300])
        report.check("nothing else steers", not steers.search(re.sub(r"\x1b\[[0-9;]*m|\r\n", "\n", coloured)))


def on_terminal(*words, **environment):
    """What a program writes to standard output and error, each a terminal."""
    environment = {**{name: value for name, value in os.environ.items() if name != "NO_COLOR"}, **environment}
    pairs = [pty.openpty(), pty.openpty()]
    process = subprocess.Popen([*map(str, words)], stdout=pairs[0][1], stderr=pairs[1][1],
                               stdin=subprocess.DEVNULL, env=environment)
    heard = {pair[0]: b"" for pair in pairs}
    for pair in pairs:
        os.close(pair[1])
    open_ = set(heard)
    while open_:
        for end in select.select(list(open_), [], [], DEADLINE)[0]:
            try:
                octets = os.read(end, 65536)
            except OSError:  # the other side is closed
                octets = b""
            heard[end] += octets
            if not octets:
                open_.discard(end)
    process.wait(DEADLINE)
    texts = [octets.decode("utf-8", "replace") for octets in heard.values()]
    for pair in pairs:
        os.close(pair[0])
    return texts


def files(report):
    """reports that cannot be written; several at once; to standard output"""
    with place() as folder, site({"/good": GOOD}) as (url, _):
        lost = Audit(report, f"{url}/good", f"--html={folder}/none/a.html")
        report.check("no such folder", lost.status == 3 and "No such file" in lost.err, lost.err)
        full = Audit(report, f"{url}/good", "--junit=/dev/full")
        report.check("no space", full.status == 3 and "No space" in full.err, full.err)
        names = [folder / name for name in ("a.xml", "a.sarif", "a.html")]
        done = Audit(report, f"{url}/good", "--json", f"--junit={names[0]}", f"--sarif={names[1]}", f"--html={names[2]}")
        report.check("several", done.status == 0 and done.json and all(name.stat().st_size for name in names))
        shown = Audit(report, f"{url}/good", "--sarif=-")
        report.equal("to standard output, alone", shown.json["version"], "2.1.0")


def interrupted(report):
    """SIGINT: what was found until then is reported"""
    asked, go = threading.Event(), threading.Event()

    def slow(_):
        asked.set()
        go.wait(DEADLINE)
        return GOOD
    for words in (("--json",), ()):
        asked.clear()
        go.clear()
        with site({"/good": GOOD, "/slow": slow}) as (url, _):
            process = subprocess.Popen([CLIENT, "audit", f"{url}/good", f"{url}/slow", f"{url}/never", *words],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            report.check("the second is asked", asked.wait(DEADLINE))
            process.send_signal(signal.SIGINT)
            go.set()
            out, err = process.communicate(timeout=DEADLINE)
        report.equal("status", process.returncode, 130)
        report.check("no complaint of a sanitizer", not SANITIZERS.search(err.decode()), err)
        if not words:
            report.match("nothing good is said of the second", out.decode(),
                         f"\ninfo  {url}/slow: the audit was not\\s+completed\n")
            continue
        tree = json.loads(out)
        report.equal("the first is whole", (tree["urls"][0]["complete"], tree["unasked"]), (True, 1))
        report.equal("the second is not", (tree["urls"][1]["complete"], tree["urls"][1]["worst"]), (False, "info"))


if __name__ == "__main__":
    raise SystemExit(run(usage, status, requests, logs, own_logs, archives, sitemaps, before_and_after, junit, sarif,
                         jsons, terminal, files, interrupted))
