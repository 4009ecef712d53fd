"""The table of business terms, `terms.tsv`: what a term is, and where each syntax has it.

A row is a term of EN 16931 (BG-…, BT-…), of the XRechnung extension (DEX), of Factur-X EXTENDED
(BT-X-…, BG-X-…), a part that only a syntax needs (BT-31-0), or one of ours (OWN-…) for values
without a term in the standard that a person must still see. Parents stand before their children.

Columns: id, id of the parent, name, type, cardinality, code list, `like` (the group takes the rows
of that group again), then the places: UBL Invoice, UBL CreditNote (empty: as Invoice, `-`: none),
CII, ZUGFeRD 1.0, FatturaPA. A place is a path from the parent's element, or several with ` | `:

- `a/b`, `../a`, `@name`, `.`; words in capitals are `PREFIXES`;
- `[a/b='x|y']`, `[a!='x|y']` compare the trimmed text of the first match, `[a]` and `[not a]` ask
  whether it is there, `[*]` for any child; clauses are joined with `or`;
- `[own currency]`, `[other currency]`: the element's `currencyID` is the invoice's or missing, or
  is another; `[own breakdown]`, `[other breakdown]`: the same of the VAT total above it;
- before the path `joined:` and `words:` make one value of all matches, without and with a space
  between them; `subject:` and `note:` are the two parts of `#CODE#text`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path


class Syntax(StrEnum):
    """The syntaxes of e-invoices that are read."""

    UBL = "UBL"
    CII = "CII"
    ZUGFERD_1 = "ZUGFeRD 1.0"
    FATTURAPA = "FatturaPA"


APART = frozenset({"BG-DEX-01", "OWN-G1", "OWN-G2", "OWN-G3"})
"""Groups that repeat the rows of another one and do not count with it."""

_COLUMNS = 12
_CII = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTrade"
_ZUGFERD_1 = "rsm:SpecifiedSupplyChainTradeTransaction/ram:ApplicableSupplyChainTrade"

PREFIXES: Mapping[Syntax, Mapping[str, str]] = {
    Syntax.CII: {
        "AGREEMENT": _CII + "Agreement",
        "DELIVERY": _CII + "Delivery",
        "SETTLEMENT": _CII + "Settlement",
        "LINEAGREEMENT": "ram:SpecifiedLineTradeAgreement",
        "LINEDELIVERY": "ram:SpecifiedLineTradeDelivery",
        "LINESETTLEMENT": "ram:SpecifiedLineTradeSettlement",
    },
    Syntax.ZUGFERD_1: {
        "AGREEMENT": _ZUGFERD_1 + "Agreement",
        "DELIVERY": _ZUGFERD_1 + "Delivery",
        "SETTLEMENT": _ZUGFERD_1 + "Settlement",
        "LINEAGREEMENT": "ram:SpecifiedSupplyChainTradeAgreement",
        "LINEDELIVERY": "ram:SpecifiedSupplyChainTradeDelivery",
        "LINESETTLEMENT": "ram:SpecifiedSupplyChainTradeSettlement",
    },
}
"""The words in capitals at the beginning of paths."""


@dataclass(frozen=True, slots=True)
class Term:
    """A row of the table. `type`: Text, Amount, Date, Code, Group …; `cardinality`: `0..n`."""

    id: str
    parent: str
    name: str
    type: str
    cardinality: str
    code_list: str
    like: str
    ubl: str
    credit_note: str
    cii: str
    zugferd_1: str
    fatturapa: str

    @property
    def is_group(self) -> bool:
        """Whether it has no value of its own."""
        return self.type == "Group"

    @property
    def is_repeatable(self) -> bool:
        """Whether there may be several below one parent."""
        return self.cardinality.endswith("n")

    @property
    def is_mandatory(self) -> bool:
        """Whether a parent that is there must have it."""
        return self.cardinality.startswith("1")

    def path(self, syntax: Syntax, *, is_credit_note: bool = False) -> str:
        """Return the place in `syntax`, ``""`` for none; `is_credit_note`: the UBL root."""
        if syntax is Syntax.UBL and is_credit_note and self.credit_note:
            return self.credit_note.removeprefix("-")
        return {
            Syntax.UBL: self.ubl,
            Syntax.CII: self.cii,
            Syntax.ZUGFERD_1: self.zugferd_1,
            Syntax.FATTURAPA: self.fatturapa,
        }[syntax]


@cache
def terms() -> Mapping[str, Term]:
    """Return the table by id, in its order."""
    text = Path(__file__).with_name("terms.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return {row[0]: Term(*row, *[""] * (_COLUMNS - len(row))) for row in rows}
