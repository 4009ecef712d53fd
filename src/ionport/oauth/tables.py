"""Tables of the authorization server. Deleted apps and accounts keep their row, marked.

The mark kills every token at once, without touching a grant; the rows go in small bites later.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, Table, Text

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
    # Raised to kill every token at once: a grant of an earlier generation is dead.
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
)

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
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment, nullable=False),
    # When the last of its tokens is over, so that the row may go; None means never.
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
partial_index(
    "ix_grants_revoked_at",
    grants.c.revoked_at,
    where=grants.c.revoked_at.is_not(None),
)

# Refresh tokens that a public app has exchanged already: whoever shows one closes the grant.
rotated_refresh_tokens = Table(
    "rotated_refresh_tokens",
    metadata,
    Column("digest", Text, primary_key=True),
    Column(
        "grant_id",
        Text,
        ForeignKey("grants.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
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

consents = Table(
    "consents",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("app_id", Text, ForeignKey("authorized_apps.id"), primary_key=True, index=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

# Ids of signed assertions seen (RFC 7523 §3 `jti`, RFC 7522): none is taken twice.
used_assertions = Table(
    "used_assertions",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("assertion_id", Text, primary_key=True),
    Column("expires_at", Moment, nullable=False, index=True),
)

# Whose SAML assertions a tenant takes (RFC 7522).
saml_issuers = Table(
    "saml_issuers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("entity_id", Text, nullable=False),
    Column("certificate", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Index("uq_saml_issuers_tenant_id_entity_id", "tenant_id", "entity_id", unique=True),
)

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

# The installation's keys: every tenant's tokens are told apart by issuer and claim.
signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sealed_private_key", Text, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    # Since when it only verifies; it goes when the last token that it signed is over.
    Column("retired_at", Moment),
)
partial_index(
    "uq_signing_keys_is_current",
    signing_keys.c.is_current,
    unique=True,
    where=signing_keys.c.is_current.is_(True),
)
