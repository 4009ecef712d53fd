"""Tables of a tenant's settings and scopes."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, Table, Text

from ionport.store import Moment, metadata

tenant_settings = Table(
    "tenant_settings",
    metadata,
    Column("tenant_id", Text, ForeignKey("tenants.id"), primary_key=True),
    Column("scope_mode", Text, nullable=False),
    Column("implicit_allowed", Boolean, nullable=False),
    Column("url_flavour", Text, nullable=False),
    Column("token_form", Text, nullable=False),
    Column("limits_are_on", Boolean, nullable=False),
    Column("logins_per_minute", Integer, nullable=False),
    Column("logins_per_day", Integer, nullable=False),
    Column("tokens_per_client_per_day", Integer, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
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
