"""The control plane as an OpenAPI 3.1 document, made from its list of endpoints."""

from __future__ import annotations

from collections.abc import Sequence

from ionport import __version__
from ionport.core.http import problems
from ionport.core.http.endpoints import parameters_of
from ionport.core.http.openapi import (
    Json,
    document,
    http_scheme,
    json_content,
    parameter,
    paths_of,
)
from ionport.sandbox.control.http.endpoint import PREFIX, Endpoint


def control_document(endpoints: Sequence[Endpoint]) -> Json:
    """Return the document."""
    described = [
        (f"{PREFIX}/{{tenant}}{each.path}", each.method, _operation(each)) for each in endpoints
    ]
    return document(
        "ionport control plane",
        __version__,
        paths_of(described),
        security=[{"controlKey": []}],
        components={
            "securitySchemes": {"controlKey": http_scheme("bearer")},
            "responses": {"Problem": problems.RESPONSE},
        },
    )


def _operation(endpoint: Endpoint) -> Json:
    parameters = [_parameter("tenant", "path", "Such as ACME_TST.")]
    parameters += [_parameter(name, "path", "") for name in parameters_of(endpoint.path)]
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
        content = json_content({"type": "object"}, example=endpoint.body)
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameter(name: str, place: str, text: str) -> Json:
    described = {"description": text} if text else {}
    required = {"required": True} if place == "path" else {}
    return parameter(name, place, schema={"type": "string"}, **described, **required)
