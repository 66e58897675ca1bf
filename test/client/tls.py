#!/usr/bin/env python3
"""tls.py [TEST...]: TLS with OpenSSL, GnuTLS, curl and Python, on both sides of stet"""
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading

import origins as servers
import proxy_origin
from h2_origins import as_https, certificate as own_certificate, instead
from harness import Proxy, Server, eventually, place, program, prose, run, write

LARGE = bytes(range(256)) * (16 << 12)  # 16 MiB: more than sockets hold


def tool(*words, input=b"", seconds=60):
    """What a program says, on both outputs, and its status."""
    done = subprocess.run([str(word) for word in words], input=input, capture_output=True,
                          timeout=seconds, check=False)
    return (done.stdout + done.stderr).decode("utf-8", "replace"), done.returncode


class Authority:
    """Certificates made by openssl, in a directory."""

    def __init__(self, folder, name="authority"):
        self.folder, self.name = folder, name
        self.certificate, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        tool("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "90", "-subj", f"/CN={name}", "-keyout", self.key, "-out",
             self.certificate)

    def make(self, name, alternatives="", purpose="serverAuth", kind=("ec", "ec_paramgen_curve:P-256"),
             days=90):
        key, request = self.folder / f"{name}.key", self.folder / f"{name}.csr"
        certificate = self.folder / f"{name}.pem"
        tool("openssl", "req", "-newkey", kind[0], "-pkeyopt", kind[1], "-nodes", "-keyout", key,
             "-out", request, "-subj", f"/CN={name}")
        extensions = f"extendedKeyUsage={purpose}\n"
        if alternatives:
            extensions += f"subjectAltName={alternatives}\n"
        write(self.folder / f"{name}.ext", extensions)
        text, status = tool("openssl", "x509", "-req", "-in", request, "-CA", self.certificate,
                            "-CAkey", self.key, "-CAcreateserial", "-days", str(days), "-extfile",
                            self.folder / f"{name}.ext", "-out", certificate)
        if status:
            raise RuntimeError(text)
        return certificate, key


def site(folder):
    write(folder / "site/a.txt", "a\n")
    write(folder / "site/text.txt", prose(5000))
    write(folder / "site/large.bin", LARGE)
    return folder / "site"


def serve(report, folder, *words, **settings):
    """A server with a certificate of an authority."""
    authority = Authority(folder)
    certificate, key = authority.make("server", "DNS:localhost,IP:127.0.0.1")
    server = Server(report, site(folder), f"--cert={certificate}", f"--key={key}", *words, **settings)
    server.authority = authority
    return server


def s_client(server, *words, ask="GET /a.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"):
    return tool("openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-ign_eof",
                *words, input=ask.encode())


def curl(server, target, *words, host="localhost"):
    return tool("curl", "-s", "--resolve", f"{host}:{server.port}:127.0.0.1",
                *words, f"https://{host}:{server.port}{target}")


def versions(report):
    """1.3 and 1.2 are spoken, older ones and weak ciphers are not"""
    with place() as folder, serve(report, folder) as server:
        for words, wanted in [(["-tls1_3"], "TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256"),
                              (["-tls1_2"], "TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256"),
                              (["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"],
                               "TLSv1.2, Cipher is ECDHE-ECDSA-CHACHA20-POLY1305")]:
            text, _ = s_client(server, "-CAfile", server.authority.certificate, *words)
            report.match(f"{words}", text, re.escape(wanted))
            report.match(f"{words}: trusted", text, "Verify return code: 0")
            report.match(f"{words}: answered", text, "HTTP/1.1 200 OK.*\r\n\r\na\n")
        for words in (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
                      ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
                      ["-tls1_2", "-cipher", "AES128-GCM-SHA256"]):
            text, _ = s_client(server, *words)
            report.match(f"{words} are refused", text, "alert (protocol version|handshake failure)")
        text, _ = tool("gnutls-cli", f"--port={server.port}", "localhost",
                       f"--x509cafile={server.authority.certificate}",
                       input=b"GET /a.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        report.match("gnutls-cli", text, "Status: The certificate is trusted.*HTTP/1.1 200 OK")


def resumption(report):
    """Sessions are resumed by tickets, also with another worker and after a reload"""
    with place() as folder, serve(report, folder, "--workers=4") as server:
        for version in ("-tls1_3", "-tls1_2"):
            session = folder / f"session{version}"
            text, _ = s_client(server, version, "-sess_out", session)
            report.match(f"{version}: a new session", text, "\nNew, ")
            for turn in range(6):
                text, _ = s_client(server, version, "-sess_in", session)
                report.match(f"{version}: resumed, {turn}", text, "\nReused, ")
        text, _ = tool("gnutls-cli", "-r", f"--port={server.port}", "localhost", "--insecure",
                       input=b"GET /a.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        report.match("gnutls-cli", text, "This is a resumed session")


def protocols(report):
    """HTTP/2 and HTTP/1.1 by ALPN"""
    with place() as folder, serve(report, folder) as server:
        for words, wanted in [(["--http2"], "2"), (["--http1.1"], "1.1"), (["--no-alpn"], "1.1")]:
            text, _ = curl(server, "/a.txt", "--cacert", server.authority.certificate, *words,
                           "-o", folder / "out", "-w", "%{http_version} %{http_code}")
            report.equal(f"curl {words}", text, f"{wanted} 200")
        text, _ = s_client(server, "-alpn", "acme-tls/1")
        report.match("nothing in common", text, "alert no application protocol")


def whole(report):
    """Large contents, both versions, both protocols, and a client that takes its time"""
    with place() as folder, serve(report, folder) as server:
        for words in (["--tls-max", "1.2", "--http1.1"], ["--http1.1"], ["--http2"],
                      ["--http1.1", "--limit-rate", "12M"]):
            out = folder / "large"
            curl(server, "/large.bin", "--cacert", server.authority.certificate, *words, "-o", out)
            report.check(f"{words}", out.read_bytes() == LARGE)
        context = ssl.create_default_context(cafile=str(server.authority.certificate))
        connection = http.client.HTTPSConnection("localhost", server.port, context=context)
        for size in (0, 1, 4999):
            connection.request("GET", "/text.txt", headers={"Range": f"bytes=0-{size}"})
            response = connection.getresponse()
            report.equal(f"{size + 1} octets on one connection", response.read(),
                         prose(5000)[:size + 1])


def ends(report):
    """The end is said by TLS; who says nothing more still gets the answer, and so does http://"""
    with place() as folder, serve(report, folder) as server:
        context = ssl.create_default_context(cafile=str(server.authority.certificate))
        with socket.create_connection((server.host, server.port)) as plain, \
                context.wrap_socket(plain, server_hostname="localhost",
                                    suppress_ragged_eofs=False) as wire:
            wire.sendall(b"GET /a.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            got = b""
            while piece := wire.recv(65536):
                got += piece
            report.match("the answer", got.decode(), "\r\n\r\na\n$")
        with socket.create_connection((server.host, server.port)) as plain:
            plain.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n" +
                          b"x" * 500000)
            report.match("no TLS, and large: an answer", plain.recv(1000).decode(),
                         "^HTTP/1.1 400 .*https")
        text, _ = tool("curl", "-s", "-w", "%{http_code}", f"http://127.0.0.1:{server.port}/a.txt")
        report.match("curl without TLS", text, "https.*400$")


def development(report):
    """--tls alone makes a certificate, once, that a client can be told to trust"""
    with place() as folder:
        home = {"HOME": str(folder), "XDG_DATA_HOME": ""}
        for turn in range(2):
            with Server(report, site(folder), "--tls", environment=home) as server:
                report.check("an address of https", server.url.startswith("https://"))
                certificate = folder / ".local/share/stet/development.pem"
                key = folder / ".local/share/stet/development.key"
                report.match("says where", server.text(), re.escape(str(certificate)))
                report.equal("the key is private", key.stat().st_mode & 0o777, 0o600)
                for host in ("localhost", "127.0.0.1"):
                    text, _ = tool("curl", "-s", "--cacert", certificate,
                                   f"https://{host}:{server.port}/a.txt")
                    report.equal(f"trusted as {host}", text, "a\n")
                if turn == 0:
                    made = certificate.read_bytes()
                report.check("the same the second time", certificate.read_bytes() == made)


CONFIG = """
listen: 127.0.0.1:0
tls-listen: 127.0.0.1:0
admin: {{socket: off}}
tls: {{certificate: {folder}/one.pem, key: {folder}/one.key, ocsp: {folder}/one.ocsp}}
sites:
  - hosts: one.test
    tls: {{redirect: true, hsts: 1d}}
    files: {folder}/site
  - hosts: two.test
    tls: {{certificate: [{folder}/two-rsa.pem, {folder}/two.pem], key: [{folder}/two-rsa.key, {folder}/two.key]}}
    files: {folder}/site
  - hosts: closed.test
    tls: {{client-certificate: required, client-ca: {folder}/people.pem}}
    files: {folder}/site
"""


class Configured(Server):
    """A running `stet run`, with a port for each."""

    COMMAND = "run"

    def __init__(self, report, config):
        super().__init__(report, f"--config={config}", listen=None)
        self.plain = self.port
        line = self.said(r"listening on https://")
        self.port = int(re.search(r":(\d+)/", line).group(1))


def configured(report, folder):
    authority = Authority(folder)
    authority.make("one", "DNS:one.test,DNS:closed.test")
    authority.make("two", "DNS:two.test")
    authority.make("two-rsa", "DNS:two.test", kind=("rsa", "rsa_keygen_bits:2048"))
    serial = tool("openssl", "x509", "-in", folder / "one.pem", "-noout", "-serial")[0]
    number = serial.strip().split("=")[1]
    write(folder / "index", f"V\t351231235959Z\t\t{number}\tunknown\t/CN=one\n")
    text, status = tool("openssl", "ocsp", "-issuer", authority.certificate, "-cert",
                        folder / "one.pem", "-index", folder / "index", "-CA", authority.certificate,
                        "-rsigner", authority.certificate, "-rkey", authority.key, "-ndays", "3",
                        "-respout", folder / "one.ocsp")
    if status:
        raise RuntimeError(text)
    Authority(folder, "people").make("someone", purpose="clientAuth")
    site(folder)
    return authority, write(folder / "stet.yaml", CONFIG.format(folder=folder))


def sites(report):
    """Certificates by name, staples, demands, redirects and Strict-Transport-Security

    C-6797-7.2-1
    """
    with place() as folder:
        authority, config = configured(report, folder)
        trust = ["--cacert", authority.certificate]
        with Configured(report, config) as server:
            for host in ("one.test", "two.test"):
                text, _ = curl(server, "/a.txt", *trust, host=host)
                report.equal(host, text, "a\n")
            for words, wanted in [([], "id-ecPublicKey|ECDSA"), (["-sigalgs", "RSA-PSS+SHA256"], "RSA")]:
                text, _ = s_client(server, "-servername", "two.test", *words)
                report.match(f"two.test {words}", text, f"Peer signature type: {'RSA' if words else 'ECDSA'}")
            text, _ = s_client(server, "-servername", "one.test", "-status", "-CAfile",
                               authority.certificate)
            report.match("the staple", text, "OCSP Response Status: successful.*Cert Status: good")
            text, _ = curl(server, "/a.txt", *trust, "-D", "-", host="one.test")
            report.match("Strict-Transport-Security", text.lower(),
                         "strict-transport-security: max-age=86400\r\n")
            text, _ = curl(server, "/a.txt", *trust, "-D", "-", host="two.test")
            report.check("not of another", "strict-transport" not in text.lower())
            text, _ = tool("curl", "-s", "-D", "-", "-H", "Host: one.test:80",
                           f"http://127.0.0.1:{server.plain}/a.txt")
            report.check("not without TLS", "strict-transport" not in text.lower())
            for method, status in (("GET", 301), ("HEAD", 301), ("POST", 308)):
                text, _ = tool("curl", "-s", "-o", folder / "out", *(["-I"] if method == "HEAD" else
                                                                   ["-X", method]), "-H", "Host: one.test:80", "-w", "%{http_code} %{redirect_url}",
                               f"http://127.0.0.1:{server.plain}/a.txt?x")
                report.equal(f"redirect of {method}", text,
                             f"{status} https://one.test:{server.port}/a.txt?x")
            own = ["--cert", folder / "someone.pem", "--key", folder / "someone.key"]
            text, status = curl(server, "/a.txt", *trust, host="closed.test")
            report.check("no certificate, no answer", status != 0 and text == "", text)
            text, _ = curl(server, "/a.txt", *trust, *own, host="closed.test")
            report.equal("with a certificate", text, "a\n")
            for protocol in ("--http1.1", "--http2"):
                text, _ = curl(server, "/a.txt", *trust, *own, protocol, "-H", "Host: closed.test",
                               "-o", folder / "out", "-w", "%{http_code}", host="one.test")
                report.equal(f"by a connection of another {protocol}", text, "421")


def reloading(report):
    """A reload shows new certificates to new connections and ends none; a bad one changes nothing"""
    with place() as folder:
        authority, config = configured(report, folder)
        context = ssl.create_default_context(cafile=str(authority.certificate))
        with Configured(report, config) as server:
            def shown():
                with socket.create_connection((server.host, server.port)) as plain, \
                        context.wrap_socket(plain, server_hostname="one.test") as wire:
                    return wire.getpeercert()["serialNumber"]
            with socket.create_connection((server.host, server.port)) as plain, \
                    context.wrap_socket(plain, server_hostname="one.test") as wire:
                before = shown()
                shutil.copy(folder / "two.key", folder / "one.key")
                server.kill(signal.SIGHUP)
                report.check("what does not fit is told", server.said(
                    "the key does not belong to the certificate"))
                report.equal("and nothing has changed", shown(), before)
                authority.make("one", "DNS:one.test,DNS:closed.test")
                write(config, config.read_text().replace(f", ocsp: {folder}/one.ocsp", ""))
                server.kill(signal.SIGHUP)
                report.check("another certificate", eventually(lambda: shown() != before))
                wire.sendall(b"GET /a.txt HTTP/1.1\r\nHost: one.test\r\n\r\n")
                report.match("the old connection lives", wire.recv(65536).decode(), "^HTTP/1.1 200")


def checking(report):
    """stet check: what is wrong with certificates, and what is doubtful"""
    with place() as folder:
        _, config = configured(report, folder)
        text, status = tool(program(), "check", config)
        report.equal("right", status, 0)
        Authority(folder).make("two", "DNS:other.test", days=5)
        text, status = tool(program(), "check", config)
        report.equal("doubtful is right", status, 0)
        report.match("expires", text, r"warning: \S+two.pem: expires on .*in less than 30 days")
        report.match("names", text, r"warning: \S+two.pem: does not cover the name two.test")
        text, status = tool(program(), "check", "--json", config)
        told = json.loads(text)
        report.equal("the same for programs", (told["ok"], len(told["warnings"]), status),
                     (True, 2, 0))
        report.match("expires, for programs", told["warnings"][0], "^/.*two.pem: expires on ")
        shutil.copy(folder / "one.key", folder / "two.key")
        text, status = tool(program(), "check", config)
        report.equal("wrong", status, 2)
        report.match("where", text, r"stet.yaml:\d+:\d+: tls: \S+two.key: the key does not belong")
        write(config, "tls:\n  certificate: one.pem\n  key: two-rsa.key\nrespond: 204\n")
        text, _ = tool(program(), "check", config)
        report.match("relative", text, r"stet.yaml:3:8: tls: \S+two-rsa.key: the key does not belong")
        Authority(folder).make("three", "DNS:three.test")
        three, ca = (folder / "three.pem").read_bytes(), (folder / "authority.pem").read_bytes()
        write(folder / "turned.pem", ca + three)
        write(config, "tls:\n  certificate: turned.pem\n  key: three.key\nrespond: 204\n")
        text, _ = tool(program(), "check", config)
        report.match("the wrong way round", text, r"stet.yaml:2:16: .* comes first; .* is number 2")
        write(folder / "chain.pem", three + ca + three)
        write(config, "tls: {certificate: chain.pem, key: three.key}\nrespond: 204\n")
        text, status = tool(program(), "check", config)
        report.equal("a chain with a stranger is right", status, 0)
        report.match("and doubtful", text, "chain.pem: number 3 in it does not vouch for the one before")


def starting(report):
    """A server that starts, or loads anew, tells what is doubtful; what is wrong ends it"""
    with place() as folder:
        authority = Authority(folder)
        certificate, key = authority.make("old", "DNS:localhost", days=-1)
        with Server(report, site(folder), f"--cert={certificate}", f"--key={key}") as server:
            report.match("expired", server.text(), "warning: .*old.pem: has expired on ")
            report.equal("and is served", curl(server, "/a.txt", "-k")[0], "a\n")
        tool("openssl", "pkcs8", "-topk8", "-in", key, "-passout", "pass:secret", "-out",
             folder / "locked.key")
        tool("openssl", "x509", "-in", certificate, "-outform", "der", "-out", folder / "old.der")
        write(folder / "empty.pem", "")
        for name, files, wanted in [
                ("a passphrase", (certificate, folder / "locked.key"), "has a passphrase"),
                ("DER", (folder / "old.der", key), "is in DER: make PEM of it"),
                ("empty", (folder / "empty.pem", key), "holds no certificate in PEM"),
                ("an authority's", (authority.certificate, key), "does not belong to the certificate"),
                ("no file", (folder / "nobody.pem", key), "No such file")]:
            text, status = tool(program(), "serve", folder / "site", "--listen=127.0.0.1:0",
                                f"--cert={files[0]}", f"--key={files[1]}")
            report.equal(f"{name} ends it", status, 2)
            report.match(name, text, wanted)


def explaining(report):
    """stet explain fetches by https, from whom it may trust"""
    with place() as folder, serve(report, folder) as server:
        url = f"https://localhost:{server.port}/a.txt"
        trust = f"--cacert={server.authority.certificate}"
        for words in ([trust], ["--insecure"], ["-k"]):
            text, status = tool(program(), "explain", "--fetch", *words, url)
            report.equal(f"{words}", status, 0)
            report.match(f"{words}: judged", text, "response +200.*storing +yes")
        text, status = tool(program(), "explain", "--fetch", url)
        report.equal("not trusted", status, 3)
        report.match("says what to do", text, "tls certificate error .*--cacert.*--insecure")
        text, status = tool(program(), "explain", "--fetch", "--cacert=/nowhere", url)
        report.equal("nobody to trust", status, 2)
        report.match("says who", text, "/nowhere: ")
        plain = url.replace("https", "http")
        text, status = tool(program(), "explain", "--fetch", plain)
        report.equal("no TLS where there is", status, 0)
        report.match("is told so", text, "response +400")


def unused(report):
    """A server without TLS does not even initialise the library"""
    noisy = {"environment": {"GNUTLS_DEBUG_LEVEL": "2"}}
    with place() as folder:
        with Server(report, site(folder), **noisy) as server:
            report.equal("it serves", server.ask("/a.txt").status, 200)
        report.check("without TLS", "gnutls[" not in server.text(), server.text())
        with serve(report, folder, **noisy) as server:
            report.check("with it", server.said(r"gnutls\[2\]: Enabled"))


class Origin(threading.Thread):
    """An origin server by hand: answers each connection with the same octets, then ends it."""

    def __init__(self, certificate, key, octets, clean):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.octets, self.clean = octets, clean
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            try:
                wire = self.context.wrap_socket(plain, server_side=True)
                wire.recv(65536)
                wire.sendall(self.octets)
                if self.clean:
                    wire.unwrap()
                wire.close()
            except (OSError, ssl.SSLError):
                plain.close()


def presenting(report):
    """An origin that demands a certificate gets ours, and hears the name it is asked by"""
    with place() as folder:
        authority, people = Authority(folder), Authority(folder, "people")
        certificate, key = authority.make("origin", "DNS:localhost,IP:127.0.0.1")
        own, own_key = people.make("someone", purpose="clientAuth")
        names = []
        origin = Origin(certificate, key, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n", True)
        origin.context.verify_mode = ssl.CERT_REQUIRED
        origin.context.load_verify_locations(people.certificate)
        origin.context.sni_callback = lambda wire, name, context: names.append(name)
        trust = f"--origin-ca={authority.certificate}"
        with Proxy(report, f"https://localhost:{origin.port}", trust, f"--origin-cert={own}",
                   f"--origin-key={own_key}") as proxy:
            report.equal("with ours", proxy.ask("/").content, b"ok\n")
        report.check("the name", names and set(names) == {"localhost"}, names)
        with Proxy(report, f"https://localhost:{origin.port}", trust) as proxy:
            report.match("with none", proxy.ask("/").get("Proxy-Status", ""),
                         "error=tls_alert_received; ?alert-id=116")
        with Proxy(report, f"https://127.0.0.1:{origin.port}", trust, f"--origin-cert={own}",
                   f"--origin-key={own_key}") as proxy:
            report.equal("by its address", proxy.ask("/").content, b"ok\n")
        report.equal("which is no name [RFC 6066 §3]", names[-1], None)
        origin.listener.close()


@contextlib.contextmanager
def nginx_http1(root, folder):
    with place() as own:
        pem, key = own_certificate(own)
        with servers.nginx_origin(root, folder, " ssl",
                                  f"ssl_certificate {pem}; ssl_certificate_key {key};") as url:
            yield as_https(url)


@contextlib.contextmanager
def apache_http1(root):
    with place() as own:
        pem, key = own_certificate(own)
        with servers.apache_origin(root, ["socache_shmcb", "ssl"],
                                   f"SSLEngine on\nSSLCertificateFile {pem}\n"
                                   f"SSLCertificateKeyFile {key}\n") as url:
            yield as_https(url)


def nginx(report):
    """nginx as an origin by https, with HTTP/1.1"""
    with instead(nginx_origin=nginx_http1):
        proxy_origin.nginx(report)


def apache(report):
    """Apache as an origin by https, with HTTP/1.1"""
    with instead(apache_origin=apache_http1):
        proxy_origin.apache(report)


def refused(report):
    """Proxy-Status tells how TLS with an origin server has failed

    C-9209-2.1.1-1
    """
    with place() as folder:
        authority = Authority(folder)
        certificate, key = authority.make("server", "DNS:localhost,IP:127.0.0.1")
        old, old_key = authority.make("old", "DNS:localhost", days=-1)
        other, other_key = authority.make("other", "DNS:other.test")
        trust = f"--origin-ca={authority.certificate}"

        def tried(name, files, words, wanted, *options):
            listener = socket.create_server(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            listener.close()
            with subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert",
                                   files[0], "-key", files[1], "-www", *words],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as process:
                eventually(lambda: not socket.socket().connect_ex(("127.0.0.1", port)))
                try:
                    with Proxy(report, f"https://localhost:{port}", trust, *options) as proxy:
                        response = proxy.ask("/")
                        report.equal(f"{name}: status", response.status, 502)
                        report.match(name, response.get("Proxy-Status", ""), wanted)
                finally:
                    process.terminate()

        good = (certificate, key)
        tried("TLS 1.1", good, ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
              "error=tls_alert_received; ?alert-id=70; ?alert-message=protocol_version")
        tried("no cipher in common", good, ["-tls1_2", "-cipher", "AES128-SHA"],
              "error=tls_alert_received;.*alert-id=40; ?alert-message=handshake_failure")
        tried("expired", (old, old_key), [], "error=tls_certificate_error")
        tried("another name", (other, other_key), [], "error=tls_certificate_error")
        for version in ("-tls1_2", "-tls1_3"):
            tried(f"demands a certificate, {version}", good, [version, "-Verify", "1"],
                  "error=tls_alert_received;.*alert-id=(40|116); ?alert-message=(handshake_failure|certificate_required)")
        with socket.create_server(("127.0.0.1", 0)) as plain:
            def answer():
                while True:
                    try:
                        wire, _ = plain.accept()
                        wire.recv(1000)
                        wire.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                        wire.close()
                    except OSError:
                        return
            threading.Thread(target=answer, daemon=True).start()
            with Proxy(report, f"https://localhost:{plain.getsockname()[1]}", trust) as proxy:
                response = proxy.ask("/")
                report.match("no TLS", response.get("Proxy-Status", ""), "error=tls_protocol_error")


def origins(report):
    """Origin servers over TLS: verified by default, and an end that TLS did not say is a cut"""
    with place() as folder, serve(report, folder) as server:
        url = f"https://localhost:{server.port}"
        with Proxy(report, url, f"--origin-ca={server.authority.certificate}") as proxy:
            report.equal("trusted", proxy.ask("/a.txt").content, b"a\n")
            report.check("large", proxy.ask("/large.bin").content == LARGE)
        with Proxy(report, url) as proxy:
            response = proxy.ask("/a.txt")
            report.equal("nobody vouches", response.status, 502)
            report.match("says so", response.get("Proxy-Status", ""), "error=tls_certificate_error")
        with Proxy(report, url, "--origin-insecure") as proxy:
            report.equal("not verified", proxy.ask("/a.txt").content, b"a\n")
        with Proxy(report, f"https://127.0.0.2:{server.port}",
                   f"--origin-ca={server.authority.certificate}") as proxy:
            report.equal("another address", proxy.ask("/a.txt").status, 502)
        certificate, key = server.authority.make("origin", "DNS:localhost")
        octets = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n\r\nall of it"
        for clean in (True, False):
            origin = Origin(certificate, key, octets, clean)
            with Proxy(report, f"https://localhost:{origin.port}",
                       f"--origin-ca={server.authority.certificate}") as proxy:
                try:
                    content, cut = proxy.ask("/").content, False
                except (EOFError, OSError):
                    content, cut = b"", True
                if clean:
                    report.equal("the end was said", content, b"all of it")
                else:
                    report.check("a cut is told", cut or content != b"all of it", content)
            origin.listener.close()


if __name__ == "__main__":
    if not shutil.which("openssl") or not shutil.which("gnutls-cli"):
        sys.exit("needs openssl and gnutls-cli: script/setup")
    os.environ.setdefault("LC_ALL", "C")
    sys.exit(run(versions, resumption, protocols, whole, ends, development, sites, reloading,
                 checking, starting, explaining, unused, origins, presenting, nginx, apache, refused))
