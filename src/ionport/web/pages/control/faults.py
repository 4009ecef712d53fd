"""Infor side: fault rules of a tenant's sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.core.paging import Page
from ionport.identity.edits import ChangedMeanwhile
from ionport.sandbox.control.controls.effect import seconds_of
from ionport.sandbox.control.controls.fault_service import FaultService
from ionport.sandbox.control.controls.faults import (
    FaultDraft,
    FaultKind,
    FaultRule,
    FaultTarget,
    Trigger,
)
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of
from ionport.web.pages.control.fault_form import (
    fault_draft,
    fault_form,
    fault_kinds,
    fault_values,
    sent_fault,
)
from ionport.web.pages.control.fault_presets import presets
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.form_page import show_form
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import sandbox_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "sandbox-control"


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
        "kinds": fault_kinds(),
        "when": {rule.id: _when(rule) for rule in shown},
        "together": {rule.id: _together(rule, rules) for rule in shown},
        "calls": {rule.id: _calls(rule.draft.target) for rule in shown},
        "presets": [(word, draft.name) for word, draft in presets().items()],
    }
    return render(request, "control/faults/list.html", context)


def _together(rule: FaultRule, rules: Sequence[FaultRule]) -> float:
    """Return how many seconds a rule and others of its kind that are on add up to; 0 for one."""
    kind = rule.draft.kind
    alike = [each for each in rules if each.draft.kind is kind and each.draft.is_enabled]
    adds = kind.only_adds and rule.draft.is_enabled and len(alike) > 1
    return seconds_of(alike, kind) if adds else 0


def add_form(request: Request) -> Response:
    """Show the form of a new rule, filled in where the address names a preset."""
    _faults(request).require(tenant_scope(request), visit_of(request).actor)
    preset = presets().get(request.query_params.get("preset", ""))
    return _page(request, fault_values(preset or FaultDraft(FaultKind.STATUS)), {})


def add(request: Request) -> Response:
    """Add a rule."""
    visit, scope = visit_of(request), tenant_scope(request)
    _faults(request).require(scope, visit.actor)
    sent = sent_fault(request, FaultDraft(FaultKind.STATUS))
    if sent.asks_for_fields:
        return _page(request, sent.values, {})
    try:
        draft = fault_draft(sent)
        with visit.write(scope) as access:
            _faults(request).add(access, draft)
    except (InvalidInput, Conflict) as error:
        return _page(request, sent.values, errors_of(error), status=error.status)
    text = _("The rule is saved. It takes effect from the next call on.")
    return redirect(request, _list_url(request), text=text)


def edit_form(request: Request) -> Response:
    """Show the form of a rule."""
    rule = _rule(request)
    show_stored(request, fault_values(rule.draft))
    return _page(request, fault_values(rule.draft), {}, rule)


def edit(request: Request) -> Response:
    """Change a rule; it counts from the start again."""
    visit, scope, rule = visit_of(request), tenant_scope(request), _rule(request)
    sent = sent_fault(request, rule.draft)
    if sent.asks_for_fields:
        return _page(request, sent.values, {}, rule)
    try:
        draft = fault_draft(sent)
        with visit.write(scope) as access:
            faults = _faults(request)
            require_unchanged(
                request,
                access,
                rule.id,
                lambda: fault_values(faults.get(access, rule.id).draft),
            )
            faults.change(access, rule.id, draft)
    except (InvalidInput, ChangedMeanwhile) as error:
        return _page(request, sent.values, errors_of(error), rule, status=error.status)
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
        request, fault_form(request, values), values, errors, heading=heading, button=_("Save"),
        intro=intro,
        crumbs=[(_("Control plane"), None), (_("Faults"), _list_url(request))], last=heading,
        status=status,
    )  # fmt: skip


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
    name = rule.draft.name or fault_kinds()[rule.draft.kind]
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
