"""Writes OpenAPI 3.1 documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """Return a whole document; `security` is what each operation asks for that does not say.

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


def json_content(schema: Mapping[str, Any]) -> Json:
    """Return the content of a body or answer in JSON."""
    return {"application/json": {"schema": schema}}


def http_scheme(scheme: str) -> Json:
    """Return a security scheme of the Authorization header: `basic` or `bearer`."""
    return {"type": "http", "scheme": scheme}
