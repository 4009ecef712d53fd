"""Tables of one-time links. Times are moments in UTC, ids are text (`core.ids`)."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table, Text

from ionport.store import Moment, metadata

password_links = Table(
    "password_links",
    metadata,
    # Only the digest of a link's token is stored: a copy of the database opens no account.
    Column("digest", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    # A digest of the password's hash and the roles when the link was made: others end the link.
    Column("made_for", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("revoked_at", Moment),
)
