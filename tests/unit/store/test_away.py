"""What a database that is away says in words that help."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from ionport.store import database_away


def _told(url: str, *statements: str) -> tuple[str, str]:
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 0})

    def run() -> None:
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    with pytest.raises(OperationalError) as caught:
        run()
    away = database_away(caught.value)
    assert away is not None
    assert (away.status, away.retry_after) == (503, 10)
    return away.code, away.text


def test_a_full_disk_a_locked_file_and_a_missing_one_each_have_their_own_sentence(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    grow = "INSERT INTO t VALUES (zeroblob(100000))"
    full = _told(url, "CREATE TABLE t (x)", "PRAGMA max_page_count=4", grow)
    assert full[0] == "database_full"
    assert "until there is room" in full[1]
    other = create_engine(url, poolclass=NullPool)
    with other.connect() as connection:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
        code, text = _told(url, "CREATE TABLE u (x)")
    assert (code, "locked" in text) == ("database_locked", True)
    code, text = _told(f"sqlite:///{tmp_path / 'gone' / 'x.db'}", "SELECT 1")
    assert (code, "is missing" in text) == ("database_file", True)
    read_only = f"sqlite:///file:{tmp_path / 'x.db'}?mode=ro&uri=true"
    assert _told(read_only, "CREATE TABLE v (x)")[0] == "database_file"


def test_another_error_is_no_database_that_is_away() -> None:
    assert database_away(ValueError("x")) is None
    plain = database_away(OperationalError("SELECT 1", {}, Exception("gone")))
    assert plain is not None
    assert plain.code == "database_away"
