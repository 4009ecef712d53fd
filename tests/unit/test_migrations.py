"""The migrations and the tables' modules describe one and the same schema."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from ionport.core.errors import Unavailable
from ionport.migrations import upgrade
from ionport.store import Database, metadata
from tests.support.schema import import_all_tables

pytestmark = pytest.mark.on_each_database


def test_the_migrations_make_exactly_the_declared_schema(database_url: str) -> None:
    import_all_tables()
    database = Database(database_url)
    upgrade(database)
    with database.engine.connect() as connection:
        opts = {"compare_type": True, "include_name": _is_declared}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, metadata) == []
    database.close()


def _is_declared(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out what only one of the databases has: `documents/kept_beside.py`."""
    return kind != "table" or not str(name).startswith("document_search")


def test_several_processes_may_start_at_once(database_url: str) -> None:
    def start(_number: int) -> None:
        database = Database(database_url)
        upgrade(database)
        database.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(4))) == [None] * 4


def test_a_database_of_a_newer_ionport_is_refused(database_url: str) -> None:
    database = Database(database_url)
    upgrade(database)
    with database.write() as work:
        work.connection.execute(text("UPDATE alembic_version SET version_num = 'of_tomorrow'"))
    with pytest.raises(Unavailable, match="newer version"):
        upgrade(database)
    database.close()
