"""Values of the lock of a document that somebody edits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LAPSES_AFTER: Final = timedelta(minutes=10)
"""How long a lock is kept after its person opened the form last."""


@dataclass(frozen=True, slots=True)
class EditLock:
    """Somebody has a document's form open: since then, and until it lapses by itself."""

    document_id: str
    person_id: str
    person: str
    since: datetime
    until: datetime
