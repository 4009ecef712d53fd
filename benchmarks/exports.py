"""Invoices delivered through IDM and ION, against the time that Infor's own latency needs.

Every invoice is one delivery of the method IDM + BOD over an uploaded connection: rendered by our
own mapping files, looked up, created, published, each step in the ledger. The other side is a
stub in another process that answers each call after 100 ms and counts what came. The ideal is
3 calls x latency / concurrency for each invoice, however many calls are made: logins and look-ups
count as work. The clock runs from the commit of all deliveries to the end of the last one.

The pages of the invoices, which go to IDM as PDF, are there before the clock starts: a running
installation makes them in the background between receipt and export, by the same code. What they
cost is measured too, and so are deliveries that find none and make their own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from support.postgresql import postgresql
from support.processes import compiled_environment, serving

FLOOR = 1.6
GOAL = 1.3
CPU_GOAL_MS = 20
TWO_WORKERS_FLOOR = 1.8
LATENCY_MS = 100
LATENCIES_MS = (0, 20, 100)
WORKERS = (1, 2, 4)
CONCURRENCY = 8
INVOICES, QUICK_INVOICES = 1_000, 100
_CALLS = 3
_CORES_FOR_TWO_WORKERS = 4
_ROOT = Path(__file__).parent.parent
_SUPPORT = Path(__file__).parent / "support"
_LEFT_OUT = (
    "TLS, receiving the invoices and making their pages (they are there before the clock starts, as"
    " in an installation that received them minutes ago), the start of the process, the CPU time of"
    " PostgreSQL's own processes"
)


class Exporter:
    """A running document side that obeys lines, as `support/exporter.py` says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        if self._line() != "ready":
            raise SystemExit("the exporter did not start")

    def ask(self, command: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._line())
        return answer

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def _exporter(environment: dict[str, str]) -> Iterator[Exporter]:
    process = subprocess.Popen(
        [sys.executable, str(_SUPPORT / "exporter.py"), "run"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        yield Exporter(process)
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()


def _counts(stub: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{stub}/counts", timeout=10) as answer:
        counts: dict[str, Any] = json.load(answer)
        return counts


def _measure(
    folder: Path,
    database_url: str,
    invoices: int,
    workers: int,
    *,
    pages: bool = True,
    latency: int = LATENCY_MS,
) -> dict[str, Any]:
    """Deliver `invoices` by `workers` processes on a fresh data folder and a fresh stub.

    Their `pages` are there before, or each delivery makes its own.
    """
    environment = {
        **os.environ,
        **compiled_environment(_ROOT / "src" / "ionport"),
        "PYTHONPATH": str(_ROOT / "src"),
        "IONPORT_DATA": str(folder),
        "IONPORT_DATABASE_URL": database_url,
        "IONPORT_EXPORT_CONCURRENCY": str(CONCURRENCY),
        "IONPORT_LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, str(_SUPPORT / "infor_stub.py"), str(latency)]
    with serving(command, r"port (\d+)") as port, ExitStack() as stack:
        stub = f"http://127.0.0.1:{port}"
        prepare = [sys.executable, str(_SUPPORT / "exporter.py"), "prepare", stub, str(invoices)]
        subprocess.run(prepare, env=environment, check=True)
        made = _make_pages(environment, invoices) if pages else {}
        exporters = [stack.enter_context(_exporter(environment)) for _number in range(workers)]
        others = exporters[1:]
        before = sum(each.ask("cpu")["cpu"] for each in others)
        began = exporters[0].ask("export")
        ended = exporters[0].ask("wait")
        beside = sum(each.ask("cpu")["cpu"] for each in others) - before
        counts = _counts(stub)
    seconds = ended["at"] - began["at"]
    ideal = invoices * _CALLS * latency / 1000 / CONCURRENCY / workers
    return made | {
        "workers": workers,
        "latency_ms": latency,
        "documents_a_minute": round(invoices / seconds * 60),
        "seconds": round(seconds, 2),
        "ideal_seconds": round(ideal, 2),
        "ratio": round(seconds / ideal, 2) if ideal else None,
        "cpu_ms_per_delivery": round((ended["cpu"] - began["cpu"] + beside) * 1000 / invoices, 1),
        "statuses": ended["statuses"],
        "calls": counts["calls"],
        "exactly_once": ended["statuses"] == {"delivered": invoices}
        and counts["items"] == counts["messages"] == invoices
        and counts["twice"] == 0,
    }


def _make_pages(environment: dict[str, str], invoices: int) -> dict[str, Any]:
    command = [sys.executable, str(_SUPPORT / "exporter.py"), "pages"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    made = json.loads(done.stdout)
    if made["pages"] != invoices:
        raise SystemExit(f"{made['pages']} pages were made of {invoices} invoices")
    return {"cpu_ms_per_page": round(made["cpu"] * 1000 / invoices, 1)}


def _two_workers(one: dict[str, Any], measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Measure two workers against one, where there are cores for them."""
    cores = len(os.sched_getaffinity(0))
    if cores < _CORES_FOR_TWO_WORKERS:
        reason = f"needs {_CORES_FOR_TWO_WORKERS} cores, this machine has {cores}"
        return {"skipped": reason}
    two = measure()
    return {**two, "times_one": round(one["seconds"] / two["seconds"], 2)}


def _run(databases: list[str], invoices: int) -> dict[str, Any]:
    result: dict[str, Any] = {"invoices": invoices}
    with tempfile.TemporaryDirectory(prefix="ionport-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        if "sqlite" in databases:
            result["sqlite"] = _measure(folder / "sqlite", "", invoices, 1)
            result["sqlite"]["without_pages"] = _measure(
                folder / "bare", "", QUICK_INVOICES, 1, pages=False
            )
        if "postgresql" in databases:
            create = stack.enter_context(postgresql(folder))
            one = _measure(folder / "one", create("one"), invoices, 1)
            result["postgresql"] = one
            one["without_pages"] = _measure(
                folder / "bare-one", create("bare"), QUICK_INVOICES, 1, pages=False
            )
            result["two_workers"] = _two_workers(
                one, lambda: _measure(folder / "two", create("two"), invoices, 2)
            )
    return result


def _scale(invoices: int, *, quick: bool) -> Iterator[dict[str, Any]]:
    """Measure every latency with SQLite and with workers on PostgreSQL, each on fresh data."""
    latencies, workers_of = (LATENCIES_MS[1:2], WORKERS[:2]) if quick else (LATENCIES_MS, WORKERS)
    with tempfile.TemporaryDirectory(prefix="ionport-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        create = stack.enter_context(postgresql(folder))
        for latency in latencies:
            for workers in (0, *workers_of):
                key = f"scale_{latency}_{workers}"
                url = create(key) if workers else ""
                got = _measure(folder / key, url, invoices, workers or 1, latency=latency)
                yield {"database": "postgresql" if workers else "sqlite", **got}


def _print_row(row: dict[str, Any]) -> None:
    ratio = "-" if row["ratio"] is None else f"{row['ratio']:.2f}"
    print(
        f"  {row['latency_ms']:>4} ms  {row['database']:<11} {row['workers']:>6}"
        f"  {row['documents_a_minute']:>13,}  {ratio:>5}  {row['cpu_ms_per_delivery']:>15}"
        f"  {'yes' if row['exactly_once'] else 'NO'}",
        flush=True,
    )


def _passed(result: dict[str, Any], databases: list[str]) -> bool:
    two = result.get("two_workers", {})
    return (
        all(result[name]["ratio"] <= FLOOR and result[name]["exactly_once"] for name in databases)
        and two.get("times_one", TWO_WORKERS_FLOOR) >= TWO_WORKERS_FLOOR
        and two.get("exactly_once", True)
    )


def _run_scale(invoices: int, *, quick: bool, as_json: bool) -> int:
    cores = len(os.sched_getaffinity(0))
    if not as_json:
        print(
            f"{invoices:,} invoices, IDM + BOD, concurrency {CONCURRENCY} in each worker; {cores}"
            f" cores for workers, PostgreSQL and the stub; load {os.getloadavg()[0]:.1f}\n"
            "  latency  database    workers  documents/min  ratio  CPU ms/document  once"
        )
    rows = []
    for row in _scale(invoices, quick=quick):
        rows.append(row)
        if not as_json:
            _print_row(row)
    if as_json:
        print(json.dumps({"invoices": invoices, "rows": rows, "left_out": _LEFT_OUT}))
    elif cores < _CORES_FOR_TWO_WORKERS:
        print(f"  two workers against one: skipped (needs {_CORES_FOR_TWO_WORKERS} cores)")
    return 0 if all(row["exactly_once"] for row in rows) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help=f"under 50 seconds: {QUICK_INVOICES} invoices"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit 1 beyond the floor")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument(
        "--scale",
        action="store_true",
        help=f"instead: latency {LATENCIES_MS} ms with SQLite and {WORKERS} workers on PostgreSQL",
    )
    parser.add_argument("--invoices", type=int, default=0, help="how many, with --scale")
    options = parser.parse_args()
    if options.scale:
        invoices = options.invoices or (QUICK_INVOICES if options.quick else INVOICES)
        return _run_scale(invoices, quick=options.quick, as_json=options.json)
    both = ["sqlite", "postgresql"]
    databases = both if options.database == "both" else [options.database]
    result = _run(databases, QUICK_INVOICES if options.quick else INVOICES)
    result |= {"floor": FLOOR, "goal": GOAL, "left_out": _LEFT_OUT}
    if options.json:
        print(json.dumps(result))
    else:
        _print(result, databases)
    passed = _passed(result, databases)
    if not options.json or options.check:
        worst = max(result[name]["ratio"] for name in databases)
        verdict = "" if passed else "BEYOND THE FLOOR"
        print(f"ratio {worst:.2f} (floor {FLOOR} of the ideal time)", verdict)
    return 1 if options.check and not passed else 0


def _print(result: dict[str, Any], databases: list[str]) -> None:
    print(
        f"{result['invoices']:,} invoices (the budget is for {INVOICES:,}), IDM + BOD,"
        f" {LATENCY_MS} ms per call, concurrency {CONCURRENCY}"
    )
    for name in databases:
        got = result[name]
        calls = ", ".join(f"{number} {kind}" for kind, number in got["calls"].items())
        once = "each exactly once" if got["exactly_once"] else f"NOT ONCE: {got['statuses']}"
        print(
            f"  {name:<11} {got['seconds']:>6.2f} s, ideal {got['ideal_seconds']} s, ratio"
            f" {got['ratio']:.2f} (goal {GOAL}); {got['cpu_ms_per_delivery']} ms of CPU time per"
            f" delivery (goal {CPU_GOAL_MS})\n{'':14}{calls}; {once}"
        )
        bare = got["without_pages"]
        print(
            f"{'':14}a page made before: {got['cpu_ms_per_page']} ms of CPU time;"
            f" {QUICK_INVOICES} deliveries that make their own: ratio {bare['ratio']:.2f},"
            f" {bare['cpu_ms_per_delivery']} ms"
        )
    two = result.get("two_workers")
    if two and "skipped" in two:
        print(f"  two workers: skipped ({two['skipped']})")
    elif two:
        print(f"  two workers: {two['times_one']} x one (floor {TWO_WORKERS_FLOOR})")
    print(f"left out: {result['left_out']}")


if __name__ == "__main__":
    sys.exit(main())
