"""Settings → Retention: how long documents are kept whole, and how many are due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _, ngettext, number_text
from ionport.documents.retention.model import MAX_COUNT, MAX_YEARS, Due
from ionport.documents.retention.service import years_text
from ionport.documents.types import DOCUMENT_TYPES
from ionport.identity.edits import ChangedMeanwhile
from ionport.store import OrganizationScope, ScopedWork
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import organization_trail
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, visit_of

MANUAL = "retention"

_LONGEST = 4


def show(request: Request) -> Response:
    """Show how long each type is kept, and how many documents are due now."""
    return _page(request, None, {})


def save(request: Request) -> Response:
    """Save how long documents are kept; asks first where that makes documents due."""
    visit, scope, form = visit_of(request), organization_scope(request), visit_of(request).form
    service = documents_of(request).retention
    given = {kind: text_of(form, kind)[:_LONGEST] for kind in DOCUMENT_TYPES}
    try:
        years = _years(given)
        with visit.write(scope) as access:
            access.require_organization_administrator()
            require_unchanged(
                request, access, next(iter(DOCUMENT_TYPES)), lambda: _stored(request, access)
            )
            kept = _set({kind: one.keep_years for kind, one in _due(request, access).items()})
            is_asked = text_of(form, "confirmed") == "yes" or not _shorter(kept, years)
            due = [] if is_asked else service.due(access, _set(years))
            if is_asked:
                for kind, number in years.items():
                    service.keep(access, kind, number)
    except (InvalidInput, ChangedMeanwhile) as error:
        return _page(request, given, errors_of(error), error.status)
    if due:
        return _ask(request, given, due)
    return redirect(request, path_to(request, "retention"), text=_("The retention is saved."))


def _ask(request: Request, given: Mapping[str, str], due: Sequence[Due]) -> Response:
    points = [
        ngettext(
            "{number} document of the type {type} is due now, kept for: {years}",
            "{number} documents of the type {type} are due now, kept for: {years}",
            one.count,
        ).format(
            number=_number(one),
            type=DOCUMENT_TYPES[one.document_type].label,
            years=years_text(one.keep_years),
        )
        for one in due
        if one.count
    ]
    return ask_first(
        request,
        _("Remove the content of documents"),
        [
            _(
                "What is due is removed within minutes, and later what comes to be due, for good:"
                " the file, its pages, terms and tables. No backup of ionport brings it back"
                " but one of yours."
            )
        ],
        _("Save and remove"),
        crumbs=[
            (_("Settings"), path_to(request, "settings")),
            (_("Retention"), path_to(request, "retention")),
        ],
        points=points,
        ending=[_("Number, supplier, amounts, digests, decisions and deliveries stay.")],
        hidden=[*given.items(), ("confirmed", "yes")],
        keeps_mark=True,
    )


def _page(
    request: Request, given: Mapping[str, str] | None, errors: Mapping[str, str], status: int = 200
) -> Response:
    with organization_read(request) as access:
        due = _due(request, access)
        stored = _stored(request, access)
        trail = organization_trail(request, access.work, list(DOCUMENT_TYPES))
    if request.method == "GET":
        show_stored(request, stored)
    rows = [
        {
            "kind": kind,
            "value": (given or stored)[kind.id],
            "due": _number(due[kind.id]) if kind.id in due else "",
            "before": due[kind.id].before if kind.id in due else None,
        }
        for kind in DOCUMENT_TYPES.values()
    ]
    context = {"rows": rows, "errors": errors, "max_years": MAX_YEARS, "trail": trail}
    return render(request, "settings/retention.html", context, status=status)


def _stored(request: Request, access: ScopedWork[OrganizationScope]) -> dict[str, str]:
    kept = _due(request, access)
    return {kind: str(kept[kind].keep_years) if kind in kept else "" for kind in DOCUMENT_TYPES}


def _due(request: Request, access: ScopedWork[OrganizationScope]) -> dict[str, Due]:
    return {one.document_type: one for one in documents_of(request).retention.due(access)}


def _shorter(kept: Mapping[str, int], years: Mapping[str, int | None]) -> bool:
    """Tell whether content is removed sooner than by what is kept now, or at all."""
    return any(number < kept.get(kind, MAX_YEARS + 1) for kind, number in _set(years).items())


def _years(given: Mapping[str, str]) -> dict[str, int | None]:
    """Return the numbers; raises InvalidInput that names each that is none."""
    wrong = _("Write a number of years from 1 to {n}, or nothing.").format(n=MAX_YEARS)
    bad = {
        kind: wrong
        for kind, text in given.items()
        if text and not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_YEARS)
    }
    if bad:
        raise InvalidInput(wrong, code="wrong_years", fields=bad)
    return {kind: int(text) if text else None for kind, text in given.items()}


def _set(years: Mapping[str, int | None]) -> dict[str, int]:
    return {kind: number for kind, number in years.items() if number is not None}


def _number(due: Due) -> str:
    if due.count > MAX_COUNT:
        return _("more than {number}").format(number=number_text(MAX_COUNT))
    return number_text(due.count)


ROUTES = [
    *form_routes("/settings/retention", show, save, name="retention"),
]
