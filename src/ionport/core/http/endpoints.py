"""The endpoint table of a machine interface: rows of method and path, and which one answers.

The authorization server, the sandbox's services and the control plane each declare their rows in
one list; answers, refusals and OpenAPI documents are made from it. The gateway has no endpoints of
its own and so no rows: any path and method below an API context goes to what the context names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from starlette.routing import compile_path

_PARAMETER: Final = re.compile(r"\{(\w+)(?::\w+)?\}")


class Endpoint(Protocol):
    """What every row of a table says.

    Attributes:
        path: literal parts and `{name}` or `{name:path}`, as Starlette writes them.
        only_reads: a GET that changes nothing, so that HEAD may do it as well.
    """

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def only_reads(self) -> bool: ...


Row = TypeVar("Row", bound=Endpoint)


@dataclass(frozen=True, slots=True)
class Found(Generic[Row]):
    """What a table has for a request.

    Attributes:
        row: answers it; None when no row does.
        params: the parameters of the path, as the client spelt them.
        others: the rows at this path when none takes the method; empty when it leads nowhere.
    """

    row: Row | None
    params: Mapping[str, str]
    others: Sequence[Row] = ()

    @property
    def allowed(self) -> Sequence[str]:
        """The methods that the path takes instead, in the order of the table."""
        return list(dict.fromkeys(row.method for row in self.others))


class EndpointTable(Generic[Row]):
    """Finds the row for a request; the first that fits counts.

    A path without parameters is looked up, not tried against patterns: the token endpoint is the
    hot path of every client. With `ignores_case` a path counts in any letter case, as Infor's
    gateway takes it (docs/reference/known-clients.md#what-a-server-accepts).
    """

    def __init__(self, rows: Iterable[Row], *, ignores_case: bool = False) -> None:
        flags = re.IGNORECASE if ignores_case else 0
        self._ignores_case = ignores_case
        self._rows = [(re.compile(compile_path(row.path)[0].pattern, flags), row) for row in rows]
        self._literal: dict[str, list[tuple[Row, Mapping[str, str]]]] = {}
        for path in {row.path for _pattern, row in self._rows if not parameters_of(row.path)}:
            fitting = list(self._tried(path))
            # A row with parameters that fits as well wants them as the client spelt them.
            if not any(params for _row, params in fitting):
                self._literal[self._key(path)] = fitting

    def find(self, method: str, path: str) -> Found[Row]:
        """Return the row that answers, or else those that take other methods."""
        others = []
        for row, params in self._literal.get(self._key(path)) or self._tried(path):
            if row.method == method or (method == "HEAD" and row.only_reads):
                return Found(row, params)
            others.append(row)
        return Found(None, {}, others)

    def _tried(self, path: str) -> Iterator[tuple[Row, Mapping[str, str]]]:
        for pattern, row in self._rows:
            if match := pattern.fullmatch(path):
                yield row, match.groupdict()

    def _key(self, path: str) -> str:
        return path.lower() if self._ignores_case else path


def parameters_of(path: str) -> list[str]:
    """Return the names of a path's parameters."""
    return _PARAMETER.findall(path)


def plain_path(path: str) -> str:
    """Return a path whose parameters say no more than their names."""
    return _PARAMETER.sub(r"{\1}", path)
