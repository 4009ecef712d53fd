"""Document side: what failed or the ERP has not taken, by cause, with what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.identity.groups.permissions import Permission
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.pages.documents.listing.bulk import follow, follow_known
from ionport.web.rendering.templating import render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, visit_of

MANUAL = "export-errors"


def show(request: Request) -> Response:
    """Show the groups, the most frequent first."""
    with organization_read(request) as access:
        groups = documents_of(request).error_queue.groups(access)
        failed = [group.newest_id for group in groups if group.erp_status is None]
        undecided = documents_of(request).arrivals.undecided(access, failed)
    numbers = Counter[str]()
    for group in groups:
        numbers[group.erp_status or "failed"] += group.deliveries
    context = {"groups": groups, "numbers": numbers, "undecided": undecided}
    return render(request, "deliveries/errors/list.html", context)


def retry_all(request: Request) -> Response:
    """Begin to try all deliveries of one cause again."""
    visit, scope = visit_of(request), organization_scope(request)
    run = documents_of(request).error_queue.retry(
        visit.services.database, scope, visit.actor, request.path_params["cause"]
    )
    told = ""
    if run.person_id != (visit.actor.user_id or ""):
        told = _("{person} has begun this already; nothing else was begun.").format(
            person=run.person
        )
    return follow(request, run, told)


def re_export_form(request: Request) -> Response:
    """Explain what exporting all of one cause again as new means, and ask why."""
    return _re_export_dialog(request, {})


def re_export(request: Request) -> Response:
    """Begin to export all that the ERP has not taken for one cause again as new."""
    visit, scope = visit_of(request), organization_scope(request)
    cause, reason = request.path_params["cause"], text_of(visit.form, "reason")
    queue = documents_of(request).error_queue
    try:
        run = queue.re_export(visit.services.database, scope, visit.actor, cause, reason)
    except InvalidInput as error:
        return _re_export_dialog(request, errors_of(error), error.status)
    except Conflict as error:
        return follow_known(request, error)
    return follow(request, run)


def _re_export_dialog(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require(scope.organization_id, Permission.RE_EXPORT)
    with organization_read(request) as access:
        queue, cause = documents_of(request).error_queue, request.path_params["cause"]
        group = queue.not_taken_for(access, cause)
    context = {"group": group, "errors": errors, "reason": text_of(visit.form, "reason")}
    return render(request, "deliveries/errors/re_export.html", context, status=status)


ROUTES = [
    Route("/export-errors", show, name="export_errors"),
    Route("/export-errors/{cause}/retry", retry_all, methods=["POST"], name="export_errors_retry"),
    *form_routes(
        "/export-errors/{cause}/re-export",
        re_export_form,
        re_export,
        name="export_errors_re_export",
    ),
]
