"""Infor side: policies of API suites and their endpoints (docs/reference/gateway.md#policies)."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.gateway.policies.model import PolicyInvalid, sample_policy
from ionport.gateway.suites.model import (
    ApiPolicy,
    ApiSuite,
    PolicyDraft,
    PolicyFlow,
    PolicyType,
    TargetEndpoint,
)
from ionport.identity.edits import ChangedMeanwhile
from ionport.web.forms.declared import FieldKind, Form, FormField, Slot
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.pages.api_suites.endpoints import endpoint_url, the_endpoint
from ionport.web.pages.api_suites.suites import confirm_page, read_trail, the_suite
from ionport.web.rendering.templating import manual_path, path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import infor_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "policies"

_FIELDS = ("type", "name", "flow", "definition")


def list_policies(request: Request) -> Response:
    """Show the policies of a suite, or of the endpoint in the path."""
    suite, endpoint = _level(request)
    with tenant_read(request) as access:
        policies = infor_of(request).custom_apis.policies.list_policies(
            access, suite.id, endpoint.id if endpoint else None
        )
    context = {
        "suite": suite,
        "endpoint": endpoint,
        "policies": policies,
        "labels": dict(_labels()),
        "flows": dict(_flows()),
        "add_url": _url(request, endpoint, "policy_add"),
        "trail": read_trail(request, endpoint.id if endpoint else suite.id),
    }
    return render(request, "api_suites/policies/list.html", context)


def add_form(request: Request) -> Response:
    """Show the form of a new policy with the template of its type."""
    kind = _type(request.query_params.get("type", ""))
    values = {
        "type": kind.value,
        "name": "",
        "flow": PolicyFlow.REQUEST.value,
        "definition": sample_policy(kind),
    }
    return _page(request, *_level(request), values, {})


def add(request: Request) -> Response:
    """Add a policy; what was typed stays when it is refused."""
    visit, scope = visit_of(request), tenant_scope(request)
    suite, endpoint = _level(request)
    values = _form().sent(visit.form)
    if text_of(visit.form, "action") == "template":
        return _page(request, suite, endpoint, _with_template(values), {})
    try:
        draft = _draft(values)
        with visit.write(scope) as access:
            infor_of(request).custom_apis.policies.add_policy(
                access, suite.id, draft, endpoint.id if endpoint else None
            )
    except InvalidInput as error:
        return _refused(request, suite, endpoint, values, error)
    text = _("The policy {name} is saved. It counts from the next request on.")
    url = _url(request, endpoint, "policies")
    return redirect(request, url, text=text.format(name=draft.name))


def edit_form(request: Request) -> Response:
    """Show the form as the policy is stored."""
    suite, endpoint, policy = _the_policy(request)
    values = _stored(policy)
    show_stored(request, values)
    return _page(request, suite, endpoint, values, {}, policy)


def _stored(policy: ApiPolicy) -> dict[str, str]:
    return {name: str(getattr(policy, name)) for name in _FIELDS}


def edit(request: Request) -> Response:
    """Change a policy."""
    visit, scope = visit_of(request), tenant_scope(request)
    suite, endpoint, policy = _the_policy(request)
    values = {**_form(policy).sent(visit.form), "type": policy.type.value}
    if text_of(visit.form, "action") == "template":
        return _page(request, suite, endpoint, _with_template(values), {}, policy)
    try:
        draft = _draft(values)
        with visit.write(scope) as access:
            policies = infor_of(request).custom_apis.policies
            require_unchanged(
                request,
                access,
                policy.id,
                lambda: _stored(policies.get_policy(access, policy.id)),
                told_by=policy.endpoint_id or policy.suite_id,
            )
            policies.change_policy(access, policy.id, draft)
    except ChangedMeanwhile as error:
        shown = {"": error.text}
        return _page(request, suite, endpoint, values, shown, policy, status=error.status)
    except InvalidInput as error:
        return _refused(request, suite, endpoint, values, error, policy)
    text = _("The policy {name} is saved. It counts from the next request on.")
    url = _url(request, endpoint, "policies")
    return redirect(request, url, text=text.format(name=draft.name))


def delete_form(request: Request) -> Response:
    """Ask before a policy is deleted, with what that means."""
    suite, endpoint, policy = _the_policy(request)
    texts = [_consequence(policy.type), _("This cannot be undone.")]
    heading = _("Delete the policy {name}?").format(name=policy.name)
    back = _url(request, endpoint, "policies")
    return confirm_page(request, suite, heading, texts, _("Delete"), back)


def delete(request: Request) -> Response:
    """Delete a policy."""
    _suite, endpoint, policy = _the_policy(request)
    with tenant_write(request) as access:
        infor_of(request).custom_apis.policies.delete_policy(access, policy.id)
    text = _("The policy {name} is deleted.").format(name=policy.name)
    return redirect(request, _url(request, endpoint, "policies"), text=text)


def _level(request: Request) -> tuple[ApiSuite, TargetEndpoint | None]:
    """Return the suite in the path, and the endpoint if there is one."""
    if "endpoint" in request.path_params:
        return the_endpoint(request)
    return the_suite(request), None


def _the_policy(request: Request) -> tuple[ApiSuite, TargetEndpoint | None, ApiPolicy]:
    """Return the policy in the path with its level; raises NotFound when it stands elsewhere."""
    suite = the_suite(request)
    apis = infor_of(request).custom_apis
    endpoint = None
    with tenant_read(request) as access:
        policy = apis.policies.get_policy(access, request.path_params["policy"])
        if policy.suite_id != suite.id:
            raise NotFound(_("There is no such policy."))
        if policy.endpoint_id is not None:
            endpoint = apis.suites.get_endpoint(access, policy.endpoint_id)
    return suite, endpoint, policy


def _url(request: Request, endpoint: TargetEndpoint | None, name: str) -> str:
    if endpoint is not None:
        return endpoint_url(request, endpoint, f"api_endpoint_{name}")
    suite, tenant = request.path_params["suite"], tenant_scope(request).tenant_id
    return path_to(request, f"api_suite_{name}", tenant=tenant, suite=suite)


def _form(policy: ApiPolicy | None = None) -> Form:
    kind = FormField(
        "type", _("Policy Type"), FieldKind.CHOICE, required=True, choices=_labels(),
        button=("template", _("Insert the template")),
        help=_("The template replaces the definition below."),
        link=(manual_path("policies"), _("What each type does")),
    )  # fmt: skip
    definition = FormField(
        "definition", _("Policy Definitions"), FieldKind.LINES, required=True, exact=True, rows=16,
        css_class="mono",
        help=_(
            "XML of the namespace http://www.infor.com/ion/api. It is checked when you save; a"
            " mistake is told with its line and column."
        ),
    )  # fmt: skip
    return Form(
        [
            Slot("type") if policy else kind,
            Slot("category"),
            FormField("name", _("Name"), required=True, limit=128, autofocus=True),
            FormField(
                "flow", _("Flow"), FieldKind.CHOICE, choices=_flows(),
                help=_("Only header policies act on responses."),
            ),
            definition,
            Slot("excerpt"),
        ]
    )  # fmt: skip


def _draft(values: Mapping[str, str]) -> PolicyDraft:
    if values["flow"] not in list(PolicyFlow):
        text = _("Choose one of these.")
        raise InvalidInput(text, fields={"flow": text})
    return PolicyDraft(
        type=_type(values["type"]),
        name=values["name"],
        flow=PolicyFlow(values["flow"]),
        definition=values["definition"],
    )


def _with_template(values: Mapping[str, str]) -> dict[str, str]:
    kind = _type(values["type"])
    return {**values, "type": kind.value, "definition": sample_policy(kind)}


def _refused(
    request: Request,
    suite: ApiSuite,
    endpoint: TargetEndpoint | None,
    values: Mapping[str, str],
    error: InvalidInput,
    policy: ApiPolicy | None = None,
) -> Response:
    place = error.place if isinstance(error, PolicyInvalid) else None
    excerpt = _excerpt(values["definition"], place) if place else ""
    return _page(request, suite, endpoint, values, errors_of(error), policy, excerpt, error.status)


def _excerpt(definition: str, place: tuple[int, int]) -> str:
    """Return the line of a mistake and a mark below its column."""
    number, column = place
    lines = definition.split("\n")
    if not 1 <= number <= len(lines):
        return ""
    head = f"{number} | "
    begin = max(0, column - 60)
    mark = " " * (len(head) + max(0, column - 1 - begin)) + "^"
    return f"{head}{lines[number - 1][begin : begin + 100]}\n{mark}"


def _page(
    request: Request,
    suite: ApiSuite,
    endpoint: TargetEndpoint | None,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    policy: ApiPolicy | None = None,
    excerpt: str = "",
    status: int = 200,
) -> Response:
    context = {
        "excerpt": excerpt,
        "suite": suite,
        "endpoint": endpoint,
        "policy": policy,
        "values": values,
        "errors": errors,
        "form": _form(policy),
        "back_url": _url(request, endpoint, "policies"),
        "type_label": dict(_labels())[_type(values["type"]).value],
    }
    return render(request, "api_suites/policies/form.html", context, status=status)


def _type(value: str) -> PolicyType:
    return PolicyType(value) if value in list(PolicyType) else PolicyType.THROTTLING


def _labels() -> list[tuple[str, str]]:
    return [
        (PolicyType.THROTTLING.value, _("Throttling")),
        (PolicyType.QUOTA.value, _("Quota")),
        (PolicyType.HEADER.value, _("Header")),
        (PolicyType.TARGET_TIMEOUT.value, _("Target Timeout")),
        (PolicyType.CACHE_RESPONSE.value, _("Cache Response")),
        (PolicyType.ANONYMOUS_INBOUND_SECURITY.value, _("Anonymous Inbound Security")),
    ]


def _flows() -> list[tuple[str, str]]:
    return [(PolicyFlow.REQUEST.value, _("Request")), (PolicyFlow.RESPONSE.value, _("Response"))]


def _consequence(kind: PolicyType) -> str:
    return {
        PolicyType.THROTTLING: _("Calls are no longer slowed down or refused for coming too fast."),
        PolicyType.QUOTA: _("Calls are no longer counted and refused."),
        PolicyType.HEADER: _("The header is no longer set or deleted."),
        PolicyType.TARGET_TIMEOUT: _("The target may be silent for 60 seconds again."),
        PolicyType.CACHE_RESPONSE: _("Every call reaches the target again."),
        PolicyType.ANONYMOUS_INBOUND_SECURITY: _("Clients need an access token again."),
    }[kind]


_SUITE = "/ion-api/{tenant}/available-apis/{suite}"
_ENDPOINT = f"{_SUITE}/endpoints/{{endpoint}}"
_POLICY = f"{_SUITE}/policies/{{policy}}"
ROUTES = [
    Route(f"{_SUITE}/policies", list_policies, name="api_suite_policies"),
    *form_routes(f"{_SUITE}/policies/add", add_form, add, name="api_suite_policy_add"),
    Route(f"{_ENDPOINT}/policies", list_policies, name="api_endpoint_policies"),
    *form_routes(f"{_ENDPOINT}/policies/add", add_form, add, name="api_endpoint_policy_add"),
    *form_routes(f"{_POLICY}/edit", edit_form, edit, name="api_policy_edit"),
    *form_routes(f"{_POLICY}/delete", delete_form, delete, name="api_policy_delete"),
]
