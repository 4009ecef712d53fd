"""A small OpenAPI document can neither keep the sandbox busy nor write its headers."""

from __future__ import annotations

import json
from typing import Any

from ionport.sandbox.own.answering import sample
from ionport.sandbox.own.openapi import read_suite


def _document(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "openapi": "3.0.0",
        "servers": [{"url": "https://example.com/ACME_TST/WIDE"}],
        "paths": {"/a": {"get": {"responses": {"200": answer}}}},
    }


def test_a_schema_that_references_make_large_is_answered_in_part() -> None:
    reference = {"$ref": "#/components/schemas/S"}
    of_itself = {f"p{number}": reference for number in range(30)}
    for schema in (
        {"type": "object", "properties": of_itself},
        {"allOf": [reference] * 30, "properties": of_itself},
    ):
        document = {**_document({}), "components": {"schemas": {"S": schema}}}

        assert 0 < len(json.dumps(sample(reference, document))) < 1_000_000


def test_a_media_type_that_no_header_takes_is_not_sent() -> None:
    content = {"text/html\r\nX-Planted: 1": {"example": "a"}}

    suite = read_suite(_document({"content": content}), "hostile.json")

    assert [each.media_type for each in suite.operations] == ["application/json"]
