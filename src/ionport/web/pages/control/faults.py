"""Infor side: fault rules of a tenant's sandbox."""

from __future__ import annotations

import math
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.core.paging import Page
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
from ionport.web.forms.declared import Form, FormField, Group, Kind, choices_of
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.form_page import show_form
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import sandbox_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "sandbox-control"

_METHODS = ("GET", "POST", "PUT", "DELETE")


def list_faults(request: Request) -> Response:
    """Show the rules in the order in which they are tried."""
    state = ListState.of(request, sorts=["order"], filters=("q",))
    with tenant_read(request) as access:
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
        "kinds": _kinds(),
        "when": {rule.id: _when(rule) for rule in shown},
        "calls": {rule.id: _calls(rule.draft.target) for rule in shown},
    }
    return render(request, "control/faults/list.html", context)


def add_form(request: Request) -> Response:
    """Show the form of a new rule."""
    _faults(request).require(tenant_scope(request), visit_of(request).actor)
    return _page(request, _values(FaultDraft(FaultKind.STATUS)), {})


def add(request: Request) -> Response:
    """Add a rule."""
    visit, scope = visit_of(request), tenant_scope(request)
    _faults(request).require(scope, visit.actor)
    values = _form(request).sent(visit.form)
    try:
        draft = _draft(request, values)
        with visit.write(scope) as access:
            _faults(request).add(access, draft)
    except (InvalidInput, Conflict) as error:
        return _page(request, values, errors_of(error), status=error.status)
    text = _("The rule is saved. It takes effect from the next call on.")
    return redirect(request, _list_url(request), text=text)


def edit_form(request: Request) -> Response:
    """Show the form of a rule."""
    rule = _rule(request)
    show_stored(request, _values(rule.draft))
    return _page(request, _values(rule.draft), {}, rule)


def edit(request: Request) -> Response:
    """Change a rule; it counts from the start again."""
    visit, scope, rule = visit_of(request), tenant_scope(request), _rule(request)
    values = _form(request).sent(visit.form)
    try:
        draft = _draft(request, values)
        with visit.write(scope) as access:
            faults = _faults(request)
            require_unchanged(
                request,
                access,
                rule.id,
                lambda: _values(faults.get(access, rule.id).draft),
            )
            faults.change(access, rule.id, draft)
    except (InvalidInput, ChangedMeanwhile) as error:
        return _page(request, values, errors_of(error), rule, status=error.status)
    text = _("The rule is saved. It counts from the start again.")
    return redirect(request, _list_url(request), text=text)


def _page(
    request: Request,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    rule: FaultRule | None = None,
    *,
    status: int = 200,
) -> Response:
    heading, intro = _("Add a fault rule"), []
    if rule:
        heading = _("Change the fault rule")
        text = _(
            "It applied to {hits} of the {seen} calls that matched since it was last switched on or"
            " changed. Saved, it counts from the start again."
        )
        intro = [text.format(hits=rule.hits, seen=rule.seen)]
    return show_form(
        request, _form(request), values, errors, heading=heading, button=_("Save"), intro=intro,
        crumbs=[(_("Control plane"), None), (_("Faults"), _list_url(request))], last=heading,
        status=status,
    )  # fmt: skip


def _form(request: Request) -> Form:
    return Form(
        [
            FormField(
                "kind", _("What happens"), Kind.CHOICE, required=True, choices=choices_of(_kinds())
            ),
            FormField(
                "name", _("Name"), limit=200,
                help=_("The recorder writes it to every call that the rule applies to."),
            ),
            Group(_("Which calls"), _which_calls(request)),
            Group(_("When"), _which_of_them()),
            Group(_("How"), _what_happens()),
        ]
    )  # fmt: skip


def _which_calls(request: Request) -> list[FormField]:
    apis = sandbox_of(request).registry.services
    services = [(api.context, f"{api.context} · {api.title}") for api in apis]
    return [
        FormField(
            "service", _("Service"), Kind.CHOICE,
            choices=[*services, (AUTHORIZATION_SERVER, _("AS · Authorization server"))],
            empty=_("Every service but the authorization server"),
        ),
        FormField(
            "operation", _("Operation"), limit=200,
            suggestions=sorted({one.name for api in apis for one in api.operations}),
            help=_("As the inspector names it, such as create item. Empty: every operation."),
        ),
        FormField(
            "method", _("Method"), Kind.CHOICE,
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


def _which_of_them() -> list[FormField]:
    return [
        FormField(
            "trigger", _("Which of them"), Kind.CHOICE, required=True,
            choices=choices_of(_triggers()),
        ),
        FormField(
            "figure", _("Number"), inputmode="decimal",
            help=_(
                "Of the next calls: how many. Of every n-th: n. Of a probability: between 0 and 1."
                " Every call needs none."
            ),
        ),
        FormField(
            "seed", _("Seed"), inputmode="numeric",
            help=_("With the same seed, the same calls are chosen at random again."),
        ),
    ]  # fmt: skip


def _what_happens() -> list[FormField]:
    return [
        FormField(
            "seconds", _("Seconds"), inputmode="decimal",
            help=_("Of latency, slow body and search lag, and the Retry-After of 429."),
        ),
        FormField(
            "status", _("Status"), inputmode="numeric",
            help=_("Of an answer of my choice: 200 to 599."),
        ),
        FormField(
            "body", _("Body"), Kind.LINES, exact=True,
            help=_("Of an answer of my choice, or of HTML. Empty: a short one is made."),
        ),
        FormField(
            "media_type", _("Content-Type"), limit=200,
            help=_("Of an answer of my choice; application/json when empty."),
        ),
        FormField(
            "after_commit", _("Do the call all the same"), Kind.SWITCH,
            help=_(
                "The answer then denies what was done. For an answer of my choice and for HTML."
            ),
        ),
        FormField("is_enabled", _("Switched on"), Kind.SWITCH),
    ]  # fmt: skip


def switch_on(request: Request) -> Response:
    """Switch a rule on; it counts from the start again."""
    return _switch(request, on=True, text=_("The rule is on. It counts from the start again."))


def switch_off(request: Request) -> Response:
    """Switch a rule off."""
    return _switch(request, on=False, text=_("The rule is off."))


def _switch(request: Request, *, on: bool, text: str) -> Response:
    fault_id = str(request.path_params["fault"])
    with tenant_write(request) as access:
        _faults(request).switch(access, fault_id, on=on)
    return redirect(request, _list_url(request), text=text)


def delete_form(request: Request) -> Response:
    """Ask before a rule is deleted."""
    rule = _rule(request)
    text = _(
        "The sandbox then answers these calls as well as it can. What the recorder tells of calls"
        " that it was applied to stays."
    )
    name = rule.draft.name or _kinds()[rule.draft.kind]
    crumbs = [(_("Control plane"), None), (_("Faults"), _list_url(request))]
    heading = _("Delete the rule {name}?").format(name=name)
    return ask_first(request, heading, [text], _("Delete"), crumbs=crumbs)


def delete(request: Request) -> Response:
    """Delete a rule."""
    with tenant_write(request) as access:
        _faults(request).delete(access, request.path_params["fault"])
    return redirect(request, _list_url(request), text=_("The rule is deleted."))


def _faults(request: Request) -> FaultService:
    return sandbox_of(request).control.faults


def _rule(request: Request) -> FaultRule:
    with tenant_read(request) as access:
        return _faults(request).get(access, request.path_params["fault"])


def _kinds() -> Mapping[FaultKind, str]:
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
        Trigger.NEXT: _("The next calls: how many"),
        Trigger.EVERY: _("Every n-th call: n"),
        Trigger.PROBABILITY: _("At random: probability from 0 to 1"),
    }


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


def _draft(request: Request, values: Mapping[str, str]) -> FaultDraft:
    _form(request).check(values)
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
        after_commit=bool(values["after_commit"]),
        is_enabled=bool(values["is_enabled"]),
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
    Route(_BASE, list_faults, name="faults"),
    *form_routes(f"{_BASE}/add", add_form, add, name="fault_add"),
    *form_routes(_FAULT, edit_form, edit, name="fault"),
    Route(f"{_FAULT}/on", switch_on, methods=["POST"], name="fault_on"),
    Route(f"{_FAULT}/off", switch_off, methods=["POST"], name="fault_off"),
    *form_routes(f"{_FAULT}/delete", delete_form, delete, name="fault_delete"),
]
