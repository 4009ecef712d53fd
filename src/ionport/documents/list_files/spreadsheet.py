"""The list as an Excel workbook: amounts are numbers, dates are dates, and no text is a formula.

This module alone imports xlsxwriter (docs/decisions/0040-xlsxwriter-writes-lists.md), in its mode
that keeps one row in memory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from ionport.core.i18n import _
from ionport.documents.listing.columns import Column, Kind, file_columns
from ionport.documents.model import DocumentSummary

_LONGEST_TEXT: Final = 32_767
# How many digits Excel keeps of a number, and the first year after its leap year error.
_DIGITS: Final = 15
_FIRST_YEAR: Final = 1901


class SpreadsheetWriter:
    """Writes a workbook of one sheet in a temporary folder."""

    def __init__(self, chosen: Sequence[str] | None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ionport-list-")
        self._path = Path(self._folder.name) / "list.xlsx"
        options = {
            "constant_memory": True,
            "tmpdir": self._folder.name,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_date_format": "yyyy-mm-dd",
        }
        # Here, because the sandbox runs without this package.
        import xlsxwriter

        self._book = xlsxwriter.Workbook(str(self._path), options)
        self._sheet = self._book.add_worksheet(_("Documents")[:31])
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._amounts: dict[int, Any] = {}
        self._columns = file_columns(chosen)
        bold = self._book.add_format({"bold": True, "bottom": 1})
        self._sheet.freeze_panes(1, 1)
        for number, column in enumerate(self._columns):
            self._sheet.set_column(number, number, column.width)
            self._sheet.write_string(0, number, column.label, bold)
        self._rows = 0

    def add(self, items: Sequence[DocumentSummary]) -> None:
        """Write the next documents."""
        for item in items:
            self._rows += 1
            for number, column in enumerate(self._columns):
                self._write(number, column, item)

    def close(self) -> bytes:
        """End the file and return its content."""
        with self._folder:
            self._sheet.autofilter(0, 0, self._rows, len(self._columns) - 1)
            self._book.close()
            return self._path.read_bytes()

    def discard(self) -> None:
        """Give up what was written."""
        # Closing writes a workbook of what is there, and its files are gone only then.
        with self._folder:
            self._book.close()

    def _write(self, number: int, column: Column, item: DocumentSummary) -> None:
        text = column.text(item)
        row, sheet = self._rows, self._sheet
        if not text:
            return
        if column.kind in (Kind.COUNT, Kind.AMOUNT) and (value := _number(text)) is not None:
            sheet.write_number(row, number, float(value), self._format(column, text))
        elif column.kind is Kind.DAY and (day := _day(text)) is not None:
            sheet.write_datetime(row, number, day, self._day)
        elif column.kind is Kind.MOMENT:
            at = datetime.fromisoformat(text).replace(tzinfo=None)
            sheet.write_datetime(row, number, at, self._moment)
        else:
            sheet.write_string(row, number, text[:_LONGEST_TEXT])

    def _format(self, column: Column, text: str) -> Any:
        if not column.is_amount:
            return None
        decimals = len(text.partition(".")[2])
        if decimals not in self._amounts:
            places = "." + "0" * decimals if decimals else ""
            self._amounts[decimals] = self._book.add_format({"num_format": f"#,##0{places}"})
        return self._amounts[decimals]


def _number(text: str) -> Decimal | None:
    """Return a number that Excel keeps as it is; None for one with more digits than it has."""
    try:
        value = Decimal(text).normalize()
    except InvalidOperation:
        return None
    is_kept = value.is_finite() and len(value.as_tuple().digits) <= _DIGITS
    return value if is_kept and abs(_exponent(value)) <= _DIGITS else None


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year >= _FIRST_YEAR else None
