"""Tables of grants and of what a login presents."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, Table, Text

from ionport.store import Moment, metadata, partial_index
from ionport.store.schema import part_of, required

# One row for each login: no index but what the hot path looks up.
grants = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("app_id", Text, ForeignKey("authorized_apps.id"), nullable=False),
    Column("service_account_id", Text, ForeignKey("service_accounts.id")),
    # The person who approved; None for a machine's own grant.
    Column("user_id", Text, ForeignKey("users.id")),
    Column("scopes", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("refresh_digest", Text, unique=True),
    Column("refresh_expires_at", Moment),
    *required(Moment, "created_at", "last_used_at"),
    # When the last of its tokens has expired, so that the row may be deleted; None means never.
    Column("ends_at", Moment),
    Column("revoked_at", Moment),
)

partial_index(
    "ix_grants_user_id_app_id",
    grants.c.user_id,
    grants.c.app_id,
    where=grants.c.user_id.is_not(None),
)
Index("ix_grants_app_id", grants.c.app_id)
Index("ix_grants_ends_at", grants.c.ends_at)
partial_index("ix_grants_revoked_at", grants.c.revoked_at, where=grants.c.revoked_at.is_not(None))

# Refresh tokens that a public app has exchanged already: presenting one again revokes the grant.
rotated_refresh_tokens = Table(
    "rotated_refresh_tokens",
    metadata,
    Column("digest", Text, primary_key=True),
    part_of("grant_id", "grants.id", index=True),
    Column("rotated_at", Moment, nullable=False, index=True),
)

# A code is deleted long after its use, not at once: its second use must be recognised.
authorization_codes = Table(
    "authorization_codes",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("app_id", Text, ForeignKey("authorized_apps.id"), nullable=False),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("redirect_uri_was_sent", Boolean, nullable=False),
    Column("code_challenge", Text),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    # The grant that the code was redeemed for: set once.
    Column("grant_id", Text),
)
