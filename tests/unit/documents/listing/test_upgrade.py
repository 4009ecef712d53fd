"""What documents of the version before are searched by."""

from __future__ import annotations

import json

import pytest
from alembic import command
from sqlalchemy import text

from ionport.documents.listing.model import ListQuery
from ionport.documents.listing.repository import ListRepository
from ionport.documents.model import DocumentFilter
from ionport.migrations import _config, upgrade
from ionport.store import Database, OrganizationScope

pytestmark = pytest.mark.on_each_database


def test_documents_of_the_version_before_are_found_by_their_other_values(database_url: str) -> None:
    database = Database(database_url)
    config = _config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0057")
    fields = {"invoice_id": "RE-1", "supplier_iban": "DE89370400440532013000"}
    row = {
        "id": "doc_1", "organization_id": "org_1", "document_type": "INVOICE",
        "filename": "a.xml", "mime_type": "application/xml", "size_bytes": 1,
        "content_sha256": "0", "status": "ready_for_validation", "fields": json.dumps(fields),
        "tables": "{}", "open_findings": 0, "created_at": 1, "created_by": "ada", "updated_at": 1,
        "number": "RE-1", "supplier_name": "", "invoice_date": "", "total_amount": "",
        "currency": "", "number_key": "re-1", "total_number": 0.0, "search_text": "a.xml\nre-1",
    }  # fmt: skip
    with database.write() as work:
        work.connection.execute(
            text("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 1)")
        )
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        work.connection.execute(text(f"INSERT INTO documents ({names}) VALUES ({values})"), row)
    wanted = DocumentFilter(text="0440532013")

    scope = OrganizationScope("org_1")

    def found() -> list[str]:
        with database.read() as work:
            lists = ListRepository(work.connection)
            page = lists.page(scope, ListQuery(wanted), lists.counts(scope))
            return [each.id for each in page.items]

    assert found() == []
    upgrade(database)
    assert found() == ["doc_1"]
    database.close()
