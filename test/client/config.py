#!/usr/bin/env python3
"""config.py [TEST...]: stet check and stet run, the manual of stet.yaml and its examples"""
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys

import harness
from harness import DEADLINE, ROOT, Server, place, run, write

ERROR = re.compile(r"(\S+?):(\d+):(\d+): .+")


class Run:
    """stet, run to its end: exit status and what it said."""

    def __init__(self, *arguments, **settings):
        done = subprocess.run([harness.program(), *map(str, arguments)], capture_output=True,
                              text=True, timeout=DEADLINE, check=False, stdin=subprocess.DEVNULL,
                              **settings)
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr


class Running(Server):
    """A running `stet run`."""

    COMMAND = "run"

    def __init__(self, report, path, *options, **settings):
        super().__init__(report, "-c", path, *options, listen=None, **settings)

    def of(self, host, target="/", **fields):
        """One request for a host."""
        with self.wire() as wire:
            lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "Connection: close"]
            lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
            wire.send("\r\n".join(lines + ["", ""]).encode("latin-1"))
            return wire.response()


GOOD = """\
listen: 127.0.0.1:0
sites:
  - hosts: [a.example, "*.b.example"]
    routes:
      - path: /static/
        files: {directory: site, memo: off}
      - path: /moved/
        redirect: https://a.example/
      - respond: {status: 503, text: "later\\n"}
  - hosts: c.example
    files: {directory: other, memo: off, browse: true}
"""


def site(folder):
    write(folder / "site/a.txt", "a\n")
    write(folder / "other/b.txt", "b\n")
    return write(folder / "stet.yaml", GOOD)


def check_right(report):
    """a file that is right: OK and a summary, as words and as JSON, and nothing is started"""
    with place() as folder:
        path = site(folder)
        for words in (("check", path), ("check", "-c", path), ("run", "-t", "-c", path)):
            shown = Run(*words, cwd="/")
            report.equal(f"{words[0]}: status", (shown.status, shown.err), (0, ""))
            report.check(f"{words[0]}: OK", shown.out.startswith(f"{path}: OK\n"), shown.out)
        for line in ("listen 127.0.0.1:0", "a.example, *.b.example",
                     f"  /static/  files     {folder}/site",
                     "  /moved/   redirect  308 https://a.example/", "  /         respond   503",
                     "c.example"):
            report.check(f"the summary: {line}", f"\n{line}\n" in shown.out, shown.out)
        for words in (("check", "--json", path), ("run", "--test", "--json", "-c", path)):
            told = json.loads(Run(*words).out)
            report.equal(f"{words[0]} --json", (told["ok"], told["file"], told["listen"]),
                         (True, str(path), ["127.0.0.1:0"]))
        report.equal("the routes", [[(route["path"], route["kind"]) for route in one["routes"]]
                                    for one in told["sites"]],
                     [[("/static/", "files"), ("/moved/", "redirect"), ("/", "respond")],
                      [("/", "files")]])
        report.equal("in its directory", Run("check", "stet.yaml", cwd=folder).status, 0)


BAD = """\
lisen: :80
memory: 64MB
sites:
  - hosts: a.example
    routes:
      - path: static
        files: nowhere
  - hosts: a.example
    proxy: {to: localhost:3000, cache: {keep: 1.5d}}
"""

WANTED = """\
F:1:1: unknown key "lisen"; did you mean "listen"?
F:2:9: memory "64MB": expected a size such as 4096, 64KiB or 1GiB, from 1MiB to 1TiB; did you mean "64MiB"?
F:6:15: path "static": expected a path that begins with /; did you mean "/static"?
F:7:16: directory "nowhere": No such file or directory (sought in D)
F:8:12: host "a.example" twice; the first one is in line 4
F:9:17: to "localhost:3000": it must begin with "http://", "https://" or "http+unix:"; did you mean "http://localhost:3000"?
F:9:47: keep "1.5d": expected a duration in whole seconds, such as 30s, 5m or 1d, from 0s to 3650d; did you mean "36h"?
"""


def check_wrong(report):
    """a file that is wrong: all errors, in order, exit status 2"""
    with place() as folder:
        path = write(folder / "stet.yaml", BAD)
        wanted = WANTED.replace("F:", f"{path}:").replace(" D)", f" {folder})")
        for words in (("check", path), ("run", "-c", path), ("run", "-t", "-c", path)):
            shown = Run(*words)
            report.equal(" ".join(map(str, words[:-1])), (shown.status, shown.out, shown.err),
                         (2, "", wanted))
        told = json.loads(Run("check", "--json", path).out)
        report.equal("--json", (told["ok"], told["more"], [
            f"{path}:{error['line']}:{error['column']}: {error['message']}"
            for error in told["errors"]]), (False, 0, wanted.splitlines()))
        many = write(folder / "many.yaml", "".join(f"k{i}: {i}\n" for i in range(30)))
        shown = Run("check", many)
        report.equal("at most twenty", shown.err.count("\n"), 21)
        report.match("the others are counted", shown.err, r"many.yaml: 11 more like these, not shown\n$")
        report.equal("and in JSON", json.loads(Run("check", "--json", many).out)["more"], 11)


def check_odd(report):
    """files that are missing, no files, no YAML, hostile; usage"""
    with place() as folder:
        for name, content, said in (
                ("empty", "", r"there is nothing in it"),
                ("tabs", "proxy:\n\tto: x\n", r":2:1: .*a tab cannot indent"),
                ("octets", b"a: \xff\xfe\n", r":1:4: not a text in UTF-8"),
                ("hostile", 'proxy: http://a\n"\\e]0;x\\a": 1\n', r':2:1: unknown key "\?]0;x\?"'),
                ("large", "# x\n" * 400000, r"larger than 1 MiB")):
            shown = Run("check", write(folder / name, content))
            report.equal(f"{name}: status", (shown.status, shown.out), (2, ""))
            report.match(name, shown.err, said)
            report.check(f"{name}: printable", not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown.err))
        for words, said in ((("check", folder / "none"), "cannot be read: No such file"),
                            (("check", folder), "cannot be read: Is a directory"),
                            (("run", "-c", folder / "none"), "cannot be read: No such file"),
                            (("check", "a", "b"), "one file"), (("run", "a"), "-c"),
                            (("run", "--json"), "--test"), (("check", "--frob"), "unknown option")):
            shown = Run(*words)
            report.equal(f"{words}: status", (shown.status, shown.out), (2, ""))
            report.check(f"{words}: says why", said in shown.err, shown.err)
        if not os.path.exists("/etc/stet/stet.yaml"):
            report.match("the usual place", Run("check").err, "^/etc/stet/stet.yaml: cannot be read")
        told = json.loads(Run("check", "--json", folder / "none").out)
        report.equal("a missing file, as JSON", (told["ok"], told["errors"][0]["line"]), (False, 0))


def terminal(report):
    """nothing steers a terminal, with NO_COLOR or without"""
    with place() as folder:
        path = write(folder / "stet.yaml", BAD)
        for color in ({"NO_COLOR": "1"}, {}):
            ours, theirs = pty.openpty()
            environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
            subprocess.run([harness.program(), "check", path], stdout=theirs, stderr=theirs,
                           env={**environment, **color, "TERM": "xterm-256color"}, check=False,
                           timeout=DEADLINE)
            os.close(theirs)
            said = b""
            while b"9:47" not in said:
                said += os.read(ours, 65536)
            os.close(ours)
            report.check(f"no escapes {color}", b"\x1b" not in said, said)


def sites(report):
    """stet run serves files, redirects and responses by host and path"""
    with place() as folder:
        path = site(folder)
        environment = {"XDG_CACHE_HOME": str(folder / "cache")}
        with Running(report, path, cwd="/", environment=environment) as server:
            for host, target, status, content in (
                    ("a.example", "/static/a.txt", 200, b"a\n"),
                    ("A.Example:80", "/static/%61.txt", 200, b"a\n"),
                    ("x.b.example", "/static/a.txt", 200, b"a\n"),
                    ("a.example", "/", 503, b"later\n"), ("a.example", "/static", 503, b"later\n"),
                    ("c.example", "/b.txt", 200, b"b\n"), ("c.example", "/static/a.txt", 404, None),
                    ("other.example", "/", 421, None)):
                answer = server.of(host, target)
                report.equal(f"{host}{target}", answer.status, status)
                if content is not None:
                    report.equal(f"{host}{target}: content", answer.content, content)
            report.match("browse", server.of("c.example", "/").content.decode(), "b.txt")
            moved = server.of("a.example", "/moved/x?y")
            report.equal("redirect", (moved.status, moved.get("Location")),
                         (308, "https://a.example/x?y"))
            tag = server.of("a.example", "/static/a.txt").get("ETag")
            report.equal("304", server.of("a.example", "/static/a.txt", If_None_Match=tag).status,
                         304)
            server.stop(signal.SIGTERM)


def running(report):
    """what stet run says, where memos are, and what it does when it cannot start"""
    with place() as folder:
        write(folder / "site/a.txt", "a\n")
        path = write(folder / "stet.yaml", "listen: unix:s\nfiles: site\nquiet: true\n")
        environment = {"XDG_CACHE_HOME": str(folder / "cache")}
        with Running(report, path, cwd="/", environment=environment, wait=False) as server:
            def answers():
                with socket.socket(socket.AF_UNIX) as wire:
                    try:
                        wire.connect(str(folder / "s"))
                    except OSError:
                        return False
                    wire.sendall(b"GET /a.txt HTTP/1.0\r\n\r\n")
                    return wire.recv(4096).startswith(b"HTTP/1.1 200")
            report.check("a socket beside the file", harness.eventually(answers))
            server.stop(signal.SIGTERM)
            report.equal("quiet", server.text(), "")
        memos = [str(found.relative_to(folder)) for found in folder.rglob("*.memo")]
        report.check("a memo in the cache", len(memos) == 1 and
                     re.fullmatch(r"cache/stet/serve-[0-9a-f]{16}\.memo", memos[0]), memos)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            path = write(folder / "taken.yaml", f"listen: 127.0.0.1:{port}\nrespond: 200\n")
            shown = Run("run", "-c", path)
            report.equal("a port that is taken", shown.status, 3)
            report.match("is said", shown.err, f"127.0.0.1:{port}.*in use")


def hangup(report):
    """SIGHUP: another configuration is taken, one with errors is not"""
    with place() as folder:
        path = write(folder / "stet.yaml", "listen: 127.0.0.1:0\nrespond: {text: one}\n")
        environment = {"XDG_CACHE_HOME": str(folder / "cache")}
        with Running(report, path, environment=environment) as server:
            report.equal("before", server.of("a").content, b"one")
            write(path, "listen: 127.0.0.1:0\nrespond: {text: two}\n")
            server.kill(signal.SIGHUP)
            report.check("taken", harness.eventually(lambda: server.of("a").content == b"two"))
            write(path, "listen: 127.0.0.1:0\nrespond: {texd: three}\n")
            server.kill(signal.SIGHUP)
            report.check("errors are told", server.said(
                r'stet\.yaml:2:11: unknown key "texd"; did you mean "text"\?'))
            report.equal("the old one stays", server.of("a").content, b"two")


# Where a flag's key has another name, or is in another place than the table below says.
FLAGS = {
    "serve": {"listen": "listen", "workers": "workers", "log": "log.format", "log-file": "log.file",
              "cache-control": "files.cache-control", "browse": "files.browse", "spa": "files.spa",
              "cors": "files.cors", "no-compress": "files.compress", "memory": "files.memory",
              "memo": "files.memo", "admin-socket": "admin.socket", "metrics": "admin.metrics",
              "quiet": "quiet", "tls": "tls-listen", "cert": "tls.certificate", "key": "tls.key",
              "early-data": "tls-early-data"},
    "proxy": {"listen": "listen", "workers": "workers", "log": "log.format", "log-file": "log.file",
              "memory": "memory", "object-max": "cache.object-max", "keep": "cache.keep",
              "profile": "cache.profile", "validate-up-to": "cache.validate-up-to",
              "no-synthesize": "cache.synthesize", "ignore": "cache.ignore",
              "fill-on-conditional": "cache.fill-on-conditional", "no-collapse": "cache.collapse",
              "show-key": "cache.show-key", "host": "proxy.host", "forwarded": "proxy.forwarded",
              "via": "proxy.via", "name": "proxy.name", "no-upgrade": "proxy.upgrade",
              "trust": "trusted", "purge-from": "purge-from", "forward": "forward",
              "forward-from": "forward.from", "connect-ports": "forward.connect-ports",
              "admin-socket": "admin.socket", "metrics": "admin.metrics", "quiet": "quiet",
              "tls": "tls-listen", "cert": "tls.certificate", "key": "tls.key",
              "early-data": "tls-early-data", "origin-early-data": "proxy.early-data",
              "origin-ca": "proxy.tls.ca-file", "origin-insecure": "proxy.tls.verify",
              "origin-cert": "proxy.tls.certificate", "origin-key": "proxy.tls.key"},
}


def keys(report):
    """every flag and every limit has its key, and the manual has every key"""
    table = json.loads(Run("check", "--keys", "--json").out)
    have = {f"{key['place']}.{key['name']}".lstrip(".") for key in table["keys"]}
    for command, flags in FLAGS.items():
        shown = Run(command, "--help").out
        options = set(re.findall(r"^  (?:-\w, |    )--([a-z-]+)", shown, re.M)) - {"help", "limit"}
        report.equal(f"{command}: flags without a key", options - set(flags), set())
        report.equal(f"{command}: keys that are none",
                     {flag: key for flag, key in flags.items() if key not in have}, {})
    limits = re.findall(r"^([a-z-]+) +\d+ +\d+", Run("serve", "--limit", "help").out, re.M)
    report.check("limits", len(limits) > 20)
    report.equal("limits without a key", {name for name in limits if f"limits.{name}" not in have},
                 set())
    listed = Run("check", "--keys").out
    report.equal("--keys lists all of them", [key["name"] for key in table["keys"] if not re.search(
        rf"^  {key['name']}: ", listed, re.M)], [])
    done = subprocess.run([sys.executable, ROOT / "script/keys", "--check"], capture_output=True,
                          text=True, check=False, env={**os.environ, "STET": harness.program()})
    report.equal("the manual", (done.returncode, done.stdout + done.stderr), (0, ""))
    page = (ROOT / "man/stet.yaml.5.scd").read_text(encoding="utf-8")
    report.equal("keys that the manual lacks", [key["name"] for key in table["keys"]
                                                if f"\n*{key['name']}*" not in page], [])


def blocks(path, kind):
    """The pieces of a document between "```KIND" and "```"."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.M | re.S)
    return [text for named, text in found if named == kind]


def at_home(block, folder):
    """The block with a certificate of ours for those of /etc/stet, and a directory of ours for
    those of /srv; without stapled responses, which only an authority can make."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if not key.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "90", "-subj", "/CN=example.org",
                        "-addext", "subjectAltName=DNS:example.org,DNS:*.example.org", "-keyout", key,
                        "-out", certificate], check=True, capture_output=True)
    block = re.sub(r"^ *ocsp: .*\n", "", block, flags=re.M)
    block = re.sub(r"/etc/stet/[\w.-]+\.pem", str(certificate), block)
    block = re.sub(r"/etc/stet/[\w.-]+\.key", str(key), block)
    return block.replace("files: /srv/static", f"files: {folder}")


def examples(report):
    """the examples of the documents are right, and errors are told as they say"""
    with place() as folder:
        for number, block in enumerate(blocks(ROOT / "doc/config.md", "yaml")):
            if "/etc/stet/" in block:
                block = at_home(block, folder)
            shown = Run("check", write(folder / f"{number}.yaml", block))
            report.equal(f"doc/config.md, block {number}", (shown.status, shown.err), (0, ""))
        report.check("doc/config.md has some", number >= 6)
        path = write(folder / "stet.yaml", (ROOT / "examples/stet.yaml").read_text(encoding="utf-8"))
        shown = Run("check", path)
        report.equal("examples/stet.yaml", (shown.status, shown.err), (0, ""))
        report.check("its summary", shown.out.count("\n") > 10, shown.out)
        pages = [block for block in blocks(ROOT / "man/stet.yaml.5.scd", "") if ": " in block and
                 not ERROR.match(block)]
        for block in pages:  # their directories are not on this machine
            block = re.sub(r"/(srv|var)/[\w./]+", lambda found: str(folder / "x"), block)
            block = re.sub(r"files: \S+", f"files: {folder}", block)
            shown = Run("check", write(folder / "page.yaml", block))
            report.equal("man/stet.yaml.5", (shown.status, shown.err), (0, ""))
        report.check("the page has some", len(pages) >= 3)
        told = "listen: :80\nmemory: 64MB\nproxy:\n  to: http://app\n  cache:\n      object_max: 1\n"
        shown = Run("check", write(folder / "stet.yaml", told), cwd=folder)
        wanted = next(block for block in blocks(ROOT / "doc/config.md", "") if ERROR.match(block))
        report.equal("errors in doc/config.md", shown.err.replace(f"{folder}/", ""), wanted)


if __name__ == "__main__":
    sys.exit(run(check_right, check_wrong, check_odd, terminal, sites, running, hangup, keys,
                 examples))
