#!/usr/bin/env python3
"""Measures stet beside a null server and nginx; script/bench calls it. See --help."""
import argparse
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time

import calls
import client
import idle
import instructions
import load
import probe
import proxying
import report
import secure
import startup
import targets

SMALL, LARGE, HUGE = "/small.txt", "/large.bin", "/huge.bin"
MATCH, SINCE = ("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")


def small(**more):
    return load.Load(SMALL, size=1024, **more)


def unchanged(condition, **more):
    return load.Load(SMALL, condition=condition, status=304, **more)


# name: (what it is, load, most CPU a request beside the null server's)
REQUESTS = {
    "200": ("1 KiB, 200", small(), 1.10),
    "etag": ("304 by If-None-Match", unchanged(MATCH), 1.08),
    "date": ("304 by If-Modified-Since", unchanged(SINCE), 1.08),
    "200-256": ("1 KiB, 200, 256 connections", small(connections=256), 1.10),
    "etag-256": ("304 by If-None-Match, 256 connections", unchanged(MATCH, connections=256), 1.08),
    "1MiB": ("1 MiB, 200", load.Load(LARGE, size=1 << 20), 0.70),
    "8MiB": ("8 MiB, 200, read from the file, 8 connections", load.Load(HUGE, connections=8, size=8 << 20),
             None),
}
# name: (what it is, load, least rate beside the null server's)
PIPELINED = {
    "200-16": ("1 KiB, 200, 16 pipelined", small(pipeline=16), None),
    "etag-16": ("304 by If-None-Match, 16 pipelined", unchanged(MATCH, pipeline=16), 0.40),
}
OTHERS = {
    "idle": "connections that wait, beside ones that do not, and their memory",
    "start": "start-up on a tree of many files, cold and warm memo",
    "workers": "one worker and two",
    "calls": "system calls a request",
    "instructions": "instructions of user code a request",
}


class Bench:
    """One run: what was asked for, and what was found."""

    def __init__(self, options, place):
        self.options, self.place = options, place
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise SystemExit("bench: needs two cores, one for the server and one for the load")
        self.cores = cores
        self.generator = load.Generator(place, cores[1:2])
        self.site = os.path.join(place, "site")
        self.tables, self.raw = [], {}

    def field(self):
        return targets.Field(self.place, self.options.stet, self.options.null, self.cores[:1])

    def wants(self, name):
        return not self.options.only or name in self.options.only

    def tell(self, text):
        if sys.stderr.isatty():
            print(f"\r\033[K{text[:78]}", end="", file=sys.stderr, flush=True)

    def show(self, table):
        self.tell("")
        report.say(table, **self.options.colours)
        self.tables.append(table)

    # ---- requests ----

    def run_load(self, name, text, asked):
        """{target: runs} of one kind of request."""
        with self.field() as field:
            stet = field.stet(self.site)
            stet.wait_until_up()
            targets.settled(stet, asked.path)
            wanted = asked.fields(stet)
            found = [field.null(probe.ask(stet.port, asked.path, wanted)[0].raw), stet,
                     field.nginx(self.site, False)]
            if asked.path != SMALL:
                found.append(field.nginx(self.site, True))
            for target in found:
                target.wait_until_up()
            runs = load.rounds(self.generator, found, asked, self.options.rounds,
                               self.options.seconds, lambda said: self.tell(f"{text}: {said}"))
        self.raw[name] = runs
        return runs

    @staticmethod
    def nginx_cell(runs, name="nginx"):
        if name not in runs:
            return ""
        return f"{statistics.median(report.ratios(runs[name], runs['null'], 'cpu')):.2f}"

    def requests(self):
        table = report.Table(
            "CPU time a request", ["stet / null", "null, us", "nginx / null"],
            "64 connections unless it says another number; user and system time together.")
        user = report.Table("User time a request, us", ["stet", "null", "nginx"])
        late = report.Table("99th percentile of latency, 64 connections",
                            ["stet / null", "null, ms", "nginx / null"])
        for name, (text, asked, most) in REQUESTS.items():
            if not self.wants(name):
                continue
            runs = self.run_load(name, text, asked)
            found = report.ratios(runs["stet"], runs["null"], "cpu")
            nginx = self.nginx_cell(runs)
            if "nginx, sendfile" in runs:
                nginx += f", {self.nginx_cell(runs, 'nginx, sendfile')} with sendfile"
            table.add(report.Row(name, text, statistics.median(found), report.spread(found),
                                 most and f"<= {most:.2f}", most=most,
                                 others=[f"{report.middle(runs['null'], 'cpu'):.2f}", nginx]))
            if asked.connections == 64 and asked.path == SMALL:
                self.user_row(user, name, text, runs)
                self.late_row(late, name, text, runs)
        for each in (table, user, late):
            if each.rows:
                self.show(each)

    @staticmethod
    def user_row(table, name, text, runs):
        spent = report.user(runs["stet"])
        table.add(report.Row(name, text, spent, f"{spent:.2f}", "<= 0.70", most=0.70,
                             others=[f"{report.user(runs[other]):.2f}"
                                     for other in ("null", "nginx")]))

    @staticmethod
    def late_row(table, name, text, runs):
        found = report.ratios(runs["stet"], runs["null"], "p99")
        nginx = report.ratios(runs["nginx"], runs["null"], "p99")
        table.add(report.Row(name, text, statistics.median(found), report.spread(found), "<= 1.50",
                             most=1.50, others=[f"{report.middle(runs['null'], 'p99'):.2f}",
                                                f"{statistics.median(nginx):.2f}"]))

    def pipelined(self):
        table = report.Table(
            "16 pipelined requests, 64 connections",
            ["stet / null", "null, requests/s of a core", "nginx / null"],
            "Requests that a second of the server's CPU time answers: the generator cannot ask for "
            "as many.")
        for name, (text, asked, least) in PIPELINED.items():
            if not self.wants(name):
                continue
            runs = self.run_load(name, text, asked)
            found = report.ratios(runs["null"], runs["stet"], "cpu")
            nginx = statistics.median(report.ratios(runs["null"], runs["nginx"], "cpu"))
            table.add(report.Row(name, text, statistics.median(found), report.spread(found),
                                 least and f">= {least:.2f}", least=least,
                                 others=[f"{1e6 / report.middle(runs['null'], 'cpu'):,.0f}",
                                         f"{nginx:.2f}"]))
        if table.rows:
            self.show(table)

    # ---- connections that wait ----

    def idle(self):
        count, crowd = idle.most(5000), idle.most(10000)
        table = report.Table("Connections that wait", ["stet", "null", "nginx"])
        with self.field() as field:
            stet = field.stet(self.site)
            stet.wait_until_up()
            targets.settled(stet, SMALL)
            answer = probe.ask(stet.port, SMALL)[0].raw
            cells = []
            for target in (stet, field.null(answer), field.nginx(self.site, False)):
                target.wait_until_up()
                self.tell(f"{count} idle connections to {target.name}")
                cells.append(idle.memory(target, SMALL, count))
        self.raw["memory"] = dict(zip(("stet", "null", "nginx"), cells))
        table.add(report.Row("memory", f"bytes of user memory each, {count:,} held", cells[0],
                             f"{cells[0]:.0f}", "<= 512", most=512,
                             others=[f"{cell:.0f}" for cell in cells[1:]]))
        with self.field() as field:
            pair = [field.stet(self.site, options=QUIET), field.stet(self.site, options=QUIET)]
            for target, name in zip(pair, ("stet, alone", "stet, among many")):
                target.name = name
                target.wait_until_up()
                targets.settled(target, SMALL)
            found = idle.beside(self.generator, pair, SMALL, crowd, self.options.rounds,
                                self.options.seconds,
                                lambda said: self.tell(f"{crowd} idle connections: {said}"))
        self.raw["beside"] = found
        table.add(report.Row("beside", f"CPU time a request of 64 busy ones beside {crowd:,}, as a "
                             "ratio to that without", found["cpu"], f"{found['cpu']:.2f}",
                             "<= 1.05", most=1.05, others=["", ""]))
        table.add(report.Row("empty", "MiB resident, one worker, an empty directory",
                             *self.empty(), "<= 6", most=6, others=["", ""]))
        self.show(table)

    def empty(self):
        place = os.path.join(self.place, "nothing")
        os.makedirs(place, exist_ok=True)
        with self.field() as field:
            stet = field.stet(place)
            stet.wait_until_up()
            probe.ask(stet.port, "/")
            resident = stet.memory()[0] / (1 << 20)
        return resident, f"{resident:.1f}"

    # ---- start-up ----

    def start(self):
        count = self.options.files
        self.tell(f"writing {count} files")
        place = os.path.join(self.place, "tree")
        total = startup.grow(place, count)
        memo = os.path.join(self.place, "memo")
        table = report.Table(
            f"Start-up: {count:,} files, {total / (1 << 20):,.0f} MiB",
            ["first answer, s", "all known, s", "files/s", "MiB/s hashed", "MiB resident"],
            "The files are in the page cache. Known means hashed, or remembered and checked.")
        with self.field() as field:
            time.sleep(2.5)  # younger files are hashed again: they may still change
            for text in ("cold memo", "warm memo"):
                self.tell(f"start-up with a {text}")
                found = startup.measure(field, place, memo, count)
                self.raw[text] = found
                seconds = max(found["seconds"], 0.1)
                rate = found["hashed"] / seconds if found["hashed"] else 0
                table.add(report.Row(text, text, found["first"], f"{found['first']:.3f}",
                                     others=[f"{found['seconds']:.1f}", f"{count / seconds:,.0f}",
                                             f"{rate:,.0f}" if rate else "nothing",
                                             f"{found['resident'] / (1 << 20):.0f}"]))
        self.show(table)

    # ---- workers ----

    def workers(self):
        """Both servers and the generator have both cores: what more workers cost shows in the CPU
        time of a request, what they give in the rate."""
        asked = unchanged(MATCH, connections=128)
        table = report.Table("Workers: 304 by If-None-Match, 128 connections",
                             ["CPU us a request", "requests/s"],
                             "Server and generator share both cores here, so the machine bounds "
                             "the rate; that a request costs no more shows that workers do not "
                             "wait for each other.")
        both = self.cores[:2]
        with self.field() as field:
            pair = [field.stet(self.site, workers=number, cores=both) for number in (1, 2)]
            for number, target in enumerate(pair, 1):
                target.name = f"{number} worker{'s' if number > 1 else ''}"
                target.wait_until_up()
                targets.settled(target, SMALL)
            runs = load.rounds(load.Generator(self.place, both, 2), pair, asked,
                               self.options.rounds, self.options.seconds,
                               lambda said: self.tell(f"workers: {said}"))
        self.raw["workers"] = runs
        base = runs[pair[0].name]
        for target in pair:
            mine = runs[target.name]
            cost = statistics.median(report.ratios(mine, base, "cpu"))
            rate = statistics.median(report.ratios(mine, base, "rate"))
            more = target is not pair[0]
            table.add(report.Row(target.name, target.name, cost,
                                 f"{report.middle(mine, 'cpu'):.2f} ({cost:.2f} of one's)",
                                 "<= 1.10 of one's" if more else None, most=1.10 if more else None,
                                 others=[f"{report.middle(mine, 'rate'):,.0f} "
                                         f"({rate:.2f} of one's)"]))
        self.show(table)

    # ---- system calls ----

    def calls(self):
        table = report.Table("System calls a request, 64 connections", ["stet", "null", "nginx"])
        for name in ("200", "etag"):
            text, asked, _ = REQUESTS[name]
            cells, sums = [], []
            with self.field() as field:
                stet = field.stet(self.site)
                stet.wait_until_up()
                targets.settled(stet, SMALL)
                answer = probe.ask(stet.port, SMALL, asked.fields(stet))[0].raw
                for target in (stet, field.null(answer), field.nginx(self.site, False)):
                    target.wait_until_up()
                    self.tell(f"system calls of {target.name}: {text}")
                    found = calls.count(self.generator, target, asked, asked.fields(target), 1)
                    if found is None:
                        self.tell("system calls: no permission to trace\n")
                        return
                    self.raw[f"calls {name} {target.name}"] = found
                    sums.append(sum(found.values()))
                    cells.append(", ".join(f"{number:.2f} {call}" for call, number in
                                           sorted(found.items(), key=lambda item: -item[1])
                                           if number >= 0.005))
            table.add(report.Row(name, text, sums[0], cells[0], "<= 2.20 in all", most=2.20,
                                 others=cells[1:]))
        self.show(table)

    # ---- instructions ----

    def instructions(self):
        table = report.Table("Instructions of user code a request", ["stet"],
                             "Counted by callgrind; noise does not reach them.")
        for name in ("200", "etag", "date"):
            text, asked, _ = REQUESTS[name]
            self.tell(f"instructions: {text}")
            with self.field() as field:
                field.settle(self.site, asked.path)
                found = instructions.count(
                    field, self.generator,
                    lambda before, field=field: field.stet(self.site, before=before), asked, 1)
            self.raw[f"instructions {name}"] = found
            table.add(report.Row(name, text, found, f"{found:,.0f}"))
        self.show(table)

    def run(self):
        os.makedirs(self.site)
        with open(self.site + SMALL, "wb") as file:
            file.write(b"0123456789abcde\n" * 64)
        for path, size in ((LARGE, 1 << 20), (HUGE, 8 << 20)):
            with open(self.site + path, "wb") as file:
                file.write(os.urandom(size))
        self.requests()
        self.pipelined()
        for name in OTHERS:
            if self.wants(name):
                getattr(self, name)()
        proxying.Proxying(self).run()
        secure.Secure(self).run()
        client.Client(self).go()


QUIET = ("--memo", "off", "--quiet", "--limit", "idle_timeout=1h")


def options_read():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--only", type=lambda text: text.split(","), default=[])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--save")
    parser.add_argument("--command", default="script/bench")
    parser.add_argument("--version", default="")
    parser.add_argument("--stet")
    parser.add_argument("--null")
    parser.add_argument("--ask")
    parser.add_argument("--trace")
    parser.add_argument("--traces")
    parser.add_argument("--colours", type=json.loads, default={})
    options = parser.parse_args()
    known = {**{name: row[0] for name, row in {**REQUESTS, **PIPELINED}.items()}, **OTHERS}
    groups = {"serve": list(known), "proxy": list(proxying.NAMES), "tls": list(secure.NAMES),
              "client": list(client.NAMES)}
    known.update({**proxying.NAMES, **secure.NAMES, **client.NAMES})
    options.only = [name for word in options.only for name in groups.get(word, [word])]
    if options.list:
        for name, text in known.items():
            print(f"{name:18} {text}")
        raise SystemExit(0)
    for name in options.only:
        if name not in known:
            raise SystemExit(f"bench: there is no \"{name}\"; --list names what there is")
    if min(options.rounds, options.seconds, options.files) < 1:
        raise SystemExit("bench: rounds, seconds and files are at least 1")
    return options


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    options = options_read()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)
    about = report.machine()
    place = tempfile.mkdtemp(prefix="stet-bench.")
    try:
        bench = Bench(options, place)
        bench.run()
    except KeyboardInterrupt:
        print("\nbench: stopped", file=sys.stderr)
        return 130
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if options.json:
        rows = [{"table": table.title, "name": row.name, "value": row.value, "reach": row.reach,
                 "verdict": row.verdict} for table in bench.tables for row in table.rows]
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"machine": about, "version": options.version, "command": options.command,
                       "rows": rows, "runs": bench.raw}, file, indent=1)
    if options.save:
        report.save(options.save, bench.tables, about, options.command, options.version)
    return 0


if __name__ == "__main__":
    sys.exit(main())
