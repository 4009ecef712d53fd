"""The list of documents as a file: what a spreadsheet makes of it, and how a long one is made."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date, timedelta
from xml.etree import ElementTree

import httpx2
import pytest

from ionport.documents.list_files import service
from ionport.documents.list_files.runner import ListFileRunner
from ionport.documents.samples import read_sample
from tests.support.web import said
from tests.support.whole import INVOICE, Site

SAMPLE = read_sample(INVOICE)
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_DAY_ONE = date(1899, 12, 30)


def _upload(site: Site, **contents: bytes) -> None:
    files = [("files", (f"{name}.xml", content)) for name, content in contents.items()]
    site.browser.send("/documents/upload", files=files)


def _numbered(count: int) -> dict[str, bytes]:
    return {f"a{n}": SAMPLE.replace(b"RE-2026-0417", b"N-%d" % n) for n in range(count)}


def _save(site: Site, file_format: str = "xlsx", **fields: str) -> httpx2.Response:
    fields = {"format": file_format, **fields}
    return site.browser.send("/documents/files", fields, form_at="/documents")


def _sheet(content: bytes) -> list[dict[str, tuple[str, str, str]]]:
    """Return the rows as a spreadsheet reads them: by heading the type, text and format."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        styles = ElementTree.fromstring(book.read("xl/styles.xml"))
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert not sheet.findall(f".//{_MAIN}f")
    codes = {
        one.get("numFmtId"): one.get("formatCode", "") for one in styles.iter(f"{_MAIN}numFmt")
    }
    formats = styles.find(f"{_MAIN}cellXfs")
    assert formats is not None
    used = [codes.get(one.get("numFmtId"), one.get("numFmtId") or "") for one in formats]
    rows = []
    for row in sheet.iter(f"{_MAIN}row"):
        cells = {}
        for cell in row.iter(f"{_MAIN}c"):
            column = re.sub(r"\d", "", cell.get("r", ""))
            text = "".join(cell.itertext())
            cells[column] = (cell.get("t", "n"), text, used[int(cell.get("s", "0"))])
        rows.append(cells)
    head, *others = rows
    return [{head[column][1]: cell for column, cell in row.items()} for row in others]


def test_a_csv_file_has_no_cell_that_is_a_formula(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_PER_PAGE", 1)
    plain = SAMPLE.replace(b"RE-2026-0417", b"@SUM(1)")
    _upload(site, **{"=cmd|calc": SAMPLE, "plain": plain})
    answer = site.browser.get("/documents/list.csv?sort=filename&dir=asc")
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert [row[0] for row in rows] == ["'=cmd|calc.xml", "plain.xml"]
    assert [row[head.index("Invoice Number")] for row in rows] == ["RE-2026-0417", "'@SUM(1)"]
    assert {row[head.index("Total Amount")] for row in rows} == {"2808.81"}
    saved = _save(site, "csv", sort="filename", dir="asc")
    assert saved.content == answer.content
    found = site.browser.get("/documents/list.csv?q=nothing-like-it").text
    assert found.count("\n") == 1


def test_a_spreadsheet_has_amounts_as_numbers_and_dates_as_dates(site: Site) -> None:
    yen = SAMPLE.replace(b"RE-2026-0417", b"=1+1").replace(b"EUR", b"JPY")
    _upload(site, euro=SAMPLE, **{"=cmd|calc": yen})
    answer = _save(site, sort="filename", dir="desc")
    assert 'filename="documents.xlsx"' in answer.headers["content-disposition"]
    euro, other = _sheet(answer.content)
    assert euro["Total Amount"] == ("n", "2808.81", "#,##0.00")
    kind, days, shown = euro["Invoice Date"]
    assert (kind, shown) == ("n", "yyyy-mm-dd")
    assert _DAY_ONE + timedelta(days=int(days)) == date(2026, 3, 2)
    assert euro["Total Net Amount"] == ("n", "2414.8", "#,##0.00")
    assert euro["Due Date"][2] == "yyyy-mm-dd"
    assert euro["Imported On"][0] == "n"
    assert euro["Imported On"][2] == "yyyy-mm-dd hh:mm:ss"
    assert euro["Findings that hold"][:2] == ("n", "0")
    # No text is a formula, whatever it begins with; an amount keeps the digits that it has.
    assert other["Document Name"][:2] == ("inlineStr", "=cmd|calc.xml")
    assert other["Invoice Number"][:2] == ("inlineStr", "=1+1")
    assert other["Total Amount"] == ("n", "2808.81", "#,##0.00")
    assert other["Currency"][1] == "JPY"


def test_the_amounts_of_a_csv_file_have_one_form(site: Site) -> None:
    """With the decimals of their currency, however the file wrote them; no digit is lost."""
    written = {
        ("10781250", "EUR"): "10781250.00",
        ("12829687.5000", "EUR"): "12829687.50",
        ("-5.125", "EUR"): "-5.125",
        ("1E+3", "EUR"): "1000.00",
        ("2808.81", "JPY"): "2808.81",
        ("900.00", "JPY"): "900",
        ("1.5", "KWD"): "1.500",
        ("", "EUR"): "",
        ("NaN", "EUR"): "NaN",
        ("1E+400", "EUR"): "1E+400",
        ("1." + "0" * 40, "EUR"): "1.00",
        ("12345678901234567.89", "EUR"): "12345678901234567.89",
    }
    _upload(site, **_numbered(len(written)))
    with site.application.database.write() as work:
        for number, (amount, currency) in enumerate(written):
            work.connection.exec_driver_sql(
                "UPDATE documents SET total_amount = ?, total_net_amount = ?, currency = ?"
                " WHERE number = ?",
                (amount, amount, currency, f"N-{number}"),
            )
    content = site.browser.get("/documents/list.csv").content.decode("utf-8-sig")
    rows = {row["Invoice Number"]: row for row in csv.DictReader(io.StringIO(content))}
    for number, expected in enumerate(written.values()):
        row = rows[f"N-{number}"]
        # A spreadsheet would take a minus for the beginning of a formula.
        assert {row["Total Amount"].lstrip("'"), row["Total Net Amount"].lstrip("'")} == {expected}


def test_a_list_file_made_in_the_background_keeps_the_filters_by_value(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "AT_ONCE", 0)
    _upload(site, **_numbered(3))
    with site.application.database.write() as work:
        work.connection.exec_driver_sql(
            "UPDATE documents SET supplier_id = '7', due_date = '2026-05-05' WHERE number = 'N-1'"
        )
    for chosen in ({"supplier_id": "7"}, {"due_from": "2026-05-05", "due_to": "2026-05-05"}):
        path = _save(site, "csv", **chosen).url.path
        _runner(site).run_all()
        content = site.browser.get(f"{path}/content").content.decode("utf-8-sig")
        assert [row["Invoice Number"] for row in csv.DictReader(io.StringIO(content))] == ["N-1"]


@pytest.mark.parametrize(
    ("amount", "cell"),
    [
        ("0.000", ("n", "0", "#,##0.00")),
        ("12345678901234567.89", ("inlineStr", "12345678901234567.89", "0")),
        ("1E+400", ("inlineStr", "1E+400", "0")),
        # Excel opens no format with more than 30 decimals.
        ("1." + "0" * 40, ("n", "1", "#,##0.00")),
        ("NaN", ("inlineStr", "NaN", "0")),
        ("-5.125", ("n", "-5.125", "#,##0.000")),
    ],
)
def test_an_amount_that_a_spreadsheet_would_change_stays_a_text(
    site: Site, amount: str, cell: tuple[str, str, str]
) -> None:
    _upload(site, one=SAMPLE)
    with site.application.database.write() as work:
        work.connection.exec_driver_sql(
            "UPDATE documents SET total_amount = ?, invoice_date = '1800-01-01'", (amount,)
        )
    (row,) = _sheet(_save(site).content)
    assert row["Total Amount"] == cell
    assert row["Invoice Date"][:2] == ("inlineStr", "1800-01-01")


def test_a_file_has_what_the_filter_finds_in_the_order_of_the_list(site: Site) -> None:
    _upload(site, **_numbered(3))
    rows = _sheet(_save(site, q="a2.xml").content)
    assert [row["Document Name"][1] for row in rows] == ["a2.xml"]
    rows = _sheet(_save(site, sort="number", dir="asc").content)
    assert [row["Invoice Number"][1] for row in rows] == ["N-0", "N-1", "N-2"]
    page = site.browser.get("/documents?q=a2.xml&sort=number&dir=asc").text
    form = page[page.index('action="/documents/files"') :]
    assert re.findall(r'name="(\w+)" value="([^"]*)"', form)[1:4] == [
        ("q", "a2.xml"),
        ("sort", "number"),
        ("dir", "asc"),
    ]
    assert "Choose how the list is written." in said(_save(site, "exe").text)


@pytest.mark.parametrize("at_once", [2_000, 0])
def test_a_file_has_the_columns_that_the_list_shows_where_these_are_chosen(
    site: Site, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(service, "AT_ONCE", at_once)
    _upload(site, one=SAMPLE)
    chosen = {"column": ["due_date", "total_net_amount"], "back": "/documents"}
    site.browser.send("/documents/columns", chosen, form_at="/documents")
    heads = []
    for file_format in ("csv", "xlsx"):
        answer = _save(site, file_format, columns="shown")
        if at_once == 0:
            _runner(site).run_all()
            answer = site.browser.get(f"{answer.url.path}/content")
        if file_format == "xlsx":
            (cells,) = _sheet(answer.content)
            heads.append({name: cell[1] for name, cell in cells.items()})
            assert cells["Due Date"][2] == "yyyy-mm-dd"
        else:
            head, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
            heads.append(dict(zip(head, row, strict=True)))
    names = ["Document Name", "Currency", "Due Date", "Total Net Amount", "Findings that hold"]
    assert [list(one) for one in heads] == [names, names]
    assert {one["Currency"] for one in heads} == {"EUR"}
    assert {one["Total Net Amount"] for one in heads} == {"2414.80", "2414.8"}
    page = site.browser.get("/documents").text
    assert 'name="columns" value="shown" checked' in page


def test_a_long_list_is_made_in_the_background_for_who_asked_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "AT_ONCE", 2)
    _upload(site, **_numbered(3))
    page = _save(site, sort="number", dir="asc")
    assert "Running" in said(page.text)
    assert "0 of 3 documents" in said(page.text)
    assert site.browser.get(f"{page.url.path}/content").status_code == 409
    _runner(site).run_all()
    done = site.browser.get(page.url.path).text
    assert "3 of 3 documents" in said(done)
    content = site.browser.get(f"{page.url.path}/content").content
    assert [row["Invoice Number"][1] for row in _sheet(content)] == ["N-0", "N-1", "N-2"]
    assert str(page.url.path) in site.browser.get("/documents/bulk").text
    site.add_user("bob")
    site.sign_in_as("bob")
    assert site.browser.get(page.url.path).status_code == 404
    assert site.browser.get(f"{page.url.path}/content").status_code == 404
    assert str(page.url.path) not in site.browser.get("/documents/bulk").text


def test_a_file_that_is_cancelled_is_not_made(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "AT_ONCE", 0)
    _upload(site, one=SAMPLE)
    path = _save(site).url.path
    answer = site.browser.send(f"{path}/cancel", form_at=str(path))
    assert "Cancelled" in said(answer.text)
    _runner(site).run_all()
    assert site.browser.get(f"{path}/content").status_code == 409


def test_who_was_removed_meanwhile_gets_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "AT_ONCE", 0)
    site.add_user("bob")
    _upload(site, one=SAMPLE)
    site.sign_in_as("bob")
    path = str(_save(site).url.path)
    with site.application.database.write() as work:
        work.connection.exec_driver_sql(
            "DELETE FROM organization_memberships WHERE user_id ="
            " (SELECT id FROM users WHERE username = 'bob')"
        )
    _runner(site).run_all()
    with site.application.database.read() as work:
        rows = work.connection.exec_driver_sql("SELECT state FROM list_files").scalars().all()
        parts = work.connection.exec_driver_sql("SELECT count(*) FROM list_file_parts").scalar()
    assert (rows, parts, path[:17]) == (["cancelled"], 0, "/documents/files/")


def test_a_file_that_breaks_off_says_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "AT_ONCE", 0)
    _upload(site, one=SAMPLE)
    path = _save(site).url.path

    def full(*_given: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("ionport.documents.list_files.runner.writer_of", full)
    _runner(site).run_all()
    assert "An error of ionport's own" in said(site.browser.get(str(path)).text)


def test_the_newest_five_files_are_kept_for_a_day(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "AT_ONCE", 0)
    _upload(site, one=SAMPLE)
    paths = [str(_save(site).url.path) for _n in range(6)]
    assert site.browser.get(paths[0]).status_code == 404
    _runner(site).run_all()
    assert {site.browser.get(path).status_code for path in paths[1:]} == {200}
    _age(site, 25 * 3_600)
    _runner(site).run_all()
    assert {site.browser.get(path).status_code for path in paths} == {404}
    with site.application.database.read() as work:
        count = work.connection.exec_driver_sql("SELECT count(*) FROM list_file_parts").scalar()
    assert count == 0


def test_what_a_lost_process_has_begun_another_makes_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "AT_ONCE", 0)
    _upload(site, one=SAMPLE)
    path = str(_save(site).url.path)
    with site.application.database.write() as work:
        work.connection.exec_driver_sql("UPDATE list_files SET worker = 'wrk_lost'")
    _runner(site).run_all()
    assert "Running" in said(site.browser.get(path).text)
    _age(site, 31)
    _runner(site).run_all()
    assert "1 of 1 documents" in said(site.browser.get(path).text)


def _age(site: Site, seconds: int) -> None:
    with site.application.database.write() as work:
        back = seconds * 1_000_000
        work.connection.exec_driver_sql(
            f"UPDATE list_files SET asked_at = asked_at - {back}, updated_at = updated_at - {back}"
        )


def _runner(site: Site) -> ListFileRunner:
    assert site.application.documents is not None
    return site.application.documents.list_file_runner
