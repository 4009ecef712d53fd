"""The document side is killed again and again; nothing is lost and nothing is posted twice.

The Infor side is another process with a data folder of its own and is never killed: *its* tables
are counted. A kill "fell in the gap" when, at that moment, Infor held the effect of a call whose
attempt our ledger still had as `sent`: the case that loses or doubles an invoice in systems that
do not look.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from ionport.settings import Side
from ionport.store import Database
from ionport.wiring import open_house
from tests.support import sides
from tests.support.databases import drop_postgresql_schema

INVOICES = 100
KILLS_IN_THE_GAP = 5
_MAX_KILLS = 60


class Infor:
    """Reads the Infor side's database, apart from its process."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ionport.db"

    def _rows(self, sql: str) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchall()

    def correlation_ids(self) -> list[str]:
        """One entry for each IDM item."""
        return [
            row[0]
            for row in self._rows(
                "SELECT a.value FROM idm_items i JOIN idm_attributes a ON a.item_number = i.number"
                " WHERE a.name = 'BOD_AlternateDocumentID_1'"
            )
        ]

    def item_count(self) -> int:
        return int(self._rows("SELECT count(*) FROM idm_items")[0][0])

    def arrivals(self) -> Counter[str]:
        """How often each message id came."""
        return Counter(
            row[0]
            for row in self._rows(
                "SELECT m.message_id FROM ion_arrivals a JOIN ion_messages m ON a.message = m.id"
            )
        )

    def messages(self) -> list[str]:
        return [row[0] for row in self._rows("SELECT message_id FROM ion_messages")]

    def differing_arrivals(self) -> int:
        return int(self._rows("SELECT count(*) FROM ion_arrivals WHERE NOT is_identical")[0][0])


class Ledger:
    """Reads the document side's ledger, apart from its process."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)

    def rows(self, sql: str) -> list[tuple[str, ...]]:
        with self._database.read() as work:
            return [tuple(row) for row in work.connection.execute(text(sql))]

    def statuses(self) -> Counter[str]:
        return Counter(row[0] for row in self.rows("SELECT status FROM deliveries"))

    def sent_without_answer(self) -> list[tuple[str, ...]]:
        """(step, correlation id, message id) of each call under way."""
        return self.rows(
            "SELECT a.step, d.correlation_id, d.message_id FROM delivery_attempts a"
            " JOIN deliveries d ON d.id = a.delivery_id WHERE a.state = 'sent'"
        )

    def once_unknown(self, step: str) -> set[str]:
        """Message ids of deliveries with an attempt at `step` whose answer was lost."""
        return {
            row[0]
            for row in self.rows(
                "SELECT d.message_id FROM delivery_attempts a JOIN deliveries d"
                f" ON d.id = a.delivery_id WHERE a.step = '{step}'"
                " AND CAST(a.history AS text) LIKE '%unknown%'"
            )
        }

    def close(self) -> None:
        self._database.close()


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    chosen = int(request.config.getoption("--crash-seed") or time.time_ns() % 1_000_000)
    print(f"crash seed: {chosen} (repeat with --crash-seed={chosen})")
    return chosen


@pytest.fixture
def infor(tmp_path: Path) -> Iterator[tuple[Infor, sides.Process]]:
    folder = tmp_path / "infor"
    with sides.infor_process(folder) as process:
        yield Infor(folder), process


def test_kills_at_random_points_lose_nothing_and_post_nothing_twice(
    tmp_path: Path, database_url: str, infor: tuple[Infor, sides.Process], seed: int
) -> None:
    target, infor_process = infor
    folder = tmp_path / "documents"
    url = database_url if database_url.startswith("postgresql") else ""
    _prepare(folder, url, sides.make_credentials(tmp_path / "infor", infor_process.url))
    ledger = Ledger(database_url if url else f"sqlite:///{folder / 'ionport.db'}")

    in_the_gap = _kill_until_delivered(random.Random(seed), folder, url, ledger, target)

    _assert_posted_exactly_once(target, ledger)
    ledger.close()
    print(f"kills that fell between a remote commit and our record: {in_the_gap}")
    assert in_the_gap >= KILLS_IN_THE_GAP


def _prepare(folder: Path, url: str, credentials: tuple[str, bytes]) -> None:
    house = open_house(sides.settings_of(folder, Side.DOCUMENTS, url))
    sides.configure_export(house, credentials)
    sides.export_all(house, sides.add_invoices(house, INVOICES))
    house.close()


def _kill_until_delivered(
    chance: random.Random, folder: Path, url: str, ledger: Ledger, target: Infor
) -> int:
    in_the_gap = 0
    for _round in range(_MAX_KILLS):
        process = sides.document_process(folder, url)
        before = target.item_count() + sum(target.arrivals().values())
        # Some kills at any moment, some just after Infor has committed something new.
        if chance.random() < 0.4:
            time.sleep(chance.uniform(0.0, 0.8))
        else:
            wanted = before + chance.randint(1, 12)
            sides.until(
                lambda wanted=wanted: (
                    target.item_count() + sum(target.arrivals().values()) >= wanted
                ),
                seconds=2,
                pause=0.001,
            )
        process.kill()
        in_the_gap += _fell_in_the_gap(ledger, target)
        if in_the_gap >= KILLS_IN_THE_GAP or ledger.statuses()["delivered"] == INVOICES:
            break
    process = sides.document_process(folder, url)
    try:
        done = sides.until(lambda: ledger.statuses()["delivered"] == INVOICES, seconds=180)
        assert done, ledger.rows(
            "SELECT id, status, error_code, error_text, worker_id, runs, due_at FROM deliveries"
            " WHERE status <> 'delivered' LIMIT 20"
        )
    finally:
        process.stop()
    return in_the_gap


def _fell_in_the_gap(ledger: Ledger, target: Infor) -> bool:
    items, messages = set(target.correlation_ids()), set(target.messages())
    return any(
        (step == "idm_create" and correlation_id in items)
        or (step == "ion_publish" and message_id in messages)
        for step, correlation_id, message_id in ledger.sent_without_answer()
    )


def _assert_posted_exactly_once(target: Infor, ledger: Ledger) -> None:
    expected = sorted(row[0] for row in ledger.rows("SELECT correlation_id FROM deliveries"))
    assert sorted(target.correlation_ids()) == expected
    assert target.item_count() == INVOICES
    sent = sorted(row[0] for row in ledger.rows("SELECT message_id FROM deliveries"))
    assert sorted(target.messages()) == sent
    repeated = {message_id for message_id, count in target.arrivals().items() if count > 1}
    assert repeated <= ledger.once_unknown("ion_publish")
    assert target.differing_arrivals() == 0
    unfinished = ledger.rows(
        "SELECT kind, status FROM delivery_steps WHERE status NOT IN ('done', 'skipped')"
    )
    assert unfinished == []
    open_attempts = ledger.rows(
        "SELECT step, state FROM delivery_attempts WHERE state IN ('sent', 'unknown')"
    )
    # ION cannot be asked what arrived: there a lost answer stays unknown, and the same bytes
    # went again under the same message id.
    assert set(open_attempts) <= {("ion_publish", "unknown")}
    assert ledger.rows("SELECT id FROM documents WHERE status <> 'exported'") == []


def test_losing_the_workflow_engines_database_in_mid_run_loses_nothing(
    tmp_path: Path, database_url: str, infor: tuple[Infor, sides.Process]
) -> None:
    target, infor_process = infor
    folder = tmp_path / "documents"
    url = database_url if database_url.startswith("postgresql") else ""
    _prepare(folder, url, sides.make_credentials(tmp_path / "infor", infor_process.url))
    ledger = Ledger(database_url if url else f"sqlite:///{folder / 'ionport.db'}")
    process = sides.document_process(folder, url)
    try:
        assert sides.until(lambda: ledger.statuses()["delivered"] >= 10, seconds=60)
        _delete_engine_database(folder, url)
        assert ledger.statuses()["delivered"] < INVOICES, "too late: everything was delivered"
        assert sides.until(lambda: ledger.statuses()["delivered"] == INVOICES, seconds=120)
    finally:
        process.stop()
    _assert_posted_exactly_once(target, ledger)
    ledger.close()


def _delete_engine_database(folder: Path, url: str) -> None:
    if not url:
        removed = [path.unlink() for path in folder.glob("dbos.sqlite*")]
        assert removed
        return
    drop_postgresql_schema(url, "dbos")
