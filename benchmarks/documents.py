"""How fast e-invoices come in: read with all terms, judged by the rules, kept with a commit.

Peer, in the same process, turn by turn: lxml parses each file and it is written and synced to the
disk, in one loop (no rules, no database, no look for duplicates). The figures are the best of the
turns of each, which other load disturbed least. The files are the samples
of 3 lines in UBL and CII, each with a number of its own; ours are received as
`ionport document receive FOLDER` receives them.

The peer's time is the disk's, ours the processor's: where an fsync takes a quarter of a millisecond
the ratio tells the processor alone. So the intake is also good enough at the design's 200 files a
second, as long as each of them was synced to a disk that syncs: the calls of fsync are counted, and
what one costs is measured in the same run.

And how lists, tiles, the search by a part of a number and the export of one document grow from ten
documents to 100,000, by the best of the turns at both, on SQLite and (but for --quick) PostgreSQL:
the floor and the goal are how many times as long the slowest of them may take.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, Self

from lxml import etree

_ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(_ROOT / "src"), str(_ROOT)]

from benchmarks.support.many_documents import FLOOR as GROWTH_FLOOR  # noqa: E402
from benchmarks.support.many_documents import GOAL as GROWTH_GOAL  # noqa: E402
from benchmarks.support.many_documents import measure_growth  # noqa: E402
from benchmarks.support.postgresql import postgresql  # noqa: E402
from ionport.application import open_application  # noqa: E402
from ionport.documents.intake.containers import ReceivedFile  # noqa: E402
from ionport.documents.samples import CII_INVOICE, UBL_INVOICE, read_sample  # noqa: E402
from ionport.identity.model import Actor  # noqa: E402
from ionport.settings import Settings, Side  # noqa: E402
from ionport.store import OrganizationScope  # noqa: E402

FLOOR, GOAL = 0.3, 0.6
GOAL_PER_SECOND = 200
_REAL_FSYNC_MS = 0.02
"""What an fsync costs at least on a disk; in memory it is a few microseconds at most."""
_MANY = 100_000
_NUMBERS = (b"RE-2026-0417", b"RE-2026-0418")
_LEFT_OUT = "start of the process and first use (20 files), PDFs, the upload's HTTP"


def _files(count: int, first: int) -> Iterator[ReceivedFile]:
    samples = [read_sample(UBL_INVOICE), read_sample(CII_INVOICE)]
    for number in range(first, first + count):
        content = samples[number % 2]
        for old in _NUMBERS:
            content = content.replace(old, f"B-{number:07}".encode())
        yield ReceivedFile(f"{number:07}.xml", content)


def _peer(files: list[ReceivedFile], folder: Path) -> tuple[float, float]:
    """Return how long it took, and how much of that was waiting for the disk."""
    started, synced = time.perf_counter(), 0.0
    for file in files:
        etree.fromstring(file.content)
        with (folder / file.name).open("wb") as target:
            target.write(file.content)
            target.flush()
            before = time.perf_counter()
            os.fsync(target.fileno())
            synced += time.perf_counter() - before
    return time.perf_counter() - started, synced


class _CountedSyncs:
    """Counts the calls of `os.fsync` while it is entered; threads write too."""

    def __init__(self) -> None:
        self._calls = itertools.count()
        self.made = 0

    def __enter__(self) -> Self:
        self._fsync = os.fsync

        def counted(descriptor: int) -> None:
            next(self._calls)
            self._fsync(descriptor)

        os.fsync = counted
        return self

    def __exit__(self, *_error: object) -> None:
        os.fsync = self._fsync
        self.made = next(self._calls)


def _measure(turns: int, each: int, folder: Path) -> dict[str, Any]:
    copies = folder / "peer"
    copies.mkdir()
    application = open_application(Settings(data=folder / "data", side=Side.DOCUMENTS))
    scope, actor = OrganizationScope(application.organization.id), Actor.operator()
    assert application.documents is not None
    receiver = application.documents.receiver

    def ours(files: list[ReceivedFile]) -> tuple[float, float]:
        started, used = time.perf_counter(), time.process_time()
        outcomes = list(receiver.receive(scope, actor, files))
        seconds, used = time.perf_counter() - started, time.process_time() - used
        assert all(outcome.document for outcome in outcomes), outcomes[0].error
        return seconds, used

    ours(list(_files(20, 0)))
    own, peer, processor, synced = [], [], [], []
    syncs = 0
    for turn in range(turns):
        files = list(_files(each, 1_000 + turn * each))
        with _CountedSyncs() as counted:
            seconds, used = ours(files)
        syncs += counted.made
        own.append(seconds)
        processor.append(used)
        seconds, waited = _peer(files, copies)
        peer.append(seconds)
        synced.append(waited)
    application.close()
    return {
        "files": turns * each,
        "per_second": round(each / min(own), 1),
        "peer_per_second": round(each / min(peer), 1),
        "processor_ms": round(min(processor) / each * 1000, 2),
        "peer_fsync_ms": round(synced[peer.index(min(peer))] / each * 1000, 2),
        "syncs_per_file": round(syncs / (turns * each), 2),
        "ratio": round(min(peer) / min(own), 2),
        "median_ratio": round(median(peer) / median(own), 2),
        "load": round(os.getloadavg()[0], 1),
    }


def _is_durable(result: dict[str, Any]) -> bool:
    """Tell whether each file was synced, and to a disk that takes a time for it."""
    return result["syncs_per_file"] >= 1 and result["peer_fsync_ms"] >= _REAL_FSYNC_MS


def _meets_goal(result: dict[str, Any]) -> bool:
    return _is_durable(result) and result["per_second"] >= GOAL_PER_SECOND


def _is_good_enough(result: dict[str, Any]) -> bool:
    return result["ratio"] >= FLOOR or _meets_goal(result)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="under 50 seconds: 300 files, SQLite")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit 1 below the floor")
    parser.add_argument("--folder", type=Path, help="where to write; default: beside this script")
    options = parser.parse_args()
    # A folder in memory would make the peer's fsync free.
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=options.folder or _ROOT) as folder:
        result = _measure(6 if options.quick else 20, 50, Path(folder))
        growth = {"sqlite": measure_growth(Path(folder) / "sqlite", _MANY)}
        if not options.quick:
            with postgresql(Path(folder)) as new_database:
                growth["postgresql"] = measure_growth(Path(folder) / "pg", _MANY, new_database)
    result |= {"floor": FLOOR, "goal": GOAL, "left_out": _LEFT_OUT}
    result |= {"goal_per_second": GOAL_PER_SECOND, "is_durable": _is_durable(result)}
    result |= {"growth": growth, "growth_floor": GROWTH_FLOOR, "growth_goal": GROWTH_GOAL}
    worst = max(each["growth_ratio"] for each in growth.values())
    grows, passed = worst <= GROWTH_FLOOR, _is_good_enough(result)
    if options.json:
        print(json.dumps(result))
    else:
        print(f"intake of {result['files']} e-invoices with commit, one process")
        print(
            f"  ours          {result['per_second']:>8} files/s,"
            f" {result['processor_ms']} ms of the processor for each"
        )
        print(
            f"  parse + fsync {result['peer_per_second']:>8} files/s,"
            f" of which fsync took {result['peer_fsync_ms']} ms for each"
        )
        print(
            f"  ours synced {result['syncs_per_file']} times for each file; goal"
            f" {GOAL_PER_SECOND} files/s with every file on the disk:",
            "met" if _meets_goal(result) else "not met",
        )
        print(f"  ratio of the medians {result['median_ratio']}")
        print(f"  load of the machine {result['load']}")
        print(f"left out: {result['left_out']}")
        for database, grown in growth.items():
            print(f"from 10 to {_MANY:,} documents on {database}, milliseconds")
            for name, figures in grown["growth"].items():
                few, many = figures["few_ms"], figures["many_ms"]
                print(f"  {name:<9}{few:>8.2f}{many:>8.2f}  x {figures['ratio']}")
        if options.quick:
            print("  PostgreSQL: left out by --quick")
    if not options.json or options.check:
        told = f"ratio {result['ratio']} (floor {FLOOR}), {result['per_second']} files/s"
        print(f"{told} (or {GOAL_PER_SECOND})", "" if passed else "BELOW BOTH")
        ratio = f"growth {worst} (at most {GROWTH_FLOOR})"
        print(ratio, "" if grows else "ABOVE THE LIMIT")
    return 1 if options.check and not (passed and grows) else 0


if __name__ == "__main__":
    sys.exit(main())
