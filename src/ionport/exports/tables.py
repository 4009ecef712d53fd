"""Tables of export configurations and of the ledger: deliveries, steps, attempts, workers."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    and_,
    true,
)

from ionport.store import Moment, SentenceText, metadata, partial_index

export_configurations = Table(
    "export_configurations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey("organizations.id"), nullable=False),
    Column("sub_organization_id", Text, ForeignKey("organizations.id")),
    Column("title", Text, nullable=False),
    Column("document_type", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("connection_id", Text, ForeignKey("connections.id"), nullable=False, index=True),
    Column("accepts_at_least_once", Boolean(create_constraint=False), nullable=False),
    Column("is_active", Boolean(create_constraint=False), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    # A configuration that delivered something is hidden, not removed: the ledger names it.
    Column("deleted_at", Moment),
    # The values of its method's options, by the name of the option.
    Column("options", JSON, nullable=False),
    # Since when it takes documents that came in without a person; NULL: all that wait.
    Column("activated_at", Moment),
)

_c = export_configurations.c

# NULL is not equal to NULL in a unique index, hence one index for each case
# (docs/reference/document-system.md#one-active-configuration).
partial_index(
    "uq_export_configurations_active_main",
    _c.organization_id,
    _c.document_type,
    _c.family,
    unique=True,
    where=and_(_c.is_active == true(), _c.sub_organization_id.is_(None)),
)
partial_index(
    "uq_export_configurations_active_sub",
    _c.organization_id,
    _c.sub_organization_id,
    _c.document_type,
    _c.family,
    unique=True,
    where=_c.is_active == true(),
)

# The version of each mapping file that a configuration uses, until a person switches it.
configuration_mappings = Table(
    "configuration_mappings",
    metadata,
    Column("configuration_id", Text, ForeignKey("export_configurations.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("organization_id", Text, ForeignKey("organizations.id"), nullable=False),
    Column("mapping_id", Text, ForeignKey("mapping_files.id"), nullable=False, index=True),
    Column("version_id", Text, ForeignKey("mapping_versions.id"), nullable=False, index=True),
    PrimaryKeyConstraint("configuration_id", "kind"),
)

# A person's "all the same" about a proof that did not pass; counts until the next proof.
export_proof_decisions = Table(
    "export_proof_decisions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey("organizations.id"), nullable=False),
    Column("configuration_id", Text, ForeignKey("export_configurations.id"), nullable=False),
    Column(
        "connection_id",
        Text,
        ForeignKey("connections.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    # The check that it is about; empty when the connection was never proved.
    Column("check_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Index("ix_export_proof_decisions_configuration_id_made_at", "configuration_id", "made_at"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, ForeignKey("organizations.id"), nullable=False),
    Column("document_id", Text, ForeignKey("documents.id"), nullable=False),
    # As they were when the delivery was made: the ledger does not change when a title does.
    Column("document_name", Text, nullable=False),
    Column("configuration_id", Text, ForeignKey("export_configurations.id"), nullable=False),
    Column("configuration_title", Text, nullable=False),
    Column("connection_id", Text, ForeignKey("connections.id"), nullable=False, index=True),
    Column("method", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("correlation_id", Text, nullable=False, unique=True),
    Column("message_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("error_code", Text, nullable=False),
    Column("error_text", SentenceText, nullable=False),
    Column("remedy", SentenceText, nullable=False),
    Column("reason", Text, nullable=False),
    # When a pass may take it up: pending now, waiting later. Empty while a pass is under way,
    # and while something holds the delivery.
    Column("due_at", Moment),
    Column("idm_pid", Text),
    Column("created_by", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    # Start of the present series of attempts: the first pass, Retry or the end of a hold begin one.
    Column("tries_since", Moment),
    # How often a pass of this series was taken over; bounds how often a crash can repeat.
    Column("runs", Integer, nullable=False),
    # Who runs the pass that is due or under way, and the lease: see
    # docs/decisions/0019-who-may-send-and-when-another-may.md.
    Column("worker_id", Text),
    Column("pass_number", Integer, nullable=False),
    Column("renewal", Integer, nullable=False),
    Column("sent_attempt_id", Text),
    # Ids of mapping versions by kind; of a kind that is missing, the one that the configuration
    # uses when the delivery is rendered.
    Column("mapping_versions", JSON, nullable=False),
    # The ERP's number of the invoice: M3's batch number, LN's company and number.
    Column("erp_reference", Text),
    # The ERP's status, the reason of a rejection, and the number in its ledger.
    Column("erp_status", Text),
    Column("erp_text", Text, nullable=False),
    Column("erp_voucher", Text),
    Column("erp_changed_at", Moment),
    # The BODID of what went over ION, up to its query: answers repeat it.
    Column("bod_name", Text),
    # When the ERP is asked next or its status is checked for being overdue, empty for never; and
    # when the ERP had no such invoice first.
    Column("erp_ask_at", Moment),
    Column("erp_missed_at", Moment),
    UniqueConstraint("configuration_id", "document_id", "generation", name="uq_deliveries_key"),
    # With the organization, which every question names: SQLite would go by that alone.
    Index("ix_deliveries_document_id", "document_id", "organization_id"),
    Index("ix_deliveries_organization_id_created_at", "organization_id", "created_at"),
    Index("ix_deliveries_organization_id_status", "organization_id", "status"),
    Index(
        "ix_deliveries_configuration_id_status_finished_at",
        *("configuration_id", "status", "finished_at"),
    ),
)

# The mapping versions that deliveries have named, each once: such a version is kept for good.
named_mapping_versions = Table(
    "named_mapping_versions",
    metadata,
    Column("version_id", Text, ForeignKey("mapping_versions.id"), primary_key=True),
    Column("organization_id", Text, ForeignKey("organizations.id"), nullable=False),
)

_unfinished = deliveries.c.status.in_(("pending", "running", "waiting"))

# What the sweep reads: stays as small as the work that is left.
partial_index(
    "ix_deliveries_due",
    deliveries.c.due_at,
    where=_unfinished,
)

# Deliveries that an ERP is asked about: the poller reads these alone.
partial_index(
    "ix_deliveries_erp_ask_at",
    deliveries.c.erp_ask_at,
    where=deliveries.c.erp_ask_at.is_not(None),
)

# By which BODID an answer names a delivery.
partial_index(
    "ix_deliveries_bod_name",
    deliveries.c.connection_id,
    deliveries.c.bod_name,
    where=deliveries.c.bod_name.is_not(None),
)

# Deliveries that an ERP has rejected or sent no status of: few, in a list for a person.
for _told in ("rejected", "no_word"):
    partial_index(
        f"ix_deliveries_{_told}",
        deliveries.c.organization_id,
        deliveries.c.id,
        where=deliveries.c.erp_status == _told,
    )

# The leases that each worker watches.
partial_index(
    "ix_deliveries_running",
    deliveries.c.id,
    where=deliveries.c.status == "running",
)

delivery_steps = Table(
    "delivery_steps",
    metadata,
    Column("delivery_id", Text, ForeignKey("deliveries.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    # Numbers attempts; raising it is the compare-and-set that lets one worker send.
    Column("attempts", Integer, nullable=False),
    Column("remote_id", Text, nullable=False),
    Column("summary", SentenceText, nullable=False),
    # What render stored for this step: the same bytes and parameters on every attempt.
    Column("payload_digest", Text),
    Column("parameters", JSON, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    PrimaryKeyConstraint("delivery_id", "kind"),
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("delivery_id", Text, ForeignKey("deliveries.id"), nullable=False),
    Column("step", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("history", JSON, nullable=False),
    Column("worker_id", Text, nullable=False),
    Column("sent_at", Moment, nullable=False),
    Column("answered_at", Moment),
    Column("request", JSON, nullable=False),
    Column("response", JSON),
    Column("exchanges", JSON, nullable=False),
    Column("http_status", Integer),
    Column("milliseconds", Integer),
    Column("error_code", Text, nullable=False),
    Column("error_text", SentenceText, nullable=False),
    Column("remedy", SentenceText, nullable=False),
    Column("transient", Boolean(create_constraint=False)),
    # Of an unknown attempt: what is known of the end of its call (model.CallEnd).
    Column("call_end", Text, nullable=False),
    UniqueConstraint("delivery_id", "step", "number", name="uq_delivery_attempts_number"),
)

export_workers = Table(
    "export_workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("process", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)
