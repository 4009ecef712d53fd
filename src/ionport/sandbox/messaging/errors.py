"""ION messaging's error shapes (docs/reference/ion-messaging.md#answers, "Responses")."""

from __future__ import annotations

import json

from ionport.core.errors import InvalidInput, IonportError
from ionport.sandbox.kit.operations import Answer, Call

# v1 and v2 say 412 to whatever is wrong with a message, v3 tells malformed ones apart.
V3_OPERATIONS = frozenset(("accepted documents", "publish v3", "publish v3 by headers"))


class NotConfigured(IonportError):
    """The message is well-formed, but ION has no connection point that sends it."""

    status = 412
    default_code = "connection_point"


def error_answer(call: Call, error: IonportError) -> Answer:
    """Return `{"message"}` for v1 and v2, `{"errors": […]}` for v3."""
    is_v3 = call.operation in V3_OPERATIONS
    status = error.status
    if isinstance(error, InvalidInput):
        status = 400 if is_v3 else 412
    return json_answer(status, {"errors": [error.text]} if is_v3 else {"message": error.text})


def json_answer(status: int, content: object, *, effects: tuple[str, ...] = ()) -> Answer:
    """Return `content` as a JSON answer."""
    body = json.dumps(content, ensure_ascii=False).encode()
    return Answer(status, body, "application/json;charset=utf-8", effects=effects)
