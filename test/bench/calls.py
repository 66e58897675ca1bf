"""System calls a request: strace counts them during one bounded load."""
import re
import signal
import subprocess
import time

LINE = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", re.M)

# What opens and closes connections is not a request's.
SETTING_UP = {"accept4", "accept", "epoll_ctl", "close", "setsockopt", "ioctl", "total", "shutdown"}


def count(generator, target, load, fields, seconds):
    """{call: how often a request made it}"""
    tracer = subprocess.Popen(
        ["strace", "-c", "-f", "-q"] + [word for pid in target.pids() for word in ("-p", str(pid))],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        time.sleep(0.5)
        if tracer.poll() is not None:
            return None  # no permission to trace
        run = generator.run(target, load, fields, seconds)
    finally:
        if tracer.poll() is None:
            tracer.send_signal(signal.SIGINT)
        said = tracer.communicate(timeout=20)[1]
    found = {name: int(calls) / run["requests"] for calls, name in LINE.findall(said)}
    return {name: number for name, number in found.items() if name not in SETTING_UP}
