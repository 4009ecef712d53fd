"""State of a list page: filters, sort and page number, all in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request

from ionport.core.paging import PageRequest

PER_PAGE = 50
# The two values of a yes-no filter.
YES_NO = {"yes": True, "no": False}
_MAX_TEXT = 200
_SHOWN = 60


def unknown_values(query: Mapping[str, str], known: Mapping[str, bool]) -> list[str]:
    """Return `name=value` for each parameter that is set and is none that is `known`."""
    return [
        f"{name}={query[name][:_SHOWN]}"
        for name, is_known in known.items()
        if query.get(name) and not is_known
    ]


@dataclass(frozen=True, slots=True)
class ListState:
    """What the address of a list says; unknown sort keys and numbers fall back to the default.

    The page says so: `unknown` has each of them as the address has it.
    """

    path: str
    filters: Mapping[str, str]
    sort: str
    descending: bool
    page: int
    cleared: str = ""
    """The address without filters, where that is not the path alone."""
    unknown: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        request: Request,
        *,
        sorts: Sequence[str],
        filters: Sequence[str] = ("q",),
        default_descending: bool = False,
    ) -> ListState:
        """Read the state from the request's query; `sorts[0]` is the default order."""
        query = request.query_params
        sort = query.get("sort", "")
        is_known = sort in sorts
        direction = query.get("dir", "")
        number = query.get("page", "1")
        is_number = number.isascii() and number.isdigit() and len(number) < 7
        checks = {"sort": is_known, "dir": direction in ("asc", "desc"), "page": is_number}
        return cls(
            path=request.url.path,
            filters={name: query.get(name, "").strip()[:_MAX_TEXT] for name in filters},
            sort=sort if is_known else sorts[0],
            descending=direction == "desc" if is_known and direction else default_descending,
            page=int(number) if is_number else 1,
            unknown=unknown_values(query, checks),
        )

    @property
    def request(self) -> PageRequest:
        return PageRequest(number=self.page, per_page=PER_PAGE)

    @property
    def is_filtered(self) -> bool:
        """Tell whether any filter is set: an empty list then means something else."""
        return any(self.filters.values())

    @property
    def clear_url(self) -> str:
        """Return the list's address without filters."""
        return self.cleared or self.path

    def url(self, **changes: str | int) -> str:
        """Return the list's address with some values changed; the page starts anew."""
        values: dict[str, str] = {name: text for name, text in self.filters.items() if text}
        values["sort"] = self.sort
        values["dir"] = "desc" if self.descending else "asc"
        values |= {name: str(value) for name, value in changes.items()}
        return f"{self.path}?{urlencode({k: v for k, v in values.items() if v})}"

    def sort_url(self, key: str) -> str:
        """Return the address that sorts by `key`, or turns the order round."""
        turned = key == self.sort and not self.descending
        return self.url(sort=key, dir="desc" if turned else "asc")

    def aria_sort(self, key: str) -> str:
        """Return the value of aria-sort for the column `key`."""
        if key != self.sort:
            return "none"
        return "descending" if self.descending else "ascending"
