"""What our M3 and LN templates make of an invoice is taken by the sandbox, and arrives as it was.

Source: docs/reference/m3.md#supplier-invoices, docs/reference/ln.md#received-purchase-invoices.
"""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from decimal import Decimal

import httpx2
import pytest

from ionport.documents.samples import UBL_INVOICE, read_sample
from ionport.ionapi import ln, m3
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind, RenderSource
from ionport.mappings.rendering.ln import LINE_NAMES, parse_ln_mapping, render_ln
from ionport.mappings.rendering.m3 import parse_m3_mapping, render_m3
from ionport.mappings.rendering.m3_toml import parse_m3_toml
from tests.conftest import ALL_DATABASES
from tests.support.infor_side import InforSide, infor_side_on
from tests.support.m3 import V2, token_of_user
from tests.unit.mappings.sources import CORRELATION_ID, source_of

_SERVICE = "ReceivedPurchaseInvoice"
_COMPANY = {"company": "1", "division": "AAA", "ln_company": "200"}


@pytest.fixture(scope="module", params=ALL_DATABASES)
def side(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InforSide]:
    yield from infor_side_on(request.param, tmp_path_factory.mktemp("side"))


@pytest.fixture
def client(side: InforSide) -> Iterator[httpx2.Client]:
    with side.client(token_of_user(side)) as client:
        yield client


@pytest.fixture
def invoice() -> ElementTree.Element:
    root = ElementTree.fromstring(read_sample(UBL_INVOICE))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _source(**changes: object) -> RenderSource:
    fields = {"supplier_id": "20001", **_COMPANY}
    source = source_of(read_sample(UBL_INVOICE), **fields)
    return dataclasses.replace(source, **changes)  # type: ignore[arg-type]


def _answers(client: httpx2.Client, body: bytes) -> list[dict[str, str]]:
    answer = client.post(V2, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert not [one for one in results if "errorMessage" in one], results
    return [record for one in results for record in one["records"]]


@pytest.mark.parametrize("kind", [MappingKind.M3, MappingKind.TOML])
def test_m3_takes_an_invoice_and_a_credit_note(
    client: httpx2.Client, invoice: ElementTree.Element, kind: MappingKind
) -> None:
    text = own_template(kind)[1].decode()
    mapping = (parse_m3_toml if kind is MappingKind.TOML else parse_m3_mapping)(text)
    for document_type in ("INVOICE", "CREDIT_NOTE"):
        number = f"{kind}-{document_type}"[:24]
        source = _source(document_type=document_type)
        source = dataclasses.replace(source, fields={**source.fields, "invoice_id": number})
        head, *lines = render_m3(mapping, source)
        request = m3.M3Request(head.transaction, head.values())
        where = {"company": head.company, "division": head.division}
        (answer,) = _answers(client, m3.bulk_body(head.program, [request], **where))
        batch = {"INBN": answer["INBN"]}
        more = [m3.M3Request(one.transaction, {**batch, **one.values()}) for one in lines]
        _answers(client, m3.bulk_body(head.program, more, **where))
        (kept,) = _answers(
            client, m3.bulk_body(head.program, [m3.M3Request("GetHead", batch)], **where)
        )
        listed = _answers(
            client, m3.bulk_body(head.program, [m3.M3Request("LstLines", batch)], **where)
        )
        said = invoice.findtext
        assert kept["SINO"] == number
        assert kept["CORI"] == CORRELATION_ID
        assert kept["IVDT"] == said("IssueDate", "").replace("-", "")
        assert kept["DUDT"] == said("DueDate", "").replace("-", "")
        assert Decimal(kept["CUAM"]) == Decimal(said("LegalMonetaryTotal/TaxInclusiveAmount", ""))
        net = [Decimal(line["NLAM"]) for line in listed if line["RDTP"] == "1"]
        tax = [Decimal(line["VTA1"]) for line in listed if line["RDTP"] == "3"]
        amounts = invoice.findall("InvoiceLine/LineExtensionAmount")
        assert net == [Decimal(amount.text or "") for amount in amounts]
        assert sum(tax) == Decimal(said("TaxTotal/TaxAmount", ""))


@pytest.mark.parametrize("document_type", ["INVOICE", "CREDIT_NOTE"])
def test_ln_takes_an_invoice_and_a_credit_note(
    client: httpx2.Client, invoice: ElementTree.Element, document_type: str
) -> None:
    # Goods that the sandbox has received from the start.
    rows = [
        {**row, "PURCHASE_ORDER": "PUR000001", "LINE_NUMBER": str(10 * number)}
        for number, row in enumerate(_source().tables["INVOICE_TABLE"][:2], start=1)
    ]
    source = _source(document_type=document_type)
    fields = {**source.fields, "supplier_id": "SUP000001", "invoice_id": f"LN-{document_type}"}
    tables = {**source.tables, "INVOICE_TABLE": rows}
    source = dataclasses.replace(source, fields=fields, tables=tables)
    mapping = parse_ln_mapping(own_template(MappingKind.LN, document_type)[1].decode())
    payload = render_ln(mapping, source)
    entity = ln.LnEntity(
        tuple((value.target, value.value) for value in payload.header),
        tuple(
            ln.LnLine(LINE_NAMES[name], tuple((one.target, one.value) for one in line))
            for name, lines in payload.lines.items()
            for line in lines
        ),
    )
    body = ln.create_envelope(_SERVICE, entity, company=payload.company)
    headers = {"Content-Type": "text/xml", "SOAPAction": ""}
    answer = client.post(f"/LN/c4ws/services/{_SERVICE}", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    number = ElementTree.fromstring(answer.content).findtext(f".//{_SERVICE}/{_SERVICE}")
    assert number
    matching = {"InvoiceNumberSupplier": f"LN-{document_type}"}
    question = ln.list_envelope(
        _SERVICE, matching, company="200", operation="List", selection=("*",), limit=5
    )
    found = client.post(f"/LN/c4ws/services/{_SERVICE}", content=question, headers=headers)
    (kept,) = ElementTree.fromstring(found.content).findall(f".//DataArea/{_SERVICE}")
    total = invoice.findtext("LegalMonetaryTotal/TaxInclusiveAmount", "")
    assert Decimal(kept.findtext("InvoiceAmount", "")) == Decimal(total)
    assert kept.findtext("InvoiceDate") == invoice.findtext("IssueDate")
    assert kept.findtext("DocumentIDExternalPackage") == CORRELATION_ID
    assert kept.findtext("InvoiceDocumentType") == document_type.title().replace("_", "")
