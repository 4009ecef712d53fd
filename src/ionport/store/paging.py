"""The rows of a query behind a place in its order, with the number of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, literal, select, tuple_


def select_following(
    connection: Connection,
    query: Select[Any],
    order: Sequence[ColumnElement[Any]],
    place: Sequence[Any] | None,
    limit: int,
    *,
    descending: bool = False,
) -> tuple[Sequence[Row[Any]], int, bool]:
    """Return rows of `query` behind a place in an order, and the number of all its rows.

    The third value tells whether there are more behind these. `place` has the values of the row
    before, or SQL of them; None: from the beginning.
    """
    count = select(func.count()).select_from(query.subquery())
    total = connection.execute(count).scalar_one()
    if place is not None:
        values = zip(place, order, strict=True)
        here = tuple_(
            *(v if isinstance(v, ColumnElement) else literal(v, c.type) for v, c in values)
        )
        there = tuple_(*order)
        query = query.where(there < here if descending else there > here)
    query = query.order_by(*(each.desc() if descending else each.asc() for each in order))
    rows = connection.execute(query.limit(limit + 1)).all()
    return rows[:limit], total, len(rows) > limit
