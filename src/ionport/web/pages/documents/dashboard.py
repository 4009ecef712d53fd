"""The dashboard: what waits for a person, the last day, failures by cause, and the first steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.connections.model import Check, CheckStatus, Connection
from ionport.core.i18n import _
from ionport.core.paging import PageRequest
from ionport.documents.model import DocumentStatus
from ionport.exports.configurations.model import ExportConfiguration
from ionport.exports.model import DeliveryStatus
from ionport.identity.access import Access
from ionport.oauth.accounts.model import AccountQuery
from ionport.store import OrganizationScope, TenantScope
from ionport.web.rendering.templating import manual_path, path_to, render
from ionport.web.services import DocumentServices, documents_of, sides_of
from ionport.web.state import Visit, organization_scope, visit_of

MANUAL = "the-walk"

_DAY = timedelta(days=1)
_CONNECTIONS = PageRequest(per_page=20)
_ONE = PageRequest(per_page=1)
_MOST_NOT_TAKEN = 20


@dataclass(frozen=True, slots=True)
class Step:
    """A first step: what to do, where, and whether it is done."""

    title: str
    text: str
    url: str
    action: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A number of things that wait for a person, and the list that shows them."""

    label: str
    count: int
    url: str
    tone: str


def show(request: Request) -> Response:
    """Show the dashboard of the user's organization."""
    visit, scope = visit_of(request), organization_scope(request)
    services = documents_of(request)
    since = visit.services.clock.now() - _DAY
    with visit.read(scope) as access:
        documents = services.documents.count_by_status(access)
        deliveries = services.deliveries.counts(access)
        held = sum(services.deliveries.held(access).values())
        causes = services.deliveries.causes(access)
        not_taken = services.error_queue.not_taken(access)[:_MOST_NOT_TAKEN]
        last_day = _counts_since(services, access, since)
        connections = services.connections.list(access, _CONNECTIONS)
        checks = services.connections.latest_checks(access, [each.id for each in connections.items])
        active = services.configurations.list(access, _ONE, only_active=True).items
        made = active or services.configurations.list(access, _ONE).items
        # Before a configuration is active the ERP's answer is a step to come.
        posted = services.acknowledgements.posted_name(access, active) if active else ""
        webhooks = services.webhooks.troubled(access)
        ending = services.connections.ends.ending(access)
        silent = services.deliveries.without_answer(access)
        paused = services.connections.pauses.paused(access, silent)
        has_lost_alerts = services.alerts.is_failing(access)
    steps = [
        _app_step(request, visit, has_connection=connections.total > 0),
        *_connection_steps(request, connections.items, checks),
        _configuration_step(request, made, is_active=bool(active)),
        _document_step(request, documents),
        _delivery_step(request, deliveries),
        *_posted_steps(request, posted),
    ]
    next_step = next((step for step in steps if not step.is_done), None)
    context = {
        "steps": steps,
        "next_step": next_step,
        # The completed steps are shown once, and hidden from the second delivery on.
        "has_steps": next_step is not None or (bool(posted) and sum(deliveries.values()) == 1),
        "waiting": _waiting(request, documents, deliveries, held),
        "causes": causes,
        "not_taken": not_taken,
        **last_day,
        "connections": connections,
        "checks": checks,
        "webhooks": webhooks,
        "ending": ending,
        "today": services.connections.ends.today(),
        "silent": silent,
        "paused": paused,
        "has_lost_alerts": has_lost_alerts,
    }
    return render(request, "documents/dashboard.html", context)


def _counts_since(
    services: DocumentServices, access: Access[OrganizationScope], since: datetime
) -> Mapping[str, int]:
    """Return how many documents came since then, and what became of the deliveries made since."""
    made = services.deliveries.counts_since(access, since)
    return {
        "received": services.documents.count_since(access, since),
        "delivered": made.get(DeliveryStatus.DELIVERED, 0),
        "failed": made.get(DeliveryStatus.FAILED, 0),
        "made": sum(made.values()),
    }


def _waiting(
    request: Request,
    documents: Mapping[DocumentStatus, int],
    deliveries: Mapping[DeliveryStatus, int],
    held: int,
) -> Sequence[Waiting]:
    list_of, ledger = path_to(request, "documents"), path_to(request, "deliveries")

    def of_documents(status: DocumentStatus, tone: str) -> Waiting:
        number = documents.get(status, 0)
        return Waiting(status.label, number, f"{list_of}?status={status.value}", tone)

    return (
        of_documents(DocumentStatus.READY_FOR_VALIDATION, "waiting"),
        of_documents(DocumentStatus.PENDING_APPROVAL, "waiting"),
        of_documents(DocumentStatus.PENDING_SECOND_APPROVAL, "waiting"),
        of_documents(DocumentStatus.ON_HOLD, "held"),
        of_documents(DocumentStatus.VALIDATED_PENDING_EXPORT, "all"),
        of_documents(DocumentStatus.EXPORT_ERROR, "error"),
        Waiting(_("Deliveries held"), held, f"{ledger}?status=held", "held"),
        Waiting(
            _("Deliveries under way"),
            deliveries[DeliveryStatus.PENDING]
            + deliveries[DeliveryStatus.RUNNING]
            + deliveries[DeliveryStatus.WAITING]
            - held,
            ledger,
            "progress",
        ),
    )


def _app_step(request: Request, visit: Visit, *, has_connection: bool) -> Step:
    """Return the step at Infor: in the sandbox where this server has one, else by the manual."""
    infor = sides_of(request).infor
    tenant = next((one for one in visit.tenants if visit.actor.is_tenant_administrator(one)), None)
    text = _("Infor ION API → Authorized Apps: a Backend Service that issues refresh tokens.")
    title = _("Add an authorized app and download its credentials")
    if infor is None or tenant is None:
        return Step(title, text, manual_path("create-an-app"), _("Read how"), has_connection)
    is_downloaded = has_connection
    if not is_downloaded:
        # Whoever downloads a file for a document system makes a service account with it.
        with visit.read(TenantScope(tenant)) as access:
            query = AccountQuery(page=_ONE)
            is_downloaded = infor.service_accounts.list_accounts(access, query).total > 0
    return Step(
        title,
        text,
        path_to(request, "authorized_app_add", tenant=tenant) + "?preset=document-system",
        _("Add it on this server"),
        is_downloaded,
    )


def _connection_steps(
    request: Request, connections: Sequence[Connection], checks: Mapping[str, Check]
) -> Sequence[Step]:
    passed = any(check.status is CheckStatus.PASSED for check in checks.values())
    one = connections[0] if connections else None
    return (
        Step(
            _("Upload the ION API file"),
            _("Settings → Document Processing → Export. It is sealed, and never shown again."),
            path_to(request, "export_choose"),
            _("Upload it"),
            one is not None,
        ),
        Step(
            _("Prove the connection"),
            _("Each stage from the network to IDM and ION, with what to do where one is refused."),
            path_to(request, "connection", connection=one.id)
            if one
            else path_to(request, "connections"),
            _("See the proof"),
            passed,
        ),
    )


def _configuration_step(
    request: Request, configured: Sequence[ExportConfiguration], *, is_active: bool
) -> Step:
    return Step(
        _("Activate an export configuration"),
        _("Which documents go where, by which mapping files."),
        path_to(request, "export", configuration=configured[0].id)
        if configured
        else path_to(request, "export_choose"),
        _("Activate it") if configured else _("Add one"),
        is_active,
    )


def _document_step(request: Request, documents: Mapping[DocumentStatus, int]) -> Step:
    return Step(
        _("Upload an invoice"),
        _("An e-invoice as XML, or a PDF with the XML attached."),
        path_to(request, "document_upload"),
        _("Upload"),
        bool(documents),
    )


def _delivery_step(request: Request, deliveries: Mapping[DeliveryStatus, int]) -> Step:
    return Step(
        _("Export it to Infor"),
        _(
            "What nothing holds leaves by itself, unless its document type says otherwise. The"
            " ledger shows every call, and the item that Infor made of it."
        ),
        path_to(request, "documents"),
        _("Choose a document"),
        deliveries[DeliveryStatus.DELIVERED] > 0,
    )


def _posted_steps(request: Request, posted: str | None) -> Sequence[Step]:
    """Return the step at the ERP, which is last; none where the ERP's status is not learned."""
    if posted is None:
        return ()
    title = _("Posted as {number}").format(number=posted) if posted else _("See it posted")
    text = _("The ERP tells whether it has accepted, posted or rejected the invoice.")
    return (Step(title, text, path_to(request, "deliveries"), _("See the ledger"), bool(posted)),)


ROUTES = [Route("/dashboard", show, name="dashboard")]
