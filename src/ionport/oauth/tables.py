"""Tables of the authorization server. Deleted apps and accounts keep their row, marked.

The mark kills every token at once, without touching a grant; the rows go in small bites later.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text

from ionport.store import Moment, metadata

authorized_apps = Table(
    "authorized_apps",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("client_id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("grant_type", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("access_token_seconds", Integer, nullable=False),
    Column("issue_refresh_tokens", Boolean, nullable=False),
    Column("refresh_token_seconds", Integer, nullable=False),
    Column("is_disabled", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("deleted_at", Moment),
)
Index(
    "uq_authorized_apps_tenant_id_name_key",
    authorized_apps.c.tenant_id,
    authorized_apps.c.name_key,
    unique=True,
    sqlite_where=authorized_apps.c.deleted_at.is_(None),
    postgresql_where=authorized_apps.c.deleted_at.is_(None),
)

# A list for each app, so that a secret can be rotated with both valid for a while.
client_secrets = Table(
    "client_secrets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("app_id", Text, ForeignKey("authorized_apps.id"), nullable=False, index=True),
    Column("digest", Text, nullable=False),
    Column("sealed", Text),
    Column("created_at", Moment, nullable=False),
)

service_accounts = Table(
    "service_accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("app_id", Text, ForeignKey("authorized_apps.id"), nullable=False, index=True),
    Column("user_id", Text, ForeignKey("users.id"), index=True),
    Column("access_key", Text, nullable=False, unique=True),
    # Empty once the account is deleted.
    Column("secret_digest", Text, nullable=False),
    Column("is_disabled", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("last_used_at", Moment),
    Column("deleted_at", Moment),
)

# One row for each login: no index but what the hot path looks up.
grants = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("app_id", Text, ForeignKey("authorized_apps.id"), nullable=False),
    Column("service_account_id", Text, ForeignKey("service_accounts.id")),
    Column("refresh_digest", Text, unique=True),
    Column("refresh_expires_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

# Single access tokens revoked before their time; a revoked grant needs no rows here.
revoked_access_tokens = Table(
    "revoked_access_tokens",
    metadata,
    Column("token_id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

# The installation's keys: every tenant's tokens are told apart by issuer and claim.
signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sealed_private_key", Text, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)
Index(
    "uq_signing_keys_is_current",
    signing_keys.c.is_current,
    unique=True,
    sqlite_where=signing_keys.c.is_current.is_(True),
    postgresql_where=signing_keys.c.is_current.is_(True),
)
