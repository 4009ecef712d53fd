"""Reads both sides' databases, apart from their processes: what arrived, and what we know of it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from ionport.exports.tables import deliveries
from ionport.store import Database


class Infor:
    """What stands in the Infor side's own tables."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ionport.db"

    def _rows(self, sql: str) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchall()

    def items(self) -> Counter[str]:
        """How many IDM items bear each correlation id."""
        return Counter(
            row[0]
            for row in self._rows(
                "SELECT a.value FROM idm_items i JOIN idm_attributes a ON a.item_number = i.number"
                " WHERE a.name = 'BOD_AlternateDocumentID_1'"
            )
        )

    def messages(self) -> Counter[str]:
        """How often ION kept each message: once, whatever came."""
        return Counter(row[0] for row in self._rows("SELECT message_id FROM ion_messages"))

    def arrivals(self) -> Counter[str]:
        """How often each message id came."""
        return Counter(
            row[0]
            for row in self._rows(
                "SELECT m.message_id FROM ion_arrivals a JOIN ion_messages m ON a.message = m.id"
            )
        )

    def m3_heads(self) -> Counter[str]:
        """How many heads in M3 bear each correlation id."""
        return Counter(
            row[0]
            for row in self._rows(
                "SELECT fields ->> '$.CORI' FROM m3_records WHERE file = 'supplier invoice'"
            )
        )

    def m3_lines(self) -> Counter[str]:
        """How many lines the invoice of each correlation id has in M3."""
        return Counter(
            row[0]
            for row in self._rows(
                "SELECT h.fields ->> '$.CORI' FROM m3_records l JOIN m3_records h"
                " ON h.file = 'supplier invoice' AND h.fields ->> '$.INBN' = l.fields ->> '$.INBN'"
                " WHERE l.file = 'supplier invoice line'"
            )
        )

    def ln_invoices(self) -> Counter[str]:
        """How many invoices in LN bear each correlation id."""
        return Counter(
            row[0]
            for row in self._rows(
                "SELECT header ->> '$.DocumentIDExternalPackage' FROM ln_invoices"
            )
        )

    def differing_arrivals(self) -> int:
        return int(self._rows("SELECT count(*) FROM ion_arrivals WHERE NOT is_identical")[0][0])


class Ledger:
    """What stands in the document side's ledger."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self._database.read() as work:
            return [tuple(row) for row in work.connection.execute(text(sql))]

    def statuses(self) -> Counter[str]:
        return Counter(row[0] for row in self.rows("SELECT status FROM deliveries"))

    def all_delivered(self) -> bool:
        return set(self.statuses()) == {"delivered"}

    def correlation_ids(self) -> set[str]:
        return {row[0] for row in self.rows("SELECT correlation_id FROM deliveries")}

    def message_ids(self) -> set[str]:
        return {row[0] for row in self.rows("SELECT message_id FROM deliveries")}

    def sent_without_answer(self) -> list[tuple[Any, ...]]:
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

    def latest_due(self, error_code: str) -> datetime | None:
        """When the last of the deliveries that wait for this reason is due."""
        query = select(func.max(deliveries.c.due_at)).where(
            deliveries.c.status == "waiting", deliveries.c.error_code == error_code
        )
        with self._database.read() as work:
            found: datetime | None = work.connection.execute(query).scalar()
        return found

    def unfinished(self) -> list[tuple[Any, ...]]:
        """What there is to say about deliveries that are not delivered."""
        return self.rows(
            "SELECT id, status, error_code, error_text, worker_id, runs, due_at FROM deliveries"
            " WHERE status <> 'delivered' LIMIT 20"
        )

    def close(self) -> None:
        self._database.close()


def assert_posted_exactly_once(infor: Infor, ledger: Ledger) -> None:
    """Assert that each delivery of the ledger made one item and one message, and nothing else."""
    assert ledger.all_delivered(), ledger.unfinished()
    wanted = ledger.correlation_ids()
    found = infor.items()
    assert {key: found[key] for key in wanted} == dict.fromkeys(wanted, 1)
    messages, arrivals = infor.messages(), infor.arrivals()
    sent = ledger.message_ids()
    assert {key: messages[key] for key in sent} == dict.fromkeys(sent, 1)
    repeated = {key for key in sent if arrivals[key] > 1}
    assert repeated <= ledger.once_unknown("ion_publish")
    assert infor.differing_arrivals() == 0
    unfinished = ledger.rows(
        "SELECT kind, status FROM delivery_steps WHERE status NOT IN ('done', 'skipped')"
    )
    assert unfinished == []
    # ION cannot be asked what arrived: there a lost answer stays unknown, and the same bytes
    # went again under the same message id.
    open_attempts = ledger.rows(
        "SELECT step, state FROM delivery_attempts WHERE state IN ('sent', 'unknown')"
    )
    assert set(open_attempts) <= {("ion_publish", "unknown")}
    assert ledger.rows("SELECT id FROM documents WHERE status <> 'exported'") == []
