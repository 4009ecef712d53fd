"""Infor side: the form of a document flow, with the fields that its choices leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from starlette.requests import Request

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE, PageRequest
from ionport.gateway.caller import CUSTOM_CONTEXT
from ionport.gateway.suites.model import SuiteQuery
from ionport.sandbox.messaging.flows.model import (
    STARTERS,
    Comparison,
    DocumentFlow,
    Erp,
    FlowDraft,
    FlowTarget,
    Rejects,
    Rule,
)
from ionport.web.forms.declared import FieldKind, Form, FormField, Group, choices_of
from ionport.web.forms.fields import errors_of
from ionport.web.forms.following import SentForm, sent_form
from ionport.web.rendering.templating import path_to
from ionport.web.services import infor_of
from ionport.web.state import tenant_read, tenant_scope, visit_of

NEW = {
    "document_name": STARTERS[0],
    "erp": Erp.M3.value,
    "rejects": Rejects.NEVER.value,
    "comparison": Comparison.EQUALS.value,
    "path": "/infor/idm/handle_ack_bod",
    "file_field": "file",
    "parameters": "idm_doc_type=M3_SupplierInvoice\n"
    "idm_bod_id_field_name=BOD_AlternateDocumentID_1\nset_to_error_on_rejected=True",
    "condition_field": "",
    "condition_value": "",
    "reason_code": "",
    "reason": "",
    "api": "",
}
# What other fields of the form depend on.
_CHOICES = ("erp", "rejects", "comparison", "api")


def sent_flow(request: Request, before: Mapping[str, str]) -> SentForm:
    """Read the form; an API that the stored flow names is offered though it be gone."""
    form_of = partial(flow_form, request, stored_api=before.get("api", ""))
    return sent_form(visit_of(request).form, before, form_of, _CHOICES)


def flow_form(request: Request, values: Mapping[str, str], stored_api: str = "") -> Form:
    """Return the fields of a flow that the choices in `values` leave."""
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
            FormField("document_name", _("Document"), FieldKind.CHOICE, choices=starters),
            FormField(
                "document_type", _("Document type"), limit=500,
                help=_(
                    "Takes only documents with this DocumentType, such as M3_SupplierInvoice;"
                    " empty takes all."
                ),
            ),
            _choice(
                "erp", _("ERP"), erps,
                _(
                    "M3 and LN of the sandbox book the invoice and reject what they do not take:"
                    " a supplier that they do not know, or a number that they have already."
                ),
            ),
            *([_rule_group(values)] if values["erp"] == Erp.RULE else []),
            Group(_("Send to API"), [*_target_fields(request, values, stored_api)]),
        ]
    )  # fmt: skip


def _choice(
    name: str, label: str, choices: Sequence[tuple[str, str]], help_text: str = ""
) -> FormField:
    """Return a choice that other fields follow."""
    button = (name, _("Show its fields"))
    return FormField(
        name, label, FieldKind.CHOICE, choices=choices, button=button, follows=True, help=help_text
    )


def _rule_group(values: Mapping[str, str]) -> Group:
    rejections = choices_of(
        {
            Rejects.NEVER: _("No document"),
            Rejects.ALWAYS: _("Every document"),
            Rejects.WHEN: _("A document in which …"),
        }
    )
    fields = [_choice("rejects", _("Rejects"), rejections)]
    if values["rejects"] == Rejects.WHEN:
        fields += _condition(values["comparison"])
    if values["rejects"] in (Rejects.ALWAYS, Rejects.WHEN):
        fields += [
            FormField("reason_code", _("Reason code"), limit=500),
            FormField("reason", _("Reason"), limit=500),
        ]
    return Group(_("The rule of the flow rejects"), fields)


def _condition(comparison: str) -> Iterator[FormField]:
    comparisons = choices_of(
        {
            Comparison.EQUALS: _("equals"),
            Comparison.CONTAINS: _("contains"),
            Comparison.IS_MISSING: _("is missing or empty"),
        }
    )
    yield FormField(
        "condition_field", _("Field"), limit=500, required=True,
        help=_("The name of a DocumentField such as SupplierID, or of an element."),
    )  # fmt: skip
    yield _choice("comparison", _("Comparison"), comparisons)
    if comparison != Comparison.IS_MISSING:
        yield FormField("condition_value", _("Value"), limit=500)


def _target_fields(
    request: Request, values: Mapping[str, str], stored_api: str
) -> Iterator[FormField]:
    yield _choice_of_api(request, values, stored_api)
    if not values["api"]:
        return
    yield FormField("path", _("Path"), limit=500)
    yield FormField("file_field", _("Form field of the document"), limit=100)
    yield FormField(
        "parameters", _("Parameters"), FieldKind.LINES, rows=4,
        help=_(
            "Further form fields, one on each line: name=value. No secrets: they belong into the"
            " Target Endpoint Security."
        ),
    )  # fmt: skip


def _choice_of_api(request: Request, values: Mapping[str, str], stored_api: str) -> FormField:
    """Return the choice of the API that gets acknowledgements; flows into M3 and LN need none."""
    apis, is_needed = _apis(request, stored_api), values["erp"] == Erp.RULE
    text, link = _("The acknowledgements stand in ION Desk, Acknowledgements."), None
    if not apis:
        url = path_to(request, "available_apis", tenant=tenant_scope(request).tenant_id)
        text = _("There is no registered API yet.")
        link = (url, _("Add an API suite with an endpoint"))
    elif values["api"] or is_needed:
        text = _(
            "Its Target Endpoint Security says how the call proves itself, for example by"
            " X-API-KEY."
        )
    empty = _("Choose a registered API") if is_needed else _("None: keep them here")
    return FormField(
        "api", _("Registered API"), FieldKind.CHOICE, required=is_needed, choices=apis, empty=empty,
        help=text, link=link, button=("api", _("Show its fields")), follows=True,
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


def flow_draft(values: Mapping[str, str]) -> FlowDraft:
    """Return the flow of a form whose choices are checked."""
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


def flow_values(flow: DocumentFlow) -> dict[str, str]:
    """Return a flow as its form has it, with the fields of every choice."""
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


def flow_errors(error: InvalidInput) -> dict[str, str]:
    """Return field errors; both halves of the API's address are one field of the form."""
    errors = dict(errors_of(error))
    contexts = [errors.pop(name, "") for name in ("api_context", "proxy_context")]
    if any(contexts):
        errors["api"] = _("Choose a registered API.")
    return errors
