"""Which rows of an object a query reads: the latest variation of each, or more of them.

Source: docs/reference/data-fabric.md#variations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ionport.sandbox.datafabric.compass.content import Row
from ionport.sandbox.datafabric.compass.execution import Content
from ionport.sandbox.datafabric.model import CatalogObject

_PATH = re.compile(r"\$(?:\.\*)?(?:\.([\w.-]+)|\[['\"]([^'\"]+)['\"]\])")


class Reading(Enum):
    """What follows FROM: the object itself, or one of Infor's functions of it.

    The three values say whether older variations, deleted rows and archived ones are read too.
    """

    LATEST = (False, False, False)
    INCLUDE_DELETED = (False, True, False)
    INCLUDE_ARCHIVED_AND_DELETED = (False, True, True)
    ALL_VARIATIONS = (True, True, False)
    ALL_VARIATIONS_INCLUDE_ARCHIVED = (True, True, True)

    @property
    def has_older(self) -> bool:
        return bool(self.value[0])

    @property
    def has_deleted(self) -> bool:
        return bool(self.value[1])

    @property
    def has_archived(self) -> bool:
        return bool(self.value[2])


# In lower case, as they are called in any.
READINGS = {each.name.replace("_", "").lower(): each for each in Reading if each != Reading.LATEST}


@dataclass(frozen=True, slots=True)
class _Rules:
    """The properties of an object about its rows; empty where they are not set."""

    identifiers: Sequence[str]
    variation: str
    deleted: tuple[str, str]
    archived: tuple[str, str]

    def marks(self, row: Row, indicator: tuple[str, str]) -> bool:
        """Tell whether an indicator marks a row."""
        path, value = indicator
        return bool(path) and _text(row.get(path)) == value


def select(
    entry: CatalogObject, contents: Iterable[Content], reading: Reading
) -> Sequence[Content]:
    """Return the contents with the rows that a query reads, the data objects in their order."""
    rules = _rules(entry)
    kept = [Content(list(each.rows), each.modified) for each in contents]
    if not reading.has_archived:
        kept = _without(kept, lambda row: rules.marks(row, rules.archived))
    if not reading.has_older and rules.identifiers and rules.variation:
        kept = _latest(kept, rules)
    if not reading.has_deleted:
        kept = _without(kept, lambda row: rules.marks(row, rules.deleted))
    return kept


def _without(contents: Sequence[Content], is_out: Any) -> list[Content]:
    return [
        Content([row for row in each.rows if not is_out(row)], each.modified) for each in contents
    ]


def _latest(contents: Sequence[Content], rules: _Rules) -> list[Content]:
    newest: dict[tuple[str, ...], tuple[tuple[bool, Any], int]] = {}
    place = 0
    for content in contents:
        for row in content.rows:
            identity = tuple(_text(row.get(name)) for name in rules.identifiers)
            found = (_variation(row.get(rules.variation)), place)
            newest[identity] = max(newest.get(identity, found), found)
            place += 1
    chosen = {place for _variation, place in newest.values()}
    numbers = iter(range(place))
    return [
        Content([row for row in each.rows if next(numbers) in chosen], each.modified)
        for each in contents
    ]


def _variation(value: Any) -> tuple[bool, Any]:
    """Return what variations are compared by: numbers as numbers, before them other texts."""
    text = _text(value)
    try:
        return True, float(text)
    except ValueError:
        return False, text


def _rules(entry: CatalogObject) -> _Rules:
    properties = entry.properties if isinstance(entry.properties, dict) else {}
    paths = properties.get("IdentifierPaths")
    names = [_name(each) for each in paths] if isinstance(paths, list) else []
    return _Rules(
        [name for name in names if name],
        _name(properties.get("VariationPath")),
        _indicator(properties, "DeleteIndicator"),
        _indicator(properties, "ArchiveIndicator"),
    )


def _indicator(properties: dict[str, Any], name: str) -> tuple[str, str]:
    found = properties.get(name)
    if not isinstance(found, dict):
        return "", ""
    return _name(found.get("Path")), _text(found.get("Value"))


def _name(path: Any) -> str:
    """Return the column that a JSON path names; empty when it is none."""
    match = _PATH.fullmatch(path) if isinstance(path, str) else None
    return (match[1] or match[2]) if match else ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
