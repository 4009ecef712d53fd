"""The sign of a credit note's amounts, as a configuration sets it for its target.

No source says what M3 or LN expect: a person decides. Amounts and quantities change their sign
together and prices keep theirs, so that quantity times price is the amount still.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum

from ionport.core.i18n import _
from ionport.documents.invoice.table import terms
from ionport.documents.types import DOCUMENT_TYPES, FieldType
from ionport.mappings.grammars.aliases import comparable, term_id
from ionport.mappings.model import RenderSource
from ionport.mappings.rendering.conflicts.expressions import number_of
from ionport.mappings.rendering.tables import negated

CREDIT_NOTE = "CREDIT_NOTE"
_QUANTITIES = frozenset({"QUANTITY"})
# Prices, and the quantities that they are for.
_PRICES = frozenset({"UNIT_PRICE", "BT-149", "BT-149-1"})


class AmountSign(StrEnum):
    """How the amounts of a credit note are sent."""

    AS_WRITTEN = "as_written"
    NEGATIVE = "negative"

    @property
    def label(self) -> str:
        """The choice in the user's words."""
        return {
            AmountSign.AS_WRITTEN: _("As written"),
            AmountSign.NEGATIVE: _("Negative"),
        }[self]


def with_sign(source: RenderSource, sign: AmountSign | None) -> RenderSource:
    """Return the document with its amounts in the sign that its target expects.

    `negative` turns the sign of a credit note's amounts and quantities; other documents, and a
    credit note as written, stay as they are.
    """
    is_credit_note = comparable(source.document_type) == comparable(CREDIT_NOTE)
    if sign is not AmountSign.NEGATIVE or not is_credit_note:
        return source
    tables = {name: [_Turned(row) for row in rows] for name, rows in source.tables.items()}
    return replace(source, fields=_Turned(source.fields), tables=tables)


def _turned_ids() -> frozenset[str]:
    fields = {
        field.id
        for kind in DOCUMENT_TYPES.values()
        for field in (*kind.fields, *(column for table in kind.tables for column in table.columns))
        if field.type is FieldType.AMOUNT
    }
    named = {row.id for row in terms().values() if row.type in ("Amount", "Quantity")}
    return frozenset((fields | _QUANTITIES | named) - _PRICES)


_TURNED = _turned_ids()


class _Turned(Mapping[str, str]):
    """The values of a head or a row; amounts and quantities have the other sign."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> str:
        value = self._values[name]
        known = term_id(name) or name
        is_turned = known in _TURNED or known.upper() in _TURNED
        return negated(value) if is_turned and number_of(value) is not None else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
