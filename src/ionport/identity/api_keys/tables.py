"""Tables of API keys. Times are moments in UTC, ids are text (`core.ids`)."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Integer, Table, Text

from ionport.store import Moment, metadata
from ionport.store.schema import part_of, required

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey("organizations.id"), nullable=False, index=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False, index=True),
    *required(Text, "name", "hint"),
    Column("digest", Text, nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", Moment),
    Column("last_used_at", Moment),
)

api_answers = Table(
    "api_answers",
    metadata,
    # One request that its sender may repeat: the key that sent it, and its Idempotency-Key.
    part_of("api_key_id", "api_keys.id", primary_key=True),
    Column("idempotency_key", Text, primary_key=True),
    Column("request_digest", Text, nullable=False),
    # Both are empty while the first request is under way.
    Column("status", Integer),
    Column("body", Text),
    Column("at", Moment, nullable=False, index=True),
)
