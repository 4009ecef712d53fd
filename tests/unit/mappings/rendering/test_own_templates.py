"""The templates that ionport ships: everything that a receiver reads arrives."""

from __future__ import annotations

import dataclasses
import json
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ionport.core.errors import InvalidInput
from ionport.documents.samples import SAMPLES, UBL_INVOICE, read_sample
from ionport.mappings.grammars.files import TEMPLATES, Template, own_template
from ionport.mappings.intake import prepared_template
from ionport.mappings.model import MappingKind, RenderSource, Severity
from ionport.mappings.rendering.bod import parse_bod_mapping, render_bod
from ionport.mappings.rendering.idm import parse_idm_mapping, render_idm_item
from ionport.mappings.rendering.ln import parse_ln_mapping, render_ln
from ionport.mappings.rendering.m3 import parse_m3_mapping, render_m3
from ionport.mappings.rendering.m3_toml import parse_m3_toml
from ionport.mappings.rendering.model import M3Call
from ionport.mappings.rendering.signs import AmountSign, with_sign
from tests.support.reference import needs_reference_data, reference_files
from tests.unit.mappings.sources import CORRELATION_ID, ENVELOPE, NAMESPACE, local, source_of

_GOLDEN = Path(__file__).parent / "golden"
_PUBLIC = reference_files("invoices/01.*_ubl.xml")
# What people and their company add: no e-invoice has it.
_ENTERED = {"supplier_id": "20001", "company": "780", "division": "PJA", "ln_company": "200"}

# Name in the BOD that the published ION mappings read → where an invoice in UBL says it.
_UBL = {
    "InvoiceNumber": "ID",
    "InvoiceDate": "IssueDate",
    "DueDate": "DueDate",
    "PaymentTerms": "PaymentTerms/Note",
    "BankReference": "PaymentMeans/PaymentID",
    "TotalAmount": "LegalMonetaryTotal/TaxInclusiveAmount",
    "Currency": "DocumentCurrencyCode",
    "BankAccount": "PaymentMeans/PayeeFinancialAccount/ID",
    "PurchaseOrder": "OrderReference/ID",
    "SupplierCountry": "AccountingSupplierParty/Party/PostalAddress/Country/IdentificationCode",
    "OrganisationNo": "AccountingSupplierParty/Party/PartyLegalEntity/CompanyID",
    "SupplierName": "AccountingSupplierParty/Party/PartyLegalEntity/RegistrationName",
}
_UBL_RATE = {
    "VatPercent": "TaxCategory/Percent",
    "VATAmount": "TaxAmount",
    "NetAmount": "TaxableAmount",
}
_UBL_LINE = {
    "Description": "Item/Name",
    "ItemNumber": "Item/BuyersItemIdentification/ID",
    "Quantity": "InvoicedQuantity",
    "Amount": "LineExtensionAmount",
    "Position": "OrderLineReference/LineID",
}


def _plain(content: bytes) -> ElementTree.Element:
    """Return the invoice without namespaces."""
    root = ElementTree.fromstring(content)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _same(one: str | None, other: str | None) -> bool:
    if one == other:
        return True
    try:
        return Decimal(one or "") == Decimal(other or "")
    except ArithmeticError:
        return " ".join((one or "").split()) == " ".join((other or "").split())


def _said(root: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Yield name and value of everything that the invoice says and the receiver reads."""
    for name, path in _UBL.items():
        if text := root.findtext(path, "").strip():
            is_filler = name == "PurchaseOrder" and text == "NA"
            if not is_filler:
                yield name, "".join(text.split()) if name == "BankAccount" else text
    for scheme in root.findall("AccountingSupplierParty/Party/PartyTaxScheme"):
        if scheme.findtext("TaxScheme/ID", "").strip() == "VAT":
            number = scheme.findtext("CompanyID", "").strip()
            yield "VATRegNo", number
            yield "SupplierVATCountry", number[:2]
    currency = root.findtext("DocumentCurrencyCode")
    totals = [
        total
        for total in root.findall("TaxTotal")
        if (amount := total.find("TaxAmount")) is not None and amount.get("currencyID") == currency
    ]
    rates = [rate for total in totals for rate in total.findall("TaxSubtotal")]
    for number, rate in enumerate(rates, start=1):
        for name, path in _UBL_RATE.items():
            if text := rate.findtext(path, "").strip():
                yield f"{name}{number if number > 1 else ''}", text


@pytest.mark.parametrize("name", [UBL_INVOICE, *(path.name for path in _PUBLIC)])
def test_every_value_that_the_receiver_reads_arrives_under_its_name(name: str) -> None:
    known = {path.name: path for path in _PUBLIC}
    content = known[name].read_bytes() if name in known else read_sample(name)
    invoice = _plain(content)
    if invoice.tag != "Invoice" or invoice.findtext("InvoiceTypeCode") == "381":
        pytest.skip("no template of a BOD is for credit notes")
    source = source_of(content, **_ENTERED)
    template = own_template(MappingKind.BOD)[1].decode()
    bod = _plain(render_bod(parse_bod_mapping(template), source, ENVELOPE))
    document = bod.find("DataArea/CaptureDocument")
    assert document is not None
    fields = {one.findtext("Name"): one.findtext("Value") for one in document.iter("DocumentField")}
    missing = [
        (key, value, fields.get(key))
        for key, value in _said(invoice)
        if not _same(value, fields.get(key))
    ]
    assert missing == []
    assert (fields["AlternateDocumentID"], fields["SupplierID"]) == (CORRELATION_ID, "20001")
    assert document.findtext("CreationDateTime") == "2026-03-05T10:00:00.007Z"
    lines, rows = invoice.findall("InvoiceLine"), list(document.iter("Row"))
    assert len(rows) == len(lines)
    order = fields.get("PurchaseOrder")
    numbers = {line.findtext("ID", "") for line in lines}
    is_numbered = len(numbers) == len(lines) and all(number.isdigit() for number in numbers)
    for line, row in zip(lines, rows, strict=True):
        columns = {one.findtext("Name"): one.findtext("Value") for one in row.iter("Column")}
        for key, path in _UBL_LINE.items():
            if text := line.findtext(path, "").strip():
                assert _same(text, columns.get(key)), (key, text)
        quantity = line.find("InvoicedQuantity")
        assert quantity is not None
        assert columns["UnitMeasurement"] == quantity.get("unitCode")
        price = Decimal(line.findtext("Price/PriceAmount", ""))
        price /= Decimal(line.findtext("Price/BaseQuantity", "1"))
        assert abs(Decimal(columns["UnitPrice"] or "") - price) < Decimal("0.000001")
        assert columns.get("PONumber") == order
        if is_numbered:
            assert row.findtext("ID") == str(int(line.findtext("ID", "")))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_no_template_has_an_error(template: Template) -> None:
    for document_type in template.document_types:
        name, prepared = prepared_template(template.kind, document_type)
        assert name == template.name
        assert prepared.kind is template.kind
        assert [one for one in prepared.findings if one.severity is Severity.ERROR] == []


def test_a_type_that_no_target_takes_has_no_template() -> None:
    with pytest.raises(InvalidInput, match="no template for documents of type CREDIT_NOTE"):
        own_template(MappingKind.BOD, "CREDIT_NOTE")


def _order(document_type: str) -> RenderSource:
    fields = {
        "purchase_order": "4500017",
        "delivery_note_id": "LS-7",
        "document_date": "2026-03-02",
        "delivery_date": "2026-03-05",
        "supplier_id": "20001",
        "currency": "EUR",
        "total_net_amount": "76.00",
        "correlation_id": CORRELATION_ID,
        "received_date": "2026-03-06",
        "delivery_status": "Received",
        "warehouse_location": "W1",
    }
    rows = [{"LINE_NUMBER": "10", "QUANTITY": "200", "UNIT": "PCS", "UNIT_PRICE": "0.38"}]
    rows[0] |= {"ITEM_NUMBER": "100482", "TOTAL_AMOUNT": "76.00", "PURCHASE_ORDER": "4500017"}
    return RenderSource(
        document_type, fields, {"INVOICE_TABLE": rows}, "order.pdf", "application/pdf", 1
    )


def test_order_confirmations_and_delivery_notes_have_the_names_that_their_receivers_read() -> None:
    wanted = {
        "ORDER_CONFIRMATION": (
            {"PurchaseOrder", "SupplierID", "Currency", "NetAmount"},
            {"Position", "Quantity", "UnitMeasurement", "UnitPrice", "ItemNumber", "Amount"},
        ),
        "DELIVERY_NOTE": (
            {"DeliveryNoteId", "SupplierID", "DeliveryDate", "Status", "ReceivedDateTime"}
            | {"WarehouseLocation"},
            {"Position", "Quantity", "UnitMeasurement", "ItemNumber", "PONumber"},
        ),
    }
    for document_type, (fields, columns) in wanted.items():
        source = _order(document_type)
        template = own_template(MappingKind.BOD, document_type)[1].decode()
        bod = ElementTree.fromstring(render_bod(parse_bod_mapping(template), source, ENVELOPE))
        sent = {name.text for name in bod.iter(NAMESPACE + "Name")}
        assert fields | columns <= sent
        idm = own_template(MappingKind.IDM, document_type)[1].decode()
        item = render_idm_item(parse_idm_mapping(idm), source)
        assert ("BOD_AlternateDocumentID_1", CORRELATION_ID) in item.attributes


def _records(calls: tuple[M3Call, ...]) -> list[dict[str, object]]:
    return [
        {
            "transaction": call.transaction,
            "section": call.section,
            "company": call.company,
            "division": call.division,
            "record": dict(sorted(call.values().items())),
        }
        for call in calls
    ]


def test_m3_gets_the_same_from_properties_and_toml_for_invoices_and_credit_notes() -> None:
    properties = parse_m3_mapping(own_template(MappingKind.M3)[1].decode())
    toml = parse_m3_toml(own_template(MappingKind.TOML)[1].decode())
    invoice = source_of(read_sample(UBL_INVOICE), **_ENTERED)
    for document_type in ("INVOICE", "CREDIT_NOTE"):
        source = dataclasses.replace(invoice, document_type=document_type)
        calls = render_m3(properties, source)
        assert _records(render_m3(toml, source)) == _records(calls)
    turned = render_m3(properties, with_sign(source, AmountSign.NEGATIVE))
    assert turned[0].values()["CUAM"] == "-2808.81"
    line = next(call for call in turned if call.section == "credit_note_receipt_lines").values()
    assert (line["IVQA"], line["NEPR"], line["NLAM"]) == ("-200", "0.38", "-76.00")


@needs_reference_data
@pytest.mark.parametrize("path", _PUBLIC, ids=lambda path: path.name)
def test_the_amounts_in_m3_and_ln_come_to_those_of_the_invoice(path: Path) -> None:
    source = source_of(path.read_bytes(), **_ENTERED)
    source = dataclasses.replace(source, document_type="INVOICE")
    limits = {"purchase_order": 10, "invoice_id": 24}
    short = {name: source.fields.get(name, "")[:limit] for name, limit in limits.items()}
    rows = [
        {k: v for k, v in row.items() if k in ("NET_AMOUNT", "QUANTITY")}
        for row in source.tables["INVOICE_TABLE"]
    ]
    source = dataclasses.replace(
        source, fields={**source.fields, **short}, tables={**source.tables, "INVOICE_TABLE": rows}
    )
    calls = render_m3(parse_m3_mapping(own_template(MappingKind.M3)[1].decode()), source)

    def total(section: str, field: str) -> Decimal:
        values = [call.values() for call in calls if call.section == section]
        return sum((Decimal(value.get(field, "0")) for value in values), Decimal(0))

    net = total("receipt_lines", "NLAM") + total("order_header_charges", "NLAM")
    assert net == Decimal(source.fields["total_net_amount"])
    tax = total("tax_lines", "VTA1")
    assert tax == Decimal(source.fields.get("total_tax_amount", "0"))
    assert Decimal(calls[0].values()["CUAM"]) == Decimal(source.fields["total_amount"])


def _rendered(name: str) -> str:
    """Return everything that our templates make of a sample, as one text."""
    source = source_of(read_sample(name), **_ENTERED)
    item = render_idm_item(parse_idm_mapping(own_template(MappingKind.IDM)[1].decode()), source)
    bod_mapping = parse_bod_mapping(own_template(MappingKind.BOD)[1].decode())
    bod = ElementTree.fromstring(render_bod(bod_mapping, source, ENVELOPE))
    ElementTree.indent(bod)
    for element in bod.iter():
        element.tag = local(element)
    m3 = render_m3(parse_m3_mapping(own_template(MappingKind.M3)[1].decode()), source)
    ln = render_ln(parse_ln_mapping(own_template(MappingKind.LN)[1].decode()), source)
    header = {value.target: value.value for value in ln.header}
    lines = {
        section: [{value.target: value.value for value in row} for row in rows]
        for section, rows in ln.lines.items()
    }
    parts = [dataclasses.asdict(item), _records(m3), {"header": header, **lines}]
    texts = [json.dumps(part, indent=1, ensure_ascii=False) for part in parts]
    return "\n\n".join([*texts, ElementTree.tostring(bod, "unicode")]) + "\n"


@pytest.mark.parametrize("name", SAMPLES)
def test_our_samples_become_what_was_reviewed(name: str) -> None:
    """`IONPORT_WRITE_GOLDEN=1` writes the files anew; look at the difference before a commit."""
    file = _GOLDEN / f"{name.removesuffix('.xml')}.txt"
    rendered = _rendered(name)
    if os.environ.get("IONPORT_WRITE_GOLDEN"):
        file.write_text(rendered, encoding="utf-8")
    assert rendered == file.read_text(encoding="utf-8")
