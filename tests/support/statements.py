"""What a block of code asks a database: its statements, and how SQLite would answer them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from ionport.store import Database


@dataclass(slots=True)
class Statements:
    """The statements that were run, with their parameters."""

    run: list[tuple[str, Any]] = field(default_factory=list)

    def plans(self, database: Database) -> list[list[str]]:
        """Return the lines of SQLite's plan of each statement that reads."""
        found = []
        with database.read() as work:
            for statement, parameters in self.run:
                if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                    explained = f"EXPLAIN QUERY PLAN {statement}"
                    rows = work.connection.exec_driver_sql(explained, parameters)
                    found.append([row.detail for row in rows])
        return found


@contextmanager
def statements_of(database: Database) -> Iterator[Statements]:
    """Collect what is run on a database during the block, by whatever thread."""
    found = Statements()

    def note(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> None:
        found.run.append((statement, parameters))

    engines = {database.engine, database.reading_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
