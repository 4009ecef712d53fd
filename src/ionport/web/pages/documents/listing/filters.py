"""The filters of the document list: as its address has them, and a form that acts on all of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from ionport.core.i18n import _
from ionport.documents.model import DocumentFilter, DocumentStatus
from ionport.documents.review.life_cycle import PENDING
from ionport.documents.types import DOCUMENT_TYPES
from ionport.web.rendering.lists import unknown_values
from ionport.web.state import Visit

VALUES = ("due_from", "due_to", "supplier_id", "purchase_order")
"""Those of the parameters below that ask for values of the document."""
NAMES = ("q", "status", "document_type", "time", "from", "to", *VALUES)
"""The parameters of the list's address that narrow it down."""

DAYS = ("30", "90", "180", "365")
"""What the time control offers, in days; beside them all times, and two days of one's choice."""

APPROVAL = "approval"
"""Both statuses of a document that waits for an approval, as one filter."""


def filter_of(
    visit: Visit, values: Mapping[str, str], until: datetime | None = None
) -> DocumentFilter:
    """Return the filter of a list's parameters; unknown values count for nothing.

    Days begin in the organization's time zone, without one in UTC.
    """
    kind = values.get("document_type", "")
    zone = visit.organization.zone if visit.organization else None
    since, end = _times(values, visit.services.clock.now(), zone or UTC)
    ends = [each for each in (end, until) if each is not None]
    return DocumentFilter(
        statuses=_statuses(values.get("status", "")),
        document_types=frozenset({kind} if kind in DOCUMENT_TYPES else ()),
        text=values.get("q", ""),
        received_since=since,
        received_until=min(ends) if ends else None,
        due_since=_iso_day(values.get("due_from", "")),
        due_until=_iso_day(values.get("due_to", "")),
        supplier_id=values.get("supplier_id", "").strip(),
        purchase_order=values.get("purchase_order", "").strip(),
    )


def unknown_of(values: Mapping[str, str]) -> list[str]:
    """Return the parameters that have no meaning and for which the page has no choice."""
    time_of = values.get("time", "")
    kinds = {
        name: _day(values.get(name, "")) is not None
        for name in ("from", "to", "due_from", "due_to")
    }
    kinds["time"] = time_of in (*DAYS, "custom")
    return unknown_values(values, kinds)


def told(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return the parameters that are set, as a run keeps them."""
    return {name: values[name] for name in NAMES if values.get(name)}


def status_choices() -> list[tuple[str, str]]:
    """Return the statuses that a list is filtered by, with their labels."""
    found = [(each.value, each.label) for each in DocumentStatus if each is not DocumentStatus.NEW]
    return [*found, (APPROVAL, _("Any pending approval"))]


def _statuses(value: str) -> frozenset[DocumentStatus]:
    if value == APPROVAL:
        return PENDING
    return frozenset({DocumentStatus(value)} if value in list(DocumentStatus) else ())


def _times(
    values: Mapping[str, str], now: datetime, zone: tzinfo
) -> tuple[datetime | None, datetime | None]:
    if (days := values.get("time", "")) in DAYS:
        return now - timedelta(days=int(days)), None
    if days != "custom":
        return None, None
    first, last = _day(values.get("from", "")), _day(values.get("to", ""))
    since = datetime.combine(first, time.min, zone) if first else None
    return since, datetime.combine(last, time.max, zone) if last else None


def _iso_day(text: str) -> str:
    day = _day(text)
    return day.isoformat() if day else ""


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Another zone may have another year.
    return day if 1971 <= day.year <= 9998 else None
