"""A credential of the control plane."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ionport.core.i18n import N_
from ionport.identity.model import AuditAction


@dataclass(frozen=True, slots=True)
class ControlKey:
    """A credential of the control plane; of the key itself only a digest is stored."""

    id: str
    tenant_id: str
    name: str
    created_at: datetime
    created_by: str


class ControlKeyAction(AuditAction):
    """What the audit log tells of a control key."""

    CREATED = "control_key.created", N_("Control key made")
    DELETED = "control_key.deleted", N_("Control key deleted")
