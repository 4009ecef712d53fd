"""What a process shows of its work: counters, ids on log lines, spans.

Domains use this module alone; `observe` puts the ids on every line and the spans into
OpenTelemetry, `observe.metrics` shows the counters.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

# More values of a label than this are counted together: strangers choose some of them.
_MAX_SERIES: Final = 1_000
_OTHERS: Final = "other"
# Of a request's scope: the name of its route, written by who chose the app that answers.
ROUTE_KEY: Final = "ionport.route"


class Series(NamedTuple):
    """A counter with its labels, and the one that counts for it when there are too many."""

    name: str
    others: str


# Every request is counted, mostly as one of a few.
@lru_cache(_MAX_SERIES)
def series(name: str, **labels: str) -> Series:
    """Return what `Counters.count` takes, to be made once for what is counted often."""
    return Series(_written(name, labels), _written(name, dict.fromkeys(labels, _OTHERS)))


class Counters:
    """Counts by name and labels; thread safe. Names are those of the metrics without prefix."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, name: str, number: int = 1, **labels: str) -> None:
        """Count something that happened."""
        self.count(series(name, **labels), number)

    def count(self, counted: Series, number: int = 1) -> None:
        """Count something that happened, by its name with labels."""
        name, others = counted
        with self._lock:
            counts = self._counts
            if name not in counts and len(counts) >= _MAX_SERIES:
                name = others
            counts[name] += number

    def read(self) -> Mapping[str, int]:
        """Return all counts by name, with their labels as Prometheus writes them."""
        with self._lock:
            return dict(self._counts)


def _written(name: str, labels: Mapping[str, str]) -> str:
    if not labels:
        return f"{name}_total"
    pairs = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{name}_total{{{pairs}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


COUNTERS = Counters()

_ids: ContextVar[dict[str, str] | None] = ContextVar("ionport_ids", default=None)


class _Bound:
    """A block with ids; a class, because each request opens one."""

    __slots__ = ("_ids", "_token")

    def __init__(self, ids: dict[str, str]) -> None:
        self._ids = ids

    def __enter__(self) -> None:
        around = _ids.get()
        self._token = _ids.set({**around, **self._ids} if around else self._ids)

    def __exit__(self, *_error: object) -> None:
        _ids.reset(self._token)


def bound(**ids: str) -> AbstractContextManager[None]:
    """Put ids (request, tenant, organization, delivery) on each log line of the block."""
    return _Bound(ids)


def bind(**ids: str) -> None:
    """Add ids to the block around, in all its threads; without one nothing happens."""
    found = _ids.get()
    if found is not None:
        found.update(ids)


def bound_ids() -> Mapping[str, str]:
    """Return the ids of the block around."""
    return _ids.get() or {}


class Tracer(Protocol):
    """Makes spans; `observe` installs one."""

    def span(
        self, name: str, attributes: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> AbstractContextManager[object]:
        """Open a span; `headers` are those of a request that may belong to a caller's trace."""
        ...


_NO_SPAN: Final = nullcontext()
_tracer: Tracer | None = None


def install_tracer(tracer: Tracer) -> None:
    """Send the spans of this process to `tracer`."""
    global _tracer
    _tracer = tracer


def is_traced() -> bool:
    """Whether spans are recorded: if not, their attributes need not be made."""
    return _tracer is not None


def span(
    name: str, attributes: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> AbstractContextManager[object]:
    """Open a span with the ids of the block around; nothing where nobody traces."""
    return _NO_SPAN if _tracer is None else _tracer.span(name, attributes, headers)
