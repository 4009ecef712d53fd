"""The answers of Data Fabric as values (docs/reference/data-fabric.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..answers.faults import plain
from ..calls import Answer

QUERY_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True, slots=True)
class QueryStatus:
    """The status of a query: RUNNING, FINISHED, FAILED or CANCELED; `message` is why it failed."""

    query_id: str
    status: str
    message: str = ""
    columns: tuple[str, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether the query runs no more."""
        return self.status != "RUNNING"


@dataclass(frozen=True, slots=True)
class QueryRows:
    """The result of a query: the names of its columns, and its rows by these names."""

    query_id: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DataObject:
    """A data object of the lake; `fields` are all that Data Fabric answers about it."""

    id: str
    document_name: str
    instances: int
    fields: Mapping[str, Any] = field(repr=False, hash=False)


def query_status(answer: Answer) -> QueryStatus:
    """Read the status of a query; raises AnswerRefused."""
    data = answer.json_object()
    # A client in C# reads the id as QueryId.
    query_id, status = data.get("queryId", data.get("QueryId")), data.get("status")
    if not isinstance(query_id, str) or not isinstance(status, str):
        raise answer.refused("bad_shape", "The answer names no query or no status.")
    if not QUERY_ID.fullmatch(query_id):
        raise answer.refused("bad_shape", "The id of the query is not one.")
    columns = data.get("columns")
    names = [
        each.get("name") if isinstance(each, dict) else each
        for each in (columns if isinstance(columns, list) else [])
    ]
    return QueryStatus(
        query_id,
        plain(answer, status).upper(),
        plain(answer, data.get("message")),
        tuple(name for name in names if isinstance(name, str)),
    )


def read_rows(answer: Answer) -> list[Mapping[str, Any]]:
    """Read rows as NDJSON, or as one JSON list where a tenant answers so."""
    if not answer.content.strip():
        return []
    if answer.is_html:
        raise answer.refused("html", "Data Fabric answered with an HTML page.")
    try:
        text = answer.content.decode("utf-8-sig")
        found = [json.loads(line) for line in text.split("\n") if line.strip()]
    except (ValueError, RecursionError):
        found = answer.json()
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], list):
        found = found[0]
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise answer.refused("bad_shape", "The rows of the result are no JSON objects.")
    return found


def data_object(answer: Answer, content: Any) -> DataObject:
    """Read one data object of a list; raises AnswerRefused."""
    if not isinstance(content, dict) or not isinstance(content.get("dl_id"), str):
        raise answer.refused("bad_shape", "A data object has no dl_id.")
    count = content.get("dl_instance_count")
    return DataObject(
        content["dl_id"],
        plain(answer, content.get("dl_document_name")),
        count if isinstance(count, int) else 0,
        content,
    )
