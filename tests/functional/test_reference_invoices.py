"""Every reference invoice goes to Infor with the vendor's mapping files, one line changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ionport.application import Application, open_application
from ionport.connections.intake import prepare_connection
from ionport.core.paging import PageRequest
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.review.model import DocumentHeld
from ionport.documents.review.service import keeping_findings
from ionport.exports.configurations.model import ConfigurationFields
from ionport.exports.listing import DeliveryFilter
from ionport.exports.model import DeliveryStatus, ExportMethod
from ionport.identity.access import Access
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import MappingKind
from ionport.settings import Side
from ionport.store import OrganizationScope, TenantScope
from tests.support import sides
from tests.support.reference import needs_reference_data, reference_files

pytestmark = needs_reference_data


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Application]:
    application = open_application(sides.settings_of(tmp_path / "documents", Side.DOCUMENTS))
    yield application
    application.close()


def _mapping(name: str) -> bytes:
    (path,) = reference_files(f"mappings/{name}")
    placeholder, logical_id = b"SFV_LogicalID=lid://", b"SFV_LogicalID=lid://infor.ims.docbits"
    return re.sub(b"(?m)^" + placeholder + b"(?=\r?$)", logical_id, path.read_bytes())


def _configure(application: Application, credentials: tuple[str, bytes]) -> None:
    assert application.documents is not None
    side, scope = application.documents, OrganizationScope(application.organization.id)
    with application.database.write() as work:
        access = Access(work, scope, sides.OPERATOR)
        connection = side.connections.upload(
            access, credentials[0], prepare_connection(credentials[1])
        )
        idm, bod = (
            side.mappings.add(access, name, prepare_mapping(_mapping(name)))
            for name in (
                "IDM-Mapping_Invoice_M3.properties",
                "BOD-Mapping_Invoice_M3.properties",
            )
        )
        configuration = side.configurations.create(
            access,
            ConfigurationFields(
                title="M3",
                document_type="INVOICE",
                method=ExportMethod.INFOR_IDM_BOD,
                connection_id=connection.id,
                mappings={MappingKind.IDM: idm.mapping_id, MappingKind.BOD: bod.mapping_id},
            ),
        )
        side.configurations.activate(access, configuration.id, reason="a test proves nothing")


def test_every_reference_invoice_is_delivered_with_the_vendors_mapping_files(
    tmp_path: Path, application: Application
) -> None:
    assert application.documents is not None
    scope = OrganizationScope(application.organization.id)
    contents = {path.name: path.read_bytes() for path in reference_files("invoices/*.xml")}
    assert len(contents) > 40
    with sides.infor_process(tmp_path / "infor") as infor:
        _configure(application, sides.make_credentials(tmp_path / "infor", infor.url))
        exported = []
        for name, content in contents.items():
            prepared = application.documents.documents.prepare_receipt(scope, content, name)
            with application.database.write() as work:
                document = application.documents.documents.receive(
                    Access(work, scope, sides.OPERATOR), prepared
                )
            if document.document_type == "INVOICE":
                _export(application, scope, document.id)
                exported.append(document)
        process = sides.document_process(tmp_path / "documents")
        try:
            assert sides.until(lambda: _delivered(application, scope) == len(exported), 300, 0.2), (
                _failures(application, scope)
            )
        finally:
            process.stop()
        infor_application = open_application(sides.settings_of(tmp_path / "infor", Side.INFOR))
        try:
            pages = application.documents.readable_pages
            _assert_arrived(
                infor_application,
                {pages.pdf_digest(scope, each.id, Language.ENGLISH) for each in exported},
            )
        finally:
            infor_application.close()


def _delivered(application: Application, scope: OrganizationScope) -> int:
    assert application.documents is not None
    with application.database.read() as work:
        counts = application.documents.deliveries.counts(Access(work, scope, sides.OPERATOR))
    return counts.get(DeliveryStatus.DELIVERED, 0)


def _failures(application: Application, scope: OrganizationScope) -> str:
    assert application.documents is not None
    with application.database.read() as work:
        page = application.documents.deliveries.list(
            Access(work, scope, sides.OPERATOR), DeliveryFilter(), PageRequest(per_page=200)
        )
    return json.dumps([(d.document_name, d.status, d.error_text) for d in page.items], indent=1)


def _assert_arrived(infor: Application, digests: set[str]) -> None:
    assert infor.infor is not None
    scope = TenantScope(infor.tenant.id)
    with infor.database.read() as work:
        access = Access(work, scope, sides.OPERATOR)
        items = infor.infor.inspection.list_items(access, PageRequest(per_page=200))
        messages = infor.infor.inspection.list_messages(access, PageRequest(per_page=200))
    arrived = {resource.sha256 for item in items.items for resource in item.resources}
    assert arrived <= digests
    assert len(arrived) == items.total == messages.total
    assert all(not message.findings for message in messages.items)


def _export(application: Application, scope: OrganizationScope, document_id: str) -> None:
    """Export a document, accepting that others are the same invoice: each is here twice.

    Those that were delivered before hold it a few at a time.
    """
    assert application.documents is not None
    for _again in range(20):
        try:
            with keeping_findings(application.database) as work:
                application.documents.deliveries.export(
                    Access(work, scope, sides.OPERATOR),
                    document_id,
                    accept_findings="another syntax",
                )
        except DocumentHeld:
            continue
        return
    raise AssertionError("is held for ever")
