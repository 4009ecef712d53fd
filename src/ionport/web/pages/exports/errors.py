"""Document side: failed deliveries by cause, with what to do and *Retry all with this cause*."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.i18n import _, ngettext
from ionport.exports.error_queue.service import Retried
from ionport.identity.groups.permissions import Permission
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, visit_of

MANUAL = "export-errors"
_MOST_REASONS = 3


def show(request: Request) -> Response:
    """Show the groups, the most frequent first."""
    with organization_read(request) as access:
        groups = documents_of(request).error_queue.groups(access)
    total = sum(group.deliveries for group in groups)
    return render(request, "exports/errors.html", {"groups": groups, "total": total})


def retry_all(request: Request) -> Response:
    """Try all deliveries of one cause again."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require(scope.organization_id, Permission.EXPORT)
    done = documents_of(request).error_queue.retry(
        visit.services.database, scope, visit.actor, request.path_params["cause"]
    )
    kind = "success" if done.tried else "danger"
    return redirect(request, path_to(request, "export_errors"), kind=kind, text=_told(done))


def _told(done: Retried) -> str:
    tried = ngettext("{n} delivery is tried again.", "{n} deliveries are tried again.", done.tried)
    texts = [tried.format(n=done.tried)]
    for reason, number in done.refused.most_common(_MOST_REASONS):
        stays = ngettext("{n} stays: {reason}", "{n} stay: {reason}", number)
        texts.append(stays.format(n=number, reason=reason))
    if done.left:
        texts.append(_("{n} more follow when you choose it again.").format(n=done.left))
    return " ".join(texts)


ROUTES = [
    Route("/export-errors", show, name="export_errors"),
    Route("/export-errors/{cause}/retry", retry_all, methods=["POST"], name="export_errors_retry"),
]
