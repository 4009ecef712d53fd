"""A kept state of a tenant's sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ionport.core.i18n import N_
from ionport.identity.model import AuditAction


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The kept state of a tenant's imitated services; `size` is in bytes, as it is kept."""

    id: str
    tenant_id: str
    name: str
    rows: int
    size: int
    content_sha256: str
    created_at: datetime
    created_by: str


class StateAction(AuditAction):
    """What the audit log tells of the sandbox's state."""

    RESET = "sandbox.reset", N_("Sandbox reset")
    SEEDED = "sandbox.seeded", N_("Sandbox seeded")
    SNAPSHOT_TAKEN = "sandbox.snapshot_taken", N_("Snapshot taken")
    SNAPSHOT_RESTORED = "sandbox.snapshot_restored", N_("Snapshot restored")
    SNAPSHOT_DELETED = "sandbox.snapshot_deleted", N_("Snapshot deleted")
