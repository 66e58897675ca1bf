"""What was found: one row a figure, beside what is to be reached; for people and for programs."""
import datetime
import os
import platform
import re
import statistics
import subprocess

REACHED, MISSED = "reached", "missed"


class Row:
    """One figure of the server, perhaps beside those of others."""

    def __init__(self, name, text, value, shown, reach=None, most=None, least=None, others=()):
        self.name, self.text, self.value, self.shown = name, text, value, shown
        self.reach, self.others = reach, list(others)  # others: texts
        self.verdict = ""
        if most is not None:
            self.verdict = REACHED if value <= most else MISSED
        elif least is not None:
            self.verdict = REACHED if value >= least else MISSED


class Table:
    def __init__(self, title, columns, note=""):
        self.title, self.columns, self.note, self.rows = title, columns, note, []

    def add(self, row):
        self.rows.append(row)
        return row

    def cells(self):
        for row in self.rows:
            yield [row.text, row.shown] + row.others + [row.reach or "", row.verdict]


def middle(runs, key):
    return statistics.median(run[key] for run in runs)


def ratios(runs, limits, key):
    """Each round's ratio."""
    return [run[key] / limit[key] for run, limit in zip(runs, limits) if limit[key]]


def spread(values):
    """The median, and the range that the rounds fell in."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def user(runs):
    """Microseconds of user time a request; few ticks of the kernel make a coarse figure, so all
    rounds are taken together."""
    ticks = sum(run["ticks"] for run in runs)
    requests = sum(run["requests"] for run in runs)
    cpu = sum(run["cpu"] * run["requests"] for run in runs) / requests
    return cpu * sum(run["user_ticks"] for run in runs) / max(1, ticks)


def say(table, bold="", red="", green="", plain=""):
    rows = [["", *table.columns, "reach", ""]] + list(table.cells())
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    print(f"\n{bold}{table.title}{plain}")
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row[:-1], widths))
        colour = {REACHED: green, MISSED: red}.get(row[-1], "")
        print(f"  {line}  {colour}{row[-1]}{plain}".rstrip())
    if table.note:
        print(f"  {table.note}")


def version(*argv):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=10)
    except OSError:
        return "missing"
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return found[0] if found else "unknown"


def machine():
    """The machine in words, without its name."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        info = file.read()
    model = re.search(r"model name\s*: (.*)", info)
    virtual = ", a virtual machine" if re.search(r"flags\s*:.*\bhypervisor\b", info) else ""
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(file.readline().split()[1]) / (1 << 20)
    with open("/proc/sys/net/ipv4/tcp_congestion_control", encoding="ascii") as file:
        control = file.read().strip()
    release = re.match(r"[\d.]+\d", platform.release())
    return {"processor": f"{model[1] if model else platform.machine()}, "
                         f"{len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB{virtual}",
            "kernel": f"Linux {release[0] if release else ''}, TCP {control}",
            "software": f"gcc {version('gcc', '-dumpfullversion')}, wrk {version('wrk', '-v')}, "
                        f"curl {version('curl', '--version')}, wget {version('wget', '--version')}, "
                        f"nginx {version('nginx', '-v')}, HAProxy {version('haproxy', '-v')}, "
                        f"Traffic Server {version('traffic_server', '-V')}, "
                        f"Varnish {version('varnishd', '-V')}, H2O {version('h2o', '-v')}, "
                        f"Python {platform.python_version()}",
            "busy": f"{os.getloadavg()[0]:.1f}",
            "date": datetime.date.today().isoformat()}


HOW = """\
Absolute figures mean little from one machine or hour to the next, so everything is a ratio to the
*null server* ([test/bench/null_server.c](../test/bench/null_server.c)), which parses nothing and
writes a recorded answer with the same number of octets: the limit of this machine. Every round runs
each server once, one worker pinned to one core, the load generator to the other. The figure to
trust is CPU time a request, user and system, from the kernel's accounting of the server's threads;
given is the median of the rounds' ratios, and the range they fell in. What passes a proxy is held
against a *null proxy* ([test/bench/null_proxy.c](../test/bench/null_proxy.c)) instead, what goes
over TLS against a null server that does the same ([test/bench/null_tls.c](../test/bench/null_tls.c)),
for HTTP/2 with libnghttp2. The client is held against curl, process against process: they take turns
on the load's core, and the figure is CPU time of a whole run, with all that it starts."""


# The parts of the page, and how the titles of their tables begin.
PARTS = {"`stet serve`": "", "`stet proxy`": "Proxy: ", "TLS and HTTP/2": "TLS: ",
         "`stet get` and `stet audit`": "Client: "}


def part_of(table):
    """The heading of the part that a table is in."""
    return next((heading for heading, prefix in PARTS.items()
                 if prefix and table.title.startswith(prefix)), "`stet serve`")


def part(title, tables, about, command, stet_version):
    """One part of the page, from its heading on."""
    lines = [f"## {title}", "",
             f"The last result is of stet {stet_version}, {about['date']}, by `{command}`:", "",
             f"- {about['processor']}",
             f"- {about['kernel']}",
             f"- {about['software']}",
             f"- load average before the first round: {about['busy']}"]
    for table in tables:
        columns = ["", *table.columns, "reach", ""]
        name = table.title.removeprefix(PARTS[title])
        lines += ["", f"### {name[0].upper()}{name[1:]}", ""]
        if table.note:
            lines += [table.note, ""]
        lines.append("| " + " | ".join(columns) + " |")
        lines.append("|" + " --- |" * len(columns))
        for row in table.cells():
            lines.append("| " + " | ".join(row) + " |")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def save(path, tables, about, command, stet_version):
    """The page doc/benchmarks.md. A part of which nothing was measured stays as it was."""
    old = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            old = file.read()
    texts = []
    for title in PARTS:
        mine = [table for table in tables if part_of(table) == title]
        kept = re.search(rf"^## {title}\n.*?(?=^## |\Z)", old, re.M | re.S)
        if mine:
            texts.append(part(title, mine, about, command, stet_version))
        elif kept:
            texts.append(kept[0].rstrip() + "\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(["# Benchmarks\n", HOW + "\n", *texts]))
