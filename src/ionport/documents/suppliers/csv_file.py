"""Suppliers as a CSV file: read with every mistake named by its line, and written the same way.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and a supplier's
name comes from outside. So such a cell is written with an apostrophe before that sign, wherever a
spreadsheet may let a cell begin, and read without it (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.i18n import _
from ionport.documents.companies.model import is_gln
from ionport.documents.invoice.rules.parties import is_iban
from ionport.documents.parties.model import comparable_account
from ionport.documents.suppliers.model import (
    COLUMNS,
    MAX_ACCOUNTS,
    MAX_SUPPLIERS,
    SupplierValues,
    cells_of,
)

MAX_BYTES = 16 * 1024 * 1024
_MAX_TEXT = 200
_MAX_ERRORS = 50
_DELIMITERS = ",;\t"
_OTHER_NAMES = {
    "supplier_number": "number",
    "supplier_id": "number",
    "supplier_name": "name",
    "vat": "vat_id",
    "vat_number": "vat_id",
    "tax_id": "tax_number",
    "iban": "ibans",
    "accounts": "ibans",
    "supplier_category": "category",
}
_IBAN_LIKE = re.compile(r"[A-Z]{2}[0-9]{2}")

# The last four are their full-width forms, which some spreadsheets take alike.
_SIGNS = "=+@\\-\uff1d\uff0b\uff0d\uff20"
# Where a cell begins in a spreadsheet, whichever separator it expects.
_FORMULA = re.compile(rf"(?:^|(?<=[,;\t]))(?='*[{_SIGNS}])")
_GUARDED = re.compile(rf"(?:^|(?<=[,;\t]))'(?='*[{_SIGNS}])")

Line = tuple[int, SupplierValues]


class RefusedLines(InvalidInput):
    """What is wrong in which lines of a file: at most 50 mistakes."""

    def __init__(self, mistakes: Sequence[tuple[int, str]]) -> None:
        said = [_("Line {line}: {what}.").format(line=line, what=what) for line, what in mistakes]
        super().__init__(" ".join(said), code="invalid_suppliers")
        self.mistakes = tuple(mistakes)


def read_suppliers(content: bytes) -> list[Line]:
    """Return the suppliers of a file with their line numbers.

    The first line names the columns, in any order; they are parted by comma, semicolon or tab.
    The text is UTF-8, or Windows-1252 as German spreadsheets write it.

    Raises:
        TooLarge: over 16 MB.
        RefusedLines: naming the first 50 mistakes by line; nothing of the file counts then.
        InvalidInput: no text, or other columns.
    """
    if len(content) > MAX_BYTES:
        raise TooLarge(_("The file has more than {n} MB.").format(n=MAX_BYTES // 1024 // 1024))
    text = _decoded(content)
    delimiter = max(_DELIMITERS, key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    mistakes: list[tuple[int, str]] = []
    lines: list[Line] = []
    seen: dict[str, int] = {}
    try:
        columns = _columns(next(reader, []))
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(lines) >= MAX_SUPPLIERS:
                raise InvalidInput(
                    _("The file has more than {n} suppliers.").format(n=MAX_SUPPLIERS)
                )
            number, found = reader.line_num, list[str]()
            values = _supplier(columns, cells, found)
            if values.number in seen:
                found.append(
                    _("number {number} stands in line {line} already").format(
                        number=values.number, line=seen[values.number]
                    )
                )
            seen.setdefault(values.number, number)
            mistakes += [(number, one) for one in found]
            lines.append((number, values))
            if len(mistakes) >= _MAX_ERRORS:
                break
    except csv.Error as error:
        mistakes.append((reader.line_num, str(error)))
    if mistakes:
        raise RefusedLines(mistakes[:_MAX_ERRORS])
    return lines


def write_suppliers(suppliers: Iterable[SupplierValues]) -> Iterator[str]:
    """Yield a file that `read_suppliers` reads back, in pieces."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for values in suppliers:
        cells = cells_of(values)
        writer.writerow({name: _FORMULA.sub("'", text) for name, text in cells.items()})
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text or "\ufffd" in text:
        raise InvalidInput(
            _("This is no text file. Save the list as CSV, in UTF-8."), code="not_csv"
        )
    return text


def _columns(header: list[str]) -> list[str]:
    plain = ["_".join(re.findall(r"[a-z0-9]+", name.lower())) for name in header]
    columns = [_OTHER_NAMES.get(name, name) for name in plain]
    unknown = [name for name, column in zip(header, columns, strict=True) if column not in COLUMNS]
    missing = [name for name in ("number", "name") if name not in columns]
    if unknown or missing or len(set(columns)) < len(columns):
        raise InvalidInput(
            _(
                "The first line names the columns: {columns}, each once; number and name are"
                " needed. Here it reads: {header}."
            ).format(columns=", ".join(COLUMNS), header=", ".join(header)[:200] or _("nothing")),
            code="invalid_columns",
        )
    return columns


def _supplier(columns: list[str], cells: list[str], mistakes: list[str]) -> SupplierValues:
    if len(cells) > len(columns):
        mistakes.append(_("more cells than columns"))
    given = {
        name: _GUARDED.sub("", " ".join(cell.split()))
        for name, cell in zip(columns, cells, strict=False)
    }
    return supplier_of(given, mistakes)


def supplier_of(given: Mapping[str, str], mistakes: list[str]) -> SupplierValues:
    """Return the supplier of cells by `COLUMNS`; adds what is wrong with them to `mistakes`."""
    for name, text in given.items():
        if len(text) > _MAX_TEXT * (5 if name == "ibans" else 1) or not text.isprintable():
            mistakes.append(_("{column} is too long or has invisible signs").format(column=name))
    mistakes += [
        _("{column} is missing").format(column=name)
        for name in ("number", "name")
        if not given.get(name)
    ]
    if (gln := given.get("gln", "")) and not is_gln(gln):
        mistakes.append(_("{gln} is no GLN").format(gln=gln[:50]))
    return SupplierValues(
        number=given.get("number", ""),
        name=given.get("name", ""),
        vat_id="".join(given.get("vat_id", "").split()).upper(),
        tax_number=given.get("tax_number", ""),
        gln=gln,
        accounts=_accounts(given, mistakes),
        category=given.get("category", ""),
    )


def account_of(text: str) -> tuple[str, str]:
    """Return an account as it is compared, and what is wrong with it, "" for nothing.

    It is an IBAN, or an account and the BIC of its bank, parted by a slash.
    """
    number, _slash, bank = text.partition("/")
    account = comparable_account(number, bank)
    if _IBAN_LIKE.match(account) and not is_iban(account):
        return account, _("{iban} is no IBAN").format(iban=text.strip()[:50])
    return account, ""


def _accounts(given: Mapping[str, str], mistakes: list[str]) -> tuple[str, ...]:
    made: list[str] = []
    for cell in re.split(r"[|,;]", given.get("ibans", "")):
        account, problem = account_of(cell)
        if problem:
            mistakes.append(problem)
        if account and account not in made:
            made.append(account)
    if len(made) > MAX_ACCOUNTS:
        mistakes.append(_("more than {n} accounts").format(n=MAX_ACCOUNTS))
    return tuple(made)
