#!/usr/bin/env python3
"""What `stet audit` finds in the servers of Debian, and in `stet serve`.

Each serves the same folder, set up as it comes, with coding of content switched on. Known faults
must be found in them; in `stet serve` nothing may be found at all. Servers that are not installed
are named, and count as nothing.

    audit_peers.py --write    writes doc/notes/audit-of-peers.md as well
"""
import contextlib
import os
import pathlib
import re
import socket
import subprocess
import sys
import urllib.request

import audit
import harness

NOTE = harness.ROOT / "doc/notes/audit-of-peers.md"
OLD = 1_600_000_000_123_456_789
FILES = {"page.html": b"<!doctype html><title>t</title>\n" + harness.prose(20000),
         "text.txt": harness.prose(20000), "app.4f3c9a1b.js": harness.prose(20000, 2),
         "small.txt": b"version 1\n"}
ALL = {"lying-304", "lying-304-by-date", "needless-200", "cache-control-missing"}
PEERS = {}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        return nobody.getsockname()[1]


def peer(name, program, wanted, version="-v"):
    """Registers a peer: a function (folder, site, port) that writes what it needs and returns its
    command. `wanted` must be found in it."""
    def register(function):
        PEERS[name] = (program, wanted, function, version)
        return function
    return register


@peer("nginx", "nginx", ALL | {"order-tag-needs-date", "order-date-over-match"})
def nginx(folder, site, port):
    harness.write(folder / "nginx.conf", f"""daemon off; worker_processes 1; pid {folder}/pid;
error_log stderr; events {{}}
http {{
  include /etc/nginx/mime.types; access_log off; gzip on;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {site}; }}
}}
""")
    return ["nginx", "-p", folder, "-c", folder / "nginx.conf"]


@peer("Apache", "apache2", ALL | {"coding-tag-ignored", "order-tag-needs-date", "order-date-over-match"})
def apache(folder, site, port):
    modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name
                      in ("mpm_event", "authz_core", "dir", "mime", "filter", "deflate"))
    harness.write(folder / "apache.conf", f"""{modules}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/pid
DefaultRuntimeDir {folder}
Mutex file:{folder}
ErrorLog /dev/stderr
TypesConfig /etc/mime.types
DocumentRoot {site}
AddOutputFilterByType DEFLATE text/html text/plain text/css application/javascript text/javascript
<Directory {site}>
  Require all granted
</Directory>
""")
    return ["apache2", "-X", "-f", folder / "apache.conf"]


@peer("lighttpd", "lighttpd", ALL)
def lighttpd(folder, site, port):
    harness.write(folder / "cache/x", "")
    harness.write(folder / "lighttpd.conf", f"""server.document-root = "{site}"
server.port = {port}
server.bind = "127.0.0.1"
server.modules = ("mod_deflate")
mimetype.assign = (".html" => "text/html", ".txt" => "text/plain", ".js" => "text/javascript")
deflate.mimetypes = ("text/")
deflate.allowed-encodings = ("br", "gzip")
""")
    return ["lighttpd", "-D", "-f", folder / "lighttpd.conf"]


@peer("Caddy", "caddy", ALL, "version")
def caddy(folder, site, port):
    harness.write(folder / "Caddyfile", f"""{{
  admin off
  auto_https off
}}
http://127.0.0.1:{port} {{
  root * {site}
  encode zstd gzip
  file_server
}}
""")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"]


@peer("H2O", "h2o", ALL)
def h2o(folder, site, port):
    harness.write(folder / "h2o.conf", f"""user: root
pid-file: {folder}/pid
compress: ON
num-threads: 1
hosts:
  default:
    listen:
      host: 127.0.0.1
      port: {port}
    paths:
      /:
        file.dir: {site}
""")
    return ["h2o", "-m", "worker", "-c", folder / "h2o.conf"]


@peer("stet serve", harness.program(), set(), "--version")
def stet(_, site, port):
    return [harness.program(), "serve", site, f"--listen=127.0.0.1:{port}", "--memo=off",
            "--log=off"]


@contextlib.contextmanager
def running(command, folder, port):
    """A server, from the moment it answers; ended at the end."""
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder),
                   "XDG_CONFIG_HOME": str(folder), "NO_COLOR": "1"}
    with open(folder / "errors", "wb") as errors:
        process = subprocess.Popen([str(word) for word in command], env=environment,
                                   stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)

    def answers():
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        return process.poll() is not None
    try:
        if not harness.eventually(answers) or process.poll() is not None:
            raise RuntimeError((folder / "errors").read_text())
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(30)


def settle(site):
    for path in site.iterdir():
        os.utime(path, ns=(OLD, OLD))


def over_time(folder, url, change):
    """What is found between two runs around a change."""
    file = folder / "snapshot"
    audit.Run(f"--before={file}", url)
    change()
    return audit.Run(f"--after={file}", url)


def modified(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.headers["Last-Modified"]


def look(folder, site, url):
    """Everything that is found: {(id, level): {where}}."""
    found = {}

    def note(run, where):
        for one in (finding for page in run.urls for finding in page["findings"]):
            found.setdefault((one["id"], one["level"]), set()).add(where)

    def same_size():
        (site / "small.txt").write_bytes(b"version 2\n")
        os.utime(site / "small.txt", ns=(OLD, OLD))
    for name in ("page.html", "text.txt", "app.4f3c9a1b.js"):
        note(audit.Run(url + name), name)
    truth = ("lying", "needless", "true", "etag-reused")

    def touch():
        """Some servers look at a file once a second only."""
        before = modified(url + "small.txt")
        os.utime(site / "small.txt")
        harness.eventually(lambda: modified(url + "small.txt") != before, 3)
    for where, change in (("other content, same size and mtime", same_size), ("touched", touch)):
        run = over_time(folder, url + "small.txt", change)
        for one in (finding for page in run.urls for finding in page["findings"]):
            if one["id"].startswith(truth):
                found.setdefault((one["id"], one["level"]), set()).add(where)
    return found


def ready(name, url):
    """stet serve hashes first; the others have nothing to settle."""
    if name != "stet serve":
        return True

    def settled():
        run = audit.Run("--max-requests=1", url)
        return "etag-missing" not in run.found("info") and "etag-weak" not in run.found("info")
    return harness.eventually(settled)


@contextlib.contextmanager
def standing(name):
    """(folder, site, URL) of a peer that runs, and has nothing to settle any more."""
    _, _, configure, _ = PEERS[name]
    with harness.place() as folder:
        folder.chmod(0o755)
        site = folder / "site"
        for path, content in FILES.items():
            harness.write(site / path, content)
        settle(site)
        port = free_port()
        with running(configure(folder, site, port), folder, port) as url:
            for path in FILES:
                ready(name, url + path)
            yield folder, site, url


def examine(name):
    """(version, findings) of a peer."""
    program, _, _, flag = PEERS[name]
    said = subprocess.run([program, flag], capture_output=True, check=False)
    text = (said.stdout + said.stderr).decode("utf-8", "replace")
    version = re.search(r"\d+\.\d+[\w.]*", text)
    with standing(name) as (folder, site, url):
        return version[0] if version else "?", look(folder, site, url)


def judge(report, name, found, wanted):
    ids = {key[0] for key in found}
    for word in sorted(wanted):
        report.check(f"{name}: {word} is found", word in ids, sorted(ids))
    if name == "stet serve":
        report.equal("stet serve: nothing is found", sorted(
            f"{word} ({', '.join(sorted(places))})" for (word, level), places in found.items()
            if level != "good"), [])


RESULTS = {}


def examined(report):
    """each of the servers that are here"""
    for name, (program, wanted, _, _) in PEERS.items():
        if not harness.shutil.which(program):
            report.skip(name, "it is not installed")
            continue
        RESULTS[name] = examine(name)
        judge(report, name, RESULTS[name][1], wanted)


def behind(report, name, folder, url):
    """What is worse with `stet proxy` in front, cold and warm."""
    front = free_port()
    harness.write(folder / "front/x", "")
    command = [harness.program(), "proxy", url.rstrip("/"), f"--listen=127.0.0.1:{front}",
               "--admin-socket=off"]
    with running(command, folder / "front", front) as proxied:
        for path in ("page.html", "app.4f3c9a1b.js", "page.html"):
            plain, fronted = audit.Run(url + path), audit.Run(proxied + path)
            for level in ("bad", "warn"):
                report.equal(f"{name}: {path}: nothing new that is {level}",
                             sorted(fronted.found(level) - plain.found(level)), [])
            if name == "stet serve":
                report.check(f"{name}: {path}: nothing but the cache itself",
                             fronted.found("bad", "warn", "info") <= {"cache-status"},
                             fronted.found("bad", "warn", "info"))


def fronted(report):
    """stet proxy in front of each makes nothing worse, and nothing is said of it that is not so"""
    for name, (program, *_) in PEERS.items():
        if not harness.shutil.which(program):
            report.skip(name, "it is not installed")
            continue
        with standing(name) as (folder, _, url):
            behind(report, name, folder, url)


def write_note():
    names = list(RESULTS)
    order = [word for level in ("bad", "warn", "info", "good") for word in audit.LEVELS
             if audit.LEVELS[word] == level]
    lines = ["# What the audit finds in other servers", "",
             "Made by `python3 test/client/audit_peers.py --write`; the servers are Debian's, as they "
             "come, with coding of content switched on. A page, a text, a script with a fingerprint in "
             "its name, and a small file that is replaced by one of the same size and time, and then "
             "touched. \"x\": found.", "",
             "| finding | level | " + " | ".join(
                 f"{name} {RESULTS[name][0]}" for name in names) + " |",
             "| --- | --- |" + " --- |" * len(names)]
    for word in order:
        level = audit.LEVELS[word]
        marks = ["x" if (word, level) in RESULTS[name][1] else "" for name in names]
        if any(marks):
            lines.append(f"| [{word}](../findings.md#{word}) | {level} | {' | '.join(marks)} |")
    NOTE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    WRITE = "--write" in sys.argv
    sys.argv = [word for word in sys.argv if word != "--write"]
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    STATUS = harness.run(examined, fronted)
    if WRITE:
        write_note()
    sys.exit(STATUS)
