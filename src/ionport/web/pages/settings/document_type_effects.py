"""The rules of a document type: what each has held, and whether it holds or notes.

Without a search or filter the page shows what is changed or has held something, and the groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.core.paging import Page
from ionport.documents.invoice.rules.model import Effect
from ionport.documents.type_settings.rule_list import RuleGroup, RuleRow, rule_rows
from ionport.documents.types import document_type
from ionport.web.forms.fields import text_of
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "document-types"

_EFFECTS: Final = ("holds", "notes", "")
_FILTERS: Final = ("q", "group", "effect")


@dataclass(frozen=True, slots=True)
class GroupCount:
    """How many rules a group has, by their effect."""

    group: RuleGroup
    rules: int
    holding: int
    changed: int

    @property
    def noting(self) -> int:
        return self.rules - self.holding


def effects(request: Request) -> Response:
    """Show the groups of rules, or the rules that are wanted, with their effects."""
    kind, services = document_type(str(request.path_params["type"])), documents_of(request)
    state = ListState.of(request, sorts=["rule"], filters=_FILTERS)
    with visit_of(request).read(organization_scope(request)) as access:
        settings = services.types.get(access, kind.id)
        held = services.documents.review.held_by_code(access, kind.id)
    every = rule_rows(settings)
    if state.is_filtered:
        rows = [row for row in every if _is_wanted(row, state, row.code in held)]
    else:
        rows = [row for row in every if row.is_changed or row.code in held]
    page = state.request
    shown = rows[page.offset : page.offset + page.limit]
    context = {
        "kind": kind,
        "state": state,
        "page_of": Page(shown, len(rows), page),
        "held": held,
        "groups": [(group.value, group.label) for group in RuleGroup],
        "counts": [] if state.is_filtered else _counts(every),
        "words": {Effect.HOLDS: _("holds"), Effect.NOTES: _("notes")},
        "kept": [(name, text) for name, text in state.filters.items() if text],
    }
    return render(request, "settings/document_type_effects.html", context)


def _counts(rows: Sequence[RuleRow]) -> list[GroupCount]:
    found = []
    for group, members in groupby(rows, key=lambda row: row.group):
        them = list(members)
        holding = sum(row.effect is Effect.HOLDS for row in them)
        found.append(GroupCount(group, len(them), holding, sum(row.is_changed for row in them)))
    return found


def _is_wanted(row: RuleRow, state: ListState, has_held: bool) -> bool:
    group, effect = state.filters["group"], state.filters["effect"]
    if state.filters["q"].casefold() not in f"{row.code} {row.title} {row.text}".casefold():
        return False
    if group in list(RuleGroup) and row.group is not RuleGroup(group):
        return False
    return {"changed": row.is_changed, "fixed": row.is_fixed, "held": has_held}.get(
        effect, effect not in ("holds", "notes") or row.effect.value == effect
    )


def set_effect(request: Request) -> Response:
    """Let a rule hold, note, or have its default effect."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    kind, form = document_type(str(request.path_params["type"])), visit.form
    types = documents_of(request).types
    code, effect, seen = (text_of(form, name) for name in ("rule", "effect", "seen"))
    url = path_to(request, "document_type_effects", type=kind.id)
    kept = {name: text for name in (*_FILTERS, "page") if (text := text_of(form, name)[:200])}
    if kept:
        url += "?" + urlencode(kept, errors="replace")
    try:
        if effect not in _EFFECTS:
            raise InvalidInput(_("Choose one of these."))
        with visit.write(scope) as access:
            stored = types.get(access, kind.id).effects.get(code, "")
            if stored != seen:
                text = _("Somebody else has changed {rule} meanwhile; look at it again.")
                raise InvalidInput(text.format(rule=code))
            types.set_effect(access, kind.id, code, effect)
    except InvalidInput as error:
        return redirect(request, url, kind="danger", text=error.text)
    text = _("{rule} is saved. Documents that wait are judged anew.")
    return redirect(request, url, text=text.format(rule=code))


_PATH = "/settings/document-types/{type}/effects"
ROUTES = form_routes(_PATH, effects, set_effect, name="document_type_effects")
