from __future__ import annotations

import pytest
from sqlalchemy import Column, MetaData, Table, Text, insert, select
from sqlalchemy.exc import IntegrityError

from ionport.store import Database, insert_of, partial_index
from tests.support.plugin_runs import run_python

pytestmark = pytest.mark.on_each_database


def test_a_partial_index_is_one_on_both_databases(database: Database) -> None:
    metadata = MetaData()
    marks = Table("marks", metadata, Column("name", Text), Column("ended", Text))
    partial_index("uq_marks_name", marks.c.name, where=marks.c.ended.is_(None), unique=True)
    with database.write() as work:
        marks.create(work.connection)
        for ended in ("then", "then", None):
            work.connection.execute(insert(marks).values(name="a", ended=ended))
    with pytest.raises(IntegrityError), database.write() as work:
        work.connection.execute(insert(marks).values(name="a"))
    with database.write() as work:
        again = insert_of(work.connection)(marks).values(name="a").on_conflict_do_nothing()
        work.connection.execute(again)
        assert len(work.connection.execute(select(marks)).all()) == 3
        marks.drop(work.connection)


def test_an_index_made_before_postgresql_was_in_play_is_told() -> None:
    script = """
import sys
from sqlalchemy import Column, MetaData, Table, Text
from ionport.store.partial import partial_index, tell_postgresql
metadata = MetaData()
marks = Table("marks", metadata, Column("name", Text))
index = partial_index("ix", marks.c.name, where=marks.c.name.is_(None))
assert "sqlalchemy.dialects.postgresql" not in sys.modules
tell_postgresql(metadata)
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex
print(CreateIndex(index).compile(dialect=postgresql.dialect()))
"""
    assert run_python(script).strip() == "CREATE INDEX ix ON marks (name) WHERE name IS NULL"
