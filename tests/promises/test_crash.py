"""Whatever is killed, sleeps or is cut off: every document arrives, and none arrives twice.

The Infor side's *own* tables are counted. `IONPORT_CHAOS_DOCUMENTS` makes the test longer (`make
chaos`); a seed that is printed repeats its choices.
"""

from __future__ import annotations

import os
import threading
from functools import partial
from pathlib import Path

import pytest

from ionport.exports.timing import ExportTiming
from tests.promises.chaos import Trouble, finish
from tests.promises.conftest import Installer
from tests.promises.counting import assert_posted_exactly_once
from tests.promises.infor import Target
from tests.promises.proportion import Proportion
from tests.promises.wire import PUBLISH, Wire, passed_on
from tests.promises.workers import Workers
from tests.support import databases, sides
from tests.support.intermediary import Call

DOCUMENTS = int(os.environ.get("IONPORT_CHAOS_DOCUMENTS") or 24)
# Every kind of trouble once, and in the long form again and again.
TROUBLE = max(8, DOCUMENTS // 10)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_whatever_is_killed_sleeps_or_is_cut_off_each_document_arrives_once(
    kind: str, tmp_path: Path, install: Installer, crew: Workers, seed: int
) -> None:
    infor = Target(crew, tmp_path / "infor")
    with Wire(infor.url) as wire:
        installation = install(kind, infor.credentials_through(wire))
        trouble = Trouble(seed, crew, installation, infor, wire)
        try:
            with trouble.workers_running():
                trouble.make(TROUBLE, DOCUMENTS)
                finish(installation.ledger)
        finally:
            print("trouble:", *trouble.told)
        assert_posted_exactly_once(infor.counts, installation.ledger)
        here, production = Proportion().takeover, ExportTiming().takeover
        print(f"takeover of a call that was sent: {here:g} s, in production {production:g} s")
        assert production <= 240
        print(f"kills between Infor's commit and our record: {trouble.in_the_gap}")
        assert trouble.in_the_gap > 0


def test_losing_the_workflow_engines_database_in_mid_run_loses_nothing(
    target: Target, install: Installer, crew: Workers
) -> None:
    with Wire(target.url) as wire:
        installation = install("postgresql", target.credentials_through(wire))
        installation.export(20)
        # Most deliveries wait at Infor until the database is gone, however quick they are.
        is_gone = threading.Event()
        for number in range(20):
            wire.on(PUBLISH, passed_on if number < 5 else partial(_held_until, is_gone))
        ledger = installation.ledger
        worker = crew.start(installation.folder, installation.database_url)
        assert sides.until(lambda: ledger.statuses()["delivered"] >= 3)
        databases.drop_postgresql_schema(installation.database_url, "dbos")
        assert ledger.statuses()["delivered"] < 20, "too late: everything was delivered"
        is_gone.set()
        finish(ledger)
        worker.stop()
        assert_posted_exactly_once(target.counts, ledger)


def _held_until(event: threading.Event, call: Call) -> None:
    event.wait(sides.PATIENCE)
    passed_on(call)
