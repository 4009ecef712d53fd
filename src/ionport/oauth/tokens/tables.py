"""Tables of revoked access tokens and of counted logins."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from ionport.store import Moment, metadata

# How often something happened in the window that began at `starts_at`; `kind` names the limit,
# `subject` is the id of the service account or app.
login_counters = Table(
    "login_counters",
    metadata,
    Column("tenant_id", Text, ForeignKey("tenants.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("starts_at", Moment, primary_key=True),
    Column("count", Integer, nullable=False),
    Index("ix_login_counters_starts_at", "starts_at"),
)

# Single access tokens revoked before their time; a revoked grant needs no rows here.
revoked_access_tokens = Table(
    "revoked_access_tokens",
    metadata,
    Column("token_id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)
