"""Tables of API suites, their target endpoints, policies and documentation."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from ionport.store import Moment, metadata
from ionport.store.schema import part_of, required

api_suites = Table(
    "api_suites",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    *required(
        Text, "application_name", "suite_name", "description", "context", "context_key", "icon"
    ),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    UniqueConstraint("tenant_id", "context_key", name="uq_api_suites_context"),
)

api_suite_icons = Table(
    "api_suite_icons",
    metadata,
    part_of("suite_id", "api_suites.id", primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

target_endpoints = Table(
    "target_endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    part_of("suite_id", "api_suites.id"),
    *required(
        Text, "target_url", "description", "proxy_context", "proxy_context_key", "proxy_security"
    ),
    Column("ignore_certificate_errors", Boolean, nullable=False),
    # Authentication type and what of it may be shown; the rest is sealed.
    Column("security", JSON, nullable=False),
    Column("sealed_secrets", Text),
    Column("is_active", Boolean, nullable=False),
    *required(Moment, "created_at", "changed_at"),
    UniqueConstraint("suite_id", "proxy_context_key", name="uq_target_endpoints_proxy_context"),
)

api_policies = Table(
    "api_policies",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    part_of("suite_id", "api_suites.id", index=True),
    # Empty for a policy of the whole suite.
    Column("endpoint_id", Text, ForeignKey("target_endpoints.id", ondelete="CASCADE"), index=True),
    *required(Text, "type", "name", "flow", "definition"),
    Column("is_enabled", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
)

api_documentation = Table(
    "api_documentation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    part_of("endpoint_id", "target_endpoints.id", index=True),
    *required(Text, "name", "title", "version", "content"),
    Column("size", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
)
