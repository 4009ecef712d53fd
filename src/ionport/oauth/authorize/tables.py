"""The table of consents."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Table, Text

from ionport.store import Moment, metadata
from ionport.store.schema import required

consents = Table(
    "consents",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("app_id", Text, ForeignKey("authorized_apps.id"), primary_key=True, index=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("scopes", JSON, nullable=False),
    *required(Moment, "created_at", "changed_at"),
)
