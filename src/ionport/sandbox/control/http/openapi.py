"""The control plane as an OpenAPI 3.1 document, made from its list of endpoints."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ionport import __version__
from ionport.core.http import problems
from ionport.core.http.openapi import Json, document, http_scheme, json_content
from ionport.sandbox.control.http.endpoint import PREFIX, Endpoint


def control_document(endpoints: Sequence[Endpoint]) -> Json:
    """Return the document."""
    paths: dict[str, Json] = {}
    for endpoint in endpoints:
        path = paths.setdefault(f"{PREFIX}/{{tenant}}{endpoint.path}", {})
        path[endpoint.method.lower()] = _operation(endpoint)
    return document(
        "ionport control plane",
        __version__,
        paths,
        security=[{"controlKey": []}],
        components={
            "securitySchemes": {"controlKey": http_scheme("bearer")},
            "responses": {"Problem": problems.RESPONSE},
        },
    )


def _operation(endpoint: Endpoint) -> Json:
    parameters = [_parameter("tenant", "path", "Such as ACME_TST.")]
    parameters += [_parameter(name, "path", "") for name in re.findall(r"{(\w+)}", endpoint.path)]
    parameters += [_parameter(name, "query", text) for name, text in (endpoint.query or {}).items()]
    has_content = endpoint.status != 204
    answer: Json = {"description": "Done."}
    if has_content:
        answer["content"] = json_content({"type": "object"})
    operation: Json = {
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


def _parameter(name: str, place: str, text: str) -> Json:
    parameter: Json = {"name": name, "in": place, "schema": {"type": "string"}}
    if text:
        parameter["description"] = text
    return parameter | ({"required": True} if place == "path" else {})
