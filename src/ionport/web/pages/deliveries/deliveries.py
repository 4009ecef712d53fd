"""Document side: the ledger of deliveries, and what a person does with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.connections.model import Connection
from ionport.core.errors import Conflict, InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE, PageRequest
from ionport.documents.review.service import keeping_findings
from ionport.exports.destinations import destination_of, steps_of
from ionport.exports.listing import DeliveryFilter, DeliverySort
from ionport.exports.model import Delivery, DeliveryStatus, StepKind
from ionport.identity.access import Access
from ionport.identity.groups.permissions import Permission
from ionport.store import Work
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.pages.deliveries.steps import shown_steps
from ionport.web.pages.documents.export import seen_findings, shown_findings
from ionport.web.pages.documents.permitted import require_for_document
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.days import DAY, day_start
from ionport.web.rendering.lists import ListState, unknown_values
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of, sides_of
from ionport.web.state import organization_read, organization_scope, organization_write, visit_of

MANUAL = "exactly-once"

_TONES = {
    DeliveryStatus.PENDING: "quiet",
    DeliveryStatus.RUNNING: "progress",
    DeliveryStatus.WAITING: "waiting",
    DeliveryStatus.DELIVERED: "success",
    DeliveryStatus.FAILED: "danger",
    DeliveryStatus.CANCELLED: "quiet",
}
_TILES = {
    DeliveryStatus.PENDING: "tile-pending",
    DeliveryStatus.RUNNING: "tile-progress",
    DeliveryStatus.WAITING: "tile-waiting",
    DeliveryStatus.DELIVERED: "tile-exported",
    DeliveryStatus.FAILED: "tile-error",
    DeliveryStatus.CANCELLED: "tile-cancelled",
}
_HELD = "held"
_OF_REPLAYS = ("from", "to", "configuration", "cause")
FILTERS = ("q", "status", "configuration", "cause", "from", "to")


def list_deliveries(request: Request) -> Response:
    """Show the ledger, filtered and sorted, with a tile for each status."""
    service = documents_of(request).deliveries
    state = ListState.of(
        request,
        sorts=[sort.value for sort in DeliverySort],
        filters=FILTERS,
        default_descending=True,
    )
    wanted, filters = wanted_deliveries(request, state.filters), state.filters
    days = {"from": wanted.created_from is not None, "to": wanted.created_to is not None}
    state = replace(state, unknown=[*state.unknown, *unknown_values(filters, days)])
    with organization_read(request) as access:
        found = service.list(
            access,
            wanted,
            state.request,
            sort=DeliverySort(state.sort),
            descending=state.descending,
        )
        tries = service.tries(access, [each.id for each in found.items])
        counts = service.counts(access)
        held = sum(service.held(access).values())
        silent = service.without_answer(access) if counts[DeliveryStatus.WAITING] > held else {}
        paused = documents_of(request).connections.pauses.paused(access, silent)
        configurations = documents_of(request).configurations.list(
            access, PageRequest(per_page=MAX_PER_PAGE)
        )
        may_replay = access.may(Permission.EXPORT)
    failed = counts[DeliveryStatus.FAILED]
    query = request.url.query
    chosen = {name: filters[name] for name in _OF_REPLAYS if filters[name]}
    context = {
        "may_replay": may_replay and failed > 0,
        "replay_url": f"{path_to(request, 'deliveries_replay')}?{urlencode(chosen)}",
        "here_url": request.url.path + (f"?{query}" if query else ""),
        "live_every": _live_every(counts),
        "state": state,
        "page_of": found,
        "paused": paused,
        "silent": silent,
        "tries": tries,
        "total": sum(counts.values()),
        "tiles": _tiles(counts, held),
        "tones": _TONES,
        "statuses": [(value, label) for value, label, _count, _class in _tiles(counts, held)],
        "configurations": [(each.id, each.title) for each in configurations.items],
        "files": [
            (label, f"/deliveries.{kind}?{urlencode({k: v for k, v in filters.items() if v})}")
            for kind, label in (("csv", _("Save as CSV")), ("json", _("Save as JSON")))
        ],
    }
    return render(request, "deliveries/deliveries/list.html", context)


def _live_every(counts: Mapping[DeliveryStatus, int]) -> int:
    """Return after how many seconds the list is asked for again; 0 where nothing is under way."""
    if counts[DeliveryStatus.PENDING] or counts[DeliveryStatus.RUNNING]:
        return 2
    return 10 if counts[DeliveryStatus.WAITING] else 0


def wanted_deliveries(request: Request, filters: Mapping[str, str]) -> DeliveryFilter:
    """Return what the filters of an address ask for; a day that is none counts for nothing."""
    organization = visit_of(request).organization
    zone = organization.zone if organization else None
    last = day_start(filters["to"], zone)
    status = filters["status"]
    # A held delivery waits for a person or a proof, not for a time: its label is another one.
    return DeliveryFilter(
        status=DeliveryStatus(status) if status in list(DeliveryStatus) else None,
        is_held={_HELD: True, DeliveryStatus.WAITING.value: False}.get(status),
        configuration_id=filters["configuration"] or None,
        error_code=filters["cause"] or None,
        text=filters["q"],
        created_from=day_start(filters["from"], zone),
        created_to=last + DAY if last else None,
    )


def _tiles(counts: Mapping[DeliveryStatus, int], held: int) -> list[tuple[str, str, int, str]]:
    """Return filter value, label, count and class of each tile; held ones count apart."""
    tiles = []
    for status in DeliveryStatus:
        count = counts[status] - (held if status is DeliveryStatus.WAITING else 0)
        tiles.append((status.value, status.label, count, _TILES[status]))
        if status is DeliveryStatus.WAITING:
            tiles.append((_HELD, _("Held"), held, "tile-held"))
    return tiles


def show(request: Request) -> Response:
    """Show a delivery with every step and attempt."""
    return render(request, "deliveries/deliveries/detail.html", _detail_context(request))


def live(request: Request) -> Response:
    """Answer the page's poll with what may have changed; once it is over, polling ends."""
    return render(request, "deliveries/deliveries/_live.html", _detail_context(request))


def _detail_context(request: Request) -> dict[str, object]:
    service = documents_of(request).deliveries
    with organization_read(request) as access:
        detail = service.get(access, request.path_params["delivery_id"])
        others = service.of_document(access, detail.delivery.document_id)
        is_idle = not detail.delivery.status.is_over and not service.has_active_worker(access.work)
        connection = _connection(request, access.work, detail.delivery)
        has_configuration = _has_configuration(request, access.work, detail.delivery)
        acknowledgements = documents_of(request).acknowledgements
        received = acknowledgements.of_delivery(access, detail.delivery.id)
        is_awaited = acknowledgements.is_awaited(access, [detail.delivery])
        expected = acknowledgements.expected(access, detail.delivery)
    delivery, tenant = detail.delivery, _sandbox_tenant(request, connection)
    return {
        "delivery": delivery,
        "document_type": detail.document_type,
        "purged_at": detail.purged_at,
        "tone": _TONES[delivery.status],
        "tones": _TONES,
        "steps": shown_steps(detail),
        "connection": connection,
        "received": received,
        "sandbox_invoice": _sandbox_invoice(request, delivery, tenant) if tenant else "",
        "sandbox_item": _sandbox_item(request, delivery, tenant) if tenant else "",
        "has_configuration": has_configuration,
        "others": [other for other in others if other.id != delivery.id],
        "is_awaited": is_awaited,
        "question": documents_of(request).arrivals.question(detail),
        "expected": expected,
        "is_newest": not any(
            other.configuration_id == delivery.configuration_id
            and other.generation > delivery.generation
            for other in others
        ),
        "is_idle": is_idle,
    }


def _connection(request: Request, work: Work, delivery: Delivery) -> Connection | None:
    visit, scope = visit_of(request), organization_scope(request)
    try:
        return documents_of(request).connections.get(
            Access(work, scope, visit.actor), delivery.connection_id
        )
    except NotFound:
        return None


def _sandbox_tenant(request: Request, connection: Connection | None) -> str:
    """Return the tenant of a connection where its sandbox runs here and is shown; else nothing."""
    tenants = visit_of(request).tenants
    if sides_of(request).sandbox is None or not connection or connection.tenant_id not in tenants:
        return ""
    return connection.tenant_id


def _sandbox_item(request: Request, delivery: Delivery, tenant: str) -> str:
    """Return the inspector's page of the item in IDM; empty before there is one."""
    if not delivery.idm_pid:
        return ""
    return path_to(request, "inspector_item", tenant=tenant, pid=delivery.idm_pid)


def _sandbox_invoice(request: Request, delivery: Delivery, tenant: str) -> str:
    """Return the inspector's page of the invoice."""
    number = delivery.erp_reference or ""
    if any(kind is StepKind.LN_CREATE for kind in steps_of(delivery.method)):
        return path_to(request, "inspector_ln_invoice", tenant=tenant, ln_invoice=number)
    key = number if "-" in number else f"1-{number}"
    return path_to(request, "inspector_m3_invoice", tenant=tenant, m3_invoice=key)


def _has_configuration(request: Request, work: Work, delivery: Delivery) -> bool:
    """Tell whether there is a page of the configuration: it may be deleted since."""
    visit, scope = visit_of(request), organization_scope(request)
    try:
        documents_of(request).configurations.get(
            Access(work, scope, visit.actor), delivery.configuration_id
        )
    except NotFound:
        return False
    return True


def retry(request: Request) -> Response:
    """Try a failed delivery again, or a waiting one at once."""
    service = documents_of(request).deliveries
    try:
        with organization_write(request) as access:
            service.retry(access, request.path_params["delivery_id"])
    except Conflict as error:
        return redirect(request, _url(request), kind="danger", text=error.text)
    return redirect(request, _url(request), text=_("The delivery is tried again."))


def cancel_form(request: Request) -> Response:
    """Ask before a delivery is cancelled."""
    delivery = _delivery(request)
    require_for_document(request, Permission.EXPORT, delivery.document_id)
    text = _(
        "{name} will not be delivered through “{title}” until somebody chooses Retry. What a step"
        " has delivered already stays at Infor."
    ).format(name=delivery.document_name, title=delivery.configuration_title)
    crumbs = [
        (_("Deliveries"), path_to(request, "deliveries")),
        (delivery.document_name, _url(request)),
    ]
    heading = _("Cancel the delivery")
    return ask_first(request, heading, [text], heading, crumbs=crumbs)


def cancel(request: Request) -> Response:
    """Give a delivery up."""
    service = documents_of(request).deliveries
    try:
        with organization_write(request) as access:
            service.cancel(access, request.path_params["delivery_id"])
    except Conflict as error:
        return redirect(request, _url(request), kind="danger", text=error.text)
    return redirect(request, _url(request), text=_("The delivery is cancelled."))


def re_export_form(request: Request) -> Response:
    """Explain what exporting again as new means, and ask why."""
    require_for_document(request, Permission.RE_EXPORT, _delivery(request).document_id)
    return _re_export_dialog(request, {})


def re_export(request: Request) -> Response:
    """Deliver the document once more as something new."""
    visit, scope = visit_of(request), organization_scope(request)
    service = documents_of(request).deliveries
    delivery = _delivery(request)
    reason = text_of(visit.form, "reason")
    try:
        with keeping_findings(visit.services.database) as work:
            made = service.re_export(
                Access(work, scope, visit.actor),
                delivery.document_id,
                reason,
                delivery.configuration_id,
                accept_findings=reason,
                seen=seen_findings(request),
            )
    except InvalidInput as error:
        return _re_export_dialog(request, errors_of(error), error.status)
    except (Conflict, NotFound) as error:
        return _re_export_dialog(request, {"": error.text}, error.status)
    url = path_to(request, "delivery", delivery_id=made[0].id)
    return redirect(request, url, text=_("The document is exported again as new."))


def _re_export_dialog(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    """Show the findings that hold the document: the reason accepts these too."""
    visit, scope = visit_of(request), organization_scope(request)
    document_id = _delivery(request).document_id
    with visit.services.database.read() as work:
        document = documents_of(request).documents.get(work.within(scope), document_id)
        findings = shown_findings(request, work, document)
    second_text = destination_of(_delivery(request).method).second_text
    more = {"document": document, "findings": findings, "second_text": second_text}
    return _dialog(request, "deliveries/deliveries/re_export.html", errors, status, more)


def _dialog(
    request: Request,
    template: str,
    errors: Mapping[str, str],
    status: int = 200,
    more: Mapping[str, object] | None = None,
) -> Response:
    context = {
        **(more or {}),
        "delivery": _delivery(request),
        "errors": errors,
        "reason": text_of(visit_of(request).form, "reason"),
    }
    return render(request, template, context, status=status)


def _delivery(request: Request) -> Delivery:
    with organization_read(request) as access:
        return (
            documents_of(request)
            .deliveries.get(access, request.path_params["delivery_id"])
            .delivery
        )


def _url(request: Request) -> str:
    return path_to(request, "delivery", delivery_id=request.path_params["delivery_id"])


_ONE = "/deliveries/{delivery_id}"
ROUTES = [
    Route("/deliveries", list_deliveries, name="deliveries"),
    Route(_ONE, show, name="delivery"),
    Route(f"{_ONE}/live", live, name="delivery_live"),
    Route(f"{_ONE}/retry", retry, methods=["POST"], name="delivery_retry"),
    *form_routes(f"{_ONE}/cancel", cancel_form, cancel, name="delivery_cancel"),
    *form_routes(f"{_ONE}/re-export", re_export_form, re_export, name="delivery_re_export"),
]
