#!/usr/bin/env python3
"""large.py [TEST...]: large files, files that change while they are sent, thousands of clients

The heavier part of the tests with real clients: bounded to about a minute on two busy cores.
"""
import mmap
import os
import resource
import sys
import threading
import time

from harness import DEADLINE, Server, eventually, place, run, short, write

GIB = 1 << 30
MIB = 1 << 20
VERSION = 32 * MIB  # more than sockets hold
LARGE = 10 * GIB
IDLE = 5000


def sparse(path, size, *marks):
    """A file of `size` that takes no room on the disk, with some octets at some places."""
    with open(write(path, b""), "wb") as file:
        file.truncate(size)
        for offset, octets in marks:
            file.seek(offset)
            file.write(octets)
    return path


def discard(wire, size):
    """Reads `size` octets of content and looks whether all of them are zero."""
    zero, buffer = True, bytearray(MIB)
    view, clean = memoryview(buffer), bytes(MIB)
    while size:
        got = wire.socket.recv_into(view[:min(size, MIB)])
        if got == 0:
            raise EOFError(f"{size} octets missing")
        zero = zero and view[:got] == clean[:got]
        size -= got
    return zero


def memory_stays_flat(report):
    """10 GiB: streamed and asked for in parts without being loaded, while it is being hashed"""
    end = b"the very end"
    with place() as folder:
        sparse(folder / "site/huge.bin", LARGE, (LARGE - len(end), end))
        write(folder / "site/small.txt", "small\n")
        with Server(report, folder / "site") as server:
            server.ask("/small.txt")
            begun, before = time.monotonic(), server.memory()
            with server.wire() as wire:
                wire.send(b"GET /huge.bin HTTP/1.1\r\nHost: h\r\n\r\n")
                head = wire.head()
                report.equal("length", head.get("Content-Length"), str(LARGE))
                wire.exactly(len(wire.kept))
                report.check("the first GiB", discard(wire, GIB))
                during = server.memory()
                report.equal("others meanwhile", server.ask("/small.txt").content, b"small\n")
            grown = max(during, server.memory()) - before
            report.check("memory while streaming", grown < 8 * MIB, f"{grown / MIB:.1f} MiB more")
            for spec, wanted in ((f"{LARGE - 12}-", end), ("-12", end), ("-3", b"end"),
                                 (f"{5 * GIB}-{5 * GIB + 3}", bytes(4)),
                                 (f"{LARGE - 1}-{LARGE + 100}", b"d")):
                part = server.ask("/huge.bin", Range=f"bytes={spec}")
                report.equal(f"bytes={spec}", (part.status, part.content), (206, wanted))
            several = server.ask("/huge.bin", Range=f"bytes=0-0,{4 * GIB}-{4 * GIB + 1},-3")
            report.check("three parts far apart", several.status == 206 and
                         several.content.count(b"\r\nContent-Range: bytes ") == 3 and
                         b"\r\n\r\nend\r\n" in several.content, several.content)
            report.equal("416", server.ask("/huge.bin", Range=f"bytes={LARGE}-").status, 416)
            date = server.ask("/huge.bin", "HEAD").get("Last-Modified")
            report.equal("304 by date before it is hashed", server.ask(
                "/huge.bin", If_Modified_Since=date).status if date else 304, 304)
            took = time.monotonic() - begun
            report.check("in time", took < 60, took)
            grown = max(grown, server.memory() - before)
            report.check("memory at last", grown < 8 * MIB, f"{grown / MIB:.1f} MiB more")
            print(f"        {grown / MIB:.1f} MiB more memory, {took:.1f} s")


def many_at_once(report):
    """40 slow downloads of a large file: each costs a bounded amount of memory"""
    with place() as folder:
        sparse(folder / "site/huge.bin", GIB)
        with Server(report, folder / "site") as server:
            server.ask("/huge.bin", "HEAD")
            before = server.memory()
            wires = [server.wire(receive_buffer=4096) for _ in range(40)]
            for wire in wires:
                wire.send(b"GET /huge.bin HTTP/1.1\r\nHost: h\r\n\r\n")
                wire.head()
            grown = server.memory() - before
            report.check("memory", grown < 40 * 256 * 1024, f"{grown / MIB:.1f} MiB more")
            for wire in wires:
                wire.socket.close()


def versions(letter):
    return letter * VERSION


class Download(threading.Thread):
    """Reads LARGE content to its end; what came, and whether it ended early."""

    def __init__(self, server, target="/file"):
        super().__init__()
        self.wire = server.wire(receive_buffer=4096)
        self.wire.send(f"GET {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        self.head = self.wire.head()
        self.size = int(self.head["Content-Length"])
        self.content = b""

    def run(self):
        pieces, left = [self.wire.kept], self.size - len(self.wire.kept)
        try:
            while left and (piece := self.wire.socket.recv(min(left, MIB))):
                pieces.append(piece)
                left -= len(piece)
        except ConnectionError:
            pass
        self.content = b"".join(pieces)
        self.wire.socket.close()


def of_one_version(content):
    return not content or content == content[:1] * len(content)


def truncated(path):
    with open(path, "r+b") as file:
        file.truncate(1000)


def emptied_and_written(path):
    path.write_bytes(versions(b"n"))


def overwritten(path):
    with open(path, "r+b") as file:
        file.write(versions(b"n"))


def overwritten_at_the_end(path):
    with open(path, "r+b") as file:
        file.seek(VERSION // 2)
        file.write(versions(b"n")[:VERSION // 2])


def mapped(path):
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as view:
        view[:] = versions(b"n")


def edited_and_set_back(path):
    kept = path.stat()
    overwritten(path)
    os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))


def grown(path):
    with open(path, "ab") as file:
        file.write(b"n" * 100000)


def replaced(path):
    write(path.with_name("new"), versions(b"n")).rename(path)


def removed(path):
    path.unlink()


EDITS = (truncated, emptied_and_written, overwritten, overwritten_at_the_end, mapped,
         edited_and_set_back, grown, replaced, removed)


def edited_while_sent(report):
    """the client gets the old bytes to the end, or a cut connection, never a mixture"""
    with place() as folder, Server(report, write(folder / "site/x", "").parent) as server:
        path = folder / "site/file"
        for edit in EDITS:
            write(path.with_name("fresh"), versions(b"o")).rename(path)
            download = Download(server)
            edit(path)
            download.start()
            download.join(DEADLINE)
            got = download.content
            name = edit.__name__
            report.check(f"{name}: one version", of_one_version(got) and got[:1] in (b"o", b""),
                         short(got[:20]))
            if edit in (replaced, removed):
                report.equal(f"{name}: the old bytes to the end", len(got), download.size)
            else:
                report.check(f"{name}: cut", len(got) < download.size)
            after = server.ask("/file")
            if edit is removed:
                report.equal(f"{name}: afterwards", after.status, 404)
            else:
                report.check(f"{name}: afterwards", after.content == path.read_bytes())


def parts_of_versions(report):
    """parts of a large file are joined by If-Range while it is the same, and not afterwards"""
    with place() as folder, Server(report, write(folder / "site/x", "").parent) as server:
        path = write(folder / "site/file", versions(b"o"))
        server.settle("/file")
        first = server.ask("/file", Range="bytes=0-999")
        tag, date = first.tag, first["Last-Modified"]
        second = server.ask("/file", Range="bytes=1000-1999", If_Range=tag)
        report.equal("the same", (second.status, second.content), (206, b"o" * 1000))
        kept = path.stat()
        os.utime(write(path.with_name("new"), versions(b"n")),
                 ns=(kept.st_atime_ns, kept.st_mtime_ns))
        path.with_name("new").rename(path)
        for name, validator in (("tag", tag), ("date", date)):
            other = server.ask("/file", Range="bytes=1000-1999", If_Range=validator)
            report.check(f"replaced, by {name}: the whole new one", other.status == 200 and
                         other.content == versions(b"n"), other.status)
        report.equal("replaced: 200 to the old tag", server.ask("/file", "HEAD",
                                                                If_None_Match=tag).status, 200)
        report.equal("replaced: 412", server.ask("/file", "HEAD", If_Match=tag).status, 412)


def idle_crowd(report):
    """5,000 connections that hold half a request each do not slow another client down"""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(IDLE, hard - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if count < 1000:
        report.skip("5,000 connections", f"only {hard} descriptors are allowed")
        return
    with place() as folder:
        write(folder / "site/a.txt", "a\n")
        with Server(report, folder / "site", "--limit=connections_per_address=6000") as server:
            server.ask("/a.txt")
            before, begun = server.memory(), time.monotonic()
            crowd = [server.wire() for _ in range(count)]
            for number, wire in enumerate(crowd):
                wire.send(b"GET /a.txt HTTP/1.1\r\nHost: h\r\n" if number % 2 else b"")
            report.check("they come in", time.monotonic() - begun < 30)
            times, wrong = [], 0
            with server.wire() as wire:
                for _ in range(500):
                    asked = time.monotonic()
                    wrong += wire.ask("/a.txt").content != b"a\n"
                    times.append(time.monotonic() - asked)
            report.equal("another client is served", wrong, 0)
            times.sort()
            report.check("median of another client's times", times[250] < 0.05, times[250])
            report.check("99 of 100", times[495] < 0.5, times[495])
            each = (server.memory() - before) / count
            print(f"        {count} connections: {each:.0f} bytes each; another client's answers "
                  f"in {times[250] * 1e6:.0f} us (median)")
            for wire in crowd[1::2]:
                wire.send(b"\r\n")
            answered = sum(wire.response().content == b"a\n" for wire in crowd[1::2])
            report.equal("and in the end they are answered", answered, count // 2)
            for wire in crowd:
                wire.socket.close()
            report.check("when they have gone", eventually(
                lambda: server.ask("/a.txt").content == b"a\n"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


if __name__ == "__main__":
    sys.exit(run(memory_stays_flat, many_at_once, edited_while_sent, parts_of_versions, idle_crowd))
