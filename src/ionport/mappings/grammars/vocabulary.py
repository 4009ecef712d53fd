"""Names of fields and columns: those of documents, and those of published mapping files.

Source: docs/reference/document-system.md#fields-and-tables, docs/reference/mapping-files.md#m3.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from ionport.documents.types import DOCUMENT_TYPES, INVOICE_TYPES, Origin
from ionport.mappings.grammars.aliases import (
    DERIVED_FIELDS,
    IDM_REFERENCE,
    column_id,
    comparable,
)

# Types of the vendor that ionport has no fields for yet; their mapping files are valid.
_OTHER_TYPES = ("PURCHASE_ORDER",)
KNOWN_TYPES = frozenset(comparable(name) for name in (*DOCUMENT_TYPES, *_OTHER_TYPES))
"""The comparable names of document types."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What documents of some types have: ids of fields, and columns by comparable table and id.

    `by_hand` are the fields that no supplier's file has. The id of the item in IDM is none of them:
    only payloads that are sent after the item was made can have it.
    """

    fields: frozenset[str]
    by_hand: frozenset[str]
    columns: frozenset[tuple[str, str]]


def vocabulary_of(types: Iterable[str]) -> Vocabulary:
    """Return what documents of these types have, of all types where none of them is known."""
    wanted = {comparable(name) for name in types}
    return _vocabulary(frozenset(wanted.intersection(map(comparable, DOCUMENT_TYPES))))


@cache
def _vocabulary(wanted: frozenset[str]) -> Vocabulary:
    kinds = [kind for name, kind in DOCUMENT_TYPES.items() if comparable(name) in wanted]
    kinds = kinds or list(DOCUMENT_TYPES.values())
    fields = [field for kind in kinds for field in kind.fields]
    return Vocabulary(
        (frozenset(field.id for field in fields) | DERIVED_FIELDS) - {IDM_REFERENCE},
        frozenset(field.id for field in fields if field.origin is Origin.HAND),
        frozenset(
            (comparable(table.id), column_id(column.id))
            for kind in kinds
            for table in kind.tables
            for column in table.columns
        ),
    )


OF_ALL_TYPES = vocabulary_of(())
OF_INVOICES = vocabulary_of(INVOICE_TYPES)
OF_INVOICES_IN_IDM = replace(OF_INVOICES, fields=OF_INVOICES.fields | {IDM_REFERENCE})
TABLES = frozenset(table for table, _column in OF_ALL_TYPES.columns)

_UNFILLED = """
additional_amount authorised_user geo_code negative_amount sqr_field_esr_reference tax_applicable
tax_country_1 tax_country tax_included total_net_amount_us status
"""
UNFILLED_FIELDS = OF_ALL_TYPES.fields.union(_UNFILLED.split(), (IDM_REFERENCE,))
"""Fields of the document system; not all of them are filled in documents of every type."""

_LINES = (
    "packing_slip purchase_order line_number line_sequence sub_line_number delivery_number"
    " delivery_line receipt_number amount quantity unit unit_code_price unit_price_per item_number"
    " gross_unit_price net_unit_price net_amount total_amount charges discount catch_weight"
    " total_net_amount promised_delivery_date confirmed_quantity confirmed_unit_price"
    " supplier_item_number delivery_date order_unit"
)
_CHARGES = (
    "ledger_account dimension_1 dimension_2 dimension_3 dimension_4 dimension_5 dimension_6"
    " dimension_7 amount quantity quantity2 position costing_element charge_sequence voucher_text"
    " unit_price purchase_order line_number item_number sub_line_number receipt_number packing_slip"
)
_COSTS = (
    _CHARGES + " dimension_8 dimension_9 dimension_10 dimension_11 dimension_12"
    " accounting_object_1 accounting_object_2 accounting_object_3 accounting_object_4"
    " accounting_object_5 accounting_object_6 accounting_object_7"
)
_TAXES = (
    "line_number tax_amount tax_rate net_amount gross_amount tax_code_full tax_code tax_country"
    " amount geo_code"
)
_PUBLISHED = {
    "invoice_table": _LINES,
    "tax_lines": _TAXES,
    "order_charges": _CHARGES,
    "order_xtra_header_charges": _CHARGES,
    "cost_lines": _COSTS,
    "debite_note_cost_lines": _COSTS,
    "debit_note_cost_lines": _COSTS,
    "credit_note_cost_lines": _COSTS,
}
PUBLISHED_COLUMNS = frozenset(
    (comparable(table), column_id(column))
    for table, columns in _PUBLISHED.items()
    for column in columns.split()
)
"""The columns of the document system, filled by documents of ionport or not."""
