"""Export of documents: one, many, and one that findings hold, with a person's reason."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput, IonportError, NotFound
from ionport.core.i18n import _, ngettext
from ionport.core.paging import MAX_PER_PAGE
from ionport.documents.invoice.corrections import targets_of
from ionport.documents.invoice.rules.table import rules
from ionport.documents.model import EXPORT_STATUSES, Document, DocumentStatus
from ionport.documents.review.model import DocumentHeld, Finding
from ionport.documents.review.service import keeping_findings
from ionport.documents.types import DOCUMENT_TYPES
from ionport.exports.model import Delivery, DeliveryStatus
from ionport.store import Work
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "export"

_SHOWN_REASONS = 3
_SHOWN_NAMES = 5
_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding, and the other document that it is about, where there is one to see."""

    finding: Finding
    other: Document | None
    rule: str = ""
    """The rule's id in the manual, where it is one of its table."""
    field: str = ""
    """A field whose correction may make it right."""


def shown_findings(request: Request, work: Work, document: Document) -> list[ShownFinding]:
    """Return a document's findings, the open ones first."""
    scope = organization_scope(request)
    service = documents_of(request).documents
    found = sorted(
        service.findings(work, scope, document.id), key=lambda finding: not finding.is_open
    )
    shown = []
    for finding in found:
        other = None
        if other_id := finding.parameters.get("document"):
            try:
                other = service.get(work, scope, other_id)
            except NotFound:
                other = None
        shown.append(ShownFinding(finding, other, *_rule_and_field(finding)))
    return shown


def _rule_and_field(finding: Finding) -> tuple[str, str]:
    rule = rules().get(finding.code)
    if rule is None:
        is_read = finding.code in ("no_invoice_in_pdf", "invoices_in_pdf", "duplicate_number")
        return "", "invoice_id" if is_read else ""
    fields = [field for term in rule.terms for field in targets_of(term)]
    return rule.id, fields[0] if fields else "invoice_id"


def seen_findings(request: Request) -> Collection[str]:
    """Return the ids of the findings that the form showed."""
    values = visit_of(request).form.getlist("finding")
    return frozenset(value for value in values if isinstance(value, str))


def export_form(request: Request) -> Response:
    """Repeat what holds the document, and ask why it is exported all the same."""
    document, findings = _document(request)
    if not document.is_held:
        return redirect(request, _url(request))
    return _dialog(request, document, findings, {})


def export(request: Request) -> Response:
    """Export one document through its active configurations."""
    form = visit_of(request).form
    reason = text_of(form, "reason") if "reason" in form else None
    seen = None if reason is None else seen_findings(request)
    document_id = request.path_params["document"]
    try:
        deliveries = _export(request, document_id, reason, seen)
    except DocumentHeld as error:
        new = _("Something was found meanwhile; look at it before you export the document.")
        return _dialog(request, *_document(request), {"": new} if reason else {}, error.status)
    except InvalidInput as error:
        if reason is None:
            return redirect(request, _url(request), kind="danger", text=error.text)
        return _dialog(request, *_document(request), errors_of(error), error.status)
    except IonportError as error:
        return redirect(request, _url(request), kind="danger", text=error.text)
    failed = [
        d for d in deliveries if d.status in (DeliveryStatus.FAILED, DeliveryStatus.CANCELLED)
    ]
    if deliveries and len(failed) == len(deliveries):
        text = _(
            "Its last export did not end well, and a second one beside it is not made. Open its"
            " delivery and choose Retry: it goes on from where it ended."
        )
        return redirect(request, _url(request), kind="warning", text=text)
    if all(delivery.status.is_over for delivery in deliveries):
        text = _(
            "This document was exported before and is not sent twice. To send it once more, open"
            " its delivery and choose Re-export as new."
        )
        return redirect(request, _url(request), kind="info", text=text)
    return redirect(request, _url(request), text=_("The export has begun. Its steps appear below."))


def export_many(request: Request) -> Response:
    """Export the documents that were ticked in the list; what is held is left out and named."""
    form = visit_of(request).form
    url = path_to(request, "documents")
    ids = [value for value in form.getlist("document") if isinstance(value, str)][:MAX_PER_PAGE]
    if not ids:
        return redirect(request, url, kind="warning", text=_("Tick the documents to export first."))
    begun, done, held = 0, 0, list[str]()
    refused: dict[str, list[str]] = {}
    for document_id in dict.fromkeys(ids):
        try:
            deliveries = _export(request, document_id)
        except DocumentHeld as error:
            held.append(error.filename[:_NAME_LENGTH])
            continue
        except IonportError as error:
            refused.setdefault(error.text, []).append(_name_of(request, document_id))
            continue
        is_over = all(delivery.status.is_over for delivery in deliveries)
        done, begun = done + is_over, begun + (not is_over)
    text = " ".join(_summary(begun, done, held, refused))
    kind = "danger" if refused else "warning" if held else "success"
    return redirect(request, url, kind=kind, text=text)


def _name_of(request: Request, document_id: str) -> str:
    """Return name and type of a document that was refused; its id when it is not to be seen."""
    with visit_of(request).services.database.read() as work:
        try:
            document = documents_of(request).documents.get(
                work, organization_scope(request), document_id
            )
        except NotFound:
            return document_id[:_NAME_LENGTH]
    kind = DOCUMENT_TYPES.get(document.document_type)
    label = kind.label if kind else document.document_type
    return f"{document.filename[:_NAME_LENGTH]} ({label})"


def _some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    shown = list(names[:_SHOWN_NAMES])
    if more := len(names) - len(shown):
        shown.append(_("and {count} more").format(count=more))
    return ", ".join(shown)


def _summary(
    begun: int, done: int, held: Sequence[str], refused: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    if begun:
        text = ngettext(
            "{n} document is being exported.", "{n} documents are being exported.", begun
        )
        yield text.format(n=begun)
    if done:
        text = ngettext(
            "{n} was exported before and is not sent twice.",
            "{n} were exported before and are not sent twice.",
            done,
        )
        yield text.format(n=done)
    if held:
        text = ngettext(
            "{n} is held by findings and was left out: {names}.",
            "{n} are held by findings and were left out: {names}.",
            len(held),
        )
        yield text.format(n=len(held), names=_some(held))
    if refused:
        count = sum(map(len, refused.values()))
        yield ngettext("{n} was refused.", "{n} were refused.", count).format(n=count)
        for reason, names in list(refused.items())[:_SHOWN_REASONS]:
            yield f"{_some(names)}: {reason}"


def _export(
    request: Request,
    document_id: str,
    reason: str | None = None,
    seen: Collection[str] | None = None,
) -> Sequence[Delivery]:
    visit, scope = visit_of(request), organization_scope(request)
    with keeping_findings(visit.services.database) as work:
        return documents_of(request).deliveries.export(
            work, scope, visit.actor, document_id, accept_findings=reason, seen=seen
        )


def _document(request: Request) -> tuple[Document, list[ShownFinding]]:
    visit, scope = visit_of(request), organization_scope(request)
    with visit.services.database.read() as work:
        document = documents_of(request).documents.get(work, scope, request.path_params["document"])
        return document, shown_findings(request, work, document)


def _dialog(
    request: Request,
    document: Document,
    findings: Sequence[ShownFinding],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    was_exported = document.status in EXPORT_STATUSES - {DocumentStatus.VALIDATED_PENDING_EXPORT}
    context = {
        "document": document,
        "findings": findings,
        "was_exported": was_exported,
        "errors": errors,
        "reason": text_of(visit_of(request).form, "reason"),
    }
    return render(request, "documents/export.html", context, status=status)


def _url(request: Request) -> str:
    return path_to(request, "document", document=request.path_params["document"])


_ONE = "/documents/{document}/export"
ROUTES = [
    Route("/documents/export", export_many, methods=["POST"], name="documents_export"),
    Route(_ONE, export_form, methods=["GET"], name="document_export"),
    Route(_ONE, export, methods=["POST"]),
]
