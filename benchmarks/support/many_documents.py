"""How much longer lists, tiles, search and export take with many documents than with ten.

Two data folders are asked the same things by turns: one has ten documents, the other many. The rows
of the many are written by one statement; the documents that are exported were received.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.support.exporter import prepare
from ionport.application import Application, open_application
from ionport.documents.listing.model import ListQuery
from ionport.documents.model import DocumentFilter
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.settings import Settings, Side
from ionport.store import OrganizationScope

FLOOR, GOAL = 3.0, 1.5
_FEW = 10
_TURNS, _EXPORTS = 60, 8
_NOWHERE = "https://127.0.0.1:1"
# Each status by turns, a minute apart, with numbers as invoices have them.
_FILL = """
WITH RECURSIVE numbered(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbered WHERE n < :count)
INSERT INTO documents (id, organization_id, document_type, filename, mime_type, size_bytes,
  content_sha256, status, fields, tables, number, supplier_name, invoice_date, total_amount,
  currency, number_key, total_number, open_findings, search_text, created_at, created_by,
  updated_at)
SELECT printf('doc_0%07d', n), :organization, 'INVOICE', printf('invoice %d.xml', n),
  'application/xml', 1000, printf('sha%d', n),
  CASE n % 4 WHEN 0 THEN 'validated_pending_export' WHEN 1 THEN 'ready_for_validation'
    WHEN 2 THEN 'export_error' ELSE 'exported' END,
  '{}', '{}', printf('RE-2025-%07d', n * 7777777 % 9999991),
  printf('Supplier %d', n % 500), '2025-05-05',
  printf('%d.50', n % 9000), 'EUR', printf('re-2025-%07d', n * 7777777 % 9999991),
  n % 9000 + 0.5, 0,
  printf('invoice %d.xml' || char(10) || 'doc_0%07d' || char(10) || 're-2025-%07d' || char(10)
    || 'supplier %d', n, n, n * 7777777 % 9999991, n % 500),
  1735689600000000 + n * 60000000, 'benchmark', 1735689600000000 + n * 60000000
FROM numbered
"""


def measure_growth(folder: Path, many: int) -> dict[str, Any]:
    """Return the milliseconds of each with few and with `many` documents, and the worst ratio."""
    places = {count: _open(folder / str(count), count) for count in (_FEW, many)}
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


def _open(folder: Path, count: int) -> Application:
    application = open_application(Settings(data=folder, side=Side.DOCUMENTS))
    prepare(application, _NOWHERE, _EXPORTS)
    with application.database.write() as work:
        organization = application.organization.id
        values = {"count": count - _EXPORTS, "organization": organization}
        work.connection.execute(text(_FILL), values)
    with application.database.write() as work:
        work.connection.exec_driver_sql("ANALYZE")
    return application


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
            part = f"{(1 + number % (_FEW - _EXPORTS)) * 7777777 % 9999991:07}"[2:]
            yield lambda part=part: page(ListQuery(DocumentFilter(text=part)))
        else:
            document = received[number]

            def export(document: str = document) -> None:
                with application.database.write() as work:
                    assert deliveries.export(Access(work, scope, actor), document)

            yield export
