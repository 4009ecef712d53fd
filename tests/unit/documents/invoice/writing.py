"""Writes a tree of terms as XML by the places of the table: the way back, for tests alone."""

from __future__ import annotations

import re

from lxml import etree

from ionport.documents.invoice.reading.guards import Step, find, steps
from ionport.documents.invoice.table import PREFIXES, Syntax, Term, terms
from ionport.documents.invoice.tree import Node
from ionport.documents.invoice.vocabulary import NAMESPACES, SYNTAX_BY_ROOT

CURRENCY = "EUR"
_EQUALS = re.compile(r"([\w:@/]+)='([^'|]*)[^']*'")
# What is written with another term, needs another one beside it, or is a condition on its parent.
_NOT_WRITTEN = re.compile(r"subject:|note:|joined:|words:|\.\[|.*\[(other|\.\./|not )")


def place_of(term: Term, syntax: Syntax) -> str:
    """Return the first place of a term; empty when it has none or this writer cannot use it."""
    path = term.path(syntax).split(" | ")[0]
    return "" if _NOT_WRITTEN.match(path) else path


class Writer:
    """Writes one tree; what was made to meet a condition is taken by the term it belongs to."""

    def __init__(self, syntax: Syntax) -> None:
        self._syntax = syntax
        self._assumed: set[etree._Element] = set()
        self._taken: set[tuple[etree._Element, str]] = set()

    def written(self, tree: Node) -> bytes:
        tag = next(tag for tag, known in SYNTAX_BY_ROOT.items() if known is self._syntax)
        root = top = etree.Element(tag)
        if self._syntax is Syntax.FATTURAPA:
            top = etree.SubElement(root, "FatturaElettronicaBody")
        self._write(top, tree)
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def _write(self, element: etree._Element, node: Node) -> None:
        for child in node.children:
            term = terms()[child.term]
            path = place_of(term, self._syntax)
            if path.rpartition("/")[2].startswith("@"):
                way, _slash, name = path.rpartition("/")
                target = self._at(element, way, child.term, is_shared=True) if way else element
                target.set(name[1:], child.written)
                continue
            if not path:
                continue
            is_group = term.is_group
            target = self._at(element, path, child.term, is_shared=is_group)
            if not is_group:
                target.text = child.written
                if child.currency:
                    target.set("currencyID", child.currency)
                if target.tag.endswith(("DateTimeString", "DateString")):
                    target.set("format", "102")
            self._write(target, child)

    def _at(
        self, element: etree._Element, path: str, term: str, *, is_shared: bool
    ) -> etree._Element:
        if path == ".":
            return element
        for word, long in PREFIXES.get(self._syntax, {}).items():
            if re.match(rf"{word}($|[/\[])", path):
                path = long + path.removeprefix(word)
        *way, last = steps(path, NAMESPACES[self._syntax])
        is_elsewhere = way and way[0].name == ".."
        for step in way:
            if step.name == "..":
                parent = element.getparent()
                assert parent is not None
                element = parent
            else:
                found = next(find(element, (step,), CURRENCY), None)
                element = self._new(element, step) if found is None else found
        for found in find(element, (last,), CURRENCY):
            is_free = found in self._assumed or is_elsewhere
            if (is_free or is_shared) and (found, term) not in self._taken:
                break
        else:
            found = self._new(element, last)
        self._assumed.discard(found)
        self._taken.add((found, term))
        return found

    def _new(self, element: etree._Element, step: Step) -> etree._Element:
        made = etree.SubElement(element, step.name)
        for path, value in _EQUALS.findall(step.conditions):
            if path.startswith("@"):
                made.set(path[1:], value)
                continue
            needed = made
            for below in steps(path, NAMESPACES[self._syntax]):
                needed = etree.SubElement(needed, below.name)
            needed.text = value
            self._assumed.add(needed)
        return made
