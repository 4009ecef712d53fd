"""Searches in IDM, built so that a value is never read as a part of the query.

Source: docs/reference/idm.md#search.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from .errors import RequestRefused

_NAME: Final = re.compile(r"@?[A-Za-z_][A-Za-z0-9_.-]{0,127}")
_SIGNS: Final = ("=", "!=", "<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """A search for items of one document type; each method gives a new query, narrowed further.

        query = ItemQuery("M3_SupplierInvoice").where("M3_Division", "=", "AAA")
        query = query.sorted_by("M3_InvoiceDate")
        items = infor.idm.search(query)

    Values may hold any character: quotes are doubled, as in XQuery. Names are those of Infor
    Document Management > Administration > Document Types, with or without @. Raises RequestRefused
    for names that cannot be a name, and for other signs than `= != < <= > >=`.
    """

    entity: str
    conditions: tuple[str, ...] = ()
    sorts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        name_in_idm(self.entity)

    def where(self, attribute: str, sign: str, value: str) -> ItemQuery:
        """Items whose attribute compares with `value` so. Dates are YYYY-MM-DD."""
        if sign not in _SIGNS:
            raise RequestRefused(f"{sign[:10]!r} is none of the signs {' '.join(_SIGNS)}.")
        return self._and(f"{_at(attribute)} {sign} {_text(value)}")

    def like(self, attribute: str, pattern: str) -> ItemQuery:
        """Items whose attribute is like a pattern: % stands for any letters, _ for one."""
        return self._and(f"{_at(attribute)} LIKE {_text(pattern)}")

    def one_of(self, attribute: str, values: Iterable[str]) -> ItemQuery:
        """Items whose attribute has one of the values. Raises RequestRefused for none."""
        each = [f"{_at(attribute)} = {_text(value)}" for value in values]
        if not each:
            raise RequestRefused(f"No value is given that {attribute} could have.")
        return self._and(f"({' OR '.join(each)})" if len(each) > 1 else each[0])

    def given(self, attribute: str) -> ItemQuery:
        """Items whose attribute has a value."""
        return self._and(f"{_at(attribute)} IS NOT NULL")

    def missing(self, attribute: str) -> ItemQuery:
        """Items whose attribute has no value."""
        return self._and(f"{_at(attribute)} IS NULL")

    def sorted_by(self, attribute: str, *, descending: bool = False) -> ItemQuery:
        """The same items in the order of an attribute, after the orders given before."""
        order = f"{_at(attribute)} {'DESCENDING' if descending else 'ASCENDING'}"
        return replace(self, sorts=(*self.sorts, order))

    def __str__(self) -> str:
        conditions = f"[{' AND '.join(self.conditions)}]" if self.conditions else ""
        order = f" SORTBY({', '.join(self.sorts)})" if self.sorts else ""
        return f"/{self.entity}{conditions}{order}"

    def _and(self, condition: str) -> ItemQuery:
        return replace(self, conditions=(*self.conditions, condition))


def exact_match(entity: str, attributes: Mapping[str, str]) -> str:
    """The query for items of `entity` whose attributes have exactly these values.

    Values may hold any character: quotes are doubled, as in XQuery. Raises RequestRefused for
    names that cannot be a name.
    """
    query = ItemQuery(entity)
    for name, value in attributes.items():
        query = query.where(name, "=", value)
    return str(query)


def name_in_idm(name: str) -> str:
    """Return the name of a document type or attribute; raises RequestRefused for what is none."""
    if not _NAME.fullmatch(name):
        raise RequestRefused(
            f"{name[:40]!r} cannot be a name in IDM.",
            remedy="Look it up in Infor Document Management > Administration > Document Types.",
        )
    return name


def _at(attribute: str) -> str:
    return f"@{name_in_idm(attribute).removeprefix('@')}"


def _text(value: str) -> str:
    doubled = value.replace('"', '""')
    return f'"{doubled}"'
