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
from ionport.core.paging import MAX_PER_PAGE, PageRequest
from ionport.gateway.caller import CUSTOM_CONTEXT
from ionport.gateway.suites.model import SuiteQuery
from ionport.identity.access import Access
from ionport.identity.edits import ChangedMeanwhile
from ionport.sandbox.messaging.flows.model import (
    STARTERS,
    AckFilter,
    Comparison,
    DocumentFlow,
    Erp,
    FlowDraft,
    FlowTarget,
    Rejects,
    Rule,
)
from ionport.web.forms.declared import Form, FormField, Group, Kind, choices_of
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.form_page import Missing, show_form
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import trail_of
from ionport.web.routes import form_routes
from ionport.web.services import infor_of, sandbox_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "sandbox-ion"

_SHORT = PageRequest(per_page=10)
_NEW = {
    "document_name": STARTERS[0],
    "erp": Erp.M3.value,
    "rejects": Rejects.NEVER.value,
    "comparison": Comparison.EQUALS.value,
    "path": "/infor/idm/handle_ack_bod",
    "file_field": "file",
    "parameters": "idm_doc_type=M3_SupplierInvoice\n"
    "idm_bod_id_field_name=BOD_AlternateDocumentID_1\nset_to_error_on_rejected=True",
}


def list_flows(request: Request) -> Response:
    """Show the document flows of the tenant."""
    with tenant_read(request) as access:
        flows = sandbox_of(request).ion.flows.list_flows(access)
    return render(request, "ion_desk/document_flows/list.html", {"flows": flows})


def add_form(request: Request) -> Response:
    """Show the form of a new flow, filled in as the vendor's flow is."""
    return _add_page(request, _NEW, {})


def add(request: Request) -> Response:
    """Make a document flow."""
    form = _form(request, {})
    values = form.sent(visit_of(request).form)
    try:
        form.check(values)
        with tenant_write(request) as access:
            flow = sandbox_of(request).ion.flows.create_flow(access, _draft(values))
    except InvalidInput as error:
        return _add_page(request, values, _errors_of(error), error.status)
    except Conflict as error:
        return _add_page(request, values, {"": error.text}, error.status)
    text = _("The document flow is saved and active.")
    return redirect(request, _flow_url(request, flow.id), text=text)


def _add_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    tenant = tenant_scope(request).tenant_id
    form, missing = _form(request, values), None
    if not _apis(request, ""):
        missing = Missing(
            _(
                "A flow sends its acknowledgements to a registered API, and there is none yet. Add"
                " an API suite with an endpoint first. Without one, a flow into M3 or LN keeps"
                " them here."
            ),
            path_to(request, "available_apis", tenant=tenant),
            _("To Available APIs"),
        )
    crumbs = [
        (_("ION Desk"), None),
        (_("Document Flows"), path_to(request, "document_flows", tenant=tenant)),
    ]
    return show_form(
        request, form, values, errors, heading=_("Add a document flow"), button=_("Save"),
        crumbs=crumbs, last=_("Add"), missing=missing, status=status,
    )  # fmt: skip


def show(request: Request) -> Response:
    """Show a flow with its latest acknowledgements and the form to change it."""
    flow = _flow(request)
    show_stored(request, _values(flow))
    return _detail_page(request, flow, _values(flow), {})


def change(request: Request) -> Response:
    """Change a flow."""
    form = _form(request, _values(_flow(request)))
    values = form.sent(visit_of(request).form)
    try:
        form.check(values)
        with tenant_write(request) as access:
            flows, flow_id = sandbox_of(request).ion.flows, str(request.path_params["flow"])
            require_unchanged(
                request,
                access,
                flow_id,
                lambda: _values(flows.get_flow(access, flow_id)),
            )
            flow = flows.change_flow(access, flow_id, _draft(values))
    except InvalidInput as error:
        return _detail_page(request, _flow(request), values, _errors_of(error), error.status)
    except ChangedMeanwhile as error:
        return _detail_page(request, _flow(request), values, {"": error.text}, error.status)
    return redirect(request, _flow_url(request, flow.id), text=_("The document flow is saved."))


def _detail_page(
    request: Request,
    flow: DocumentFlow,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    visit, scope = visit_of(request), tenant_scope(request)
    with visit.services.database.read() as work:
        trail = trail_of(request, work, [flow.id])
        acks = sandbox_of(request).ion.flows.list_acknowledgements(
            Access(work, scope, visit.actor), _SHORT, AckFilter(flow.id)
        )
    context = {
        "form": _form(request, values),
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
    return ask_first(request, _("Delete the document flow?"), [text], _("Delete"), crumbs=crumbs)


def delete(request: Request) -> Response:
    """Delete a flow with its acknowledgements."""
    with tenant_write(request) as access:
        sandbox_of(request).ion.flows.delete_flow(access, request.path_params["flow"])
    url = path_to(request, "document_flows", tenant=tenant_scope(request).tenant_id)
    return redirect(request, url, text=_("The document flow is deleted."))


def _flow(request: Request) -> DocumentFlow:
    with tenant_read(request) as access:
        return sandbox_of(request).ion.flows.get_flow(access, request.path_params["flow"])


def _form(request: Request, values: Mapping[str, str]) -> Form:
    """Return the fields of a flow; an API that `values` name is offered though it be gone."""
    erps = choices_of(
        {
            Erp.M3: _("M3 of the sandbox"),
            Erp.LN: _("LN of the sandbox"),
            Erp.RULE: _("The rule of the flow, without an ERP"),
        }
    )
    starters = [(name, name) for name in STARTERS]
    return Form(
        [
            FormField(
                "name", _("Name"), required=True, limit=500, placeholder="DocBits_Export_to_M3"
            ),
            FormField("description", _("Description"), limit=500),
            FormField("document_name", _("Document"), Kind.CHOICE, choices=starters),
            FormField(
                "document_type", _("Document type"), limit=500,
                help=_(
                    "Takes only documents with this DocumentType, such as M3_SupplierInvoice;"
                    " empty takes all."
                ),
            ),
            FormField(
                "erp", _("ERP"), Kind.CHOICE, choices=erps,
                help=_(
                    "M3 and LN of the sandbox book the invoice and reject what they do not take:"
                    " a supplier that they do not know, or a number that they have already."
                ),
            ),
            _rule_group(),
            _target_group(request, values.get("api", "")),
        ]
    )  # fmt: skip


def _rule_group() -> Group:
    rejections = choices_of(
        {
            Rejects.NEVER: _("No document"),
            Rejects.ALWAYS: _("Every document"),
            Rejects.WHEN: _("A document in which …"),
        }
    )
    comparisons = choices_of(
        {
            Comparison.EQUALS: _("equals"),
            Comparison.CONTAINS: _("contains"),
            Comparison.IS_MISSING: _("is missing or empty"),
        }
    )
    return Group(
        _("The rule of the flow rejects"),
        [
            FormField("rejects", _("Rejects"), Kind.CHOICE, choices=rejections),
            FormField(
                "condition_field", _("Field"), limit=500,
                help=_(
                    "The name of a DocumentField such as SupplierID, or of an element."
                ),
            ),
            FormField("comparison", _("Comparison"), Kind.CHOICE, choices=comparisons),
            FormField("condition_value", _("Value"), limit=500),
            FormField("reason_code", _("Reason code"), limit=500),
            FormField("reason", _("Reason"), limit=500),
        ],
    )  # fmt: skip


def _target_group(request: Request, chosen: str) -> Group:
    return Group(
        _("Send to API"),
        [
            FormField(
                "api", _("Registered API"), Kind.CHOICE,
                choices=_apis(request, chosen),
                empty=_("Choose a registered API"),
                help=_(
                    "Its Target Endpoint Security says how the call proves itself, for"
                    " example by X-API-KEY."
                ),
            ),
            FormField("path", _("Path"), limit=500),
            FormField("file_field", _("Form field of the document"), limit=100),
            FormField(
                "parameters", _("Parameters"), Kind.LINES, rows=4,
                help=_(
                    "Further form fields, one on each line: name=value. No secrets: they"
                    " belong into the Target Endpoint Security."
                ),
            ),
        ],
    )  # fmt: skip


def _apis(request: Request, chosen: str) -> list[tuple[str, str]]:
    """Return the registered APIs, and the one that is chosen if it is gone."""
    suites = infor_of(request).custom_apis.suites
    with tenant_read(request) as access:
        query = SuiteQuery(page=PageRequest(per_page=MAX_PER_PAGE))
        found = [
            f"{suite.context}/{endpoint.proxy_context}"
            for suite in suites.list_suites(access, query).items
            for endpoint in suites.list_endpoints(access, suite.id)
        ]
    if chosen and chosen not in found:
        found.append(chosen)
    return [(api, f"{CUSTOM_CONTEXT}/{api}") for api in found]


def _draft(values: Mapping[str, str]) -> FlowDraft:
    """Return what the form says, whose choices are checked."""
    api_context, _slash, proxy_context = values["api"].partition("/")
    rule = Rule(
        rejects=Rejects(values["rejects"]),
        field=values["condition_field"],
        comparison=Comparison(values["comparison"]),
        value=values["condition_value"],
        reason_code=values["reason_code"],
        reason=values["reason"],
        erp=Erp(values["erp"]),
    )
    target = FlowTarget(
        api_context, proxy_context, values["path"], values["file_field"], _parameters(values)
    )
    return FlowDraft(
        name=values["name"],
        document_name=values["document_name"],
        rule=rule,
        target=target,
        description=values["description"],
        document_type=values["document_type"],
    )


def _parameters(values: Mapping[str, str]) -> dict[str, str]:
    lines = (line.strip() for line in values["parameters"].splitlines())
    pairs = (line.partition("=") for line in lines if line)
    return {name.strip(): value.strip() for name, _equals, value in pairs}


def _values(flow: DocumentFlow) -> dict[str, str]:
    rule, target = flow.rule, flow.target
    return {
        "name": flow.name,
        "description": flow.description,
        "document_name": flow.document_name,
        "document_type": flow.document_type,
        "erp": rule.erp.value,
        "rejects": rule.rejects.value,
        "condition_field": rule.field,
        "comparison": rule.comparison.value,
        "condition_value": rule.value,
        "reason_code": rule.reason_code,
        "reason": rule.reason,
        "api": f"{target.api_context}/{target.proxy_context}" if target.is_named else "",
        "path": target.path,
        "file_field": target.file_field,
        "parameters": "\n".join(f"{name}={value}" for name, value in target.parameters.items()),
    }


def _errors_of(error: InvalidInput) -> dict[str, str]:
    """Return field errors; both halves of the API's address are one field of the form."""
    errors = dict(errors_of(error))
    contexts = [errors.pop(name, "") for name in ("api_context", "proxy_context")]
    if any(contexts):
        errors["api"] = _("Choose a registered API.")
    return errors


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
