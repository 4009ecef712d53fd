"""The table of SAML issuers."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from ionport.store import Moment, metadata
from ionport.store.schema import required

# Whose SAML assertions a tenant takes (RFC 7522).
saml_issuers = Table(
    "saml_issuers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    *required(Text, "entity_id", "certificate"),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Index("uq_saml_issuers_tenant_id_entity_id", "tenant_id", "entity_id", unique=True),
)
