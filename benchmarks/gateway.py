"""The gateway hop, against a bare aiohttp proxy in the same run.

Four processes: the two proxies take turns on one core; a target with canned answers and the load
generator, both written to cost as little as can be, share the other one, so that the proxy is the
bottleneck (the report says how much of its core it used). Ours runs as `ionport up` serves it:
uvicorn, the access token of a service account verified, the suite looked up, headers filtered.
All servers run on uvloop. The ratio is of requests per second of a proxy's own CPU time, so that
other work on the machine does not count; on an idle machine that is the ratio of the rates.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from support.gateway_servers import pin
from support.load import Measured, run_load
from support.processes import compiled_environment, serving

FLOOR = 0.8
GOAL = 0.9
ADDED_GOAL_MS = 1.5
MEMORY_GOAL_MB = 20
CONNECTIONS = 16
UPLOAD_BYTES = 100_000_000
_ROOT = Path(__file__).parent.parent
_SERVERS = Path(__file__).parent / "support" / "gateway_servers.py"
_TICKS = os.sysconf("SC_CLK_TCK")
_LEFT_OUT = "TLS on both sides, policies, target security, several processes, network latency"


@dataclass
class Contender:
    """A running proxy: how to reach the target through it, and what was measured."""

    name: str
    port: int
    pid: int
    path: str = ""
    token: str = ""
    rates: dict[str, list[float]] = field(default_factory=dict)
    shares: dict[str, list[float]] = field(default_factory=dict)
    all: dict[str, Measured] = field(default_factory=dict)

    def request(self, path: str, method: str = "GET", more: str = "") -> bytes:
        head = f"{method} {self.path}{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        agent = "Accept: application/json\r\nUser-Agent: benchmark\r\n"
        return f"{head}{agent}Authorization: Bearer {self.token}\r\n{more}\r\n".encode()

    def run(self, path: str, connections: int, seconds: float) -> Measured:
        return run_load(
            ("127.0.0.1", self.port),
            [self.request(path)],
            connections=connections,
            seconds=seconds,
        )

    def measure(self, kind: str, path: str, connections: int, seconds: float) -> None:
        before = _cpu_seconds(self.pid)
        got = self.run(path, connections, seconds)
        share = (_cpu_seconds(self.pid) - before) / got.seconds
        self.shares.setdefault(kind, []).append(share)
        self.rates.setdefault(kind, []).append(got.per_second)
        self.all.setdefault(kind, Measured()).add(got)

    def per_cpu_second(self, kind: str) -> list[float]:
        pairs = zip(self.rates[kind], self.shares[kind], strict=True)
        return [rate / share for rate, share in pairs]

    def upload(self, size: int) -> float:
        """Send `size` bytes and return how many MB the process grew at most meanwhile."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")
        before = _memory_mb(self.pid, "VmRSS")
        more = f"Content-Length: {size}\r\nContent-Type: application/octet-stream\r\n"
        chunk = bytes(65_536)
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(self.request("/sink", "POST", more))
            for start in range(0, size, len(chunk)):
                connection.sendall(chunk[: size - start])
            answer = connection.recv(65_536)
        if b" 200 " not in answer.split(b"\r\n", 1)[0]:
            raise SystemExit(answer.decode("latin-1"))
        return _memory_mb(self.pid, "VmHWM") - before


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _memory_mb(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"this system does not tell {name}")


@contextmanager
def _server(folder: Path, *arguments: str) -> Iterator[tuple[int, int]]:
    """Run one of the servers; yields its port and its process id."""
    env = compiled_environment(_ROOT / "src" / "ionport") | {"IONPORT_LOG_LEVEL": "WARNING"}
    pid_file = folder / f"{arguments[0]}.pid"
    command = [sys.executable, str(_SERVERS), str(pid_file), *arguments]
    with serving(command, r"port (\d+)", env=env) as port:
        yield port, int(pid_file.read_text())


@contextmanager
def _contenders(folder: Path) -> Iterator[tuple[Contender, Contender, Contender]]:
    """Run all servers; yields the gateway, the peer, and the target without anything before it."""
    with _server(folder, "target") as direct:
        target = f"http://127.0.0.1:{direct[0]}"
        with (
            _server(folder, "gateway", target, str(folder)) as gateway,
            _server(folder, "peer", target) as peer,
        ):
            ours = Contender("ionport", *gateway)
            ours.path = (folder / "path").read_text()
            ours.token = _log_in(json.loads((folder / "credentials.json").read_text()))
            yield ours, Contender("aiohttp", *peer), Contender("direct", *direct)


def _log_in(file: dict[str, str]) -> str:
    form = {
        "grant_type": "password",
        "username": file["saak"],
        "password": file["sask"],
        "client_id": file["ci"],
        "client_secret": file["cs"],
    }
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(file["pu"] + file["ot"], data) as answer:
        token: str = json.load(answer)["access_token"]
        return token


def _compare(rounds: int, seconds: float) -> dict[str, Any]:
    """Measure the proxies in turn, so that the machine's moods hit both alike."""
    with (
        tempfile.TemporaryDirectory(prefix="ionport-bench-") as name,
        _contenders(Path(name)) as (ours, peer, direct),
    ):
        pin(1)
        for contender in (ours, peer):
            contender.run("/small", CONNECTIONS, seconds / 2)
            contender.run("/large", CONNECTIONS, seconds / 2)
        for _round in range(rounds):
            for contender in (ours, peer):
                contender.measure("small", "/small", CONNECTIONS, seconds)
            for contender in (ours, peer):
                contender.measure("large", "/large", CONNECTIONS, seconds / 2)
            for contender in (ours, peer, direct):
                contender.measure("one", "/small", 1, seconds / 2)
        grown = {c.name: round(c.upload(UPLOAD_BYTES), 1) for c in (ours, peer)}
    one = {c.name: c.all["one"].percentile_ms(50) for c in (ours, peer, direct)}
    result: dict[str, Any] = {}
    for kind in ("small", "large"):
        ratios = zip(ours.per_cpu_second(kind), peer.per_cpu_second(kind), strict=True)
        result[kind] = {
            "requests_per_second": round(median(ours.rates[kind])),
            "peer_requests_per_second": round(median(peer.rates[kind])),
            "ratio": round(median(mine / other for mine, other in ratios), 2),
            "p50_ms": round(ours.all[kind].percentile_ms(50), 2),
            "p99_ms": round(ours.all[kind].percentile_ms(99), 2),
            "peer_p50_ms": round(peer.all[kind].percentile_ms(50), 2),
            "peer_p99_ms": round(peer.all[kind].percentile_ms(99), 2),
            "core_used": round(median(ours.shares[kind]), 2),
            "peer_core_used": round(median(peer.shares[kind]), 2),
        }
    return result | {
        "added_ms_at_one_connection": round(one["ionport"] - one["direct"], 2),
        "peer_added_ms_at_one_connection": round(one["aiohttp"] - one["direct"], 2),
        "upload_bytes": UPLOAD_BYTES,
        "upload_growth_mb": grown["ionport"],
        "peer_upload_growth_mb": grown["aiohttp"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="under 50 seconds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit 1 below the floor")
    options = parser.parse_args()
    rounds, seconds = (5, 1.6) if options.quick else (9, 4.0)
    result = _compare(rounds, seconds) | {"floor": FLOOR, "goal": GOAL, "left_out": _LEFT_OUT}
    if options.json:
        print(json.dumps(result))
    else:
        _print(result)
    ratio, growth = result["small"]["ratio"], result["upload_growth_mb"]
    passed = ratio >= FLOOR and growth <= MEMORY_GOAL_MB
    if not options.json or options.check:
        print(f"ratio {ratio:.2f} (floor {FLOOR})", "" if passed else "BELOW THE FLOOR")
    return 1 if options.check and not passed else 0


def _print(result: dict[str, Any]) -> None:
    for kind, title in (("small", "1 kB JSON"), ("large", "200 kB")):
        got = result[kind]
        print(f"{title}, {CONNECTIONS} connections, one process each")
        for prefix, name in (("", "ionport"), ("peer_", "bare aiohttp")):
            rate = got[f"{prefix}requests_per_second"]
            print(
                f"  {name:<13} {rate:>6,} requests/s, p50 {got[f'{prefix}p50_ms']} ms,"
                f" p99 {got[f'{prefix}p99_ms']} ms, {got[f'{prefix}core_used']:.0%} of its core"
            )
        print(f"  ratio         {got['ratio']:.2f} (floor {FLOOR}, goal {GOAL})")
    print(
        f"added at one connection: {result['added_ms_at_one_connection']} ms (goal"
        f" {ADDED_GOAL_MS}); bare aiohttp {result['peer_added_ms_at_one_connection']} ms"
    )
    print(
        f"100 MB upload: {result['upload_growth_mb']} MB more memory (goal {MEMORY_GOAL_MB});"
        f" bare aiohttp {result['peer_upload_growth_mb']} MB"
    )
    print(f"left out: {result['left_out']}")


if __name__ == "__main__":
    sys.exit(main())
