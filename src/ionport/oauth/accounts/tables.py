"""The table of service accounts. A deleted one keeps its row, marked."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Table, Text

from ionport.store import Moment, metadata

service_accounts = Table(
    "service_accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("app_id", Text, ForeignKey("authorized_apps.id"), nullable=False, index=True),
    Column("user_id", Text, ForeignKey("users.id"), index=True),
    Column("access_key", Text, nullable=False, unique=True),
    Column("description", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    # Empty once the account is deleted.
    Column("secret_digest", Text, nullable=False),
    Column("is_disabled", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("last_used_at", Moment),
    Column("deleted_at", Moment),
    # The last day on which it logs in, as YYYY-MM-DD.
    Column("ends_on", Text),
)
