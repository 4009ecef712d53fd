"""The list as CSV (RFC 4180), in UTF-8 with the byte order mark that Excel needs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from typing import Final

from ionport.core.http.csv_lines import BYTE_ORDER_MARK, csv_line
from ionport.documents.listing.columns import Column, file_columns
from ionport.documents.model import DocumentSummary

_IN_MEMORY: Final = 1 << 20


class CsvWriter:
    """Writes CSV; files over a megabyte go to a temporary file."""

    def __init__(self, chosen: Sequence[str] | None) -> None:
        self._columns = file_columns(chosen)
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - `close` closes it
        self._file.write(head(self._columns))

    def add(self, items: Sequence[DocumentSummary]) -> None:
        """Write the next documents."""
        self._file.write(lines(items, self._columns))

    def close(self) -> bytes:
        """End the file and return its content."""
        with self._file:
            self._file.seek(0)
            return self._file.read()

    def discard(self) -> None:
        """Drop what was written."""
        self._file.close()


def head(shown: Sequence[Column]) -> bytes:
    """Return the beginning of a file with its headings."""
    return BYTE_ORDER_MARK + csv_line(column.label for column in shown)


def lines(items: Iterable[DocumentSummary], shown: Sequence[Column]) -> bytes:
    """Return the lines of documents."""
    return b"".join(csv_line(column.text(item) for column in shown) for item in items)
