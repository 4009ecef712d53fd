"""Asks a database for sealed values, whatever tables it has."""

from __future__ import annotations

from sqlalchemy import Connection, column, inspect, literal, select, table


def has_sealed_values(connection: Connection) -> bool:
    """Tell whether any row holds a sealed value; false too for a database without tables.

    By the names of columns in the database itself: whatever is sealed lies in one whose name
    begins so, and a process need not know all tables.
    """
    for (_schema, name), columns in inspect(connection).get_multi_columns().items():
        for each in columns:
            if each["name"].startswith("sealed"):
                is_sealed = column(each["name"]).is_not(None)
                found = select(literal(1)).select_from(table(name)).where(is_sealed).limit(1)
                if connection.execute(found).first() is not None:
                    return True
    return False
