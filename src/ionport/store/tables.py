"""The table that only says whether the database takes a row."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table

from ionport.store.schema import Moment, metadata

readiness = Table(
    "readiness",
    metadata,
    # One row, 1, whoever asks.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("checked_at", Moment, nullable=False),
)
