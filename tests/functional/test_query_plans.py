"""Pages answer from indexes at 100,000 rows, with a known number of statements.

What a page asks is taken from the page itself, and SQLite is asked how it would find the answer.
No page reads one of the filled tables whole. Where one sorts its rows in memory, or asks more
often, that stands here: what does not must not come.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import literal, literal_column

from ionport.core.clock import MovableClock
from ionport.documents.model import DocumentSort, DocumentStatus
from ionport.mappings.model import MappingKind, MappingSort
from ionport.store import metadata
from tests.support.many_rows import fill, number, one_of, text_of
from tests.support.sides import until
from tests.support.statements import statements_of
from tests.support.whole import Site, site_on

ROWS = 100_000
FILLED = (
    "documents",
    "document_search",
    "deliveries",
    "sandbox_calls",
    "audit_log",
    "mapping_files",
    "mapping_versions",
)
MAPPINGS = "/settings/mapping-files"
INSPECTOR = "/ion-api/{tenant}/inspector"
_SCAN = re.compile(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX \w+)?")

_OF_OWNER = re.compile(rf"SEARCH ({'|'.join(FILLED)}) .*\((organization_id|tenant_id)=\?\)$")


@dataclass(frozen=True, slots=True)
class Page:
    """A page, how many statements it takes at most, and the filled tables it sorts in memory.

    What a page `of_one` thing asks must not grow with what else the organization has.
    """

    path: str
    most: int
    sorts: tuple[str, ...] = ()
    of_one: bool = False


PAGES = (
    # The causes are sorted by their numbers: a few groups, and not the deliveries.
    Page("/dashboard", 25, ("deliveries",)),
    Page("/documents", 10),
    Page("/documents?last=yes", 10),
    Page("/documents?status=exported", 10),
    Page("/documents?status=approval", 10),
    Page("/documents?status=exported&sort=filename", 10),
    Page("/documents?status=exported&sort=total_amount&last=yes", 10),
    # Few have it: these are found by their ids and sorted.
    Page("/documents?q=number+99999", 11),
    Page("/documents?q=number+99999&sort=filename", 11),
    # Nearly all have it.
    Page("/documents?q=number", 11),
    Page("/documents?q=r-", 11),
    Page("/documents?time=30&sort=filename", 11, ("documents",)),
    # An order, a supplier and a day have few documents, which are found and sorted; half of all are
    # due from May on.
    Page("/documents?purchase_order=PO-77", 11, ("documents",)),
    Page("/documents?purchase_order=PO-77&status=exported&sort=filename", 11, ("documents",)),
    Page("/documents?supplier_id=77&time=custom&from=2026-01-01", 11, ("documents",)),
    Page("/documents?due_from=2026-02-02&due_to=2026-02-02&sort=due_date", 11, ("documents",)),
    Page("/documents?due_from=2026-05-01&sort=total_amount", 11),
    Page("/documents?due_from=2026-05-01&status=exported", 11),
    *(
        Page(f"/documents?sort={sort}&dir={direction}", 10)
        for sort in DocumentSort
        for direction in ("asc", "desc")
    ),
    # Five say who asks; what the invoice is drawn from is read once.
    Page("/documents/{document}", 13, of_one=True),
    # One statement asks which connections are paused: the list says so above its rows.
    Page("/deliveries", 13),
    Page("/deliveries?status=failed", 13),
    Page("/deliveries?from=2026-01-01&to=2026-01-31", 13),
    # The groups are sorted by their numbers, and not the deliveries. One statement asks which of
    # the shown deliveries have a call about which a person decides.
    Page("/export-errors", 9, ("deliveries",)),
    Page("/deliveries?q=invoice-99999", 13),
    Page("/deliveries?sort=updated", 13, ("deliveries",)),
    Page("/deliveries?sort=document", 13, ("deliveries",)),
    # One of them says of what type the document is: who sees payloads depends on it.
    Page("/deliveries/dlv_many_77", 13, of_one=True),
    Page(INSPECTOR, 7),
    Page(f"{INSPECTOR}?status=failed", 7),
    Page(f"{INSPECTOR}?service=M3", 7),
    Page(f"{INSPECTOR}?q=99999", 7),
    Page(f"{INSPECTOR}/calls/call_many_77", 7, of_one=True),
    Page("/settings/export", 12),
    Page(MAPPINGS, 8),
    Page(f"{MAPPINGS}?q=mapping-99999", 8),
    Page(f"{MAPPINGS}?kind=m3", 8),
    Page(f"{MAPPINGS}?kind=m3&sort=updated", 8),
    *(
        Page(f"{MAPPINGS}?sort={sort}&dir={direction}", 8)
        for sort in MappingSort
        for direction in ("asc", "desc")
    ),
    # It offers the newest documents for the preview.
    Page(f"{MAPPINGS}/map_many_77", 14),
    Page(f"{MAPPINGS}/map_many_77/delete", 10, of_one=True),
    Page(f"{MAPPINGS}/map_many_1/versions", 12, of_one=True),
    # Two of them for each connection that is shown: its newest proof with its stages.
    Page("/settings/connections", 10),
    Page("/ion-api/{tenant}/authorized-apps", 7),
)


@dataclass(frozen=True, slots=True)
class Filled:
    """Both sides with many rows, and the one document that is a real file."""

    site: Site
    document_id: str

    def address(self, path: str) -> str:
        return path.format(tenant=self.site.tenant.tenant_id, document=self.document_id)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    # The clock stands: a session that was last seen five minutes ago is written by the next page.
    standing = MovableClock(datetime.now(UTC))
    with site_on(tmp_path_factory.mktemp("site") / "data", "", clock=standing) as site:
        site.add_export(credential=site.credentials())
        document_id = site.document_id()
        # The proof of the uploaded connection asks the database too.
        assert until(lambda: _ended_proofs(site))
        _fill(site)
        yield Filled(site, document_id)


def _ended_proofs(site: Site) -> bool:
    with site.application.database.read() as work:
        rows = work.connection.exec_driver_sql("SELECT status FROM connection_checks").scalars()
        statuses = list(rows)
    return bool(statuses) and "running" not in statuses


def _fill(site: Site) -> None:
    organization = site.organization.organization_id
    own = {"organization_id": literal(organization)}
    with site.application.database.write() as work:
        connection = work.connection

        def only(table: str) -> str:
            return str(connection.exec_driver_sql(f"SELECT id FROM {table}").scalars().one())

        configuration, uploaded = only("export_configurations"), only("connections")
        tables = metadata.tables
        fill(
            connection,
            tables["documents"],
            ROWS,
            own
            | {
                "id": text_of("doc_many_"),
                "document_type": literal("INVOICE"),
                "status": one_of(*DocumentStatus),
                "content_sha256": text_of("sha"),
                "filename": text_of("invoice-"),
                "search_text": text_of("invoice number "),
                "number": text_of("R-"),
                "number_key": text_of("r-"),
                "supplier_id": literal_column("CAST(numbered.number % 500 AS TEXT)"),
                "purchase_order": literal_column("'PO-' || (numbered.number / 10)"),
                "due_date": literal_column(
                    "date('2026-01-01', (numbered.number % 300) || ' days')"
                ),
            },
        )
        fill(
            connection,
            tables["deliveries"],
            ROWS,
            own
            | {
                "id": text_of("dlv_many_"),
                "document_id": text_of("doc_many_"),
                "document_name": text_of("invoice-"),
                "configuration_id": literal(configuration),
                "configuration_title": literal("Invoices"),
                "connection_id": literal(uploaded),
                "method": literal("infor-idm"),
                "generation": literal(1),
                "correlation_id": text_of("correlation-"),
                "status": one_of("delivered", "failed", "cancelled", "waiting"),
            },
        )
        fill(
            connection,
            tables["sandbox_calls"],
            ROWS,
            {
                "number": number() + 1_000,
                "id": text_of("call_many_"),
                "tenant_id": literal(site.tenant.tenant_id),
                "service": one_of("IDM", "M3", "LN", "IONSERVICES"),
                "status": literal_column("200 + numbered.number % 5 * 100"),
                "path": text_of("/IDM/api/items/"),
                "effects": literal_column("'[]'"),
            },
        )
        fill(
            connection,
            tables["mapping_files"],
            ROWS,
            own
            | {
                "id": text_of("map_many_"),
                "name": text_of("mapping-"),
                "name_key": text_of("mapping-"),
                "kind": one_of(*MappingKind),
                "latest_number": literal(1),
            },
        )
        version = own | {"text": literal("Index_Fields="), "findings": literal_column("'[]'")}
        of_each = {
            "id": text_of("mpv_many_"),
            "mapping_id": text_of("map_many_"),
            "number": literal(1),
        }
        of_one = {
            "id": text_of("mpv_of_one_"),
            "mapping_id": literal("map_many_1"),
            "number": number() + 1,
        }
        utf8 = {"encoding": literal("utf-8")}
        fill(connection, tables["mapping_versions"], ROWS, version | of_each | utf8)
        fill(connection, tables["mapping_versions"], ROWS // 10, version | of_one | utf8)
        fill(
            connection,
            tables["audit_log"],
            ROWS,
            {
                "id": text_of("aud_many_"),
                "scope_kind": literal("organization"),
                "scope_id": literal(organization),
                "action": literal("delivery.created"),
                "subject": text_of("dlv_many_"),
            },
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_a_page_reads_by_indexes_and_asks_no_more_than_it_has_to(
    filled: Filled, page: Page
) -> None:
    database = filled.site.application.database
    with statements_of(database) as asked:
        answer = filled.site.browser.get(filled.address(page.path))
    assert answer.status_code == 200, answer.text
    plans = asked.plans(database)
    scans = {name for lines in plans for name in _SCAN.findall("\n".join(lines))}
    assert not scans.intersection(FILLED)
    by_owner = [line for lines in plans for line in lines if _OF_OWNER.match(line)]
    assert not page.of_one or not by_owner
    sorted_tables = {
        table
        for lines in plans
        for table in FILLED
        if "USE TEMP B-TREE FOR ORDER BY" in lines
        and any(re.match(rf"(SCAN|SEARCH) {table}\b", line) for line in lines)
        and not any(_is_of_one_thing(line) for line in lines)
    }
    assert sorted_tables == set(page.sorts)
    assert len(asked.run) <= page.most, "\n\n".join(statement for statement, _values in asked.run)


def _is_of_one_thing(line: str) -> bool:
    """Tell whether a search is for what belongs to one document, delivery or subject: few rows."""
    return re.search(r"\((?:document_id|delivery_id|id|subject)=\?", line) is not None


def test_a_list_shows_what_was_filled(filled: Filled) -> None:
    for path, said in (("/documents", "invoice-"), ("/deliveries", "invoice-")):
        assert said in filled.site.browser.text(path)
    assert "/IDM/api/items/" in filled.site.browser.text(filled.address(INSPECTOR))
