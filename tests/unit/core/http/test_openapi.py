from __future__ import annotations

import json

import schemathesis

from ionport.core.http import problems
from ionport.core.http.openapi import document, http_scheme, json_content
from ionport.core.http.problems import problem_response


def test_a_document_with_problems_is_valid_openapi() -> None:
    answers = {
        "200": {"description": "Done.", "content": json_content({"type": "object"})},
        "default": {"$ref": "#/components/responses/Problem"},
    }
    made = document(
        "Title",
        "1",
        {"/items": {"get": {"responses": answers}}},
        description="What it is.",
        server="https://example.com/api",
        security=[{"key": []}],
        components={
            "securitySchemes": {"key": http_scheme("bearer")},
            "responses": {"Problem": dict(problems.RESPONSE)},
        },
    )
    schema = schemathesis.openapi.from_dict(made)
    schema.validate()
    assert [operation.ok().label for operation in schema.get_all_operations()] == ["GET /items"]


def test_a_problem_says_what_is_wrong_with_which_field() -> None:
    answer = problem_response(
        422, "The name is missing.", code="invalid", request_id="req_1", fields={"name": "missing"}
    )
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(bytes(answer.body)) == {
        "type": "about:blank",
        "instance": "req_1",
        "status": 422,
        "title": "The name is missing.",
        "code": "invalid",
        "fields": {"name": "missing"},
    }
