"""Tables of authorized apps. A deleted app keeps its row, marked."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Integer, Table, Text

from ionport.store import Moment, metadata, partial_index
from ionport.store.schema import required

authorized_apps = Table(
    "authorized_apps",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("client_id", Text, nullable=False, unique=True),
    *required(Text, "name", "name_key", "type", "grant_type", "description"),
    Column("access_token_seconds", Integer, nullable=False),
    Column("issue_refresh_tokens", Boolean, nullable=False),
    Column("refresh_token_seconds", Integer, nullable=False),
    Column("is_public", Boolean, nullable=False),
    *required(JSON, "redirect_urls", "javascript_origins"),
    *required(
        Text, "download_url", "package_name", "certificate_fingerprint", "bundle_id", "app_store_id"
    ),
    Column("enforce_scopes", Boolean, nullable=False),
    Column("scopes", JSON, nullable=False),
    *required(Boolean, "user_impersonation", "id_translation", "use_bridge"),
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
