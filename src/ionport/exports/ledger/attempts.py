"""The record of one call to a target in the ledger: redacted, capped, with its history."""

from __future__ import annotations

import logging
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from ionport.connections.targets.errors import TargetError
from ionport.core.errors import IonportError, Unavailable
from ionport.core.i18n import _
from ionport.core.telemetry import COUNTERS
from ionport.exports.model import Attempt, AttemptState, CallEnd, StateChange
from ionport.exports.timing import ExportTiming
from ionport.ionapi import AnswerRefused, IonApiError, ServiceError, TokenError
from ionport.ionapi.transport.exchange import Exchange

_logger = logging.getLogger("ionport.attempt")
# The payload itself is kept apart: the ledger shows how a call began, not all of it.
_BODY = 4_000
_EXCHANGES = 8
# The service behind the gateway has answered itself with these and with all below 500; with any
# other the gateway, or a proxy before it, answered in its place while it may still be working.
_FINAL = frozenset({500, 501, 505})
_NOT_FINAL = 408
_MADE_BY_CURL = ("host", "content-length", "connection", "accept-encoding", "transfer-encoding")
_NOT_WHOLE = "# The body was cut or redacted for the ledger: {} bytes were sent."


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a step failed. `sent`: Infor may have acted; `transient`: a retry may succeed.

    `is_refused_token`: Infor refused a fresh token too; a node of its gateway may learn of it late.
    """

    code: str
    text: str
    remedy: str = ""
    transient: bool = False
    retry_after: float | None = None
    sent: bool = False
    http_status: int | None = None
    is_refused_token: bool = False

    @property
    def columns(self) -> dict[str, str]:
        """What a delivery's row says of it."""
        return {"error_code": self.code, "error_text": self.text, "remedy": self.remedy}

    @classmethod
    def of(cls, error: IonApiError | IonportError) -> Problem:
        """Return the problem of an error."""
        if isinstance(error, TargetError):
            return cls(
                code=error.code,
                text=error.text,
                remedy=error.remedy,
                transient=error.transient,
                retry_after=error.retry_after,
                sent=error.sent,
                http_status=error.http_status,
            )
        if isinstance(error, IonportError):
            return cls(error.code, error.text, transient=isinstance(error, Unavailable))
        status = 0
        if isinstance(error, ServiceError | AnswerRefused | TokenError):
            status = error.status
        return cls(
            code=error.code,
            text=error.message,
            remedy=_remedy_of(error),
            transient=error.transient,
            retry_after=error.retry_after,
            sent=error.sent,
            http_status=status or None,
            is_refused_token=isinstance(error, ServiceError) and status == HTTPStatus.UNAUTHORIZED,
        )

    @classmethod
    def of_attempt(cls, attempt: Attempt) -> Problem:
        """Return the problem of an earlier attempt."""
        return cls(
            code=attempt.error_code,
            text=attempt.error_text,
            remedy=attempt.remedy,
            transient=bool(attempt.transient),
            http_status=attempt.http_status,
        )

    def without_effect(self) -> Problem:
        """Return the problem of a call that only read."""
        return replace(self, sent=False)


def _remedy_of(error: IonApiError) -> str:
    """Return what to do about an error, where ionport does what the client leaves to its user."""
    remedies = {
        413: _(
            "Leave attached files out of the mapping, or let a smaller document come in: IDM takes"
            " files up to 2 GB, ION documents of 5 MB."
        ),
        429: _(
            "Infor allows 3,000 API calls a minute. While the delivery waits, ionport makes the"
            " call again by itself."
        ),
        504: _(
            "The gateway waits 60 seconds for a service. While the delivery waits, ionport looks"
            " whether it has acted, and makes the call again if not."
        ),
        507: _(
            "Make space there, or have it made. While the delivery waits, ionport makes the call"
            " again by itself."
        ),
    }
    status = error.status if isinstance(error, ServiceError) else 0
    return remedies.get(status, error.remedy)


NO_PROBLEM: Final = Problem("", "").columns
"""What a delivery's row says where there is none."""


def miss_counts_after(attempt: Attempt, timing: ExportTiming) -> float:
    """Return the seconds from when an unknown attempt was first seen to where a miss is a proof.

    Until then an item that a look-up does not find may still turn up
    (docs/decisions/0019-who-may-send-and-when-another-may.md).
    """
    if attempt.call_end is CallEnd.SETTLED:
        return 0.0
    if attempt.http_status is not None and _is_final(attempt.http_status):
        return timing.search_lag
    return timing.settle if attempt.call_end is CallEnd.ENDED else timing.takeover


def _is_final(status: int) -> bool:
    return status in _FINAL or (status < 500 and status != _NOT_FINAL)


def changed(attempt: Attempt, state: AttemptState, at: datetime, note: str = "") -> Attempt:
    """Return the attempt in another state, with one more entry in its history."""
    return replace(attempt, state=state, history=(*attempt.history, StateChange(state, at, note)))


class Recording:
    """Collects the HTTP exchanges of one attempt; its `observe` is the client's observer."""

    def __init__(self) -> None:
        self._exchanges: list[Exchange] = []
        self._began = time.monotonic()

    def observe(self, exchange: Exchange) -> None:
        """Take the record of one HTTP call."""
        self._exchanges.append(exchange)

    def succeeded(
        self, attempt: Attempt, at: datetime, found: Mapping[str, Any], is_whole: bool = True
    ) -> Attempt:
        """Return the attempt as succeeded, in part or as a whole.

        `found` is stored beside the response.
        """
        state = AttemptState.SUCCEEDED if is_whole else AttemptState.PART
        return _told(self._answered(changed(attempt, state, at), at, found))

    def failed(self, attempt: Attempt, at: datetime, problem: Problem) -> Attempt:
        """Return the attempt as failed, or as unknown when Infor may have acted."""
        state = AttemptState.UNKNOWN if problem.sent else AttemptState.FAILED
        answered = self._answered(changed(attempt, state, at, problem.text), at, {})
        return _told(
            replace(
                answered,
                http_status=problem.http_status or answered.http_status,
                error_code=problem.code,
                error_text=problem.text,
                remedy=problem.remedy,
                transient=problem.transient,
                call_end=CallEnd.ENDED,
            )
        )

    def _answered(self, attempt: Attempt, at: datetime, found: Mapping[str, Any]) -> Attempt:
        calls = [exchange for exchange in self._exchanges if not exchange.login]
        main = calls[-1] if calls else None
        others = [exchange for exchange in self._exchanges if exchange is not main]
        response = dict(_response(main)) if main else {}
        return replace(
            attempt,
            answered_at=at,
            milliseconds=round((time.monotonic() - self._began) * 1000),
            request={**attempt.request, **(_request(main) if main else {})},
            response={**response, **found} or None,
            exchanges=tuple(
                {"request": _request(other), "response": _response(other), "login": other.login}
                for other in others[-_EXCHANGES:]
            ),
            http_status=main.status if main else None,
        )


def _told(attempt: Attempt) -> Attempt:
    """Write the log line of an attempt that has ended, and count it."""
    COUNTERS.add("attempts", step=attempt.step.value, outcome=attempt.state.value)
    facts = {
        "delivery": attempt.delivery_id,
        "step": attempt.step.value,
        "attempt": attempt.id,
        "outcome": attempt.state.value,
        "http_status": attempt.http_status,
        "code": attempt.error_code,
        "ms": attempt.milliseconds,
    }
    _logger.info("attempt", extra=facts)
    return attempt


def _request(exchange: Exchange) -> dict[str, Any]:
    return {
        "method": exchange.method,
        "url": exchange.url,
        "headers": [list(header) for header in exchange.request_headers],
        "body": _cut(exchange.request_body),
        "size": exchange.request_size,
    }


def _response(exchange: Exchange) -> dict[str, Any]:
    return {
        "status": exchange.status,
        "headers": [list(header) for header in exchange.response_headers],
        "body": _cut(exchange.response_body),
        "size": exchange.response_size,
        "milliseconds": round(exchange.duration * 1000),
        "error": exchange.error,
    }


def _cut(text: str) -> str:
    return text if len(text) <= _BODY else f"{text[:_BODY]}…"


def as_curl(sent: Mapping[str, Any]) -> str:
    """Return a kept request as a command; what was redacted stays redacted, the token too.

    Where less of the body was kept than was sent, a comment before the command says so.
    """
    body = sent.get("body") or ""
    headers = [
        ("Authorization", "Bearer $TOKEN") if name.lower() == "authorization" else (name, value)
        for name, value in sent["headers"]
        if name.lower() not in _MADE_BY_CURL
    ]
    lines = [f"curl -X {shlex.quote(sent['method'])} {shlex.quote(sent['url'])}"]
    lines += [
        f'  -H "{name}: {value}"' if value.endswith("$TOKEN") else _header(name, value)
        for name, value in headers
    ]
    if body:
        lines.append(f"  --data-binary {shlex.quote(body)}")
    command = " \\\n".join(lines)
    size, kept = sent.get("size"), len(body.encode())
    return command if size in (None, kept) else f"{_NOT_WHOLE.format(size)}\n{command}"


def _header(name: str, value: str) -> str:
    return f"  -H {shlex.quote(f'{name}: {value}')}"
