"""Infor side: fault rules of a tenant's sandbox."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.core.paging import Page
from ionport.identity.access import Access
from ionport.identity.edits import ChangedMeanwhile
from ionport.sandbox.control.controls.fault_service import FaultService
from ionport.sandbox.control.controls.faults import (
    AUTHORIZATION_SERVER,
    FaultDraft,
    FaultKind,
    FaultRule,
    FaultTarget,
    Trigger,
)
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of, is_on, lines_of, text_of
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.services import sandbox_of
from ionport.web.state import tenant_scope, visit_of

MANUAL = "sandbox-control"

_FIELDS = (
    *("kind", "name", "service", "operation", "method", "path", "trigger", "figure", "seed"),
    *("status", "body", "media_type", "seconds", "after_commit", "is_enabled"),
)
_METHODS = ("GET", "POST", "PUT", "DELETE")


def list_faults(request: Request) -> Response:
    """Show the rules in the order in which they are tried."""
    visit, scope = visit_of(request), tenant_scope(request)
    state = ListState.of(request, sorts=["order"], filters=("q",))
    with visit.read(scope) as access:
        rules = _faults(request).list(access)
    wanted = state.filters["q"].lower()
    found = [rule for rule in rules if wanted in _searched(rule)]
    if state.descending:
        found.reverse()
    start = state.request.offset
    shown = found[start : start + state.request.limit]
    context = {
        "state": state,
        "page_of": Page(shown, len(found), state.request),
        "kinds": dict(_kinds()),
        "when": {rule.id: _when(rule) for rule in shown},
        "calls": {rule.id: _calls(rule.draft.target) for rule in shown},
    }
    return render(request, "control/faults/list.html", context)


def add_form(request: Request) -> Response:
    """Show the form of a new rule."""
    _faults(request).require(tenant_scope(request), visit_of(request).actor)
    return _form(request, _values(FaultDraft(FaultKind.STATUS)), {})


def add(request: Request) -> Response:
    """Add a rule."""
    visit, scope = visit_of(request), tenant_scope(request)
    _faults(request).require(scope, visit.actor)
    try:
        draft = _draft(visit.form)
        with visit.write(scope) as access:
            _faults(request).add(access, draft)
    except InvalidInput as error:
        return _form(request, _sent(visit.form), errors_of(error), status=error.status)
    except Conflict as error:
        return _form(request, _sent(visit.form), {"": error.text}, status=error.status)
    text = _("The rule is saved. It takes effect from the next call on.")
    return redirect(request, _list_url(request), text=text)


def edit_form(request: Request) -> Response:
    """Show the form of a rule."""
    rule = _rule(request)
    show_stored(request, _values(rule.draft))
    return _form(request, _values(rule.draft), {}, rule)


def edit(request: Request) -> Response:
    """Change a rule; it counts from the start again."""
    visit, scope, rule = visit_of(request), tenant_scope(request), _rule(request)
    try:
        draft = _draft(visit.form)
        with visit.services.database.write() as work:
            access = Access(work, scope, visit.actor)
            faults = _faults(request)
            require_unchanged(
                request,
                work,
                scope,
                rule.id,
                lambda: _values(faults.get(access, rule.id).draft),
            )
            faults.change(access, rule.id, draft)
    except (InvalidInput, ChangedMeanwhile) as error:
        return _form(request, _sent(visit.form), errors_of(error), rule, status=error.status)
    text = _("The rule is saved. It counts from the start again.")
    return redirect(request, _list_url(request), text=text)


def _form(
    request: Request,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    rule: FaultRule | None = None,
    *,
    status: int = 200,
) -> Response:
    apis = sandbox_of(request).registry.services
    context = {
        "values": values,
        "errors": errors,
        "rule": rule,
        # A switch has no room for an error: its own stands on top.
        "fields": [name for name in _FIELDS if name not in ("after_commit", "is_enabled")],
        "kinds": _kinds(),
        "triggers": _triggers(),
        "services": [
            *((api.context, f"{api.context} · {api.title}") for api in apis),
            (AUTHORIZATION_SERVER, _("AS · Authorization server")),
        ],
        "methods": [(method, method) for method in _METHODS],
        "operations": sorted({one.name for api in apis for one in api.operations}),
    }
    return render(request, "control/faults/form.html", context, status=status)


def switch_on(request: Request) -> Response:
    """Switch a rule on; it counts from the start again."""
    return _switch(request, on=True, text=_("The rule is on. It counts from the start again."))


def switch_off(request: Request) -> Response:
    """Switch a rule off."""
    return _switch(request, on=False, text=_("The rule is off."))


def _switch(request: Request, *, on: bool, text: str) -> Response:
    visit, scope = visit_of(request), tenant_scope(request)
    fault_id = str(request.path_params["fault"])
    with visit.write(scope) as access:
        _faults(request).switch(access, fault_id, on=on)
    return redirect(request, _list_url(request), text=text)


def delete_form(request: Request) -> Response:
    """Ask before a rule is deleted."""
    rule = _rule(request)
    text = _(
        "The sandbox then answers these calls as well as it can. What the recorder tells of calls"
        " that it was applied to stays."
    )
    name = rule.draft.name or dict(_kinds())[rule.draft.kind.value]
    crumbs = [(_("Control plane"), None), (_("Faults"), _list_url(request))]
    heading = _("Delete the rule {name}?").format(name=name)
    return ask_first(request, heading, [text], _("Delete"), crumbs=crumbs)


def delete(request: Request) -> Response:
    """Delete a rule."""
    visit, scope = visit_of(request), tenant_scope(request)
    with visit.write(scope) as access:
        _faults(request).delete(access, request.path_params["fault"])
    return redirect(request, _list_url(request), text=_("The rule is deleted."))


def _faults(request: Request) -> FaultService:
    return sandbox_of(request).control.faults


def _rule(request: Request) -> FaultRule:
    visit, scope = visit_of(request), tenant_scope(request)
    with visit.read(scope) as access:
        return _faults(request).get(access, request.path_params["fault"])


def _kinds() -> Sequence[tuple[str, str]]:
    labels = {
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
    return [(kind.value, labels[kind]) for kind in FaultKind]


def _triggers() -> Sequence[tuple[str, str]]:
    labels = {
        Trigger.ALWAYS: _("Every call"),
        Trigger.NEXT: _("The next calls: how many"),
        Trigger.EVERY: _("Every n-th call: n"),
        Trigger.PROBABILITY: _("At random: probability from 0 to 1"),
    }
    return [(trigger.value, labels[trigger]) for trigger in Trigger]


def _when(rule: FaultRule) -> str:
    figure = f"{rule.draft.figure:g}"
    texts = {
        Trigger.ALWAYS: _("every call"),
        Trigger.NEXT: _("the next {n}"),
        Trigger.EVERY: _("every {n}. call"),
        Trigger.PROBABILITY: _("probability {n}"),
    }
    return texts[rule.draft.trigger].format(n=figure)


def _calls(target: FaultTarget) -> str:
    parts = (target.service, target.operation, target.method, target.path)
    return " · ".join(part for part in parts if part) or _("all calls")


def _searched(rule: FaultRule) -> str:
    return f"{rule.label} {_calls(rule.draft.target)}".lower()


def _values(draft: FaultDraft) -> dict[str, str]:
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


def _sent(form: FormData) -> dict[str, str]:
    return {name: text_of(form, name) for name in _FIELDS} | {"body": lines_of(form, "body")}


def _draft(form: FormData) -> FaultDraft:
    values = _sent(form)
    for name, choices in (("kind", FaultKind), ("trigger", Trigger)):
        if values[name] not in list(choices):
            text = _("Choose one of these.")
            raise InvalidInput(text, fields={name: text})
    return FaultDraft(
        kind=FaultKind(values["kind"]),
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
        after_commit=is_on(form, "after_commit"),
        is_enabled=is_on(form, "is_enabled"),
    )


def _number(values: Mapping[str, str], name: str) -> float:
    try:
        number = float(values[name] or "0")
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > 1e12:
        text = _("A number.")
        raise InvalidInput(text, fields={name: text})
    return number


def _list_url(request: Request) -> str:
    return path_to(request, "faults", tenant=tenant_scope(request).tenant_id)


_BASE = "/ion-api/{tenant}/faults"
_FAULT = f"{_BASE}/{{fault}}"
ROUTES = [
    Route(_BASE, list_faults, methods=["GET"], name="faults"),
    Route(f"{_BASE}/add", add_form, methods=["GET"], name="fault_add"),
    Route(f"{_BASE}/add", add, methods=["POST"]),
    Route(_FAULT, edit_form, methods=["GET"], name="fault"),
    Route(_FAULT, edit, methods=["POST"]),
    Route(f"{_FAULT}/on", switch_on, methods=["POST"], name="fault_on"),
    Route(f"{_FAULT}/off", switch_off, methods=["POST"], name="fault_off"),
    Route(f"{_FAULT}/delete", delete_form, methods=["GET"], name="fault_delete"),
    Route(f"{_FAULT}/delete", delete, methods=["POST"]),
]
