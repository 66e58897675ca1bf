"""The caches that `stet proxy` is measured beside, each set up for its best at this: one worker, no
log, everything in memory, connections to the origin kept."""
import os
import pwd
import shutil
import time

import probe
import targets

MIB = 1 << 20


def found(name):
    for place in ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"):
        if os.access(os.path.join(place, name), os.X_OK):
            return os.path.join(place, name)
    return shutil.which(name)


class Missing(Exception):
    """A peer that cannot be measured, and why."""


class Peers:
    """Starts them in a field, each before an origin on 127.0.0.1. `room` is for what is stored: in
    memory, where the machine has such a place. With `collapse` requests for one thing wait for the
    first; where nobody may store the answer they would wait in vain: nginx then takes three times
    the CPU for a request, and one of 64 waits for Traffic Server's 100 ms."""

    def __init__(self, field, room, size, collapse=True):
        self.field, self.room, self.size = field, room, size  # size: octets for stored responses
        self.collapse = collapse

    def home(self, name, port):
        path = os.path.join(self.room, f"{name}-{port}")
        os.makedirs(path)
        os.chmod(path, 0o777)
        return path

    def write(self, home, name, text):
        path = os.path.join(home, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def program(self, name):
        path = found(name)
        if not path:
            raise Missing(f"{name} is not installed")
        return path

    def nginx(self, origin):
        port = targets.free_port()
        home = self.home("nginx", port)
        user = "user root;" if os.getuid() == 0 else ""
        conf = self.write(home, "conf", NGINX.format(home=home, port=port, origin=origin, user=user,
                                                     lock="on" if self.collapse else "off",
                                                     size=self.size // MIB))
        return self.field.begin("nginx", [self.program("nginx"), "-p", home, "-e", "/dev/null", "-c",
                                          conf], port)

    def varnish(self, origin):
        port = targets.free_port()
        home = self.home("varnish", port)
        vcl = self.write(home, "vcl", VARNISH.format(origin=origin))
        argv = [self.program("varnishd"), "-F", "-n", home, "-f", vcl, "-a", f"127.0.0.1:{port}",
                "-s", f"default,{self.size // MIB}m", "-j", "none"]
        for parameter in ("thread_pools=1", "thread_pool_min=100", "thread_pool_max=1500",
                          "timeout_idle=300", "vsl_mask=" + SILENT, "listen_depth=4096"):
            argv += ["-p", parameter]
        return self.field.begin("Varnish", argv, port)

    def haproxy(self, origin):
        port = targets.free_port()
        home = self.home("haproxy", port)
        conf = self.write(home, "conf", HAPROXY.format(origin=origin, port=port,
                                                       size=min(4095, self.size // MIB)))
        return self.field.begin("HAProxy", [self.program("haproxy"), "-f", conf, "-q"], port)

    def trafficserver(self, origin):
        port = targets.free_port()
        home = self.home("trafficserver", port)
        user = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name  # never root
        for name in ("etc", "run", "log", "cache"):
            os.mkdir(os.path.join(home, name))
            shutil.chown(os.path.join(home, name), user)
        binary = self.program("traffic_server")
        etc = os.path.join(home, "etc")
        self.write(etc, "storage.config", f"{home}/cache {self.size // MIB}M\n")
        self.write(etc, "remap.config", f"map / http://127.0.0.1:{origin}/\n")
        self.write(etc, "ip_allow.yaml", TRAFFIC_ALLOW)
        for name in ("plugin.config", "parent.config", "cache.config", "hosting.config",
                     "volume.config", "splitdns.config", "ssl_multicert.config"):
            self.write(etc, name, "")
        self.write(etc, "records.config", TRAFFIC.format(
            port=port, size=self.size, user=user, follows=int(self.collapse),
            reads=30 if self.collapse else -1, writes=int(self.collapse)))
        self.write(home, "runroot.yaml", TRAFFIC_ROOT.format(home=home, bindir=os.path.dirname(
            binary)))
        return self.field.begin("Traffic Server", [
            binary, f"--run-root={home}/runroot.yaml", "-K", "--bind_stdout", "/dev/null",
            "--bind_stderr", "/dev/null"], port)

    ALL = ("nginx", "haproxy", "trafficserver", "varnish")

    def start(self, origin, settled, tell):
        """All that start and answer as `settled` proves; why not, of those that do not."""
        up = []
        for name in self.ALL:
            target = None
            try:
                target = getattr(self, name)(origin)
                target.wait_until_up()
                settled(target)
                up.append(target)
            except (Missing, SystemExit, OSError) as error:
                tell(f"{name} is left out: {error}")
                if target:
                    self.field.end(target)
        return up


def hits(counter, path, fields=()):
    """Proves of a target that it answers `path` without asking the origin, after at most a few
    requests. `counter` tells how often the origin was asked."""
    def settled(target):
        for _ in range(20):
            before = counter()
            answer = probe.ask(target.port, path, fields)[0]
            if answer.status == 200 and counter() == before:
                return
            time.sleep(0.1)
        raise Missing("it does not answer from its cache")
    return settled


NGINX = """
daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid {home}/pid; {user}
error_log /dev/null crit;
events {{ worker_connections 8192; }}
http {{
    access_log off; server_tokens off; tcp_nopush off; sendfile off;
    keepalive_timeout 300s; keepalive_requests 1000000000;
    open_file_cache max=1000 inactive=300s; open_file_cache_valid 60s;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    proxy_cache_path {home}/cache levels=1:2 keys_zone=zone:128m max_size={size}m inactive=1d
        use_temp_path=off;
    upstream origin {{ server 127.0.0.1:{origin}; keepalive 256; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $host; proxy_cache zone; proxy_cache_lock {lock};
            proxy_cache_lock_timeout 10s; proxy_max_temp_file_size 0;
        }}
    }}
}}
"""

# What Varnish would note of each request.
SILENT = ",".join("-" + name for name in """
    Begin End Link Timestamp ReqAcct BereqAcct SessOpen SessClose ReqStart ReqMethod ReqURL
    ReqProtocol ReqHeader ReqUnset RespProtocol RespStatus RespReason RespHeader RespUnset
    BereqMethod BereqURL BereqProtocol BereqHeader BerespProtocol BerespStatus BerespReason
    BerespHeader ObjProtocol ObjStatus ObjReason ObjHeader VCL_call VCL_return VCL_use Hit HitMiss
    Length TTL Storage Fetch_Body BackendOpen BackendClose BackendReuse Filters ExpKill Hash Debug
    """.split())

VARNISH = """
vcl 4.1;
backend default {{ .host = "127.0.0.1"; .port = "{origin}"; }}
"""

HAPROXY = """
global
    nbthread 1
    maxconn 8000
defaults
    mode http
    timeout connect 5s
    timeout client 300s
    timeout server 60s
    http-reuse always
cache all
    total-max-size {size}
    max-object-size 2097152
    max-age 86400
frontend front
    bind 127.0.0.1:{port} backlog 4096
    default_backend back
backend back
    http-request cache-use all
    http-response cache-store all
    http-after-response del-header content-length if {{ status 304 }}
    server origin 127.0.0.1:{origin} pool-max-conn 256
"""

TRAFFIC = """
CONFIG proxy.config.admin.user_id STRING {user}
CONFIG proxy.config.exec_thread.autoconfig INT 0
CONFIG proxy.config.exec_thread.limit INT 1
CONFIG proxy.config.exec_thread.affinity INT 0
CONFIG proxy.config.accept_threads INT 0
CONFIG proxy.config.task_threads INT 1
CONFIG proxy.config.cache.threads_per_disk INT 1
CONFIG proxy.config.http.server_ports STRING {port}:ip-in=127.0.0.1
CONFIG proxy.config.net.connections_throttle INT 16000
CONFIG proxy.config.http.cache.required_headers INT 0
CONFIG proxy.config.http.cache.open_write_fail_action INT 0
CONFIG proxy.config.http.cache.max_open_read_retries INT {reads}
CONFIG proxy.config.http.cache.max_open_write_retries INT {writes}
CONFIG proxy.config.http.cache.open_read_retry_time INT 50
CONFIG proxy.config.cache.enable_read_while_writer INT {follows}
CONFIG proxy.config.http.background_fill_active_timeout INT 0
CONFIG proxy.config.http.background_fill_completed_threshold FLOAT 0.0
CONFIG proxy.config.cache.ram_cache.size INT {size}
CONFIG proxy.config.cache.ram_cache_cutoff INT 8388608
CONFIG proxy.config.cache.min_average_object_size INT 2000
CONFIG proxy.config.log.logging_enabled INT 0
CONFIG proxy.config.url_remap.remap_required INT 1
CONFIG proxy.config.reverse_proxy.enabled INT 1
CONFIG proxy.config.http.keep_alive_no_activity_timeout_in INT 300
CONFIG proxy.config.diags.debug.enabled INT 0
"""

TRAFFIC_ALLOW = """
ip_allow:
  - apply: in
    ip_addrs: 127.0.0.1
    action: allow
    methods: ALL
"""

TRAFFIC_ROOT = """
prefix: {home}
exec_prefix: {home}
bindir: {bindir}
sbindir: {bindir}
sysconfdir: {home}/etc
datadir: {home}/cache
includedir: {home}
libdir: {home}
libexecdir: {home}
localstatedir: {home}/run
runtimedir: {home}/run
logdir: {home}/log
cachedir: {home}/cache
"""
