"""Lines of the CSV files that are sent to people."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Final

# Excel reads UTF-8 where this mark stands.
BYTE_ORDER_MARK: Final = "\ufeff".encode()

# A spreadsheet takes what begins so for a formula; a number with its sign is none.
_FORMULA = re.compile(r"[=+\-@\t\r\n]")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def csv_line(cells: Iterable[str]) -> bytes:
    """Return a line of a CSV file, in which no spreadsheet takes a cell for a formula."""
    text = io.StringIO()
    csv.writer(text).writerow(map(_safe, cells))
    return text.getvalue().encode()


def _safe(cell: str) -> str:
    is_formula = _FORMULA.match(cell) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if is_formula else cell
