#!/usr/bin/env python3
"""h2_origins.py [TEST...]: stet proxy in front of servers that speak HTTP/2

nginx, Apache, Node and nghttpd, without TLS (prior knowledge) and with it (ALPN). What the tests of
proxy_origin.py ask of a server over HTTP/1 is asked of it here as well: nothing may differ.
"""
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import origins
import proxy_origin
from harness import Proxy, place, prose, run, write
from origins import MIB, connects, free_port, spawned

CURL = proxy_origin.curl


# ---- certificates ----

def certificate(folder):
    """One for localhost, that vouches for itself."""
    pem, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", key, "-out", pem,
                    "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    os.chmod(folder, 0o755)
    os.chmod(key, 0o644)
    return pem, key


# ---- the same servers, over HTTP/2 ----

def as_h2c(url):
    return url.replace("http://", "h2c://")


def as_https(url):
    return url.replace("http://127.0.0.1", "https://localhost")


@contextlib.contextmanager
def nginx_h2c(root, folder):
    with origins.nginx_origin(root, folder, " http2") as url:
        yield as_h2c(url)


@contextlib.contextmanager
def nginx_tls(root, folder):
    with place() as own:
        pem, key = certificate(own)
        with origins.nginx_origin(root, folder, " ssl http2",
                                  f"ssl_certificate {pem}; ssl_certificate_key {key};") as url:
            yield as_https(url)


@contextlib.contextmanager
def apache_h2c(root):
    with origins.apache_origin(root, ["http2"], "Protocols h2c http/1.1\n") as url:
        yield as_h2c(url)


@contextlib.contextmanager
def apache_tls(root):
    with place() as own:
        pem, key = certificate(own)
        tls = (f"Protocols h2 http/1.1\nSSLEngine on\nSSLCertificateFile {pem}\n"
               f"SSLCertificateKeyFile {key}\n")
        with origins.apache_origin(root, ["http2", "socache_shmcb", "ssl"], tls) as url:
            yield as_https(url)


def curl(*words, data=None):
    """curl, which knows what origins speak here."""
    if any(str(word).startswith("h2c://") for word in words):
        words = ["--http2-prior-knowledge",
                 *(str(word).replace("h2c://", "http://") for word in words)]
    return CURL(*words, data=data)


class TrustingProxy(Proxy):
    """Takes any certificate of the origins, whose URL is the second argument."""

    def __init__(self, report, origin, *words, **settings):
        if origin.startswith("https:"):
            words = ("--origin-insecure", *words)
        super().__init__(report, origin, *words, **settings)


@contextlib.contextmanager
def instead(**names):
    """What proxy_origin.py uses, for a while."""
    names.update(curl=curl, Proxy=TrustingProxy)
    before = {name: getattr(proxy_origin, name) for name in names}
    for name, value in names.items():
        setattr(proxy_origin, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(proxy_origin, name, value)


def nginx(report):
    """nginx without TLS and with it"""
    for origin in (nginx_h2c, nginx_tls):
        with instead(nginx_origin=origin):
            proxy_origin.nginx(report)


def apache(report):
    """Apache without TLS and with it"""
    for origin in (apache_h2c, apache_tls):
        with instead(apache_origin=origin):
            proxy_origin.apache(report)


def node(report):
    """Node: what it is asked, uploads, expectations, events, back-pressure, shared fetches"""
    with instead(node_origin=lambda: origins.node_origin(h2=True)):
        for test in (proxy_origin.node, proxy_origin.expectations, proxy_origin.events,
                     proxy_origin.back_pressure, proxy_origin.together):
            test(report)


# ---- connections ----

@contextlib.contextmanager
def nghttpd_origin(root, *words, tls=True):
    """Its log tells what went over which connection."""
    port = free_port()
    with place() as own:
        pair = certificate(own)[::-1] if tls else ["--no-tls"]
        with open(own / "log", "wb") as log:
            options = ["-v", "-a", "127.0.0.1", "-d", root, *words]
            words = [*options, port, *pair] if tls else [*options, *pair, port]
            with spawned(["nghttpd", *map(str, words)], lambda _: connects(port), stdout=log):
                url = f"https://localhost:{port}" if tls else f"h2c://127.0.0.1:{port}"
                yield url, lambda: (own / "log").read_text(errors="replace")


def sharing(report):
    """nghttpd: many at a time on few connections, each octet right"""
    for tls in (False, True):
        with place() as folder:
            content = os.urandom(3 * MIB)
            write(folder / "large.bin", content)
            with nghttpd_origin(folder, tls=tls) as (origin, log), \
                    TrustingProxy(report, origin, "--workers=1") as proxy:
                answers = []

                def ask(number, proxy=proxy, answers=answers):
                    answers.append(proxy.ask(f"/large.bin?{number}").content == content)
                ask("first")
                threads = [threading.Thread(target=ask, args=(number,)) for number in range(30)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                report.equal("all of them", answers, [True] * 31)
                used = {line.split("]")[0] for line in log().splitlines() if "HEADERS" in line
                        and line.startswith("[id=")}
                report.equal("one connection", len(used), 1)
                report.check("push is off", "SETTINGS_ENABLE_PUSH(0x02):0" in log())
                report.equal("404", proxy.ask("/nowhere").status, 404)


def leaving(report):
    """nginx says GOAWAY after a few requests: none is lost by it"""
    with place() as folder, place() as own:
        write(folder / "a.txt", prose(5000))
        with origins.nginx_origin(folder, own, " http2", "keepalive_requests 5;") as url, \
                TrustingProxy(report, as_h2c(url), "--workers=1") as proxy:
            statuses = []

            def ask(number):
                statuses.append(proxy.ask(f"/a.txt?{number}").status)
            for round_ in range(5):
                threads = [threading.Thread(target=ask, args=(10 * round_ + i,)) for i in range(10)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            report.equal("50 answers", statuses, [200] * 50)


RELOADS = 100


def failures_under_load(proxy, ends):
    """What clients get that is not 200, and how many got that, until the event is set."""
    wrong, right = [], []

    def ask(number):
        rounds = 0
        while not ends.is_set():
            rounds += 1
            with proxy.wire() as wire:
                for turn in range(10):
                    answer = wire.ask(f"/a.txt?{number}-{rounds}-{turn}")
                    (right if answer.status == 200 else wrong).append(answer.line)
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    return threads, wrong, right


def reloads(report):
    """nginx is reloaded a hundred times under load: no request fails"""
    for origin in (nginx_h2c, nginx_tls):
        with place() as folder, place() as own:
            write(folder / "a.txt", prose(5000))
            with origin(folder, own) as url, \
                    TrustingProxy(report, url, "--workers=1") as proxy:
                ends = threading.Event()
                threads, wrong, right = failures_under_load(proxy, ends)
                pid = int((own / "pid").read_text())
                for _ in range(RELOADS):
                    os.kill(pid, signal.SIGHUP)
                    time.sleep(0.05)
                ends.set()
                for thread in threads:
                    thread.join()
                report.equal("requests that failed", wrong, [])
                report.check("many did not", len(right) > RELOADS)


def gone(report):
    """a server that dies and comes back; one that does not speak it"""
    with place() as folder:
        write(folder / "a.txt", prose(500))
        with nghttpd_origin(folder, tls=False) as (origin, _), \
                TrustingProxy(report, origin) as proxy:
            report.equal("there", proxy.ask("/a.txt?1").status, 200)
        with origins.python_origin(folder) as url, \
                TrustingProxy(report, as_h2c(url)) as proxy:
            answer, said = proxy.cached("/a.txt")
            report.equal("HTTP/1 where HTTP/2 was promised", answer.status, 502)
            report.match("and why", answer.get("Proxy-Status", ""),
                         "error=(http_protocol_error|connection_terminated|http_response_incomplete)")


def websocket(report):
    """WebSocket to an origin that speaks HTTP/2, but not for that, goes over HTTP/1.1"""
    with origins.node_origin() as url, place() as own:
        port, pem_key = free_port(), certificate(own)
        inner = url.replace("http://", "")
        conf = (f"daemon off; worker_processes 1; pid {own}/pid; error_log stderr; events {{}} "
                f"http {{ access_log off; server {{ listen 127.0.0.1:{port} ssl http2; "
                f"ssl_certificate {pem_key[0]}; ssl_certificate_key {pem_key[1]}; location / {{ "
                f"proxy_pass http://{inner}; proxy_http_version 1.1; "
                "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } } }")
        write(own / "nginx.conf", conf)

        @contextlib.contextmanager
        def front():
            yield f"https://localhost:{port}"
        with spawned(["nginx", "-p", own, "-c", own / "nginx.conf"], lambda _: connects(port),
                     stdout=subprocess.DEVNULL), instead(node_origin=front):
            with TrustingProxy(report, f"https://localhost:{port}") as proxy:
                report.equal("an ordinary request", proxy.ask("/fresh/a").status, 200)
            proxy_origin.websocket(report)


if __name__ == "__main__":
    sys.exit(run(nginx, apache, node, sharing, leaving, reloads, gone, websocket))
