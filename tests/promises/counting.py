"""Reads both sides' databases, apart from their processes: what arrived, and what we know of it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from ionport.exports.destinations import destination_of
from ionport.exports.model import ExportMethod
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

    def attempts(self) -> int:
        """How many attempts there are."""
        return int(self.rows("SELECT count(*) FROM delivery_attempts")[0][0])

    def lines(self) -> int:
        """How many lines the invoices of the tests have."""
        ((tables,),) = self.rows("SELECT tables FROM documents LIMIT 1")
        return len((json.loads(tables) if isinstance(tables, str) else tables)["INVOICE_TABLE"])

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


@dataclass(frozen=True, slots=True)
class Effect:
    """What a delivery leaves at Infor: how it is counted, by which of its ids; of each line?"""

    count: Callable[[Infor], Counter[str]]
    id: str = "correlation_id"
    of_lines: bool = False


_ITEM = Effect(Infor.items)
_MESSAGE = Effect(Infor.messages, "message_id")
_IN_M3 = (_ITEM, Effect(Infor.m3_heads), Effect(Infor.m3_lines, of_lines=True))
_EFFECTS = {
    ExportMethod.INFOR_IDM: (_ITEM,),
    ExportMethod.INFOR_ION_BOD: (_MESSAGE,),
    ExportMethod.INFOR_IDM_BOD: (_ITEM, _MESSAGE),
    ExportMethod.INFOR_IDM_M3: _IN_M3,
    ExportMethod.INFOR_IDM_M3_TOML: _IN_M3,
    ExportMethod.INFOR_IDM_LN: (_ITEM, Effect(Infor.ln_invoices)),
}


# What a document flow of the sandbox makes in M3 of a BOD, in its own time, bears its id too.
_OF_FLOWS = (ExportMethod.INFOR_ION_BOD, ExportMethod.INFOR_IDM_BOD)


def assert_effects_once(infor: Infor, ledger: Ledger) -> None:
    """Assert that each delivery has had every effect of its method once, and no other one."""
    rows = ledger.rows("SELECT method, correlation_id, message_id FROM deliveries")
    assert rows
    lines = ledger.lines()
    for effect in {each for effects in _EFFECTS.values() for each in effects}:
        found = effect.count(infor)
        times = lines if effect.of_lines else 1
        for name, correlation, message in rows:
            method = ExportMethod(name)
            if method in _OF_FLOWS and effect in _IN_M3[1:]:
                continue
            number = found[correlation if effect.id == "correlation_id" else message]
            assert number == times * (effect in _EFFECTS.get(method, ())), (effect, method)
    assert infor.differing_arrivals() == 0


def assert_posted_exactly_once(infor: Infor, ledger: Ledger) -> None:
    """Assert that each delivery of the ledger made one item and one message, and nothing else."""
    wanted = ledger.correlation_ids()
    found = infor.items()
    assert {key: found[key] for key in wanted} == dict.fromkeys(wanted, 1)
    messages, arrivals = infor.messages(), infor.arrivals()
    sent = ledger.message_ids()
    assert {key: messages[key] for key in sent} == dict.fromkeys(sent, 1)
    repeated = {key for key in sent if arrivals[key] > 1}
    assert repeated <= ledger.once_unknown("ion_publish")
    assert infor.differing_arrivals() == 0
    assert_ledger_complete(ledger)


def assert_takeovers_waited(ledger: Ledger, takeover: float) -> int:
    """Assert that whoever took over a call that was sent had waited so many seconds; how many.

    Told by the wall clocks of both workers, which must not have been stepped.
    """
    waits = []
    for (history,) in ledger.rows("SELECT history FROM delivery_attempts"):
        changes = json.loads(history) if isinstance(history, str) else history
        for (_state, begin, _note), (_lost, end, why) in pairwise(changes):
            if "fell silent" in str(why):
                waits.append(datetime.fromisoformat(end) - datetime.fromisoformat(begin))
    assert all(each.total_seconds() >= takeover for each in waits), waits
    return len(waits)


def assert_ledger_complete(ledger: Ledger) -> None:
    """Assert that nothing is left to do, and no call open but what its target cannot be asked."""
    assert ledger.all_delivered(), ledger.unfinished()
    unfinished = ledger.rows(
        "SELECT kind, status FROM delivery_steps WHERE status NOT IN ('done', 'skipped')"
    )
    assert unfinished == []
    # Where the target cannot be asked what arrived, a lost answer stays unknown, and the same bytes
    # went again.
    asked = {
        call.kind
        for method in ExportMethod
        for call in destination_of(method).calls
        if call.look_up is not None
    }
    open_attempts = ledger.rows(
        "SELECT step, state FROM delivery_attempts WHERE state IN ('sent', 'unknown')"
    )
    assert all(state == "unknown" and step not in asked for step, state in open_attempts)
    assert ledger.rows("SELECT id FROM documents WHERE status <> 'exported'") == []
    lost = "SELECT count(*) FROM delivery_attempts WHERE CAST(history AS text) LIKE '%unknown%'"
    print(
        f"{ledger.statuses().total()} delivered by {ledger.attempts()} attempts,"
        f" of which {ledger.rows(lost)[0][0]} had no answer"
    )
