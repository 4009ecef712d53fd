"""The control plane as an OpenAPI 3.1 document, made from its list of endpoints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from ionport import __version__
from ionport.sandbox.control.http.endpoint import PREFIX, Endpoint

_PROBLEM: Final = {
    "description": "What is wrong, as problem details (RFC 9457).",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "code"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "code": {"type": "string"},
                    "instance": {"type": "string"},
                    "fields": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            }
        }
    },
}


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """Return the document."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        path = paths.setdefault(f"{PREFIX}/{{tenant}}{endpoint.path}", {})
        path[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "ionport control plane", "version": __version__},
        "security": [{"controlKey": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"controlKey": {"type": "http", "scheme": "bearer"}},
            "responses": {"Problem": _PROBLEM},
        },
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    parameters = [_parameter("tenant", "path", "Such as ACME_TST.")]
    parameters += [_parameter(name, "path", "") for name in re.findall(r"{(\w+)}", endpoint.path)]
    parameters += [_parameter(name, "query", text) for name, text in (endpoint.query or {}).items()]
    has_content = endpoint.status != 204
    answer: dict[str, Any] = {"description": "Done."}
    if has_content:
        answer["content"] = {"application/json": {"schema": {"type": "object"}}}
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.summary,
        "description": endpoint.handler.__doc__,
        "parameters": parameters,
        "responses": {
            str(endpoint.status): answer,
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    if endpoint.body is not None:
        content = {"schema": {"type": "object"}, "example": endpoint.body}
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    return operation


def _parameter(name: str, place: str, text: str) -> dict[str, Any]:
    parameter: dict[str, Any] = {"name": name, "in": place, "schema": {"type": "string"}}
    if text:
        parameter["description"] = text
    return parameter | ({"required": True} if place == "path" else {})
