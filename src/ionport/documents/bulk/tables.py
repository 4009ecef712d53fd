"""Tables of bulk runs. Times are moments in UTC."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table, Text

from ionport.documents.tables import documents
from ionport.identity.tables import organizations
from ionport.store import Moment, SentenceText, metadata, partial_index
from ionport.store.schema import part_of, required

bulk_runs = Table(
    "bulk_runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    *required(Text, "action", "state", "reason"),
    Column("selection", JSON, nullable=False),
    Column("person", Text, nullable=False),
    # The user's id; empty for the operator at the command line.
    Column("person_id", Text, nullable=False),
    *required(Integer, "total", "done", "left_out"),
    # Which process has it; empty for none. Each document is settled only while this is so.
    Column("worker", Text, nullable=False),
    *required(Moment, "created_at", "updated_at"),
    Column("ended_at", Moment),
    # When the person was asked; NULL in runs of old, which began as soon as they were decided.
    Column("asked_at", Moment),
    Index("ix_bulk_runs_organization_id", "organization_id", "created_at", "id"),
)
partial_index("ix_bulk_runs_running", bulk_runs.c.created_at, where=bulk_runs.c.state == "running")

bulk_items = Table(
    "bulk_items",
    metadata,
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    part_of("run_id", bulk_runs.c.id),
    Column("position", Integer, nullable=False),
    Column("document_id", Text, ForeignKey(documents.c.id), nullable=False),
    Column("result", Text, nullable=False),
    # Why it was left out; the code groups the reasons.
    *required(Text, "code"),
    *required(SentenceText, "text"),
    PrimaryKeyConstraint("run_id", "position"),
    Index("ix_bulk_items_result", "run_id", "result", "code", "position"),
)
