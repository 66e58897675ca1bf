"""Load: wrk on a core of its own, in rounds that run each target once."""
import os
import re
import subprocess

import probe

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}

PIPELINE = """
init = function(args)
    local one = wrk.format("GET")
    local all = {{}}
    for i = 1, {depth} do all[i] = one end
    whole = table.concat(all)
end
request = function() return whole end
"""


class Load:
    """What is asked of a target, and by how many connections."""

    def __init__(self, path, connections=64, pipeline=1, condition=None, status=200, size=0):
        self.path, self.connections, self.pipeline = path, connections, pipeline
        self.condition = condition  # a field of the request, and of the answer it is taken from
        self.status, self.size = status, size

    def fields(self, target):
        """The request's fields: what the target itself said when it was asked first."""
        if not self.condition:
            return []
        name, source = self.condition
        said = probe.ask(target.port, self.path, scheme=target.scheme)[0].fields
        return [(name, said[source])] if source in said else []

    def prove(self, target, fields):
        """Dies unless the target answers what is to be measured."""
        for answer in probe.ask(target.port, self.path, fields, self.pipeline, target.scheme):
            if (answer.status, answer.size) != (self.status, self.size):
                raise SystemExit(f"bench: {target.name} answers {answer.status} with {answer.size} "
                                 f"octets to {self.path} {fields}")


class Generator:
    """wrk, pinned."""

    def __init__(self, place, cores, threads=1):
        self.place, self.cores, self.threads = place, cores, threads

    def command(self, target, load, fields, seconds):
        argv = ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", ",".join(map(str, self.cores)),
                "wrk", f"-t{self.threads}", f"-c{load.connections}", f"-d{seconds:g}s",
                "--timeout", "10s", "--latency"]
        for name, value in fields:
            argv += ["-H", f"{name}: {value}"]
        if load.pipeline > 1:
            script = os.path.join(self.place, f"pipeline-{load.pipeline}.lua")
            with open(script, "w", encoding="ascii") as file:
                file.write(PIPELINE.format(depth=load.pipeline))
            argv += ["-s", script]
        return argv + [f"{target.scheme}://127.0.0.1:{target.port}{load.path}"]

    def run(self, target, load, fields, seconds):
        """One run: requests answered, their rate, CPU and latency of it."""
        before = target.cpu()
        done = subprocess.run(self.command(target, load, fields, seconds), text=True, check=False,
                              capture_output=True, timeout=seconds + 30)
        after = target.cpu()
        said = done.stdout
        if done.returncode or "Socket errors" in said or "Non-2xx" in said:
            raise SystemExit(f"bench: wrk on {target.name}: {said} {done.stderr}")
        requests = int(re.search(r"(\d+) requests in", said)[1])
        p99 = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", said)
        return {"requests": requests,
                "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),
                "cpu": (after[0] - before[0]) / 1000 / requests,
                "user_ticks": after[2][0] - before[2][0],
                "ticks": after[2][1] - before[2][1],
                "p99": float(p99[1]) * UNITS[p99[2]] * 1000}


def rounds(generator, targets, load, count, seconds, tell):
    """{name: [run, ...]}: each round runs each target once, so that what disturbs the machine
    disturbs all alike."""
    asked = {target.name: load.fields(target) for target in targets}
    found = {target.name: [] for target in targets}
    for target in targets:
        load.prove(target, asked[target.name])
    for number in range(count):
        for target in targets:
            tell(f"round {number + 1} of {count}: {target.name}")
            found[target.name].append(generator.run(target, load, asked[target.name], seconds))
    return found
