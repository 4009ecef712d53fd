"""Infor side: what reached a tenant's sandbox, as calls, IDM items and ION messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.clock import Clock
from ionport.core.errors import NotFound
from ionport.core.i18n import _
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.sandbox.control.controls.faults import AUTHORIZATION_SERVER
from ionport.sandbox.control.recorder.model import NO_ANSWER, CallFacts, CallFilter, Outcome
from ionport.sandbox.control.recorder.redaction import (
    MAX_KEPT_ANSWER_BYTES,
    MAX_KEPT_BODY_BYTES,
)
from ionport.sandbox.idm.model import ItemFilter
from ionport.sandbox.kit.operations import UNKNOWN_OPERATION
from ionport.sandbox.messaging.flows.model import AckFilter, Acknowledgement
from ionport.sandbox.messaging.model import MessageFilter
from ionport.store import Work
from ionport.web.rendering.bodies import shown_body
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, render
from ionport.web.services import sandbox_of, sides_of
from ionport.web.state import tenant_read, tenant_scope, visit_of

MANUAL = "sandbox"

_FAILED = "failed"
_CHECKED_OUT = "out"
_STATUSES = (200, 201, 204, 400, 401, 404, 405, 412, 413, 422, 429, 500, 503, NO_ANSWER)
_CALL_FILTERS = ("q", "body", "service", "status", "age")
_MAX_EFFECTS = 20
# The effects of calls to M3 and LN: a key in which the company comes first.
_INVOICE = re.compile(
    r"ln invoice (?P<ln>[\d-]+)"
    r"|supplier invoice (line )?(?P<company>\d+)/[^/]+/(?P<number>\d+)(/\d+)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that a call made, changed or removed; `url` is empty when it is gone."""

    label: str
    url: str


def list_calls(request: Request) -> Response:
    """Show the calls that reached the sandbox, the newest first."""
    state = _list_state(request, filters=_CALL_FILTERS)
    filters = _call_filter(request, state)
    with tenant_read(request) as access:
        found = sandbox_of(request).recorder.list(access, state.request, filters)
    contexts = sorted(service.context for service in sandbox_of(request).registry.services)
    context = {
        "state": state,
        "page_of": found,
        "is_live": request.query_params.get("live") == "on",
        "services": [
            (AUTHORIZATION_SERVER, _("AS · Authorization server")),
            *((name, name) for name in contexts),
        ],
        "statuses": [
            (_FAILED, _("Failed (400 and above)")),
            *((str(code), _status_text(code)) for code in _STATUSES),
        ],
        "ages": [(name, text) for name, (text, _age) in _ages().items()],
        "har_url": _har_url(request, state),
    }
    return render(request, "sandbox/inspector/calls.html", context)


def download_calls(request: Request) -> Response:
    """Send the calls that match as an HTTP archive, to be saved."""
    state = _list_state(request, filters=_CALL_FILTERS)
    with tenant_read(request) as access:
        archive = sandbox_of(request).recorder.har(access, _call_filter(request, state))
    return attachment(archive, f"{tenant_scope(request).tenant_id}-calls.har")


def _call_filter(request: Request, state: ListState) -> CallFilter:
    status = state.filters["status"]
    known = _ages().get(state.filters["age"])
    return CallFilter(
        service=state.filters["service"] or None,
        status=int(status) if status in map(str, _STATUSES) else None,
        failed_only=status == _FAILED,
        text=state.filters["q"] or None,
        body=state.filters["body"] or None,
        since=_infor_clock(request).now() - known[1] if known else None,
        ascending=not state.descending,
    )


def _infor_clock(request: Request) -> Clock:
    return sandbox_of(request).control.infor_clock


def _ages() -> dict[str, tuple[str, timedelta]]:
    return {
        "5m": (_("The last 5 minutes"), timedelta(minutes=5)),
        "1h": (_("The last hour"), timedelta(hours=1)),
        "1d": (_("The last day"), timedelta(days=1)),
    }


def _har_url(request: Request, state: ListState) -> str:
    path = path_to(request, "inspector_har", tenant=tenant_scope(request).tenant_id)
    query = urlencode({name: text for name, text in state.filters.items() if text})
    return f"{path}?{query}" if query else path


def show_call(request: Request) -> Response:
    """Show one call: redacted headers, query, bodies, and what it did."""
    recorder = sandbox_of(request).recorder
    with tenant_read(request) as access:
        call = recorder.get(access, request.path_params["call"])
        body = recorder.request_body(access, call.id)
        effects = [
            _effect(request, access.work, name) for name in call.outcome.effects[:_MAX_EFFECTS]
        ]
    answer = call.outcome.response_body
    context = {
        "call": call,
        "status_text": _status_text(call.outcome.status),
        "effects": effects,
        "body": None if body is None else shown_body(body),
        "no_body": _why_no_body(call.facts),
        "answer": None if answer is None else shown_body(answer),
        "no_answer": _why_no_answer(call.outcome),
    }
    return render(request, "sandbox/inspector/call.html", context)


def _effect(request: Request, work: Work, name: str) -> Effect:
    """Return an effect of a call with a link to its page; one without a page has only its name."""
    visit, scope = visit_of(request), tenant_scope(request)
    inspection = sandbox_of(request).inspection
    found = _INVOICE.fullmatch(name)
    try:
        if name.startswith("msg_"):
            message = inspection.get_message(Access(work, scope, visit.actor), name)
            url = path_to(request, "inspector_message", tenant=scope.tenant_id, message=name)
            return Effect(_("ION message {id}").format(id=message.message_id), url)
        if found is not None:
            return Effect(name, _invoice_url(request, work, found))
        inspection.get_item(Access(work, scope, visit.actor), name)
    except NotFound:
        return Effect(name, "")
    url = path_to(request, "inspector_item", tenant=scope.tenant_id, pid=name)
    return Effect(_("IDM item {pid}").format(pid=name), url)


def _invoice_url(request: Request, work: Work, found: re.Match[str]) -> str:
    """Return the address of an invoice that M3 or LN names; raises NotFound when it is gone."""
    visit, scope = visit_of(request), tenant_scope(request)
    inspection = sandbox_of(request).inspection
    if found["ln"]:
        invoice = inspection.ln.get_invoice(Access(work, scope, visit.actor), found["ln"])
        return path_to(
            request, "inspector_ln_invoice", tenant=scope.tenant_id, ln_invoice=invoice.key
        )
    key = f"{found['company']}-{int(found['number'])}"
    inspection.m3.get_invoice(Access(work, scope, visit.actor), key)
    return path_to(request, "inspector_m3_invoice", tenant=scope.tenant_id, m3_invoice=key)


def _why_no_body(facts: CallFacts) -> str:
    if facts.request_size == 0 and facts.headers.get("content-length", "0") != "0":
        return _("The call was answered before its body was read.")
    if facts.request_size == 0:
        return _("The call had no body.")
    if facts.has_passed_by:
        return _(
            "The body was not kept: that of a login holds secrets, and one that goes to a target"
            " endpoint is passed on as it comes."
        )
    if facts.request_size > MAX_KEPT_BODY_BYTES:
        return _(
            "The body was larger than 1 MB and was not kept. The item or the message that it"
            " made holds its content."
        )
    if facts.operation == UNKNOWN_OPERATION:
        return _("The body was not kept: the sandbox does not imitate this operation.")
    return _("The body was not kept: it looked as if it carried credentials.")


def _why_no_answer(outcome: Outcome) -> str:
    if outcome.response_size == 0:
        return _("The answer had no body.")
    if outcome.response_size > MAX_KEPT_ANSWER_BYTES:
        return _("The answer was not kept: it is longer than 16 kB.")
    return _("The answer was not kept: it looked as if it carried credentials.")


def list_items(request: Request) -> Response:
    """Show the IDM items of the tenant."""
    state = _list_state(request, filters=("q", "entity", "held"))
    filters = ItemFilter(
        entity=state.filters["entity"] or None,
        checked_out=state.filters["held"] == _CHECKED_OUT,
        text=state.filters["q"] or None,
        ascending=not state.descending,
    )
    with tenant_read(request) as access:
        found = sandbox_of(request).inspection.list_items(access, state.request, filters)
        names = sandbox_of(request).document_types.type_names(access)
    entities = [(name, name) for name in names]
    held = [(_CHECKED_OUT, _("Checked out"))]
    context = {"state": state, "page_of": found, "entities": entities, "held": held}
    return render(request, "sandbox/inspector/items.html", context)


def show_item(request: Request) -> Response:
    """Show one IDM item, or one version of it: attributes, ACL, files, who holds it, versions."""
    inspection = sandbox_of(request).inspection
    with tenant_read(request) as access:
        item = inspection.get_item(access, request.path_params["pid"])
        versions = inspection.item_versions(access, item)
    earlier = [each for each in versions if each.version != item.version]
    return render(request, "sandbox/inspector/item.html", {"item": item, "earlier": earlier})


def download_item_file(request: Request) -> Response:
    """Send a file of an item, to be saved and never to be shown."""
    with tenant_read(request) as access:
        resource, content = sandbox_of(request).inspection.item_file(
            access,
            request.path_params["pid"],
            request.query_params.get("name", ""),
        )
    return attachment(content, resource.filename)


def list_messages(request: Request) -> Response:
    """Show the ION messages of the tenant."""
    state = _list_state(request, filters=("q", "findings"))
    filters = MessageFilter(
        text=state.filters["q"] or None,
        has_findings={"yes": True, "no": False}.get(state.filters["findings"]),
        ascending=not state.descending,
    )
    with tenant_read(request) as access:
        found = sandbox_of(request).inspection.list_messages(access, state.request, filters)
    return render(request, "sandbox/inspector/messages.html", {"state": state, "page_of": found})


def show_message(request: Request) -> Response:
    """Show one ION message: its parameters, how often it came, and its document."""
    inspection = sandbox_of(request).inspection
    message_id = request.path_params["message"]
    with tenant_read(request) as access:
        message = inspection.get_message(access, message_id)
        arrivals = inspection.arrivals(access, message_id)
        bod = inspection.message_bod(access, message_id)
        answers = _answers(request, access.work, message_id)
    context = {
        "message": message,
        "has_ledger": sides_of(request).documents is not None,
        "answers": answers,
        "arrivals": arrivals,
        "others": sum(not arrival.is_identical for arrival in arrivals),
        "bod": shown_body(bod),
    }
    return render(request, "sandbox/inspector/message.html", context)


def _answers(request: Request, work: Work, message_id: str) -> Sequence[Acknowledgement]:
    """Return what document flows answered the message; there are at most 50 flows."""
    visit, scope = visit_of(request), tenant_scope(request)
    filters = AckFilter(message_row_id=message_id)
    return (
        sandbox_of(request)
        .ion.flows.list_acknowledgements(Access(work, scope, visit.actor), PageRequest(), filters)
        .items
    )


def download_bod(request: Request) -> Response:
    """Send the document of a message exactly as it came, to be saved."""
    inspection = sandbox_of(request).inspection
    message_id = request.path_params["message"]
    with tenant_read(request) as access:
        message = inspection.get_message(access, message_id)
        bod = inspection.message_bod(access, message_id)
    return attachment(bod, f"{message.document_name}-{message.message_id}.xml")


def _list_state(request: Request, filters: tuple[str, ...]) -> ListState:
    return ListState.of(request, sorts=["time"], filters=filters, default_descending=True)


def _status_text(code: int) -> str:
    if code == NO_ANSWER:
        return _("Connection cut")
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


_BASE = "/ion-api/{tenant}/inspector"
ROUTES = [
    Route(_BASE, list_calls, name="inspector"),
    Route(f"{_BASE}/calls.har", download_calls, name="inspector_har"),
    Route(f"{_BASE}/calls/{{call}}", show_call, name="inspector_call"),
    Route(f"{_BASE}/items", list_items, name="inspector_items"),
    Route(f"{_BASE}/items/{{pid}}", show_item, name="inspector_item"),
    Route(f"{_BASE}/items/{{pid}}/file", download_item_file, name="inspector_item_file"),
    Route(f"{_BASE}/messages", list_messages, name="inspector_messages"),
    Route(f"{_BASE}/messages/{{message}}", show_message, name="inspector_message"),
    Route(f"{_BASE}/messages/{{message}}/file", download_bod, name="inspector_message_file"),
]
