"""The imitated services as OpenAPI 3.1 documents, made from the registry of operations.

A document describes how the sandbox answers, no more: Infor's own descriptions say more about
content. An operation behind which many things lie is described by its parts, each with an address
of its own where the path names it, as the swaggers of M3 programs have them
(docs/reference/m3.md#transactions-and-fields).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ionport.core.http.endpoints import parameters_of, plain_path
from ionport.core.http.openapi import Json, document, http_scheme, parameter, paths_of
from ionport.sandbox.kit.operations import PLAIN_TEXT, Fact, Input, Operation, Part, Service


def openapi(service: Service, base_url: str, version: str) -> Json:
    """Return the document of a service whose addresses begin with `base_url`.

    `base_url` ends in the API context: `https://…/ACME_TST/IDM`.
    """
    described = (
        (path, operation.method, content)
        for operation in service.operations
        for path, content in _addresses(operation, service)
    )
    return document(
        f"{service.title} as ionport imitates it",
        version,
        paths_of(described),
        description="Not affiliated with Infor. Made from the sandbox's own operations.",
        server=base_url,
        security=[{"bearer": []}],
        components={"securitySchemes": {"bearer": http_scheme("bearer")}},
    )


def _addresses(operation: Operation, service: Service) -> Iterable[tuple[str, Json]]:
    """Return the paths of an operation, each with its operation object."""
    path, spread = plain_path(operation.path), operation.wire.spread
    if len(spread) < 2:
        groups = list(dict.fromkeys(part.group for part in service.parts())) if spread else []
        yield path, _operation(operation, service, path, dict.fromkeys(spread, groups))
        return
    for part in service.parts():
        filled = path.replace(f"{{{spread[0]}}}", part.group).replace(f"{{{spread[1]}}}", part.name)
        yield filled, _operation(operation, service, filled, {}, part)


def _operation(
    operation: Operation,
    service: Service,
    path: str,
    choices: Mapping[str, Sequence[str]],
    part: Part | None = None,
) -> Json:
    fact = part.fact if part else operation.fact
    name = f"{part.group} {part.name}" if part else operation.name
    content: Json = {
        "operationId": "-".join(re.findall(r"\w+", f"{service.context} {operation.method} {path}")),
        "summary": name,
        **({"deprecated": True} if fact.successor else {}),
        "description": describe(fact),
        "parameters": [
            *(_path_parameter(name, choices.get(name, ())) for name in parameters_of(path)),
            *(_query_parameter(Input(name, 2_000)) for name in operation.wire.query),
            *(_query_parameter(each) for each in (part.inputs if part else ())),
        ],
        "responses": {
            "2XX": {"description": "It is done."},
            **{status: {"description": "It is refused."} for status in service.error_statuses},
        },
    }
    if operation.wire.takes:
        content["requestBody"] = {
            "required": True,
            "content": {each: _body(operation) for each in operation.wire.takes},
        }
    return content


def describe(fact: Fact) -> str:
    """Return where it is written how the real operation behaves, in one sentence."""
    left_out = f" Left out: {fact.left_out}." if fact.left_out else ""
    gone = f" Withdrawn by Infor: use {fact.successor}." if fact.successor else ""
    return f"{fact.known.capitalize()}: {fact.section}.{left_out}{gone}"


def _path_parameter(name: str, choices: Sequence[str]) -> Json:
    schema: Json = {
        "type": "string",
        "minLength": 1,
        **({"enum": list(choices)} if choices else {}),
    }
    return parameter(name, "path", required=True, schema=schema)


def _query_parameter(field: Input) -> Json:
    text = {**PLAIN_TEXT, "maxLength": field.length}
    schema = {"type": "number"} if field.is_number else text
    return parameter(field.name, "query", required=field.is_mandatory, schema=schema)


def _body(operation: Operation) -> Json:
    return {
        "schema": dict(operation.wire.schema),
        **({"example": operation.wire.example} if operation.wire.example else {}),
    }
