"""A search: document types, conditions and an order.

Source: docs/reference/idm.md#search.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from ionport.core.errors import InvalidInput

MAX_COMPARISONS = 50
MAX_PARTS = 50
MAX_SORTS = 5
MAX_WILDCARDS = 20


class Sign(StrEnum):
    """How a comparison compares."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    LIKE = "LIKE"
    NOT_LIKE = "NOT LIKE"
    CONTAINS = "CONTAINS"
    IS_NULL = "IS NULL"
    IS_NOT_NULL = "IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A condition on an attribute; of several values one that meets it is enough.

    Without an attribute, a text search: any value or the name of a file meets it.
    """

    attribute: str
    sign: Sign
    value: str = ""


@dataclass(frozen=True, slots=True)
class Every:
    """All of the conditions hold; with none of them, always."""

    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of the conditions holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    condition: Condition


Condition: TypeAlias = Comparison | Every | Some | Not


@dataclass(frozen=True, slots=True)
class Path:
    """Items of one document type that meet a condition."""

    entity_name: str
    condition: Condition = Every()


@dataclass(frozen=True, slots=True)
class Union:
    """Items of at least one of the sets."""

    sets: tuple[ItemSet, ...]


@dataclass(frozen=True, slots=True)
class Intersection:
    """Items of all the sets."""

    sets: tuple[ItemSet, ...]


ItemSet: TypeAlias = Path | Union | Intersection


@dataclass(frozen=True, slots=True)
class Sort:
    """An attribute by which the items found are put in order."""

    attribute: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A set of items, in an order; without one the oldest first.

    Attributes:
        found_until: items created after it are not found; None: all are.
        reader: who is shown no other's private items; None: access control lists hide nothing.
    """

    items: ItemSet
    sorts: tuple[Sort, ...] = ()
    found_until: datetime | None = None
    reader: str | None = None


def paths_of(items: ItemSet) -> list[Path]:
    """Return the paths that a set is made of."""
    if isinstance(items, Path):
        return [items]
    return [path for each in items.sets for path in paths_of(each)]


def comparisons_of(condition: Condition) -> list[Comparison]:
    """Return the comparisons that a condition is made of."""
    if isinstance(condition, Comparison):
        return [condition]
    if isinstance(condition, Not):
        return comparisons_of(condition.condition)
    return [comparison for each in condition.conditions for comparison in comparisons_of(each)]


def check_size(query: Query) -> None:
    """Raise InvalidInput for a query with too many parts for one search."""
    paths = paths_of(query.items)
    comparisons = [each for path in paths for each in comparisons_of(path.condition)]
    wildcards = sum(
        each.value.count("%") + each.value.count("_")
        for each in comparisons
        if each.sign in (Sign.LIKE, Sign.NOT_LIKE)
    )
    for size, limit, name in (
        (len(paths), MAX_PARTS, "parts"),
        (len(comparisons), MAX_COMPARISONS, "conditions"),
        (wildcards, MAX_WILDCARDS, "wildcards"),
        (len(query.sorts), MAX_SORTS, "sort attributes"),
    ):
        if size > limit:
            raise too_large(name, limit)


def too_large(name: str, limit: int) -> InvalidInput:
    """Return the error of a query that has more than `limit` of something."""
    return InvalidInput(
        f"The query is too large: it may have {limit} {name}.",
        code="query_too_large",
    )
