"""The code lists that EN 16931 names, in their edition of November 2025: `codes.tsv`.

Columns: list, code, name, more. `more` is the number of decimals of a currency (ISO 4217),
*invoice* or *credit note* of a document type (UNTDID 1001), the CII code of a tax point date
(UNTDID 2005), and *common* at the usual units (UN/ECE Rec 20, joined with Rec 21).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path

from ionport.core.i18n import number_text
from ionport.documents.amounts import EXACT, MAX_DIGITS


@dataclass(frozen=True, slots=True)
class Code:
    """A row of a list."""

    code: str
    name: str
    more: str


DOCUMENT_TYPE_CODES = "document-type"
"""The list of what a document may be: UNTDID 1001 as EN 16931 has it, and orders' documents."""
_OF_ORDERS = (Code("231", "Purchase order response", ""), Code("351", "Despatch advice", ""))


@cache
def _lists() -> Mapping[str, Mapping[str, Code]]:
    lists: dict[str, dict[str, Code]] = {}
    text = Path(__file__).with_name("codes.tsv").read_text(encoding="utf-8")
    for row in text.splitlines()[1:]:
        name, code, label, more = row.split("\t")
        lists.setdefault(name, {})[code] = Code(code, label, more)
    lists[DOCUMENT_TYPE_CODES] = lists["untdid-1001"] | {one.code: one for one in _OF_ORDERS}
    return lists


def code_list(name: str) -> Mapping[str, Code]:
    """Return the list `name`, such as ``untdid-1001``, by code; KeyError for an unknown one."""
    return _lists()[name]


def decimals_of(currency: str) -> int:
    """Return how many decimals amounts of `currency` have; 2 for one that is in no list."""
    known = code_list("iso-4217").get(currency)
    return int(known.more) if known is not None and known.more.isdigit() else 2


def money_text(amount: str, currency: str) -> str:
    """Return an amount in groups of three, with at least the currency's decimals: `2,808.81 EUR`.

    In German `2.808,81 EUR`. What is no number is shown as it is.
    """
    value = _amount(amount)
    if value is None:
        return f"{amount} {currency}".strip()
    decimals = max(_decimals(value), decimals_of(currency))
    return f"{number_text(value, decimals)} {currency}".strip()


def plain_amount(amount: str, currency: str) -> str:
    """Return an amount with a point and the currency's decimals, more if it has more: `2808.81`.

    What is no number, or has more digits than an amount has, stays as it is.
    """
    written = _amount(amount)
    if written is None:
        return amount
    value = written.normalize(EXACT)
    is_whole = value == written and len(value.as_tuple().digits) <= MAX_DIGITS
    if not is_whole or abs(value.adjusted()) > MAX_DIGITS:
        return amount
    return f"{value:.{max(_decimals(value), decimals_of(currency))}f}"


def _amount(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0
