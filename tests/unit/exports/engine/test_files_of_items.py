"""The item's first file is the invoice's page with the XML inside; the mapping asks for more."""

from __future__ import annotations

import base64
import re

import pytest

from ionport.core.errors import InvalidInput
from ionport.core.unpacking.pdf import attachments, is_pdf
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.readable_pages.service import ReadablePageService
from ionport.documents.samples import UBL_INVOICE, read_sample
from ionport.exports.destinations.infor_idm import IdmPayload
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.model import ExportMethod, OutcomeKind
from ionport.identity.access import Access
from ionport.ionapi.idm import ItemDraft
from ionport.mappings.intake import prepared_template
from ionport.mappings.model import MappingKind
from ionport.sandbox.idm.model import Item
from tests.support.exporting import OPERATOR
from tests.unit.exports.conftest import Walk

on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

EFE = """
EMBEDDED_FILES_EXPORT = XML, SHEETS
EFE_XML_SOURCE_NAME = XML_DOCUMENT.xml
EFE_XML_EXPORT_DOC_TYPE = M3_SupplierInvoice
EFE_XML_EXPORT_FILENAME = IF_invoice_id
EFE_SHEETS_SOURCE_NAME = *.csv
EFE_SHEETS_EXPORT_DOC_TYPE = M3_SupplierInvoice
EFE_SHEETS_EXPORT_FILENAME = SV_SheetName
SV_SheetName = sheet
SV_PageLanguage = de
"""


def _invoice(number: str, *names: str) -> bytes:
    made = "".join(
        f"<cac:AdditionalDocumentReference><cbc:ID>{name}</cbc:ID><cac:Attachment>"
        f'<cbc:EmbeddedDocumentBinaryObject mimeCode="text/csv" filename="{name}">'
        f"{base64.b64encode(name.encode()).decode()}</cbc:EmbeddedDocumentBinaryObject>"
        "</cac:Attachment></cac:AdditionalDocumentReference>"
        for name in names
    )
    text = read_sample(UBL_INVOICE).decode().replace("RE-2026-0417", number)
    return re.sub(r"(?=<cac:AccountingSupplierParty>)", made, text, count=1).encode()


def _delivered(walk: Walk, runner: DeliveryRunner, content: bytes, name: str) -> Item:
    document_id = walk.side.add_document(name, content)
    delivery = walk.side.export(document_id)
    outcome = walk.run(runner, delivery.id)
    assert outcome.kind is OutcomeKind.DONE
    (item,) = walk.items(walk.side.detail(delivery.id))
    return item


def _use_efe_lines(walk: Walk) -> None:
    with walk.side.database.write() as work:
        walk.side.configurations.deactivate(
            Access(work, walk.side.scope, OPERATOR), walk.configuration.id
        )
    mapping = prepared_template(MappingKind.IDM)[1].text + EFE
    connection_id, method = walk.configuration.connection_id, ExportMethod.INFOR_IDM
    walk.side.configure(connection_id, method, title="EFE", idm=mapping.encode())


@on_sqlite
def test_the_page_goes_as_pdf_with_the_document_inside_byte_for_byte(
    walk: Walk, runner: DeliveryRunner
) -> None:
    content = _invoice("FILES-1")
    item = _delivered(walk, runner, content, "in.xml")
    (file,) = item.resources
    (inside,) = attachments(walk.side.blobs.get(file.sha256))
    assert (file.filename[-4:], inside.content) == (".pdf", content)


@on_sqlite
def test_the_mapping_adds_the_xml_and_the_files_inside_behind_the_page(
    walk: Walk, runner: DeliveryRunner
) -> None:
    _use_efe_lines(walk)
    content = _invoice("FILES-2", "hours.csv", "plan.PNG", "costs.CSV")
    item = _delivered(walk, runner, content, "in.xml")
    first, *more = [(file.filename, walk.side.blobs.get(file.sha256)) for file in item.resources]
    assert is_pdf(first[1])
    number = first[0].rpartition("_")[0]
    assert more == [
        (f"{number}.xml", content),
        ("sheet.csv", b"hours.csv"),
        ("sheet-2.CSV", b"costs.CSV"),
    ]


@on_sqlite
def test_an_invoice_too_large_for_a_page_goes_as_xml_alone_and_says_so(
    walk: Walk, runner: DeliveryRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*_arguments: object) -> bytes:
        raise InvalidInput("It is too large.", code="page_not_set")

    monkeypatch.setattr("ionport.documents.readable_pages.service.pdf_page", too_large)
    content = _invoice("FILES-3")
    delivery = walk.side.export(walk.side.add_document("in.xml", content))
    outcome = walk.run(runner, delivery.id)
    assert outcome.kind is OutcomeKind.DONE
    detail = walk.side.detail(delivery.id)
    ((file,),) = [item.resources for item in walk.items(detail)]
    assert walk.side.blobs.get(file.sha256) == content
    assert "XML alone" in " ".join(step.summary for step in detail.steps)


@on_sqlite
def test_a_page_is_made_once_for_each_language(walk: Walk) -> None:
    document_id = walk.side.add_document("in.xml", _invoice("FILES-4"))
    side = walk.side
    readable_pages = ReadablePageService(side.database, side.documents, side.blobs, walk.clock)
    languages = (Language.ENGLISH, Language.GERMAN, Language.ENGLISH)
    digests = [readable_pages.pdf_digest(side.scope, document_id, each) for each in languages]
    assert digests[0] == digests[2] != digests[1]
    assert readable_pages.invoice(side.scope, document_id).tree.value("BT-5") == "EUR"


def test_a_payload_keeps_its_files() -> None:
    payload = IdmPayload("E", (), None, "a.pdf", "00", "C", "c", more_files=(("a.xml", "11"),))
    again = IdmPayload.from_bytes(payload.to_bytes())
    assert again == payload
    assert again.files == (("a.pdf", "00"), ("a.xml", "11"))


def test_only_further_resources_are_named() -> None:
    from ionport.ionapi.idm import item_json

    draft = ItemDraft("E", resources=(("a.pdf", b""), ("a.xml", b"")))
    assert b'"res":[{"filename":"a.pdf"' in item_json(draft, ["", ""])
    assert b'{"name":"File2","filename":"a.xml"' in item_json(draft, ["", ""])
