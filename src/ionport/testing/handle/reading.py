"""Reading lists whole, choosing from them, and telling what is there when the one is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from ionport.core.paging import MAX_PER_PAGE, Page, PageRequest
from ionport.store import Database, Work

_MAX_SHOWN: Final = 10
_MAX_RECORDS: Final = 10_000

T = TypeVar("T")
Filter = Mapping[str, Any]


def all_pages(database: Database, page: Callable[[Work, PageRequest], Page[T]]) -> Iterator[T]:
    """Read a list page by page in one transaction; at most 10,000 of it."""
    with database.read() as work:
        for number in range(1, _MAX_RECORDS // MAX_PER_PAGE + 1):
            found = page(work, PageRequest(number, MAX_PER_PAGE))
            yield from found.items
            if number >= found.pages:
                return


def agrees(values: Filter, wanted: Filter) -> bool:
    """Tell whether the values are as wanted; one of several values is enough."""
    return all(
        value == values.get(name) or (isinstance(values.get(name), tuple) and value in values[name])
        for name, value in wanted.items()
    )


def agreeing(found: Iterable[T], wanted: Filter) -> list[T]:
    """Return the elements whose attributes are as wanted; AttributeError for an unknown name."""
    return [
        each for each in found if agrees({name: getattr(each, name) for name in wanted}, wanted)
    ]


def only(found: Sequence[T], wanted: Filter, what: str, everything: Callable[[], list[T]]) -> T:
    """Return the only element of `found`, or fail with what there is instead."""
    if len(found) == 1:
        return found[0]
    given = {name: value for name, value in wanted.items() if value is not None}
    asked = ", ".join(f"{name}={value!r}" for name, value in given.items()) or "no condition"
    counted = f"found {len(found)}" if found else "found none"
    there = found or everything()
    shown = [f"  {each!r}" for each in there[:_MAX_SHOWN]]
    if len(there) > _MAX_SHOWN:
        shown.append(f"  … and {len(there) - _MAX_SHOWN} more")
    lead = "These agree:" if found else ("There are:" if there else "There is none at all.")
    raise AssertionError("\n".join([f"expected one {what} with {asked}, {counted}.", lead, *shown]))
