"""Document side: the steps of a delivery as its page shows them, with their calls."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ionport.core.i18n import _
from ionport.exports.model import Attempt, AttemptState, DeliveryDetail, DeliveryStep, StepStatus
from ionport.web.rendering.bodies import ShownBody, shown_body

_STEP_ICONS = {
    StepStatus.PENDING: "clock",
    StepStatus.RUNNING: "refresh",
    StepStatus.WAITING: "clock",
    StepStatus.DONE: "check",
    StepStatus.FAILED: "x",
    StepStatus.SKIPPED: "chevron-right",
}
_ATTEMPT_TONES = {
    AttemptState.SENT: "progress",
    AttemptState.SUCCEEDED: "success",
    AttemptState.PART: "success",
    AttemptState.FAILED: "danger",
    AttemptState.UNKNOWN: "waiting",
}


_MADE_BY_CURL = ("host", "content-length", "connection", "accept-encoding", "transfer-encoding")


@dataclass(frozen=True, slots=True)
class ShownCall:
    """One HTTP call of an attempt, ready for a page. `status` is None when no answer came."""

    method: str
    url: str
    is_login: bool
    request_headers: list[list[str]]
    request_body: ShownBody | None
    curl: str
    status: int | None
    milliseconds: int | None
    error: str
    response_headers: list[list[str]]
    response_body: ShownBody | None


@dataclass(frozen=True, slots=True)
class ShownAttempt:
    """An attempt with its calls, the one that mattered first."""

    attempt: Attempt
    state: str
    tone: str
    history: list[tuple[str, Any, str]]
    calls: list[ShownCall]


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step with its attempts, the newest first."""

    step: DeliveryStep
    state: str
    icon: str
    attempts: list[ShownAttempt]


def shown_steps(detail: DeliveryDetail) -> list[ShownStep]:
    """Return the steps of a delivery, each with its attempts and their calls."""
    labels = {
        # What a delivery that is over has not come to is not waited for any more.
        StepStatus.PENDING: _("Not reached") if detail.delivery.status.is_over else _("Pending"),
        StepStatus.RUNNING: _("Running"),
        StepStatus.WAITING: _("Waiting to try again"),
        StepStatus.DONE: _("Done"),
        StepStatus.FAILED: _("Failed"),
        StepStatus.SKIPPED: _("Skipped"),
    }
    return [
        ShownStep(
            step,
            labels[step.status],
            _STEP_ICONS[step.status],
            [_shown_attempt(each) for each in reversed(detail.attempts) if each.step is step.kind],
        )
        for step in detail.steps
    ]


def _shown_attempt(attempt: Attempt) -> ShownAttempt:
    labels = {
        AttemptState.SENT: _("Sent"),
        AttemptState.SUCCEEDED: _("Succeeded"),
        AttemptState.PART: _("A part is done"),
        AttemptState.FAILED: _("Failed"),
        AttemptState.UNKNOWN: _("Answer unknown"),
    }
    calls = [_shown_call(attempt.request, attempt.response or {})]
    calls += [
        _shown_call(each["request"], each["response"], is_login=bool(each["login"]))
        for each in attempt.exchanges
    ]
    return ShownAttempt(
        attempt,
        labels[attempt.state],
        _ATTEMPT_TONES[attempt.state],
        [(labels[change.state], change.at, change.note) for change in attempt.history],
        [call for call in calls if call is not None],
    )


def _shown_call(
    sent: Mapping[str, Any], answer: Mapping[str, Any], *, is_login: bool = False
) -> ShownCall | None:
    if "method" not in sent:
        return None
    return ShownCall(
        method=sent["method"],
        url=sent["url"],
        is_login=is_login,
        request_headers=sent["headers"],
        request_body=_body(sent.get("body")),
        curl=_as_curl(sent),
        status=answer.get("status"),
        milliseconds=answer.get("milliseconds"),
        error=answer.get("error") or "",
        response_headers=answer.get("headers", []),
        response_body=_body(answer.get("body")),
    )


def _as_curl(sent: Mapping[str, Any]) -> str:
    """Return a kept request as a command; what was taken out of it stays out, the token too."""
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
    if sent.get("body"):
        lines.append(f"  --data-binary {shlex.quote(sent['body'])}")
    return " \\\n".join(lines)


def _header(name: str, value: str) -> str:
    return f"  -H {shlex.quote(f'{name}: {value}')}"


def _body(text: str | None) -> ShownBody | None:
    return shown_body(text.encode("utf-8", "replace")) if text else None
