"""ION messaging's error shape (facts/infor-targets.md §2, "Responses")."""

from __future__ import annotations

import json

from ionport.core.errors import InvalidInput, IonportError
from ionport.sandbox.operations import Answer, Call


def error_answer(call: Call, error: IonportError) -> Answer:
    """Return `{"message"}`; v2 says 412 to whatever is wrong with a message."""
    status = 412 if isinstance(error, InvalidInput) else error.status
    return json_answer(status, {"message": error.text})


def json_answer(status: int, content: object) -> Answer:
    """Return `content` as a JSON answer."""
    body = json.dumps(content, ensure_ascii=False).encode()
    return Answer(status, body, "application/json;charset=utf-8")
