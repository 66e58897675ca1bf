#!/usr/bin/env python3
"""Sends the requests of negative.tbl to a server and judges what comes back.

usage: negative.py [--command COMMAND | --url URL] [options]

  --command COMMAND  how the server is started; {dir} stands for the directory it shall serve and
                     {port} for a free port. Without {port} the server must print "listening on
                     http://HOST:PORT". Default: build/stet serve {dir} --listen 127.0.0.1:0 --log off
  --url URL          test this server instead, which serves what --write wrote
  --write DIR        write the files that the cases ask for into DIR, and end
  --lawful           also accept what the law allows to others (the lines "may" of the table)
  --only TEXT        only cases whose section, ids or name contain TEXT; may be repeated
  --jobs N           so many connections at a time (default 4)
  --deadline SECONDS how long the server may be silent (default 2)
  --verbose          say what came of every case
  --list             print the cases, and end
  --seeds DIR        write the octets of the cases as seeds for the fuzz target h1, and end

Each case goes over a connection of its own, with a request for /sentinel behind it in the same
send. That one must be answered, once and with its own content, if the connection stays open, and
never if the connection is closed: so a server that takes fewer or more octets than the grammar
gives to a request is found out. The format of the table is described at its top.

Exit status: 0 all passed, 1 some failed, 2 usage or no server.
"""
import argparse
import concurrent.futures
import hashlib
import os
import re
import select
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from negative_table import (SENTINEL_BODY, WAIT, Case, Failure, Table, describe_all, judge, messages)
from negative_talk import talk

HERE = os.path.dirname(os.path.abspath(__file__))
FILE_BODY = b"0123456789" * 100
SENTINEL = b"GET /sentinel HTTP/1.1\r\nHost: sentinel\r\nConnection: close\r\n\r\n"


# ---- the server ----


def write_files(directory):
    for name, body in (("sentinel", SENTINEL_BODY), ("file", FILE_BODY)):
        path = os.path.join(directory, name)
        with open(path, "wb") as file:
            file.write(body)
        os.utime(path, (1700000000, 1700000000))
    os.makedirs(os.path.join(directory, "folder"), exist_ok=True)
    os.chmod(directory, 0o755)  # for servers that give up root


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server process that ends with this object."""

    def __init__(self, command, directory):
        port = free_port() if "{port}" in command else None
        words = [w.replace("{dir}", directory).replace("{port}", str(port))
                 for w in shlex.split(command)]
        self.said, self.url, self.known = [], None, threading.Event()
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()
        if port:
            self.url = f"http://127.0.0.1:{port}"
        elif not self.known.wait(10) or not self.url:
            self.stop()
            raise Failure("the server did not say where it listens: " + "".join(self.said))

    def listen(self):
        for line in self.process.stdout:
            text = line.decode("utf-8", "replace")
            self.said = self.said[-50:] + [text]
            match = re.search(r"listening on (http://[^\s/]+)", text)
            if match and not self.url:
                self.url = match.group(1)
                self.known.set()
        self.known.set()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.listener.join(10)

    def faults(self):
        """What it has said about octets that should never have reached it (proxied.py)."""
        return [text.strip() for text in self.said if text.startswith("fault:")]


def fetch(address, target):
    case = Case("", [], "")
    request = f"GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode()
    return talk(address, case, [request], 2)[0][0]


def validators(address):
    """The tag and the date of /file, or None while it has no strong tag (a tag of a file that has
    just been written may be weak, and another one later)."""
    sentinel, file = fetch(address, "/sentinel"), fetch(address, "/file")
    if sentinel.body != SENTINEL_BODY or file.body != FILE_BODY:
        raise Failure(f"/sentinel is {sentinel.status}, /file is {file.status}")
    etag = file.fields.get(b"etag", [b""])[0].decode("latin-1")
    modified = file.fields.get(b"last-modified", [b""])[0].decode("latin-1")
    return {"etag": etag, "modified": modified} if etag.startswith('"') else None


def reach(address, server):
    """Waits until the server answers as it should; its validators."""
    until, problem = time.monotonic() + 15, "/file has no strong entity tag"
    while time.monotonic() < until and not (server and server.process.poll() is not None):
        try:
            values = validators(address)
            if values:
                return values
        except (OSError, Failure, IndexError) as error:
            problem = str(error)
        select.select([], [], [], 0.05)
    raise Failure(f"no server to test: {problem}")


# ---- the run ----


def run_case(address, values, options, case, variant):
    try:
        pieces = messages(case, variant, values)
        if not case.ends:
            pieces[-1] += SENTINEL
        responses, silent = talk(address, case, pieces, options.deadline)
        problem = judge(case, responses, silent, options.lawful)
        seen = describe_all(responses)
    except Failure as failure:
        problem = seen = str(failure)
    except OSError as error:
        problem = seen = f"cannot talk: {error}"
    return problem, seen


def run(address, values, options, chosen, server):
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        work = [pool.submit(run_case, address, values, options, *one) for one in chosen]
        for (case, variant), done in zip(chosen, work):
            problem, seen = done.result()
            if problem:
                failed += 1
                print(f"FAIL {case.title(variant)}\n     {problem}")
            elif options.verbose:
                print(f"ok   {case.title(variant)}: {seen}")
    passed = len(chosen) - failed
    if server:
        server.stop()
        for fault in server.faults():
            failed += 1
            print(f"FAIL {fault}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def write_seeds(directory, chosen):
    """Two octets that choose the pieces, then the connection; small cases only."""
    os.makedirs(directory, exist_ok=True)
    values = {"etag": '"a"', "modified": "Tue, 14 Nov 2023 22:13:20 GMT"}
    for case, variant in chosen:
        octets = b"".join(p for p in messages(case, variant, values) if p is not WAIT)
        name = hashlib.sha256(octets).hexdigest()
        if len(octets) <= 700:
            with open(os.path.join(directory, name[:16]), "wb") as file:
                file.write(bytes.fromhex(name[:4]) + octets + SENTINEL)


def arguments():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--command", default=f"{HERE}/../../build/stet serve {{dir}} "
                        "--listen 127.0.0.1:0 --log off")
    for name in ("--url", "--write", "--seeds"):
        parser.add_argument(name)
    for name in ("--lawful", "--verbose", "--list", "--help"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--deadline", type=float, default=2)
    return parser.parse_args()


def main():
    options = arguments()
    if options.help:
        print(__doc__)
        return 0
    if options.write:
        write_files(options.write)
        return 0
    table = Table(os.path.join(HERE, "negative.tbl"))
    chosen = [(c, v) for c, v in table.variants()
              if all(t in f"{c.section} {c.title(v)}" for t in options.only)]
    if options.list:
        for case, variant in chosen:
            print(f"{case.section}: {case.title(variant)}")
        return 0
    if options.seeds:
        write_seeds(options.seeds, chosen)
        return 0
    server = None
    with tempfile.TemporaryDirectory() as directory:
        try:
            if not options.url:
                write_files(directory)
                server = Server(options.command, directory)
            url = urllib.parse.urlsplit(options.url or server.url)
            address = (url.hostname, url.port or 80)
            return run(address, reach(address, server), options, chosen, server)
        except (Failure, OSError) as problem:
            print(f"negative.py: {problem}", file=sys.stderr)
            return 2
        finally:
            if server:
                server.stop()


if __name__ == "__main__":
    sys.exit(main())
