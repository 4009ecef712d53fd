"""What the routes of Data Fabric share: parameters, answers, and errors.

The shape of its errors is inferred (docs/reference/data-fabric.md#data-lake); Ingestion has one of
its own.
"""

from __future__ import annotations

import json

from ionport.core.errors import InvalidInput, IonportError
from ionport.sandbox.kit.operations import Answer, Call
from ionport.sandbox.kit.texts import quoted

JSON = "application/json;charset=utf-8"


def json_answer(status: int, content: object, *, effects: tuple[str, ...] = ()) -> Answer:
    """Return `content` as a JSON answer."""
    body = json.dumps(content, ensure_ascii=False).encode()
    return Answer(status, body, JSON, effects=effects)


def error_answer(call: Call, error: IonportError) -> Answer:
    """Return an error as code and message, or as Ingestion's list of errors."""
    status = 400 if isinstance(error, InvalidInput) else error.status
    content = {"code": error.code, "message": error.text}
    if call.path.lower().startswith("/ingestion/"):
        return json_answer(status, {"errors": [content]})
    return json_answer(status, content)


def needed(call: Call, name: str) -> str:
    """Return a parameter of the query; raises InvalidInput when it is blank or missing."""
    value = call.query.get(name, "")
    if not value.strip():
        raise wrong(f"The parameter {name} is missing.")
    return value


def number(call: Call, name: str, default: int, *, least: int = 1, most: int) -> int:
    """Return a whole number of the query; raises InvalidInput when it is none or out of bounds."""
    text = call.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 9 and least <= int(text) <= most):
        raise wrong(f"{name} is a whole number from {least} to {most}, not {quoted(text)}.")
    return int(text)


def wrong(text: str) -> InvalidInput:
    """Return the error of a request that cannot be understood."""
    return InvalidInput(text, code="invalid_request")
