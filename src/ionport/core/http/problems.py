"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import JSONResponse

from ionport.core.errors import (
    Conflict,
    InvalidInput,
    IonportError,
    MethodNotAllowed,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)

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


def problem_of(
    error: IonportError,
    request_id: str,
    *,
    realm: str,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return the answer to an error of ours; `realm` says whose Bearer token is asked for."""
    made = dict(headers or {})
    if isinstance(error, Unauthenticated):
        made["WWW-Authenticate"] = f'Bearer realm="{realm}"'
    elif isinstance(error, TooManyRequests | Unavailable) and error.retry_after is not None:
        made["Retry-After"] = str(error.retry_after)
    elif isinstance(error, MethodNotAllowed):
        made["Allow"] = error.allow
    existing_id = error.existing_id if isinstance(error, Conflict) else None
    return problem_response(
        error.status,
        error.text,
        code=error.code,
        request_id=request_id,
        fields=error.fields if isinstance(error, InvalidInput) else None,
        headers=made,
        more={"existing_id": existing_id} if existing_id else None,
    )
