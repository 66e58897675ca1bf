#!/usr/bin/env python3
"""operating.py [TEST...]: a running server asked by stet stat, log, purge, explain and reload

An origin of our own stands behind the proxy and counts what it is asked.
"""
import contextlib
import http.server
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading

from harness import Proxy, Server, eventually, place, program, run, write


class Origin(http.server.ThreadingHTTPServer):
    """Answers every path with a minute's lifetime, a tag and its own name; counts requests."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):  # pylint: disable=invalid-name
            self.server.asked.append(self.path)
            content = f"this is {self.path}\n".encode()
            current = self.headers.get("If-None-Match") == '"v1"'
            self.send_response(304 if current else 200)
            self.send_header("ETag", '"v1"')
            self.send_header("Cache-Control", "max-age=60")
            if self.path.startswith("/grouped"):
                self.send_header("Cache-Groups", '"news"')
            if not current:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if not current:
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.asked = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


def stet(*words, wanted=0, **settings):
    """Runs a command; its output. Breaks off when the exit status is another one."""
    done = subprocess.run([program(), *map(str, words)], capture_output=True, text=True, timeout=60,
                          check=False, **settings)
    if done.returncode != wanted:
        raise RuntimeError(f"{words}: exit status {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout if wanted == 0 else done.stderr


@contextlib.contextmanager
def gateway(report, *words):
    """An origin, a proxy before it, and the path of its local socket."""
    with place() as folder, Origin() as origin:
        socket = folder / "stet.sock"
        with Proxy(report, origin.url, f"--admin-socket={socket}", *words) as proxy:
            yield origin, proxy, socket


def sums(report):
    with gateway(report) as (_, proxy, socket):
        tag = proxy.ask("/a").tag
        for _ in range(3):
            proxy.ask("/a")
        proxy.ask("/a", if_none_match=tag)
        words = stet("stat", "-s", socket)
        report.match("words: all requests", words, r"requests +5\n")
        report.match("words: hits", words, r"  hit +4 \(80\.0 %\)")
        report.match("words: conditional ones", words, r"1 by clients, 1 answered 304 \(100\.0 %\)")
        report.match("words: what is stored", words, r"store +1 entries, .* of 256\.0 MiB")
        sums_json = json.loads(stet("stat", "--json", "-s", socket))
        counts = {(row["cache"], row["reason"]): row["count"] for row in sums_json["requests"]}
        report.equal("JSON: by result and reason", counts,
                     {("miss", "not-stored"): 1, ("hit", "fresh"): 3,
                      ("hit", "if-none-match-false"): 1})
        report.equal("JSON: saved", sums_json["saved"], len("this is /a\n"))
        report.equal("JSON: entries", sums_json["store"]["entries"], 1)
        metrics = stet("stat", "--metrics", "-s", socket)
        report.match("metrics", metrics,
                     r'stet_requests_total\{cache="hit",reason="fresh"\} 3\n')
        if shutil.which("promtool"):
            checked = subprocess.run(["promtool", "check", "metrics"], input=metrics, text=True,
                                     capture_output=True, timeout=60, check=False)
            report.equal("promtool finds nothing", (checked.returncode, checked.stderr), (0, ""))
        else:
            report.skip("promtool", "is not installed")


def metrics_port(report):
    with gateway(report, "--metrics=127.0.0.1:0") as (_, proxy, socket):
        del socket
        proxy.ask("/a")
        listening = subprocess.run(["ss", "-ltnHp"], capture_output=True, text=True, timeout=60,
                                   check=False).stdout
        ports = {int(port) for port in re.findall(rf":(\d+) .*pid={proxy.pid},", listening)}
        ports.discard(proxy.port)
        report.equal("one more port", len(ports), 1)
        with proxy.wire() as wire:
            report.equal("the site itself has no /metrics of ours",
                         wire.ask("/metrics").content, b"this is /metrics\n")
        proxy.port = ports.pop()
        answer = proxy.ask("/metrics")
        report.equal("answers", answer.status, 200)
        report.match("in the right form", answer["Content-Type"], r"^text/plain; version=0\.0\.4")
        report.equal("and nothing else", proxy.ask("/stat").status, 404)
        report.equal("nor a purge", proxy.ask("/purge?scope=all", "POST").status, 404)


def live_log(report):
    with gateway(report) as (_, proxy, socket):
        proxy.ask("/before")
        watching = subprocess.Popen(
            [program(), "log", "-s", str(socket), "--cache", "hit", "--path", "/a", "-n", "2"],
            stdout=subprocess.PIPE, text=True)
        proxy.ask("/a")

        def seen():
            proxy.ask("/b")
            proxy.ask("/a")
            return watching.poll() is not None
        report.check("ends after so many lines", eventually(seen))
        lines = [json.loads(line) for line in watching.communicate(timeout=60)[0].splitlines()]
        report.equal("two lines", len(lines), 2)
        for line in lines:
            report.equal("of the path", line["target"], "/a")
            report.equal("hits", line["cache"], "hit")
            report.equal("with a reason", line["reason"], "fresh")
            report.check("with age and ttl", 0 <= line["age"] <= 60 and line["ttl"] <= 60)
        report.match("a wrong status is told", stet("log", "--status", "abc", wanted=2),
                     "expected a status")


def explanations(report):
    with gateway(report) as (origin, proxy, socket):
        url = f"http://localhost/a"
        report.match("nothing stored", stet("explain", "-s", socket, url), r"stored +nothing\n")
        proxy.ask("/a")
        words = stet("explain", "-s", socket, url)
        report.match("what is stored", words, r'stored +200, 11 octets, ETag "v1"\n')
        report.match("how long", words, r"lifetime +60 s\n.*\[RFC 9111 §5\.2\.2\.1\]")
        report.match("and the answer", words, r"answer +from the store; .*\[RFC 9111 §4\.2\]")
        lines = json.loads(stet("explain", "--json", "-s", socket, url))["lines"]
        report.equal("JSON", lines[-1]["reason"], "fresh")
        fetched = stet("explain", "--fetch", f"{origin.url}/new")
        report.match("by fetching", fetched, r"storing +yes\n.*\[RFC 9111 §3\]")
        report.match("what is no URL", stet("explain", "-s", socket, "nonsense", wanted=1),
                     "expected an absolute")


def purges(report):
    with gateway(report) as (origin, proxy, socket):
        for path in ("/a", "/a?x=1", "/b/1", "/b/2", "/grouped"):
            proxy.ask(path)
        origin.asked.clear()

        def purge(*words):
            return stet("purge", "-s", socket, *words)
        report.equal("a URL", purge(f"http://localhost/a"), "1 entry marked as stale\n")
        response, status = proxy.cached("/a")
        report.equal("is validated", (response.status, origin.asked), (200, ["/a"]))
        report.match("by a 304", status, "fwd-status=304")
        report.equal("a prefix", purge("--prefix", f"http://localhost/b/"), "2 entries marked as stale\n")
        report.equal("a pattern", purge("--match", r"/b/[12]$", "--hard"), "2 entries removed\n")
        report.equal("a group", purge("--group", "news"), "1 entry marked as stale\n")
        report.equal("nothing", purge(f"http://localhost/none"), "0 entries marked as stale\n")
        report.equal("everything", json.loads(purge("--all", "--hard", "--json")),
                     {"reached": 3, "hard": True})
        report.equal("is gone", json.loads(stet("stat", "--json", "-s", socket))["store"]["entries"],
                     0)
        report.match("no URL", stet("purge", "-s", socket, "nonsense", wanted=1), "URL")
        report.match("no pattern", stet("purge", "-s", socket, "--match", "(", wanted=1), r"\S")
        report.match("two scopes", stet("purge", "--all", "--group", "x", wanted=2), "one of")


def the_socket(report):
    with gateway(report) as (origin, _, socket):
        report.equal("is for its user alone", stat.S_IMODE(os.stat(socket).st_mode), 0o600)
        second = subprocess.run([program(), "proxy", origin.url, "--listen=127.0.0.1:0",
                                 f"--admin-socket={socket}"], capture_output=True, text=True,
                                timeout=60, check=False)
        report.equal("is not taken from a server that runs", second.returncode, 2)
        report.match("which is told", second.stderr, r"cannot listen on unix:.*stet\.sock")
        report.match("and goes on", stet("stat", "-s", socket), "requests")
    report.match("without a server", stet("stat", "-s", socket, wanted=3), "no server is running")


def files_too(report):
    with place() as folder:
        write(folder / "site/a.txt", "a")
        socket = folder / "stet.sock"
        with Server(report, folder / "site", f"--admin-socket={socket}") as server:
            server.ask("/a.txt")
            report.match("stat", stet("stat", "-s", socket), r"local +1 \(100\.0 %\)")
            report.match("nothing to purge", stet("purge", "-s", socket, "--all", wanted=1),
                         "stores nothing")
            report.match("nothing to reload", stet("reload", "-s", socket, wanted=1),
                         "without a configuration file")


CONFIG = """\
listen: [{listen}]
admin: {{socket: {socket}}}
sites:
  - hosts: ["*"]
    routes:
      - {{path: /, proxy: {{to: ["{origin}"]}}}}
      - {{path: {files}, files: {{directory: {folder}}}}}
"""


class Run(Server):
    """A running `stet run`, which takes its addresses from the file."""

    COMMAND = "run"

    def __init__(self, report, path):
        super().__init__(report, "-c", path, listen=None)


def another_configuration(report):
    with place() as folder, Origin() as origin:
        socket, path = folder / "stet.sock", folder / "stet.yaml"
        write(folder / "site/a.txt", "a" * 100)
        write(folder / "site/large.bin", os.urandom(32 << 20))
        names = {"listen": "127.0.0.1:0", "socket": socket, "origin": origin.url,
                 "folder": folder / "site"}
        write(path, CONFIG.format(files="/old/", **names))
        with Run(report, path) as server:
            report.equal("the old route", server.ask("/old/a.txt").status, 200)
            report.equal("the proxy", server.ask("/x").content, b"this is /x\n")
            with server.wire(receive_buffer=65536) as slow, server.wire() as kept:
                slow.send(b"GET /old/large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
                head = slow.head()
                report.equal("a connection that is kept", kept.ask("/old/a.txt").status, 200)
                write(path, CONFIG.format(files="/new/", **names))
                report.match("reload", stet("reload", "-s", socket), r"stet\.yaml: in use")
                report.check("the new route",
                             eventually(lambda: server.ask("/new/a.txt").status == 200))
                report.equal("on kept connections, too", kept.ask("/new/a.txt").status, 200)
                report.equal("an answer under way ends as it began",
                             slow.exactly(int(head["Content-Length"])),
                             (folder / "site/large.bin").read_bytes())
            origin.asked.clear()
            report.match("what is stored stays", server.ask("/x").get("Cache-Status"), "hit")
            report.equal("so the origin is not asked", origin.asked, [])
            write(path, CONFIG.format(files="/new/", **names) + "sties: []\n")
            complaint = stet("reload", "-s", socket, wanted=1)
            report.match("what is wrong is told", complaint, r"stet\.yaml:8:1: .*sties.*")
            report.equal("and changes nothing", server.ask("/new/a.txt").status, 200)
            write(path, CONFIG.format(files="/third/", **names))
            server.kill(1)
            report.check("by SIGHUP", eventually(lambda: server.ask("/third/a.txt").status == 200))


if __name__ == "__main__":
    sys.exit(run(sums, metrics_port, live_log, explanations, purges, the_socket, files_too,
                 another_configuration))
