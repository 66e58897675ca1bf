"""The wire of negative.py: one connection, and the responses that come back, read strictly."""
import re
import select
import socket

from negative_table import WAIT, Failure, describe_all


class Response:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body


LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9]) [\t\x20-\x7e\x80-\xff]*")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")


def read_chunked(octets, at):
    body = b""
    while True:
        match = re.compile(rb"([0-9a-fA-F]+)(?:;[^\r\n]*)?\r\n").match(octets, at)
        if not match:
            return None
        size, at = int(match.group(1), 16), match.end()
        if size == 0:
            break
        body += octets[at:at + size]
        if octets[at + size:at + size + 2] != b"\r\n":
            return None
        at += size + 2
    end = octets.find(b"\r\n\r\n", at - 2)
    return None if end < 0 else (body, end + 4)


def read_response(octets, at, to_head, ended):
    """The response at `at` and where it ends; None while it is incomplete."""
    end = octets.find(b"\r\n\r\n", at)
    if end < 0:
        return None
    first, *lines = octets[at:end].split(b"\r\n")
    match = LINE.fullmatch(first)
    if not match:
        raise Failure(f"no status line: {first[:80]!r}")
    status, fields = int(match.group(1)), {}
    for line in lines:
        field = FIELD.fullmatch(line)
        if not field:
            raise Failure(f"no field line: {line[:80]!r}")
        fields.setdefault(field.group(1).lower(), []).append(field.group(2))
    coding, length = fields.get(b"transfer-encoding"), fields.get(b"content-length")
    if length and (coding or len(length) > 1 or not length[0].isdigit()):
        raise Failure(f"framed by {length} and {coding}")
    if (status < 200 or status == 204) and (coding or length):
        raise Failure(f"{status} with a length")
    at = end + 4
    if to_head or status < 200 or status in (204, 304):
        return Response(status, fields, b""), at
    if coding:
        chunked = read_chunked(octets, at)
        return chunked and (Response(status, fields, chunked[0]), chunked[1])
    if not length:
        return (Response(status, fields, octets[at:]), len(octets)) if ended else None
    size = int(length[0])
    if len(octets) - at < size:
        return None
    return Response(status, fields, octets[at:at + size]), at + size


def read_responses(octets, heads, ended):
    """The responses there are, and the octets behind them."""
    responses, at, finals = [], 0, 0
    while at < len(octets):
        got = read_response(octets, at, finals + 1 in heads, ended)
        if not got:
            break
        response, at = got
        responses.append(response)
        finals += response.status >= 200
    return responses, octets[at:]


# ---- a connection ----


class Talk:
    """One connection: sends while it reads, so that neither side waits for the other."""

    def __init__(self, address, heads, deadline):
        self.heads, self.deadline = heads, deadline
        self.got, self.ended, self.reset = b"", False, False
        self.socket = socket.create_connection(address, timeout=deadline)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def step(self, unsent):
        """Sends or reads some. What is left to send; raises when nothing moves."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
        events = poll.poll(self.deadline * 1000)
        if not events:
            raise TimeoutError
        mask = events[0][1]
        if mask & (select.POLLIN | select.POLLHUP | select.POLLERR):
            try:
                octets = self.socket.recv(262144)
                self.ended = not octets
                self.got += octets
            except ConnectionError:
                self.ended = self.reset = True
        elif mask & select.POLLOUT:
            try:
                unsent = unsent[self.socket.send(unsent[:65536]):]
            except ConnectionError:
                unsent = b""  # it has closed; what it said before can still be read
        return unsent

    def send(self, octets):
        while octets and not self.ended:
            octets = self.step(octets)

    def wait(self):
        """Until one more answer is there."""
        before = len(read_responses(self.got, self.heads, False)[0])
        while not self.ended and len(read_responses(self.got, self.heads, False)[0]) == before:
            self.step(b"")

    def finish(self):
        while not self.ended:
            self.step(b"")


def talk(address, case, pieces, deadline):
    """Sends the case; the responses, and whether silence followed. Raises Failure when what came is
    none."""
    connection = Talk(address, case.heads, deadline)
    silent = False
    try:
        for piece in pieces:
            if piece is WAIT:
                connection.wait()
            else:
                connection.send(piece)
        if case.ends:
            try:
                connection.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # closed already
        connection.finish()
    except TimeoutError:
        silent = True
    finally:
        connection.socket.close()
    responses, rest = read_responses(connection.got, case.heads, True)
    if rest:
        raise Failure(f"{describe_all(responses)}, then no response: {rest[:80]!r}")
    if connection.reset and not responses:
        raise Failure("reset without an answer")
    return responses, silent
