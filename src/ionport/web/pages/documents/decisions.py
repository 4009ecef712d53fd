"""What a person decides on a document's page: each decision, its question, and its undoing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput, IonportError, NotFound
from ionport.core.i18n import _
from ionport.documents.model import Document, DocumentStatus
from ionport.documents.review.decisions.model import DecisionKind
from ionport.documents.review.life_cycle import CLOSED, PENDING, Cause, can_move
from ionport.identity.access import Access
from ionport.identity.groups.permissions import Permission
from ionport.store import OrganizationScope, Work
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.pages.documents.permitted import require_for_document
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.templating import path_to, redirect
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "decisions"


_DELIVERED = (DocumentStatus.EXPORTING, DocumentStatus.EXPORTED)


@dataclass(frozen=True, slots=True)
class Actions:
    """The buttons of a document's page, by the document's status."""

    can_export: bool
    must_decide: bool
    can_correct: bool
    can_accept: bool
    can_approve: bool
    can_hold: bool
    can_reject: bool
    can_delete: bool
    can_move: bool
    can_keep_exported: bool
    can_release: bool
    can_restore: bool


def actions_of(
    access: Access[OrganizationScope],
    document: Document,
    *,
    needs_approval: bool = True,
    may_approve: bool = True,
) -> Actions:
    """Return the buttons of a document; whether it was sent is checked when one is pressed.

    There is none for what the actor may not do.

    One that waits for an approval which the settings demand no longer (`needs_approval`) can be
    exported. `may_approve` says whether the reader may give the next approval.
    """
    status = document.status
    waits = status in PENDING and needs_approval
    is_whole = document.purged_at is None
    is_open = is_whole and status not in CLOSED
    must_decide = document.is_held and status not in PENDING
    may = {one: access.may(one, document.document_type) for one in Permission}
    decides, edits = may[Permission.DECIDE], may[Permission.EDIT]
    decides, deletes = is_whole and decides, is_whole and may[Permission.DELETE]
    is_ready = is_open and status is not DocumentStatus.ON_HOLD and not waits
    return Actions(
        can_export=is_ready and may[Permission.EXPORT] and (decides or not must_decide),
        must_decide=must_decide,
        can_correct=is_open and edits,
        can_accept=is_open and decides,
        can_approve=waits and may_approve and may[Permission.APPROVE],
        can_hold=can_move(status, DocumentStatus.ON_HOLD, Cause.HOLD) and decides,
        can_reject=can_move(status, DocumentStatus.REJECTED, Cause.REJECT) and decides,
        can_delete=can_move(status, DocumentStatus.DELETED, Cause.DELETE) and deletes,
        can_move=is_open and status not in _DELIVERED and edits,
        can_keep_exported=status in PENDING and may[Permission.RE_EXPORT],
        can_release=status is DocumentStatus.ON_HOLD and decides,
        can_restore=status is DocumentStatus.DELETED and deletes,
    )


@dataclass(frozen=True, slots=True)
class _Question:
    heading: str
    text: str
    button: str
    label: str
    done: str


def _questions() -> Mapping[DecisionKind, _Question]:
    return {
        DecisionKind.ACCEPT: _Question(
            _("Accept the finding"),
            _("The document is exported although this was found."),
            _("Accept"),
            _("Why is it accepted?"),
            _("The finding was accepted."),
        ),
        DecisionKind.REJECT: _Question(
            _("Reject the document"),
            _(
                "It takes part in no export, and does not count when other documents are compared"
                " with it, unless something of it was sent."
            ),
            _("Reject"),
            _("Why is it rejected?"),
            _("The document was rejected."),
        ),
        DecisionKind.DUPLICATE: _Question(
            _("Reject as a duplicate"),
            _("This document is rejected, and the other one is exported."),
            _("Reject as a duplicate"),
            _("What else is to be said?"),
            _("The document was rejected as a duplicate."),
        ),
        DecisionKind.HOLD: _Question(
            _("Put on hold"),
            _("Nothing more of the document leaves until somebody releases it."),
            _("Put on hold"),
            _("What is it waiting for?"),
            _("The document is on hold."),
        ),
        DecisionKind.DELETE: _Question(
            _("Delete the document"),
            _("Nothing of it was sent. It stays as evidence, and can be restored."),
            _("Delete"),
            _("Why is it deleted?"),
            _("The document was deleted. It can be restored on its page."),
        ),
    }


def ask(request: Request) -> Response:
    """Ask why, where the decision was not made beside its finding."""
    require_for_document(request, _kind(request).permission)
    return _ask(request, _kind(request), {})


def decide(request: Request) -> Response:
    """Make a decision that has a reason."""
    kind = _kind(request)
    form = visit_of(request).form
    reason = text_of(form, "reason")
    try:
        _decide(request, _make(kind, reason, text_of(form, "finding"), text_of(form, "of")))
    except InvalidInput as error:
        return _ask(request, kind, errors_of(error), error.status)
    except NotFound:
        raise
    except IonportError as error:
        return redirect(request, _url(request), kind="danger", text=error.text)
    return redirect(request, _url(request), text=_questions()[kind].done)


def _make(
    kind: DecisionKind, reason: str, finding: str, other: str
) -> Callable[[Request, Work], None]:
    def make(request: Request, work: Work) -> None:
        decisions = documents_of(request).documents.decisions
        scope, actor = organization_scope(request), visit_of(request).actor
        document_id = request.path_params["document"]
        if kind is DecisionKind.ACCEPT:
            # Never all that are open: others may have arisen since the person looked.
            decisions.accept(Access(work, scope, actor), document_id, reason, {finding})
        elif kind is DecisionKind.HOLD:
            decisions.hold(Access(work, scope, actor), document_id, reason)
        elif kind is DecisionKind.DELETE:
            decisions.delete(Access(work, scope, actor), document_id, reason)
        else:
            named = other if kind is DecisionKind.DUPLICATE else None
            decisions.reject(Access(work, scope, actor), document_id, reason, named)

    return make


def approve(request: Request) -> Response:
    """Approve the document."""

    def make(request: Request, work: Work) -> None:
        documents_of(request).documents.decisions.approve(
            Access(work, organization_scope(request), visit_of(request).actor),
            request.path_params["document"],
            _seen(request),
        )

    return _done(request, make, _("The document was approved."))


def _seen(request: Request) -> datetime | None:
    """Return when the document that the form showed was changed last."""
    try:
        return datetime.fromisoformat(text_of(visit_of(request).form, "seen"))
    except ValueError:
        return None


def keep_exported(request: Request) -> Response:
    """Cancel a re-export that waits for approvals."""

    def make(request: Request, work: Work) -> None:
        documents_of(request).deliveries.keep_exported(
            Access(work, organization_scope(request), visit_of(request).actor),
            request.path_params["document"],
        )

    return _done(request, make, _("The document is not exported again."))


def release(request: Request) -> Response:
    """Release a document that is on hold."""
    return _take_back(request, DecisionKind.HOLD, _("The document was released."))


def restore(request: Request) -> Response:
    """Restore a document that was deleted."""
    return _take_back(request, DecisionKind.DELETE, _("The document was restored."))


def undo(request: Request) -> Response:
    """Undo one decision."""
    visit, service = visit_of(request), documents_of(request).documents.decisions
    try:
        service.undo_any(
            visit.services.database,
            organization_scope(request),
            visit.actor,
            request.path_params["document"],
            text_of(visit.form, "decision") or "none",
        )
    except IonportError as error:
        if error.code == "no_document":
            raise
        return redirect(request, _url(request), kind="danger", text=error.text)
    return redirect(request, _url(request), text=_("The decision was undone."))


def _take_back(request: Request, kind: DecisionKind, text: str) -> Response:
    def make(request: Request, work: Work) -> None:
        documents_of(request).documents.decisions.take_back(
            Access(work, organization_scope(request), visit_of(request).actor),
            request.path_params["document"],
            {kind},
        )

    return _done(request, make, text)


def _done(request: Request, make: Callable[[Request, Work], None], text: str) -> Response:
    try:
        _decide(request, make)
    except NotFound:
        raise
    except IonportError as error:
        return redirect(request, _url(request), kind="danger", text=error.text)
    return redirect(request, _url(request), text=text)


def _decide(request: Request, make: Callable[[Request, Work], None]) -> None:
    with visit_of(request).services.database.write() as work:
        make(request, work)


def _ask(
    request: Request, kind: DecisionKind, errors: Mapping[str, str], status: int = 200
) -> Response:
    visit, question = visit_of(request), _questions()[kind]
    with visit.read(organization_scope(request)) as access:
        document = documents_of(request).documents.get(access, request.path_params["document"])
    hidden = [
        (name, value)
        for name in ("finding", "of")
        if (value := text_of(visit.form, name) or request.query_params.get(name, ""))
    ]
    help_text = _("At most 500 characters; kept in the timeline and in the audit log.")
    return ask_first(
        request,
        question.heading,
        [document.filename, question.text],
        question.button,
        crumbs=[
            (_("Documents"), path_to(request, "documents")),
            (document.filename, _url(request)),
        ],
        hidden=hidden,
        reason={
            "label": question.label,
            "help": help_text,
            "value": text_of(visit.form, "reason"),
            "optional": "yes" if kind is DecisionKind.DUPLICATE else "",
        },
        errors=errors,
        status=status,
        is_destructive=kind in (DecisionKind.REJECT, DecisionKind.DUPLICATE),
    )


def _kind(request: Request) -> DecisionKind:
    name = request.path_params["kind"]
    for kind in _questions():
        if kind.value == name:
            return kind
    raise NotFound(_("There is no such decision."))


def _url(request: Request) -> str:
    return path_to(request, "document", document=request.path_params["document"])


_ONE = "/documents/{document}"
ROUTES = [
    *form_routes(f"{_ONE}/decide/{{kind}}", ask, decide, name="document_decide"),
    Route(f"{_ONE}/approve", approve, methods=["POST"], name="document_approve"),
    Route(f"{_ONE}/keep-exported", keep_exported, methods=["POST"], name="document_keep_exported"),
    Route(f"{_ONE}/release", release, methods=["POST"], name="document_release"),
    Route(f"{_ONE}/restore", restore, methods=["POST"], name="document_restore"),
    Route(f"{_ONE}/undo", undo, methods=["POST"], name="document_undo"),
]
