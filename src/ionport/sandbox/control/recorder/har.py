"""Recorded calls as an HTTP archive, HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/).

Browsers' developer tools and proxies open it. What the recorder redacted stays redacted; answers
that it did not keep are known by status and size.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

from ionport import __version__
from ionport.sandbox.control.recorder.model import CallFacts, Outcome, RecordedCall

MAX_ENTRIES: Final = 1_000
MAX_BODIES: Final = 20_000_000
_NOT_KEPT: Final = "The body was not kept."


def archive(
    calls: Sequence[RecordedCall],
    body_of: Callable[[RecordedCall], bytes | None],
    origin: str,
) -> bytes:
    """Return the archive of these calls, the oldest first.

    Bodies are in it up to 20 MB in all, those of the newest calls; `origin` is where the gateway
    answers, because the recorder keeps paths.
    """
    left, entries = MAX_BODIES, []
    for call in sorted(calls, key=lambda each: each.facts.received_at, reverse=True):
        body = body_of(call) if call.facts.request_size <= left else None
        left -= len(body or b"")
        entries.append(_entry(call, body, origin))
    log = {
        "version": "1.2",
        "creator": {"name": "ionport", "version": __version__},
        "entries": entries[::-1],
    }
    return json.dumps({"log": log}, ensure_ascii=False, indent=1).encode()


def _entry(call: RecordedCall, body: bytes | None, origin: str) -> dict[str, Any]:
    facts, outcome = call.facts, call.outcome
    entry = {
        "startedDateTime": facts.received_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "time": outcome.duration_ms,
        "request": _request(facts, body, origin),
        "response": _response(outcome),
        "cache": {},
        "timings": {"send": 0, "wait": outcome.duration_ms, "receive": 0},
        "_service": facts.service,
        "_operation": facts.operation,
        "_requestId": facts.request_id,
        "_clientId": facts.client_id,
        "_effects": list(outcome.effects),
    }
    return {**entry, "_fault": outcome.fault} if outcome.fault else entry


def _request(facts: CallFacts, body: bytes | None, origin: str) -> dict[str, Any]:
    query = f"?{facts.query}" if facts.query else ""
    request: dict[str, Any] = {
        "method": facts.method,
        "url": f"{origin}{facts.path}{query}",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(facts.headers.items()),
        "queryString": _pairs(parse_qsl(facts.query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": facts.request_size,
    }
    if facts.request_size:
        request["postData"] = _post_data(facts, body)
    return request


def _post_data(facts: CallFacts, body: bytes | None) -> dict[str, Any]:
    data: dict[str, Any] = {"mimeType": facts.headers.get("content-type", ""), "text": ""}
    if body is None:
        return {**data, "comment": _NOT_KEPT}
    # HAR 1.2 has an encoding for answers only; readers that know it here too take it.
    return data | _text(body)


def _response(outcome: Outcome) -> dict[str, Any]:
    content: dict[str, Any] = {"size": outcome.response_size, "mimeType": outcome.response_type}
    if outcome.response_body is not None:
        content |= _text(outcome.response_body)
    elif outcome.response_size:
        content["comment"] = _NOT_KEPT
    return {
        "status": outcome.status,
        "statusText": _phrase(outcome.status),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [],
        "content": content,
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": outcome.response_size,
    }


def _text(body: bytes) -> dict[str, str]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}


def _pairs(pairs: Any) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
