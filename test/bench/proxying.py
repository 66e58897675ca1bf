"""Measures `stet proxy` beside a null server, a null proxy, and other caches."""
import json
import os
import re
import statistics
import subprocess
import tempfile

import calls
import instructions
import load
import origin
import peers
import probe
import report

MIB = 1 << 20
FRESH, PASSED = "max-age=86400", "no-store"
SMALL, LARGE = "/small", "/large"
MATCH = ("If-None-Match", "etag")
CONTENTS = {"": b"0123456789abcde\n" * 64, LARGE: os.urandom(MIB)}
CLIENTS, SLOW, OBJECTS = 1000, 0.2, 200_000

HIT = load.Load(SMALL, size=1024)
UNCHANGED = load.Load(SMALL, condition=MATCH, status=304)
# name: (what it is, load, most CPU a request beside the null server's or proxy's)
REQUESTS = {
    "hit": ("hit, 1 KiB, 200", HIT, 1.12),
    "hit-etag": ("hit, 304 by If-None-Match", UNCHANGED, 1.10),
    "pass": ("pass, 1 KiB, 200", HIT, 1.12),
    "hit-1MiB": ("hit, 1 MiB, 200", load.Load(LARGE, size=MIB), 0.70),
}
PIPELINED = {
    "hit-etag-16": ("hit, 304 by If-None-Match, 16 pipelined",
                    load.Load(SMALL, condition=MATCH, status=304, pipeline=16), 0.40),
}
OTHERS = {
    "burst": f"{CLIENTS:,} clients ask at once for what nobody has asked for",
    "objects": f"memory of {OBJECTS:,} cached objects, and of none",
    "proxy-calls": "system calls of a hit and of a pass",
    "proxy-instructions": "instructions of user code of a hit and of a pass",
    "traces": "misses on request traces (needs --traces)",
}
NAMES = {**{name: row[0] for name, row in {**REQUESTS, **PIPELINED}.items()}, **OTHERS}
PEERS = ("nginx", "HAProxy", "Traffic Server", "Varnish")

# What simulators find: trace, capacity in percent: (objects missed by S3-FIFO, and by LRU).
KNOWN = {("web12", 1): (0.5517, 0.5868), ("web12", 10): (0.2608, 0.3043),
         ("syn1", 1): (0.6252, 0.6994), ("syn1", 10): (0.4604, 0.5117)}


def private(target):
    """Bytes of memory that are this target's, what its processes share counted once."""
    total = 0
    for pid in target.pids():
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                total += 1024 * int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M)[1])
        except OSError:
            pass  # it has ended meanwhile
    return total


def size_of(path):
    """Bytes that a file takes; none if it has gone meanwhile, as temporary ones do."""
    try:
        return os.lstat(path).st_blocks * 512
    except FileNotFoundError:
        return 0


def kept_of(answer):
    """Octets of an answer that a cache has to keep as they are: content and field lines, but not
    what it tells anew each time."""
    head, content = answer.split(b"\r\n\r\n", 1)
    lines = [line for line in head.split(b"\r\n")[1:]
             if line.split(b":")[0].lower() not in (b"date", b"content-length")]
    return len(content) + sum(len(line) + 2 for line in lines)


def stored_in(place):
    """Bytes of the files below a place."""
    return sum(size_of(os.path.join(folder, name))
               for folder, _, names in os.walk(place) for name in names)


class Proxying:
    """The part of a run that is about the proxy."""

    def __init__(self, bench):
        self.bench, self.options = bench, bench.options
        self.warned = set()
        memory = "/dev/shm"
        self.room = tempfile.TemporaryDirectory(
            prefix="stet-bench.", dir=memory if os.access(memory, os.W_OK) else bench.place)
        os.chmod(self.room.name, 0o755)

    def warn(self, text):
        if text not in self.warned:
            self.bench.tell("")
            print(f"  {text}")
        self.warned.add(text)

    def wanted(self, names):
        return [name for name in names if self.bench.wants(name)]

    def start_peers(self, field, port, settled, collapse=True):
        return peers.Peers(field, self.room.name, 600 * MIB, collapse).start(port, settled,
                                                                             self.warn)

    # ---- requests ----

    def hitting(self, field, asked, source):
        """The null server, stet, and all that answer this from their caches."""
        settled = peers.hits(source.count, asked.path)
        stet = field.proxy(source.port)
        stet.wait_until_up()
        settled(stet)
        answer = probe.ask(stet.port, asked.path, asked.fields(stet))[0].raw
        null = field.null(answer)
        null.wait_until_up()
        return [null, stet, *self.start_peers(field, source.port, settled)]

    def passing(self, field):
        """The null proxy, stet, and the others, before an origin that lets nobody store. That of
        the null proxy says what stet does, so that as many octets leave both."""
        source = field.null(origin.Origin(CONTENTS, PASSED).answer(SMALL), self.bench.cores[1:2])
        source.wait_until_up()
        stet = field.proxy(source.port)
        stet.wait_until_up()
        said = field.null(probe.ask(stet.port, SMALL)[0].raw, self.bench.cores[1:2])
        said.wait_until_up()
        null = field.null_proxy(said.port)
        null.wait_until_up()

        def settled(target, behind=source):
            before = behind.cpu()[0]
            self.ask(target, 2000, 8, SMALL)
            if behind.cpu()[0] - before < 2000 * 1000:
                raise peers.Missing("it does not pass the requests on")

        settled(null, said)
        settled(stet)
        return [null, stet, *self.start_peers(field, source.port, settled, False)]

    def run_load(self, name, text, asked):
        # The source stays: the generator's Host is another, and so its first request is a miss.
        with self.bench.field() as field, origin.Origin(CONTENTS, FRESH) as source:
            found = self.passing(field) if name == "pass" else self.hitting(field, asked, source)
            runs = load.rounds(self.bench.generator, found, asked, self.options.rounds,
                               self.options.seconds,
                               lambda said: self.bench.tell(f"{text}: {said}"))
        self.bench.raw[name] = runs
        return runs

    @staticmethod
    def others(runs, base, key, over=False):
        """The medians of the peers, as ratios to the limit; over: of its rate."""
        cells = []
        for name in PEERS:
            pair = (runs.get(name, []), runs[base])
            found = report.ratios(*(reversed(pair) if over else pair), key) if pair[0] else []
            cells.append(f"{statistics.median(found):.2f}" if found else "")
        return cells

    def requests(self):
        table = report.Table(
            "Proxy: CPU time a request", ["stet / null", "null, us", *PEERS],
            "64 connections, user and system time together, as ratios to the null server, for a "
            "pass to the null proxy.")
        user = report.Table("Proxy: user time a request, us", ["stet", "null", *PEERS])
        for name in self.wanted(REQUESTS):
            text, asked, most = REQUESTS[name]
            runs = self.run_load(name, text, asked)
            base = next(iter(runs))
            found = report.ratios(runs["stet"], runs[base], "cpu")
            table.add(report.Row(name, text, statistics.median(found), report.spread(found),
                                 f"<= {most:.2f}", most=most,
                                 others=[f"{report.middle(runs[base], 'cpu'):.2f}",
                                         *self.others(runs, base, "cpu")]))
            spent = report.user(runs["stet"])
            hits = name in ("hit", "hit-etag")
            user.add(report.Row(name, text, spent, f"{spent:.2f}", "<= 0.70" if hits else None,
                                most=0.70 if hits else None,
                                others=[f"{report.user(runs[other]):.2f}" if other in runs else ""
                                        for other in (base, *PEERS)]))
        for each in (table, user):
            if each.rows:
                self.bench.show(each)

    def pipelined(self):
        table = report.Table("Proxy: 16 pipelined requests, 64 connections",
                             ["stet / null", "null, requests/s of a core", *PEERS],
                             "Requests that a second of the server's CPU time answers.")
        for name in self.wanted(PIPELINED):
            text, asked, least = PIPELINED[name]
            runs = self.run_load(name, text, asked)
            found = report.ratios(runs["null"], runs["stet"], "cpu")
            table.add(report.Row(name, text, statistics.median(found), report.spread(found),
                                 f">= {least:.2f}", least=least,
                                 others=[f"{1e6 / report.middle(runs['null'], 'cpu'):,.0f}",
                                         *self.others(runs, "null", "cpu", True)]))
        if table.rows:
            self.bench.show(table)

    # ---- a crowd ----

    def ask(self, target, times, connections, path):
        """Milliseconds until all were answered."""
        done = subprocess.run(
            ["taskset", "-c", str(self.bench.cores[1]), self.bench.options.ask, str(target.port),
             str(times), str(connections), path], capture_output=True, text=True, check=False)
        said = re.match(r"good (\d+) bad \d+ ms ([\d.]+)", done.stdout)
        if not said or int(said[1]) != times:
            raise peers.Missing(f"not all were answered: {done.stdout} {done.stderr}".strip())
        return float(said[2])

    def burst(self):
        columns = ["stet", *PEERS]
        table = report.Table(
            f"Proxy: {CLIENTS:,} clients ask at once for one thing that is not there", columns,
            f"The origin takes {SLOW * 1000:.0f} ms for each answer; these are not counted. Medians "
            "of the rounds.")
        fetches, times = {}, {}
        with self.bench.field() as field, origin.Origin(CONTENTS, FRESH, SLOW) as source:
            stet = field.proxy(source.port)
            stet.wait_until_up()
            others = self.start_peers(field, source.port, peers.hits(source.count, SMALL))
            for number in range(self.options.rounds):
                for target in (stet, *others):
                    self.bench.tell(f"burst: round {number + 1}: {target.name}")
                    path = f"/cold/{target.port}/{number}"
                    try:
                        spent = self.ask(target, CLIENTS, CLIENTS, path)
                    except peers.Missing as error:
                        self.warn(f"burst: {target.name}: {error}")
                        continue
                    times.setdefault(target.name, []).append(spent - SLOW * 1000)
                    fetches.setdefault(target.name, []).append(source.asked[path])
        self.bench.raw["burst"] = {"fetches": fetches, "ms": times}
        self.burst_row(table, "fetches", "requests to the origin", fetches, columns, 1)
        self.burst_row(table, "ms", "ms until the last has its answer", times, columns)
        self.bench.show(table)

    @staticmethod
    def burst_row(table, name, text, found, columns, most=None):
        cells = [f"{statistics.median(found[each]):.0f}" if each in found else ""
                 for each in columns]
        value = statistics.median(found["stet"])
        table.add(report.Row(f"burst-{name}", text, value, cells[0], most and f"<= {most}",
                             most=most, others=cells[1:]))

    # ---- memory ----

    def fill(self, target):
        """Bytes of memory for each object; None when all of it was taken before."""
        self.bench.tell(f"{OBJECTS} objects in {target.name}")
        self.ask(target, 2000, 64, "/warm/%d")
        files = os.path.join(self.room.name, f"nginx-{target.port}")
        before = private(target) + stored_in(files)
        self.ask(target, OBJECTS, 64, "/object/%d")
        each = (private(target) + stored_in(files) - before) / OBJECTS
        return each if each >= 1024 else None

    def counted(self, control):
        """Bytes an object, by what the server itself tells."""
        done = subprocess.run([self.options.stet, "stat", "--json", "--socket", control],
                              capture_output=True, text=True, check=True)
        store = json.loads(done.stdout)["store"]
        return store["bytes"] / store["entries"]

    def empty(self):
        with self.bench.field() as field:
            stet = field.proxy(1, memory="256MiB")
            stet.wait_until_up()
            probe.ask(stet.port, SMALL)
            return stet.memory()[0] / MIB

    def objects(self):
        table = report.Table(
            "Proxy: memory", ["stet", *PEERS],
            f"{OBJECTS:,} objects of 1 KiB with a head of some 180 octets each, files in memory "
            "counted. What is beyond head and content counts the URL; of the head the status line, "
            "Date and Content-Length count as beyond. Blank: all memory is taken at the start.")
        answer = origin.Origin(CONTENTS, FRESH).answer(SMALL)
        with self.bench.field() as field:
            source = field.null(answer, self.bench.cores[1:2])
            source.wait_until_up()
            control = os.path.join(self.bench.place, "control")
            stet = field.proxy(source.port, memory="1GiB", control=control)
            stet.wait_until_up()
            others = self.start_peers(field, source.port, lambda target: None)
            cells, counted = {}, 0
            for target in (stet, *others):
                try:
                    cells[target.name] = self.fill(target)
                except peers.Missing as error:
                    self.warn(f"objects: {target.name}: {error}")
                if target is stet:
                    counted = self.counted(control)
                field.end(target)
        self.bench.raw["objects"] = {"resident": cells, "counted": counted}
        shown = [f"{cells[name]:,.0f}" if cells.get(name) else "" for name in ("stet", *PEERS)]
        table.add(report.Row("object", "octets an object", cells["stet"], shown[0],
                             others=shown[1:]))
        beyond = [f"{cells[name] - kept_of(answer):,.0f}" if cells.get(name) else ""
                  for name in ("stet", *PEERS)]
        table.add(report.Row("beyond", "octets an object, beyond its head and content",
                             cells["stet"] - kept_of(answer), beyond[0], "<= 256", most=256,
                             others=beyond[1:]))
        table.add(report.Row("counted", "octets an object, by `stet stat`", counted,
                             f"{counted:,.0f}", others=[""] * len(PEERS)))
        bare = self.empty()
        table.add(report.Row("empty-cache", "MiB resident, empty, one worker", bare, f"{bare:.1f}",
                             "<= 6", most=6, others=[""] * len(PEERS)))
        self.bench.show(table)

    # ---- what a request costs in calls and instructions ----

    def costs(self):
        """(name, text, control, the field's fields of the request)"""
        for name, text, control, asked in (("hit", "hit, 1 KiB, 200", FRESH, HIT),
                                           ("hit-etag", "hit, 304", FRESH, UNCHANGED),
                                           ("pass", "pass, 1 KiB, 200", PASSED, HIT)):
            with self.bench.field() as field:
                source = field.null(origin.Origin(CONTENTS, control).answer(SMALL),
                                    self.bench.cores[1:2])
                source.wait_until_up()
                yield name, text, asked, field, source

    def proxy_calls(self):
        table = report.Table("Proxy: system calls a request, 64 connections", ["stet"])
        for name, text, asked, field, source in self.costs():
            stet = field.proxy(source.port)
            stet.wait_until_up()
            probe.ask(stet.port, SMALL)
            self.bench.tell(f"system calls: {text}")
            found = calls.count(self.bench.generator, stet, asked, asked.fields(stet), 1)
            if found is None:
                self.warn("system calls: no permission to trace")
                return
            self.bench.raw[f"calls proxy {name}"] = found
            most = 4.4 if name == "pass" else 2.2
            table.add(report.Row(name, text, sum(found.values()), ", ".join(
                f"{number:.2f} {call}" for call, number in
                sorted(found.items(), key=lambda item: -item[1]) if number >= 0.005),
                f"<= {most:.2f} in all", most=most))
        self.bench.show(table)

    def proxy_instructions(self):
        table = report.Table("Proxy: instructions of user code a request", ["stet"],
                             "Counted by callgrind; noise does not reach them.")
        for name, text, asked, field, source in self.costs():
            self.bench.tell(f"instructions: {text}")
            found = instructions.count(
                field, self.bench.generator,
                lambda before, field=field, source=source: field.proxy(source.port, before=before),
                asked, 1)
            self.bench.raw[f"instructions proxy {name}"] = found
            table.add(report.Row(name, text, found, f"{found:,.0f}"))
        self.bench.show(table)

    # ---- traces ----

    def traces(self):
        if not self.options.traces:
            if self.options.only:
                raise SystemExit("bench: traces needs --traces DIRECTORY")
            return
        table = report.Table("Proxy: objects missed on request traces",
                             ["stet", "S3-FIFO, simulated", "LRU, simulated"],
                             "Capacity in percent of the footprint, cold start included.")
        for (name, percent), (same, lru) in KNOWN.items():
            self.bench.tell(f"trace {name} at {percent} %")
            done = subprocess.run(
                [self.options.trace, os.path.join(self.options.traces, f"{name}.trc.zst"),
                 f"{percent}%"], capture_output=True, text=True, check=False)
            said = re.search(r"object_misses ([\d.]+)", done.stdout)
            if not said:
                self.warn(f"traces: {name}: {done.stderr.strip()}")
                continue
            missed = float(said[1])
            self.bench.raw[f"trace {name} {percent}"] = missed
            table.add(report.Row(f"trace-{name}-{percent}", f"{name}, {percent} %", missed,
                                 f"{missed:.4f}", f"<= {same * 1.02:.4f}", most=same * 1.02,
                                 others=[f"{same:.4f}", f"{lru:.4f}"]))
        if table.rows:
            self.bench.show(table)

    def run(self):
        try:
            self.requests()
            self.pipelined()
            for name in OTHERS:
                if self.bench.wants(name):
                    getattr(self, name.replace("-", "_"))()
        finally:
            self.room.cleanup()
