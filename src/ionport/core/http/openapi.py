"""Writes the OpenAPI 3.1 documents of the machine interfaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]


def document(
    title: str,
    version: str,
    paths: Mapping[str, Mapping[str, Any]],
    *,
    components: Mapping[str, Any],
    description: str = "",
    server: str = "",
    security: Sequence[Mapping[str, Sequence[str]]] = (),
) -> Json:
    """Return a whole document; `security` holds for each operation that names none of its own.

    `server` is the address that the paths are relative to; empty: the document's own.
    """
    made: Json = {"openapi": "3.1.0", "info": {"title": title, "version": version}}
    if description:
        made["info"]["description"] = description
    if server:
        made["servers"] = [{"url": server}]
    if security:
        made["security"] = list(security)
    return {**made, "paths": paths, "components": components}


def paths_of(operations: Iterable[tuple[str, str, Json]]) -> Json:
    """Return the paths of operations that are each given as path, method and description.

    Of two for the same path and method the first counts, as it does in an endpoint table.
    """
    paths: Json = {}
    for path, method, operation in operations:
        paths.setdefault(path, {}).setdefault(method.lower(), operation)
    return paths


def parameter(name: str, place: str, **said: object) -> Json:
    """Return a parameter; `place` is `path` or `query`, `said` what else a document tells of it."""
    return {"name": name, "in": place, **said}


def json_content(schema: Mapping[str, Any], *, example: object = None) -> Json:
    """Return the content of a body or answer in JSON."""
    shown = {} if example is None else {"example": example}
    return {"application/json": {"schema": schema, **shown}}


def http_scheme(scheme: str) -> Json:
    """Return a security scheme of the Authorization header: `basic` or `bearer`."""
    return {"type": "http", "scheme": scheme}
