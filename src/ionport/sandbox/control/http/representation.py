"""The control plane's values as JSON, and JSON as its values."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

from ionport.core.errors import InvalidInput
from ionport.oauth.tenant.settings import Limits
from ionport.sandbox.control.controls.clock_service import ClockState
from ionport.sandbox.control.controls.faults import (
    FaultDraft,
    FaultKind,
    FaultRule,
    FaultTarget,
    Trigger,
)
from ionport.sandbox.control.recorder.model import CallFilter, RecordedCall
from ionport.sandbox.control.state.model import Snapshot
from ionport.sandbox.kit.texts import check_text, representable

Json = dict[str, Any]
Choice = TypeVar("Choice", bound=StrEnum)

_TARGET: Final = ("service", "operation", "method", "path")
_TEXTS: Final = ("name", *_TARGET, "body", "media_type")
_LIMITS: Final = ("logins_per_minute", "logins_per_day", "tokens_per_client_per_day")
_FAULT: Final = frozenset(
    (
        *_TEXTS,
        *("kind", "trigger", "figure", "seed", "status", "seconds"),
        *("after_commit", "is_enabled"),
    )
)


def read_object(body: bytes, known: frozenset[str]) -> Json:
    """Read a JSON object with no other names than `known`; an empty body is an empty object.

    Raises:
        InvalidInput: not JSON, not an object, or with a name that is not known.
    """
    try:
        content = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        text = f"The body is not JSON: {str(error)[:200]}."
        raise InvalidInput(text, code="not_json") from error
    if not isinstance(content, dict):
        raise InvalidInput("The body is a JSON object.", code="not_a_json_object")
    if unknown := sorted(content.keys() - known):
        text = f"Known are: {', '.join(sorted(known)) or '-'}."
        name = representable(unknown[0][:80])
        raise InvalidInput(
            f"{name} is not known here.",
            code="unknown_field",
            fields={name: text},
        )
    return content


def fault_draft(body: bytes) -> FaultDraft:
    """Read a fault rule; what is left out has the defaults of `FaultDraft`."""
    content = read_object(body, _FAULT)
    if "kind" not in content:
        raise wrong("kind", "The kind is missing: one of {kinds}.", kinds=_all(FaultKind))
    texts = {name: _text(content, name) for name in _TEXTS}
    return FaultDraft(
        kind=_choice(FaultKind, content, "kind"),
        name=texts["name"],
        target=FaultTarget(*(texts[name] for name in _TARGET)),
        trigger=_choice(Trigger, {"trigger": "always", **content}, "trigger"),
        figure=_number(content, "figure", 1.0),
        seed=int(_number(content, "seed", 1)),
        status=int(_number(content, "status", 503)),
        body=texts["body"],
        media_type=texts["media_type"],
        seconds=_number(content, "seconds", 1.0),
        after_commit=_flag(content, "after_commit", default=False),
        is_enabled=_flag(content, "is_enabled", default=True),
    )


def fault_json(rule: FaultRule) -> Json:
    """Show a fault rule with what it has counted."""
    draft = rule.draft
    return {
        "id": rule.id,
        "kind": draft.kind.value,
        "name": draft.name,
        **{name: getattr(draft.target, name) for name in _TARGET},
        "trigger": draft.trigger.value,
        "figure": draft.figure,
        "seed": draft.seed,
        "status": draft.status,
        "body": draft.body,
        "media_type": draft.media_type,
        "seconds": draft.seconds,
        "after_commit": draft.after_commit,
        "is_enabled": draft.is_enabled,
        "seen": rule.seen,
        "hits": rule.hits,
        "created_at": moment(rule.created_at),
        "created_by": rule.created_by,
    }


def read_jump(body: bytes) -> timedelta:
    """Read how far the clock shall go."""
    seconds = _number(read_object(body, frozenset(("seconds",))), "seconds", 0.0)
    # Before a timedelta is made: that takes no number beyond its own range.
    return timedelta(seconds=seconds) if abs(seconds) < 1e9 else timedelta(days=99_999)


def clock_json(state: ClockState) -> Json:
    """Show the clock."""
    mark = state.tokens_expired_before
    return {
        "now": moment(state.now),
        "ahead_seconds": state.offset.total_seconds(),
        "tokens_expired_before": moment(mark) if mark else None,
    }


def read_limits(body: bytes, present: Limits) -> Limits:
    """Read Infor's limits; what is left out stays."""
    content = read_object(body, frozenset(("are_on", *_LIMITS)))
    figures = {name: int(_number(content, name, getattr(present, name))) for name in _LIMITS}
    return Limits(are_on=_flag(content, "are_on", default=present.are_on), **figures)


def limits_json(limits: Limits) -> Json:
    """Show Infor's limits."""
    return {"are_on": limits.are_on, **{name: getattr(limits, name) for name in _LIMITS}}


def snapshot_json(snapshot: Snapshot) -> Json:
    """Show a snapshot; `size` is in bytes, as it is kept."""
    return {
        "name": snapshot.name,
        "rows": snapshot.rows,
        "size": snapshot.size,
        "created_at": moment(snapshot.created_at),
        "created_by": snapshot.created_by,
    }


def call_filter(query: Mapping[str, str]) -> CallFilter:
    """Read the filters of a list of calls from a query string."""
    status = query.get("status", "")
    return CallFilter(
        service=query.get("service") or None,
        operation=query.get("operation") or None,
        status=whole(query, "status", 0) if status else None,
        failed_only=query.get("failed", "").lower() in ("true", "1"),
        text=query.get("text") or None,
        body=query.get("body") or None,
        since=_moment_of(query, "since"),
        until=_moment_of(query, "until"),
        ascending=query.get("order", "").lower() == "oldest",
    )


def call_json(call: RecordedCall) -> Json:
    """Show a recorded call without its body."""
    facts, outcome = call.facts, call.outcome
    return {
        "id": call.id,
        "request_id": facts.request_id,
        "client_id": facts.client_id,
        "service": facts.service,
        "operation": facts.operation,
        "method": facts.method,
        "path": facts.path,
        "query": facts.query,
        "headers": dict(facts.headers),
        "request_size": facts.request_size,
        "request_kept": facts.request_kept,
        "received_at": moment(facts.received_at),
        "status": outcome.status,
        "response_size": outcome.response_size,
        "duration_ms": outcome.duration_ms,
        "effects": list(outcome.effects),
        "fault": outcome.fault,
    }


def body_json(body: bytes | None) -> Json:
    """Show a request body: as text where it is one, else in base64; null when it was not kept."""
    if body is None:
        return {"text": None, "base64": None}
    try:
        return {"text": body.decode(), "base64": None}
    except UnicodeDecodeError:
        return {"text": None, "base64": base64.b64encode(body).decode()}


def moment(value: datetime) -> str:
    """Show a moment in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def whole(query: Mapping[str, str], name: str, default: int) -> int:
    """Read a whole number of a query string; raises InvalidInput."""
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise wrong(name, "A whole number.")
    return int(text)


def wrong(name: str, text: str, **values: str) -> InvalidInput:
    """Return the error of one field."""
    told = text.format(**values)
    return InvalidInput(f"{name}: {told}", code="field_invalid", fields={name: told})


def _moment_of(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        # A plus sign that was not encoded arrives as a space.
        read = datetime.fromisoformat(text.replace(" ", "+"))
        return read if read.tzinfo else read.replace(tzinfo=UTC)
    except ValueError as error:
        raise wrong(name, "A moment such as 2026-03-05T10:00:00Z.") from error


def _text(content: Json, name: str) -> str:
    value = content.get(name, "")
    if not isinstance(value, str):
        raise wrong(name, "A text.")
    return check_text(value)


def _number(content: Json, name: str, default: float) -> float:
    value = content.get(name, default)
    # NaN and Infinity are no JSON, but Python reads them.
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e12:
        raise wrong(name, "A number.")
    if value != value:
        raise wrong(name, "A number.")
    return float(value)


def _flag(content: Json, name: str, *, default: bool) -> bool:
    value = content.get(name, default)
    if not isinstance(value, bool):
        raise wrong(name, "true or false.")
    return value


def _choice(choices: type[Choice], content: Json, name: str) -> Choice:
    value = content.get(name)
    if value not in list(choices):
        raise wrong(name, "One of {choices}.", choices=_all(choices))
    return choices(value)


def _all(choices: type[StrEnum]) -> str:
    return ", ".join(choice.value for choice in choices)
