"""The part of a run that is about the client: `stet get` beside curl and wget, its cache with many
URLs, and `stet audit`. What is measured are whole processes, from their start to their end."""
import contextlib
import json
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time

import report
import targets

NAMES = {
    "get-hit": "stet get answers from its cache; curl and wget fetch the same",
    "get-304": "stet get and curl send one conditional request",
    "get-urls": "10,000 cached URLs: looked up, and evicted",
    "audit-100": "stet audit of 100 URLs",
}
RUNS = 20  # processes of each kind in a round
URLS, AUDITED, SIZE = 10_000, 100, 1024
KEEPING = ("--cache-control", "*.png=max-age=86400")
TOGETHER = 250  # URLs that are fetched by one process
PROXIES = {name for word in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
           for name in (word, word.upper())}


def content(number):
    """SIZE octets that no other number has, and that no coding makes smaller."""
    return random.Random(number).randbytes(SIZE)


def fresh(number):
    """A path that everyone may keep, see KEEPING."""
    return f"/image-{number:05d}.png"


class Client:
    def __init__(self, bench):
        self.bench, self.options = bench, bench.options
        memory = "/dev/shm"
        self.room = tempfile.TemporaryDirectory(
            prefix="stet-bench.", dir=memory if os.access(memory, os.W_OK) else bench.place)
        self.cache = os.path.join(self.room.name, "cache")
        self.environment = {name: value for name, value in os.environ.items()
                            if name not in PROXIES}

    # ---- processes ----

    def get(self, *words, cache=None):
        return [self.options.stet, "get", "-s", "--cache", cache or self.cache, *words]

    def run(self, argv):
        """One process: ms that it took, and of CPU, that of its descendants too."""
        actions = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
        begun = time.perf_counter()
        pid = os.posix_spawnp(argv[0], argv, self.environment, file_actions=actions)
        _, status, used = os.wait4(pid, 0)
        spent = time.perf_counter() - begun
        if status:
            raise SystemExit(f"bench: {' '.join(argv)[:200]}: "
                             f"status {os.waitstatus_to_exitcode(status)}")
        return {"wall": spent * 1000, "cpu": (used.ru_utime + used.ru_stime) * 1000}

    def say(self, argv):
        """What a process prints."""
        done = subprocess.run(argv, env=self.environment, capture_output=True, check=False)
        if done.returncode:
            raise SystemExit(f"bench: {' '.join(argv)[:200]}: {done.stderr.decode()}")
        return done.stdout

    @contextlib.contextmanager
    def aside(self):
        """What is started meanwhile runs on the core of the load."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, self.bench.cores[1:2])
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)

    def rounds(self, name, commands):
        """{command: the medians of each round}; in a round the commands take turns."""
        found = {each: [] for each in commands}
        for number in range(self.options.rounds):
            self.bench.tell(f"{NAMES[name]}: round {number + 1} of {self.options.rounds}")
            runs = {each: [] for each in commands}
            with self.aside():
                for _ in range(RUNS):
                    for each, argv in commands.items():
                        runs[each].append(self.run(argv))
            for each, mine in runs.items():
                found[each].append({key: report.middle(mine, key) for key in ("cpu", "wall")})
        self.bench.raw[name] = found
        return found

    def server(self, field, paths):
        """The URL of stet serve with a file at each of the paths."""
        site = os.path.join(self.room.name, "site")
        shutil.rmtree(site, ignore_errors=True)
        os.mkdir(site)
        for number, path in enumerate(paths):
            with open(site + path, "wb") as file:
                file.write(content(number))
        target = field.stet(site, options=("--memo", "off", "--quiet", *KEEPING))
        target.wait_until_up()
        targets.settled(target, paths[-1])
        return f"http://127.0.0.1:{target.port}"

    # ---- one URL ----

    def prove(self, url, **wanted):
        told = json.loads(self.say(self.get("-o", os.devnull, "-w", "%{json}", url)))
        found = {name: told[name] for name in wanted}
        if found != wanted:
            raise SystemExit(f"bench: stet get {url}: {found}, not {wanted}")

    def get_hit(self):
        with self.bench.field() as field:
            path = fresh(0)
            url = self.server(field, [path]) + path
            self.prove(url, hit=False, http_code=200)
            self.prove(url, hit=True)
            commands = {"true": ["true"], "stet get": self.get("-o", os.devnull, url),
                        "curl": ["curl", "-q", "-s", "-o", os.devnull, url]}
            if shutil.which("wget"):
                commands["wget"] = ["wget", "--no-config", "-q", "-O", os.devnull, url]
            return self.rounds("get-hit", commands)

    def get_304(self):
        with self.bench.field() as field:
            url = self.server(field, ["/page.txt"]) + "/page.txt"
            self.prove(url, validated=False, http_code=200)
            self.prove(url, validated=True, requests=1)
            tag = os.path.join(self.room.name, "etag")
            curl = ["curl", "-q", "-s", "-o", os.devnull]
            self.say([*curl, "--etag-save", tag, url])
            curl += ["--etag-compare", tag]
            said = self.say([*curl, "-w", "%{http_code}", url])
            if said != b"304":
                raise SystemExit(f"bench: curl --etag-compare is answered {said.decode()}")
            return self.rounds("get-304", {"true": ["true"], "curl": [*curl, url],
                                           "stet get": self.get("-o", os.devnull, url)})

    def one(self):
        columns = ["stet get / curl", "stet get, ms", "curl, ms", "wget, ms", "true, ms"]
        note = (f"Of whole processes, medians of each round's {RUNS} that take turns. `true` does "
                "nothing: what a process costs. The server is `stet serve`; curl has the tag in a "
                "file (--etag-compare), and no content to give out.")
        tables = {"cpu": report.Table("Client: CPU time to get one URL of 1 KiB", columns, note),
                  "wall": report.Table("Client: time to get one URL of 1 KiB", columns)}
        for name, line, most in (("get-hit", "stet get from its cache, the others from the server",
                                  0.70),
                                 ("get-304", "304 by If-None-Match", None)):
            if not self.bench.wants(name):
                continue
            found = getattr(self, name.replace("-", "_"))()
            for key, table in tables.items():
                ratios = report.ratios(found["stet get"], found["curl"], key)
                table.add(report.Row(
                    f"{name}-{key}", line, statistics.median(ratios), report.spread(ratios),
                    f"<= {most:.2f}" if most else None, most=most,
                    others=[f"{report.middle(found[each], key):.1f}" if each in found else ""
                            for each in ("stet get", "curl", "wget", "true")]))
        for table in tables.values():
            if table.rows:
                self.bench.show(table)

    # ---- many URLs ----

    def files(self, place):
        """Octets of sets and octets of contents below a cache, and how many sets."""
        sets, contents, count = 0, 0, 0
        for folder, _, names in os.walk(os.path.join(place, "v1")):
            for name in names:
                size = os.lstat(os.path.join(folder, name)).st_size
                if "." in name:
                    contents += size
                elif len(name) > 30:
                    sets, count = sets + size, count + 1
        return sets, contents, count

    def fill(self, urls):
        """Fetches all of them, a few in each process."""
        out, runs = os.path.join(self.room.name, "out"), []
        os.mkdir(out)
        with self.aside():
            for at in range(0, len(urls), TOGETHER):
                self.bench.tell(f"{NAMES['get-urls']}: fetching the {at}th")
                runs.append(self.run(self.get("-O", "--output-dir", out, *urls[at:at + TOGETHER])))
        shutil.rmtree(out)
        return {key: sum(run[key] for run in runs) for key in ("wall", "cpu")}

    def look_up(self, urls):
        """us of each URL beyond the first: elapsed, CPU."""
        runs = {"one": [], "all": []}
        for number in range(self.options.rounds):
            self.bench.tell(f"{NAMES['get-urls']}: looking up: round {number + 1}")
            with self.aside():
                for each, mine in (("one", urls[:1]), ("all", urls)):
                    runs[each].append(self.run(self.get("--offline", *mine)))
        return [1000 * (report.middle(runs["all"], key) - report.middle(runs["one"], key))
                / (len(urls) - 1) for key in ("wall", "cpu")]

    def evict(self, extra):
        """One more URL, in a cache of which three quarters may stay: (ms, URLs evicted)."""
        filled = sum(self.files(self.cache)[:2])
        found = []
        for number in range(self.options.rounds):
            self.bench.tell(f"{NAMES['get-urls']}: evicting: round {number + 1}")
            copy = os.path.join(self.room.name, "copy")
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(self.cache, copy)
            with self.aside():
                plain = self.run(self.get(extra[0], cache=copy))
                before = self.files(copy)[2]
                full = self.run(self.get("--cache-size", str(filled * 3 // 4), extra[1],
                                         cache=copy))
            found.append({"wall": full["wall"] - plain["wall"], "cpu": full["cpu"] - plain["cpu"],
                          "count": before + 1 - self.files(copy)[2]})
        self.bench.raw["evict"] = found
        return [report.middle(found, key) for key in ("wall", "cpu", "count")]

    def get_urls(self):
        table = report.Table(
            f"Client: a cache of {URLS:,} URLs of 1 KiB", ["elapsed", "CPU"],
            "In one process, on a file system in memory where there is one. A content is held "
            "against its SHA-256 before it is given out. The URLs are evicted when one more passes "
            "the limit.")
        self.cache = os.path.join(self.room.name, "many")
        paths = [fresh(number) for number in range(URLS + 2)]
        with self.bench.field() as field:
            base = self.server(field, paths)
            urls = [base + path for path in paths]
            filling = self.fill(urls[:URLS])
            sets, contents, count = self.files(self.cache)
            if (contents, count) != (URLS * SIZE, URLS):
                raise SystemExit(f"bench: {count} URLs with {contents} octets are stored")
            elapsed, cpu = (1000 * filling[key] / URLS for key in ("wall", "cpu"))
            table.add(report.Row("fetched", "us to fetch and store one", cpu, f"{elapsed:.0f}",
                                 others=[f"{cpu:.0f}"]))
            elapsed, cpu = self.look_up(urls[:URLS])
            table.add(report.Row("looked-up", "us to look one up and to answer from it", cpu,
                                 f"{elapsed:.0f}", others=[f"{cpu:.0f}"]))
            elapsed, cpu, gone = self.evict(urls[URLS:])
            table.add(report.Row("evicted", f"ms to evict {gone:,.0f} of them", elapsed,
                                 f"{elapsed:.0f}", others=[f"{cpu:.0f}"]))
            table.add(report.Row("index", "octets of files a URL, beside the content", sets / URLS,
                                 f"{sets / URLS:.0f}", others=[""]))
        self.bench.raw["get-urls"] = {row.name: row.value for row in table.rows}
        self.bench.show(table)

    # ---- the audit ----

    def audit_100(self):
        paths = [f"/page{number}.txt" for number in range(AUDITED)]
        table = report.Table(f"Client: an audit of {AUDITED} URLs",
                             ["seconds", "CPU, s", "requests"],
                             "Of `stet serve`, one request after another.")
        with self.bench.field() as field:
            base = self.server(field, paths)
            argv = [self.options.stet, "audit", "--fail-on", "never", "--json",
                    *(base + path for path in paths)]
            requests = json.loads(self.say(argv))["requests"]
            found = []
            for number in range(self.options.rounds):
                self.bench.tell(f"{NAMES['audit-100']}: round {number + 1}")
                with self.aside():
                    found.append(self.run(argv))
        self.bench.raw["audit-100"] = {"requests": requests, "runs": found}
        seconds = report.middle(found, "wall") / 1000
        table.add(report.Row("audit", f"{AUDITED} files of 1 KiB", seconds, f"{seconds:.2f}",
                             others=[f"{report.middle(found, 'cpu') / 1000:.2f}", f"{requests:,}"]))
        self.bench.show(table)

    def go(self):
        try:
            self.one()
            for name in ("get-urls", "audit-100"):
                if self.bench.wants(name):
                    getattr(self, name.replace("-", "_"))()
        finally:
            self.room.cleanup()
