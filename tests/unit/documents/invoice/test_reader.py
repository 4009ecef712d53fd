from __future__ import annotations

import base64
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest

from ionport.core.errors import InvalidInput, IonportError, TooLarge
from ionport.documents.intake.reading import findings_of
from ionport.documents.invoice.attachments import Problem, attachments
from ionport.documents.invoice.fields import order_number
from ionport.documents.invoice.model import Invoice, Kind
from ionport.documents.invoice.reading.limits import ReadingLimits
from ionport.documents.invoice.reading.reader import read_invoice
from ionport.documents.invoice.rules.model import Effect
from ionport.documents.invoice.table import Syntax
from ionport.documents.review.model import NewFinding
from ionport.documents.samples import CII_INVOICE, SAMPLES, UBL_INVOICE, read_sample


def _sample(name: str, *changes: tuple[str, str]) -> bytes:
    text = read_sample(name).decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text.encode()


def _refused(content: bytes) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read_invoice(content)
    return caught.value


def _holding(content: bytes) -> list[NewFinding]:
    found = findings_of(read_invoice(content))
    return [one for one in found if one.effect is Effect.HOLDS]


def _value(invoice: Invoice, term: str) -> str:
    return invoice.tree.value(term)


def test_a_ubl_invoice_is_read_exactly() -> None:
    invoice = read_invoice(read_sample(UBL_INVOICE))
    assert (invoice.syntax, invoice.kind) == (Syntax.UBL, Kind.INVOICE)
    assert invoice.not_understood == ()
    stated = {
        "BT-1": "RE-2026-0417",
        "BT-2": "2026-03-02",
        "BT-9": "2026-04-01",
        "BT-72": "2026-02-27",
        "BT-13": "4500017",
        "BT-27": "Nordwerk Werkzeuge GmbH",
        "BT-29": "70012",
        "BT-48": "DE987654321",
        "BT-112": "2808.81",
    }
    assert {term: _value(invoice, term) for term in stated} == stated
    assert [
        tuple(row.value(term) for term in ("BT-119", "BT-116", "BT-117"))
        for row in invoice.tree.all("BG-23")
    ] == [("19", "1874.80", "356.21"), ("7", "540.00", "37.80")]
    first = invoice.lines[0]
    terms = ("BT-129", "BT-130", "BT-146", "BT-155", "BT-156", "BT-132")
    assert [first.value(term) for term in terms] == [
        "200",
        "C62",
        "0.38",
        "NW-M8X40",
        "100482",
        "10",
    ]


def test_a_cii_invoice_is_read_exactly() -> None:
    invoice = read_invoice(read_sample(CII_INVOICE))
    assert (invoice.syntax, invoice.not_understood) == (Syntax.CII, ())
    stated = {
        "BT-9": "2026-04-02",
        "BT-84": "DE89370400440532013000",
        "BT-108": "35.00",
        "BT-99": "35.00",
        "BT-107": "",
    }
    assert {term: _value(invoice, term) for term in stated} == stated
    assert invoice.lines[0].value("BT-149") == "100"
    assert invoice.lines[2].value("BT-152") == "7"


@pytest.mark.parametrize("name", SAMPLES)
def test_both_syntaxes_give_the_same_values_for_the_same_terms(name: str) -> None:
    invoice = read_invoice(read_sample(name))
    assert [_value(invoice, term) for term in ("BT-37", "BT-40", "BT-10", "BT-20")] == [
        "Bremerhaven",
        "DE",
        "EINKAUF-12",
        "30 Tage netto",
    ]
    assert len(invoice.lines) == 3


def test_a_ubl_credit_note_is_a_credit_note() -> None:
    content = read_sample(UBL_INVOICE).decode()
    for old, new in (
        ("xsd:Invoice-2", "xsd:CreditNote-2"),
        ("<Invoice ", "<CreditNote "),
        ("</Invoice>", "</CreditNote>"),
        ("InvoiceTypeCode>380", "CreditNoteTypeCode>381"),
        ("/cbc:InvoiceTypeCode", "/cbc:CreditNoteTypeCode"),
        ("InvoiceLine>", "CreditNoteLine>"),
        ("InvoicedQuantity", "CreditedQuantity"),
        ("  <cbc:DueDate>2026-04-01</cbc:DueDate>\n", ""),
        (
            "58</cbc:PaymentMeansCode>",
            "58</cbc:PaymentMeansCode><cbc:PaymentDueDate>2026-04-01</cbc:PaymentDueDate>",
        ),
    ):
        content = content.replace(old, new)
    invoice = read_invoice(content.encode())
    assert invoice.is_credit_note
    assert _value(invoice, "BT-9") == "2026-04-01"
    assert invoice.lines[1].value("BT-129") == "12"


def test_a_type_code_of_a_credit_note_makes_an_invoice_a_credit_note() -> None:
    content = _sample(CII_INVOICE, ("<ram:TypeCode>380", "<ram:TypeCode>381"))
    assert read_invoice(content).is_credit_note


def test_prefixes_and_comments_do_not_matter() -> None:
    content = read_sample(UBL_INVOICE).decode().replace("cbc:", "x:").replace(":cbc=", ":x=")
    content = content.replace("2808.81</x:Tax", "28<!-- thousands -->08.81</x:Tax")
    assert _value(read_invoice(content.encode()), "BT-112") == "2808.81"


def test_the_vat_total_in_the_accounting_currency_is_not_the_invoices_total() -> None:
    other = '<cac:TaxTotal><cbc:TaxAmount currencyID="SEK">4500.00</cbc:TaxAmount></cac:TaxTotal>'
    content = _sample(UBL_INVOICE, ("  <cac:TaxTotal>", other + "\n  <cac:TaxTotal>"))
    invoice = read_invoice(content)
    (total,) = invoice.tree.all("BT-110")
    assert (total.decimal, total.currency) == (Decimal("394.01"), "EUR")
    (accounting,) = invoice.tree.all("BT-111")
    assert (accounting.decimal, accounting.currency) == (Decimal("4500.00"), "SEK")
    assert len(invoice.tree.all("BG-23")) == 2


def test_an_order_number_that_only_fills_the_schema_is_none() -> None:
    content = _sample(
        UBL_INVOICE,
        ("<cbc:ID>4500017</cbc:ID>", "<cbc:ID>NA</cbc:ID><cbc:SalesOrderID>88</cbc:SalesOrderID>"),
    )
    assert order_number(read_invoice(content)) == ""


def test_the_creditor_identifier_is_not_the_suppliers_number() -> None:
    node = "<cac:PartyIdentification>"
    creditor = node + '<cbc:ID schemeID="SEPA">DE98ZZZ</cbc:ID></cac:PartyIdentification>'
    content = _sample(UBL_INVOICE, (node, creditor + node))
    (identifier,) = read_invoice(content).tree.all("BT-29")
    assert identifier.text == "70012"


@pytest.mark.parametrize(
    ("name", "old", "rule", "label"),
    [
        (UBL_INVOICE, "<cbc:ID>RE-2026-0417</cbc:ID>", "BR-02", "Invoice number"),
        (UBL_INVOICE, "<cbc:IssueDate>2026-03-02</cbc:IssueDate>", "BR-03", "issue date"),
        (
            UBL_INVOICE,
            "<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>",
            "BR-05",
            "currency",
        ),
        (CII_INVOICE, "<ram:ID>RE-2026-0418</ram:ID>", "BR-02", "Invoice number"),
        (CII_INVOICE, "<ram:GrandTotalAmount>1133.47</ram:GrandTotalAmount>", "BR-14", "with VAT"),
        (CII_INVOICE, "<ram:LineTotalAmount>192.00</ram:LineTotalAmount>", "BR-24", "net amount"),
    ],
)
def test_what_is_missing_is_named_by_number_name_and_place(
    name: str, old: str, rule: str, label: str
) -> None:
    findings = {one.code: one for one in _holding(_sample(name, (old, "")))}
    assert label in findings[rule].text
    assert ("line" in findings[rule].parameters) == (rule == "BR-24")


def test_a_missing_party_is_told_by_its_name() -> None:
    content = read_sample(UBL_INVOICE).replace(b"AccountingSupplierParty", b"OtherParty")
    assert "Seller name (BT-27) is missing." in [one.text for one in _holding(content)]
    left = {one.place.path for one in read_invoice(content).not_understood}
    assert "Invoice/OtherParty/Party/PartyLegalEntity/RegistrationName" in left


def test_an_invoice_without_lines_holds_unless_its_profile_has_none() -> None:
    content = read_sample(UBL_INVOICE).replace(b"cac:InvoiceLine", b"cac:OtherLine")
    assert "BR-16" in [one.code for one in _holding(content)]
    profile = read_invoice(content).profile.encode()
    basic = content.replace(profile, b"urn:factur-x.eu:1p0:basicwl")
    assert _holding(basic) == []


@pytest.mark.parametrize("amount", ["2.808,81", "1e3", "NaN", "Infinity", "٣", "1" * 29, "--1"])
def test_a_bad_number_is_named_with_its_place_and_line(amount: str) -> None:
    content = _sample(UBL_INVOICE, ("2808.81</cbc:Tax", f"{amount}</cbc:Tax"))
    line = content[: content.index(b"TaxInclusiveAmount")].count(b"\n") + 1
    (finding,) = (one for one in _holding(content) if one.code == "unreadable_value")
    assert finding.parameters["term"] == "BT-112"
    assert f"Invoice/LegalMonetaryTotal/TaxInclusiveAmount (line {line})" in finding.text
    assert read_invoice(content).tree.value("BT-112") == amount


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (UBL_INVOICE, "2026-03-02<", "2026-02-30<"),
        (UBL_INVOICE, "2026-03-02<", "02.03.2026<"),
        (UBL_INVOICE, "2026-03-02<", "20260302<"),
        (CII_INVOICE, ">20260303<", ">20261303<"),
        (CII_INVOICE, '"102">20260303', '"610">202603'),
    ],
)
def test_a_bad_date_is_named(name: str, old: str, new: str) -> None:
    (finding,) = _holding(_sample(name, (old, new)))
    assert (finding.code, finding.parameters["term"]) == ("unreadable_value", "BT-2")


@pytest.mark.parametrize(
    ("written", "has_note"),
    [
        ("2026-03-02+01:00", True),
        ("2026-03-02Z", False),
        ("2026-03-02T23:30:00-11:00", True),
        (" 2026-03-02\n", False),
    ],
)
def test_a_date_keeps_its_day_whatever_time_or_zone_is_beside_it(
    written: str, has_note: bool
) -> None:
    invoice = read_invoice(_sample(UBL_INVOICE, ("2026-03-02<", f"{written}<")))
    issued = invoice.tree.first("BT-2")
    assert issued is not None
    assert (issued.day, issued.written) == (date(2026, 3, 2), written)
    notes = ["date_with_time"] if has_note else []
    assert [one.code for one in findings_of(invoice)] == notes


@pytest.mark.parametrize(
    ("issued", "holds"),
    [
        ("1999-12-31", True),
        ("2000-01-01", False),
        ("2026-05-01", False),
        ("2026-05-02", True),
        ("9999-12-31", True),
    ],
)
def test_an_issue_date_far_from_today_holds(issued: str, holds: bool) -> None:
    invoice = read_invoice(_sample(UBL_INVOICE, ("2026-03-02<", f"{issued}<")))
    found = findings_of(invoice, today=date(2026, 3, 2))
    codes = [one.code for one in found if one.effect is Effect.HOLDS]
    assert codes == (["issue_date_out_of_range"] if holds else [])


def test_another_date_holds_only_before_the_year_2000() -> None:
    for due, holds in (("1999-12-31", True), ("2099-01-01", False)):
        content = _sample(UBL_INVOICE, ("2026-04-01</cbc:DueDate", f"{due}</cbc:DueDate"))
        found = findings_of(read_invoice(content), today=date(2026, 3, 2))
        codes = [one.code for one in found if one.effect is Effect.HOLDS]
        assert codes == (["early_date"] if holds else [])


def test_many_findings_of_a_kind_are_not_all_listed() -> None:
    text = read_sample(UBL_INVOICE)
    start = text.index(b"<cac:InvoiceLine>")
    end = text.index(b"</cac:InvoiceLine>") + len(b"</cac:InvoiceLine>")
    bad = text[start:end].replace(b'currencyID="EUR">', b'currencyID="EUR">x')
    found = findings_of(read_invoice(text[:start] + bad * 100 + text[start:]))
    assert sum(one.code == "unreadable_value" for one in found) == 20


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "xml_empty", "empty"),
        (b"  \n", "xml_empty", "empty"),
        (b"number;amount\n1;2\n", "xml_not_well_formed", "line 1"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "xml_doctype", "DOCTYPE"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "xml_doctype", "DOCTYPE"),
        (b"<order xmlns='urn:x'/>", "unknown_syntax", "order (urn:x)"),
        (
            b"<Order xmlns='urn:oasis:names:specification:ubl:schema:xsd:Order-2'/>",
            "unknown_syntax",
            "This XML is an order, not an invoice.",
        ),
        (b"<Invoice/>", "unknown_syntax", "Invoice"),
        (read_sample(UBL_INVOICE)[:2000], "xml_not_well_formed", "line"),
        (b"<a>" * 300_000, "xml_not_well_formed", "nested too deeply"),
        (b"<a>" * 300_000 + b"</a>" * 300_000, "xml_not_well_formed", "nested too deeply"),
    ],
    ids=[
        "empty",
        "blank",
        "csv",
        "entity",
        "external",
        "other",
        "order",
        "no namespace",
        "truncated",
        "deep",
        "deep and closed",
    ],
)
def test_what_is_no_einvoice_is_refused_with_the_reason(
    content: bytes, code: str, says: str
) -> None:
    error = _refused(content)
    assert error.code == code
    assert says in error.text


def test_a_file_of_50_megabytes_is_too_large() -> None:
    content = read_sample(UBL_INVOICE).replace(b"30 Tage netto", b"x" * 50_000_000)
    with pytest.raises(TooLarge) as caught:
        read_invoice(content)
    assert caught.value.code == "xml_too_large"


def test_any_cut_of_a_file_is_refused_and_never_crashes() -> None:
    content = read_sample(CII_INVOICE)
    for end in range(0, len(content) - 1, 97):
        with pytest.raises(IonportError):
            read_invoice(content[:end])


@pytest.mark.parametrize(
    "times",
    [
        '<cac:TaxTotal><cbc:TaxAmount currencyID="SEK">1</cbc:TaxAmount></cac:TaxTotal>',
        "<cac:AllowanceCharge><cbc:Amount>0</cbc:Amount></cac:AllowanceCharge>",
        "<cbc:Note>x</cbc:Note>",
    ],
    ids=["tax totals", "allowances", "notes"],
)
def test_the_time_to_read_grows_with_the_file_and_not_faster(times: str) -> None:
    content = _sample(UBL_INVOICE, ("  <cac:TaxTotal>", times * 19_000 + "\n  <cac:TaxTotal>"))
    started = time.process_time()
    read_invoice(content)
    assert time.process_time() - started < 2.5


def test_an_element_is_read_twenty_thousand_times_in_one_place_and_refused_beyond() -> None:
    def noted(count: int) -> bytes:
        notes = "<cbc:Note>x</cbc:Note>" * count
        return _sample(UBL_INVOICE, ("  <cac:TaxTotal>", notes + "\n  <cac:TaxTotal>"))

    read_invoice(noted(19_000))
    assert "Invoice/Note stands more than 20000 times" in str(_refused(noted(20_001)))


def test_more_lines_than_any_invoice_has_are_refused() -> None:
    content = _sample(UBL_INVOICE, ("</Invoice>", "<cac:InvoiceLine/>" * 10_000 + "</Invoice>"))
    assert _refused(content).code == "too_many_lines"


def test_the_limits_of_lines_and_attachments_are_the_operators() -> None:
    with pytest.raises(InvalidInput, match="more than 2 lines"):
        read_invoice(read_sample(UBL_INVOICE), ReadingLimits(lines=2))
    assert len(read_invoice(read_sample(UBL_INVOICE), ReadingLimits(lines=3)).lines) == 3


def test_many_threads_read_at_once() -> None:
    content = read_sample(CII_INVOICE)
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda _number: read_invoice(content), range(200)))
    expected = [(node.term, node.text) for node in read_invoice(content).tree.walk()]
    assert all([(node.term, node.text) for node in one.tree.walk()] == expected for one in read)


def test_text_where_a_group_stands_is_not_lost() -> None:
    lines = "<cac:InvoiceLine>lost</cac:InvoiceLine>"
    invoice = read_invoice(_sample(UBL_INVOICE, ("</Invoice>", lines + "</Invoice>")))
    (left,) = invoice.not_understood
    assert (left.place.path, left.text) == ("Invoice/InvoiceLine[4]", "lost")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<cbc:ID>RE-2026-0417<", "<cbc:ID>RE-<b>2026</b>-0417<"),
        ("<cbc:ID>RE-2026-0417<", "<cbc:ID><b>RE-2026-0417</b><"),
        ("  <cac:TaxTotal>", "  lost <cac:TaxTotal>"),
        ("</cac:TaxTotal>", "</cac:TaxTotal> lost"),
    ],
)
def test_text_with_elements_inside_is_refused(old: str, new: str) -> None:
    error = _refused(_sample(UBL_INVOICE, (old, new)))
    assert error.code == "mixed_content"
    assert "(line " in error.text


def test_line_breaks_become_spaces_and_the_original_stays() -> None:
    written = "30 Tage\n   netto &#13;\n\tohne Abzug "
    invoice = read_invoice(_sample(UBL_INVOICE, ("30 Tage netto", written)))
    (terms,) = invoice.tree.all("BT-20")
    assert terms.text == "30 Tage netto ohne Abzug"
    assert terms.written == written.replace("&#13;", "\r")


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: b"\n \r\n" + text.encode(),
        lambda text: text.replace("UTF-8", "ISO-8859-1").encode("latin-1"),
        lambda text: text.replace("UTF-8", "UTF-16").encode("utf-16"),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("30 Tage netto", "<![CDATA[30 Tage netto]]>").encode(),
    ],
    ids=["blank lines first", "Latin-1", "UTF-16", "byte order mark", "CDATA"],
)
def test_what_practice_writes_is_read(encode: Callable[[str], bytes]) -> None:
    invoice = read_invoice(encode(read_sample(UBL_INVOICE).decode()))
    assert _value(invoice, "BT-20") == "30 Tage netto"
    assert _value(invoice, "BT-35") == "Deichstraße 18"


def test_the_invoice_inside_a_standard_business_document_is_read() -> None:
    text = read_sample(UBL_INVOICE).decode()
    declaration, _end, body = text.partition("?>")
    envelope = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
    wrapped = (
        f"{declaration}?><s:StandardBusinessDocument xmlns:s='{envelope}'>"
        f"<s:StandardBusinessDocumentHeader/>{body}</s:StandardBusinessDocument>"
    )
    assert _value(read_invoice(wrapped.encode()), "BT-1") == "RE-2026-0417"


def test_a_text_of_more_than_ten_megabytes_is_read_as_an_attachment() -> None:
    content = base64.b64encode(b"%PDF-" + bytes(9_000_000)).decode()
    reference = (
        "<cac:AdditionalDocumentReference><cbc:ID>A</cbc:ID><cac:Attachment>"
        '<cbc:EmbeddedDocumentBinaryObject mimeCode="application/pdf" filename="a.pdf">'
        f"{content}</cbc:EmbeddedDocumentBinaryObject></cac:Attachment>"
        "</cac:AdditionalDocumentReference>"
    )
    start = "  <cac:AccountingSupplierParty>"
    sent = _sample(UBL_INVOICE, (start, 2 * reference + start))
    for attachment in attachments(read_invoice(sent)):
        assert (attachment.filename, attachment.mime_type) == ("a.pdf", "application/pdf")
        assert (attachment.size, attachment.problem) == (9_000_005, Problem.NONE)
        assert attachment.content.startswith(b"%PDF-")
    # Only a file's own limit bounds it, which the operator sets.
    with pytest.raises(TooLarge, match="at most 20000000"):
        read_invoice(sent, ReadingLimits(xml_bytes=20_000_000))


@pytest.mark.parametrize(
    ("content", "mime_type", "problem"),
    [
        ("!!", "application/pdf", Problem.NOT_BASE64),
        ("QUJD", "application/pdf", Problem.OTHER_TYPE),
        ("QUJD", "application/x-msdownload", Problem.TYPE_NOT_ALLOWED),
        ("QUJD", "text/csv", Problem.NONE),
    ],
)
def test_an_attachment_that_is_not_what_it_says_is_told(
    content: str, mime_type: str, problem: Problem
) -> None:
    reference = (
        "<cac:AdditionalDocumentReference><cbc:ID>A</cbc:ID><cac:Attachment>"
        f'<cbc:EmbeddedDocumentBinaryObject mimeCode="{mime_type}" filename="a">'
        f"{content}</cbc:EmbeddedDocumentBinaryObject></cac:Attachment>"
        "</cac:AdditionalDocumentReference>"
    )
    start = "  <cac:AccountingSupplierParty>"
    invoice = read_invoice(_sample(UBL_INVOICE, (start, reference + start)))
    assert [one.problem for one in attachments(invoice)] == [problem]
    codes = {finding.code for finding in findings_of(invoice)} - {"BR-CL-24"}
    assert codes == (set() if problem is Problem.NONE else {"attachment_problem"})


def test_an_allowance_of_unknown_direction_holds_and_is_kept_out_of_the_sums() -> None:
    unknown = (
        "<cac:AllowanceCharge><cbc:ChargeIndicator>maybe</cbc:ChargeIndicator>"
        '<cbc:Amount currencyID="EUR">5.00</cbc:Amount></cac:AllowanceCharge>'
    )
    content = _sample(UBL_INVOICE, ("  <cac:TaxTotal>", unknown + "  <cac:TaxTotal>"))
    invoice = read_invoice(content)
    assert not invoice.tree.all("BT-92")
    assert [group.value("BT-92") for group in invoice.tree.all("OWN-G2")] == ["5.00"]
    (finding,) = _holding(content)
    assert (finding.code, finding.parameters["amount"]) == ("unknown_direction", "5.00")


def test_the_same_line_number_twice_holds() -> None:
    text = read_sample(UBL_INVOICE).decode()
    (finding,) = _holding(text.replace("<cbc:ID>2</cbc:ID>", "<cbc:ID>1</cbc:ID>").encode())
    assert finding.code == "line_number_twice"
    assert (finding.parameters["number"], finding.parameters["count"]) == ("1", "2")


def test_a_corrected_invoice_holds_and_names_what_it_replaces() -> None:
    billing = (
        "<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>RE-1</cbc:ID>"
        "</cac:InvoiceDocumentReference></cac:BillingReference>"
    )
    start = "  <cac:AccountingSupplierParty>"
    for more, replaced in (("", ""), (billing, "RE-1")):
        content = _sample(
            UBL_INVOICE, ("InvoiceTypeCode>380", "InvoiceTypeCode>384"), (start, more + start)
        )
        (finding,) = _holding(content)
        assert (finding.code, finding.parameters["replaced"]) == ("corrected_invoice", replaced)


@pytest.mark.parametrize(
    ("path", "xml", "concern"),
    [
        (
            "PaymentTerms",
            "<cac:PaymentTerms><cbc:Amount>5</cbc:Amount></cac:PaymentTerms>",
            "money",
        ),
        (
            "PayeeFinancialAccount",
            "<cac:PaymentMeans><cac:PayeeFinancialAccount><cbc:ID>1</cbc:ID><cbc:X>DE</cbc:X>\
</cac:PayeeFinancialAccount></cac:PaymentMeans>",
            "payee",
        ),
    ],
)
def test_what_no_term_stands_for_but_changes_the_payment_holds(
    path: str, xml: str, concern: str
) -> None:
    start = "  <cac:TaxTotal>"
    found = _holding(_sample(UBL_INVOICE, (start, xml + start)))
    (finding,) = (one for one in found if one.code == f"not_understood_{concern}")
    assert path in finding.text
