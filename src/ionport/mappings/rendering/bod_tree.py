"""The element tree of a BOD: which text goes where, kept in the order of the schema.

A mapping file names its paths in any order and any number of times; the tree sorts them, and
writes only elements that have something to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from lxml import etree

from ionport.mappings.model import BodEnvelope, RenderSource
from ionport.mappings.rendering.schema import (
    NAMESPACE,
    RELEASE_ID,
    SYNC_CAPTURE_DOCUMENT,
    Node,
    Target,
)

# XML 1.0 has no way to write these.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# The stubs know no default namespace.
_NSMAP = cast("dict[str, str]", {None: NAMESPACE})


@dataclass(slots=True)
class State:
    """What is being rendered, and how far: the current field, page or column is `item`."""

    source: RenderSource
    envelope: BodEnvelope
    document_type: str
    tables: Mapping[str, Sequence[Mapping[str, str]]]
    bod_id: str = ""
    item: Mapping[str, str] = field(default_factory=dict)
    table: TableMapping | None = None
    row_number: int = 0
    row: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableMapping:
    """A table: the comparable name of the document's table, constants, and column to Name."""

    source_name: str
    constants: Mapping[Target, str]
    columns: tuple[tuple[str, str], ...]


Source: TypeAlias = Callable[[State], str]
Repeat: TypeAlias = Callable[[State], Iterator[None]]


@dataclass(slots=True)
class Slot:
    """An element with the sources of its text and attributes; the first non-empty one counts."""

    node: Node
    tag: str
    sources: list[Source] = field(default_factory=list)
    attributes: dict[str, list[Source]] = field(default_factory=dict)
    children: dict[str, Slot] = field(default_factory=dict)
    repeat: Repeat | None = None
    required: tuple[str, ...] = ()
    ordered: tuple[Slot, ...] = ()


class Tree:
    """Collects the texts of a BOD by target, then writes it."""

    def __init__(self) -> None:
        self._root = _slot(SYNC_CAPTURE_DOCUMENT)

    def add(self, target: Target, source: Source) -> None:
        """Add a source; of several for one target the one added first is asked first."""
        slot = self._at(target.elements)
        if target.attribute is None:
            slot.sources.append(source)
        else:
            slot.attributes.setdefault(target.attribute, []).append(source)

    def ensure(self, *elements: str) -> None:
        """Make a mandatory element that has no text of its own."""
        self._at(elements)

    def repeat(self, target: Target, repeat: Repeat) -> None:
        """Write the element once for every step of `repeat`, which sets the state for it."""
        self._at(target.elements).repeat = repeat

    def text_at(self, state: State, *elements: str) -> str:
        """Return the text that an element would get; empty when it has no source."""
        slot: Slot | None = self._root
        for name in elements[1:]:
            slot = slot.children.get(name) if slot else None
        return _first(slot.sources, state) if slot else ""

    def freeze(self) -> Tree:
        """Put the elements into the schema's order; call once, after the last `add`."""
        _freeze(self._root)
        return self

    def write(self, state: State) -> bytes:
        """Return the BOD as UTF-8; the same state gives the same bytes."""
        root = etree.Element(self._root.tag, nsmap=_NSMAP)
        root.set("releaseID", RELEASE_ID)
        for child in self._root.ordered:
            _write(child, root, state)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    def _at(self, elements: Sequence[str]) -> Slot:
        slot = self._root
        for name in elements[1:]:
            if name not in slot.children:
                slot.children[name] = _slot(slot.node.children[name])
            slot = slot.children[name]
        return slot


def _slot(node: Node) -> Slot:
    return Slot(node, f"{{{NAMESPACE}}}{node.name}")


def _freeze(slot: Slot) -> None:
    nodes = slot.node.children
    slot.ordered = tuple(slot.children[name] for name in nodes if name in slot.children)
    slot.required = tuple(
        f"{{{NAMESPACE}}}{node.name}" for node in nodes.values() if node.is_mandatory
    )
    for child in slot.ordered:
        _freeze(child)


def _write(slot: Slot, parent: etree._Element, state: State) -> None:
    if slot.repeat is None:
        _write_once(slot, parent, state)
    else:
        for _step in slot.repeat(state):
            _write_once(slot, parent, state)


def _write_once(slot: Slot, parent: etree._Element, state: State) -> None:
    text = _first(slot.sources, state)
    if slot.sources and not text:
        return
    element = etree.SubElement(parent, slot.tag)
    if text:
        element.text = text
    for name, sources in slot.attributes.items():
        if value := _first(sources, state):
            element.set(name, value)
    for child in slot.ordered:
        _write(child, element, state)
    if not _is_worth_writing(slot, element):
        parent.remove(element)


def _is_worth_writing(slot: Slot, element: etree._Element) -> bool:
    """Empty elements, and those without a child that the schema demands, are left out."""
    if slot.node.cardinality == "1":
        return True
    if any(element.find(tag) is None for tag in slot.required):
        return False
    return bool(element.text or element.attrib or len(element))


def _first(sources: Sequence[Source], state: State) -> str:
    for source in sources:
        if text := source(state):
            return text if text.isprintable() else _NOT_IN_XML.sub("", text)
    return ""
