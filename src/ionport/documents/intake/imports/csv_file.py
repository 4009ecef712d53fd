"""Documents as CSV: the first line names fields and columns, each further line is an invoice line.

Lines of one invoice stand together. Its header fields are repeated in each of them, or stand in the
first one alone; a line without an invoice number belongs to the invoice above it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.i18n import _
from ionport.documents.intake.imports.model import (
    MAX_BYTES,
    MAX_INVOICES,
    Checker,
    ImportedDocument,
    Mistake,
    RefusedImport,
    shown,
)
from ionport.documents.intake.imports.numbers import DecimalSign, decimal_sign, plain, signs_of
from ionport.documents.invoice.corrections import Target
from ionport.documents.types import DOCUMENT_TYPES, INVOICE_TABLE, Field, FieldType

CSV_TYPE: Final = "text/csv"

_TYPE, _SIGN = "document_type", "decimal_sign"
# The column with the number says what the documents are, where no column does.
_TYPE_OF_NUMBER = {
    "invoice_id": "INVOICE",
    "order_confirmation_id": "ORDER_CONFIRMATION",
    "delivery_note_id": "DELIVERY_NOTE",
}
_DELIMITERS = ",;\t|"
_HEAD = 8192
_MAX_COLUMNS = 200
_MAX_LINES = 100_000
_NUMBERS = frozenset({FieldType.AMOUNT, FieldType.NUMBER})
_DAY = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_TYPES = [DOCUMENT_TYPES[kind] for kind in _TYPE_OF_NUMBER.values()]
_FIELDS: Mapping[str, Field] = {one.id: one for kind in _TYPES for one in kind.fields}
_LINE_COLUMNS: Mapping[str, Field] = {
    one.id: one
    for kind in _TYPES
    for table in kind.tables
    if table.id == INVOICE_TABLE
    for one in table.columns
}
_KNOWN = frozenset({*_FIELDS, *_LINE_COLUMNS, _TYPE, _SIGN})


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    line: int
    column: int
    name: str

    @property
    def where(self) -> str:
        return _("line {line}, column {column} ({name})").format(
            line=self.line, column=self.column, name=self.name
        )


@dataclass(slots=True)
class _Group:
    """The lines of one invoice: its header cells by name, the cells of each row, and its text."""

    header: dict[str, _Cell] = field(default_factory=dict)
    rows: list[dict[str, _Cell]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


def is_csv(content: bytes) -> bool:
    """Tell whether the first line of `content` names a column of numbers, such as `invoice_id`."""
    head = content[:_HEAD]
    if b"\0" in head or head.lstrip()[:1] in (b"<", b"{", b"["):
        return False
    if not any(name.encode() in head for name in _TYPE_OF_NUMBER):
        return False
    first = head.removeprefix(b"\xef\xbb\xbf").splitlines()[0].decode("latin-1")
    return any(_number_among(_names(first, sign)) for sign in _DELIMITERS)


def split_csv(content: bytes) -> list[bytes]:
    """Return a file for each invoice: the first line, and the invoice's own as they are written.

    Raises as `read_csv`.
    """
    text, encoding = _decoded(content)
    heading, groups = _groups(text)
    checker = Checker()
    for group in groups:
        _document(group, checker)
    checker.end()
    if len(groups) == 1:
        return [content]
    return ["".join((heading, *group.text)).encode(encoding) for group in groups]


def read_csv(content: bytes) -> ImportedDocument:
    """Return the document of a file with one.

    Raises:
        TooLarge: over 20 MB, 100,000 lines or 500 invoices.
        InvalidInput: no text, other columns, or several invoices.
        RefusedImport: naming each cell that is wrong, or can be read in two ways.
    """
    text, _encoding = _decoded(content)
    _heading, groups = _groups(text)
    if len(groups) > 1:
        raise InvalidInput(
            _("The file holds {count} invoices; one a file is read.").format(count=len(groups)),
            code="several_invoices",
        )
    checker = Checker()
    made = _document(groups[0], checker)
    checker.end()
    return made


def _decoded(content: bytes) -> tuple[str, str]:
    """Return the text and how it is encoded: UTF-8, else as spreadsheets in Europe write it."""
    if len(content) > MAX_BYTES:
        raise TooLarge(
            _("The file has {size} bytes; at most {limit} are accepted.").format(
                size=len(content), limit=MAX_BYTES
            ),
            code="too_large",
        )
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.removeprefix(b"\xef\xbb\xbf").decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise InvalidInput(_("The table is not written in UTF-8. Save it so."), code="not_csv")


def _names(first: str, delimiter: str) -> list[str]:
    return [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]


def _groups(text: str) -> tuple[str, Sequence[_Group]]:
    """Return the first line as it is written, and the invoices of the file."""
    lines = list(io.StringIO(text, newline=""))
    if len(lines) > _MAX_LINES:
        raise TooLarge(
            _("The file has more than {limit} lines.").format(limit=_MAX_LINES),
            code="too_many_lines",
        )
    try:
        delimiter, names = _columns(lines[0] if lines else "")
    except csv.Error as error:
        raise _no_table(1, error) from error
    groups: list[_Group] = []
    seen: dict[str, int] = {}
    named = _number_among(names)
    for cells, start, end in _rows(lines, delimiter, names):
        number = cells.get(named)
        line = start + 1
        if number is not None and (not groups or groups[-1].header[named].text != number.text):
            if number.text in seen:
                wrong = _("This document begins in line {line}: put its lines together.")
                wrong = wrong.format(line=seen[number.text])
                raise RefusedImport([Mistake(number.where, wrong)])
            seen[number.text] = line
            groups.append(_Group())
            if len(groups) > MAX_INVOICES:
                raise TooLarge(
                    _("The file holds more than {limit} documents.").format(limit=MAX_INVOICES),
                    code="too_many_documents",
                )
        elif not groups:
            wrong = _("{name} is missing.").format(name=named)
            raise RefusedImport([Mistake(_("line {line}").format(line=line), wrong)])
        _join(groups[-1], cells)
        groups[-1].text += lines[start:end]
    if not groups:
        raise InvalidInput(_("The table has no invoice."), code="not_an_einvoice")
    # The last line may end with the file.
    return lines[0].rstrip("\r\n") + "\r\n", groups


def _columns(first: str) -> tuple[str, list[str]]:
    for delimiter in _DELIMITERS:
        names = _names(first, delimiter)
        if _number_among(names) and len(names) <= _MAX_COLUMNS:
            unknown = [name for name in names if name not in _KNOWN]
            twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
            if not unknown and not twice:
                return delimiter, names
            wrong = _("unknown: {names}") if unknown else _("twice: {names}")
            raise InvalidInput(
                _(
                    "The first line names fields and columns by their ids, as in invoice_id or"
                    " NET_AMOUNT; {wrong}."
                ).format(wrong=wrong.format(names=shown(", ".join(unknown or twice)))),
                code="invalid_columns",
            )
    raise InvalidInput(_("The first line names no column invoice_id."), code="invalid_columns")


def _number_among(names: Sequence[str]) -> str:
    """Return the column of numbers, ``""`` for none."""
    return next((name for name in _TYPE_OF_NUMBER if name in names), "")


def _rows(
    lines: Sequence[str], delimiter: str, names: Sequence[str]
) -> Iterator[tuple[dict[str, _Cell], int, int]]:
    """Yield the cells of each row that are not empty, and which lines of the file it takes."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        next(reader)
        while True:
            start = reader.line_num
            texts = next(reader, None)
            if texts is None:
                return
            if len(texts) > len(names):
                where = _("line {line}").format(line=start + 1)
                raise RefusedImport([Mistake(where, _("There are more cells than columns."))])
            cells = {
                name: _Cell(text.strip(), start + 1, column, name)
                for column, (name, text) in enumerate(zip(names, texts, strict=False), start=1)
                if text.strip()
            }
            if cells:
                yield cells, start, reader.line_num
    except csv.Error as error:
        raise _no_table(reader.line_num, error) from error


def _no_table(line: int, error: csv.Error) -> RefusedImport:
    return RefusedImport([Mistake(_("line {line}").format(line=line), str(error))])


def _join(group: _Group, cells: Mapping[str, _Cell]) -> None:
    row = {}
    for name, cell in cells.items():
        if name in _LINE_COLUMNS:
            row[name] = cell
            continue
        first = group.header.setdefault(name, cell)
        if first.text != cell.text:
            what = _("Line {line} says {value}; an invoice has one.").format(
                line=first.line, value=shown(first.text)
            )
            raise RefusedImport([Mistake(cell.where, what)])
    if row:
        group.rows.append(row)


def _document(group: _Group, checker: Checker) -> ImportedDocument:
    header = dict(group.header)
    made = ImportedDocument(_TYPE_OF_NUMBER[_number_among(list(header))])
    if (kind := header.pop(_TYPE, None)) is not None:
        made.document_type = checker.kind(kind.text, kind.where)
    sign = _sign_of(group, header.pop(_SIGN, None), checker)
    of_type = DOCUMENT_TYPES[made.document_type]
    for name, cell in header.items():
        text = _canonical(_FIELDS[name], cell, sign)
        if value := checker.value(of_type, Target(name), text, cell.where):
            made.fields[name] = value
    rows = made.rows.setdefault(INVOICE_TABLE, [])
    for number, row in enumerate(group.rows, start=1):
        rows.append({})
        for name, cell in row.items():
            text = _canonical(_LINE_COLUMNS[name], cell, sign)
            target = Target(name, INVOICE_TABLE, number)
            if value := checker.value(of_type, target, text, cell.where):
                rows[-1][name] = value
    return made


def _sign_of(group: _Group, given: _Cell | None, checker: Checker) -> DecimalSign:
    """Return the decimal sign of an invoice's numbers, and note those that do not fit or tell."""
    if given is not None and given.text not in set(DecimalSign):
        checker.note(given.where, _("The decimal sign is . or ,"))
        given = None
    # A text that is no number either way is reported by its field's own check.
    cells = [cell for cell in _numbers(group) if signs_of(cell.text)]
    known = frozenset({DecimalSign(given.text)}) if given else decimal_sign(c.text for c in cells)
    if not known:
        # Each can be read, but not all of them alike: name the first that fits none before it.
        known = frozenset(DecimalSign)
        for cell in cells:
            if not known & signs_of(cell.text):
                checker.note(
                    cell.where, _("Other numbers of this invoice have another decimal sign.")
                )
                break
            known &= signs_of(cell.text)
    if len(known) > 1:
        # Only what is written without any sign is the same number both ways.
        for cell in cells:
            if not cell.text.lstrip("+-").isdigit():
                what = _(
                    "{value} can be read in two ways. Write decimals with two places, or add a"
                    " column decimal_sign."
                ).format(value=shown(cell.text))
                checker.note(cell.where, what)
    sign = next(iter(sorted(known)))
    for cell in cells:
        if given and sign not in signs_of(cell.text):
            checker.note(cell.where, _("The number is not written with the decimal sign given."))
    return sign


def _numbers(group: _Group) -> Iterator[_Cell]:
    for name, cell in group.header.items():
        if name in _FIELDS and _FIELDS[name].type in _NUMBERS:
            yield cell
    for row in group.rows:
        for name, cell in row.items():
            if _LINE_COLUMNS[name].type in _NUMBERS:
                yield cell


def _canonical(of: Field, cell: _Cell, sign: DecimalSign) -> str:
    if of.type in _NUMBERS and signs_of(cell.text):
        return plain(cell.text, sign)
    if of.type is FieldType.DATE and (day := _DAY.fullmatch(cell.text)):
        return f"{day[3]}-{day[2]}-{day[1]}"
    return cell.text
