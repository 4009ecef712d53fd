"""Pages of a result in the formats of Compass (docs/reference/data-fabric.md#results)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ionport.sandbox.datafabric.compass.model import (
    MAX_PAGE_BYTES,
    Columns,
    ResultFormat,
)

_Row = Sequence[Any]
_NOTHING = {ResultFormat.JSON: b"[]"}


def accepted_format(accept: str) -> ResultFormat | None:
    """Return the format that an Accept header asks for, the one that it prefers; None for none.

    What takes anything gets CSV.
    """
    preferred: list[tuple[float, ResultFormat]] = []
    for part in accept.split(",") if accept.strip() else ["*/*"]:
        name, *parameters = (each.strip().lower() for each in part.split(";"))
        known = _FORMATS.get(name)
        quality = _quality(parameters)
        if known is not None and quality > 0:
            preferred.append((quality, known))
    return max(preferred, key=lambda pair: pair[0])[1] if preferred else None


def page(
    columns: Columns, lines: Sequence[bytes], kind: ResultFormat, most_bytes: int = MAX_PAGE_BYTES
) -> bytes:
    """Write as many rows as fit into a page, at least one.

    No rows are an empty body, so that a client which reads lines finds none.
    """
    if not lines:
        return _NOTHING.get(kind, b"")
    names = [column["name"] for column in columns]
    write = _WRITERS[kind]
    parts = [_header(names)] if kind is ResultFormat.CSV else []
    size = sum(map(len, parts))
    for number, line in enumerate(lines):
        part = write(names, json.loads(line))
        size += len(part) + 1
        if number and size > most_bytes:
            break
        parts.append(part)
    if kind is ResultFormat.JSON:
        return b"[" + b",".join(parts) + b"]"
    return b"".join(parts)


def _quality(parameters: Sequence[str]) -> float:
    text = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return float(text)
    except ValueError:
        return 0


def _object(names: Sequence[str], row: _Row) -> bytes:
    content = dict(zip(names, row, strict=True))
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _line(names: Sequence[str], row: _Row) -> bytes:
    return _object(names, row) + b"\n"


def _cells(_names: Sequence[str], row: _Row) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["" if each is None else each for each in row])
    return text.getvalue().encode()


def _header(names: Sequence[str]) -> bytes:
    return _cells((), names)


_WRITERS: Mapping[ResultFormat, Callable[[Sequence[str], _Row], bytes]] = {
    ResultFormat.NDJSON: _line,
    ResultFormat.JSON: _object,
    ResultFormat.CSV: _cells,
}
_FORMATS: Mapping[str, ResultFormat] = {
    **{each.value: each for each in ResultFormat},
    "*/*": ResultFormat.CSV,
    "text/*": ResultFormat.CSV,
    "application/*": ResultFormat.JSON,
}
