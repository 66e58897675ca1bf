#!/usr/bin/env python3
"""example_test.py PROGRAM: does examples/conditional answer as libstet decides?

Starts the program on a free port of 127.0.0.1, asks it with Python's http.client, prints TAP.
"""
import http.client
import socket
import subprocess
import sys
import time

TAG = '"squares-5000"'
PAGE = "".join(f"{i} squared is {i * i}\n" for i in range(1, 5001)).encode()
BEFORE = "Sun, 06 Nov 1994 08:49:37 GMT"
AFTER = "Fri, 06 Nov 2099 08:49:37 GMT"

# What is asked (method, fields), and what is wanted: the status, the content, some fields
# (None: must not be there).
WHOLE = {"ETag": TAG, "Content-Length": str(len(PAGE)), "Content-Range": None}
NOTHING_NEW = {"ETag": TAG, "Content-Type": None, "Content-Range": None}
CASES = [
    ("plain", "GET", {}, 200, PAGE, WHOLE),
    ("HEAD", "HEAD", {}, 200, b"", WHOLE),
    ("304 by tag", "GET", {"If-None-Match": TAG}, 304, b"", NOTHING_NEW),
    ("304 by a weak tag in a list", "GET", {"If-None-Match": f'"x", W/{TAG}'}, 304, b"",
     NOTHING_NEW),
    ("304 by *", "GET", {"If-None-Match": "*"}, 304, b"", NOTHING_NEW),
    ("304 to HEAD", "HEAD", {"If-None-Match": TAG}, 304, b"", NOTHING_NEW),
    ("another tag", "GET", {"If-None-Match": '"x"'}, 200, PAGE, WHOLE),
    ("304 by date", "GET", {"If-Modified-Since": AFTER}, 304, b"", NOTHING_NEW),
    ("an old date", "GET", {"If-Modified-Since": BEFORE}, 200, PAGE, WHOLE),
    ("the tag outranks the date", "GET", {"If-None-Match": '"x"', "If-Modified-Since": AFTER},
     200, PAGE, WHOLE),
    ("412 by tag", "GET", {"If-Match": '"x"'}, 412, b"", {}),
    ("412 by a weak tag", "GET", {"If-Match": f"W/{TAG}"}, 412, b"", {}),
    ("412 by date", "GET", {"If-Unmodified-Since": BEFORE}, 412, b"", {}),
    ("412 before 304", "GET", {"If-None-Match": TAG, "If-Match": '"x"'}, 412, b"", {}),
    ("206", "GET", {"Range": "bytes=10-19"}, 206, PAGE[10:20],
     {"Content-Range": f"bytes 10-19/{len(PAGE)}", "Content-Length": "10", "ETag": TAG}),
    ("206, suffix", "GET", {"Range": "bytes=-5"}, 206, PAGE[-5:],
     {"Content-Range": f"bytes {len(PAGE) - 5}-{len(PAGE) - 1}/{len(PAGE)}"}),
    ("206, If-Range", "GET", {"Range": "bytes=0-0", "If-Range": TAG}, 206, PAGE[:1], {}),
    ("If-Range of another version", "GET", {"Range": "bytes=0-0", "If-Range": '"x"'}, 200, PAGE,
     WHOLE),
    ("several ranges", "GET", {"Range": "bytes=0-0,10000-10000"}, 200, PAGE, WHOLE),
    ("416", "GET", {"Range": f"bytes={len(PAGE)}-"}, 416, b"",
     {"Content-Range": f"bytes */{len(PAGE)}"}),
    ("Range on HEAD", "HEAD", {"Range": "bytes=0-0"}, 200, b"", WHOLE),
    ("304 before 206", "GET", {"Range": "bytes=0-0", "If-None-Match": TAG}, 304, b"",
     NOTHING_NEW),
    ("99 more fields", "GET", {f"X-{i}": "x" for i in range(99)}, 431, b"", {}),
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, program):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if program.poll() is not None:
                break
            time.sleep(0.02)
    sys.exit(f"Bail out! nobody listens on port {port}")


def complaints(connection, case):
    _, method, fields, status, content, wanted = case
    connection.request(method, "/", headers=fields)
    response = connection.getresponse()
    got = response.read()
    if response.status != status:
        yield f"status {response.status}, not {status}"
    if got != content:
        yield f"{len(got)} octets of content, not these {len(content)}"
    for name, value in wanted.items():
        if response.getheader(name) != value:
            yield f"{name}: {response.getheader(name)}, not {value}"


def main():
    port = free_port()
    program = subprocess.Popen([sys.argv[1], str(port)])
    failed = 0
    try:
        wait_for(port, program)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        print(f"1..{len(CASES)}")
        for number, case in enumerate(CASES, 1):
            found = list(complaints(connection, case))
            failed += bool(found)
            print(f"{'not ok' if found else 'ok'} {number} - {case[0]}")
            for complaint in found:
                print(f"# {complaint}")
        connection.close()
    finally:
        program.terminate()
        program.wait(10)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
