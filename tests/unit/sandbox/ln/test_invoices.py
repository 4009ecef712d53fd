"""What LN takes as an invoice, and the words with which it refuses one.

Source: docs/reference/ln.md#soap, docs/reference/ln.md#received-purchase-invoices.
"""

from __future__ import annotations

import pytest

from ionport.sandbox.ln.envelope import SoapCall, namespace_of, operation_named, read_call
from ionport.sandbox.ln.invoices import ReadInvoice, read_invoices, read_keys, read_scope
from ionport.sandbox.ln.model import COST, HEADER, RECEIPT, TAX, RequestRefused, read_key
from tests.support.reference import FOLDER, needs_reference_data
from tests.support.soap import SERVICE, invoice_xml, request

INVOICE = {
    "SupplierCode": "SUP000001",
    "InvoiceNumberSupplier": "R-1",
    "InvoiceDate": "2026-03-01T00:00:00Z",
    "InvoiceAmount": "-.5",
    "InvoiceCurrency": "EUR",
}


def call_of(text: str) -> SoapCall:
    return read_call(SERVICE, text.encode())


def read(header: dict[str, str], **line: str) -> ReadInvoice:
    lines = [("InvoiceCost", line)] if line else []
    (found,) = read_invoices(call_of(request("Create", invoice_xml(header, lines))))
    return found


def test_the_company_of_the_call_is_the_default() -> None:
    draft = read(INVOICE).draft
    assert draft is not None
    assert draft.company == 200
    assert next(iter(draft.header)) == "FinancialCompany", "in the order of the WSDL"
    assert draft.lines == {"InvoiceTax": [], "InvoiceReceipt": [], "InvoiceCost": []}


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("InvoiceAmount", "1,5", "must be numeric"),
        ("InvoiceAmount", "1e5", "must be numeric"),
        ("FinancialCompany", "2.5", "must be numeric"),
        ("FinancialCompany", "-1", "is no company"),
        ("FinancialCompany", "100000", "is no company"),
        ("InvoiceDate", "2026-02-30", "must be a date"),
        ("InvoiceDate", "2026-03-01 10:00", "must be a date"),
        ("Reference", "x" * 251, "at most 250 characters"),
        ("InvoiceCurrency", "  ", "is mandatory"),
        ("Colour", "red", "the attribute is not known"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str, wrong: str) -> None:
    found = read({**INVOICE, name: value})
    assert found.draft is None
    (problem,) = found.problems
    assert problem.text.startswith(f"Request validation; Attr. '{name}', Value ")
    assert wrong in problem.text


def test_an_optional_blank_is_left_out() -> None:
    draft = read({**INVOICE, "Reference": " ", "RateDate": ""}).draft
    assert draft is not None
    assert {"Reference", "RateDate"}.isdisjoint(draft.header)


def test_lines_are_checked_like_the_header() -> None:
    found = read(INVOICE, LineNumber="1", Amount="1", Dimension13="x")
    assert [problem.text.split("'")[1] for problem in found.problems] == [
        "Dimension13",
        "LedgerAccount",
    ]


def test_a_key_names_its_company_or_has_that_of_the_call() -> None:
    number = {"ReceivedPurchaseInvoice": "1001"}
    company = {**number, "ReceivedInvoiceCompany": "300"}
    content = invoice_xml(number) + invoice_xml(company)
    assert read_keys(call_of(request("Show", content))) == [(200, 1001), (300, 1001)]


@pytest.mark.parametrize("text", ["200-1001", "x-1", "1", "", "1-2-3", "1234567890-1", "-1-2"])
def test_a_key_in_an_address_is_two_numbers_or_that_of_no_invoice(text: str) -> None:
    assert read_key(text) == ((200, 1001) if text == "200-1001" else (0, 0))


def test_the_scope_is_the_request_unless_it_says_otherwise() -> None:
    assert not read_scope(call_of(request("Create", ""))).is_each_on_its_own
    for name in ("business_entity", "business_entity_component"):
        control = f"<processingScope>{name}</processingScope>"
        assert read_scope(call_of(request("Create", "", control=control))).is_each_on_its_own


def test_what_is_no_name_of_a_service_stays_out_of_namespaces() -> None:
    assert namespace_of("Item_v3") == "http://www.infor.com/businessinterface/Item_v3"
    assert namespace_of("a b<") == "http://www.infor.com/businessinterface/unknown"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (request("Create", "").encode(), "Create"),
        (b'<Envelope><Body>\n  <List xmlns="x"><ListRequest/></List></Body></Envelope>', "List"),
        (b"<Envelope><Body/></Envelope>", None),
        (b"<Body " * 5_000 + b">" + b" " * 100_000, None),
        (b"", None),
    ],
)
def test_a_call_is_named_by_its_soap_operation(body: bytes, name: str | None) -> None:
    assert operation_named(body) == name


def test_two_operations_in_a_body_are_refused() -> None:
    text = request("Show", "")
    inner = text[text.index("<bo:Show>") : text.index("</soapenv:Body>")]
    with pytest.raises(RequestRefused):
        call_of(text.replace(inner, inner * 2))


@needs_reference_data
def test_every_name_of_the_vendors_mapping_is_known() -> None:
    """docs/reference/mapping-files.md#ln: the keys of LN-Mapping.properties."""
    lists = {
        "StaticFields": HEADER,
        "HeaderFields": HEADER,
        "InvoiceTaxFields": TAX,
        "InvoiceReceiptStaticFields": RECEIPT,
        "InvoiceReceiptFields": RECEIPT,
        "InvoiceCostStaticFields": COST,
        "InvoiceCostFields": COST,
    }
    text = (FOLDER / "mappings/LN-Mapping.properties").read_text()
    named = dict(line.split("=", 1) for line in text.splitlines() if line.split("=")[0] in lists)
    assert named.keys() == lists.keys()
    for key, names in named.items():
        assert set(names.split(",")) <= lists[key].attributes.keys()
