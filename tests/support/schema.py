"""The whole schema as the tables' modules declare it."""

from __future__ import annotations

import importlib
from pathlib import Path

import ionport
from ionport.store import Database, metadata


def import_all_tables() -> None:
    """Import every `tables.py`, so that `metadata` is whole."""
    root = Path(ionport.__file__).parent
    for path in sorted(root.rglob("tables.py")):
        importlib.import_module(
            ".".join(("ionport", *path.relative_to(root).with_suffix("").parts))
        )


def create_schema(database: Database) -> None:
    """Create all tables, without the migrations."""
    import_all_tables()
    with database.write() as work:
        metadata.create_all(work.connection)
