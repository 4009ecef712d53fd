"""Document side: the steps of a delivery as its page shows them, with their calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ionport.core.i18n import _
from ionport.exports.ledger.attempts import as_curl
from ionport.exports.model import Attempt, AttemptState, DeliveryDetail, DeliveryStep, StepStatus
from ionport.web.rendering.bodies import ShownBody, shown_body

_STEP_ICONS = {
    StepStatus.PENDING: "clock",
    StepStatus.NOT_REACHED: "chevron-right",
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
    return [
        ShownStep(
            step,
            step.status.label,
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
        curl=as_curl(sent),
        status=answer.get("status"),
        milliseconds=answer.get("milliseconds"),
        error=answer.get("error") or "",
        response_headers=answer.get("headers", []),
        response_body=_body(answer.get("body")),
    )


def _body(text: str | None) -> ShownBody | None:
    return shown_body(text.encode("utf-8", "replace")) if text else None
