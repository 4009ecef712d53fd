"""The syntaxes of EN 16931, compiled once from the rows of `terms`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias, cast

from lxml import etree

from ionport.documents import terms

_NAMESPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
}
_UBL_INVOICE = "{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2}Invoice"
_CII_INVOICE = f"{{{_NAMESPACES['rsm']}}}CrossIndustryInvoice"
CREDIT_NOTE_ROOT = "{urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2}CreditNote"
"""The only root that says by itself that the document is a credit note."""

_OTHER_CURRENCIES = (
    "*[not(self::cac:TaxTotal[cbc:TaxAmount/@currencyID != $currency])]/ALIEN/@currencyID",
    ".//*[@currencyID != $currency][not(self::ram:TaxTotalAmount)]/@currencyID",
)

Find: TypeAlias = Callable[..., list[Any]]


class Kind(Enum):
    """How the text of a term is read."""

    TEXT = "text"
    DECIMAL = "decimal"
    DATE = "date"
    SUM = "sum"
    """Decimals of all places, added up; zero when there are none."""


@dataclass(frozen=True, slots=True)
class Term:
    """A business term in one syntax. `find` gives its elements, or texts for an attribute."""

    field: str
    kind: Kind
    number: str
    label: str
    is_required: bool
    path: str
    find: Find


@dataclass(frozen=True, slots=True)
class Group:
    """A group of terms; `find` gives the nodes that the terms' paths start from."""

    number: str
    label: str
    path: str
    find: Find
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Syntax:
    """Everything needed to read one syntax."""

    name: str
    header: Group
    seller: Group
    buyer: Group
    totals: Group
    taxes: Group
    lines: Group
    currency_codes: Find
    """The elements of BT-5, of which there may be one."""
    other_currencies: Find
    """The currencies of amounts, but for the VAT total, that are not `$currency`."""


def _expanded(path: str) -> str:
    while (longer := re.sub(r"\b[A-Z]{4,}\b", lambda word: _expand(word[0]), path)) != path:
        path = longer
    return path


def _expand(word: str) -> str:
    return terms.PATHS.get(word, word)


def _compiled(path: str) -> Find:
    # Attribute results need no way back to their element: plain strings are cheaper.
    compiled = etree.XPath(_expanded(path), namespaces=_NAMESPACES, smart_strings=False)
    return cast("Find", compiled)


def _terms(rows: str, column: int) -> Iterator[Term]:
    lines = rows.strip().splitlines()
    for head, *paths in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        field, kind, number, label = head.split(" ", 3)
        path = paths[column].strip()
        yield Term(
            field=field.removesuffix("!"),
            kind=Kind(kind),
            number=number,
            label=label,
            is_required=field.endswith("!"),
            path=_expanded(path),
            find=_compiled(path),
        )


def _group(number: str, label: str, rows: str, paths: tuple[str, str], column: int) -> Group:
    path = paths[column]
    return Group(number, label, _expanded(path), _compiled(path), tuple(_terms(rows, column)))


def _syntax(name: str, column: int) -> Syntax:
    seller = ("cac:AccountingSupplierParty/cac:Party", "AGREEMENT/ram:SellerTradeParty")
    buyer = ("cac:AccountingCustomerParty/cac:Party", "AGREEMENT/ram:BuyerTradeParty")
    # The VAT in the accounting currency (BT-111) may have a breakdown of its own in UBL.
    taxes = (
        "cac:TaxTotal[not(cbc:TaxAmount/@currencyID != $currency)]/cac:TaxSubtotal",
        "SETTLEMENT/ram:ApplicableTradeTax",
    )
    lines = (
        "cac:InvoiceLine | cac:CreditNoteLine",
        "rsm:SupplyChainTradeTransaction/ram:IncludedSupplyChainTradeLineItem",
    )
    return Syntax(
        name,
        header=_group("BG-0", "Invoice", terms.HEADER, (".", "."), column),
        seller=_group("BG-4", "Seller", terms.SELLER, seller, column),
        buyer=_group("BG-7", "Buyer", terms.BUYER, buyer, column),
        totals=_group("BG-22", "Document totals", terms.TOTALS, (".", "."), column),
        taxes=_group("BG-23", "VAT breakdown", terms.TAXES, taxes, column),
        lines=_group("BG-25", "Invoice line", terms.LINES, lines, column),
        currency_codes=_compiled(
            ("cbc:DocumentCurrencyCode", "SETTLEMENT/ram:InvoiceCurrencyCode")[column]
        ),
        other_currencies=_compiled(_OTHER_CURRENCIES[column]),
    )


_UBL = _syntax("UBL", 0)
SYNTAX_BY_ROOT: Mapping[str, Syntax] = {
    _UBL_INVOICE: _UBL,
    CREDIT_NOTE_ROOT: _UBL,
    _CII_INVOICE: _syntax("CII", 1),
}
"""The syntax by the name of the root element, in Clark notation."""
