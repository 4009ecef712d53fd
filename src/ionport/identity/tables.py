"""Tables of identity. Times are moments in UTC, ids are text (`core.ids`)."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Table, Text, text

from ionport.store import Moment, metadata
from ionport.store.schema import required

tenants = Table(
    "tenants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("created_at", Moment, nullable=False),
)

organizations = Table(
    "organizations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("parent_id", Text, ForeignKey("organizations.id"), index=True),
    Column("created_at", Moment, nullable=False),
    # A name of the IANA database; empty for UTC on the server and the reader's own in a browser.
    Column("time_zone", Text, nullable=False, server_default=text("''")),
)

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("username", Text, nullable=False),
    # The username without regard to case: what sign-in looks up and what must be unique.
    Column("username_key", Text, nullable=False, unique=True),
    *required(Text, "full_name", "email"),
    Column("identity2", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("is_disabled", Boolean(create_constraint=False), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_sign_in_at", Moment),
    # Chosen for the pages; empty: as the browser asks.
    Column("language", Text, nullable=False, server_default=text("''")),
)

tenant_memberships = Table(
    "tenant_memberships",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), primary_key=True, index=True),
    Column("role", Text, nullable=False),
)

organization_memberships = Table(
    "organization_memberships",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("organization_id", Text, ForeignKey("organizations.id"), primary_key=True, index=True),
    Column("role", Text, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    # Only the digest of a session's token is stored: a copy of the database signs nobody in.
    Column("digest", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False, index=True),
    Column("address", Text),
    *required(Moment, "created_at", "seen_at"),
    Column("expires_at", Moment, nullable=False, index=True),
    # The browser's User-Agent, cut; None for a session from before this was noted.
    Column("device", Text),
    # A `SignInWay`; empty for a session from before this was noted.
    Column("begun_by", Text, nullable=False, server_default=text("''")),
)

setup_links = Table(
    "setup_links",
    metadata,
    Column("digest", Text, primary_key=True),
    *required(Moment, "created_at", "expires_at"),
    Column("used_at", Moment),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("id", Text, primary_key=True),
    # A digest of whose attempts they are (`attempts`): of the account that a stranger tries, of a
    # known browser, or of a signed-in user. The latter two have an empty address.
    *required(Text, "username_digest", "address"),
    Column("at", Moment, nullable=False, index=True),
    Index("ix_sign_in_attempts_username_digest_at", "username_digest", "at"),
    Index("ix_sign_in_attempts_address_at", "address", "at"),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Text, primary_key=True),
    *required(Text, "scope_kind", "scope_id"),
    Column("actor_id", Text),
    Column("actor_name", Text, nullable=False),
    Column("address", Text),
    *required(Text, "action", "subject"),
    Column("details", JSON, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_audit_log_scope_kind_scope_id_at", "scope_kind", "scope_id", "at"),
)
