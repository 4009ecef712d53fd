"""Infor side: the form of a fault rule, with the fields of one kind and one trigger."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial

from starlette.requests import Request

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.sandbox.control.controls.faults import (
    AUTHORIZATION_SERVER,
    FaultDraft,
    FaultKind,
    FaultTarget,
    Trigger,
)
from ionport.web.forms.declared import FieldKind, Form, FormField, Group, choices_of
from ionport.web.forms.following import SentForm, sent_form
from ionport.web.services import sandbox_of
from ionport.web.state import visit_of

_METHODS = ("GET", "POST", "PUT", "DELETE")


def sent_fault(request: Request, before: FaultDraft) -> SentForm:
    """Read the form; values without a field stay as in `before`."""
    data, values = visit_of(request).form, fault_values(before)
    sent = sent_form(data, values, partial(fault_form, request), ("kind", "trigger"))
    if sent.asks_for_fields and "status" not in data and "body" not in data:
        # A switch that the view before did not have was not switched off there.
        sent.values["after_commit"] = values["after_commit"]
    return sent


def fault_draft(sent: SentForm) -> FaultDraft:
    """Return the rule; raises InvalidInput beside what is none."""
    values = sent.values
    sent.form.check(values)
    kind = FaultKind(values["kind"])
    return FaultDraft(
        kind=kind,
        name=values["name"],
        target=FaultTarget(
            values["service"], values["operation"], values["method"], values["path"]
        ),
        trigger=Trigger(values["trigger"]),
        figure=_number(values, "figure"),
        seed=int(_number(values, "seed")),
        status=int(_number(values, "status")),
        body=values["body"],
        media_type=values["media_type"],
        seconds=_number(values, "seconds"),
        after_commit=kind.may_be_done and bool(values["after_commit"]),
        is_enabled=bool(values["is_enabled"]),
    )


def fault_values(draft: FaultDraft) -> dict[str, str]:
    """Return a rule as its form has it, with the fields of every kind and trigger."""
    return {
        "kind": draft.kind.value,
        "name": draft.name,
        "service": draft.target.service,
        "operation": draft.target.operation,
        "method": draft.target.method,
        "path": draft.target.path,
        "trigger": draft.trigger.value,
        "figure": f"{draft.figure:g}",
        "seed": str(draft.seed),
        "status": str(draft.status),
        "body": draft.body,
        "media_type": draft.media_type,
        "seconds": f"{draft.seconds:g}",
        "after_commit": "on" if draft.after_commit else "",
        "is_enabled": "on" if draft.is_enabled else "",
    }


def fault_form(request: Request, values: Mapping[str, str]) -> Form:
    """Return the form with the fields of the kind and the trigger in `values`."""
    name = FormField(
        "name", _("Name"), limit=200,
        help=_("The recorder writes it to every call that the rule applies to."),
    )  # fmt: skip
    return Form(
        [
            Group(_("What happens"), [_choice_of_kind(), *_of_kind(values["kind"])]),
            Group(_("Which calls"), _which_calls(request)),
            Group(_("When"), [_choice_of_trigger(), *_of_trigger(values["trigger"])]),
            name,
            FormField("is_enabled", _("Switched on"), FieldKind.SWITCH),
        ]
    )


def _choice_of_kind() -> FormField:
    return FormField(
        "kind", _("Kind"), FieldKind.CHOICE, required=True, choices=choices_of(fault_kinds()),
        button=("kind", _("Show its fields")), follows=True,
    )  # fmt: skip


def _of_kind(kind: str) -> Iterator[FormField]:
    seconds = {
        FaultKind.TOO_MANY_REQUESTS: _("Retry-After, in seconds"),
        FaultKind.LATENCY: _("Wait, in seconds"),
        FaultKind.SLOW_BODY: _("The answer takes, in seconds"),
        FaultKind.SEARCH_LAG: _("New items are found after, in seconds"),
    }
    if kind == FaultKind.STATUS:
        yield FormField(
            "status", _("Status"), required=True, inputmode="numeric", help=_("200 to 599.")
        )
    elif kind in seconds:
        yield FormField("seconds", seconds[FaultKind(kind)], required=True, inputmode="decimal")
    if kind in (FaultKind.STATUS, FaultKind.HTML):
        yield FormField(
            "body", _("Body"), FieldKind.LINES, exact=True, help=_("Empty: a short one is made.")
        )
    if kind == FaultKind.STATUS:
        yield FormField("media_type", _("Content-Type"), limit=200, placeholder="application/json")
    if kind in (FaultKind.STATUS, FaultKind.HTML):
        yield FormField(
            "after_commit", _("Do the call all the same"), FieldKind.SWITCH,
            help=_("The answer then denies what was done."),
        )  # fmt: skip


def _which_calls(request: Request) -> list[FormField]:
    apis = sandbox_of(request).registry.services
    services = [(api.context, f"{api.context} · {api.title}") for api in apis]
    return [
        FormField(
            "service", _("Service"), FieldKind.CHOICE,
            choices=[*services, (AUTHORIZATION_SERVER, _("AS · Authorization server"))],
            empty=_("Every service but the authorization server"),
        ),
        FormField(
            "operation", _("Operation"), limit=200,
            suggestions=sorted({one.name for api in apis for one in api.operations}),
            help=_("As the inspector names it, such as create item. Empty: every operation."),
        ),
        FormField(
            "method", _("Method"), FieldKind.CHOICE,
            choices=[(method, method) for method in _METHODS], empty=_("Every method"),
        ),
        FormField(
            "path", _("Path"), limit=500,
            help=_(
                "Behind the tenant; * stands for any letters, such as /IDM/api/items/*. Empty:"
                " every path."
            ),
        ),
    ]  # fmt: skip


def _choice_of_trigger() -> FormField:
    return FormField(
        "trigger", _("Which of them"), FieldKind.CHOICE, required=True,
        choices=choices_of(_triggers()), button=("trigger", _("Show its fields")), follows=True,
    )  # fmt: skip


def _of_trigger(trigger: str) -> Iterator[FormField]:
    labels = {
        Trigger.NEXT: _("How many calls"),
        Trigger.EVERY: _("Every how many calls"),
        Trigger.PROBABILITY: _("Probability, 0 to 1"),
    }
    if trigger in labels:
        yield FormField("figure", labels[Trigger(trigger)], required=True, inputmode="decimal")
    if trigger == Trigger.PROBABILITY:
        yield FormField(
            "seed", _("Seed"), inputmode="numeric",
            help=_("With the same seed, the same calls are chosen at random again."),
        )  # fmt: skip


def fault_kinds() -> Mapping[FaultKind, str]:
    """Return what each kind does, in the reader's language."""
    return {
        FaultKind.STATUS: _("Answer with a status of my choice"),
        FaultKind.TOO_MANY_REQUESTS: _("429 with Retry-After"),
        FaultKind.LATENCY: _("Latency: wait before the call is done"),
        FaultKind.SLOW_BODY: _("Slow body: spread the answer over time"),
        FaultKind.CUT_BEFORE_COMMIT: _("Cut the connection, nothing done"),
        FaultKind.CUT_AFTER_COMMIT: _("Cut the connection, the call done"),
        FaultKind.BROKEN_JSON: _("Broken JSON: half of the answer, the call done"),
        FaultKind.HTML: _("HTML with status 200, as a proxy answers"),
        FaultKind.UNAUTHORIZED: _("Refuse the token with 401"),
        FaultKind.SEARCH_LAG: _("IDM search finds new items later"),
    }


def _triggers() -> Mapping[Trigger, str]:
    return {
        Trigger.ALWAYS: _("Every call"),
        Trigger.NEXT: _("The next calls"),
        Trigger.EVERY: _("Every n-th call"),
        Trigger.PROBABILITY: _("At random"),
    }


def _number(values: Mapping[str, str], name: str) -> float:
    try:
        number = float(values[name] or "0")
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e12:
        text = _("A number.")
        raise InvalidInput(text, fields={name: text})
    return number
