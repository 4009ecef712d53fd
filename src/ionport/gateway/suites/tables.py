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

api_suites = Table(
    "api_suites",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("application_name", Text, nullable=False),
    Column("suite_name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("context_key", Text, nullable=False),
    Column("icon", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    UniqueConstraint("tenant_id", "context_key", name="uq_api_suites_context"),
)

api_suite_icons = Table(
    "api_suite_icons",
    metadata,
    Column("suite_id", Text, ForeignKey("api_suites.id", ondelete="CASCADE"), primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

target_endpoints = Table(
    "target_endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column("suite_id", Text, ForeignKey("api_suites.id", ondelete="CASCADE"), nullable=False),
    Column("target_url", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("proxy_context", Text, nullable=False),
    Column("proxy_context_key", Text, nullable=False),
    Column("proxy_security", Text, nullable=False),
    Column("ignore_certificate_errors", Boolean, nullable=False),
    # Authentication type and what of it may be shown; the rest is sealed.
    Column("security", JSON, nullable=False),
    Column("sealed_secrets", Text),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    UniqueConstraint("suite_id", "proxy_context_key", name="uq_target_endpoints_proxy_context"),
)

api_policies = Table(
    "api_policies",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column(
        "suite_id",
        Text,
        ForeignKey("api_suites.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    # Empty for a policy of the whole suite.
    Column("endpoint_id", Text, ForeignKey("target_endpoints.id", ondelete="CASCADE"), index=True),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
)

api_documentation = Table(
    "api_documentation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("tenant_id", Text, ForeignKey("tenants.id"), nullable=False),
    Column(
        "endpoint_id",
        Text,
        ForeignKey("target_endpoints.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
)
