"""IDM's error shape (docs/reference/idm.md#errors); the status of each cause is inferred."""

from __future__ import annotations

from ionport.core.errors import InvalidInput, IonportError
from ionport.sandbox.idm.documents import render
from ionport.sandbox.kit.operations import Answer, Call


def error_answer(call: Call, error: IonportError) -> Answer:
    """Return `{"error": {"code", "message", "detail"}}`, or the same as XML."""
    status = 400 if isinstance(error, InvalidInput) else error.status
    detail = f"{call.method} request {call.caller.request_id}"
    tree = {"error": {"code": error.code, "message": error.text, "detail": detail}}
    body, media_type = render(tree, call.headers)
    return Answer(status, body, media_type)
