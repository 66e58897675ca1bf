"""The part of a run that is about TLS and HTTP/2: files of a directory, as in the part about plain
HTTP/1, and what connections cost."""
import os
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import time

import load
import probe
import report
import targets

SMALL, LARGE = "/small.txt", "/large.bin"
MATCH = ("If-None-Match", "etag")
PEERS = ("nginx", "H2O")
HELD = 2000  # connections that wait

# name: (what it is, load, streams of HTTP/2 a connection (0: HTTP/1), most CPU beside the null's)
REQUESTS = {
    "tls-etag": ("304, HTTP/1.1", load.Load(SMALL, condition=MATCH, status=304), 0, 1.08),
    "tls-200": ("1 KiB, 200, HTTP/1.1", load.Load(SMALL, size=1024), 0, None),
    "tls-1MiB": ("1 MiB, 200, HTTP/1.1", load.Load(LARGE, size=1 << 20), 0, None),
    "h2-etag-1": ("304, HTTP/2, 1 stream", load.Load(SMALL, condition=MATCH, status=304), 1, None),
    "h2-200-10": ("1 KiB, 200, HTTP/2, 10 streams", load.Load(SMALL, size=1024), 10, 1.35),
    "h2-etag-10": ("304, HTTP/2, 10 streams", load.Load(SMALL, condition=MATCH, status=304), 10,
                   1.50),
    "h2-etag-32": ("304, HTTP/2, 32 streams", load.Load(SMALL, condition=MATCH, status=304), 32,
                   None),
}
OTHERS = {
    "handshakes": "CPU of full and of resumed handshakes",
    "tls-idle": "memory of connections that wait, over TLS",
}
NAMES = {**{name: row[0] for name, row in REQUESTS.items()}, **OTHERS}


def trusting():
    """What a client of ours speaks TLS 1.3 with: all that is measured here is its own peer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    return context


class Streams:
    """h2load, pinned: runs as those of load.Generator, over HTTP/2."""

    def __init__(self, cores, streams):
        self.cores, self.streams = cores, streams

    def run(self, target, asked, fields, seconds):
        argv = ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", ",".join(map(str, self.cores)),
                "h2load", "-t1", "-c16", f"-m{self.streams}", f"-D{seconds:g}"]
        for name, value in fields:
            argv += ["-H", f"{name.lower()}: {value}"]
        before = target.cpu()
        done = subprocess.run([*argv, f"https://127.0.0.1:{target.port}{asked.path}"], text=True,
                              check=False, capture_output=True, timeout=seconds + 30)
        after = target.cpu()
        said = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed", done.stdout)
        codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx", done.stdout)
        spoken = re.search(r"Application protocol: (\S+)", done.stdout)
        requests = int(said[1]) if said else 0
        if done.returncode or not requests or int(said[3]) or not spoken or spoken[1] != "h2" \
                or int(codes[1 if asked.status == 200 else 2]) < requests:
            raise SystemExit(f"bench: h2load on {target.name}: {done.stdout} {done.stderr}")
        return {"requests": requests, "rate": requests / seconds,
                "cpu": (after[0] - before[0]) / 1000 / requests,
                "user_ticks": after[2][0] - before[2][0], "ticks": after[2][1] - before[2][1]}


class Secure:
    def __init__(self, bench):
        self.bench, self.options = bench, bench.options
        self.certificate = os.path.join(bench.place, "certificate.pem")
        self.key = os.path.join(bench.place, "key.pem")
        self.warned = set()

    def warn(self, text):
        if text not in self.warned:
            self.bench.tell("")
            print(f"  {text}")
        self.warned.add(text)

    def make_certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.key, "-out",
             self.certificate], check=True, capture_output=True)
        os.chmod(self.key, 0o644)  # the peers drop what rights they have

    # ---- the servers ----

    def stet(self, field):
        target = field.stet(self.bench.site, options=(
            "--memo", "off", "--quiet", "--tls", "--cert", self.certificate, "--key", self.key,
            "--limit", "idle_timeout=1h"))
        target.scheme = "https"
        return target

    def null(self, field, answer):
        port = targets.free_port()
        path = os.path.join(self.bench.place, f"answer-{port}")
        with open(path, "wb") as file:
            file.write(answer)
        program = os.path.join(os.path.dirname(self.options.null), "null_tls")
        target = field.begin("null", [program, str(port), path, self.certificate, self.key], port)
        target.scheme = "https"
        return target

    def nginx(self, field):
        port = targets.free_port()
        home = os.path.join(self.bench.place, f"nginx-tls-{port}")
        os.mkdir(home)
        conf = os.path.join(home, "conf")
        with open(conf, "w", encoding="ascii") as file:
            file.write(NGINX.format(user="user root;" if os.getuid() == 0 else "", home=home,
                                    port=port, directory=self.bench.site, key=self.key,
                                    certificate=self.certificate))
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        return field.begin("nginx", [binary, "-p", home, "-e", "/dev/null", "-c", conf], port)

    def h2o(self, field):
        port = targets.free_port()
        conf = os.path.join(self.bench.place, f"h2o-{port}")
        with open(conf, "w", encoding="ascii") as file:
            file.write(H2O.format(user="user: root\n" if os.getuid() == 0 else "", port=port,
                                  directory=self.bench.site, key=self.key,
                                  certificate=self.certificate, conf=conf))
        binary = shutil.which("h2o")
        if not binary:
            raise FileNotFoundError("h2o is not installed")
        return field.begin("H2O", [binary, "-m", "worker", "-c", conf], port)

    def peers(self, field):
        up = []
        for name, start in (("nginx", self.nginx), ("H2O", self.h2o)):
            try:
                target = start(field)
                target.scheme = "https"
                target.wait_until_up()
                up.append(target)
            except (OSError, SystemExit) as error:
                self.warn(f"{name} is left out: {error}")
        return up

    def all(self, field, asked):
        """The null server, stet and the peers; the null server says what stet does."""
        stet = self.stet(field)
        stet.wait_until_up()
        targets.settled(stet, asked.path)
        answer = probe.ask(stet.port, asked.path, asked.fields(stet), scheme="https")[0].raw
        null = self.null(field, answer)
        null.wait_until_up()
        return [null, stet, *self.peers(field)]

    # ---- requests ----

    def run_load(self, name):
        text, asked, streams, _ = REQUESTS[name]
        generator = Streams(self.bench.cores[1:2], streams) if streams else self.bench.generator
        with self.bench.field() as field:
            runs = load.rounds(generator, self.all(field, asked), asked, self.options.rounds,
                               self.options.seconds,
                               lambda said: self.bench.tell(f"{text}: {said}"))
        self.bench.raw[name] = runs
        return runs

    @staticmethod
    def others(runs, key="cpu"):
        return [f"{statistics.median(report.ratios(runs[name], runs['null'], key)):.2f}"
                if name in runs else "" for name in PEERS]

    def requests(self):
        table = report.Table(
            "TLS: CPU time a request", ["stet / null", "null, us", *PEERS],
            "TLS 1.3, AES-128-GCM where the server may choose; HTTP/1.1 with 64 connections (wrk), "
            "HTTP/2 with 16 (h2load); user and system time together.")
        for name, (text, _, _, most) in REQUESTS.items():
            if not self.bench.wants(name):
                continue
            runs = self.run_load(name)
            found = report.ratios(runs["stet"], runs["null"], "cpu")
            table.add(report.Row(name, text, statistics.median(found), report.spread(found),
                                 most and f"<= {most:.2f}", most=most,
                                 others=[f"{report.middle(runs['null'], 'cpu'):.2f}",
                                         *self.others(runs)]))
        if table.rows:
            self.bench.show(table)

    # ---- handshakes ----

    @staticmethod
    def connect(target, context, session=None):
        """A connection after one request and its answer; it has heard the tickets by then."""
        sock = socket.create_connection(("127.0.0.1", target.port), timeout=10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secured = context.wrap_socket(sock, session=session)
        secured.sendall(probe.request(SMALL))
        octets = b""
        while probe.next_answer(octets) is None:
            got = secured.recv(65536)
            if not got:
                raise SystemExit(f"bench: {target.name} closes early")
            octets += got
        return secured

    def shake(self, target, seconds, resumed):
        """CPU us of one connection with one request."""
        context, count, session = trusting(), 0, None
        with self.connect(target, context) as first:
            session = first.session
        before, until = target.cpu()[0], time.monotonic() + seconds
        while time.monotonic() < until:
            with self.connect(target, context, session if resumed else None) as sock:
                if sock.session_reused != resumed:
                    raise SystemExit(f"bench: {target.name} does not resume")
                session = sock.session
            count += 1
        return {"cpu": (target.cpu()[0] - before) / 1000 / count, "requests": count}

    def handshakes(self):
        table = report.Table(
            "TLS: CPU time a connection", ["stet / null", "null, us", *PEERS],
            "TLS 1.3, ECDSA P-256; accept, handshake, one request of 1 KiB, close.")
        asked = REQUESTS["tls-200"][1]
        with self.bench.field() as field:
            found = self.all(field, asked)
            for name, text, resumed in (("full", "full handshake", False),
                                        ("resumed", "resumed by a ticket", True)):
                runs = {target.name: [] for target in found}
                for number in range(self.options.rounds):
                    for target in found:
                        self.bench.tell(f"{text}: round {number + 1}: {target.name}")
                        runs[target.name].append(self.shake(target, self.options.seconds, resumed))
                self.bench.raw[f"handshake {name}"] = runs
                ratios = report.ratios(runs["stet"], runs["null"], "cpu")
                table.add(report.Row(f"handshake-{name}", text, statistics.median(ratios),
                                     report.spread(ratios),
                                     others=[f"{report.middle(runs['null'], 'cpu'):.0f}",
                                             *self.others(runs)]))
        self.bench.show(table)

    # ---- connections that wait ----

    def held(self, target, count):
        context = trusting()
        return [self.connect(target, context) for _ in range(count)]

    def tls_idle(self):
        table = report.Table("TLS: connections that wait", ["stet", "null", *PEERS])
        with self.bench.field() as field:
            found = self.all(field, REQUESTS["tls-200"][1])
            cells = {}
            for target in found:
                self.bench.tell(f"{HELD} idle connections to {target.name}")
                first = self.held(target, 100)
                before = target.memory()[1]
                rest = self.held(target, HELD)
                cells[target.name] = (target.memory()[1] - before) / HELD / 1024
                for sock in first + rest:
                    sock.close()
        self.bench.raw["tls memory"] = cells
        table.add(report.Row("tls-memory", f"KiB of user memory each, {HELD:,} held",
                             cells["stet"], f"{cells['stet']:.1f}", "<= 12", most=12,
                             others=[f"{cells[name]:.1f}" if name in cells else ""
                                     for name in ("null", *PEERS)]))
        self.bench.show(table)

    def run(self):
        if not any(self.bench.wants(name) for name in NAMES):
            return
        self.make_certificate()
        self.requests()
        for name in OTHERS:
            if self.bench.wants(name):
                getattr(self, name.replace("-", "_"))()


NGINX = """
daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid {home}/pid; {user}
error_log /dev/null crit;
events {{ worker_connections 16384; }}
http {{
    types {{ text/plain txt; }}
    access_log off; server_tokens off; tcp_nopush off; sendfile off;
    keepalive_timeout 300s; keepalive_requests 1000000000;
    open_file_cache max=1000 inactive=300s; open_file_cache_valid 60s;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:tls:10m; ssl_session_tickets on;
    server {{
        listen 127.0.0.1:{port} ssl http2 backlog=4096; root {directory};
        ssl_certificate {certificate}; ssl_certificate_key {key};
    }}
}}
"""

H2O = """
{user}num-threads: 1
max-connections: 16384
http1-request-timeout: 300
http2-idle-timeout: 300
file.send-gzip: OFF
pid-file: {conf}.pid
hosts:
  default:
    listen:
      host: 127.0.0.1
      port: {port}
      ssl:
        certificate-file: {certificate}
        key-file: {key}
        minimum-version: TLSv1.2
    paths:
      /:
        file.dir: {directory}
"""
