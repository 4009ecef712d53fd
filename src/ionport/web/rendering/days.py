"""Days of filters, as the addresses of lists have them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

DAY: Final = timedelta(days=1)


def day_start(text: str, zone: tzinfo | None = None) -> datetime | None:
    """Return the moment at which a day (YYYY-MM-DD) begins in a zone; None for what is no day."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Another zone may have another year.
    is_possible = 1971 <= day.year <= 9998
    return datetime.combine(day, time.min, zone or UTC) if is_possible else None
