"""The vendor's own M3 and LN files, with what the linter asks for, deliver into M3 and LN.

What arrives is read from the source XML by the test's own XPath.
"""

from __future__ import annotations

import itertools
import json
import re
from decimal import Decimal

import pytest
from lxml import etree

from ionport.exports.model import DeliveryDetail, ExportMethod, OutcomeKind, StepKind
from ionport.ionapi import IonApiClient
from ionport.ionapi.ln import LnLine
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.rendering.ln import LINE_NAMES
from ionport.sandbox.ln.model import GoodsReceipt
from ionport.sandbox.ln.service import LnService, LnSettings
from tests.support.exporting import closing
from tests.support.planned import assert_ln_as_planned, assert_m3_as_planned, planned_calls
from tests.support.reference import FOLDER
from tests.support.soap import SERVICE
from tests.unit.exports.conftest import SCOPE, Opened, Walk

DATA = FOLDER / "mappings"
pytestmark = [
    pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True),
    pytest.mark.skipif(not DATA.is_dir(), reason="no reference data"),
]
_numbers = itertools.count(1)
# Each with the amount that it sends as CUAM; one sends a field that no document has.
M3 = {
    "M3-Mapping_AAA_sample_from_docs.properties": "TaxExclusiveAmount",
    "M3-Mapping_V3_US_from_docs.properties": "",
    "M3-Mapping_full_lowercase_cono_2024_from_docs_history.properties": "TaxInclusiveAmount",
    "M3-Mapping_full_with_DN_CN_RFP_from_docs.properties": "TaxInclusiveAmount",
    "M3-Mapping_v2.properties": "TaxExclusiveAmount",
    "M3-export-xrechnung.toml": "TaxInclusiveAmount",
}
LN = ["LN-Mapping.properties", "LN-Mapping_from_docs.properties"]
# The sample has terms of payment in words, and M3 takes a code of three letters: told when the
# invoice is rendered, before anything is created.
TERMS = re.compile(r"^(HF_TEPY|TEPY)\b.*$", re.MULTILINE)


def corrected(name: str) -> bytes:
    """Return a file of the vendor without the lines that the linter says M3 would refuse."""
    text = TERMS.sub("", (DATA / name).read_text("utf-8"))
    prepared = prepare_mapping(text.encode())
    refused = {
        finding.line
        for finding in prepared.findings
        if finding.blocks_activation or finding.code == "m3_unknown_field"
    }
    lines = text.splitlines(keepends=True)
    return "".join(
        "\n" if number in refused else line for number, line in enumerate(lines, start=1)
    ).encode()


def delivered(walk: Walk) -> tuple[str, etree._Element, DeliveryDetail]:
    """Deliver an invoice; return its number, its XML and its delivery."""
    invoice = f"V-{next(_numbers)}"
    delivery_id = walk.exported(invoice)
    with closing(walk.side.runner()) as runner:
        outcome = walk.run(runner, delivery_id)
    detail = walk.side.detail(delivery_id)
    delivery = detail.delivery
    assert outcome.kind is OutcomeKind.DONE, (delivery.error_text, delivery.remedy)
    with walk.side.database.read() as work:
        access = work.within(walk.side.scope)
        digest = walk.side.documents.get(access, delivery.document_id).content_sha256
    return invoice, etree.fromstring(walk.side.blobs.get(digest)), detail


def value(source: etree._Element, path: str) -> str:
    """Return the text at a path of local names."""
    steps = "/".join(f"*[local-name()='{name}']" for name in path.split("/"))
    return str(source.xpath(f"string(//{steps})"))


def quantities(source: etree._Element) -> list[Decimal]:
    """Return the quantities of the invoice's lines."""
    return [Decimal(each.text or "") for each in source.iter("{*}InvoicedQuantity")]


def _is_receipt(line: LnLine) -> bool:
    return line.component == LINE_NAMES["receipt_lines"]


@pytest.mark.parametrize("name", M3)
def test_a_file_for_m3_delivers_an_invoice(opened: Opened, client: IonApiClient, name: str) -> None:
    method = ExportMethod.INFOR_IDM_M3_TOML if name.endswith("toml") else ExportMethod.INFOR_IDM_M3
    walk = opened(method, corrected(name))
    invoice, source, detail = delivered(walk)
    (entered,) = (each for each in detail.attempts if each.step is StepKind.M3_HEAD)
    sent = json.loads(entered.request["body"])
    place = {"company": str(sent.get("cono", "")), "division": sent.get("divi", "")}
    batch = {"INBN": detail.delivery.erp_reference or ""}
    head = client.m3.execute("APS450MI", "GetHead", batch, **place).records[0]
    assert head["SINO"] == invoice
    assert head["IVDT"] == value(source, "IssueDate").replace("-", "")
    assert head["CUCD"] == value(source, "DocumentCurrencyCode")
    assert head["CORI"] == detail.delivery.correlation_id
    if M3[name]:
        assert Decimal(head["CUAM"]) == Decimal(value(source, M3[name]))
    lines = client.m3.execute("APS450MI", "LstLines", batch, max_records=0, **place).records
    plan = planned_calls(walk.side, detail.delivery.document_id, walk.configuration.id)
    assert assert_m3_as_planned(plan, head, lines) > 40
    received = [Decimal(line["IVQA"]) for line in lines if line["RDTP"] == "1"]
    assert received == quantities(source)


@pytest.mark.parametrize("name", LN)
def test_a_file_for_ln_delivers_an_invoice(opened: Opened, client: IonApiClient, name: str) -> None:
    walk = opened(ExportMethod.INFOR_IDM_LN, corrected(name), "SUP000001")
    order = "4500017"
    with walk.infor.database.write() as work:
        for position in (10, 20, 30):
            goods = GoodsReceipt(200, order, position, "RCP-1", position, "1000000")
            LnService(walk.infor.clock, LnSettings()).receive(work.within(SCOPE), goods)
    invoice, source, detail = delivered(walk)
    (found,) = client.ln.list(SERVICE, {"InvoiceNumberSupplier": invoice}, company="200")
    assert found.value("InvoiceDate")[:10] == value(source, "IssueDate")
    assert found.value("InvoiceCurrency") == value(source, "DocumentCurrencyCode")
    assert Decimal(found.value("InvoiceAmount")) == Decimal(value(source, "TaxInclusiveAmount"))
    plan = planned_calls(walk.side, detail.delivery.document_id, walk.configuration.id)
    assert assert_ln_as_planned(plan, SERVICE, found) > 30
    received = [dict(line.values)["InvoicedQuantity"] for line in found.lines if _is_receipt(line)]
    assert [Decimal(each) for each in received] == quantities(source)


def test_every_file_of_the_vendor_for_m3_and_ln_is_among_them(database_kind: str) -> None:
    there = {path.name for path in DATA.glob("*") if re.match(r"(M3|LN)-", path.name)}
    assert there == {*M3, *LN}
