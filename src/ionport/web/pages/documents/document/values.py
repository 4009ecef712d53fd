"""The values of a document as its page shows them: formatted to be read, raw to be corrected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from ionport.core.i18n import _, day_text, language
from ionport.documents.invoice.codes import code_list, decimals_of
from ionport.documents.invoice.corrections import CORRECTABLE_TABLES, Target
from ionport.documents.invoice.fields import RATE_SUFFIXES, VAT_TERMS
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.invoice.rendering.words import Words, translated_code_name
from ionport.documents.invoice.rows import TERMS_OF_TYPES
from ionport.documents.model import Document, Row
from ionport.documents.review.decisions.corrections import corrected_values
from ionport.documents.review.decisions.model import DecisionKind, DocumentDecision
from ionport.documents.review.decisions.values import codes_of, is_correctable
from ionport.documents.types import (
    ALLOWANCES_CHARGES,
    INVOICE_TABLE,
    TAX_LINES,
    Field,
    FieldType,
    TableType,
    document_type,
)
from ionport.web.locales import name_of_code

ROWS: Final = 25
"""Rows of a table on one page."""

_NUMBERS = (FieldType.AMOUNT, FieldType.NUMBER)
# The fields that an invoice must have; a person enters these first where it has no values.
_ESSENTIAL = frozenset(
    (
        *("invoice_id", "invoice_date", "purchase_order", "supplier_iban", "due_date"),
        *("order_confirmation_id", "delivery_note_id", "document_date"),
        *("total_net_amount", "total_tax_amount", "total_amount", "amount_due", "currency"),
        *("supplier_name", "supplier_tax_id", "supplier_country_code", "buyer_name"),
        "buyer_tax_id",
    )
)
# Up to three rows of VAT, which are the first of its table.
_VAT_FIELDS = frozenset(f"{name}{suffix}" for name in VAT_TERMS for suffix in RATE_SUFFIXES)
# Sums come before their parts.
_SUMS = (
    *("total_net_amount", "total_tax_amount", "total_amount", "prepaid_amount"),
    *("rounding_amount", "amount_due", "currency"),
)
_PERCENTAGES = frozenset({"tax_rate", "tax_rate_2", "tax_rate_3", "VAT", "PERCENTAGE"})
_UNITS = "rec20"
_LONG: Final = 60
# The columns of a line; other values of a row are shown below its description.
_MAIN = {
    INVOICE_TABLE: ("POSITION", "DESCRIPTION", "QUANTITY", "UNIT_PRICE", "NET_AMOUNT"),
    ALLOWANCES_CHARGES: ("TYPE", "REASON", "PERCENTAGE", "AMOUNT"),
}


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a header field or a cell; `was` is that of the invoice, None uncorrected."""

    target: str
    field: Field
    raw: str
    shown: str
    name: str = ""
    """The name of its code."""
    was: str | None = None
    undo: str = ""
    """The decision that corrected it last."""
    can_correct: bool = False
    codes: str = ""
    """The list that a code of it is from."""
    is_required: bool = False
    is_essential: bool = False
    """Whether an invoice must have it, and this one has no values at all."""
    typed: str = ""
    """What somebody has typed; `raw` when nobody has."""
    error: str = ""

    @property
    def is_number(self) -> bool:
        return self.field.type in _NUMBERS

    @property
    def is_date(self) -> bool:
        """Whether a date field of the browser can hold what is in it."""
        return self.field.type is FieldType.DATE and (
            not self.typed or _day(self.typed) is not None
        )

    @property
    def is_long(self) -> bool:
        """Whether it needs more than one line."""
        return self.field.type is FieldType.STRING and len(self.typed) > _LONG


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the validation screen: its filled fields and its empty ones."""

    label: str
    filled: tuple[Value, ...]
    empty: tuple[Value, ...]

    @property
    def asked(self) -> list[Value]:
        """The fields that a form shows at once: filled, demanded, or wrong."""
        filled = [each for each in self.filled if each.can_correct]
        return [*filled, *(each for each in self.empty if _is_asked(each))]

    @property
    def rest(self) -> list[Value]:
        """The other fields, which a form shows on demand."""
        return [each for each in self.empty if not _is_asked(each)]


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row with its number; `more` is what has no column of its own."""

    number: int
    cells: tuple[Value, ...]
    more: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A page of a table; `first` is the number of its first row, from 1."""

    id: str
    label: str
    columns: tuple[Field, ...]
    rows: tuple[ShownRow, ...]
    count: int
    first: int
    can_edit: bool

    @property
    def step(self) -> int:
        """How many rows a page has."""
        return ROWS

    @property
    def last(self) -> int:
        """The number of the last row that is shown."""
        return min(self.first + ROWS - 1, self.count)

    @property
    def numbers(self) -> tuple[bool, ...]:
        """Which columns are numbers."""
        return tuple(column.type in _NUMBERS for column in self.columns)


@dataclass(frozen=True, slots=True)
class Editing:
    """The state of a form: typed values, errors, and the document type's demands."""

    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()
    is_form: bool = False


class Values:
    """Makes the values of one document, with what decisions have changed."""

    def __init__(
        self,
        document: Document,
        decisions: Sequence[DocumentDecision],
        editing: Editing | None = None,
        *,
        can_correct: bool = True,
    ) -> None:
        self._document = document
        self._kind = document_type(document.document_type)
        self._was = corrected_values(decisions)
        self._last = {
            each.parameters["target"]: each.id
            for each in decisions
            if each.is_active and each.kind is DecisionKind.CORRECT
        }
        self._editing = editing or Editing()
        self._can_correct = can_correct

    def groups(self) -> list[Group]:
        """Return the header fields in the groups of the validation screen."""
        found: dict[str, list[Value]] = {}
        # The rows of VAT stand in their table below; here is only what was corrected here.
        is_twice = bool(self._document.tables.get(TAX_LINES)) and not self._editing.is_form
        twice = _VAT_FIELDS - self._was.keys() if is_twice else frozenset()
        fields = (one for one in self._kind.fields if one.id not in twice)
        for one in sorted(fields, key=lambda field: field.id not in _SUMS):
            found.setdefault(one.group, []).append(self.field(one))
        labels = [_(each) for each in dict.fromkeys(one.group for one in self._kind.fields)]
        groups = []
        for label, values in found.items():
            filled = tuple(each for each in values if _is_shown(each))
            empty = tuple(each for each in values if not _is_shown(each) and each.can_correct)
            groups.append(Group(_(label), filled, empty))
        return sorted(groups, key=lambda group: labels.index(group.label))

    def field(self, one: Field) -> Value:
        """Return a header field."""
        return self._value(Target(one.id), one, self._document.fields)

    def named(self, names: Sequence[str]) -> list[Value]:
        """Return the header fields of these ids that a person may correct."""
        known = {one.id: one for one in self._kind.fields}
        values = [self.field(known[name]) for name in names if name in known]
        values = [each for each in values if each.can_correct]
        # Of empty ones the first alone: it may be what is missing.
        return [each for n, each in enumerate(values) if each.raw or not n]

    def tables(self, first: Mapping[str, int]) -> Iterator[ShownTable]:
        """Yield the tables that have rows, or may get some; `first` row by table."""
        for table in self._kind.tables:
            rows = self._document.tables.get(table.id, ())
            can_edit = self._can_correct and table.id in CORRECTABLE_TABLES
            if rows or can_edit:
                yield self._table(table, rows, first.get(table.id, 1), can_edit=can_edit)

    def row(self, table: TableType, number: int) -> list[Value]:
        """Return the cells of a row that a person may correct; one behind the last is empty."""
        rows = self._document.tables.get(table.id, ())
        said = rows[number - 1] if number <= len(rows) else {}
        cells = (self._value(Target(one.id, table.id, number), one, said) for one in table.columns)
        return [each for each in cells if each.can_correct]

    def _table(
        self, table: TableType, rows: Sequence[Row], first: int, *, can_edit: bool
    ) -> ShownTable:
        start = min(max(first, 1), max(len(rows), 1))
        start -= (start - 1) % ROWS
        part = list(enumerate(rows, start=1))[start - 1 : start - 1 + ROWS]
        used = {name for row in rows for name, value in row.items() if value}
        main = _MAIN.get(table.id)
        columns = tuple(
            one
            for one in table.columns
            if one.id in used and one.id != "UNIT" and (main is None or one.id in main)
        )
        shown = tuple(self._row(table, number, row, columns) for number, row in part)
        return ShownTable(table.id, table.label, columns, shown, len(rows), start, can_edit)

    def _row(self, table: TableType, number: int, row: Row, columns: tuple[Field, ...]) -> ShownRow:
        def value(one: Field) -> Value:
            return self._value(Target(one.id, table.id, number), one, row)

        rest = [one for one in table.columns if one not in columns and one.id != "UNIT"]
        more = tuple(each for each in map(value, rest) if _is_shown(each))
        return ShownRow(number, tuple(map(value, columns)), more)

    def _value(self, target: Target, one: Field, said: Row) -> Value:
        name, raw = str(target), said.get(one.id, "")
        codes = codes_of(target, one)
        was = self._was.get(name)
        can_correct = self._can_correct and is_correctable(target, one)
        return Value(
            target=name,
            field=one,
            raw=raw,
            shown=self._shown(one, raw, said),
            name=code_name(codes, raw),
            was=None if was is None else self._shown(one, was[0], said),
            undo=self._last.get(name, "") if was is not None else "",
            can_correct=can_correct and name not in self._editing.read_only,
            codes=codes,
            is_required=name in self._editing.required,
            is_essential=name in _ESSENTIAL and not self._document.fields,
            typed=self._editing.typed.get(name, self._to_edit(one, raw)),
            error=self._editing.errors.get(name, ""),
        )

    def _to_edit(self, one: Field, raw: str) -> str:
        """Return a value as an editor has it: an amount with the digits of its currency."""
        number = _number(raw) if one.type is FieldType.AMOUNT else None
        if number is None:
            return raw
        decimals = decimals_of(self._document.fields.get("currency", ""))
        exponent = number.as_tuple().exponent
        missing = decimals + exponent if isinstance(exponent, int) else 0
        return f"{number:.{decimals}f}" if missing > 0 else raw

    def _shown(self, one: Field, raw: str, said: Row) -> str:
        currency = self._document.fields.get("currency", "")
        if one.id == "total_tax_amount_accounting":
            currency = self._document.fields.get("accounting_currency", currency)
        text = shown_value(one, raw, currency)
        if one.id == "QUANTITY" and text and (unit := said.get("UNIT", "")):
            return f"{text} {code_name(_UNITS, unit) or unit}"
        return text


def _is_asked(value: Value) -> bool:
    return bool(value.is_required or value.is_essential or value.error or value.typed)


def _is_shown(value: Value) -> bool:
    return bool(value.raw or value.was)


def code_name(codes: str, code: str) -> str:
    """Return the name of a code of a list, ``""`` when the list has none."""
    known = code_list(codes).get(code) if codes else None
    if known is None:
        return ""
    translated = translated_code_name(codes, code, language())
    return translated or name_of_code(codes, code, known.name)


def shown_value(one: Field, raw: str, currency: str) -> str:
    """Return a stored value as people read it; what is not of its type stays as it is."""
    if one.type is FieldType.DATE:
        day = _day(raw)
        return day_text(day) if day is not None else raw
    if one.type in _NUMBERS:
        number = _number(raw)
        if number is None:
            return raw
        decimals = decimals_of(currency) if one.type is FieldType.AMOUNT else 0
        text = Words(Language(language())).number(number, decimals)
        return f"{text} %" if one.id in _PERCENTAGES else text
    if one.id == "TYPE" and (term := TERMS_OF_TYPES.get(raw)):
        return Words(Language(language())).label(term)
    if one.id == "supplier_iban":
        return " ".join(raw[n : n + 4] for n in range(0, len(raw), 4))
    return raw


def _day(raw: str) -> date | None:
    try:
        return date.fromisoformat(raw)
    except ValueError:
        return None


def _number(raw: str) -> Decimal | None:
    try:
        number = Decimal(raw)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
