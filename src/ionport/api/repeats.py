"""Requests that a program may repeat: with an `Idempotency-Key` they are done once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

from fastapi import Header
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from ionport.api.callers import Call
from ionport.api.services import ApiServices
from ionport.identity.api_keys.model import Answer

IdempotencyKey = Annotated[
    str | None,
    Header(
        description="Any text of up to 200 letters. The same request with the same key within 24"
        " hours gets the first answer, and nothing is done a second time."
    ),
]
REPLAYED: Final = {"Idempotent-Replayed": "true"}
Body = TypeVar("Body", bound=BaseModel)


def once(
    services: ApiServices,
    call: Call,
    key: str | None,
    digest: str,
    work: Callable[[], tuple[int, Body]],
    is_final: Callable[[Body], bool] = lambda _body: True,
) -> JSONResponse:
    """Do `work`, or answer as it was answered before under the same key.

    `digest` tells the request from others. What ends in an error is not kept, nor is an answer
    that is not final: the same request may be sent again, and finds what is stored already by its
    content.

    Raises:
        InvalidInput: the key came with another request (`idempotency_key_reused`).
        Conflict: the first request is still under way.
        IonportError: whatever `work` raises.
    """
    if key is None:
        return _answer(*work())
    known = services.answers.begin(call.key_id, key, digest)
    if known is not None:
        return JSONResponse(json.loads(known.body), known.status, headers=REPLAYED)
    try:
        status, body = work()
        answer = Answer(status, body.model_dump_json())
    except BaseException:
        services.answers.keep(call.key_id, key, None)
        raise
    services.answers.keep(call.key_id, key, answer if is_final(body) else None)
    return _answer(status, body)


def _answer(status: int, body: BaseModel) -> JSONResponse:
    content: Any = body.model_dump(mode="json")
    return JSONResponse(content, status)
