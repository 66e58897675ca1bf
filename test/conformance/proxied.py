#!/usr/bin/env python3
"""Starts `stet proxy` before a strict origin, for the tests that talk to a server.

usage: proxied.py DIRECTORY [OPTION of stet proxy]...

    client --> stet proxy --> tap --> stet serve DIRECTORY

The tap reads every octet that the proxy sends with a grammar that forgives nothing: a request line in
origin form, fields without white space to spare, one Host, no field of the hop before, framing that
can be read in one way only. Anything else is a fault: it is printed as "fault: ...", the connection
is closed, and the exit status is 1. Prints "listening on URL" and ends with SIGTERM.
"""
import asyncio
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "client"))
from harness import program  # noqa: E402

LINE = re.compile(rb"(?P<method>[!#$%&'*+.^_`|~0-9A-Za-z-]+) (?P<target>/[!-~]*|\*) HTTP/1\.1\r\n")
FIELD = re.compile(rb"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+): ?"
                   rb"(?P<value>(?:[!-~\x80-\xff](?:[ \t!-~\x80-\xff]*[!-~\x80-\xff])?)?)\r\n")
HOP = {b"keep-alive", b"proxy-connection", b"proxy-authorization", b"proxy-authenticate"}
CHUNK = re.compile(rb"([0-9a-fA-F]{1,15})\r\n")


class Fault(Exception):
    """The proxy sent what no origin should ever have to read."""


class Reader:
    """Reads requests from a stream; hands every octet on as it goes."""

    def __init__(self, stream, out):
        self.stream, self.out = stream, out

    async def line(self):
        line = await self.stream.readline()
        if not line.endswith(b"\r\n"):
            if line:
                raise Fault(f"a line that does not end: {line[:200]!r}")
            return None
        self.out.write(line)
        return line

    async def exactly(self, size):
        while size:
            piece = await self.stream.read(min(size, 65536))
            if not piece:
                return False  # the client of the proxy has gone: that is no fault
            self.out.write(piece)
            await self.out.drain()
            size -= len(piece)
        return True

    async def fields(self):
        found = []
        while True:
            line = await self.line()
            if line is None:
                raise Fault("a head that does not end")
            if line == b"\r\n":
                return found
            match = FIELD.fullmatch(line)
            if not match:
                raise Fault(f"a field line off the grammar: {line[:200]!r}")
            found.append((match["name"].lower(), match["value"]))

    def framing(self, fields):
        """How the content is framed: a length, "chunked", or 0."""
        named = {}
        for name, value in fields:
            named.setdefault(name, []).append(value)
        if len(named.get(b"host", [])) != 1:
            raise Fault(f"not one Host: {named.get(b'host')}")
        hops = HOP & set(named)
        if hops:
            raise Fault(f"fields of another hop: {hops}")
        options = {option.strip().lower() for value in named.get(b"connection", [])
                   for option in value.split(b",")} - {b""}
        if options - {b"close", b"keep-alive", b"te", b"upgrade"}:
            raise Fault(f"Connection: {options}")
        for name in (b"te", b"upgrade"):
            if name in named and name not in options:
                raise Fault(f"{name} that Connection does not name")
        lengths, codings = named.get(b"content-length", []), named.get(b"transfer-encoding", [])
        if len(lengths) + len(codings) > 1:
            raise Fault(f"framing that can be read in several ways: {lengths} {codings}")
        if codings and codings[0] != b"chunked":
            raise Fault(f"Transfer-Encoding: {codings[0]!r}")
        if lengths and not re.fullmatch(rb"[0-9]{1,19}", lengths[0]):
            raise Fault(f"Content-Length: {lengths[0]!r}")
        return "chunked" if codings else int(lengths[0]) if lengths else 0

    async def chunks(self):
        while True:
            line = await self.line()
            match = line and CHUNK.fullmatch(line)
            if line is None:
                return False
            if not match:
                raise Fault(f"a chunk size off the grammar: {line[:200]!r}")
            size = int(match[1], 16)
            if size == 0:
                await self.fields()
                return True
            if not await self.exactly(size):
                return False
            if await self.line() != b"\r\n":
                raise Fault("chunk data of another length")

    async def request(self):
        """One request; False when there are no more."""
        line = await self.line()
        if line is None:
            return False
        if not LINE.fullmatch(line):
            raise Fault(f"a request line off the grammar: {line[:200]!r}")
        framing = self.framing(await self.fields())
        whole = await (self.chunks() if framing == "chunked" else self.exactly(framing))
        await self.out.drain()
        return whole


class Tap:
    """Between the proxy and the origin."""

    def __init__(self, port):
        self.port, self.faults = port, 0

    async def answers(self, source, to):
        try:
            while piece := await source.read(65536):
                to.write(piece)
                await to.drain()
        except OSError:
            pass
        to.close()

    async def serve(self, reader, writer):
        try:
            source, out = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            writer.close()
            return
        answers = asyncio.ensure_future(self.answers(source, writer))
        try:
            requests = Reader(reader, out)
            while await requests.request():
                pass
            if out.can_write_eof():
                out.write_eof()
            await answers
        except Fault as fault:
            self.faults += 1
            print(f"fault: {fault}", flush=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            answers.cancel()
            out.close()
            writer.close()


async def listening(process):
    """The address that a stet says it listens on."""
    while line := (await process.stderr.readline()).decode("utf-8", "replace"):
        match = re.search(r"listening on (http://127\.0\.0\.1:(\d+))", line)
        if match:
            return match[1], int(match[2])
        print(line, end="", flush=True)
    raise SystemExit("a stet does not start")


async def drain(process):
    while line := await process.stderr.readline():
        print(line.decode("utf-8", "replace"), end="", flush=True)


async def start(*words):
    return await asyncio.create_subprocess_exec(program(), *words, stdin=asyncio.subprocess.DEVNULL,
                                                stdout=asyncio.subprocess.DEVNULL,
                                                stderr=asyncio.subprocess.PIPE)


async def main():
    if len(sys.argv) < 2 or sys.argv[1] == "--help":
        print(__doc__.strip())
        return 0 if len(sys.argv) > 1 else 2
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    common = ["--listen=127.0.0.1:0", "--log=off", "--admin-socket=off", "--workers=1"]
    origin = await start("serve", sys.argv[1], "--memo=off", *common)
    _, port = await listening(origin)
    tap = Tap(port)
    server = await asyncio.start_server(tap.serve, "127.0.0.1", 0, limit=1 << 20)
    tapped = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    proxy = await start("proxy", tapped, *common, *sys.argv[2:])
    url, _ = await listening(proxy)
    print(f"listening on {url}", flush=True)
    drains = [asyncio.ensure_future(drain(process)) for process in (origin, proxy)]
    ended = [asyncio.ensure_future(process.wait()) for process in (origin, proxy)]
    await asyncio.wait([asyncio.ensure_future(over.wait()), *ended],
                       return_when=asyncio.FIRST_COMPLETED)
    bad = sum(process.returncode is not None for process in (origin, proxy))
    for process in (proxy, origin):
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        bad += await process.wait() != 0
    await asyncio.gather(*drains)
    server.close()
    if bad:
        print("fault: a stet ended by itself, or not well", flush=True)
    return 1 if tap.faults or bad else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
