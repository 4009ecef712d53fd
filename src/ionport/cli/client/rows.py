"""The rows of a CSV or Excel file, as input fields of an M3 transaction.

The first row names the fields (`SUNO`, `CUNO`, …). Empty cells are not sent. Numbers are written
without a separator of thousands and with a point, dates as `YYYYMMDD`
(docs/reference/m3.md#transactions-and-fields).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from ionport.ionapi.errors import RequestRefused
from ionport.ionapi.loading.loader import Row

MAX_ROWS: Final = 1_000_000
_MAX_COLUMNS: Final = 500
_MAX_CELL: Final = 32_000
_FIELD = re.compile(r"[A-Z][A-Z0-9]{3}")
_DELIMITERS = ",;\t|"
_SPREADSHEETS = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})


def read_rows(
    path: Path, *, sheet: str = "", fields: Mapping[str, str] | None = None
) -> Iterator[Row]:
    """Yield the rows of a file, empty ones left out.

    `sheet` names the sheet of a workbook (default: the first), `fields` gives the M3 field of
    columns with other names; a column that it gives an empty name is left out.

    Raises:
        RequestRefused: the file is no table, a column is no field of M3, or a cell is too long.
        OSError: the file cannot be read.
    """
    cells = _workbook(path, sheet) if path.suffix.lower() in _SPREADSHEETS else _csv(path)
    names: list[str] | None = None
    for number, row in enumerate(cells, start=1):
        texts = [_text(cell) for cell in row]
        if names is None:
            names = _names(texts, fields or {})
            continue
        if number > MAX_ROWS:
            raise RequestRefused(f"A file has at most {MAX_ROWS:,} rows. Cut it into several.")
        if any(texts[len(names) :]):
            raise RequestRefused(f"Row {number} has more cells than the first row has names.")
        pairs = zip(names, texts, strict=False)
        record = {name: text for name, text in pairs if name and text}
        if any(len(text) > _MAX_CELL for text in record.values()):
            raise RequestRefused(f"Row {number} has a cell of more than {_MAX_CELL:,} characters.")
        if record:
            yield Row(number, record)
    if names is None:
        raise RequestRefused("The file is empty: its first row names the fields, such as SUNO.")


def _names(texts: Sequence[str], fields: Mapping[str, str]) -> list[str]:
    if len(texts) > _MAX_COLUMNS:
        raise RequestRefused(f"A file has at most {_MAX_COLUMNS} columns.")
    titles = [text.strip() for text in texts]
    if unknown := sorted(set(fields) - set(titles)):
        raise RequestRefused(f"The file has no column {unknown[0]!r}.")
    names = [fields.get(title, title.upper()) for title in titles]
    for title, name in zip(titles, names, strict=True):
        if name and not _FIELD.fullmatch(name):
            raise RequestRefused(
                f"The column {title[:40]!r} is no field of M3: a field has four letters or digits,"
                " such as SUNO. Give the field's name, or leave the column out."
            )
        if name and names.count(name) > 1:
            raise RequestRefused(f"Two columns are the field {name}.")
    if not any(names):
        raise RequestRefused("The first row names no field of M3, such as SUNO.")
    return names


def _csv(path: Path) -> Iterator[Sequence[str]]:
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        try:
            head = file.readline()
            file.seek(0)
            delimiter = max(_DELIMITERS, key=head.count)
            yield from csv.reader(file, delimiter=delimiter, strict=True)
        except csv.Error as error:
            raise RequestRefused(f"{path.name} is no CSV file: {error}.") from error
        except UnicodeError as error:
            raise RequestRefused(
                f"{path.name} is no text in UTF-8, UTF-16 or Windows-1252: save it as CSV UTF-8."
            ) from error


def _encoding(path: Path) -> str:
    """Return UTF-8 where the whole file is, else what Excel writes in Western Europe."""
    with path.open("rb") as file:
        if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
    try:
        with path.open(encoding="utf-8-sig") as file:
            while text := file.read(1 << 20):
                if "\0" in text:
                    raise RequestRefused(f"{path.name} is no text: save the table as CSV or XLSX.")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _workbook(path: Path, sheet: str) -> Iterator[Sequence[Any]]:
    try:
        import python_calamine
    except ModuleNotFoundError as error:
        raise RequestRefused(
            "Excel files need the extra 'xlsx'. Install it, or save the table as CSV."
        ) from error
    path.open("rb").close()  # the error is ours, not the library's
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        names = workbook.sheet_names
        if sheet and sheet not in names:
            raise RequestRefused(f"There is no sheet {sheet!r}. There are: {', '.join(names)}.")
        found = workbook.get_sheet_by_name(sheet or names[0])
        start = found.start or (0, 0)
        # A spreadsheet counts rows and columns that come before the first cell, too.
        yield from ((),) * start[0]
        yield from ((*("",) * start[1], *row) for row in found.iter_rows())
    except (python_calamine.CalamineError, IndexError) as error:
        raise RequestRefused(f"{path.name} cannot be read as a workbook: {error}") from error


_AS_TEXT: Mapping[type, Callable[[Any], str]] = {
    bool: lambda cell: "1" if cell else "0",
    float: lambda cell: (
        str(int(cell)) if cell.is_integer() else f"{Decimal(format(cell, '.15g')):f}"
    ),
    datetime: lambda cell: cell.strftime("%Y%m%d"),
    date: lambda cell: cell.strftime("%Y%m%d"),
    time: lambda cell: cell.strftime("%H%M%S"),
}


def _text(cell: Any) -> str:
    convert = _AS_TEXT.get(type(cell), str)
    return convert(cell).strip()
