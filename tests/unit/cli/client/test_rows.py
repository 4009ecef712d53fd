"""Tables as people save them: every form of CSV, and workbooks with numbers and days."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter

from ionport.cli.client.rows import read_rows
from ionport.ionapi.errors import RequestRefused

FIELDS = {"SUNO": "S1000", "SUNM": "Bäckerei Müller, Köln", "IVAM": "1119.05"}


def _file(folder: Path, content: bytes, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_csv_file_is_read_however_it_was_saved(
    tmp_path: Path, encoding: str, delimiter: str, end: str
) -> None:
    cells = [f'"{value}"' for value in FIELDS.values()]
    text = delimiter.join(FIELDS) + end + delimiter.join(cells) + end
    (row,) = read_rows(_file(tmp_path, text.encode(encoding)))
    assert row.number == 2
    assert row.record == FIELDS


def test_a_workbook_gives_numbers_and_days_as_m3_writes_them(tmp_path: Path) -> None:
    content = BytesIO()
    with xlsxwriter.Workbook(content) as book:
        book.add_worksheet("Read me").write(0, 0, "Nothing here")
        sheet = book.add_worksheet("Invoices")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["SUNO", "SINO", "CUAM", "IVDT", "Note"])
        sheet.write_row(1, 0, ["S1000", 4711, 0.1 + 0.2])
        sheet.write_datetime(1, 3, date(2026, 11, 30), day)
        sheet.write(1, 4, "for us")
        sheet.write_row(3, 0, ["S1001", 12.50, 0.00002])
    path = _file(tmp_path, content.getvalue(), "rows.xlsx")
    first, second = read_rows(path, sheet="Invoices", fields={"Note": ""})
    assert first.record == {"SUNO": "S1000", "SINO": "4711", "CUAM": "0.3", "IVDT": "20261130"}
    assert (second.number, second.record) == (
        4,
        {"SUNO": "S1001", "SINO": "12.5", "CUAM": "0.00002"},
    )


def test_a_column_of_another_title_is_given_its_field(tmp_path: Path) -> None:
    path = _file(tmp_path, b"Supplier;Comment\nS1000;ours\n")
    (row,) = read_rows(path, fields={"Supplier": "SUNO", "Comment": ""})
    assert row.record == {"SUNO": "S1000"}


@pytest.mark.parametrize(
    ("content", "name", "text"),
    [
        (b"", "a.csv", "empty"),
        (b"Supplier\nS1\n", "a.csv", "'Supplier' is no field of M3"),
        (b"SUNO,SUNO\n1,2\n", "a.csv", "Two columns are the field SUNO"),
        (b"SUNO\n1,2\n", "a.csv", "Row 2 has more cells"),
        (b'SUNO,SUNM\n"1,2\n', "a.csv", "no CSV file"),
        (b"\x00\x01SUNO\n1\n", "a.csv", "no text"),
        (b"SUNO\n" + b"x" * 40_000 + b"\n", "a.csv", "more than 32,000"),
        (b"SUNO\n\x81\n", "a.csv", "no text in UTF-8, UTF-16 or Windows-1252"),
        (b"\xff\xfeS\x00U", "a.csv", "no text in UTF-8, UTF-16 or Windows-1252"),
        (b"PK\x03\x04 no workbook", "a.xlsx", "cannot be read as a workbook"),
    ],
)
def test_what_is_no_table_of_fields_is_told(
    tmp_path: Path, content: bytes, name: str, text: str
) -> None:
    with pytest.raises(RequestRefused, match=text):
        list(read_rows(_file(tmp_path, content, name)))


def test_a_sheet_or_column_that_is_not_there_is_told(tmp_path: Path) -> None:
    content = BytesIO()
    with xlsxwriter.Workbook(content) as book:
        book.add_worksheet("One").write(0, 0, "SUNO")
    path = _file(tmp_path, content.getvalue(), "rows.xlsx")
    with pytest.raises(RequestRefused, match="There are: One"):
        list(read_rows(path, sheet="Two"))
    with pytest.raises(RequestRefused, match="no column 'Supplier'"):
        list(read_rows(path, fields={"Supplier": "SUNO"}))
