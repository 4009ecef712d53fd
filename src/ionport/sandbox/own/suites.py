"""Services that are known by a tenant's own metadata alone."""

from __future__ import annotations

import json

from ionport.core.errors import IonportError
from ionport.sandbox.kit.operations import Answer, Call, Service

_MAX_BODY_BYTES = 20_000_000
# What most services answer to a wrong request.
_BAD_REQUEST, _UNPROCESSABLE = 400, 422


def own_service(context: str) -> Service:
    """Return the service of an API context that the sandbox does not imitate by itself."""
    return Service(context, context, [], _error_answer, _MAX_BODY_BYTES)


def _error_answer(call: Call, error: IonportError) -> Answer:
    body = json.dumps({"code": error.code, "message": error.text}).encode()
    status = _BAD_REQUEST if error.status == _UNPROCESSABLE else error.status
    return Answer(status, body, "application/json")
