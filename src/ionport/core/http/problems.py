"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import JSONResponse

MEDIA_TYPE: Final = "application/problem+json"

# The problem as an OpenAPI response.
RESPONSE: Final[Mapping[str, Any]] = {
    "description": "What is wrong, as problem details (RFC 9457).",
    "content": {
        MEDIA_TYPE: {
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


def problem_response(
    status: int,
    title: str,
    *,
    code: str,
    request_id: str,
    fields: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return the answer to a request that went wrong.

    `code` is stable and for programs, `fields` says what is wrong with which field of the body;
    `more` are members beside these (RFC 9457 §3.2).
    """
    problem: dict[str, object] = {
        "type": "about:blank",
        "instance": request_id,
        "status": status,
        "title": title,
        "code": code,
        **(more or {}),
    }
    if fields:
        problem["fields"] = dict(fields)
    return JSONResponse(problem, status, headers=headers, media_type=MEDIA_TYPE)
