"""Upload of documents: many files at once, with the result of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import Forbidden
from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE
from ionport.documents.intake.containers import ReceivedFile
from ionport.documents.intake.receiving import Outcome
from ionport.identity.groups.permissions import Permission
from ionport.web.forms.fields import each_upload, text_of
from ionport.web.rendering.templating import render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "intake"

_SHOWN_FINDINGS = 5
_OPEN_UP_TO = 3
"""With more files than this the findings are shown on demand."""
_ORDER = ("held", "refused", "later", "approve", "in", "here")
"""Results that need a person come first."""


def upload_form(request: Request) -> Response:
    """Show the upload dialog."""
    scope = organization_scope(request)
    visit_of(request).actor.require(scope.organization_id, Permission.EDIT)
    return _upload_page(request, [])


def upload(request: Request) -> Response:
    """Receive the files and show the result of each; 503 when all of them have to wait."""
    visit, sides = visit_of(request), documents_of(request)
    most = sides.documents.limits.file_bytes

    def files() -> Iterator[ReceivedFile]:
        for file in each_upload(visit.form, "files", most):
            yield ReceivedFile(file.filename, file.content)

    sub_organization = text_of(visit.form, "sub_organization") or None
    try:
        results = list(
            sides.receiver.receive(
                organization_scope(request), visit.actor, files(), sub_organization
            )
        )
    except Forbidden as error:
        return _upload_page(request, [], error.text, error.status)
    if not results:
        return _upload_page(request, [], _("Choose at least one file."), 422)
    if sides.waiting is not None:
        scope = organization_scope(request)
        sides.waiting.keep(scope, visit.actor, results, files(), sub_organization)
    is_postponed = all(result.is_postponed for result in results)
    return _upload_page(request, results, status=503 if is_postponed else 200)


def _upload_page(
    request: Request, results: Sequence[Outcome], error: str = "", status: int = 200
) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    with visit.services.database.read() as work:
        subs = visit.services.identity.list_sub_organizations(work.within(scope))
    results = sorted(results, key=lambda result: _ORDER.index(_kind(result)))
    context = {
        "results": results,
        "max_at_once": MAX_PER_PAGE,
        "kinds": [_kind(result) for result in results],
        "open_up_to": _OPEN_UP_TO,
        "shown_findings": _SHOWN_FINDINGS,
        "file_bytes": documents_of(request).documents.limits.file_bytes,
        "error": error,
        "sub_organizations": [(sub.id, sub.name) for sub in subs],
        "chosen": text_of(visit.form, "sub_organization"),
    }
    return render(request, "documents/upload.html", context, status=status)


def _kind(result: Outcome) -> str:
    """Return the kind of a result: in, approve, held, here, later or refused."""
    if result.document is not None:
        if result.document.open_findings:
            return "held"
        return "approve" if result.document.is_held else "in"
    if result.is_here:
        return "here"
    return "later" if result.is_waiting or result.is_postponed else "refused"


ROUTES = [
    *form_routes("/documents/upload", upload_form, upload, name="document_upload"),
]
