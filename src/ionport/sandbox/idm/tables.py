"""IDM's tables. The item's number is an integer because a pid carries one."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from ionport.store import Moment, metadata

idm_items = Table(
    "idm_items",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("tenant_id", Text, nullable=False),
    Column("entity_name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("acl", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
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
    Column("tenant_id", Text, nullable=False),
    Column("entity_name", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("value", Text, nullable=False),
    # Values may be longer than an index takes; equality is looked up by their digest.
    Column("value_sha256", Text, nullable=False),
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
    Column("name", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("mime_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
)

STATE_TABLES = (idm_items, idm_attributes, idm_resources)
