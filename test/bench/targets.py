"""The servers that are measured: started on a core of their own, accounted for, ended by pid."""
import os
import shutil
import signal
import socket
import subprocess
import time

import probe

NS = 1_000_000_000
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def read(path):
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""  # it has ended meanwhile


class Target:
    """One server process (with its children) that listens on 127.0.0.1."""

    def __init__(self, name, port, argv, cores, log=subprocess.DEVNULL):
        self.name, self.port, self.scheme = name, port, "http"
        pinned = ["setpriv", "--pdeathsig", "TERM", "taskset", "-c",
                  ",".join(map(str, cores))] + argv
        self.begun = time.monotonic()
        self.process = subprocess.Popen(pinned, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=log)

    def pids(self):
        """The process and all that descend from it."""
        found, at = [self.process.pid], 0
        while at < len(found):
            for task in os.listdir(f"/proc/{found[at]}/task"):
                children = read(f"/proc/{found[at]}/task/{task}/children")
                found += [int(pid) for pid in children.split()]
            at += 1
        return found

    def cpu(self):
        """Nanoseconds of CPU so far: (user + system, user). The sum is exact; how it divides is
        what the kernel's ticks saw."""
        total = user = system = 0
        for pid in self.pids():
            for task in os.listdir(f"/proc/{pid}/task"):
                schedstat = read(f"/proc/{pid}/task/{task}/schedstat").split()
                total += int(schedstat[0]) if schedstat else 0
            fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
            user += int(fields[11])
            system += int(fields[12])
        ticks = max(1, user + system)
        return total, total * user // ticks, (user, ticks)

    def memory(self):
        """Bytes: resident, and of that private and anonymous (heap and stacks)."""
        resident = anonymous = 0
        for pid in self.pids():
            for line in read(f"/proc/{pid}/smaps_rollup").splitlines():
                words = line.split()
                if words[0] == "Rss:":
                    resident += int(words[1]) * 1024
                elif words[0] == "Anonymous:":
                    anonymous += int(words[1]) * 1024
        return resident, anonymous

    def wait_until_up(self, patience=20):
        """Seconds from its start to the first connection it took."""
        while time.monotonic() - self.begun < patience:
            if self.process.poll() is not None:
                raise SystemExit(f"bench: {self.name} ended by itself "
                                 f"(status {self.process.returncode})")
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return time.monotonic() - self.begun
            except OSError:
                time.sleep(0.002)
        raise SystemExit(f"bench: {self.name} does not listen")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


class Field:
    """Starts targets, and ends all of them when it is left, however that comes about."""

    def __init__(self, place, stet, null_server, cores):
        self.place, self.stet_path, self.null_path = place, stet, null_server
        self.cores = cores  # of the servers
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for target in self.running:
            target.stop()
        self.running = []

    def end(self, target):
        target.stop()
        self.running.remove(target)

    def begin(self, name, argv, port, cores=None, log=subprocess.DEVNULL):
        target = Target(name, port, argv, cores or self.cores[:1], log)
        self.running.append(target)
        return target

    def stet(self, directory, workers=1, cores=None, options=("--memo", "off", "--quiet"),
             log=subprocess.DEVNULL, before=()):
        port = free_port()
        argv = [*before, self.stet_path, "serve", directory, "--listen", f"127.0.0.1:{port}",
                "--workers", str(workers), *options]
        for limit in ("connections", "connections_per_address"):
            argv += ["--limit", f"{limit}=20000"]
        return self.begin("stet", argv, port, cores, log)

    def settle(self, directory, path):
        """Waits until the file is old enough to be trusted."""
        target = self.stet(directory)
        target.wait_until_up()
        settled(target, path)
        self.end(target)

    def proxy(self, origin, memory="600MiB", control="off", before=()):
        """stet before an origin on this port of 127.0.0.1."""
        port = free_port()
        argv = [*before, self.stet_path, "proxy", f"http://127.0.0.1:{origin}", "--listen",
                f"127.0.0.1:{port}", "--workers", "1", "--quiet", "--memory", memory,
                "--admin-socket", control]
        for limit in ("connections", "connections_per_address"):
            argv += ["--limit", f"{limit}=20000"]
        return self.begin("stet", argv, port)

    def null_proxy(self, origin):
        port = free_port()
        path = os.path.join(os.path.dirname(self.null_path), "null_proxy")
        return self.begin("null proxy", [path, str(port), str(origin)], port)

    def null(self, answer, cores=None):
        """A null server that says `answer` to everything."""
        port = free_port()
        path = os.path.join(self.place, f"answer-{port}")
        with open(path, "wb") as file:
            file.write(answer)
        return self.begin("null", [self.null_path, str(port), path], port, cores)

    def nginx(self, directory, sendfile):
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        port = free_port()
        home = os.path.join(self.place, f"nginx-{port}")
        os.mkdir(home)
        with open(os.path.join(home, "conf"), "w", encoding="ascii") as file:
            file.write(NGINX.format(user="user root;" if os.getuid() == 0 else "", home=home,
                                    port=port, directory=directory,
                                    sendfile="on" if sendfile else "off"))
        argv = [binary, "-p", home, "-e", "/dev/null", "-c", os.path.join(home, "conf")]
        return self.begin("nginx, sendfile" if sendfile else "nginx", argv, port)


NGINX = """
daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid {home}/pid; {user}
error_log /dev/null crit;
events {{ worker_connections 16384; }}
http {{
    types {{ text/plain txt; }}
    access_log off; server_tokens off; tcp_nopush off; sendfile {sendfile};
    keepalive_timeout 300s; keepalive_requests 1000000000;
    open_file_cache max=1000 inactive=300s; open_file_cache_valid 60s;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    server {{ listen 127.0.0.1:{port} backlog=4096; root {directory}; }}
}}
"""


def settled(target, path, patience=10):
    """Waits until the tag of `path` is strong: a file that has just been written may still change
    within a tick of the clock. Returns the answer's fields."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        answer = probe.ask(target.port, path, scheme=target.scheme)[0]
        if answer.fields.get("etag", "").startswith('"'):
            return answer.fields
        time.sleep(0.1)
    raise SystemExit(f"bench: {target.name} gives {path} no strong tag")
