"""Reads an e-invoice into its tree of terms, in one walk over the elements.

Well-formed XML of a known syntax is always read; what is missing or cannot be understood is kept
for a person to see. Refused is only what is no invoice, is over a limit, or has text with
elements inside, of which no part may be taken for the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast

from lxml import etree

from ionport.core import xml
from ionport.documents.invoice import vocabulary
from ionport.documents.invoice.concerns import concern_of
from ionport.documents.invoice.model import Invoice, Kind, NotUnderstood
from ionport.documents.invoice.reading import refusals
from ionport.documents.invoice.reading.automaton import (
    ATTACHMENTS,
    LINES,
    NO_SLOT,
    ROOT_SLOT,
    Automaton,
    Lookup,
    Production,
    State,
    TermKind,
    automaton,
)
from ionport.documents.invoice.reading.bodies import one_each
from ionport.documents.invoice.reading.guards import find
from ionport.documents.invoice.reading.limits import ReadingLimits
from ionport.documents.invoice.reading.texts import one_line, ready
from ionport.documents.invoice.table import Syntax
from ionport.documents.invoice.tree import ROOT, AttributeNode, Node, Places

_STANDARD = ReadingLimits()
MAX_TEXT = 100_000
"""Characters of one value, attachments aside."""
MAX_NOT_UNDERSTOOD = 1_000
MAX_OCCURRENCES = 20_000
"""Of one element in one place, such as the notes of an invoice; lines have a limit of their own."""
_MAX_DEPTH = 100
_MAX_SHOWN = 200

# UNTDID 1001, the codes that EN 16931 takes as credit notes.
_CREDIT_NOTE_CODES = frozenset(
    ("81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532")
)
_FATTURAPA_CREDIT_NOTES = frozenset({"TD04", "TD08"})
_CURRENCY_PATHS = {
    Syntax.UBL: "{*}DocumentCurrencyCode",
    Syntax.CII: "{*}SupplyChainTradeTransaction/{*}ApplicableHeaderTradeSettlement"
    "/{*}InvoiceCurrencyCode",
    Syntax.ZUGFERD_1: "{*}SpecifiedSupplyChainTradeTransaction"
    "/{*}ApplicableSupplyChainTradeSettlement/{*}InvoiceCurrencyCode",
    Syntax.FATTURAPA: "FatturaElettronicaBody/DatiGenerali/DatiGeneraliDocumento/Divisa",
}
# Attributes that belong to a value and are no terms.
_OF_VALUES = frozenset({"currencyID", "format"})
_SCHEMA_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
_ENVELOPE = (
    "{http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader}"
    "StandardBusinessDocument"
)
_MIXED = cast(
    "Callable[..., Iterable[Any]]",
    etree.XPath("//*[*]/text()[normalize-space()]"),
)
_UNKNOWN = State()


def read_invoice(content: bytes, limits: ReadingLimits = _STANDARD) -> Invoice:
    """Read the e-invoice in `content`; of a FatturaPA file with several, the only one.

    Raises:
        TooLarge: over the limit of `core.xml`, or of lines, attachments or characters.
        InvalidInput: not XML (`xml_…`), another kind of XML (`unknown_syntax`), text with
            elements inside (`mixed_content`), several invoices (`several_invoices`).
    """
    invoices = read_invoices(content, limits)
    if len(invoices) > 1:
        raise refusals.several_invoices(len(invoices))
    return invoices[0]


def read_invoices(content: bytes, limits: ReadingLimits = _STANDARD) -> tuple[Invoice, ...]:
    """Read the e-invoices in `content`, of which only a FatturaPA file can hold several."""
    parsed = xml.parse(content, max_bytes=limits.xml_bytes, keeps_blanks=False)
    root = _invoice_root(parsed)
    syntax = vocabulary.SYNTAX_BY_ROOT.get(root.tag)
    if syntax is None:
        raise refusals.unknown_syntax(root)
    _check_occurrences(root, max(MAX_OCCURRENCES, limits.lines))
    compiled = automaton(syntax, is_credit_note=root.tag == vocabulary.CREDIT_NOTE_ROOT)
    return tuple(
        _Reader(one, syntax, compiled, limits).invoice()
        for one in (one_each(root) if syntax is Syntax.FATTURAPA else [root])
    )


def _check_occurrences(root: etree._Element, limit: int) -> None:
    """Refuse before the tree is made: that takes ten times the memory."""
    for parent in root.iter("*"):
        if len(parent) > limit:
            tag, count = Counter(child.tag for child in parent).most_common(1)[0]
            if count > limit:
                raise refusals.too_often(next(parent.iterchildren(tag)), limit)


def _invoice_root(root: etree._Element) -> etree._Element:
    """Return the invoice's own root: networks wrap it in a standard business document."""
    if root.tag == _ENVELOPE:
        for child in root.iterchildren("*"):
            if child.tag in vocabulary.SYNTAX_BY_ROOT:
                return child
    return root


_Saved = Sequence[tuple[int, Node | None]]
_Items = Sequence[tuple[Any, Any]]


class _Reader:
    def __init__(
        self, root: etree._Element, syntax: Syntax, compiled: Automaton, limits: ReadingLimits
    ) -> None:
        self._root, self._syntax, self._compiled = root, syntax, compiled
        code = root.find(_CURRENCY_PATHS[syntax])
        self._currency = "" if code is None else (code.text or "").strip()
        self._slots: list[Node | None] = [None] * compiled.slots
        self._looked_up: set[tuple[etree._Element, str]] = set()
        self._left: list[tuple[etree._Element, str]] = []
        self._counted: Counter[str] = Counter()
        self._limits = {LINES: limits.lines, ATTACHMENTS: limits.attachments}

    def invoice(self) -> Invoice:
        tree = Node(ROOT, element=self._root)
        self._slots[ROOT_SLOT] = tree
        self._open(self._root, self._compiled.root, self._root.items())
        if self._walk() != len(etree.tostring(self._root, method="text", encoding="unicode")):
            for text in _MIXED(self._root):
                raise refusals.mixed(text.getparent())
        is_credit_note = (
            self._root.tag == vocabulary.CREDIT_NOTE_ROOT
            or _child_value(tree, "BT-3") in _CREDIT_NOTE_CODES | _FATTURAPA_CREDIT_NOTES
        )
        return Invoice(
            syntax=self._syntax,
            kind=Kind.CREDIT_NOTE if is_credit_note else Kind.INVOICE,
            profile=next(
                (_child_value(child, "BT-24") for child in tree if child.term == "BG-2"), ""
            ),
            tree=tree,
            not_understood=tuple(self._not_understood()),
        )

    def _walk(self) -> int:
        """Visit all elements in their order; return how many characters their texts have.

        Nothing is asked of an element twice: its place among the others follows from how many
        children those before it have.
        """
        slots = self._slots
        open_states: list[tuple[State, int, _Saved]] = []
        saved: _Saved = ()
        state, left, characters = self._compiled.root, len(self._root), 0
        elements = self._root.iter()
        next(elements)
        for element in elements:
            while not left:
                for slot, node in saved:
                    slots[slot] = node
                state, left, saved = open_states.pop()
            left -= 1
            target = state.direct.get(element.tag) or self._choose(state, element)
            items: _Items = element.items()
            if children := len(element):
                open_states.append((state, left, saved))
                state, left, saved = target, children, ()
                group = target.group
                if group is not None and not items:
                    slot, owner, node = group.slot, slots[group.owner], None
                    if owner is not None:
                        node = Node(group.term, "", "", "", element)
                        owner.children.append(node)
                    saved = ((slot, slots[slot]),)
                    slots[slot] = node
                elif items or target.productions:
                    saved = self._open(element, target, items)
                if len(open_states) > _MAX_DEPTH:
                    raise refusals.too_deep(element, _MAX_DEPTH)
                continue
            written = element.text or ""
            characters += len(written)
            self._value(element, target, written, items)
        return characters

    def _value(self, element: etree._Element, state: State, written: str, items: _Items) -> None:
        """Take an element without children: mostly one term on which no other one depends."""
        simple, text, currency = state.simple, written.strip(), ""
        if simple is not None and items:
            # What has an attribute is mostly an amount with its currency alone.
            name, value = items[0]
            if name == "currencyID" and simple.kind is TermKind.AMOUNT and len(items) == 1 and text:
                currency = value.strip()
            else:
                simple = None
        if simple is None:
            self._leaf(element, state, written, items)
            return
        if not text:
            return
        if (owner := self._slots[simple.owner]) is None:
            self._left.append((element, ""))
            return
        if not text.isprintable() or len(text) > MAX_TEXT:
            text = self._long(simple, text)
        owner.children.append(Node(simple.term, text, written, currency, element))

    def _choose(self, state: State, element: etree._Element) -> State:
        return state.choose(element, self._currency) or _UNKNOWN

    def _long(self, production: Production, text: str) -> str:
        if len(text) > MAX_TEXT:
            raise refusals.too_long(production.term, len(text), MAX_TEXT)
        return one_line(text)

    def _open(self, element: etree._Element, state: State, items: _Items) -> _Saved:
        """Begin an element with children; return what the slots held, to be put back after it."""
        saved = []
        for production in state.productions:
            if production.kind is not TermKind.GROUP:
                raise refusals.mixed(element, production.term)
            slot = production.slot
            if slot != NO_SLOT:
                saved.append((slot, self._slots[slot]))
            self._produce(production, element, "", state)
        if items:
            self._attributes(element, state, items)
        saved.reverse()
        return saved

    def _leaf(
        self,
        element: etree._Element,
        state: State,
        written: str,
        items: _Items,
    ) -> None:
        is_read = not written.strip()
        has_something = bool(items) or not is_read
        for production in state.productions:
            if production.kind is TermKind.GROUP:
                # Text in a group belongs to no term, unless a term is the group's own text.
                self._produce(production, element, "", state)
            elif has_something:
                is_read = self._produce(production, element, written, state) or is_read
        if not is_read:
            self._left.append((element, ""))
        if items:
            self._attributes(element, state, items)

    def _produce(
        self, production: Production, element: etree._Element, written: str, state: State
    ) -> bool:
        """Add the term that `element` is to the tree; False when it is none after all."""
        owner = self._slots[production.owner]
        slot = production.slot
        if owner is None or (production.guard and not production.guard(element, self._currency)):
            if slot != NO_SLOT:
                self._slots[slot] = None
            return False
        kind = production.kind
        if kind is TermKind.GROUP:
            node = Node(production.term, "", "", "", element)
        else:
            text = ready(kind, written, element)
            if not text and not (written.strip() == "" and state.attributes):
                return False
            if len(text) > MAX_TEXT and kind is not TermKind.BINARY:
                raise refusals.too_long(production.term, len(text), MAX_TEXT)
            if production.joint is not None and _join(owner, production, text):
                return True
            node = Node(production.term, text, written, "", element)
            if kind is TermKind.AMOUNT:
                node.currency = (element.get("currencyID") or "").strip()
        owner.children.append(node)
        if production.limited:
            self._count(production)
        if slot != NO_SLOT:
            self._slots[slot] = node
        for lookup in production.lookups:
            self._look_up(lookup, element, node)
        return True

    def _count(self, production: Production) -> None:
        what = production.limited
        self._counted[what] += 1
        if self._counted[what] > self._limits[what]:
            raise refusals.too_many(what, self._limits[what])

    def _look_up(self, lookup: Lookup, element: etree._Element, owner: Node) -> None:
        for found in find(element, lookup.path, self._currency):
            name = lookup.attribute
            written = (found.get(name) if name else found.text) or ""
            text = one_line(written) if name else ready(lookup.kind, written, found)
            self._looked_up.add((found, name))
            if not text:
                continue
            if len(found) and not name:
                raise refusals.mixed(found, lookup.term)
            if name:
                node: Node = AttributeNode(lookup.term, text, written, found, name)
            else:
                node = Node(lookup.term, text, written, "", found)
                if lookup.kind is TermKind.AMOUNT:
                    node.currency = (found.get("currencyID") or "").strip()
            owner.append(node)
            for nested in lookup.nested:
                self._look_up(nested, found, node)

    def _attributes(self, element: etree._Element, state: State, items: _Items) -> None:
        is_value = state.is_looked_up or bool(state.productions)
        for name, written in items:
            if is_value and name in _OF_VALUES:
                continue
            text = one_line(written)
            is_read = not text
            for term, slot in state.attributes.get(name, ()):
                owner = self._slots[slot]
                if text and owner is not None:
                    owner.append(AttributeNode(term, text, written, element, name))
                    is_read = True
            if not is_read and not name.startswith(_SCHEMA_INSTANCE):
                self._left.append((element, name))

    def _not_understood(self) -> Iterator[NotUnderstood]:
        kept = 0
        places = Places()
        for element, name in self._left:
            if (element, name) in self._looked_up:
                continue
            kept += 1
            if kept > MAX_NOT_UNDERSTOOD:
                return
            text = one_line((element.get(name) if name else element.text) or "")
            place = places.of(element, name)
            yield NotUnderstood(place, text[:_MAX_SHOWN], concern_of(self._syntax, place.path))


def _child_value(node: Node, term: str) -> str:
    """Return the text of a child, without the tree's look-up, which would index all of it."""
    return next((child.text for child in node.children if child.term == term), "")


def _join(owner: Node, production: Production, text: str) -> bool:
    """Add `text` to the value that the matches before it have begun."""
    for node in reversed(owner.children):
        if node.term == production.term:
            node.text = node.written = f"{node.text}{production.joint}{text}"
            return True
    return False
