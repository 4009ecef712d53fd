"""IDM's tables. The item's number is an integer because a pid carries one.

The shipped document types are in the code; `idm_entities`, `idm_entity_attributes` and
`idm_entity_acls` hold what an administrator has added, to these and to types of their own.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from ionport.store import Moment, metadata
from ionport.store.schema import required

idm_items = Table(
    "idm_items",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    *required(Text, "tenant_id", "entity_name"),
    Column("version", Integer, nullable=False),
    *required(Text, "acl", "created_by"),
    Column("created_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("checked_out_by", Text),
    Column("checked_out_at", Moment),
    Index("ix_idm_items_tenant_id", "tenant_id", "entity_name", "number"),
    # A number of a deleted item is never given again.
    sqlite_autoincrement=True,
)

idm_attributes = Table(
    "idm_attributes",
    metadata,
    Column(
        "item_number",
        Integer,
        ForeignKey("idm_items.number", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *required(Text, "tenant_id", "entity_name", "name", "value"),
    # Values may be longer than an index takes; equality is looked up by their digest.
    Column("value_sha256", Text, nullable=False),
    # For numbers and timestamps only: their texts sort in another order than the values.
    Column("order_key", LargeBinary),
    Index("ix_idm_attributes_value", "tenant_id", "entity_name", "name", "value_sha256"),
)

idm_resources = Table(
    "idm_resources",
    metadata,
    Column(
        "item_number",
        Integer,
        ForeignKey("idm_items.number", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *required(Text, "name", "filename", "mime_type"),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
)

# The item's states before its present version, and while it is checked out, before the check-out.
idm_versions = Table(
    "idm_versions",
    metadata,
    Column(
        "item_number",
        Integer,
        ForeignKey("idm_items.number", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("acl", Text, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

# Rows and not JSON, so that the sweep of blobs sees which are still in use.
idm_version_resources = Table(
    "idm_version_resources",
    metadata,
    Column(
        "item_number",
        Integer,
        ForeignKey("idm_items.number", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *required(Text, "name", "filename", "mime_type"),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
)

idm_entities = Table(
    "idm_entities",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    *required(Text, "description", "default_acl"),
    Column("created_at", Moment, nullable=False),
)

idm_entity_attributes = Table(
    "idm_entity_attributes",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("entity_name", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    *required(Text, "description", "type", "default_value"),
    *required(Boolean, "is_required", "is_unique", "is_searchable"),
    Column("max_length", Integer),
    Column("value_list", JSON, nullable=False),
    Column("position", Integer, nullable=False),
)

idm_entity_acls = Table(
    "idm_entity_acls",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("entity_name", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("description", Text, nullable=False),
    Column("position", Integer, nullable=False),
)

# The tables of a tenant's state, parents before their children.
STATE_TABLES = (
    idm_items,
    idm_attributes,
    idm_resources,
    idm_versions,
    idm_version_resources,
    idm_entities,
    idm_entity_attributes,
    idm_entity_acls,
)
