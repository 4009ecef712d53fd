"""A credential of the control plane."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ControlKey:
    """A credential of the control plane; of the key itself only a digest is stored."""

    id: str
    tenant_id: str
    name: str
    created_at: datetime
    created_by: str
