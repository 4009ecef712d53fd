"""One page of a query's rows, with the number of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.engine import RowMapping

from ionport.core.paging import PageRequest


def select_page(
    connection: Connection, query: Select[Any], page: PageRequest
) -> tuple[Sequence[RowMapping], int]:
    """Return the rows of one page of `query`, and how many rows it has in all."""
    count = select(func.count()).select_from(query.order_by(None).subquery())
    total = connection.execute(count).scalar_one()
    rows = connection.execute(query.limit(page.limit).offset(page.offset)).mappings().all()
    return rows, total
