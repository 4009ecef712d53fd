"""Tables of second factors. Times are moments in UTC, ids are text (`core.ids`)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text

from ionport.store import Moment, metadata

second_factors = Table(
    "second_factors",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("since", Moment, nullable=False),
    # The latest 30 seconds whose code was used: it and earlier ones are refused.
    Column("last_step", BigInteger),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("used_at", Moment),
)
