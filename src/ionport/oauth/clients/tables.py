"""The table of signed assertions that were used."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from ionport.store import Moment, metadata

# Ids of signed assertions seen (RFC 7523 §3 `jti`, RFC 7522): none is taken twice.
used_assertions = Table(
    "used_assertions",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("assertion_id", Text, primary_key=True),
    Column("expires_at", Moment, nullable=False, index=True),
)
