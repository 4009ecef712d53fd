"""The Infor side's tables, made without migrations from statements that are written beforehand.

The project holds them equal to the tables: `python -m tools.fixture_schema` writes them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection

STATEMENTS: Final = Path(__file__).with_name("schema.sql")
END: Final = ";\n"


def create(connection: Connection) -> None:
    """Make every table and index of the Infor side in an empty SQLite database."""
    for statement in STATEMENTS.read_text("utf-8").split(END)[:-1]:
        connection.exec_driver_sql(statement)
