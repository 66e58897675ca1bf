"""Asks a server over a plain socket, and reads what it says to the octet."""
import socket
import ssl


class Answer:
    """One answer as it came: status, fields by lower-case name, size of the content, all octets."""

    def __init__(self, raw, status, fields, size):
        self.raw, self.status, self.fields, self.size = raw, status, fields, size


def request(path, fields=()):
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1"] + [f"{n}: {v}" for n, v in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def next_answer(octets):
    """(answer, octets behind it), or None when more must come."""
    end = octets.find(b"\r\n\r\n")
    if end < 0:
        return None
    lines = octets[:end].decode("latin-1").split("\r\n")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    status = int(lines[0].split()[1])
    size = 0 if status in (204, 304) else int(fields.get("content-length", 0))
    whole = end + 4 + size
    if len(octets) < whole:
        return None
    return Answer(octets[:whole], status, fields, size), octets[whole:]


def connect(port, scheme):
    """A connection, over TLS if the scheme is https; whose certificate it is does not matter."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=10)
    if scheme == "http":
        return sock
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(sock)


def ask(port, path, fields=(), times=1, scheme="http"):
    """`times` requests in one segment; the answers, none more than were asked for."""
    found = []
    with connect(port, scheme) as sock:
        sock.sendall(request(path, fields) * times)
        octets = b""
        while len(found) < times:
            got = sock.recv(1 << 20)
            if not got:
                raise SystemExit(f"bench: port {port} closed after {len(found)} answers")
            octets += got
            while (one := next_answer(octets)):
                found.append(one[0])
                octets = one[1]
    if octets:
        raise SystemExit(f"bench: port {port} said more than {times} answers")
    return found
