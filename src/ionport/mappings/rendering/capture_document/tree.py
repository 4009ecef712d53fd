"""The element tree of a BOD: which text goes where, kept in the order of the schema.

A mapping file names its paths in any order and any number of times; the tree sorts them, and writes
only elements that have a value. It writes text, not nodes: fields and columns of one mapping differ
in their value alone, so that the text around it is made once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ionport.mappings.model import BodEnvelope, RenderSource
from ionport.mappings.rendering.capture_document.schema import (
    NAMESPACE,
    RELEASE_ID,
    SYNC_CAPTURE_DOCUMENT,
    Node,
    Target,
)
from ionport.mappings.rendering.model import Traced
from ionport.mappings.rendering.tables import Table
from ionport.mappings.rendering.values import clean

ROOT = SYNC_CAPTURE_DOCUMENT.name
CAPTURE_DOCUMENT = (ROOT, "DataArea", "CaptureDocument")
PAGE = "1"
"""An e-invoice has no pages; receivers still expect the page that its fields refer to."""
VALUE = "value"
"""The item that is the value of a field or column; what else an item has is layout."""
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MIDNIGHT = "T00:00:00Z"
# Stands for the value where the text around it is made; no other text may have it. Two signs: a
# text of one is the same object wherever it comes from, and would pass for it.
_HOLE = "\x00\x00"


@dataclass(frozen=True, slots=True)
class Supply:
    """Where a text comes from: how it is made, and the line of the mapping that says so.

    `item` names an entry of the current field, page or column instead; then `value` reads it.
    """

    value: Callable[[State], str]
    line: int | None = None
    key: str = ""
    sources: tuple[str, ...] = ()
    item: str = ""
    is_constant: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One occurrence of a repeated element: its value, and the line that says so.

    The ids that the value was made from stand in the state. Steps with the same `layout` differ
    in the value alone; None: nothing is known of others.
    """

    origin: Supply
    layout: str | None = None


@dataclass(slots=True)
class State:
    """What is being rendered, and how far: the current field, page or column is `item`."""

    source: RenderSource
    envelope: BodEnvelope
    document_type: str
    bod_id: str = ""
    item: dict[str, str] = field(default_factory=dict)
    mapping: TableMapping | None = None
    table: Table | None = None
    row_id: str = ""
    row: Mapping[str, str] = field(default_factory=dict)
    step: Step | None = None
    sources: tuple[str, ...] = ()
    trace: list[Traced] | None = None


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """A column: its id in the document, its Name in the BOD, and the line that says so."""

    column: str
    name: str
    step: Step


@dataclass(frozen=True, slots=True)
class TableMapping:
    """A table: the name of the document's table, constants, and columns."""

    source_name: str
    constants: Mapping[Target, str]
    columns: tuple[ColumnMapping, ...]


Repeat: TypeAlias = Callable[[State], Iterator[Step]]


@dataclass(slots=True)
class Slot:
    """An element with what fills its text and attributes; the first with a value counts."""

    node: Node
    path: str
    supplies: list[Supply] = field(default_factory=list)
    attributes: dict[str, list[Supply]] = field(default_factory=dict)
    children: dict[str, Slot] = field(default_factory=dict)
    repeat: Repeat | None = None
    ordered: tuple[Slot, ...] = ()
    is_incomplete: bool = False
    has_layout: bool = False
    layouts: dict[str, list[str]] = field(default_factory=dict)


class Tree:
    """Collects the texts of a BOD by target, then writes it."""

    def __init__(self) -> None:
        self._root = Slot(SYNC_CAPTURE_DOCUMENT, "")

    def add(self, target: Target, supply: Supply) -> None:
        """Add a supply; of several for one target the one added first is asked first."""
        slot = self._at(target.elements)
        if target.attribute is None:
            slot.supplies.append(supply)
        else:
            slot.attributes.setdefault(target.attribute, []).append(supply)

    def ensure(self, *elements: str) -> None:
        """Make a mandatory element without a text."""
        self._at(elements)

    def repeat(self, target: Target, repeat: Repeat) -> None:
        """Write the element once for every step of `repeat`, which sets the state for it."""
        self._at(target.elements).repeat = repeat

    def text_at(self, state: State, *elements: str) -> tuple[str, Supply | None]:
        """Return the text that an element would get and what gives it; empty when nothing does."""
        slot: Slot | None = self._root
        for name in elements[1:]:
            slot = slot.children.get(name) if slot else None
        return _first(slot.supplies, state) if slot else ("", None)

    def freeze(self) -> Tree:
        """Put the elements into the schema's order; call once, after the last `add`."""
        _freeze(self._root)
        return self

    def write(self, state: State) -> bytes:
        """Return the BOD as UTF-8; the same state gives the same bytes.

        Raises:
            InvalidInput: a value has a sign that XML cannot write; it names the mapping's line.
        """
        content = "".join(_written(child, state) for child in self._root.ordered)
        name = self._root.node.name
        return (
            "<?xml version='1.0' encoding='UTF-8'?>\n"
            f'<{name} xmlns="{NAMESPACE}" releaseID="{RELEASE_ID}">{content}</{name}>'
        ).encode()

    def _at(self, elements: Sequence[str]) -> Slot:
        slot = self._root
        for name in elements[1:]:
            if name not in slot.children:
                path = f"{slot.path}/{name}".removeprefix("/")
                slot.children[name] = Slot(slot.node.children[name], path)
            slot = slot.children[name]
        return slot


def _freeze(slot: Slot) -> bool:
    """Order the children; return whether everything below is layout around one value."""
    nodes = slot.node.children
    slot.ordered = tuple(slot.children[name] for name in nodes if name in slot.children)
    slot.is_incomplete = any(
        node.is_mandatory and name not in slot.children for name, node in nodes.items()
    )
    fixed = [_freeze(child) for child in slot.ordered]
    own = all(supply.is_constant or supply.item for supply in slot.supplies)
    around = all(s.is_constant for supplies in slot.attributes.values() for s in supplies)
    repeated = any(child.repeat for child in slot.ordered)
    is_fixed = all(fixed) and own and around and not repeated
    slot.has_layout = is_fixed and slot.repeat is not None
    return is_fixed


def _written(slot: Slot, state: State) -> str:
    if slot.repeat is None:
        return _once(slot, state)
    around = state.step
    content = "".join([_step(slot, state, step) for step in slot.repeat(state)])
    state.step = around
    return content


def _step(slot: Slot, state: State, step: Step) -> str:
    """Write one occurrence, by the text that was made once for its layout."""
    state.step = step
    if not slot.has_layout or step.layout is None or state.trace is not None:
        return _once(slot, state)
    around = slot.layouts.get(step.layout)
    value = state.item.get(VALUE, "")
    if around is None:
        state.item[VALUE] = _HOLE
        around = slot.layouts[step.layout] = _once(slot, state).split(_HOLE)
    return _escaped(_clean(value, step.origin)).join(around)


def _once(slot: Slot, state: State) -> str:
    text, supply = _first(slot.supplies, state)
    if slot.supplies and not text:
        return ""
    trace = state.trace
    before = 0 if trace is None else len(trace)
    if trace is not None and supply is not None:
        _note(trace, slot.path, text, supply, state)
    attributes = ""
    for name, supplies in slot.attributes.items():
        value, supply = _first(supplies, state)
        if value:
            attributes += f' {name}="{_attribute(value)}"'
            if trace is not None and supply is not None:
                _note(trace, f"{slot.path}/@{name}", value, supply, state)
    content, is_complete = _escaped(text), not slot.is_incomplete
    for child in slot.ordered:
        written = _written(child, state)
        content += written
        is_complete = is_complete and (bool(written) or not child.node.is_mandatory)
    node = slot.node
    # Empty elements, and those without a child that the schema demands, are left out.
    if node.cardinality != "1" and not (is_complete and (content or attributes)):
        if trace is not None:
            del trace[before:]
        return ""
    return (
        f"<{node.name}{attributes}>{content}</{node.name}>"
        if content
        else (f"<{node.name}{attributes}/>")
    )


def _first(supplies: Sequence[Supply], state: State) -> tuple[str, Supply | None]:
    for supply in supplies:
        if text := supply.value(state):
            return _clean(text, supply), supply
    return "", None


def _clean(text: str, supply: Supply) -> str:
    return text if text is _HOLE else clean(text, supply.line, supply.key)


def _note(trace: list[Traced], path: str, text: str, supply: Supply, state: State) -> None:
    """Note where a text came from; what is layout of a field, page or column is left out."""
    if supply.item == VALUE and state.step is not None:
        origin = state.step.origin
        name = state.item.get("name", path)
        target = f"Row {state.row_id} {name}" if state.row_id else name
        trace.append(Traced(target, text, origin.line, origin.key, state.sources))
    elif state.step is None or supply.sources:
        trace.append(Traced(path, text, supply.line, supply.key, supply.sources))


def date_time(text: str) -> str:
    """Return a date as the schema's DATETIME; what is no date stays as it is."""
    return text + _MIDNIGHT if _ISO_DATE.fullmatch(text) else text


def _escaped(text: str) -> str:
    if "&" in text or "<" in text or ">" in text or "\r" in text:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return text.replace("\r", "&#13;")
    return text


def _attribute(text: str) -> str:
    text = _escaped(text).replace('"', "&quot;")
    return text.replace("\n", "&#10;").replace("\t", "&#9;")
