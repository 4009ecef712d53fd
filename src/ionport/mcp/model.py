"""What the tools may do, and the bounds of their answers."""

from __future__ import annotations

import re
from typing import Final

from ionport.core.errors import InvalidInput

# A program reads an answer whole, so that lists and texts are kept short.
MOST_ROWS: Final = 50
MOST_RECORDS: Final = 200
LONGEST_TEXT: Final = 2_000
LONGEST_ARGUMENT: Final = 200

# M3 runs any transaction by the call that reads, also one that changes something: only the names
# that M3 gives to reading ones are let through (docs/reference/m3.md#transactions-and-fields).
_READING: Final = re.compile(r"(Get|Lst|List|Sel|Search)[A-Za-z0-9]*")


def require_reading(transaction: str) -> None:
    """Raise InvalidInput for a transaction of M3 that may change something."""
    if not _READING.fullmatch(transaction):
        raise InvalidInput(
            f"The transaction {transaction[:40]!r} is not called: only those whose names begin with"
            " Get, Lst, List, Sel or Search are, as they read. Changes are made by exports, or by"
            " a person with 'ionport m3 run --write'."
        )


def cut(text: str, most: int = LONGEST_TEXT) -> str:
    """Return a text, its end left out where it is long."""
    return text if len(text) <= most else f"{text[:most]}…"
