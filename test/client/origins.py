"""Origins for the tests of the proxy: real servers, as contexts that give their URL, and scripted ones.

Each runs on a free port of the loopback address and ends with its context.
"""
import contextlib
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading

from harness import DEADLINE, Wire, eventually, place, write

HERE = pathlib.Path(__file__).resolve().parent
MIB = 1 << 20


@contextlib.contextmanager
def spawned(words, answers, end="kill", **settings):
    """A server that is a program; ends it. `answers` tells whether it is there."""
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          **settings) as process:
        try:
            if not eventually(lambda: answers(process)):
                raise RuntimeError(f"{words[0]} does not start")
            yield process
        finally:
            getattr(process, end)()


def free_port():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return probe.getsockname()[1]


def connects(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


@contextlib.contextmanager
def python_origin(folder):
    port = free_port()
    words = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with spawned(words, lambda _: connects(port), cwd=folder, stdout=subprocess.DEVNULL):
        yield f"http://127.0.0.1:{port}"


NGINX = """daemon off; worker_processes 1; pid {folder}/pid; error_log stderr;
events {{}}
http {{
  include /etc/nginx/mime.types; access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}{listen}; root {root}; {tls}
    location /hour/ {{ alias {root}/; expires 1h; }}
    location /gzip/ {{ alias {root}/; gzip on; gzip_types text/plain; gzip_vary on;
      gzip_proxied any; expires 1h; }}
  }}
}}
"""


@contextlib.contextmanager
def nginx_origin(root, folder, listen="", tls=""):
    port = free_port()
    os.chmod(root, 0o755)  # its worker is someone else
    write(folder / "nginx.conf",
          NGINX.format(folder=folder, root=root, port=port, listen=listen, tls=tls))
    with spawned(["nginx", "-p", folder, "-c", folder / "nginx.conf"], lambda _: connects(port),
                 end="terminate", stdout=subprocess.DEVNULL):
        yield f"http://127.0.0.1:{port}"


APACHE = """ServerRoot {state}
ServerName localhost
PidFile {state}/pid
DefaultRuntimeDir {state}
ErrorLog {state}/error.log
Listen 127.0.0.1:{port}
DocumentRoot {root}
TypesConfig /etc/mime.types
AddOutputFilterByType DEFLATE text/plain
ExpiresActive on
<Location /hour>
ExpiresDefault "access plus 1 hour"
</Location>
Alias /hour {root}
<IfModule unixd_module>
User www-data
Group www-data
</IfModule>
"""
APACHE_MODULES = ("mpm_event", "authz_core", "mime", "filter", "deflate", "expires", "alias")


@contextlib.contextmanager
def apache_origin(root, more_modules=(), more=""):
    """With its defaults, but for mod_deflate, and a lifetime below /hour/."""
    with place() as state:
        port = free_port()
        os.chmod(root, 0o755)  # its workers are someone else
        os.chmod(state, 0o711)
        modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
                          for name in (*APACHE_MODULES, *more_modules))
        write(state / "conf", modules + APACHE.format(state=state, root=root, port=port) + more)
        with spawned(["apache2", "-f", state / "conf", "-D", "FOREGROUND"],
                     lambda _: connects(port), end="terminate", stdout=subprocess.DEVNULL):
            yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def node_origin(h2=False):
    with spawned(["node", HERE / "origin.mjs"], lambda _: True, stdout=subprocess.PIPE,
                 env=dict(os.environ, ORIGIN_H2="1" if h2 else "")) as process:
        line = process.stdout.readline().decode()
        yield f"{'h2c' if h2 else 'http'}://127.0.0.1:{int(line.split()[1])}"


class Script:
    """An origin that does what a function does with each connection, in order."""

    def __init__(self, *acts, path=None):
        self.acts, self.heard, self.connections = acts, [], 0
        self.socket = socket.socket(socket.AF_UNIX) if path else socket.socket()
        self.socket.bind(path or ("127.0.0.1", 0))
        self.socket.listen(64)
        self.url = f"http+unix:{path}" if path else f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.over = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            act = self.acts[min(self.connections, len(self.acts) - 1)]
            self.connections += 1
            threading.Thread(target=self._serve, args=(act, connection), daemon=True).start()

    def _serve(self, act, connection):
        with connection, contextlib.suppress(OSError, EOFError):
            connection.settimeout(DEADLINE)
            wire = Wire.__new__(Wire)
            wire.socket, wire.kept = connection, b""
            act(self, wire)

    def request(self, wire):
        """Reads the head of a request."""
        head = wire.until(b"\r\n\r\n").decode("latin-1")
        self.heard.append(head)
        return head

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def says(text, *, keep=False, reset=False):
    """An act: answers every request with these octets."""
    octets = text if isinstance(text, bytes) else text.encode("latin-1")

    def act(script, wire):
        while True:
            script.request(wire)
            wire.send(octets)
            if not keep:
                break
        if reset:
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return act


class Endless:
    """The content of a download that stands on no disk: blocks of 1 MiB, each with its number."""

    REST = os.urandom(MIB - 8)

    def __init__(self, blocks):
        self.blocks = blocks

    def act(self, script, wire):
        """Answers one request with all of it."""
        script.request(wire)
        wire.send(f"HTTP/1.1 200 OK\r\nContent-Length: {self.blocks * MIB}\r\n"
                  "Cache-Control: max-age=3600\r\nETag: \"endless\"\r\n\r\n".encode())
        for number in range(self.blocks):
            wire.send(struct.pack(">Q", number))
            wire.send(self.REST)

    def read(self, wire):
        """How many blocks came as they should, one after the other; stops at the first that did not."""
        block = bytearray(MIB)
        rest = memoryview(block)
        kept, wire.kept = wire.kept, b""
        for number in range(self.blocks):
            block[:len(kept)], at, kept = kept, len(kept), b""
            while at < MIB:
                got = wire.socket.recv_into(rest[at:])
                if not got:
                    return number
                at += got
            if struct.unpack_from(">Q", block)[0] != number or rest[8:].tobytes() != self.REST:
                return number
        return self.blocks
