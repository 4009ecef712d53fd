"""Statements compiled once for all databases of a kind in this process.

SQLAlchemy keeps what it compiled with an engine, and each test has engines of its own: compiling
the same statements again took a third of the time of tests that use a database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from sqlalchemy import Engine, create_engine
from sqlalchemy.util import LRUCache

from ionport.store import engine as engines

_Key = tuple[Any, ...]


class _OfAllEngines(LRUCache[_Key, Any]):
    """A cache in which the dialects of two engines of one kind are the same."""

    def get(self, key: _Key, default: Any = None) -> Any:
        return super().get(_kind(key), default)

    def __setitem__(self, key: _Key, value: Any) -> None:
        super().__setitem__(_kind(key), value)


def _kind(key: _Key) -> _Key:
    dialect, *rest = key
    return (type(dialect), *rest)


@contextmanager
def kept_for_all_engines() -> Iterator[None]:
    """Let the databases that are opened in the block share what is compiled."""
    cache = _OfAllEngines(2_000)

    def create(*arguments: Any, **options: Any) -> Engine:
        engine = create_engine(*arguments, **options)
        engine.update_execution_options(compiled_cache=cache)
        return engine

    with mock.patch.object(engines, "create_engine", create):
        yield
