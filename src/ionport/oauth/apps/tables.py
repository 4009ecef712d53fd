"""Tables of authorized apps. A deleted app keeps its row, marked."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Integer, Table, Text

from ionport.store import Moment, metadata, partial_index

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
    Column("is_public", Boolean, nullable=False),
    Column("redirect_urls", JSON, nullable=False),
    Column("javascript_origins", JSON, nullable=False),
    Column("download_url", Text, nullable=False),
    Column("package_name", Text, nullable=False),
    Column("certificate_fingerprint", Text, nullable=False),
    Column("bundle_id", Text, nullable=False),
    Column("app_store_id", Text, nullable=False),
    Column("enforce_scopes", Boolean, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("user_impersonation", Boolean, nullable=False),
    Column("id_translation", Boolean, nullable=False),
    Column("use_bridge", Boolean, nullable=False),
    # Raised to end every token at once: a grant of an earlier generation has ended.
    Column("token_generation", Integer, nullable=False),
    Column("is_disabled", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("changed_at", Moment),
    Column("changed_by", Text),
    Column("deleted_at", Moment),
)
partial_index(
    "uq_authorized_apps_tenant_id_name_key",
    authorized_apps.c.tenant_id,
    authorized_apps.c.name_key,
    unique=True,
    where=authorized_apps.c.deleted_at.is_(None),
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
    # Set when a newer secret takes over: both are valid until then.
    Column("expires_at", Moment),
)

# Public halves of the key pairs that an app signs its assertions with; `id` is the `kid`.
bridge_keys = Table(
    "bridge_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("app_id", Text, ForeignKey("authorized_apps.id"), nullable=False, index=True),
    Column("public_jwk", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
)
