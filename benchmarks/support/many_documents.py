"""How much longer lists, tiles, search and export take with many documents than with ten.

Two installations are asked the same things by turns: one has ten documents, the other many. The
rows of the many are inserted; the documents that are exported were received.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from benchmarks.support.exporter import prepare
from ionport.application import Application, open_application
from ionport.documents.listing.model import ListQuery
from ionport.documents.model import DocumentFilter
from ionport.documents.tables import documents
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.settings import Settings, Side
from ionport.store import OrganizationScope

FLOOR, GOAL = 3.0, 1.5
_FEW = 10
_TURNS, _EXPORTS = 60, 8
_NOWHERE = "https://127.0.0.1:1"
# Each status by turns.
_STATUSES = ("validated_pending_export", "ready_for_validation", "export_error", "exported")
_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
_AT_ONCE = 5_000


def measure_growth(
    folder: Path, many: int, new_database: Callable[[str], str] | None = None
) -> dict[str, Any]:
    """Return the milliseconds of each with few and with `many` documents, and the worst ratio.

    `new_database` makes a database of a name and returns its URL; without it, SQLite.
    """
    places = {}
    for count in (_FEW, many):
        url = new_database(f"documents_{count}") if new_database else ""
        places[count] = _open(Settings(data=folder / str(count), database_url=url), count)
    figures: dict[str, Any] = {}
    for name in ("list", "tiles", "search", "enqueue"):
        turns = {count: _turns(name, application, count) for count, application in places.items()}
        times: dict[int, list[float]] = {count: [] for count in places}
        for _turn in range(_EXPORTS if name == "enqueue" else _TURNS):
            for count, turn in turns.items():
                ask = next(turn)
                started = time.perf_counter()
                ask()
                times[count].append(time.perf_counter() - started)
        few, more = (min(times[count]) * 1000 for count in (_FEW, many))
        figures[name] = {
            "few_ms": round(few, 3),
            "many_ms": round(more, 3),
            "ratio": round(more / few, 2),
        }
    for application in places.values():
        application.close()
    worst = max(each["ratio"] for each in figures.values())
    return {"many": many, "growth": figures, "growth_ratio": worst}


def _open(settings: Settings, count: int) -> Application:
    application = open_application(dataclasses.replace(settings, side=Side.DOCUMENTS))
    prepare(application, _NOWHERE, _EXPORTS)
    organization, last = application.organization.id, count - _EXPORTS
    for first in range(1, last + 1, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, last + 1))
        with application.database.write() as work:
            work.connection.execute(insert(documents), [_row(organization, n) for n in numbers])
    with application.database.write() as work:
        work.connection.exec_driver_sql("ANALYZE")
    return application


def _row(organization: str, n: int) -> dict[str, Any]:
    """Return a document a minute after the one before, with a number as invoices have them."""
    number, name, document = f"RE-2025-{_number(n)}", f"invoice {n}.xml", f"doc_0{n:07}"
    supplier, created = f"Supplier {n % 500}", _FIRST + timedelta(minutes=n)
    return {
        "id": document,
        "organization_id": organization,
        "document_type": "INVOICE",
        "filename": name,
        "mime_type": "application/xml",
        "size_bytes": 1000,
        "content_sha256": f"sha{n}",
        "status": _STATUSES[n % len(_STATUSES)],
        "fields": {},
        "tables": {},
        "number": number,
        "supplier_name": supplier,
        "invoice_date": "2025-05-05",
        "due_date": "2025-06-05",
        "purchase_order": f"PO-{n % 5000}",
        "supplier_id": f"{n % 500}",
        "total_amount": f"{n % 9000}.50",
        "total_net_amount": f"{n % 9000}.00",
        "currency": "EUR",
        "number_key": number.lower(),
        "total_number": n % 9000 + 0.5,
        "net_number": n % 9000,
        "open_findings": 0,
        "search_text": "\n".join((name, document, number.lower(), supplier.lower())),
        "created_at": created,
        "created_by": "benchmark",
        "updated_at": created,
    }


def _number(n: int) -> str:
    """Return seven digits that no other document has, in no order."""
    return f"{n * 7777777 % 9999991:07}"


def _turns(name: str, application: Application, count: int) -> Iterator[Callable[[], None]]:
    """Yield what is measured; reading, so that nothing waits for the disk but an export."""
    side, scope = application.documents, OrganizationScope(application.organization.id)
    assert side is not None
    service, deliveries, actor = side.documents, side.deliveries, Actor.operator("benchmark")
    with application.database.read() as work:
        query = text("SELECT id FROM documents WHERE id LIKE 'doc\\_01%' ESCAPE '\\'")
        received = list(work.connection.execute(query).scalars())[:_EXPORTS]

    def page(query: ListQuery) -> None:
        with application.database.read() as work:
            assert service.browse(work.within(scope), query).items

    def tiles() -> None:
        with application.database.read() as work:
            assert service.counts(work.within(scope)).total >= count

    for number in range(_EXPORTS if name == "enqueue" else _TURNS):
        if name == "list":
            # As many rows at both sizes.
            yield lambda: page(ListQuery(limit=_FEW))
        elif name == "tiles":
            yield tiles
        elif name == "search":
            # A part that one number has, at both sizes.
            part = _number(1 + number % (_FEW - _EXPORTS))[2:]
            yield lambda part=part: page(ListQuery(DocumentFilter(text=part)))
        else:
            document = received[number]

            def export(document: str = document) -> None:
                with application.database.write() as work:
                    assert deliveries.export(Access(work, scope, actor), document)

            yield export
