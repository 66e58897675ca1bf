"""Connections that are held open and do nothing, and what they cost."""
import resource
import socket
import statistics

import load
import probe


class Held:
    """`count` connections to a target, each after one request and its answer."""

    def __init__(self, target, path, count):
        self.socks = []
        wanted = probe.request(path)
        for _ in range(count):
            sock = socket.create_connection(("127.0.0.1", target.port), timeout=10)
            self.socks.append(sock)
            sock.sendall(wanted)
            octets = b""
            while probe.next_answer(octets) is None:
                got = sock.recv(65536)
                if not got:
                    raise SystemExit(f"bench: {target.name} refuses connection {len(self.socks)}")
                octets += got

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in self.socks:
            sock.close()


def most(wanted):
    """As many of the wanted connections as the limit on descriptors lets us and a server hold."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    room = (hard - hard // 8 - 512) if hard != resource.RLIM_INFINITY else wanted
    return max(64, min(wanted, room // 1000 * 1000 if room >= 1000 else room))


def memory(target, path, count):
    """Bytes of private memory for each idle connection. The first ones make what all share."""
    with Held(target, path, 100):
        before = target.memory()[1]
        with Held(target, path, count):
            return (target.memory()[1] - before) / count


def beside(generator, targets, path, count, rounds, seconds, tell):
    """Rates and CPU beside `count` idle connections, as ratios to those without: (rate, cpu). Each
    round runs the target with company and the one without."""
    asked = load.Load(path, size=1024)
    lonely, crowded = targets
    with Held(crowded, path, count):
        found = load.rounds(generator, [lonely, crowded], asked, rounds, seconds, tell)
    pairs = list(zip(found[crowded.name], found[lonely.name]))
    return {key: statistics.median(with_[key] / without[key] for with_, without in pairs)
            for key in ("rate", "cpu")}
