"""The record of one HTTP request and its answer, without secrets, for ledgers and logs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from .redaction import Redactor

RECORD_LIMIT = 16 * 1024
# A secret that begins before the limit must be recognised as a whole before the cut.
_OVERLAP = 20 * 1024
_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its outcome. Secrets are dots, bodies are cut at 16 KiB.

    `started` is in seconds since 1970, `duration` in seconds; sizes are in bytes, before any
    cut. `status` is None and `error` an error code when no acceptable answer came. `login` marks
    token requests.
    """

    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: str
    request_size: int
    status: int | None
    response_headers: tuple[tuple[str, str], ...]
    response_body: str
    response_size: int
    started: float
    duration: float
    error: str | None
    login: bool


Observer = Callable[[Exchange], None]


def shown_body(content: bytes, media_type: str, redactor: Redactor) -> str:
    """A body as text for the record: redacted, cut, and only named when it is not text."""
    if not content:
        return ""
    is_text = media_type.startswith(_TEXT_TYPES) or media_type.endswith(("+json", "+xml"))
    if not is_text and not media_type.startswith("multipart/"):
        digest = hashlib.sha256(content).hexdigest()
        kind = media_type or "unknown type"
        return f"[{len(content)} bytes of {kind}, SHA-256 {digest}]"
    head = content[: RECORD_LIMIT + _OVERLAP].decode("utf-8", "replace")
    text = redactor.text(head)
    if len(content) <= RECORD_LIMIT:
        return text
    return f"{text[:RECORD_LIMIT]}… [{len(content)} bytes in all]"
