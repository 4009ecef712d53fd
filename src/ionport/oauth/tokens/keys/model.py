"""A signing key as stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SigningKeyRow:
    """A signing key as stored; `id` is its `kid`. One key is current, the others only verify."""

    id: str
    sealed_private_key: str
    is_current: bool
    created_at: datetime
    retired_at: datetime | None = None
