"""A worker in a process of its own: runs deliveries until it is killed.

Arguments: database URL, folder of the stored files. The key ring comes on stdin.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ionport.core.clock import SystemClock
from ionport.core.sealing import KeyRing
from ionport.exports.engine.queues.port import EngineOptions
from ionport.exports.engine.setup import build_engine
from ionport.store import Database
from tests.support.exporting import QUICK, document_side

BRISK = EngineOptions(poll=0.05, sweep=0.2, shortest_sweep=0.02, leases=0.1, health=0.2)


def main() -> None:
    database = Database(sys.argv[1])
    clock = SystemClock()
    folder = Path(sys.argv[2])
    side = document_side(database, folder, clock, KeyRing.from_text(sys.stdin.read()))
    engine = build_engine(
        database, side.runner(QUICK), clock, folder.parent, concurrency=4, options=BRISK
    )
    engine.launch()
    print("runs", flush=True)
    while True:
        time.sleep(1)


if __name__ == "__main__":
    main()
