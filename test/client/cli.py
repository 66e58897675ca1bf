#!/usr/bin/env python3
"""cli.py [TEST...]: the command line of stet serve, and what it says when it cannot start"""
import os
import pathlib
import pty
import re
import resource
import signal
import socket
import stat
import subprocess
import sys

import harness
from harness import DEADLINE, Server, Wire, eventually, place, prose, run, write


class Run:
    """stet, run to its end: exit status and what it said."""

    def __init__(self, *arguments, before=(), **settings):
        done = subprocess.run([*before, harness.program(), *map(str, arguments)],
                              capture_output=True, text=True, timeout=DEADLINE, check=False,
                              stdin=subprocess.DEVNULL, **settings)
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr


def helpful(report, name, run_, status, *words):
    """Ended with `status`, nothing on standard output, and the words on standard error."""
    said = run_.err
    good = run_.status == status and not run_.out and all(word in said for word in words)
    report.check(name, good and said.startswith("stet"), f"exit status {run_.status}: {said}")
    report.check(f"{name}: in a few lines", 1 <= said.count("\n") <= 3, said)


def help_and_version(report):
    """--help, --version, and the table of limits"""
    for words in (("--help",), ("-h",)):
        shown = Run(*words)
        report.check(" ".join(words), shown.status == 0 and "Usage: stet" in shown.out
                     and "serve" in shown.out and not shown.err, shown.out + shown.err)
    shown = Run("--version")
    report.check("--version", shown.status == 0 and re.fullmatch(r"stet \d+\.\d+\.\d+\n", shown.out),
                 shown.out)
    shown = Run("serve", "--help")
    options = re.findall(r"--[a-z-]+", shown.out)
    wanted = {"--listen", "--workers", "--log", "--log-file", "--cache-control", "--browse", "--spa",
              "--cors", "--no-compress", "--memory", "--memo", "--limit", "--quiet", "--help"}
    report.check("serve --help", shown.status == 0 and wanted <= set(options), wanted - set(options))
    report.check("within 100 columns", max(map(len, shown.out.splitlines())) <= 100)
    table = Run("serve", "--limit", "help")
    rows = re.findall(r"^([a-z-]+) +(\d+) +(\d+) +(\d+) +(\w+) +(.+) -> (.+)$", table.out, re.M)
    report.check("--limit help", table.status == 0 and len(rows) >= 20, table.out)
    report.equal("bounds hold the defaults", [row[0] for row in rows if not
                 int(row[2]) <= int(row[1]) <= int(row[3])], [])


def usage(report):
    """what is not understood is explained; exit status 2"""
    helpful_ = lambda name, words, *said: helpful(report, name, Run(*words), 2, *said)
    report.equal("nothing", Run().status, 2)
    helpful_("an unknown command", ("frob",), "frob", "stet --help")
    helpful_("an unknown option", ("serve", "--frob"), "--frob", "stet serve --help")
    helpful_("an unknown letter", ("serve", "-qx"), "-x", "stet serve --help")
    helpful_("an argument too many", ("serve", "--quiet=1"), "--quiet=1", "no argument")
    helpful_("a missing argument", ("serve", "--listen"), "--listen", "missing")
    helpful_("two directories", ("serve", "a", "b"), "one directory", "b")
    for option, value, said in (
            ("--workers", "0", "1 to 256"), ("--workers", "257", "1 to 256"),
            ("--workers", "many", "1 to 256"), ("--log", "xml", "combined"),
            ("--memory", "lots", "256MiB"), ("--memory", "-1", "256MiB"),
            ("--cache-control", "no-equals", "GLOB=VALUE"),
            ("--cache-control", "*=a\nb", "GLOB=VALUE"), ("--cors", "a\r\nb", "origin"),
            ("--limit", "frob=1", "--limit help"), ("--limit", "head_size", "NAME=VALUE"),
            ("--limit", "head_size=lots", "64KiB"), ("--limit", "head_size=0", "1024"),
            ("--limit", "send_turn=1TiB", "67108864"), ("--limit", "header_timeout=15", "15s"),
            ("--limit", "idle_timeout=300000000d", "15s"), ("--limit", "field_count=300", "256"),
            ("--listen", "80", "HOST:PORT"), ("--listen", "127.0.0.1:99999", "65535"),
            ("--listen", "::1:80", "brackets"), ("--listen", "[::1:80", "bracket"),
            ("--listen", "unix:", "path"), ("--listen", "unix:/" + "x" * 120, "too long")):
        helpful_(f"{option} {value[:20]!r}", ("serve", option, value), option, said)


def reduced(report):
    """Words before a command that take a superuser's rights over files; None if that is refused."""
    if os.geteuid() != 0:
        return []
    before = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    if subprocess.run([*before, "true"], capture_output=True, check=False).returncode == 0:
        return before
    report.skip("permissions", "this superuser cannot give up rights")
    return None


def directories(report):
    """a directory that is missing, a file, forbidden; files that are forbidden"""
    helpful(report, "missing", Run("serve", "/nonexistent/there"), 2, "/nonexistent/there",
            "No such file")
    with place() as folder:
        file = write(folder / "file", "x")
        helpful(report, "a file", Run("serve", file), 2, str(file), "Not a directory")
        before = reduced(report)
        if before is None:
            return
        closed = folder / "closed"
        closed.mkdir(mode=0)
        helpful(report, "forbidden", Run("serve", closed, before=before), 2, str(closed),
                "Permission denied")
        write(folder / "site/open.txt", "open\n")
        write(folder / "site/closed.txt", "closed\n").chmod(0)
        write(folder / "site/closed/file.txt", "closed\n").parent.chmod(0)
        with Server(report, folder / "site", before=before) as server:
            report.match("the end of the walk", server.said("knows"), r"knows 1 of 2 files")
            report.check("a warning for the file", server.said("warning.*closed.txt"))
            report.check("a warning for the directory", server.said("warning.*closed$"))
            report.equal("the rest is served", server.ask("/open.txt").content, b"open\n")
            report.equal("403", server.ask("/closed.txt").status, 403)
            (folder / "site/closed.txt").chmod(0o644)
            report.equal("until it is allowed", server.ask("/closed.txt").content, b"closed\n")
        (folder / "site/closed").chmod(0o755)


def addresses(report):
    """a port that is taken, addresses of others, several listeners, IPv6, unix sockets"""
    with place() as folder:
        write(folder / "site/a.txt", "a\n")
        with Server(report, folder / "site") as server:
            taken = Run("serve", folder / "site", "--listen", f"127.0.0.1:{server.port}",
                        "--memo=off")
            helpful(report, "a port that is taken", taken, 3, f":{server.port}", "in use",
                    "--listen")
        for name, address, words in (
                ("an address of others", "192.0.2.1:0", "does not have that address"),
                ("no such host", "host.invalid:0", "no such host"),
                ("no such folder", f"unix:{folder}/none/s", "No such file"),
                ("a file in the way", f"unix:{folder}/site/a.txt", "in the way")):
            helpful(report, name, Run("serve", folder / "site", "--listen", address, "--memo=off"),
                    3, address, words)
        report.equal("the file is still there", (folder / "site/a.txt").read_bytes(), b"a\n")
        path = folder / "socket"
        more = [f"--listen=unix:{path}", "--listen=localhost:0"]
        with Server(report, folder / "site", *more) as server:
            report.check("the unix socket is said", server.said(f"listening on unix:{path}"))
            report.check("the name is said", server.said(r"listening on http://localhost:\d+/"))
            report.check("it is a socket", stat.S_ISSOCK(path.stat().st_mode))
            with Wire(str(path), family=socket.AF_UNIX) as wire:
                report.equal("over the unix socket", wire.ask("/a.txt").content, b"a\n")
            report.equal("over TCP", server.ask("/a.txt").content, b"a\n")
        report.check("the socket's file is gone", not path.exists())
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(path))
        with Server(report, folder / "site", f"--listen=unix:{path}") as server, \
                Wire(str(path), family=socket.AF_UNIX) as wire:
            report.equal("a stale one is replaced", wire.ask("/a.txt").content, b"a\n")
            helpful(report, "a living one is not", Run("serve", folder, f"--listen=unix:{path}"), 3,
                    "in use")
        version_6(report, folder)


def version_6(report, folder):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        report.skip("IPv6", error)
        return
    with Server(report, folder / "site", listen="[::1]:0") as server, \
            Wire(("::1", server.port), family=socket.AF_INET6) as wire:
        report.equal("[::1]", wire.ask("/a.txt").content, b"a\n")
        report.match("its URL", server.text(), r"http://\[::1\]:\d+/")
    with Server(report, folder / "site", listen=":0") as server:
        for host, family in (("::1", socket.AF_INET6), ("127.0.0.1", socket.AF_INET)):
            with Wire((host, server.port), family=family) as wire:
                report.equal(f":PORT serves {host}", wire.ask("/a.txt").content, b"a\n")


def announcements(report):
    """what is said, where, and in which form"""
    line = r"^stet: knows 3 of 3 files \(0 remembered, 0 failed, \d+\.\d MiB hashed\) in \d+\.\d s$"
    with place() as folder:
        for name in ("a", "b/c", "b/d"):
            write(folder / "site" / name, prose(5000))
        environment = {"NO_COLOR": "", "TERM": "xterm-256color"}
        with Server(report, folder / "site", environment=environment) as server:
            report.check("the end of the hashing", server.said("knows"))
            report.match("its form", server.text(), f"(?m){line}")
            report.check("nothing that steers a terminal", not re.search(r"[\x00-\x09\x0b-\x1f\x7f]",
                                                                         server.text()))
        ours, theirs = pty.openpty()
        server = subprocess.Popen([harness.program(), "serve", folder / "site", "--memo=off",
                                   "--listen=127.0.0.1:0"], stderr=theirs, stdin=theirs)
        os.close(theirs)
        said = b""
        while b"knows 3 of 3" not in said:
            said += os.read(ours, 4096)
        server.send_signal(signal.SIGINT)
        report.equal("on a terminal: ends", server.wait(DEADLINE), 0)
        os.close(ours)
        report.match("on a terminal: the line is rewritten", said.decode(),
                     "\r\033\\[Kstet: (knows|hashing)")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        with Server(report, folder / "site", "--quiet", listen=f"127.0.0.1:{port}",
                    wait=False) as server:
            def answers():
                try:
                    with Wire(("127.0.0.1", port)) as wire:
                        return wire.ask("/a").status == 200
                except ConnectionError:
                    return False
            report.check("--quiet: serves", eventually(answers))
            server.stop(signal.SIGTERM)
            report.equal("--quiet: says nothing", server.text(), "")


def flags(report):
    """each option does what it says"""
    with place() as folder:
        site = folder / "site"
        write(site / "a.txt", prose(5000))
        write(site / "img/b.png", b"png")
        write(site / "index.html", "<!doctype html><title>app</title>\n")
        options = ["--cache-control=img/*=max-age=60", "--cache-control=*.txt=private",
                   "--cors=https://example.org", "--no-compress", "--spa", "--memory=1MiB",
                   "--workers=1"]
        with Server(report, site, *options) as server:
            report.equal("--cache-control", [server.ask(target).get("Cache-Control") for target in
                                             ("/img/b.png", "/a.txt", "/")],
                         ["max-age=60", "private", "no-cache"])
            answer = server.ask("/a.txt", Accept_Encoding="gzip, br, zstd")
            report.equal("--no-compress", answer.get("Content-Encoding"), None)
            report.equal("--cors", answer.get("Access-Control-Allow-Origin"), "https://example.org")
            asked = server.ask("/a.txt", "OPTIONS", Origin="https://example.org",
                               Access_Control_Request_Method="GET")
            report.equal("--cors: asked before", (asked.status, asked.get(
                "Access-Control-Allow-Methods")), (204, "GET, HEAD"))
            away = server.ask("/some/page")
            report.equal("--spa", (away.status, away.content),
                         (200, (site / "index.html").read_bytes()))
            report.check("--workers=1", threads(server.pid) < 6)
        with Server(report, site / "img", "--browse") as server:
            listing = server.ask("/")
            report.check("--browse", listing.status == 200 and b"b.png" in listing.content)
        with Server(report, site / "img") as server:
            report.equal("without --browse", server.ask("/").status, 404)
        with Server(report, ".", cwd=site) as server:
            report.equal("a relative directory", server.ask("/img/b.png").content, b"png")


def threads(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/task").iterdir()))


def outcome(server, held):
    """What one more client, who holds on to its connection, is given; None: it was turned away."""
    try:
        held.append(server.wire())
        return held[-1].ask("/a.txt").content
    except (ConnectionError, EOFError):
        return None


def few_descriptors(report):
    """with 64 descriptors: some are kept for files, so whoever is let in is answered"""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    with place() as folder:
        write(folder / "site/a.txt", "a\n")
        with Server(report, folder / "site", preexec_fn=limit) as server:
            report.equal("served", server.ask("/a.txt").content, b"a\n")
            held = []
            outcomes = [outcome(server, held) for _ in range(100)]
            let_in = outcomes.count(b"a\n")
            report.check("answered or turned away at the door", 16 <= let_in <= 40 and
                         let_in + outcomes.count(None) == 100, outcomes)
            for wire in held:
                wire.socket.close()
            report.check("when they have gone", eventually(
                lambda: outcome(server, []) == b"a\n"))
            report.check("no word of it, or one", server.text().count("\n") < 8, server.text())


if __name__ == "__main__":
    sys.exit(run(help_and_version, usage, directories, addresses, announcements, flags,
                 few_descriptors))
