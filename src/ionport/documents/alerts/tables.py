"""Tables of alerts: one row of settings for each organization, and what is to be told (an outbox).

Times are moments in UTC.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, Table, Text

from ionport.identity.tables import organizations
from ionport.store import Moment, SentenceText, metadata, partial_index
from ionport.store.schema import required

alert_settings = Table(
    "alert_settings",
    metadata,
    Column("organization_id", Text, ForeignKey(organizations.c.id), primary_key=True),
    Column("is_on", Boolean(create_constraint=False), nullable=False),
    *required(JSON, "events", "recipients"),
    *required(Text, "pace", "sender", "host"),
    Column("port", Integer, nullable=False),
    *required(Text, "security", "username"),
    # The password; null where nobody signs on.
    Column("sealed", Text),
    # Nothing is sent before: a digest's time, the pause after a failure, or a worker's lease.
    Column("due_at", Moment),
    # Raising it is the compare-and-set that lets one worker send; failures in a row.
    *required(Integer, "claims", "failures"),
    Column("failing_since", Moment),
    *required(Text, "error"),
    *required(SentenceText, "answer"),
    Column("sent_at", Moment),
    Column("updated_at", Moment, nullable=False),
    Column("updated_by", Text, nullable=False),
)

alert_messages = Table(
    "alert_messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey(organizations.c.id), nullable=False),
    *required(Text, "type", "document_id", "delivery_id"),
    *required(SentenceText, "text"),
    *required(Text, "state"),
    Column("created_at", Moment, nullable=False),
    # Those with one are sent together, and again under the same Message-ID.
    Column("mail_id", Text),
    # How often it was handed over, or may have been, without an answer that says so.
    Column("open_tries", Integer, nullable=False),
    Column("finished_at", Moment),
    Index("ix_alert_messages_organization_id", "organization_id", "created_at", "id"),
    Index("ix_alert_messages_created_at", "created_at"),
)

# What the sender reads: stays as small as the work that is left.
partial_index(
    "ix_alert_messages_waiting",
    alert_messages.c.organization_id,
    alert_messages.c.created_at,
    alert_messages.c.id,
    where=alert_messages.c.state == "waiting",
)
