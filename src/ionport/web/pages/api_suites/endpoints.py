"""Infor side: target endpoints of API suites (docs/reference/gateway.md#api-suites)."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.gateway.suites.model import ApiSuite, PolicyType, ProxySecurity, TargetEndpoint
from ionport.gateway.suites.sample_call import sample_call
from ionport.gateway.targets.security import SECURITY_FIELDS
from ionport.identity.edits import ChangedMeanwhile
from ionport.web.forms.declared import Form
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of
from ionport.web.pages.api_suites import endpoint_form as form
from ionport.web.pages.api_suites.suites import confirm_page, read_trail, suite_url, the_suite
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import infor_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "available-apis"


def show(request: Request) -> Response:
    """Show an endpoint: its addresses, its security without secrets, and a call to try it."""
    suite, endpoint = the_endpoint(request)
    address = public_address(request, suite, endpoint)
    is_open = not needs_token(request, endpoint)
    context = {
        "suite": suite,
        "endpoint": endpoint,
        "address": address,
        "call": sample_call(address, None, needs_token=not is_open),
        "needs_token": not is_open,
        "fields": SECURITY_FIELDS[endpoint.security.type],
        "trail": read_trail(request, endpoint.id),
    }
    return render(request, "api_suites/endpoints/detail.html", context)


def add_form(request: Request) -> Response:
    """Show the empty form of a further endpoint."""
    return _page(request, the_suite(request), form.new_values(), {})


def add(request: Request) -> Response:
    """Add an endpoint to a suite."""
    visit, scope = visit_of(request), tenant_scope(request)
    suite = the_suite(request)
    if form.asks_for_security_fields(visit.form):
        return _page(request, suite, form.sent_values(visit.form), {})
    try:
        draft = form.endpoint_draft(visit.form)
        with visit.write(scope) as access:
            endpoint = infor_of(request).custom_apis.suites.add_endpoint(access, suite.id, draft)
    except (InvalidInput, Conflict) as error:
        return _refused(request, suite, error)
    text = _("The endpoint {name} is saved and active.").format(name=endpoint.proxy_context)
    return redirect(request, suite_url(request, suite.id), text=text)


def edit_form(request: Request) -> Response:
    """Show the form as the endpoint is stored."""
    suite, endpoint = the_endpoint(request)
    show_stored(request, _stored(endpoint))
    return _page(request, suite, form.stored_values(endpoint), {}, endpoint)


def _stored(endpoint: TargetEndpoint) -> dict[str, str]:
    # Secrets are never shown: the time tells that one has changed.
    return {**form.stored_values(endpoint), ".changed_at": endpoint.changed_at.isoformat()}


def edit(request: Request) -> Response:
    """Change an endpoint; it holds from the next request on."""
    visit, scope = visit_of(request), tenant_scope(request)
    suite, endpoint = the_endpoint(request)
    if form.asks_for_security_fields(visit.form):
        return _page(request, suite, form.sent_values(visit.form), {}, endpoint)
    try:
        draft = form.endpoint_draft(visit.form)
        with visit.write(scope) as access:
            suites = infor_of(request).custom_apis.suites
            require_unchanged(
                request,
                access,
                endpoint.id,
                lambda: _stored(suites.get_endpoint(access, endpoint.id)),
            )
            suites.change_endpoint(access, endpoint.id, draft)
    except (InvalidInput, Conflict) as error:
        return _refused(request, suite, error, endpoint)
    text = _("The endpoint is saved. The change holds from the next request on.")
    return redirect(request, endpoint_url(request, endpoint), text=text)


def activate(request: Request) -> Response:
    """Let the gateway pass calls to the target again."""
    return _set_active(request, _("The endpoint is active again."), active=True)


def deactivate_form(request: Request) -> Response:
    """Ask before the gateway refuses calls."""
    suite, endpoint = the_endpoint(request)
    text = _("Every call to it is answered with 403 until it is activated again.")
    heading = _("Deactivate {name}?").format(name=endpoint.proxy_context)
    back = endpoint_url(request, endpoint)
    return confirm_page(request, suite, heading, [text], _("Deactivate"), back)


def deactivate(request: Request) -> Response:
    """Let the gateway refuse calls to the target."""
    return _set_active(request, _("The endpoint is deactivated."), active=False)


def _set_active(request: Request, text: str, *, active: bool) -> Response:
    _suite, endpoint = the_endpoint(request)
    with tenant_write(request) as access:
        infor_of(request).custom_apis.suites.set_endpoint_active(access, endpoint.id, active=active)
    return redirect(request, endpoint_url(request, endpoint), text=text)


def delete_form(request: Request) -> Response:
    """Ask before an endpoint is deleted."""
    suite, endpoint = the_endpoint(request)
    texts = [
        _("Clients that call it get 404 from the next request on."),
        _("Its secrets, policies and documentation are deleted with it. This cannot be undone."),
    ]
    heading = _("Delete {name}?").format(name=endpoint.proxy_context)
    back = endpoint_url(request, endpoint)
    return confirm_page(request, suite, heading, texts, _("Delete"), back)


def delete(request: Request) -> Response:
    """Delete an endpoint; the last one of a suite stays."""
    suite, endpoint = the_endpoint(request)
    with tenant_write(request) as access:
        infor_of(request).custom_apis.suites.delete_endpoint(access, endpoint.id)
    text = _("The endpoint {name} is deleted.").format(name=endpoint.proxy_context)
    return redirect(request, suite_url(request, suite.id), text=text)


def the_endpoint(request: Request) -> tuple[ApiSuite, TargetEndpoint]:
    """Return suite and endpoint in the path; raises NotFound when they do not belong together."""
    suite = the_suite(request)
    with tenant_read(request) as access:
        endpoint = infor_of(request).custom_apis.suites.get_endpoint(
            access, request.path_params["endpoint"]
        )
    if endpoint.suite_id != suite.id:
        raise NotFound(_("There is no such endpoint."))
    return suite, endpoint


def endpoint_url(request: Request, endpoint: TargetEndpoint, name: str = "api_endpoint") -> str:
    """Return the path of an endpoint's page, or of another one below it."""
    return path_to(
        request, name, tenant=endpoint.tenant_id, suite=endpoint.suite_id, endpoint=endpoint.id
    )


def public_address(request: Request, suite: ApiSuite, endpoint: TargetEndpoint) -> str:
    """Return the Public Facing Proxy Endpoint."""
    suites = infor_of(request).custom_apis.suites
    return suites.public_address(suite, endpoint.proxy_context)


def needs_token(request: Request, endpoint: TargetEndpoint) -> bool:
    """Tell whether clients need a token: neither the endpoint itself nor a policy lets all in."""
    if endpoint.proxy_security is ProxySecurity.ANONYMOUS:
        return False
    policies = infor_of(request).custom_apis.policies
    with tenant_read(request) as access:
        acting = [
            policy
            for level in (None, endpoint.id)
            for policy in policies.list_policies(access, endpoint.suite_id, level)
        ]
    opens = PolicyType.ANONYMOUS_INBOUND_SECURITY
    return not any(policy.is_enabled and policy.type is opens for policy in acting)


def _refused(
    request: Request,
    suite: ApiSuite,
    error: InvalidInput | Conflict,
    endpoint: TargetEndpoint | None = None,
) -> Response:
    values = form.sent_values(visit_of(request).form)
    if isinstance(error, ChangedMeanwhile):
        errors: Mapping[str, str] = errors_of(error)
    elif isinstance(error, Conflict):
        errors = {"proxy_context": error.text}
    else:
        errors = form.named_errors(errors_of(error))
    return _page(request, suite, values, errors, endpoint, error.status)


def _page(
    request: Request,
    suite: ApiSuite,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    endpoint: TargetEndpoint | None = None,
    status: int = 200,
) -> Response:
    public_base = infor_of(request).custom_apis.suites.public_address(suite, "")
    context = {
        **form.slot_context(values, endpoint),
        "form": Form(form.endpoint_parts(values, public_base, endpoint)),
        "values": values,
        "errors": errors,
        "suite": suite,
        "endpoint": endpoint,
    }
    return render(request, "api_suites/endpoints/form.html", context, status=status)


_BASE = "/ion-api/{tenant}/available-apis/{suite}/endpoints"
_ENDPOINT = f"{_BASE}/{{endpoint}}"
ROUTES = [
    *form_routes(f"{_BASE}/add", add_form, add, name="api_endpoint_add"),
    Route(_ENDPOINT, show, name="api_endpoint"),
    *form_routes(f"{_ENDPOINT}/edit", edit_form, edit, name="api_endpoint_edit"),
    Route(f"{_ENDPOINT}/activate", activate, methods=["POST"], name="api_endpoint_activate"),
    *form_routes(
        f"{_ENDPOINT}/deactivate", deactivate_form, deactivate, name="api_endpoint_deactivate"
    ),
    *form_routes(f"{_ENDPOINT}/delete", delete_form, delete, name="api_endpoint_delete"),
]
