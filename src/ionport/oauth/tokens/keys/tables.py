"""The table of signing keys."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Table, Text

from ionport.store import Moment, metadata, partial_index

# The installation's keys: every tenant's tokens are told apart by issuer and claim.
signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sealed_private_key", Text, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    # Since when it only verifies; the row is deleted when the last token that it signed has
    # expired.
    Column("retired_at", Moment),
)

partial_index(
    "uq_signing_keys_is_current",
    signing_keys.c.is_current,
    unique=True,
    where=signing_keys.c.is_current.is_(True),
)
