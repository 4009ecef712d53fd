"""Values of the list of documents: a page by keyset, and counts by status and type."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from ionport.core.errors import InvalidInput
from ionport.core.http.texts import is_storable
from ionport.core.i18n import _
from ionport.documents.model import DocumentFilter, DocumentSort, DocumentStatus, DocumentSummary
from ionport.store import to_microseconds

MOST_COUNTED = 1_000
"""How far documents are counted that no counter knows: by a search or by time."""

LONGEST_PLACE: Final = 3_000
"""How many signs a place has at most as an address has it."""

PREFIX_LENGTH = 2
"""A search of at most this many letters looks at the beginning of the invoice number."""

_AMOUNT: Final = re.compile(r"(?:\d{1,3}(?:[.,' \u2019\u00a0\u202f]\d{3})+|\d+)[.,]\d{2}", re.ASCII)
KeyValue = str | int | float
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MOMENT: Final = to_microseconds(datetime(9000, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list: the values that a row is sorted by. Before it when `is_before`.

    Without values it is the end of the list.
    """

    values: tuple[KeyValue, ...] = ()
    is_before: bool = False

    @property
    def text(self) -> str:
        """The place as an address has it."""
        plain = json.dumps(self.values, separators=(",", ":"), ensure_ascii=False).encode()
        return base64.urlsafe_b64encode(plain).decode().rstrip("=")

    @property
    def moment(self) -> tuple[datetime, str] | None:
        """Moment and id, where a list is sorted by these; None for the place of another list."""
        match self.values:
            case (int(microseconds), str(item_id)) if 0 <= microseconds <= _LAST_MOMENT:
                return _EPOCH + timedelta(microseconds=microseconds), item_id
        return None

    @classmethod
    def at(cls, moment: datetime, item_id: str) -> Cursor:
        """Return the place of an item in a list that is sorted by moments."""
        return cls((to_microseconds(moment), item_id))

    @classmethod
    def read(cls, text: str, *, is_before: bool) -> Cursor | None:
        """Return the place that an address names; None for what is none."""
        if len(text) > LONGEST_PLACE:
            return None
        try:
            values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValueError, binascii.Error, RecursionError):
            return None
        is_place = isinstance(values, list) and all(
            isinstance(value, str | int | float) and not isinstance(value, bool) for value in values
        )
        if not is_place or not all(
            is_storable(value) if isinstance(value, str) else abs(value) <= 2**62
            for value in values
        ):
            return None
        return cls(tuple(values), is_before)


def cursor_invalid() -> InvalidInput:
    """Return the error for a cursor that this list has not given in this order."""
    wrong = _("Send the cursor as the page before has given it.")
    return InvalidInput(wrong, code="cursor_invalid", fields={"cursor": wrong})


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list shows: which documents, in which order, from where."""

    wanted: DocumentFilter = field(default_factory=DocumentFilter)
    sort: DocumentSort = DocumentSort.CREATED_AT
    descending: bool = True
    cursor: Cursor | None = None
    limit: int = 50
    columns: tuple[str, ...] | None = None
    """Which of the list's columns a file of it has; None for all that a file can have."""

    @property
    def by_prefix(self) -> bool:
        """Whether the search is so short that it looks at the beginning of numbers."""
        return is_prefix(self.wanted)


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of the list; a place is None where nothing follows or comes before."""

    items: Sequence[DocumentSummary]
    total: int
    has_more: bool
    """Whether there are more than `total`, which were not counted."""
    previous: Cursor | None
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many documents an organization has, by status and document type."""

    numbers: Mapping[tuple[DocumentStatus, str], int]

    @property
    def total(self) -> int:
        return sum(self.numbers.values())

    def of(self, wanted: DocumentFilter) -> int:
        """Return how many have a status and a type of the filter, whatever else it says."""
        return sum(
            number
            for (status, kind), number in self.numbers.items()
            if (not wanted.statuses or status in wanted.statuses)
            and (not wanted.document_types or kind in wanted.document_types)
        )

    def by_status(self) -> Mapping[DocumentStatus, int]:
        """Return the numbers by status, of those that occur."""
        found: Counter[DocumentStatus] = Counter()
        for (status, _kind), number in self.numbers.items():
            found[status] += number
        return found

    def by_type(self) -> Mapping[str, int]:
        """Return the numbers by document type, of those that occur."""
        found: Counter[str] = Counter()
        for (_status, kind), number in self.numbers.items():
            found[kind] += number
        return found


def search_of(wanted: DocumentFilter) -> str:
    """Return what is searched, without case; PostgreSQL has no text with NUL.

    An amount is searched as documents have it: `2808.81`, in whichever way it is written.
    """
    text = wanted.text.replace("\0", "").strip().casefold()
    if not _AMOUNT.fullmatch(text):
        return text
    digits = re.sub(r"\D", "", text)
    return f"{digits[:-2]}.{digits[-2:]}"


def is_prefix(wanted: DocumentFilter) -> bool:
    """Tell whether a filter's search looks at the beginning of invoice numbers."""
    return 1 <= len(search_of(wanted)) <= PREFIX_LENGTH
