"""The tables of a document under the names that mapping files use for them.

Source: docs/reference/mapping-files.md#tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ionport.documents.invoice.fields import RATE_SUFFIXES
from ionport.documents.types import ALLOWANCES_CHARGES, INVOICE_TABLE, INVOICE_TYPES, TAX_LINES
from ionport.mappings.grammars.aliases import SUPPLIER_VAT_COUNTRY, comparable, term_id
from ionport.mappings.model import RenderSource

_VAT_COUNTRY = re.compile(r"[A-Z]{2}(?=[ ]?[A-Z0-9])", re.ASCII)
_TAX_FIELD = re.compile(r"(net_amount|tax_amount|tax_rate|tax_code)(?:_([1-9]\d{0,3}))?", re.ASCII)
SUB_LINE = "SUB_LINE_NUMBER"
ORDER_CHARGES = "order_charges"
HEADER_CHARGES = "order_xtra_header_charges"

# Columns that published files name otherwise; they count where the table has none of that name.
_INVOICE_COLUMNS = {
    "AMOUNT": "NET_AMOUNT",
    "NET_UNIT_PRICE": "UNIT_PRICE",
    "UNIT_CODE_PRICE": "UNIT",
}
# EN 16931 knows no gross amount of a line: both columns have its net amount.
_SAME_VALUE = {"NET_AMOUNT": ("TOTAL_AMOUNT",), "TOTAL_AMOUNT": ("NET_AMOUNT",)}
_TOTALS = {"net_amount": "total_net_amount", "tax_amount": "total_tax_amount"}
_CHARGE_COLUMNS = {"VOUCHER_TEXT": "REASON"}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the document; `id` is the document's own name for it."""

    id: str
    rows: Sequence[Mapping[str, str]]
    other_names: Mapping[str, str]

    def value(self, row: Mapping[str, str], column: str) -> tuple[str, str]:
        """Return the value of a column in capitals, or of a term of the line, and its id."""
        for name in (column, column.lower(), self.other_names.get(column, "")):
            if name and (value := row.get(name, "")):
                if name == SUB_LINE and not value.strip("0"):
                    # Zero is sent as no suffix. Some receivers append it to the line number: 10
                    # would become 100.
                    continue
                return value, name if term_id(name) else f"{self.id}.{name}"
        return "", ""


def table_of(source: RenderSource, name: str) -> Table:
    """Return the document's table for a name of a mapping file; an empty one if there is none.

    Charges and allowances of the invoice as a whole stand in files as header charges, those of
    its lines as order charges: where the document has no table of that name, they are taken from
    its allowances and charges, an allowance with a negative amount.
    """
    wanted = comparable(name)
    for table, rows in source.tables.items():
        if comparable(table) == wanted:
            return Table(table, rows, _INVOICE_COLUMNS if table == INVOICE_TABLE else {})
    if wanted in _CHARGES:
        rows = source.tables.get(ALLOWANCES_CHARGES, ())
        of_lines = _CHARGES[wanted]
        chosen = [_signed(row) for row in rows if bool(row.get("POSITION")) is of_lines]
        return Table(ALLOWANCES_CHARGES, chosen, _CHARGE_COLUMNS)
    return Table(name, (), {})


_CHARGES = {comparable(ORDER_CHARGES): True, comparable(HEADER_CHARGES): False}


def _signed(row: Mapping[str, str]) -> Mapping[str, str]:
    amount = row.get("AMOUNT", "")
    if row.get("TYPE") != "allowance" or not amount:
        return row
    return {**row, "AMOUNT": negated(amount)}


def negated(number: str) -> str:
    """Return a canonical number with the other sign; a zero has none."""
    if not number.strip("-0."):
        return number.removeprefix("-")
    return number.removeprefix("-") if number.startswith("-") else f"-{number}"


def header_value(source: RenderSource, field: str) -> str:
    """Return the value of a field or term of the head; empty when it has none.

    The document has fields of its own for three VAT rates; those of a fourth (`tax_rate_4`) and
    of each further one are in its table of tax lines. The country of the supplier's VAT number is
    its first two letters, EL for Greece (rule BR-CO-9). An order confirmation has no VAT by rate:
    there the amounts of the first rate are those of the whole.
    """
    if value := source.fields.get(field, ""):
        return value
    if field == SUPPLIER_VAT_COUNTRY:
        match = _VAT_COUNTRY.match(source.fields.get("supplier_tax_id", "").upper())
        return {"EL": "GR"}.get(match[0], match[0]) if match else ""
    named = tax_field(field)
    if named is None:
        return ""
    if source.document_type not in INVOICE_TYPES:
        return source.fields.get(_TOTALS.get(field, ""), "")
    if named[0] <= len(RATE_SUFFIXES):
        return ""
    rows = source.tables.get(TAX_LINES, ())
    return rows[named[0] - 1].get(named[1], "") if named[0] <= len(rows) else ""


def tax_field(field: str) -> tuple[int, str] | None:
    """Return the number of the VAT rate that a field is of, and its column of the tax lines."""
    match = _TAX_FIELD.fullmatch(field)
    return (int(match[2] or 1), match[1]) if match else None


def other_ids(name: str) -> tuple[str, ...]:
    """Return the other ids of the same value: VAT rates have fields and a row in a table."""
    if named := tax_field(name):
        return (f"{TAX_LINES}.{named[1]}",)
    table, _dot, column = name.partition(".")
    if table == TAX_LINES:
        return tuple(f"{column}{suffix}" for suffix in RATE_SUFFIXES)
    if table == INVOICE_TABLE:
        return tuple(f"{table}.{other}" for other in _SAME_VALUE.get(column, ()))
    return ()
