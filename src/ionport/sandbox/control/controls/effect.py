"""The effect of fault rules on one call: how long it waits, what is answered instead, and how."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ionport.core.errors import IonportError, TooManyRequests, Unauthenticated
from ionport.gateway.caller import CUT_EXTENSION
from ionport.gateway.errors import error_response
from ionport.sandbox.control.controls.faults import MAX_SECONDS, FaultKind, FaultRule
from ionport.sandbox.control.recorder.model import NO_ANSWER
from ionport.sandbox.kit.operations import Answer

_PIECES: Final = 20
_HTML: Final = "text/html; charset=utf-8"
_SIGN_IN_PAGE: Final = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head>"
    b"<body><h1>Sign in</h1><p>This page was ordered by a fault rule.</p></body></html>\n"
)


@dataclass(frozen=True, slots=True)
class FaultEffect:
    """The combined effect of the rules that apply to a call.

    Attributes:
        wait_seconds: before the call is done.
        body_seconds: what sending the body takes.
        search_lag: IDM does not find yet what is younger.
        decisive: the rule that decides what is answered; None: the service itself.
        fault: what the recorder says about it.
    """

    wait_seconds: float = 0.0
    body_seconds: float = 0.0
    search_lag: timedelta = timedelta()
    decisive: FaultRule | None = None
    fault: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the call has its effect."""
        if self.decisive is None:
            return True
        draft = self.decisive.draft
        return draft.kind in _AFTER_COMMIT or (draft.kind.may_be_done and draft.after_commit)

    @property
    def cuts(self) -> bool:
        """Whether the connection is cut in place of an answer."""
        return self.decisive is not None and self.decisive.draft.kind in _CUTS

    def changed(self, request_id: str, answer: Answer) -> Answer:
        """Return the answer that replaces the service's own, or that one."""
        if self.decisive is None:
            return answer
        draft = self.decisive.draft
        match draft.kind:
            case FaultKind.STATUS:
                return _own_answer(answer, draft.status, draft.body, draft.media_type)
            case FaultKind.HTML:
                body = draft.body.encode() or _SIGN_IN_PAGE
                return replace(answer, status=200, body=body, media_type=_HTML, headers={})
            case FaultKind.TOO_MANY_REQUESTS:
                text = "Too many requests (a fault rule of the sandbox)."
                error: IonportError = TooManyRequests(text, retry_after=round(draft.seconds))
                return _gateway_answer(request_id, error)
            case FaultKind.UNAUTHORIZED:
                text = "The access token has expired. Refresh it or log in again."
                return _gateway_answer(request_id, Unauthenticated(text, code="token_expired"))
            case FaultKind.BROKEN_JSON:
                body = answer.body[: max(1, len(answer.body) // 2)] or b'{"item": '
                return replace(answer, body=body)
            case _:
                return replace(answer, status=NO_ANSWER, body=b"", media_type=None, headers={})


_CUTS = (FaultKind.CUT_BEFORE_COMMIT, FaultKind.CUT_AFTER_COMMIT)
_AFTER_COMMIT = (FaultKind.CUT_AFTER_COMMIT, FaultKind.BROKEN_JSON)
NOTHING: Final = FaultEffect()


def effect_of(rules: Sequence[FaultRule]) -> FaultEffect:
    """Read the rules that apply to a call."""
    return FaultEffect(
        wait_seconds=seconds_of(rules, FaultKind.LATENCY),
        body_seconds=seconds_of(rules, FaultKind.SLOW_BODY),
        search_lag=timedelta(seconds=seconds_of(rules, FaultKind.SEARCH_LAG)),
        decisive=next((rule for rule in rules if not rule.draft.kind.only_adds), None),
        fault=", ".join(rule.label for rule in rules)[:500],
    )


def seconds_of(rules: Iterable[FaultRule], kind: FaultKind) -> float:
    """Return the seconds of one kind that rules have together: they add up to `MAX_SECONDS`."""
    together = sum(rule.draft.seconds for rule in rules if rule.draft.kind is kind)
    return min(together, MAX_SECONDS)


def _own_answer(answer: Answer, status: int, body: str, media_type: str) -> Answer:
    if status in (204, 304):
        # RFC 9110 §6.4.1: these have no body.
        return replace(answer, status=status, body=b"", media_type=None, headers={})
    if not body:
        body = json.dumps({"code": status, "message": "A fault rule of the sandbox."})
    return replace(
        answer,
        status=status,
        body=body.encode(),
        media_type=media_type or "application/json",
        headers={},
    )


def _gateway_answer(request_id: str, error: IonportError) -> Answer:
    """Return the answer that the gateway would have given before the service."""
    response = error_response(error, request_id)
    headers = {
        name: response.headers[name]
        for name in ("WWW-Authenticate", "Retry-After")
        if name in response.headers
    }
    return Answer(response.status_code, bytes(response.body), "application/json", headers)


async def respond(
    effect: FaultEffect, answer: Answer, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send an answer, or cut the connection, as the rules say."""
    if effect.cuts:
        await cut(scope, receive, send)
        return
    # As a header: given as media type, Starlette would add a charset to a text file.
    content_type = {"Content-Type": answer.media_type} if answer.media_type else {}
    response = Response(answer.body, answer.status, {**answer.headers, **content_type})
    if effect.body_seconds:
        await send_slowly(response, send, effect.body_seconds)
    else:
        await response(scope, receive, send)


async def cut(scope: Scope, receive: Receive, send: Send) -> None:
    """Cut the connection without an answer.

    A server without the extension can only be made to cut it after the head of an answer.
    """
    abort = scope.get("extensions", {}).get(CUT_EXTENSION)
    if abort is None:
        headers = [(b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        return
    abort()
    while (await receive())["type"] != "http.disconnect":
        pass


async def send_slowly(response: Response, send: Send, seconds: float) -> None:
    """Send an answer in pieces, with the time spread between them."""
    start = {"status": response.status_code, "headers": response.raw_headers}
    await send({"type": "http.response.start", **start})
    body = bytes(response.body)
    size = max(1, -(-len(body) // _PIECES))
    pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    for piece in pieces:
        await asyncio.sleep(seconds / len(pieces))
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
