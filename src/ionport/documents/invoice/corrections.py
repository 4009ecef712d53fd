"""Corrections of an invoice: the terms behind fields and cells, and the tree with other values.

A target is a header field, `invoice_id`, or a cell: `INVOICE_TABLE/2/QUANTITY` is that column of
the second row. Most stand for a term, which is changed in the tree, so that fields, tables and
rules follow from it. Fields that no term has (an address as one text, a tax code by hand) replace
the fields that the tree gives.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from ionport.documents.amounts import EXACT, decimal_text
from ionport.documents.invoice.codes import code_list
from ionport.documents.invoice.fields import (
    FIELD_TERMS,
    OTHER_FIELD_TERMS,
    RATE_SUFFIXES,
    VAT_TERMS,
)
from ionport.documents.invoice.model import Invoice, Kind
from ionport.documents.invoice.rows import base_quantity
from ionport.documents.invoice.table import APART, Syntax, terms
from ionport.documents.invoice.tree import ROOT, Node

BY_HAND = "by hand"
"""The profile of an invoice without a file: a person enters every value of it."""

_LINES, _VAT_ROWS = "BG-25", "BG-23"
_PRICE, _TYPE = "BT-146", "BT-3"
_INVOICE = "380"
TYPE_CODES: Mapping[Kind, str] = {
    Kind.CREDIT_NOTE: "381",
    Kind.ORDER_CONFIRMATION: "231",
    Kind.DELIVERY_NOTE: "351",
}
"""The type (BT-3, UNTDID 1001) of a document of fields that is no invoice."""
_KINDS = {code: kind for kind, code in TYPE_CODES.items()}

_HEADER: Mapping[str, str] = {
    **FIELD_TERMS,
    **{field: term for named in OTHER_FIELD_TERMS.values() for field, term in named.items()},
    "purchase_order": "BT-13",
    "supplier_iban": "BT-84",
}
_HEADER_ROWS = {
    field + suffix: (row, term)
    for row, suffix in enumerate(RATE_SUFFIXES, start=1)
    for field, term in VAT_TERMS.items()
}
_COLUMNS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "INVOICE_TABLE": (
        _LINES,
        {
            "POSITION": "BT-126",
            "PURCHASE_ORDER": "BT-X-21",
            "LINE_NUMBER": "BT-132",
            "ITEM_NUMBER": "BT-156",
            "SUPPLIER_ITEM_NUMBER": "BT-155",
            "STANDARD_ITEM_NUMBER": "BT-157",
            "DESCRIPTION": "BT-153",
            "LONG_DESCRIPTION": "BT-154",
            "QUANTITY": "BT-129",
            "UNIT": "BT-130",
            "UNIT_PRICE": _PRICE,
            "NET_AMOUNT": "BT-131",
            "VAT": "BT-152",
            "VAT_CATEGORY": "BT-151",
            "ACCOUNTING_REFERENCE": "BT-133",
            "PERIOD_START": "BT-134",
            "PERIOD_END": "BT-135",
            "PROMISED_DELIVERY_DATE": "BT-X-85",
        },
    ),
    "tax_lines": (
        _VAT_ROWS,
        {
            "tax_rate": "BT-119",
            "tax_category": "BT-118",
            "exemption_reason": "BT-120",
            "exemption_code": "BT-121",
            "net_amount": "BT-116",
            "tax_amount": "BT-117",
        },
    ),
}
HEADER_VAT_FIELDS = frozenset(_HEADER_ROWS)
"""The header fields that stand for rows of the VAT breakdown."""

CORRECTABLE_TABLES = tuple(_COLUMNS)
"""The tables whose rows can be corrected and added."""

_LAID_OVER = frozenset({"supplier_address", "buyer_address", "discount_term"})
_LAID_OVER_COLUMNS = {
    "INVOICE_TABLE": frozenset({"SUB_LINE_NUMBER"}),
    "tax_lines": frozenset({"tax_code", "tax_country"}),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A header field, or with `table` the column `field` of its `row`-th row, from 1."""

    field: str
    table: str = ""
    row: int = 0

    def __str__(self) -> str:
        return f"{self.table}/{self.row}/{self.field}" if self.table else self.field

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the target that `str` gave; raises ValueError."""
        table, _slash, rest = text.rpartition("/")[0].rpartition("/")
        field = text.rpartition("/")[2]
        if not table and not rest:
            return cls(field)
        if not (table and rest.isascii() and rest.isdigit() and 0 < int(rest[:9]) == int(rest)):
            raise ValueError(text)
        return cls(field, table, int(rest))

    @property
    def term(self) -> str:
        """The term that it stands for, ``""`` when it is laid over the fields."""
        if self.table:
            return _COLUMNS.get(self.table, ("", {}))[1].get(self.field, "")
        if self.field in _HEADER_ROWS:
            return _HEADER_ROWS[self.field][1]
        return _HEADER.get(self.field, "")


@dataclass(frozen=True, slots=True)
class Correction:
    """The value that a person gives a target; ``""`` takes it away."""

    target: Target
    value: str


def is_laid_over(target: Target) -> bool:
    """Tell whether the target has no term, so that it replaces the field that the tree gives."""
    if target.table:
        return target.field in _LAID_OVER_COLUMNS.get(target.table, frozenset())
    return target.field in _LAID_OVER


def targets_of(term: str) -> list[str]:
    """Return the header fields that stand for a term."""
    return [field for field in (*_HEADER, *_HEADER_ROWS) if Target(field).term == term]


def columns_of(term: str) -> list[str]:
    """Return the columns that stand for a term, each as `TABLE.COLUMN`."""
    return [
        f"{table}.{column}"
        for table, (_group, columns) in _COLUMNS.items()
        for column, named in columns.items()
        if named == term
    ]


def invoice_by_hand() -> Invoice:
    """Return an empty invoice, with nothing but its type."""
    return Invoice(Syntax.UBL, Kind.INVOICE, BY_HAND, Node(ROOT, children=[Node(_TYPE, _INVOICE)]))


def corrected(invoice: Invoice, corrections: Sequence[Correction]) -> Invoice:
    """Return `invoice` with its tree changed by `corrections`, in their order.

    The tree itself is changed: it is the caller's, read for this.
    """
    for one in corrections:
        if term := one.target.term:
            _set(invoice, _scope_of(invoice, one.target), term, one.value)
    if any(one.target.term == _TYPE for one in corrections):
        return dataclasses.replace(invoice, kind=_kind_of(invoice))
    return invoice


def _kind_of(invoice: Invoice) -> Kind:
    """Return what the type says. A file of an invoice's syntax is an invoice or a credit note."""
    number = invoice.tree.value(_TYPE)
    if invoice.profile == BY_HAND and number in _KINDS:
        return _KINDS[number]
    code = code_list("untdid-1001").get(number)
    is_credit_note = code is not None and code.more == "credit note"
    return Kind.CREDIT_NOTE if is_credit_note else Kind.INVOICE


def add_rows(invoice: Invoice, table: str, rows: Sequence[Mapping[str, str]]) -> None:
    """Add rows with the values of their columns behind those of the tree.

    All in one call, because each single correction looks through the whole tree.
    """
    if not rows:
        return
    group, columns = _COLUMNS[table]
    currency = invoice.currency
    above = _parent_of(invoice.tree, group)
    for values in rows:
        row = Node(group)
        for column, value in values.items():
            if term := columns.get(column):
                _add(row, term, value, currency)
        above.children.append(row)
    invoice.tree.forget()


def laid_over(
    fields: Mapping[str, str],
    tables: Mapping[str, tuple[Mapping[str, str], ...]],
    corrections: Sequence[Correction],
) -> tuple[dict[str, str], dict[str, tuple[Mapping[str, str], ...]]]:
    """Return fields and tables with the corrected values that no term has."""
    if not corrections:
        return dict(fields), dict(tables)
    fields, made = (
        dict(fields),
        {name: [dict(row) for row in rows] for name, rows in tables.items()},
    )
    for one in corrections:
        target = one.target
        if target.term:
            continue
        rows = made.get(target.table, [])
        if target.table and target.row > len(rows):
            continue
        values = rows[target.row - 1] if target.table else fields
        values.pop(target.field, None)
        if one.value:
            values[target.field] = one.value
    return fields, {name: tuple(rows) for name, rows in made.items()}


def _scope_of(invoice: Invoice, target: Target) -> Node:
    """Return the group that the target's term is looked for in; a row behind the last is added."""
    if target.table:
        group, row = _COLUMNS[target.table][0], target.row
    elif target.field in _HEADER_ROWS:
        group, row = _VAT_ROWS, _HEADER_ROWS[target.field][0]
    else:
        return invoice.tree
    rows = invoice.lines if group == _LINES else invoice.tree.all(group)
    if row <= len(rows):
        return rows[row - 1]
    added = Node(group)
    _parent_of(invoice.tree, group).append(added)
    invoice.tree.forget()
    return added


def _set(invoice: Invoice, scope: Node, term: str, value: str) -> None:
    found = scope.first(term)
    if not value:
        _remove(scope, term)
        invoice.tree.forget()
        return
    if term == _PRICE:
        # A price is for the base quantity of its line, the column is the price of one.
        value = decimal_text(EXACT.multiply(Node(term, value).decimal or 0, base_quantity(scope)))
    if found is not None:
        found.was = found.text if found.was is None else found.was
        found.text = found.written = value
        return
    _add(scope, term, value, invoice.currency).was = ""
    invoice.tree.forget()


def _add(scope: Node, term: str, value: str, currency: str) -> Node:
    is_money = terms()[term].type in ("Amount", "Unit price")
    node = Node(term, value, currency=currency if is_money else "")
    _parent_of(scope, term).append(node)
    scope.forget()
    return node


def _parent_of(scope: Node, term: str) -> Node:
    """Return the node below `scope`, or itself, that `term` belongs to; makes what is missing."""
    parent = terms()[term].parent
    if not parent or parent == scope.term:
        return scope
    found = scope.first(parent)
    if found is None:
        found = Node(parent)
        _parent_of(scope, parent).append(found)
        scope.forget()
    return found


def _remove(node: Node, term: str) -> None:
    node.children = [child for child in node.children if child.term != term]
    node.forget()
    for child in node.children:
        if child.term not in APART:
            _remove(child, term)
