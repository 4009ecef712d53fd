"""The sources of a CaptureDocument's values: fields, constants, generated and batch values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from ionport.mappings.grammars.properties import Properties
from ionport.mappings.rendering.capture_document.schema import target_of
from ionport.mappings.rendering.capture_document.tree import State, Supply, Tree, date_time
from ionport.mappings.rendering.tables import header_value

Source: TypeAlias = Callable[[State], str]


def add(
    tree: Tree,
    properties: Properties,
    key: str,
    value: Source,
    sources: tuple[str, ...] = (),
    said_by: str = "",
) -> None:
    """Add what fills the path of `key`; `said_by` is the line that has the value.

    A date becomes the schema's DATETIME where the place is one.
    """
    target = target_of(properties.get(key))
    if target is None:
        return
    if (target.attribute or target.elements[-1]).endswith("DateTime"):
        value = _as_date_time(value)
    said_by = said_by or key
    tree.add(target, Supply(value, properties.line(said_by), said_by, sources))


def add_item(tree: Tree, properties: Properties, key: str, name: str) -> None:
    """Add an entry of the current field, page or column."""
    if target := target_of(properties.get(key)):
        item = name.lower()
        tree.add(target, Supply(lambda state: state.item.get(item, ""), item=item))


def add_constant(tree: Tree, properties: Properties, key: str, text: str) -> None:
    """Add a constant of a repeated element."""
    if target := target_of(properties.get(key)):
        tree.add(target, Supply(constant(text), is_constant=True))


def constant(text: str) -> Source:
    """Return what gives the same text for every document."""
    return lambda _state: text


def field_value(field: str) -> Source:
    """Return what gives a field or term of the head."""
    return lambda state: header_value(state.source, field)


def _as_date_time(value: Source) -> Source:
    return lambda state: date_time(value(state))


def created_at(state: State) -> str:
    """Return the moment of the message."""
    return _moment(state.envelope.created_at)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


GENERATORS: Mapping[str, Source] = {
    "bodid": lambda state: state.bod_id,
    "currentdate": created_at,
}
"""What GFV_ may name, in lower case."""

BATCH_VALUES: Mapping[str, Source] = {
    "filesize": lambda state: str(state.source.size_bytes),
    "lastmodificationperson": lambda state: state.envelope.last_modified_by,
    "lastmodifieddatetime": lambda state: _moment(
        state.envelope.last_modified_at or state.envelope.created_at
    ),
}
"""What Batch_Level_Properties may list, in lower case."""
