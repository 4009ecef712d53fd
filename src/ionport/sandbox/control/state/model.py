"""A kept state of a tenant's sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
