from __future__ import annotations

import json
import time
from typing import Any

import pytest

from ionport.core.errors import InvalidInput
from ionport.gateway.suites.openapi import MAX_LINES, MAX_OPERATIONS, describe, read_documentation
from ionport.gateway.suites.sample_call import sample_call

OPENAPI = """
openapi: 3.0.3
info: {title: Orders, version: "2", description: "Of the shop\\nand of others"}
paths:
  /orders/{id}:
    parameters:
      - {$ref: '#/components/parameters/Id'}
      - {name: lang, in: query, schema: {type: string}}
    get:
      summary: Read an order
      parameters:
        - {name: lang, in: query, required: true, schema: {type: string, enum: [de, en]}}
        - {name: X-Company, in: header, required: true, schema: {type: integer, format: int32}}
      responses:
        200:
          description: The order
          content:
            application/json: {schema: {$ref: '#/components/schemas/Order'}}
        404: {$ref: '#/components/responses/Missing'}
    post:
      operationId: change
      deprecated: true
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [lines]
              properties:
                lines: {type: array, items: {$ref: '#/components/schemas/Line'}}
                note: {type: [string, 'null'], description: For people}
      responses: {default: {description: Done}}
components:
  parameters:
    Id: {name: id, in: path, schema: {type: string}, description: Its number}
  responses:
    Missing: {description: There is none}
  schemas:
    Line: {type: object, properties: {amount: {type: number}}}
    Order:
      description: What was ordered
      allOf:
        - {$ref: '#/components/schemas/Line'}
        - {type: object, properties: {state: {type: string, enum: [open, closed]}}}
"""

SWAGGER = {
    "swagger": "2.0",
    "info": {"title": "Old"},
    "consumes": ["text/xml"],
    "paths": {
        "/things": {
            "put": {
                "parameters": [{"in": "body", "name": "b", "schema": {"$ref": "#/definitions/T"}}],
                "responses": {"200": {"schema": {"type": "array", "items": {"type": "string"}}}},
            }
        }
    },
    "definitions": {"T": {"type": "object", "properties": {"a": {"type": "string"}}}},
}


def described(content: str | dict[str, Any]) -> Any:
    text = content if isinstance(content, str) else json.dumps(content)
    return describe(json.dumps(read_documentation(text.encode())))


def test_operations_are_told_with_parameters_bodies_and_answers() -> None:
    found = described(OPENAPI)
    assert (found.title, found.version) == ("Orders", "2")
    assert found.description == "Of the shop\nand of others"
    read, change = found.operations
    assert (read.method, read.path, read.summary) == ("GET", "/orders/{id}", "Read an order")
    assert [(p.name, p.place, p.type, p.is_required, p.description) for p in read.parameters] == [
        ("lang", "query", "string", True, "One of: de, en."),
        ("X-Company", "header", "integer (int32)", True, ""),
        ("id", "path", "string", True, "Its number"),
    ]
    order, missing = read.answers
    assert (order.status, order.description) == ("200", "The order")
    assert order.contents[0].lines[0].schema == "Order"
    assert (missing.status, missing.description) == ("404", "There is none")
    assert (change.summary, change.is_deprecated) == ("change", True)
    lines = [
        (x.depth, x.name, x.type, x.is_required, x.schema, x.description)
        for x in change.bodies[0].lines
    ]
    assert lines == [
        (0, "", "object", False, "", ""),
        (1, "lines", "array of Line", True, "Line", ""),
        (1, "note", "string | null", False, "", "For people"),
    ]


def test_schemas_are_told_and_references_named() -> None:
    line, order = described(OPENAPI).schemas
    assert [(x.depth, x.name, x.type) for x in line.lines] == [
        (0, "", "object"),
        (1, "amount", "number"),
    ]
    assert order.description == "What was ordered"
    assert [(x.depth, x.name, x.type, x.description) for x in order.lines] == [
        (0, "", "Line & object", ""),
        (1, "", "Line", ""),
        (1, "", "object", ""),
        (2, "state", "string", "One of: open, closed."),
    ]


def test_swagger_2_bodies_and_answers_are_told() -> None:
    (operation,) = described(SWAGGER).operations
    assert operation.bodies[0].media_type == "text/xml"
    assert operation.bodies[0].lines[0].schema == "T"
    assert operation.answers[0].contents[0].lines[0].type == "array of string"
    assert operation.parameters == ()


def test_yaml_and_json_tell_the_same() -> None:
    assert described(OPENAPI) == described(json.dumps(read_documentation(OPENAPI.encode())))


@pytest.mark.parametrize(
    "document",
    [
        {"paths": {"/a": {"get": {"parameters": {"$ref": "#/paths"}, "responses": []}}}},
        {"paths": {"/a": {"get": {"responses": {"200": {"content": {"x": {"schema": 3}}}}}}}},
        {"paths": {"/a": {"$ref": "#/paths/~1a", "get": None}}},
        {"paths": {"/a": {"get": {"parameters": [{"in": ["path"], "name": {}}]}}}},
        {"paths": {"/a": {"get": {"requestBody": {"$ref": "https://elsewhere/x"}}}}},
        {"paths": [], "components": {"schemas": {"A": {"$ref": "#/components/schemas/A"}}}},
        {"components": {"schemas": {"A": {"type": "array", "items": [], "required": [{}]}}}},
        {"definitions": {"A": {"type": ["string", {}], "enum": [None, [], {}], "allOf": [1]}}},
        {"info": {"title": ["x"], "version": None, "description": 7}},
    ],
)
def test_what_is_not_as_specified_is_left_out(document: dict[str, Any]) -> None:
    found = described({"openapi": "3.1.0", **document})
    assert all(parameter.name for one in found.operations for parameter in one.parameters)
    assert all(content.media_type for one in found.operations for content in one.bodies)
    assert {type(text) for text in (found.title, found.version, found.description)} == {str}
    assert not found.is_cut


def test_there_is_a_bound_to_what_is_told() -> None:
    many = {f"/p{n}": {"get": {}} for n in range(MAX_OPERATIONS + 1)}
    found = described({"openapi": "3.0.0", "paths": many})
    assert len(found.operations) == MAX_OPERATIONS
    assert found.is_cut
    wide = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(MAX_LINES)}}
    found = described({"swagger": "2.0", "definitions": {"A": wide, "B": wide}})
    assert sum(len(schema.lines) for schema in found.schemas) == MAX_LINES
    assert found.is_cut


@pytest.mark.parametrize(
    "operation",
    [
        {"parameters": [{"name": str(n)} for n in range(100_000)]},
        {"responses": {"200": {"description": "x" * 1_500_000}}},
    ],
)
def test_what_many_references_lead_to_is_not_read_whole_for_each(operation: dict[str, Any]) -> None:
    paths = {f"/{n}": {"$ref": "#/x-shared"} for n in range(MAX_OPERATIONS)}
    content = json.dumps({"x-shared": {"get": operation}, "paths": paths})
    started = time.process_time()
    assert len(describe(content).operations) == MAX_OPERATIONS
    assert time.process_time() - started < 2


def test_a_schema_without_end_is_read_as_far_as_it_is_told() -> None:
    wide = {
        "required": [f"r{n}" for n in range(60_000)],
        "properties": {f"p{n}": {"type": "string"} for n in range(40_000)},
    }
    content = json.dumps({"definitions": {"Wide": wide}})
    started = time.process_time()
    assert describe(content).is_cut
    assert time.process_time() - started < 2


def test_a_call_for_a_shell_names_what_is_needed_and_no_secret() -> None:
    read, change = described(OPENAPI).operations
    call = sample_call("https://gw.example.com/A_TST/CustomerApi/a/b", read, needs_token=True)
    url = "https://gw.example.com/A_TST/CustomerApi/a/b/orders/{id}?lang={lang}"
    assert call.split(" \\\n  ") == [
        f"curl --globoff --request GET '{url}'",
        '--header "Authorization: Bearer $ACCESS_TOKEN"',
        "--header 'X-Company: {X-Company}'",
    ]
    call = sample_call("https://gw.example.com/x", change, needs_token=False)
    assert "Authorization" not in call
    assert "--header 'Content-Type: application/json' \\\n  --data-binary @body" in call


def test_nothing_of_a_document_breaks_out_of_a_call() -> None:
    hostile = {"/'; rm -rf / #$(id)`id`": {"get": {}}}
    (operation,) = described({"openapi": "3.0.0", "paths": hostile}).operations
    call = sample_call("https://gw.example.com/x", operation, needs_token=False)
    assert call == (
        "curl --globoff --request GET"
        " 'https://gw.example.com/x/'\"'\"';%20rm%20-rf%20/%20%23$(id)%60id%60'"
    )


@pytest.mark.parametrize(
    "content",
    [
        *(b"\xff\xfe", b"{", b"a: [", b"", b"[]", b"openapi: '9'"),
        b'{"openapi": "3.0.0", "x": ' + b"[" * 900 + b"]" * 900 + b"}",
        b"openapi: 3.0.0\nx: " + b"[" * 60 + b"]" * 60,
    ],
)
def test_what_is_no_document_is_told_beside_the_file(content: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_documentation(content)
    assert list(caught.value.fields) == ["file"]
