"""A person's changes of the rows of a mapping file, as edits of its text."""

from __future__ import annotations

from collections.abc import Mapping

from ionport.mappings.grammars.entries.model import Entries, Order, Typed
from ionport.mappings.grammars.entries.properties import PropertiesRows
from ionport.mappings.grammars.entries.toml import TomlRows
from ionport.mappings.model import MappingKind


def has_rows(kind: MappingKind) -> bool:
    """Tell whether a kind has a form; a stylesheet is a program and has its text alone."""
    return kind is not MappingKind.XSLT


def entries_of(kind: MappingKind, text: str) -> Entries:
    """Return the rows of a text.

    Raises:
        EntryError: it cannot be read.
    """
    return _rows(kind, text).entries()


def edited(kind: MappingKind, text: str, typed: Mapping[int, Typed], order: Order) -> str:
    """Return the text with the typed rows, and then with the order carried out.

    Other lines stay as they are, character by character.

    Raises:
        EntryError: something of it cannot be written; nothing is changed then.
    """
    rows = _rows(kind, text)
    before = rows.entries().by_number
    new = {
        number: one
        for number, one in typed.items()
        if number not in before
        or (before[number].name, before[number].value) != (one.name, one.value)
    }
    if new:
        text = rows.changed(new)
        rows = _rows(kind, text)
    match order.do:
        case "remove":
            return rows.removed(order.number)
        case "up" | "down":
            return rows.moved(order.number, up=order.do == "up")
        case "add":
            return rows.added(order.group, order.typed)
    return text


def _rows(kind: MappingKind, text: str) -> PropertiesRows | TomlRows:
    return TomlRows(text) if kind is MappingKind.TOML else PropertiesRows(kind, text)
