"""What a process tells whoever watches it: counters, ids of log lines, spans.

Domains speak to this module alone; `observe` puts the ids on every line and the spans into
OpenTelemetry, `observe.metrics` shows the counters.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from functools import lru_cache
from typing import Final, Protocol

# More values of a label than this are counted together: strangers choose some of them.
_MAX_SERIES: Final = 1_000
_OTHERS: Final = "other"


class Counters:
    """Counts by name and labels; thread safe. Names are those of the metrics without prefix."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, name: str, number: int = 1, **labels: str) -> None:
        """Count something that happened."""
        series = _series(name, tuple(labels.items()))
        with self._lock:
            if labels and series not in self._counts and len(self._counts) >= _MAX_SERIES:
                series = _series(name, tuple((label, _OTHERS) for label in labels))
            self._counts[series] += number

    def read(self) -> Mapping[str, int]:
        """Return all counts by name, with their labels as Prometheus writes them."""
        with self._lock:
            return dict(self._counts)


# Every request is counted, mostly as one of a few.
@lru_cache(_MAX_SERIES)
def _series(name: str, labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return f"{name}_total"
    pairs = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels)
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
    """Makes spans: whoever observes the process installs one."""

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
    """Whether spans go anywhere: what is told of a span need not be made else."""
    return _tracer is not None


def span(
    name: str, attributes: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> AbstractContextManager[object]:
    """Open a span with the ids of the block around; nothing where nobody traces."""
    return _NO_SPAN if _tracer is None else _tracer.span(name, attributes, headers)
