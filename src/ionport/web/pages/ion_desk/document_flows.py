"""Infor side: ION Desk's Document Flows that acknowledge invoices.

Source: docs/reference/ion-messaging.md#document-flows.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.core.paging import PageRequest
from ionport.identity.edits import ChangedMeanwhile
from ionport.sandbox.messaging.flows.model import AckFilter, DocumentFlow
from ionport.web.forms.declared import Form
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.pages.ion_desk.document_flow_form import (
    NEW,
    flow_draft,
    flow_errors,
    flow_form,
    flow_values,
    sent_flow,
)
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.form_page import show_form
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import trail_of
from ionport.web.routes import form_routes
from ionport.web.services import sandbox_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write

MANUAL = "sandbox-ion"

_SHORT = PageRequest(per_page=10)


def list_flows(request: Request) -> Response:
    """Show the document flows of the tenant."""
    with tenant_read(request) as access:
        flows = sandbox_of(request).ion.flows.list_flows(access)
    return render(request, "ion_desk/document_flows/list.html", {"flows": flows})


def add_form(request: Request) -> Response:
    """Show the form of a new flow, filled in as the vendor's flow is."""
    return _add_page(request, flow_form(request, NEW), NEW, {})


def add(request: Request) -> Response:
    """Make a document flow."""
    sent = sent_flow(request, NEW)
    if sent.asks_for_fields:
        return _add_page(request, sent.form, sent.values, {})
    try:
        sent.form.check(sent.values)
        with tenant_write(request) as access:
            flow = sandbox_of(request).ion.flows.create_flow(access, flow_draft(sent.values))
    except InvalidInput as error:
        return _add_page(request, sent.form, sent.values, flow_errors(error), error.status)
    except Conflict as error:
        return _add_page(request, sent.form, sent.values, {"": error.text}, error.status)
    text = _("The document flow is saved and active.")
    return redirect(request, _flow_url(request, flow.id), text=text)


def _add_page(
    request: Request,
    form: Form,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    tenant = tenant_scope(request).tenant_id
    crumbs = [
        (_("ION Desk"), None),
        (_("Document Flows"), path_to(request, "document_flows", tenant=tenant)),
    ]
    return show_form(
        request, form, values, errors, heading=_("Add a document flow"), button=_("Save"),
        crumbs=crumbs, last=_("Add"), status=status,
    )  # fmt: skip


def show(request: Request) -> Response:
    """Show a flow with its latest acknowledgements and the form to change it."""
    flow = _flow(request)
    values = flow_values(flow)
    show_stored(request, values)
    return _detail_page(request, flow, flow_form(request, values, values["api"]), values, {})


def change(request: Request) -> Response:
    """Change a flow."""
    before = _flow(request)
    sent = sent_flow(request, flow_values(before))
    if sent.asks_for_fields:
        return _detail_page(request, before, sent.form, sent.values, {})
    try:
        sent.form.check(sent.values)
        with tenant_write(request) as access:
            flows, flow_id = sandbox_of(request).ion.flows, str(request.path_params["flow"])
            require_unchanged(
                request,
                access,
                flow_id,
                lambda: flow_values(flows.get_flow(access, flow_id)),
            )
            flow = flows.change_flow(access, flow_id, flow_draft(sent.values))
    except InvalidInput as error:
        errors = flow_errors(error)
        return _detail_page(request, before, sent.form, sent.values, errors, error.status)
    except ChangedMeanwhile as error:
        errors, flow = {"": error.text}, _flow(request)
        return _detail_page(request, flow, sent.form, sent.values, errors, error.status)
    return redirect(request, _flow_url(request, flow.id), text=_("The document flow is saved."))


def _detail_page(
    request: Request,
    flow: DocumentFlow,
    form: Form,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    with tenant_read(request) as access:
        trail = trail_of(request, access.work, [flow.id])
        acks = sandbox_of(request).ion.flows.list_acknowledgements(
            access, _SHORT, AckFilter(flow.id)
        )
    context = {
        "form": form,
        "flow": flow,
        "acks": acks,
        "values": values,
        "errors": errors,
        "trail": trail,
    }
    return render(request, "ion_desk/document_flows/detail.html", context, status=status)


def activate(request: Request) -> Response:
    """Let a flow take documents again."""
    return _set_active(request, True, _("The document flow is active."))


def deactivate(request: Request) -> Response:
    """Let a flow take no more documents."""
    text = _("The document flow is inactive. What it has taken is still sent.")
    return _set_active(request, False, text)


def _set_active(request: Request, active: bool, text: str) -> Response:
    flow_id = str(request.path_params["flow"])
    with tenant_write(request) as access:
        sandbox_of(request).ion.flows.set_active(access, flow_id, active=active)
    return redirect(request, _flow_url(request, flow_id), text=text)


def delete_form(request: Request) -> Response:
    """Ask before a flow is deleted."""
    flow = _flow(request)
    text = _(
        "{name} answers no message any more, and what it sent or was to send is forgotten. The"
        " messages stay."
    ).format(name=flow.name)
    tenant = tenant_scope(request).tenant_id
    crumbs = [
        (_("ION Desk"), None),
        (_("Document Flows"), path_to(request, "document_flows", tenant=tenant)),
        (flow.name, _flow_url(request, flow.id)),
    ]
    heading = _("Delete {name}?").format(name=flow.name)
    return ask_first(request, heading, [text], _("Delete"), crumbs=crumbs)


def delete(request: Request) -> Response:
    """Delete a flow with its acknowledgements."""
    with tenant_write(request) as access:
        sandbox_of(request).ion.flows.delete_flow(access, request.path_params["flow"])
    url = path_to(request, "document_flows", tenant=tenant_scope(request).tenant_id)
    return redirect(request, url, text=_("The document flow is deleted."))


def _flow(request: Request) -> DocumentFlow:
    with tenant_read(request) as access:
        return sandbox_of(request).ion.flows.get_flow(access, request.path_params["flow"])


def _flow_url(request: Request, flow_id: str) -> str:
    tenant = tenant_scope(request).tenant_id
    return path_to(request, "document_flow", tenant=tenant, flow=flow_id)


_BASE = "/ion-api/{tenant}/document-flows"
_FLOW = f"{_BASE}/{{flow}}"
ROUTES = [
    Route(_BASE, list_flows, name="document_flows"),
    *form_routes(f"{_BASE}/add", add_form, add, name="document_flow_add"),
    *form_routes(_FLOW, show, change, name="document_flow"),
    Route(f"{_FLOW}/activate", activate, methods=["POST"], name="document_flow_activate"),
    Route(f"{_FLOW}/deactivate", deactivate, methods=["POST"], name="document_flow_deactivate"),
    *form_routes(f"{_FLOW}/delete", delete_form, delete, name="document_flow_delete"),
]
