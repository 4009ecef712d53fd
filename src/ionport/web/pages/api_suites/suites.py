"""Infor side: Available APIs, the list of API suites and their pages.

Source: docs/reference/gateway.md#api-suites.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _, ngettext
from ionport.gateway.suites.model import (
    SUITE_ICONS,
    UPLOADED_ICON,
    ApiSuite,
    SuiteDraft,
    SuiteIcon,
    SuiteQuery,
    read_icon,
)
from ionport.identity.edits import ChangedMeanwhile
from ionport.web.forms.declared import FieldKind, Form, FormField, Slot
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of, uploads_of
from ionport.web.pages.api_suites import endpoint_form
from ionport.web.pages.api_suites.built_in import built_in
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import TrailLine, trail_of
from ionport.web.routes import form_routes
from ionport.web.services import infor_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "available-apis"

_ENDPOINT = "endpoints.0."


def list_suites(request: Request) -> Response:
    """Show the tenant's own suites, and those that the sandbox has built in."""
    state = ListState.of(request, sorts=["name"])
    query = SuiteQuery(state.filters["q"], state.descending, state.request)
    with tenant_read(request) as access:
        found = infor_of(request).custom_apis.suites.list_suites(access, query)
    wanted = state.filters["q"].lower()
    context = {
        "state": state,
        "page_of": found,
        "built_in": [
            one for one in built_in(request) if wanted in f"{one.title} {one.context}".lower()
        ],
    }
    return render(request, "api_suites/suites/list.html", context)


def show(request: Request) -> Response:
    """Show a suite with its endpoints."""
    suites = infor_of(request).custom_apis.suites
    with tenant_read(request) as access:
        suite = suites.get_suite(access, request.path_params["suite"])
        endpoints = suites.list_endpoints(access, suite.id)
    context = {
        "suite": suite,
        "endpoints": [
            (endpoint, suites.public_address(suite, endpoint.proxy_context))
            for endpoint in endpoints
        ],
        "trail": read_trail(request, suite.id, *(endpoint.id for endpoint in endpoints)),
    }
    return render(request, "api_suites/suites/detail.html", context)


def add_form(request: Request) -> Response:
    """Show the empty form of a new suite with its first endpoint."""
    visit_of(request).actor.require_tenant_administrator(tenant_scope(request).tenant_id)
    return _add_page(request, {"icon": SUITE_ICONS[0], **endpoint_form.new_values()}, {})


def add(request: Request) -> Response:
    """Make a suite with its first endpoint."""
    visit, scope = visit_of(request), tenant_scope(request)
    visit.actor.require_tenant_administrator(scope.tenant_id)
    values = _sent(visit.form)
    if endpoint_form.asks_for_security_fields(visit.form):
        return _add_page(request, values, {})
    suites = infor_of(request).custom_apis.suites
    try:
        icon = _uploaded_icon(visit.form)
        endpoint = endpoint_form.endpoint_draft(visit.form)
        with visit.write(scope) as access:
            suite = suites.create_suite(access, _draft(values), [endpoint])
            if icon is not None:
                suites.set_icon(access, suite.id, icon)
    except InvalidInput as error:
        errors = endpoint_form.named_errors(errors_of(error), _ENDPOINT)
        return _add_page(request, values, errors, status=error.status)
    except Conflict as error:
        return _add_page(
            request,
            values,
            {"context": error.text},
            existing_id=error.existing_id,
            status=error.status,
        )
    text = _("{name} is saved and active: clients can call it from now on.")
    return redirect(request, suite_url(request, suite.id), text=text.format(name=suite.suite_name))


def edit_form(request: Request) -> Response:
    """Show the form as the suite is stored."""
    suite = the_suite(request)
    values = _stored(suite)
    show_stored(request, values)
    return _edit_page(request, suite, values, {})


def _stored(suite: ApiSuite) -> dict[str, str]:
    return {name: str(getattr(suite, name)) for name in _NAMES}


def edit(request: Request) -> Response:
    """Change names, description and icon of a suite."""
    visit, scope = visit_of(request), tenant_scope(request)
    suite = the_suite(request)
    suites, values = infor_of(request).custom_apis.suites, _form(suite).sent(visit.form)
    try:
        icon = _uploaded_icon(visit.form)
        with visit.write(scope) as access:
            require_unchanged(
                request,
                access,
                suite.id,
                lambda: _stored(suites.get_suite(access, suite.id)),
            )
            changed = suites.change_suite(access, suite.id, _draft(values, suite))
            if icon is not None:
                suites.set_icon(access, suite.id, icon)
    except (InvalidInput, ChangedMeanwhile) as error:
        return _edit_page(request, suite, values, errors_of(error), error.status)
    text = _("{name} is saved.").format(name=changed.suite_name)
    return redirect(request, suite_url(request, suite.id), text=text)


def activate(request: Request) -> Response:
    """Let the gateway take calls again."""
    return _set_active(request, _("{name} is active again."), active=True)


def deactivate_form(request: Request) -> Response:
    """Ask before the gateway refuses calls."""
    suite = the_suite(request)
    text = _("Every call to its endpoints is answered with 403 until it is activated again.")
    heading = _("Deactivate {name}?").format(name=suite.suite_name)
    return confirm_page(request, suite, heading, [text], _("Deactivate"))


def deactivate(request: Request) -> Response:
    """Let the gateway refuse calls."""
    return _set_active(request, _("{name} is deactivated."), active=False)


def _set_active(request: Request, text: str, *, active: bool) -> Response:
    with tenant_write(request) as access:
        suite = infor_of(request).custom_apis.suites.set_suite_active(
            access, request.path_params["suite"], active=active
        )
    return redirect(request, suite_url(request, suite.id), text=text.format(name=suite.suite_name))


def delete_form(request: Request) -> Response:
    """Ask before a suite is deleted, with what goes along with it."""
    suite = the_suite(request)
    with tenant_read(request) as access:
        endpoints = infor_of(request).custom_apis.suites.list_endpoints(access, suite.id)
    count = ngettext(
        "Deleted with it is {n} endpoint, its secrets, policies and documentation.",
        "Deleted with it are {n} endpoints, their secrets, policies and documentation.",
        len(endpoints),
    )
    texts = [
        _("Clients that call it get 404 from the next request on."),
        count.format(n=len(endpoints)),
        _("This cannot be undone."),
    ]
    heading = _("Delete {name}?").format(name=suite.suite_name)
    return confirm_page(request, suite, heading, texts, _("Delete"))


def delete(request: Request) -> Response:
    """Delete a suite."""
    suite = the_suite(request)
    with tenant_write(request) as access:
        infor_of(request).custom_apis.suites.delete_suite(access, suite.id)
    url = path_to(request, "available_apis", tenant=tenant_scope(request).tenant_id)
    return redirect(request, url, text=_("{name} is deleted.").format(name=suite.suite_name))


def icon(request: Request) -> Response:
    """Return a suite's uploaded picture."""
    with tenant_read(request) as access:
        found = infor_of(request).custom_apis.suites.get_icon(access, request.path_params["suite"])
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'"}
    return Response(found.content, media_type=found.media_type, headers=headers)


def confirm_page(
    request: Request,
    suite: ApiSuite,
    heading: str,
    texts: list[str],
    button: str,
    close_url: str = "",
) -> Response:
    """Ask before something of a suite is done that stops clients or cannot be undone."""
    tenant = tenant_scope(request).tenant_id
    crumbs = [
        (_("ION API"), None),
        (_("Available APIs"), path_to(request, "available_apis", tenant=tenant)),
        (suite.suite_name, suite_url(request, suite.id)),
    ]
    return ask_first(request, heading, texts, button, crumbs=crumbs, back=close_url)


def the_suite(request: Request) -> ApiSuite:
    """Return the suite in the path; raises NotFound, and Forbidden without the role."""
    with tenant_read(request) as access:
        return infor_of(request).custom_apis.suites.get_suite(access, request.path_params["suite"])


def suite_url(request: Request, suite_id: str) -> str:
    """Return the path of a suite's page."""
    return path_to(request, "api_suite", tenant=tenant_scope(request).tenant_id, suite=suite_id)


def read_trail(request: Request, *subjects: str) -> list[TrailLine]:
    """Read the latest changes of what the ids name, where no transaction is open."""
    with visit_of(request).services.database.read() as work:
        return trail_of(request, work, subjects)


def _add_page(
    request: Request,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    existing_id: str | None = None,
    status: int = 200,
) -> Response:
    parts = endpoint_form.endpoint_parts(values)
    context = {
        **endpoint_form.slot_context(values),
        "form": Form([*_form().parts, Slot("endpoints"), *parts]),
        "values": values,
        "errors": errors,
        "suite": None,
        "icons": SUITE_ICONS,
        "existing_url": suite_url(request, existing_id) if existing_id else "",
    }
    return render(request, "api_suites/suites/form.html", context, status=status)


def _edit_page(
    request: Request,
    suite: ApiSuite,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    context = {
        "form": _form(suite),
        "suite": suite,
        "values": values,
        "errors": errors,
        "icons": SUITE_ICONS,
        "existing_url": "",
    }
    return render(request, "api_suites/suites/form.html", context, status=status)


_NAMES = ("application_name", "suite_name", "description", "context", "icon")


def _form(suite: ApiSuite | None = None) -> Form:
    context = FormField(
        "context", _("API Context"), required=True, limit=64, placeholder="DocBits-Sandbox",
        help=_("A part of the address, unique in the tenant. It cannot be changed later."),
    )  # fmt: skip
    icon_file = FormField(
        "icon_file", _("Upload an icon"), FieldKind.FILE,
        accept="image/png,image/jpeg,image/gif,image/webp",
        help=_(
            "PNG, JPEG, GIF or WebP of at most 100 kB; it counts instead of the chosen one."
        ),
    )  # fmt: skip
    return Form(
        [
            FormField(
                "application_name", _("Application Name"), required=True, limit=128,
                autofocus=True, help=_("The system behind the API, for example DocBits."),
            ),
            FormField("suite_name", _("Suite Name"), required=True, limit=128),
            FormField(
                "description", _("Description"), FieldKind.LINES, required=True, rows=2, exact=True
            ),
            Slot("context", [context]) if suite else context,
            Slot("icon", [FormField("icon", _("Suite Icon"))]),
            icon_file,
        ]
    )  # fmt: skip


def _sent(form: FormData) -> dict[str, str]:
    return {**endpoint_form.sent_values(form), **_form().sent(form)}


def _draft(values: Mapping[str, str], suite: ApiSuite | None = None) -> SuiteDraft:
    chosen = values["icon"]
    return SuiteDraft(
        application_name=values["application_name"],
        suite_name=values["suite_name"],
        description=values["description"],
        # A form sent by hand learns that it cannot be changed.
        context=values["context"] or (suite.context if suite else ""),
        # Only a suite that has a picture of its own can keep it.
        icon="" if chosen == UPLOADED_ICON and (not suite or suite.icon != chosen) else chosen,
    )


def _uploaded_icon(form: FormData) -> SuiteIcon | None:
    files = uploads_of(form, "icon_file")
    return read_icon(files[0].content) if files else None


_BASE = "/ion-api/{tenant}/available-apis"
_SUITE = f"{_BASE}/{{suite}}"
ROUTES = [
    Route(_BASE, list_suites, name="available_apis"),
    *form_routes(f"{_BASE}/add", add_form, add, name="api_suite_add"),
    Route(_SUITE, show, name="api_suite"),
    Route(f"{_SUITE}/icon", icon, name="api_suite_icon"),
    *form_routes(f"{_SUITE}/edit", edit_form, edit, name="api_suite_edit"),
    Route(f"{_SUITE}/activate", activate, methods=["POST"], name="api_suite_activate"),
    *form_routes(f"{_SUITE}/deactivate", deactivate_form, deactivate, name="api_suite_deactivate"),
    *form_routes(f"{_SUITE}/delete", delete_form, delete, name="api_suite_delete"),
]
