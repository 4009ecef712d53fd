"""The table of accounts at OpenID Connect providers. Times are moments in UTC."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table, Text

from ionport.store import Moment, metadata

openid_identities = Table(
    "openid_identities",
    metadata,
    # A person at a provider: the subject is never given to another person, an e-mail address may.
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
)
