"""Reads EN 16931 e-invoices, in UBL and in CII, into exact typed values.

Nothing is guessed: what the invoice does not say stays empty, what it must say and does not is
an error that names the business term (DESIGN.md, decisions 8 and 14).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from lxml import etree

from ionport.core import xml
from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.documents.amounts import MAX_DIGITS, total
from ionport.documents.syntaxes import CREDIT_NOTE_ROOT, SYNTAX_BY_ROOT, Group, Kind, Syntax, Term

_MAX_TEXT = 10_000
_MAX_LINES = 10_000
_MAX_PROBLEMS = 10
_MAX_CODE = 20
# UNTDID 1001, the codes that EN 16931 takes as credit notes.
_CREDIT_NOTE_CODES = frozenset(
    ("81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532")
)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
# xs:date may carry a time zone, which says nothing about the day that was meant.
_UBL_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_CII_DATE = re.compile(r"[0-9]{8}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Header:
    """What the invoice says once about itself; dates are calendar days."""

    number: str
    issue_date: date
    type_code: str
    currency: str
    due_date: date | None
    buyer_reference: str
    order_number: str
    payment_terms: str
    ship_to_name: str
    ship_to_id: str
    delivery_date: date | None
    payment_means: str
    payment_reference: str
    account: str
    bank: str


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer; absent texts are empty."""

    name: str
    identifier: str
    vat_id: str
    tax_registration: str
    registration: str
    gln: str
    street: str
    street_2: str
    street_3: str
    city: str
    postcode: str
    country_code: str


@dataclass(frozen=True, slots=True)
class Totals:
    """Amounts of the whole invoice in its currency; None = the invoice does not say."""

    lines: Decimal
    allowances: Decimal | None
    charges: Decimal | None
    net: Decimal
    tax: Decimal | None
    tax_currency: str
    gross: Decimal
    prepaid: Decimal | None
    rounding: Decimal | None
    due: Decimal
    stated_allowances: Decimal
    stated_charges: Decimal


@dataclass(frozen=True, slots=True)
class Tax:
    """One row of the VAT breakdown; `rate` in percent, None when not subject to VAT."""

    basis: Decimal
    amount: Decimal
    category: str
    rate: Decimal | None


@dataclass(frozen=True, slots=True)
class Line:
    """One invoice line; `price` is for `price_quantity` units (one, when None)."""

    number: str
    quantity: Decimal
    unit: str
    net: Decimal
    order_number: str
    order_line: str
    allowances: Decimal
    charges: Decimal
    price: Decimal | None
    price_quantity: Decimal | None
    rate: Decimal | None
    name: str
    description: str
    seller_item: str
    buyer_item: str


@dataclass(frozen=True, slots=True)
class EInvoice:
    """An EN 16931 invoice or credit note. `syntax` is `UBL` or `CII`.

    `currency_codes` are all different codes given as BT-5, `other_currencies` those of amounts
    that are not in the invoice's currency, up to ten.
    """

    syntax: str
    is_credit_note: bool
    header: Header
    seller: Party
    buyer: Party
    totals: Totals
    taxes: tuple[Tax, ...]
    lines: tuple[Line, ...]
    currency_codes: tuple[str, ...]
    other_currencies: tuple[str, ...]


def parse_einvoice(content: bytes) -> EInvoice:
    """Read the e-invoice in `content`.

    Raises:
        TooLarge: over the limit of `core.xml`.
        InvalidInput: not XML (`xml_…`), another kind of XML (`unknown_syntax`), or an invoice
            without mandatory terms or with unreadable numbers or dates (`invalid_invoice`; all
            of them are named, up to ten).
    """
    root = xml.parse(content)
    syntax = SYNTAX_BY_ROOT.get(root.tag)
    if syntax is None:
        raise _unknown_syntax(root)
    reader = _Reader(syntax)
    header = reader.one(root, syntax.header, Header)
    seller = reader.one(root, syntax.seller, Party)
    buyer = reader.one(root, syntax.buyer, Party)
    totals = reader.one(root, syntax.totals, Totals, currency=header.currency)
    taxes = reader.all(root, syntax.taxes, Tax, currency=header.currency)
    lines = reader.all(root, syntax.lines, Line)
    if not lines:
        reader.missing(syntax.lines.number, syntax.lines.label, syntax.lines.path, root)
    reader.raise_problems()
    return EInvoice(
        syntax=syntax.name,
        is_credit_note=root.tag == CREDIT_NOTE_ROOT or header.type_code in _CREDIT_NOTE_CODES,
        header=header,
        seller=seller,
        buyer=buyer,
        totals=totals,
        taxes=taxes,
        lines=lines,
        currency_codes=_different(syntax.currency_codes(root)),
        other_currencies=_different(syntax.other_currencies(root, currency=header.currency)),
    )


class _Reader:
    """Reads groups of terms and collects what is wrong, so that one error names it all."""

    def __init__(self, syntax: Syntax) -> None:
        self._syntax = syntax
        self._problems: list[tuple[str, str]] = []
        self._more = 0

    def one(self, root: etree._Element, group: Group, value_class: type[T], **variables: str) -> T:
        nodes = group.find(root)
        if not nodes:
            self.missing(group.number, group.label, group.path, root)
            # The value is never seen: the problem just noted is raised before.
            return value_class(**dict.fromkeys((term.field for term in group.terms), None))
        return self._value(nodes[0], group, value_class, variables)

    def all(
        self, root: etree._Element, group: Group, value_class: type[T], **variables: str
    ) -> tuple[T, ...]:
        nodes = group.find(root, **variables)
        if len(nodes) > _MAX_LINES:
            raise InvalidInput(
                _("The invoice has {count} lines; at most {limit} are accepted.").format(
                    count=len(nodes), limit=_MAX_LINES
                ),
                code="too_many_lines",
            )
        return tuple(self._value(node, group, value_class, variables) for node in nodes)

    def missing(self, number: str, label: str, path: str, node: etree._Element) -> None:
        if self._is_full():
            return
        text = _("{number} {label} is missing: {path} in {place} (line {line})").format(
            number=number, label=label, path=path, place=_place(node), line=node.sourceline
        )
        self._problems.append((number, text))

    def raise_problems(self) -> None:
        if not self._problems:
            return
        shown = [text for _number, text in self._problems]
        if self._more:
            shown.append(_("and {count} more").format(count=self._more))
        raise InvalidInput(
            _(
                "This {syntax} file is not an invoice as EN 16931 asks for it. Ask the supplier to"
                " correct it: {problems}."
            ).format(syntax=self._syntax.name, problems="; ".join(shown)),
            code="invalid_invoice",
            fields=dict(self._problems),
        )

    def _is_full(self) -> bool:
        """Count a problem too many to describe: finding its place costs a walk of the tree."""
        is_full = len(self._problems) >= _MAX_PROBLEMS
        self._more += is_full
        return is_full

    def _value(
        self,
        node: etree._Element,
        group: Group,
        value_class: type[T],
        variables: Mapping[str, str],
    ) -> T:
        return value_class(
            **{term.field: self._read(node, term, variables) for term in group.terms}
        )

    def _read(self, node: etree._Element, term: Term, variables: Mapping[str, str]) -> Any:
        found = term.find(node, **variables)
        if term.kind is Kind.SUM:
            return total(self._decimal(place, term) or Decimal(0) for place in found)
        text = _text(found[0]) if found else ""
        if not text:
            if term.is_required:
                self.missing(term.number, term.label, term.path, node)
            return "" if term.kind is Kind.TEXT else None
        if term.kind is Kind.DECIMAL:
            return self._decimal(found[0], term)
        if term.kind is Kind.DATE:
            return self._date(found[0], text, term)
        if len(text) > _MAX_TEXT:
            self._bad(found[0], term, _("is longer than {n} characters").format(n=_MAX_TEXT))
        return text

    def _decimal(self, place: Any, term: Term) -> Decimal | None:
        text = _text(place)
        if _DECIMAL.fullmatch(text) and len(text) <= MAX_DIGITS:
            return Decimal(text)
        self._bad(place, term, _("is not a decimal number of up to 28 signs"))
        return None

    def _date(self, element: etree._Element, text: str, term: Term) -> date | None:
        try:
            if self._syntax.name == "CII":
                # 102 = CCYYMMDD, the only form that EN 16931 allows.
                if element.get("format", "102") == "102" and _CII_DATE.fullmatch(text):
                    return date.fromisoformat(text)
            elif match := _UBL_DATE.fullmatch(text):
                return date.fromisoformat(match[1])
        except ValueError:
            pass
        self._bad(element, term, _("is not a date"))
        return None

    def _bad(self, place: Any, term: Term, reason: str) -> None:
        if self._is_full():
            return
        is_element = etree.iselement(place)
        text = _("{number} {label} “{value}” {reason}: {place} (line {line})").format(
            number=term.number,
            label=term.label,
            value=_text(place)[:60],
            reason=reason,
            place=_place(place) if is_element else term.path,
            line=place.sourceline if is_element else "?",
        )
        self._problems.append((term.number, text))


def _different(found: list[Any]) -> tuple[str, ...]:
    texts = dict.fromkeys(_text(place)[:_MAX_CODE] for place in found)
    return tuple(text for text in texts if text)[:_MAX_PROBLEMS]


def _text(found: Any) -> str:
    text = found if isinstance(found, str) else found.text or ""
    return text.strip()


def _place(element: etree._Element) -> str:
    """Return the way to `element` in words a person can follow: `Invoice/InvoiceLine[2]/ID`."""
    steps: list[str] = []
    node: etree._Element | None = element
    while node is not None:
        parent = node.getparent()
        twins = [] if parent is None else [child for child in parent if child.tag == node.tag]
        index = f"[{twins.index(node) + 1}]" if len(twins) > 1 else ""
        steps.append(etree.QName(node).localname + index)
        node = parent
    return "/".join(reversed(steps))


def _unknown_syntax(root: etree._Element) -> InvalidInput:
    name = etree.QName(root)
    found = f"{name.localname} ({name.namespace})" if name.namespace else name.localname
    return InvalidInput(
        _(
            "This XML is not an e-invoice that ionport reads: its root element is {found}."
            " Accepted are UBL 2.1 Invoice and CreditNote, and UN/CEFACT CrossIndustryInvoice"
            " (CII), as in XRechnung, Peppol BIS 3 and Factur-X."
        ).format(found=found[:200]),
        code="unknown_syntax",
    )
