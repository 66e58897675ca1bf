#!/usr/bin/env python3
"""Does `stet audit` find every fault that it knows, and nothing where there is none?

A server lies in each way of the catalogue (fault_catalogue.py), on a path of its own. Wanted is
exactly what that path promises: the finding, what comes with it, and nothing else. Findings of the
level "good" are asked for only where they are the matter. Last, the catalogue is held against
src/audit/finding.tbl: a finding that nothing provokes is a failure.
"""
import contextlib
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import time

import fault_catalogue  # noqa: F401 pylint: disable=unused-import
import harness
from fault_server import FAULTS, FaultServer

TABLE = harness.ROOT / "src/audit/finding.tbl"
LEVELS = {word: level.lower() for level, word in re.findall(
    r'^FINDING\(\w+, FINDING_(\w+),\s*"([^"]+)"', TABLE.read_text(), re.M)}


class Run:
    """One `stet audit`, and what it found."""

    def __init__(self, *words):
        command = [harness.program(), "audit", "--json", *map(str, words)]
        done = subprocess.run(command, capture_output=True, timeout=120, check=False,
                              env={**os.environ, "NO_COLOR": "1", "no_proxy": "*"})
        self.status, self.errors = done.returncode, done.stderr.decode("utf-8", "replace")
        self.text = done.stdout.decode("utf-8", "replace")
        self.report = json.loads(self.text) if self.text.strip() else {}
        self.urls = self.report.get("urls", [])

    def found(self, *levels):
        """The ids of these levels."""
        return {finding["id"] for url in self.urls for finding in url["findings"]
                if finding["level"] in levels}

    def findings(self, name):
        return [finding for url in self.urls for finding in url["findings"]
                if finding["id"] == name]


class World:
    """The servers that the faults need."""

    def __init__(self, stack, folder):
        self.stack, self.folder = stack, folder
        self.plain = stack.enter_context(FaultServer())
        self.both = self.addresses()

    def secure(self):
        """A second one that speaks TLS; returns its URL."""
        key, certificate = self.folder / "key.pem", self.folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
                        certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = FaultServer()
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.insecure = self.plain.url
        self.stack.enter_context(server)
        return f"https://127.0.0.1:{server.port}/", [f"--cacert={certificate}"]

    def addresses(self):
        """A name with two addresses; each has a server of its own on the same port."""
        port = self.plain.port
        try:
            self.stack.enter_context(FaultServer("127.0.0.2", port))
        except OSError:
            return None
        return (f"http://faults.invalid:{port}/",
                ["--all-addresses", f"--resolve=faults.invalid:{port}:127.0.0.1,127.0.0.2"])


def audited(world, fault):
    """Runs the audit as the fault wants it."""
    url, words = world.plain.url, []
    if "nobody" in fault.options:
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            url = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
    if "few" in fault.options:
        words.append("--max-requests=3")
    if "repeat" in fault.options:
        words += ["--repeat=2", "--interval=1ms"]
    if "hasty" in fault.options:
        words.append("--max-time=2s")
    if "secure" in fault.options:
        url, words = world.secure()
    if "addresses" in fault.options:
        url, words = world.both
    if "link" in fault.options:  # nobody knows the way to an address of a link that is not named
        url = f"http://faults.invalid:{world.plain.port}/"
        words += ["--all-addresses", f"--resolve=faults.invalid:{world.plain.port}:127.0.0.1,[fe80::1]"]
    if "before" in fault.options:
        file = world.folder / "snapshot"
        Run(f"--before={file}", url + (fault.path or fault.name))
        fault.changed = True
        words.append(f"--after={file}")
    return Run(*words, url + (fault.path or fault.name))


def provoke(report, world, fault):
    if "addresses" in fault.options and not world.both:
        report.skip(fault.name, "this machine has no 127.0.0.2")
        return
    run = audited(world, fault)
    name = fault.path or fault.name
    wanted = fault.findings
    good = {word for word in wanted if LEVELS.get(word) == "good"}
    report.equal(name, sorted(run.found("bad", "warn", "info") | (run.found("good") & good)),
                 sorted(wanted))
    report.check(f"{name}: no sanitizer complains", not harness.SANITIZERS.search(run.errors),
                 run.errors[-2000:])
    for word in wanted - good:
        evidence = [line for one in run.findings(word) for line in one["evidence"]]
        report.check(f"{name}: {word} has evidence", evidence or word == "requests-spent")


def faults(report):
    """each fault is found, and nothing else"""
    with harness.place() as folder, contextlib.ExitStack() as stack:
        world = World(stack, folder)
        for fault in list(FAULTS.values()):
            provoke(report, world, fault)


def complete(report):
    """each finding of the catalogue is provoked by some fault"""
    provoked = {word for fault in FAULTS.values() for word in fault.findings}
    for word in LEVELS:
        report.check(f"{word} is provoked", word in provoked)
    for word in provoked:
        report.check(f"{word} is in the catalogue", word in LEVELS)


def manners(report):
    """few requests, one after another, by harmless methods, and a name"""
    with FaultServer() as server:
        run = Run(server.url + "clean-coded")
        report.check("not too many requests", len(server.heard) <= 50, len(server.heard))
        report.equal("as many as it says", run.urls[0]["requests"], len(server.heard))
        report.equal("methods", {ask.method for ask in server.heard} - {"GET", "HEAD", "OPTIONS"},
                     set())
        report.match("its name", server.heard[0].get("User-Agent") or "", r"^stet-audit/\d")
        del server.heard[:]
        run = Run("--max-requests=5", server.url + "clean")
        report.equal("as few as it may", len(server.heard), 5)
        report.check("and says so", run.found("info") == {"requests-spent"}, run.found("info"))
        del server.heard[:]
        Run(server.url + "content-large")
        report.check("what is large is not fetched again and again", sum(
            ask.method == "GET" and ask.plain() for ask in server.heard) <= 3)


def patience(report):
    """a server that wants to be left alone is"""
    with FaultServer() as server:
        run = Run(server.url + "busy-for-long", server.url + "clean", server.url + "clean-coded")
        report.equal("one request and no more", len(server.heard), 1)
        report.equal("as is said", (len(run.urls), run.report["unasked"]), (1, 2))
    with FaultServer() as server, FaultServer() as other:
        run = Run(server.url + "busy-for-long", other.url + "clean")
        report.check("other hosts are asked", len(run.urls) == 2 and other.heard)
    with FaultServer() as server:
        FAULTS["busy-once"].asked = 0
        begun = time.monotonic()
        run = Run("--max-requests=5", server.url + "busy-once", server.url + "clean")
        report.check("a second is waited for", time.monotonic() - begun >= 1)
        report.equal("then it goes on", [url["status"] for url in run.urls], [429, 200])
        report.equal("by as many requests as are allowed", len(server.heard), 5)


def secrets(report):
    """credentials and cookies do not get into reports"""
    with FaultServer() as server:
        run = Run("--header=Authorization: Bearer s3cret", "--header=Cookie: id=s3cret",
                  server.url + "set-cookie-public")
        report.equal("they were sent", server.heard[0].get("Authorization"), "Bearer s3cret")
        report.check("and are not told", run.text and "s3cret" not in run.text)
    with FaultServer() as server, FaultServer() as other:
        server.insecure = other.url
        run = Run("--header=Authorization: Bearer s3cret", "--header=X-Mine: yes",
                  server.url + "redirect-insecure")
        report.equal("it led elsewhere", run.urls[0]["final_url"], other.url + "clean")
        report.check("where the credentials are not sent", other.heard and
                     not any(ask.has("Authorization") for ask in other.heard))
        report.check("but everything else is", all(ask.get("X-Mine") == "yes" for ask in other.heard))
        report.check("the first was sent them", server.heard[0].has("Authorization"))


def certain(report):
    """a lie is asked for again; what comes too slowly ends the audit of its URL alone"""
    with FaultServer() as server, harness.place() as folder:
        FAULTS["lying-304"].changed = False
        Run(f"--before={folder}/state", server.url + "lying-304")
        FAULTS["lying-304"].changed = True
        del server.heard[:]
        run = Run(f"--after={folder}/state", server.url + "lying-304")
        report.check("it is still found", "lying-304" in run.found("bad") and run.status == 1)
        asked = [ask.get("If-None-Match") for ask in server.heard[1:11]]
        report.equal("content and condition, four times more each", asked, [None, '"v1"'] + 4 * [None] + 4 * ['"v1"'])
        report.check("on connections of their own", len({ask.connection.client_address
                                                         for ask in server.heard[3:11]}) == 8)
        few = Run(f"--after={folder}/state", "--max-requests=5", server.url + "lying-304")
        report.equal("without requests for that it is not said", "lying-304" in few.found("bad"), False)
        slow = Run("--max-time=1s", server.url + "content-slow", server.url + "clean")
        report.equal("slow", [(url["status"], url["requests"] > 1, url["complete"], url["worst"]) for url in slow.urls],
                     [(200, False, False, "warn"), (200, True, True, "good")])


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    sys.exit(harness.run(faults, complete, manners, patience, secrets, certain))
