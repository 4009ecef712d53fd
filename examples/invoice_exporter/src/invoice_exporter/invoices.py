"""Reading the list of invoices: one row each, the file beside the list."""

from __future__ import annotations

import csv
import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

_COLUMNS = ("number", "supplier", "date", "currency", "total", "file")
_NAMESPACE = uuid.UUID("5c0f2d2e-3a86-4a47-9d0e-7f6f3f0f8f11")


class ListError(Exception):
    """The list cannot be read; the text says which row and why."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice of the list."""

    number: str
    supplier: str
    date: date
    currency: str
    total: Decimal
    file: Path

    @property
    def correlation_id(self) -> str:
        """An id that is the same at each export of this invoice: what was sent is found again."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.supplier}|{self.number}|{self.date.year}"))


def read_invoices(path: Path) -> list[Invoice]:
    """Read a CSV list with the columns number, supplier, date, currency, total and file.

    Raises:
        ListError: a column is missing, or a row cannot be read.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        if missing := set(_COLUMNS) - set(rows.fieldnames or ()):
            raise ListError(f"{path.name} has no column {', '.join(sorted(missing))}")
        return [_invoice(row, path.parent, number) for number, row in enumerate(rows, start=2)]


def _invoice(row: dict[str, str], folder: Path, line: int) -> Invoice:
    try:
        invoice = Invoice(
            number=row["number"],
            supplier=row["supplier"],
            date=date.fromisoformat(row["date"]),
            currency=row["currency"],
            total=Decimal(row["total"]),
            file=folder / row["file"],
        )
    except (ValueError, InvalidOperation) as error:
        raise ListError(f"line {line}: {error}") from error
    if not invoice.number or not invoice.file.is_file():
        raise ListError(f"line {line}: the number or the file {row['file']!r} is missing")
    return invoice
