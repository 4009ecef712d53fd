"""Values of lists of deliveries: what they show, how they are sorted, and what they count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ionport.exports.model import DeliveryStatus


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries a list shows; empty parts do not restrict."""

    status: DeliveryStatus | None = None
    is_held: bool | None = None
    error_code: str | None = None
    configuration_id: str | None = None
    document_id: str | None = None
    text: str = ""
    created_from: datetime | None = None
    created_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why deliveries have failed or wait: the code they share, and the newest one's text."""

    code: str
    text: str
    remedy: str
    deliveries: int


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """How a configuration has delivered: its last success, and its failures of 24 hours."""

    last_success: datetime | None
    failures: int


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A connection whose servers do not answer: until when its deliveries wait, and why."""

    until: datetime
    deliveries: int
    text: str


class DeliverySort(StrEnum):
    """What a list of deliveries may be sorted by."""

    CREATED = "created"
    UPDATED = "updated"
    STATUS = "status"
    DOCUMENT = "document"
