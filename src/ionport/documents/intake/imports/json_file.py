"""Documents as JSON: one object, or a list of objects that become a document each.

    {"document_type": "INVOICE",
     "fields": {"invoice_id": "R-17", "total_amount": "119.00"},
     "tables": {"INVOICE_TABLE": [{"DESCRIPTION": "Pipe", "NET_AMOUNT": 100.00}]}}

Numbers are taken as they are written, not as binary fractions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.i18n import _
from ionport.documents.intake.imports.model import (
    MAX_BYTES,
    MAX_INVOICES,
    Checker,
    ImportedDocument,
    shown,
    vat_given_twice,
)
from ionport.documents.invoice.corrections import CORRECTABLE_TABLES, Target
from ionport.documents.types import DOCUMENT_TYPES, DocumentType

JSON_TYPE: Final = "application/json"

_BLANKS = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(r"[ \t\r\n]*")
_MAX_VALUES = 600_000
_PARTS = ("document_type", "fields", "tables")


class _Twice(ValueError):
    """An object has a name twice, so that nobody knows which value is meant."""


def is_json(content: bytes) -> bool:
    """Tell whether `content` begins as a JSON object or list."""
    return content.removeprefix(_BOM).lstrip(_BLANKS)[:1] in (b"{", b"[")


def split_json(content: bytes) -> list[bytes]:
    """Return the documents of a file, each as the file has it; all of them are checked.

    Raises as `read_json`, with paths that begin with the place in the list.
    """
    text = _text_of(content)
    if text[_end_of_space(text, 0)] != "[":
        return [content]
    parts, checker = [], Checker()
    for number, (start, end, value) in enumerate(_members(text)):
        if number >= MAX_INVOICES:
            raise TooLarge(
                _("The file holds more than {limit} documents.").format(limit=MAX_INVOICES),
                code="too_many_documents",
            )
        _document(value, f"[{number}]", checker)
        parts.append(text[start:end].encode())
    checker.end()
    if not parts:
        raise _no_document()
    return parts


def read_json(content: bytes) -> ImportedDocument:
    """Return the document of a file with one, alone or in a list.

    Raises:
        TooLarge: over 20 MB or 600,000 values.
        InvalidInput: no JSON (with line and column), a name twice, or no document.
        RefusedImport: naming each value that is wrong by its path.
    """
    text = _text_of(content)
    start = _end_of_space(text, 0)
    value, end = _decoded(text, start)
    if _end_of_space(text, end) != len(text):
        raise _no_json(text, end, _("there is something behind the document"))
    path = ""
    if isinstance(value, list) and value:
        if len(value) > 1:
            raise InvalidInput(
                _("The file holds {count} invoices; one a file is read.").format(count=len(value)),
                code="several_invoices",
            )
        path, value = "[0]", value[0]
    checker = Checker()
    made = _document(value, path, checker)
    checker.end()
    return made


def _text_of(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise TooLarge(
            _("The file has {size} bytes; at most {limit} are accepted.").format(
                size=len(content), limit=MAX_BYTES
            ),
            code="too_large",
        )
    # Before anything is made of it: an empty list takes 30 times the memory of its text.
    if sum(content.count(sign) for sign in (b",", b"[", b"{")) > _MAX_VALUES:
        raise TooLarge(
            _("The file has more than {limit} values.").format(limit=_MAX_VALUES),
            code="too_many_values",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            _("JSON is written in UTF-8, and byte {at} is not.").format(at=error.start + 1),
            code="not_json",
        ) from error


def _members(text: str) -> Iterator[tuple[int, int, object]]:
    """Yield where each member of the list begins and ends, and what it is."""
    at = _end_of_space(text, _end_of_space(text, 0) + 1)
    if text[at : at + 1] == "]":
        at += 1
    else:
        while True:
            value, end = _decoded(text, at)
            yield at, end, value
            at = _end_of_space(text, end)
            sign, at = text[at : at + 1], at + 1
            if sign == "]":
                break
            if sign != ",":
                raise _no_json(text, at - 1, _("a comma or ] is missing"))
            at = _end_of_space(text, at)
    if _end_of_space(text, at) != len(text):
        raise _no_json(text, at, _("there is something behind the list"))


def _end_of_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _decoded(text: str, start: int) -> tuple[object, int]:
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise _no_json(text, error.pos, error.msg) from error
    except _Twice as error:
        raise InvalidInput(
            _("{name} stands twice in one object, so that it is not clear what counts.").format(
                name=shown(error)
            ),
            code="not_json",
        ) from error
    except RecursionError as error:
        raise InvalidInput(_("The JSON is nested too deeply."), code="not_json") from error


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _value in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return made


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=str, parse_int=str, parse_constant=str
)


def _no_json(text: str, at: int, reason: str) -> InvalidInput:
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return InvalidInput(
        _("The file is no well-formed JSON: {reason} (line {line}, column {column}).").format(
            reason=reason, line=line, column=column
        ),
        code="not_json",
    )


def _no_document() -> InvalidInput:
    return InvalidInput(
        _(
            "This file is JSON, but no document: that is an object with fields, and with tables"
            " where it has lines, or a list of such objects."
        ),
        code="not_an_einvoice",
    )


def _document(value: object, path: str, checker: Checker) -> ImportedDocument:
    if not isinstance(value, dict) or not isinstance(value.get("fields"), dict):
        raise _no_document()
    made = ImportedDocument()
    for name in value:
        if name not in _PARTS:
            checker.note(
                _join(path, name), _("A document has {names}.").format(names=", ".join(_PARTS))
            )
    if "document_type" in value:
        where = _join(path, "document_type")
        made.document_type = checker.kind(_text(value["document_type"], where, checker), where)
    kind = DOCUMENT_TYPES[made.document_type]
    made.fields = _values(kind, value["fields"], "", 0, _join(path, "fields"), checker)
    tables = value.get("tables", {})
    where = _join(path, "tables")
    if not isinstance(tables, dict):
        checker.note(where, _("Tables are an object: by the table's id, a list of rows."))
        return made
    for table, rows in tables.items():
        made.rows[table] = _rows(kind, table, rows, f"{where}.{shown(table)}", checker)
    if vat_given_twice(made.fields, made.rows):
        checker.note(where, _("VAT is given in fields and in tax_lines: leave one of them out."))
    return made


def _rows(
    kind: DocumentType, table: str, rows: object, path: str, checker: Checker
) -> list[dict[str, str]]:
    given = [one.id for one in kind.tables if one.id in CORRECTABLE_TABLES]
    if table not in given:
        known = ", ".join(given)
        checker.note(path, _("Tables that can be given are {tables}.").format(tables=known))
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        checker.note(path, _("A table is a list of objects, one for each row."))
        return []
    return [
        _values(kind, row, table, number, f"{path}[{number - 1}]", checker)
        for number, row in enumerate(rows, start=1)
    ]


def _values(
    kind: DocumentType,
    given: dict[str, Any],
    table: str,
    row: int,
    path: str,
    checker: Checker,
) -> dict[str, str]:
    made = {}
    for name, value in given.items():
        where = f"{path}.{shown(name)}"
        if name != shown(name):
            checker.note(where, _("There is no field {name}.").format(name=shown(name)))
        elif text := _text(value, where, checker):
            target = Target(name, table, row)
            if checked := checker.value(kind, target, text, where):
                made[name] = checked
    return made


def _text(value: object, where: str, checker: Checker) -> str:
    """Return the text of a value; a number's is as it is written, and null is none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    checker.note(where, _("A value is a text or a number."))
    return ""


def _join(path: str, name: str) -> str:
    return f"{path}.{shown(name)}" if path else shown(name)
