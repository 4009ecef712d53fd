"""Bounded lists: every list that a server makes is one page of at most `MAX_PER_PAGE` rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

MAX_PER_PAGE = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is wanted; numbers outside the bounds are brought inside them."""

    number: int = 1
    per_page: int = 50

    @property
    def limit(self) -> int:
        return min(max(self.per_page, 1), MAX_PER_PAGE)

    @property
    def offset(self) -> int:
        return (min(max(self.number, 1), 1_000_000) - 1) * self.limit


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, with the number of rows in all."""

    items: Sequence[T]
    total: int
    request: PageRequest

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.total // self.request.limit))


@dataclass(frozen=True, slots=True)
class Following(Generic[T]):
    """What follows a place in a list; `has_more` where something stands behind it."""

    items: Sequence[T]
    total: int
    has_more: bool
