"""Every reference invoice goes to Infor with the vendor's mapping files, one line changed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ionport.connections.intake import prepare_connection
from ionport.core.paging import PageRequest
from ionport.documents.review.model import DocumentHeld
from ionport.documents.review.service import keeping_findings
from ionport.exports.model import ConfigurationFields, DeliveryFilter, DeliveryStatus, ExportMethod
from ionport.mappings.intake import prepare_mapping
from ionport.settings import Side
from ionport.store import OrganizationScope, TenantScope
from ionport.wiring import House, open_house
from tests.support import sides
from tests.support.reference import needs_reference_data, reference_files

pytestmark = needs_reference_data


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = open_house(sides.settings_of(tmp_path / "documents", Side.DOCUMENTS))
    yield house
    house.close()


def _mapping(name: str) -> bytes:
    (path,) = reference_files(f"mappings/{name}")
    placeholder, logical_id = b"SFV_LogicalID=lid://", b"SFV_LogicalID=lid://infor.ims.docbits"
    return re.sub(b"(?m)^" + placeholder + b"(?=\r?$)", logical_id, path.read_bytes())


def _configure(house: House, credentials: tuple[str, bytes]) -> None:
    assert house.documents is not None
    side, scope = house.documents, OrganizationScope(house.organization.id)
    with house.database.write() as work:
        connection = side.connections.upload(
            work, scope, sides.OPERATOR, credentials[0], prepare_connection(credentials[1])
        )
        idm, bod = (
            side.mappings.add(work, scope, sides.OPERATOR, name, prepare_mapping(_mapping(name)))
            for name in (
                "IDM-Mapping_Invoice_M3.properties",
                "BOD-Mapping_Invoice_M3.properties",
            )
        )
        configuration = side.configurations.create(
            work,
            scope,
            sides.OPERATOR,
            ConfigurationFields(
                title="M3",
                document_type="INVOICE",
                method=ExportMethod.INFOR_IDM_BOD,
                connection_id=connection.id,
                idm_mapping_id=idm.mapping_id,
                bod_mapping_id=bod.mapping_id,
            ),
        )
        side.configurations.activate(
            work, scope, sides.OPERATOR, configuration.id, reason="a test proves nothing"
        )


def test_every_reference_invoice_is_delivered_with_the_vendors_mapping_files(
    tmp_path: Path, house: House
) -> None:
    assert house.documents is not None
    scope = OrganizationScope(house.organization.id)
    contents = {path.name: path.read_bytes() for path in reference_files("invoices/*.xml")}
    assert len(contents) > 40
    with sides.infor_process(tmp_path / "infor") as infor:
        _configure(house, sides.make_credentials(tmp_path / "infor", infor.url))
        exported = []
        for name, content in contents.items():
            prepared = house.documents.documents.prepare_receipt(scope, content, name)
            with house.database.write() as work:
                document = house.documents.documents.receive(work, scope, sides.OPERATOR, prepared)
            if document.document_type == "INVOICE":
                _export(house, scope, document.id)
                exported.append(document)
        process = sides.document_process(tmp_path / "documents")
        try:
            assert sides.until(lambda: _delivered(house, scope) == len(exported), 120, 0.2), (
                _failures(house, scope)
            )
        finally:
            process.stop()
        infor_house = open_house(sides.settings_of(tmp_path / "infor", Side.INFOR))
        try:
            _assert_arrived(infor_house, {hashlib.sha256(c).hexdigest() for c in contents.values()})
        finally:
            infor_house.close()


def _delivered(house: House, scope: OrganizationScope) -> int:
    assert house.documents is not None
    with house.database.read() as work:
        counts = house.documents.deliveries.counts(work, scope, sides.OPERATOR)
    return counts.get(DeliveryStatus.DELIVERED, 0)


def _failures(house: House, scope: OrganizationScope) -> str:
    assert house.documents is not None
    with house.database.read() as work:
        page = house.documents.deliveries.list(
            work, scope, sides.OPERATOR, DeliveryFilter(), PageRequest(per_page=200)
        )
    return json.dumps([(d.document_name, d.status, d.error_text) for d in page.items], indent=1)


def _assert_arrived(infor: House, digests: set[str]) -> None:
    assert infor.infor is not None
    scope = TenantScope(infor.tenant.id)
    with infor.database.read() as work:
        items = infor.infor.inspection.list_items(
            work, scope, sides.OPERATOR, PageRequest(per_page=200)
        )
        messages = infor.infor.inspection.list_messages(
            work, scope, sides.OPERATOR, PageRequest(per_page=200)
        )
    arrived = {resource.sha256 for item in items.items for resource in item.resources}
    assert arrived <= digests
    assert len(arrived) == items.total == messages.total
    assert all(not message.findings for message in messages.items)


def _export(house: House, scope: OrganizationScope, document_id: str) -> None:
    """Export a document, accepting that others are the same invoice: each is here twice.

    Those that were delivered before hold it a few at a time.
    """
    assert house.documents is not None
    for _again in range(20):
        try:
            with keeping_findings(house.database) as work:
                house.documents.deliveries.export(
                    work, scope, sides.OPERATOR, document_id, accept_findings="another syntax"
                )
        except DocumentHeld:
            continue
        return
    raise AssertionError("is held for ever")
