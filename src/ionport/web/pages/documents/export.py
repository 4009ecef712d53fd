"""Export of one document, also of one that findings hold, with a person's reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import InvalidInput, IonportError, NotFound
from ionport.core.i18n import _
from ionport.documents.invoice.corrections import targets_of
from ionport.documents.invoice.rules.model import RuleSet
from ionport.documents.invoice.rules.table import rules
from ionport.documents.model import EXPORT_STATUSES, Document, DocumentStatus
from ionport.documents.review.claims import OF_ANOTHER
from ionport.documents.review.model import WITHOUT_INVOICE, DocumentHeld, Finding
from ionport.documents.review.organization_rules import FIELD_RULES, ORGANIZATION_RULES
from ionport.documents.review.service import keeping_findings
from ionport.documents.type_settings.rule_words import rule_title
from ionport.documents.types import document_type
from ionport.exports.model import Delivery, DeliveryStatus
from ionport.identity.access import Access
from ionport.identity.groups.permissions import Permission
from ionport.store import Work
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.pages.documents.permitted import require_for_document
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "export"

_SHOWN_FIELDS = 4


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding, and the other document that it is about, where there is one to see."""

    finding: Finding
    other: Document | None
    rule: str = ""
    """Its row in the manual's table of rules."""
    field: str = ""
    """A field whose correction may make it right."""
    fields: tuple[str, ...] = ()
    """All the header fields that its rule reads, the likeliest first."""

    @property
    def rule_name(self) -> str:
        """What a reader knows the rule by: the id of a standard's, the title of our own."""
        known = rules().get(self.rule)
        if known is not None and RuleSet.OWN not in known.sets:
            return self.rule
        return rule_title(self.rule) or self.rule


def shown_findings(request: Request, work: Work, document: Document) -> list[ShownFinding]:
    """Return a document's findings, the open ones first."""
    scope = organization_scope(request)
    access = work.within(scope)
    service = documents_of(request).documents
    found = sorted(service.findings_of(access, document), key=lambda finding: not finding.is_open)
    shown = []
    for finding in found:
        other = None
        if other_id := finding.parameters.get("document"):
            try:
                other = service.get(access, other_id)
            except NotFound:
                other = None
        shown.append(ShownFinding(finding, other, *_rule_and_fields(finding, document)))
    return shown


def _rule_and_fields(finding: Finding, document: Document) -> tuple[str, str, tuple[str, ...]]:
    values, own = document.fields, {one.id for one in document_type(document.document_type).fields}
    code, rule = finding.code, rules().get(finding.code)
    if code in FIELD_RULES and (wanted := finding.parameters.get("field", "")):
        return code, wanted, (wanted,)
    known = rule or ORGANIZATION_RULES.get(code)
    terms = known.terms if known is not None else ()
    named = [field for term in terms for field in targets_of(term) if field in own]
    found = tuple(dict.fromkeys(named))
    if account := finding.parameters.get("account"):
        # Of several accounts only the field that has this one may be corrected because of it.
        found = tuple(each for each in found if _plain(values.get(each, "")) == _plain(account))
    if rule is None:
        is_read = code in WITHOUT_INVOICE | OF_ANOTHER
        return code, "invoice_id" if is_read else "", found[:_SHOWN_FIELDS]
    return rule.id, found[0] if found else "", found[:_SHOWN_FIELDS]


def _plain(account: str) -> str:
    return account.replace(" ", "").upper()


def seen_findings(request: Request) -> Collection[str]:
    """Return the ids of the findings that the form showed."""
    values = visit_of(request).form.getlist("finding")
    return frozenset(value for value in values if isinstance(value, str))


def export_form(request: Request) -> Response:
    """Show the findings that hold the document, and ask why it is exported all the same."""
    document, findings = _document(request)
    require_for_document(request, Permission.EXPORT)
    if not document.is_held:
        return redirect(request, _url(request))
    require_for_document(request, Permission.DECIDE)
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
    except NotFound:
        raise
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
        link = _link_to(request, failed)
        return redirect(request, _url(request), kind="warning", text=text, link=link)
    if all(delivery.status.is_over for delivery in deliveries):
        text = _(
            "This document was exported before and is not sent twice. To send it once more, open"
            " its delivery and choose Re-export as new."
        )
        link = _link_to(request, deliveries)
        return redirect(request, _url(request), kind="info", text=text, link=link)
    text, link = _("The export has begun."), _link_to(request, deliveries)
    return redirect(request, _url(request), text=text, link=link)


def _link_to(request: Request, deliveries: Sequence[Delivery]) -> tuple[str, str]:
    """Return the address of the newest delivery and its words."""
    if not deliveries:
        return "", ""
    url = path_to(request, "delivery", delivery_id=deliveries[0].id)
    return url, _("To its delivery")


def _export(
    request: Request,
    document_id: str,
    reason: str | None = None,
    seen: Collection[str] | None = None,
) -> Sequence[Delivery]:
    visit, scope = visit_of(request), organization_scope(request)
    with keeping_findings(visit.services.database) as work:
        return documents_of(request).deliveries.export(
            Access(work, scope, visit.actor), document_id, accept_findings=reason, seen=seen
        )


def _document(request: Request) -> tuple[Document, list[ShownFinding]]:
    visit, scope = visit_of(request), organization_scope(request)
    with visit.services.database.read() as work:
        document = documents_of(request).documents.get(
            work.within(scope), request.path_params["document"]
        )
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
    *form_routes(_ONE, export_form, export, name="document_export"),
]
