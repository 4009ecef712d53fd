"""Documents as JSON and CSV: read exactly, refused with the place, and never guessed."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from ionport.core.errors import InvalidInput, TooLarge
from ionport.documents.intake.containers import ReceivedFile, unpack
from ionport.documents.intake.imports.model import RefusedImport
from ionport.documents.intake.reading import Intake, read_any, read_file
from ionport.documents.invoice.reading.limits import ReadingLimits
from ionport.documents.invoice.rules.model import Effect

TODAY = date(2026, 3, 10)
FIELDS: dict[str, Any] = {
    "invoice_id": "R-17",
    "invoice_date": "2026-03-01",
    "currency": "EUR",
    "supplier_name": "Nordwerk GmbH",
    "supplier_tax_id": "DE123456789",
    "supplier_iban": "DE89370400440532013000",
    "buyer_name": "Adler Maschinenbau AG",
    "total_net_amount": "100.00",
    "total_tax_amount": "19.00",
    "total_amount": "119.00",
    "amount_due": "119.00",
    "net_amount": "100.00",
    "tax_amount": "19.00",
    "tax_rate": "19",
    "accounting_entity": "100_DE",
}
ROWS = [
    {"POSITION": "1", "DESCRIPTION": "Pipe", "QUANTITY": "4", "NET_AMOUNT": "60.00"},
    {"POSITION": "2", "DESCRIPTION": "Valve", "QUANTITY": "1", "NET_AMOUNT": "40.00"},
]
CSV = """\
invoice_id;invoice_date;currency;supplier_name;supplier_tax_id;supplier_iban;buyer_name;\
total_net_amount;total_tax_amount;total_amount;amount_due;net_amount;tax_amount;tax_rate;\
accounting_entity;POSITION;DESCRIPTION;QUANTITY;NET_AMOUNT
R-17;01.03.2026;EUR;Nordwerk GmbH;DE123456789;DE89370400440532013000;Adler Maschinenbau AG;\
100,00;19,00;119,00;119,00;100,00;19,00;19;100_DE;1;Pipe;4;60,00
;;;;;;;;;;;;;;;2;Valve;1;40,00
"""


def _json(fields: dict[str, Any] | None = None, **more: Any) -> bytes:
    made = {"fields": FIELDS if fields is None else fields, "tables": {"INVOICE_TABLE": ROWS}}
    return json.dumps(made | more).encode()


def _read(content: bytes) -> Intake:
    return read_file(content, TODAY)


def _table(*rows: str, columns: str = "invoice_id,total_amount,NET_AMOUNT") -> bytes:
    return "\n".join((columns, *rows)).encode()


def _take_in(content: bytes) -> list[Intake]:
    return [_read(part.content) for part in unpack(ReceivedFile("file", content), 1_000_000)]


def _mistakes(content: bytes) -> dict[str, str]:
    with pytest.raises(RefusedImport) as caught:
        _take_in(content)
    return {one.where: one.what for one in caught.value.mistakes}


def test_json_and_csv_of_one_invoice_say_the_same() -> None:
    one, other = _read(_json()), _read(CSV.encode())
    assert (one.mime_type, other.mime_type) == ("application/json", "text/csv")
    assert one.fields == other.fields
    assert one.tables == other.tables
    assert one.identity == other.identity
    for name, value in FIELDS.items():
        assert one.fields[name] == value
    assert [row["NET_AMOUNT"] for row in one.tables["INVOICE_TABLE"]] == ["60.00", "40.00"]
    assert not [each for each in one.findings if each.effect is Effect.HOLDS]
    assert read_any(_json()).tree.value("BT-112") == "119.00"


def test_a_table_in_windows_1252_with_tabs_is_read() -> None:
    text = CSV.replace(";", "\t").replace("Nordwerk", "Nördwerk")
    assert _read(text.encode("cp1252")).fields["supplier_name"] == "Nördwerk GmbH"
    assert _read(b"\xef\xbb\xbf" + text.encode()).fields["supplier_name"] == "Nördwerk GmbH"


def test_a_number_of_json_is_taken_as_it_is_written() -> None:
    content = _json().replace(b'"119.00"', b"119.0000000001")
    assert _read(content).fields["total_amount"] == "119.0000000001"
    assert "1234.50" in _mistakes(_json().replace(b'"119.00"', b"1.19e2"))["fields.total_amount"]


def test_a_credit_note_is_one_by_its_document_type() -> None:
    assert _read(_json(document_type="CREDIT_NOTE")).document_type == "CREDIT_NOTE"
    assert _read(_json()).document_type == "INVOICE"
    assert _mistakes(_json(document_type="ORDER"))["document_type"].startswith("The document type")


def test_each_document_of_a_list_becomes_a_file_of_its_own_as_it_was_written() -> None:
    first, second = b'{"fields": {"invoice_id":"1"}}', b'{ "fields":\n {"invoice_id": "2"} }'
    parts = unpack(ReceivedFile("list.json", b" [" + first + b" ,\n" + second + b"]\n"), 1000)
    assert parts == [ReceivedFile("list-1.json", first), ReceivedFile("list-2.json", second)]
    assert _read(parts[1].content).fields["invoice_id"] == "2"
    (alone,) = unpack(ReceivedFile("list.json", b"[" + first + b"]"), 1000)
    assert alone.content == b"[" + first + b"]"
    assert _read(alone.content).fields["invoice_id"] == "1"


def test_each_invoice_of_a_table_becomes_a_file_with_its_own_lines() -> None:
    content = b'invoice_id,DESCRIPTION\r\n1,"two\r\nlines"\r\n1,b\r\n\r\n2,c\r\n,d\r\n'
    parts = unpack(ReceivedFile("many.csv", content), 1000)
    assert [part.content for part in parts] == [
        b'invoice_id,DESCRIPTION\r\n1,"two\r\nlines"\r\n1,b\r\n',
        b"invoice_id,DESCRIPTION\r\n2,c\r\n,d\r\n",
    ]
    assert [part.name for part in parts] == ["many-1.csv", "many-2.csv"]
    described = [
        [row["DESCRIPTION"] for row in _read(part.content).tables["INVOICE_TABLE"]]
        for part in parts
    ]
    assert described == [["two lines", "b"], ["c", "d"]]


@pytest.mark.parametrize(
    ("amounts", "read"),
    [
        (("1.234,50", "1.234"), "1234.50"),
        (("1,234.50", "1,234"), "1234.50"),
        (("1.234", "99,5"), "1234"),
        (("1.234", "99.5"), "1.234"),
        (("1.234.567", "1"), "1234567"),
        (("1234", "5"), "1234"),
        (("-1.234,5", "5"), "-1234.5"),
    ],
)
def test_the_decimal_sign_follows_from_what_can_be_read_in_one_way(
    amounts: tuple[str, str], read: str
) -> None:
    row = ";".join(("1", *amounts))
    content = _table(row, columns="invoice_id;total_amount;NET_AMOUNT")
    assert _read(content).fields["total_amount"] == read


def test_an_amount_that_can_be_read_in_two_ways_is_refused_unless_the_sign_is_given() -> None:
    content = _table('1,"1,234",7')
    assert _mistakes(content) == {
        "line 2, column 2 (total_amount)": "1,234 can be read in two ways. Write decimals with"
        " two places, or add a column decimal_sign."
    }
    given = "invoice_id,total_amount,decimal_sign"
    assert _read(_table('1,"1,234","."', columns=given)).fields["total_amount"] == "1234"
    assert _read(_table('1,"1,234",","', columns=given)).fields["total_amount"] == "1.234"
    assert "two ways" not in str(_mistakes(_table('1,"1,23","."', columns=given)))


def test_two_decimal_signs_in_one_invoice_are_refused_with_the_cell() -> None:
    found = _mistakes(_table('1,"99,50",7', ",,1.50", ',,"2,50"'))
    assert list(found) == ["line 3, column 3 (NET_AMOUNT)"]
    assert "another decimal sign" in found["line 3, column 3 (NET_AMOUNT)"]


def test_every_mistake_of_a_table_is_named_with_line_and_column() -> None:
    columns = "invoice_id,invoice_date,currency,QUANTITY"
    found = _mistakes(_table("1,2026-02-30,EUR,many", "2,03/04/2026,EURO,1", columns=columns))
    assert list(found) == [
        "line 2, column 2 (invoice_date)",
        "line 2, column 4 (QUANTITY)",
        "line 3, column 2 (invoice_date)",
        "line 3, column 3 (currency)",
    ]


def test_every_mistake_of_a_list_is_named_with_its_path() -> None:
    documents = [
        {"fields": {"invoice_date": "01.03.2026", "nope": "1", "amount_due": True}, "more": 1},
        {"fields": {}, "tables": {"INVOICE_TABLE": [{}, {"QUANTITY": "x", "TOTAL_AMOUNT": "1"}]}},
        {
            "fields": {"net_amount": "1"},
            "tables": {"tax_lines": [{"net_amount": "1"}], "NOTES": []},
        },
        {"fields": {"invoice_id ": "1"}},
    ]
    assert list(_mistakes(json.dumps(documents).encode())) == [
        "[0].more",
        "[0].fields.invoice_date",
        "[0].fields.nope",
        "[0].fields.amount_due",
        "[1].tables.INVOICE_TABLE[1].QUANTITY",
        "[1].tables.INVOICE_TABLE[1].TOTAL_AMOUNT",
        "[2].tables.NOTES",
        "[2].tables",
        "[3].fields.invoice_id",
    ]


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        (("1,5,1", "2,5,1", "1,5,1"), "line 4, column 1 (invoice_id)"),
        (("1,5,1", "1,6,1"), "line 3, column 2 (total_amount)"),
        ((",5,1",), "line 2"),
        (("1,5,1,9",), "line 2"),
        (('1,"5,1',), "line 2"),
    ],
    ids=["apart", "two-totals", "no-number", "more-cells", "open-quote"],
)
def test_lines_that_make_no_invoice_are_refused_with_their_place(
    rows: tuple[str, ...], where: str
) -> None:
    assert list(_mistakes(_table(*rows))) == [where]


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b'{"fields": {"a": 1,}}', "not_json", "line 1, column"),
        (b'[{"fields": {}}\n {"fields": {}}]', "not_json", "line 2, column 2"),
        (b'{"fields": {}} x', "not_json", "behind the document"),
        (b'[{"fields": {}}', "not_json", "missing"),
        (b'{"fields": {"total_amount": "1", "total_amount": "2"}}', "not_json", "stands twice"),
        (b"[" * 100_000, "not_json", "nested"),
        (b'{"fields": {"a": "\xff"}}', "not_json", "UTF-8"),
        (b'{"invoice": 1}', "not_an_einvoice", "JSON"),
        (b"[]", "not_an_einvoice", "JSON"),
        (b"[1]", "not_an_einvoice", "JSON"),
        (b"invoice_id,color\n1,red", "invalid_columns", "color"),
        (b"invoice_id,currency,currency\n1,EUR,EUR", "invalid_columns", "twice: currency"),
        (b"invoice_id,currency\n", "not_an_einvoice", "no invoice"),
    ],
    ids=[
        "comma", "no-comma", "more", "cut", "name-twice", "deep", "latin-1", "other-object",
        "empty-list", "numbers", "unknown-column", "column-twice", "no-rows",
    ],
)  # fmt: skip
def test_what_is_no_document_is_told_in_plain_words(content: bytes, code: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        _take_in(content)
    assert (caught.value.code, said in caught.value.text) == (code, True), caught.value.text


@pytest.mark.parametrize("sign", ["\\ud800", "\\u0000", "\\u202e"], ids=["half", "nul", "turn"])
def test_signs_that_nothing_can_show_are_refused_in_words_that_can_be_shown(sign: str) -> None:
    for field in (f"invoice_id{sign}", "invoice_id", "currency", "total_amount", "supplier_iban"):
        content = f'{{"fields": {{"{field}": "A{sign}{"9" * 1000}"}}}}'.encode()
        with pytest.raises(RefusedImport) as caught:
            _take_in(content)
        assert caught.value.text.isprintable()
        assert len(caught.value.text) < 400
        caught.value.text.encode()


@pytest.mark.parametrize("content", [_json(), CSV.encode()], ids=["json", "csv"])
def test_the_limit_of_lines_counts_for_imports(content: bytes) -> None:
    with pytest.raises(TooLarge, match="more than 1 lines"):
        read_file(content, TODAY, limits=ReadingLimits(lines=1))


def test_thousands_of_lines_are_read_without_looking_through_the_tree_for_each() -> None:
    rows = [{"POSITION": str(n), "QUANTITY": "1", "NET_AMOUNT": "0.01"} for n in range(3_000)]
    read = _read(json.dumps({"fields": FIELDS, "tables": {"INVOICE_TABLE": rows}}).encode())
    assert len(read.tables["INVOICE_TABLE"]) == 3_000


def test_too_many_values_are_refused_before_anything_is_made_of_them() -> None:
    with pytest.raises(TooLarge, match="600000 values"):
        _read(b"[" + b"[]," * 400_000 + b"[]]")


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"total_net_amount": "99.00", "total_amount": "118.00", "amount_due": "118"}, "BR-CO-13"),
        ({"total_tax_amount": "18.00", "total_amount": "118.00", "amount_due": "118"}, "BR-CO-14"),
        ({"total_amount": "120.00", "amount_due": "120.00"}, "BR-CO-15"),
        ({"amount_due": "100.00"}, "BR-CO-16"),
        ({"prepaid_amount": "19.00"}, "BR-CO-16"),
        ({"tax_rate": "7"}, "BR-CO-17"),
        ({"amount_due": "119.001"}, "BR-DEC-18"),
        ({"period_start": "2026-03-01", "period_end": "2026-02-01"}, "BR-29"),
        ({"due_date": "2026-02-01"}, "due_before_issue"),
        ({"invoice_date": "2027-01-01"}, "issue_date_out_of_range"),
        ({"invoice_id": ""}, "BR-02"),
    ],
)
def test_what_contradicts_itself_in_fields_is_noticed_as_in_an_e_invoice(
    changed: dict[str, str], rule: str
) -> None:
    assert rule in {each.code for each in _read(_json(FIELDS | changed)).findings}


def test_what_fields_leave_out_contradicts_nothing() -> None:
    fields = FIELDS | {"discount": "10", "charges": "10", "tax_rate_2": "7"}
    rows = [*ROWS, {"POSITION": "3", "DESCRIPTION": "as agreed"}]
    for given in (_json(fields), _json(fields, tables={"INVOICE_TABLE": rows}), _json(tables={})):
        assert not [each for each in _read(given).findings if each.effect is Effect.HOLDS]


def test_vat_rows_may_stand_in_their_own_table() -> None:
    fields = {name: value for name, value in FIELDS.items() if "tax_rate" not in name}
    for name in ("net_amount", "tax_amount"):
        del fields[name]
    row = {"tax_rate": "19", "net_amount": "100.00", "tax_amount": "19.00", "tax_code": "V19"}
    read = _read(_json(fields, tables={"tax_lines": [row]}))
    assert read.tables["tax_lines"][0]["tax_code"] == "V19"
    assert read.fields["tax_rate"] == "19"
