"""An installation moves to PostgreSQL and back with every row, and is one at all times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Column, MetaData, Table, insert, make_url, text

from ionport.cli import main
from ionport.data_folder import DATABASE_FILE
from ionport.installation import moving
from ionport.installation.rows import contents
from ionport.migrations import upgrade
from ionport.store import Database, sqlite_url
from tests.support import databases

_VALUES = {
    "BOOLEAN": True,
    "BLOB": b"\x00\xff\\x",
    "FLOAT": 0.1,
    "DOUBLE": 2.5,
    "JSON": {"b": [None]},
}
_MADE_BY_THE_DATABASE = ("alembic_version", "sqlite_", "document_counts", "document_search")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder whose database has a row in every table, and documents that are searched."""
    database = Database(sqlite_url(tmp_path / DATABASE_FILE))
    upgrade(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        found = MetaData()
        found.reflect(connection)
        connection.exec_driver_sql("BEGIN")
        for table in found.tables.values():
            if not table.name.startswith(_MADE_BY_THE_DATABASE):
                connection.execute(insert(table), _row(table))
        # The counter of a table remembers a number whose row is gone.
        connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = 9 WHERE name = 'idm_items'")
        connection.commit()
    database.close()
    return tmp_path


@pytest.fixture
def postgresql() -> Iterator[str]:
    url = databases.fresh_postgresql()
    yield url
    databases.drop_postgresql(url)


def _row(table: Table) -> dict[str, object]:
    """Return a row that names itself wherever a text refers to another table."""
    return {column.name: _value(column) for column in table.columns}


def _value(column: Column[object]) -> object:
    kind = str(column.type).split("(")[0]
    return _VALUES.get(kind, 7 if "INT" in kind else "same „Ä“ \\N\t\n")


def ionport(folder: Path, *arguments: str, url: str = "") -> Result:
    environment = {"IONPORT_DATABASE_URL": url.replace("+psycopg", "")}
    return CliRunner().invoke(main, ["--data", str(folder), *arguments], env=environment)


def held(url: str) -> dict[str, object]:
    database = Database(url)
    with database.engine.connect() as connection:
        found = dict(contents(connection))
        counts = text(
            "SELECT organization_id, status, sum(number) FROM document_counts GROUP BY 1, 2"
        )
        found["document_counts"] = [tuple(row) for row in connection.execute(counts)]
    database.close()
    return found


def test_every_row_goes_to_postgresql_and_back(folder: Path, postgresql: str) -> None:
    before = held(sqlite_url(folder / DATABASE_FILE))
    moved = ionport(folder, "migrate", "--to", postgresql)
    assert moved.exit_code == 0, moved.output
    assert str(make_url(postgresql).password or "no password") not in moved.output
    assert held(postgresql) == before

    refused = ionport(folder, "migrate")
    assert refused.exit_code == 1
    assert "was moved to another database" in refused.output

    back = ionport(folder, "migrate", "--to", "sqlite:///", url=postgresql)
    assert back.exit_code == 0, back.output
    assert held(sqlite_url(folder / DATABASE_FILE)) == before
    assert "was moved" in ionport(folder, "migrate", url=postgresql).output
    assert ionport(folder, "migrate").exit_code == 0


def test_numbers_go_on_where_they_were(folder: Path, postgresql: str) -> None:
    ionport(folder, "migrate", "--to", postgresql)
    database = Database(postgresql)
    with database.write() as work:
        for table, last in (("idm_items", 9), ("sandbox_calls", 7)):
            following = text("SELECT nextval(pg_get_serial_sequence(:table, 'number'))")
            assert work.connection.execute(following, {"table": table}).scalar() == last + 1
    database.close()


def test_a_move_is_refused_while_somebody_uses_either_database(
    folder: Path, postgresql: str
) -> None:
    for url in (sqlite_url(folder / DATABASE_FILE), postgresql):
        other = Database(url)
        with other.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        # What a server that has nothing to do keeps open is enough.
        refused = ionport(folder, "migrate", "--to", postgresql)
        assert refused.exit_code == 1
        assert "uses the database" in refused.output
        other.close()
    assert ionport(folder, "migrate", "--to", postgresql).exit_code == 0


def test_a_database_that_holds_an_installation_is_not_overwritten(
    folder: Path, postgresql: str, tmp_path: Path
) -> None:
    ionport(folder, "migrate", "--to", postgresql)
    other = tmp_path / "other"
    other.mkdir()
    database = Database(sqlite_url(other / DATABASE_FILE))
    upgrade(database)
    database.close()
    refused = ionport(other, "migrate", "--to", postgresql)
    assert refused.exit_code == 1
    assert "holds an installation already" in refused.output


@pytest.mark.parametrize("breaks_at", ["note_state", "finish"])
def test_a_move_that_broke_off_is_made_by_the_same_command(
    folder: Path, postgresql: str, breaks_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = held(sqlite_url(folder / DATABASE_FILE))

    def broken(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(moving, breaks_at, broken)
        assert ionport(folder, "migrate", "--to", postgresql).exit_code != 0
    refused = ionport(folder, "migrate", url=postgresql)
    assert "unfinished copy" in refused.output
    assert ionport(folder, "migrate", "--to", postgresql).exit_code == 0
    assert held(postgresql) == before


def test_a_text_that_postgresql_cannot_keep_is_named(folder: Path, postgresql: str) -> None:
    database = Database(sqlite_url(folder / DATABASE_FILE))
    with database.write() as work:
        work.connection.execute(text("UPDATE users SET username = 'a' || char(0) || 'b'"))
    database.close()
    refused = ionport(folder, "migrate", "--to", postgresql)
    assert refused.exit_code == 1
    assert "table users" in refused.output
    assert ionport(folder, "migrate").exit_code == 0


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite:////elsewhere/ionport.db"])
def test_an_address_that_nothing_moves_to_is_refused(folder: Path, url: str) -> None:
    refused = ionport(folder, "migrate", "--to", url)
    assert refused.exit_code == 1
    assert "--to" in refused.output
