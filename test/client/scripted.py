"""A server on the loopback address that answers as it is told, and remembers what it was asked.

    with Scripted() as server:
        server.on("/a", answer(200, "hello", ETag='"1"'), answer(304))

Answers of a path are used up one after the other; the last one stays. An answer may be a function
of the request that returns one.
"""
import contextlib
import email.utils
import socket
import ssl
import threading


class Request:
    """As it came: method, target, fields by lower-case name, content."""

    def __init__(self, method, target, fields, content):
        self.method, self.target, self.fields, self.content = method, target, fields, content

    def get(self, name, default=None):
        return self.fields.get(name.lower(), default)


class Answer:
    def __init__(self, status, content, fields, cut=None, raw=None, wait=None):
        self.status, self.content, self.fields = status, content, fields
        self.cut, self.raw, self.wait = cut, raw, wait

    def head(self, method):
        lines = [f"HTTP/1.1 {self.status} Whatever"]
        names = {name.lower() for name, _ in self.fields}
        if "date" not in names:
            lines.append(f"Date: {email.utils.formatdate(usegmt=True)}")
        if self.status not in (204, 304) and not names & {"content-length", "transfer-encoding"}:
            lines.append(f"Content-Length: {len(self.content)}")
        lines += [f"{name}: {value}" for name, value in self.fields]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def answer(status=200, content=b"", cut=None, raw=None, wait=None, **fields):
    """`cut`: the connection ends after so many octets of content. `wait`: an event to wait for before
    that. `raw`: octets sent instead.
    Underscores in names of fields stand for hyphens."""
    content = content.encode() if isinstance(content, str) else content
    return Answer(status, content, [(n.replace("_", "-"), v) for n, v in fields.items()], cut, raw,
                  wait)


def file_of(content, tag, cut=None, **fields):
    """An answer like that of a server of files: ranges and conditions by a strong tag. `cut` is for
    whole answers alone."""
    def react(request):
        if request.get("If-None-Match") and tag in request.get("If-None-Match"):
            return answer(304, ETag=tag, **fields)
        asked = request.get("Range")
        if asked and request.get("If-Range", tag) == tag:
            first = int(asked.split("=")[1].split("-")[0])
            if first >= len(content):
                return answer(416, Content_Range=f"bytes */{len(content)}")
            return answer(206, content[first:], ETag=tag, **fields,
                          Content_Range=f"bytes {first}-{len(content) - 1}/{len(content)}")
        return answer(200, content, cut=cut, ETag=tag, **fields)
    return react


class Scripted:
    def __init__(self, certificate=None):
        self.script, self.requests, self.lock = {}, [], threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A thread that waits on it would go on to take connections, of whoever has its number next.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.accepting.join()
        self.listener.close()

    def on(self, target, *answers):
        with self.lock:
            self.script[target] = list(answers)

    def asked(self, target=None):
        """The requests so far, all or those of one target."""
        with self.lock:
            return [r for r in self.requests if target in (None, r.target)]

    def forget(self):
        with self.lock:
            self.requests.clear()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while self._exchange(connection, stream):
                    pass
        except (OSError, ValueError):
            pass

    def _read(self, stream):
        line = stream.readline().decode("latin-1").split()
        if len(line) != 3:
            return None
        fields = {}
        for field in iter(lambda: stream.readline().decode("latin-1").strip(), ""):
            name, value = field.split(":", 1)
            fields[name.lower()] = value.strip()
        content = stream.read(int(fields.get("content-length", 0)))
        return Request(line[0], line[1], fields, content)

    def _exchange(self, connection, stream):
        request = self._read(stream)
        if not request:
            return False
        with self.lock:
            self.requests.append(request)
            answers = self.script.get(request.target, [answer(404, "none")])
            chosen = answers.pop(0) if len(answers) > 1 else answers[0]
        while callable(chosen):
            chosen = chosen(request)
        if chosen.raw is not None:
            connection.sendall(chosen.raw)
            return False
        connection.sendall(chosen.head(request.method))
        if request.method == "HEAD" or chosen.status in (204, 304):
            return True
        connection.sendall(chosen.content[:chosen.cut])
        if chosen.wait:
            chosen.wait.wait()
        return chosen.cut is None
