"""Tables of a tenant's settings and scopes."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, Table, Text, false

from ionport.store import Moment, metadata
from ionport.store.schema import required

tenant_settings = Table(
    "tenant_settings",
    metadata,
    Column("tenant_id", Text, ForeignKey("tenants.id"), primary_key=True),
    Column("scope_mode", Text, nullable=False),
    Column("implicit_allowed", Boolean, nullable=False),
    *required(Text, "url_flavour", "token_form"),
    Column("limits_are_on", Boolean, nullable=False),
    *required(Integer, "logins_per_minute", "logins_per_day", "tokens_per_client_per_day"),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("refresh_tokens_rotate", Boolean, nullable=False, server_default=false()),
    Column("refusal_form", Text, nullable=False, server_default="explained"),
)

custom_scopes = Table(
    "custom_scopes",
    metadata,
    Column("tenant_id", Text, ForeignKey("tenants.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("description", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
)
