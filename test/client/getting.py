"""What the tests of stet get share: the client, with a cache and a folder of its own."""
import json
import os
import pathlib
import subprocess

from harness import DEADLINE, SANITIZERS, place, program
from scripted import Scripted

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY",
           "NO_PROXY")


class Got:
    def __init__(self, report, process):
        self.status, self.out = process.returncode, process.stdout
        self.err = process.stderr.decode("utf-8", "replace") if process.stderr else ""
        if SANITIZERS.search(self.err):
            report.check("no complaint of a sanitizer", False, self.err[-6000:])

    @property
    def json(self):
        return json.loads(self.out)


class Client:
    """stet get in a folder with a cache of its own."""

    def __init__(self, report, folder):
        self.report, self.folder = report, pathlib.Path(folder)

    def command(self, *words):
        return [program(), "get", *[str(word) for word in words]]

    def environment(self, **more):
        kept = {k: v for k, v in os.environ.items() if k not in PROXIES}
        return {**kept, "XDG_CACHE_HOME": str(self.folder / "caches"), "NO_COLOR": "1", **more}

    def get(self, *words, environment=None, **settings):
        settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
        process = subprocess.run(self.command(*words), cwd=self.folder, timeout=DEADLINE * 2,
                                 env=self.environment(**(environment or {})), check=False,
                                 **settings)
        return Got(self.report, process)

    def told(self, *words):
        """What --write-out says of a fetch whose content is not looked at."""
        return self.get(*words, "-o", os.devnull, "-w", "%{json}").json

    def start(self, *words):
        return subprocess.Popen(self.command(*words), cwd=self.folder, env=self.environment(),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def names(self):
        return sorted(path.name for path in self.folder.iterdir() if path.name != "caches")


def stage(test):
    """A test with a server, a client and a folder."""
    def wrapped(report):
        with place() as folder, Scripted() as server:
            test(report, server, Client(report, folder), folder)
    wrapped.__name__ = test.__name__
    return wrapped


def mark(path):
    status = path.stat()
    return status.st_mtime_ns, status.st_ino
