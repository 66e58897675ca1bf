#!/usr/bin/env python3
"""running.py [TEST...]: signals, logs, the memo and deadlines of a running stet serve"""
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

from harness import DEADLINE, Server, eventually, place, program, prose, run, write

LARGE = bytes(range(256)) * (16 << 12)  # 16 MiB: more than sockets hold
COMBINED = re.compile(r'(\S+) - - \[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000)\] "(.*?)" (\d{3}) (\d+) '
                      r'"((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)" "stet; detail=([\w-]*)"')


def site(folder):
    write(folder / "site/a.txt", "a\n")
    write(folder / "site/text.txt", prose(5000))
    write(folder / "site/large.bin", LARGE)
    return folder / "site"


def begin_download(server):
    """A connection on which LARGE is under way: its head and the first octets were read."""
    wire = server.wire(receive_buffer=4096)
    wire.send(b"GET /large.bin HTTP/1.1\r\nHost: h\r\n\r\n")
    wire.head()
    return wire


def refused(server):
    try:
        server.wire().socket.close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        pass
    return False


def ends_early(wire):
    """The connection ended before all of LARGE was there."""
    try:
        return len(wire.exactly(len(LARGE))) < len(LARGE)
    except (EOFError, ConnectionError):
        return True


def drain(report):
    """SIGTERM: what is under way is finished, nothing new is begun"""
    with place() as folder, Server(report, site(folder)) as server:
        idle, slow = server.wire(), begin_download(server)
        idle.ask("/a.txt")
        server.kill(signal.SIGTERM)
        report.check("it says so", server.said("finishing requests in progress"))
        report.check("new connections are refused", eventually(lambda: refused(server)))
        report.check("an idle connection ends", idle.closed())
        report.check("it waits", server.process.poll() is None)
        report.check("the download is whole", slow.exactly(len(LARGE)) == LARGE)
        report.check("and its connection ends", slow.closed())
        report.equal("then the server ends", server.wait(), 0)


def drain_in_pieces(report):
    """SIGTERM: a request that is half there, and one behind another, are answered or not begun"""
    with place() as folder, Server(report, site(folder)) as server:
        half, slow = server.wire(), begin_download(server)
        half.send(b"GET /a.txt HTTP/1.1\r\nHost:")
        slow.send(b"GET /a.txt HTTP/1.1\r\nHost: h\r\n\r\n")
        report.equal("still serving", server.ask("/a.txt").content, b"a\n")
        server.kill(signal.SIGTERM)
        server.said("finishing")
        half.send(b" h\r\n\r\n")
        try:
            answer = half.response()
            report.equal("half a request: answered as the last one",
                         (answer.content, answer.get("Connection")), (b"a\n", "close"))
        except (EOFError, ConnectionError) as error:
            report.check("half a request: not begun", True, error)
        report.check("the download is whole", slow.exactly(len(LARGE)) == LARGE)
        slow.closed()
        report.equal("the server ends", server.wait(), 0)


def stop(report):
    """SIGINT, a second SIGTERM, and a drain that takes too long: the end comes at once"""
    with place() as folder:
        root = site(folder)
        for name, signals in (("SIGINT", [signal.SIGINT]),
                              ("a second SIGTERM", [signal.SIGTERM, signal.SIGTERM]),
                              ("SIGINT after SIGTERM", [signal.SIGTERM, signal.SIGINT])):
            with Server(report, root) as server:
                slow = begin_download(server)
                for number in signals:
                    server.kill(number)
                    if number == signal.SIGTERM:
                        server.said("finishing")
                begun = time.monotonic()
                report.equal(name, server.wait(), 0)
                report.check(f"{name}: at once", time.monotonic() - begun < 10)
                report.check(f"{name}: the download is cut", ends_early(slow))
        with Server(report, root, "--limit=drain_timeout=200ms") as server:
            slow = begin_download(server)
            server.kill(signal.SIGTERM)
            report.equal("drain_timeout", server.wait(), 0)
            report.check("drain_timeout: the download is cut", ends_early(slow))


def hashing_interrupted(report):
    """an end while a lot is being hashed comes at once"""
    with place() as folder:
        with open(write(folder / "site/huge", ""), "wb") as huge:
            huge.truncate(200 << 30)
        with Server(report, folder / "site") as server:
            server.ask("/huge", "HEAD")
            begun = time.monotonic()
            server.kill(signal.SIGTERM)
            report.equal("ends", server.wait(), 0)
            report.check("at once", time.monotonic() - begun < 10)


def walk_again(report):
    """SIGHUP: the tree is looked at anew"""
    with place() as folder, Server(report, site(folder)) as server:
        report.check("3 files", server.said("knows 3 of 3"))
        write(folder / "site/b.txt", "b\n")
        server.kill(signal.SIGHUP)
        report.check("4 files", server.said("knows 4 of 4"))
        server.kill(signal.SIGHUP)
        report.equal("serves on", server.ask("/b.txt").content, b"b\n")


def logged(path, count):
    """The lines of a log once there are `count` of them."""
    def lines():
        text = path.read_text(encoding="ascii") if path.exists() else ""
        return text.splitlines() if text.count("\n") >= count else None
    return eventually(lines) or []


def log_reopened(report):
    """SIGUSR1: the log goes on in a new file after it was moved away"""
    with place() as folder:
        log = folder / "log"
        with Server(report, site(folder), "--log=json", f"--log-file={log}") as server:
            server.ask("/a.txt")
            report.equal("a line", len(logged(log, 1)), 1)
            log.rename(folder / "log.1")
            server.ask("/text.txt")
            report.equal("still in the old one", len(logged(folder / "log.1", 2)), 2)
            server.kill(signal.SIGUSR1)
            report.check("a new one", eventually(log.exists))
            server.ask("/none")
            report.equal("goes on there", [json.loads(line)["target"] for line in logged(log, 1)],
                         ["/none"])
            report.equal("and not in the old one", len(logged(folder / "log.1", 2)), 2)


def ask_for_logs(server):
    """One request of each kind; the lines there must be."""
    tag = server.ask("/text.txt").tag
    server.ask("/text.txt", If_None_Match=tag)
    server.ask("/text.txt", Range="bytes=0-9")
    server.ask("/none?a=%22b", Referer="https://example.org/\xe9")
    server.ask("/text.txt", "HEAD", User_Agent='evil "quotes" \\ back\tslash \xff')
    with server.wire() as wire:
        wire.send(b"GET /\x1b[31m\x01 HTTP/1.1\r\nHost: h\r\n\r\n")
        wire.response()
    with server.wire() as wire:
        wire.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\"}\n\n")
        wire.response()
    server.ask("/" + "x" * 4000)
    return 8


def log_json(report):
    """--log json: each line is an object, whatever the client sends"""
    with place() as folder:
        log = folder / "log"
        with Server(report, site(folder), "--log=json", f"--log-file={log}",
                    "--workers=1") as server:
            count = ask_for_logs(server)
            lines = logged(log, count)
        rows = [json.loads(line) for line in lines]
        report.equal("a line for each", len(rows), count)
        names = {"time", "client", "method", "target", "protocol", "status", "sent", "complete",
                 "seconds", "referer", "user_agent", "reason", "saved"}
        report.equal("members", {frozenset(row) for row in rows}, {frozenset(names)})
        report.equal("status", [row["status"] for row in rows],
                     [200, 304, 206, 404, 200, 400, 400, 404])
        report.equal("sent", [row["sent"] for row in rows[:3]], [5000, 0, 10])
        report.equal("a user agent with quotes", rows[4]["user_agent"],
                     'evil "quotes" \\ back\tslash \xff')
        report.equal("a referer that is no ASCII", rows[3]["referer"], "https://example.org/\xe9")
        report.check("reasons", all(re.fullmatch(r"[a-z-]+", row["reason"]) for row in rows[:3]),
                     [row["reason"] for row in rows[:3]])
        report.check("time", all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["time"])
                                 for row in rows))
        raw = "\n".join(lines).encode("ascii")
        report.check("nothing raw", not re.search(rb"[\x00-\x09\x0b-\x1f\x7f-\xff]", raw))


def log_combined(report):
    """--log combined: each line has the form, and nothing gets out of its quotes"""
    with place() as folder:
        log = folder / "log"
        with Server(report, site(folder), "--log=combined", f"--log-file={log}",
                    "--workers=1") as server:
            count = ask_for_logs(server)
            lines = logged(log, count)
        matches = [COMBINED.fullmatch(line) for line in lines]
        report.check("a line for each", len(lines) == count and all(matches),
                     [line for line, match in zip(lines, matches) if not match])
        report.equal("the first", matches[0].group(1, 3, 4, 5, 6),
                     ("127.0.0.1", "GET /text.txt HTTP/1.1", "200", "5000", "-"))
        report.match("hostile octets", lines[5], r"\\x1b\[31m\\x01")
        raw = "\n".join(lines).encode("ascii")
        report.check("nothing raw", not re.search(rb"[\x00-\x09\x0b-\x1f\x7f-\xff]", raw))
        where = folder / "out"
        with open(where, "wb") as out, Server(report, folder / "site", "--log=combined",
                                              stdout=out) as server:
            server.ask("/a.txt")
            report.equal("on standard output by default", len(logged(where, 1)), 1)


def log_lost(report):
    """a full disk, a reader that has gone or sleeps: the server serves on, and ends"""
    with place() as folder:
        root = site(folder)
        helpful = subprocess.run([program(), "serve", root,
                                  "--log=json", "--log-file=/nonexistent/log", "--memo=off"],
                                 capture_output=True, text=True, timeout=DEADLINE, check=False)
        report.check("a log that cannot be opened", helpful.returncode == 2 and
                     "/nonexistent/log" in helpful.stderr, helpful.stderr)
        with Server(report, root, "--log=json", "--log-file=/dev/full") as server:
            report.equal("disk full", [server.ask("/a.txt").status for _ in range(50)], [200] * 50)
        ours, theirs = os.pipe()
        os.close(ours)
        with Server(report, root, "--log=json", stdout=theirs) as server:
            report.equal("reader gone", [server.ask("/a.txt").status for _ in range(50)],
                         [200] * 50)
        os.close(theirs)
        ours, theirs = os.pipe()
        with Server(report, root, "--log=json", stdout=theirs) as server, server.wire() as wire:
            target = "/none" + "x" * 400
            report.equal("reader asleep", {wire.ask(target).status for _ in range(500)}, {404})
            server.kill(signal.SIGTERM)
            server.said("finishing")
            wire.socket.close()
            report.equal("ends all the same", server.wait(), 0)
        os.close(ours)
        os.close(theirs)


def remembered(report, root, memo, line, *warnings):
    """Starts with a memo, compares what is said, returns the tags it answers with at once."""
    with Server(report, root, f"--memo={memo}") as server:
        said = server.said("knows")
        report.match(line, said or "", line)
        for warning in warnings:
            report.match(f"warning: {warning}", server.text(), f"stet: warning: [^\n]*{warning}")
        if not warnings:
            report.check("no warning", "warning" not in server.text(), server.text())
        return [server.ask(f"/{name}").tag for name in ("a.txt", "text.txt", "large.bin")]


def memo_warm(report):
    """what was hashed is remembered; what was edited meanwhile is not; the default place"""
    with place() as folder:
        root, memo = site(folder), folder / "memo"
        with Server(report, root, f"--memo={memo}") as server:
            report.match("cold", server.said("knows") or "", r"\(0 remembered, 0 failed")
            server.settle("/a.txt", "/text.txt", "/large.bin")
            tags = [server.ask(f"/{name}").tag for name in ("a.txt", "text.txt", "large.bin")]
        report.equal("the memo is its owner's", memo.stat().st_mode & 0o777, 0o600)
        report.equal("the same tags", remembered(report, root, memo,
                                                 r"knows 3 of 3 files \(3 remembered, 0 failed, 0.0"),
                     tags)
        kept = (root / "a.txt").stat()
        write(root / "a.txt", "b\n")
        os.utime(root / "a.txt", ns=(kept.st_atime_ns, kept.st_mtime_ns))
        again = remembered(report, root, memo, r"knows 3 of 3 files \(2 remembered")
        report.check("another tag for what was edited, its size and mtime kept",
                     again[0].removeprefix("W/") != tags[0] and again[1:] == tags[1:], again)
        size = memo.stat().st_size
        (root / "large.bin").unlink()
        with Server(report, root, f"--memo={memo}") as server:
            report.match("a file less", server.said("knows"), r"knows 2 of 2 files")
        report.check("is forgotten", memo.stat().st_size < size, (size, memo.stat().st_size))
        write(root / "large.bin", LARGE)
        cache = folder / "cache"
        environment = {"XDG_CACHE_HOME": str(cache)}
        with Server(report, root, "--memo=" + str(memo), environment=environment):
            pass
        report.check("--memo PATH: nothing elsewhere", not cache.exists())
        by_default(report, root, cache, environment)


def by_default(report, root, cache, environment):
    """Without --memo: one file for each directory, in the cache of its user."""
    with Server(report, root, "--memo=off", environment=environment) as server:
        server.said("knows")
    report.check("--memo=off: nothing anywhere", not cache.exists())
    with Server(report, root, memo=None, environment=environment) as server:
        server.settle("/a.txt", "/text.txt", "/large.bin")
    found = [str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file()]
    report.check("a file in the cache", len(found) == 1 and
                 re.fullmatch(r"stet/serve-[0-9a-f]{16}\.memo", found[0]), found)
    with Server(report, root, memo=None, environment=environment) as server:
        report.match("and it is found again", server.said("knows"), r"\(3 remembered")


def memo_damaged(report):
    """a memo that is damaged, foreign, too open or cannot be written: a warning, and it serves"""
    with place() as folder:
        root, memo = site(folder), folder / "memo"
        with Server(report, root, f"--memo={memo}") as server:
            server.settle("/a.txt", "/text.txt", "/large.bin")
        good, cold = memo.read_bytes(), r"\(0 remembered"
        for name, content in (("a bit", good[:99] + bytes([good[99] ^ 4]) + good[100:]),
                              ("its end", good[:-1]), ("more", good + b"\0"), ("empty", b""),
                              ("nonsense", b"GET / HTTP/1.1\r\n\r\n" * 100)):
            report.topic = f"memo_damaged: {name}"
            memo.write_bytes(content)
            remembered(report, root, memo, cold, "damaged")
        report.topic = "memo_damaged"
        memo.write_bytes(good)
        other = folder / "other"
        write(other / "a.txt", "other\n")
        for name in ("text.txt", "large.bin"):
            write(other / name, "x")
        remembered(report, other, memo, cold, "another directory")
        memo.write_bytes(good)
        memo.chmod(0o666)
        remembered(report, root, memo, cold, "written by others")
        write(folder / "file", "")
        with Server(report, root, f"--memo={folder}/file/memo") as server:
            report.check("a memo that cannot be read or written",
                         server.said("warning: the memo cannot be"))
            report.equal("serves", server.ask("/a.txt").content, b"a\n")


def waits(report, name, limit, octets, wanted):
    """Sends `octets` to a server with `limit` of 300 ms; what it answers before it closes."""
    with place() as folder, Server(report, site(folder), f"--limit={limit}=300ms") as server, \
            server.wire() as wire:
        begun = time.monotonic()
        wire.send(octets)
        got = b""
        while piece := wire.socket.recv(65536):
            got += piece
        took = time.monotonic() - begun
        report.match(f"{name}: {limit}", got.decode("latin-1"), wanted)
        report.check(f"{name}: neither early nor late", 0.29 < took < 10, took)


def deadlines(report):
    """slow heads, slow content, idle connections and slow readers are closed in time"""
    late = "^HTTP/1.1 408 .*\r\nConnection: close\r\n"
    waits(report, "half a head", "header_timeout", b"GET / HTTP/1.1\r\n", late)
    waits(report, "half a line", "header_timeout", b"G", late)
    waits(report, "content that does not come", "body_timeout",
          b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\nx", "^HTTP/1.1 405 ")
    waits(report, "nothing", "idle_timeout", b"", "^$")
    waits(report, "nothing more", "idle_timeout", b"HEAD /a.txt HTTP/1.1\r\nHost: h\r\n\r\n",
          "^HTTP/1.1 200 .*\r\n\r\n$")
    with place() as folder, Server(report, site(folder), "--limit=send_timeout=300ms") as server:
        wire = begin_download(server)
        poll = select.poll()
        poll.register(wire.socket, select.POLLHUP | select.POLLERR)
        report.check("a reader that does not read", poll.poll(DEADLINE * 1000))
        wire.socket.close()


def crowds(report):
    """limits on connections: of one address, in total, and on the requests of one"""
    with place() as folder:
        root = site(folder)
        for name in ("connections_per_address", "connections"):
            with Server(report, root, f"--limit={name}=3") as server:
                held = [server.wire() for _ in range(3)]
                report.equal(f"{name}: 3", [wire.ask("/a.txt").status for wire in held], [200] * 3)
                report.check(f"{name}: no fourth", turned_away(server))
                held[0].socket.close()
                report.check(f"{name}: one goes, one comes",
                             eventually(lambda: not turned_away(server)))
        with Server(report, root, "--limit=requests_per_connection=2") as server, \
                server.wire() as wire:
            report.equal("requests of a connection", [wire.ask("/a.txt").get("Connection") for _ in
                                                      range(2)], [None, "close"])
            report.check("then it ends", wire.closed())
        with Server(report, root, "--limit=field_count=5") as server:
            report.equal("fields", server.ask("/a.txt", A=1, B=2, C=3, D=4, E=5).status, 431)


def turned_away(server):
    try:
        with server.wire() as wire:
            return wire.ask("/a.txt").status != 200
    except (ConnectionError, EOFError):
        return True


if __name__ == "__main__":
    sys.exit(run(drain, drain_in_pieces, stop, hashing_interrupted, walk_again, log_reopened,
                 log_json, log_combined, log_lost, memo_warm, memo_damaged, deadlines, crowds))
