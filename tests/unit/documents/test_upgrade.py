"""A data folder of the version before opens with its documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, text

from ionport.core.blobs import FolderBlobs
from ionport.core.clock import MovableClock
from ionport.documents.intake.reading import read_file
from ionport.documents.model import DocumentStatus
from ionport.documents.review.model import DocumentHeld
from ionport.documents.samples import UBL_INVOICE, read_sample
from ionport.documents.service import DocumentService
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.migrations import _config, upgrade
from ionport.store import Database, OrganizationScope

pytestmark = pytest.mark.on_each_database

ACME = OrganizationScope("org_acme")
MISMATCH = {"code": "amounts_mismatch", "text": "Amounts Mismatch: the amount due differs."}
DUPLICATE = {"code": "duplicate_number", "text": "Sent before, as first.xml."}


@pytest.fixture
def before(database_url: str) -> Database:
    """A database as the version with schema 0002 left it, with one organization."""
    database = Database(database_url)
    config = _config()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.commit()
    with database.write() as work:
        work.connection.execute(
            text("INSERT INTO organizations (id, name, created_at) VALUES ('org_acme', 'Acme', 1)")
        )
    return database


def add_document(connection: Connection, id_: str, status: str, **values: object) -> None:
    """Insert a document as the version before did."""
    fields = values.pop("fields", {})
    warnings = values.pop("warnings", [])
    row = {
        "id": id_,
        "organization_id": "org_acme",
        "document_type": "INVOICE",
        "filename": f"{id_}.xml",
        "mime_type": "application/xml",
        "size_bytes": 1,
        "content_sha256": id_,
        "status": status,
        "fields": json.dumps(fields),
        "tables": "{}",
        "warnings": json.dumps(warnings),
        "duplicate_of": None,
        "number": "RE-1",
        "supplier_name": "Nordwerk",
        "invoice_date": "2026-03-02",
        "total_amount": "1.00",
        "currency": "EUR",
        "warning_count": len(warnings),  # type: ignore[arg-type]
        "duplicate_key": "",
        "search_text": id_,
        "created_at": 1_000_000,
        "created_by": "anna",
        "updated_at": 2_000_000,
        **values,
    }
    names = ", ".join(row)
    places = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO documents ({names}) VALUES ({places})"), row)


def test_invoices_of_the_version_before_are_compared_with_near_ones(
    before: Database, clock: MovableClock, tmp_path: Path
) -> None:
    content = read_sample(UBL_INVOICE)
    read = read_file(content)
    with before.write() as work:
        add_document(
            work.connection,
            "doc_1",
            "exported",
            fields=dict(read.fields),
            number=read.fields["invoice_id"],
            invoice_date=read.fields["invoice_date"],
            total_amount=read.fields["total_amount"],
        )
    upgrade(before)
    service = DocumentService(clock, FolderBlobs(tmp_path), AuditLog(clock))
    other = content.replace(b"RE-2026-0417", b"RE 2026/417")
    prepared = service.prepare_receipt(ACME, other, "other.xml")
    with before.write() as work:
        access = Access(work, ACME, Actor.operator())
        found = service.findings(access, service.receive(access, prepared).id)
    named = {each.code: each.parameters.get("document") for each in found}
    assert named["similar_number"] == "doc_1"
    before.close()


def test_warnings_of_the_version_before_become_findings(
    before: Database, clock: MovableClock, tmp_path: object
) -> None:
    with before.write() as work:
        add_document(work.connection, "doc_1", "exported")
        add_document(
            work.connection,
            "doc_2",
            "ready_for_validation",
            warnings=[MISMATCH, DUPLICATE],
            duplicate_of="doc_1",
        )
        add_document(work.connection, "doc_3", "exported", warnings=[MISMATCH])
    upgrade(before)
    service = DocumentService(clock, FolderBlobs(tmp_path), AuditLog(clock))  # type: ignore[arg-type]
    with before.read() as work:
        access = work.within(ACME)
        waiting = service.get(access, "doc_2")
        exported = service.get(access, "doc_3")
        held = {f.code: f for f in service.findings(access, "doc_2")}
        (decided,) = service.findings(access, "doc_3")
    assert (waiting.is_held, waiting.open_findings) == (True, 2)
    assert held["amounts_mismatch"].text == MISMATCH["text"]
    assert held["duplicate_number"].parameters["document"] == "doc_1"
    assert all(finding.is_open for finding in held.values())
    assert (exported.status, exported.is_held) == (DocumentStatus.EXPORTED, False)
    assert decided.decision is not None
    assert "did not hold" in decided.decision.reason
    before.close()


def test_what_the_version_before_delivered_is_claimed(
    before: Database, clock: MovableClock, tmp_path: object
) -> None:
    fields = {
        "invoice_id": "RE-2026-0417",
        "invoice_date": "2026-03-02",
        "supplier_name": "Nordwerk Werkzeuge GmbH",
        "supplier_tax_id": "DE123456789",
    }
    with before.write() as work:
        add_document(work.connection, "doc_1", "exported", fields=fields)
        add_document(work.connection, "doc_2", "validated_pending_export", fields=fields)
    _deliver(before, "doc_1")
    upgrade(before)
    service = DocumentService(clock, FolderBlobs(tmp_path), AuditLog(clock))  # type: ignore[arg-type]
    with before.write() as work:
        access = Access(work, ACME, Actor.operator())
        second = service.get(access, "doc_2")
        with pytest.raises(DocumentHeld) as held:
            service.review.require_free(access, second, None)
    assert "as doc_1.xml" in held.value.findings[0].text
    with before.write() as work:
        access = Access(work, ACME, Actor.operator())
        first = service.get(access, "doc_1")
        assert service.review.require_free(access, first, None) == []
    before.close()


def _deliver(database: Database, document_id: str) -> None:
    """Insert a delivery alone, without what it refers to."""
    is_sqlite = database.is_sqlite
    off = "PRAGMA foreign_keys = OFF" if is_sqlite else "SET session_replication_role = replica"
    on = "PRAGMA foreign_keys = ON" if is_sqlite else "SET session_replication_role = origin"
    texts = (
        *("configuration_id", "configuration_title", "connection_id", "method", "correlation_id"),
        *("message_id", "status", "error_code", "error_text", "remedy", "reason", "created_by"),
    )
    row = {name: name for name in texts} | {
        "id": "dlv_1",
        "organization_id": "org_acme",
        "document_id": document_id,
        "document_name": document_id,
        "generation": 1,
        "created_at": 3_000_000,
        "updated_at": 3_000_000,
        "runs": 0,
    }
    names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
    with database.engine.connect() as connection:
        connection.execute(text(off))
        connection.execute(text(f"INSERT INTO deliveries ({names}) VALUES ({places})"), row)
        connection.execute(text(on))
        connection.commit()
