"""Infor side: documentation of endpoints, shown without anything from elsewhere
(docs/reference/gateway.md#api-suites).
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import InvalidInput, NotFound, TooLarge
from ionport.core.i18n import _
from ionport.gateway.suites.documentation import DocumentationDraft
from ionport.gateway.suites.model import ApiSuite, Documentation, TargetEndpoint
from ionport.gateway.suites.openapi import describe
from ionport.web.forms.fields import errors_of, text_of, uploads_of
from ionport.web.pages.api_suites.built_in import documented
from ionport.web.pages.api_suites.endpoints import (
    endpoint_url,
    needs_token,
    public_address,
    the_endpoint,
)
from ionport.web.pages.api_suites.suites import confirm_page, read_trail
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.templating import redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import infor_of
from ionport.web.state import tenant_read, tenant_write, visit_of

MANUAL = "available-apis"


def list_documentation(request: Request) -> Response:
    """Show the documents of an endpoint."""
    suite, endpoint = the_endpoint(request)
    with tenant_read(request) as access:
        found = infor_of(request).custom_apis.documentation.list_documentation(access, endpoint.id)
    context = {
        "suite": suite,
        "endpoint": endpoint,
        "documentation": found,
        "trail": read_trail(request, endpoint.id),
    }
    return render(request, "api_suites/documentation/list.html", context)


def add_form(request: Request) -> Response:
    """Show the empty form of a document."""
    return _page(request, *the_endpoint(request), {}, {})


async def add(request: Request) -> Response:
    """Keep an uploaded document, or one fetched by its address."""
    suite, endpoint = await run_in_threadpool(the_endpoint, request)
    form = visit_of(request).form
    values = {name: text_of(form, name) for name in ("name", "url")}
    try:
        content = await _content(request, values["url"])
        # Reading two megabytes takes a while, which the other requests shall not wait for.
        await run_in_threadpool(_keep, request, endpoint, values["name"], content)
    except (InvalidInput, TooLarge) as error:
        errors = _errors(error, "url" if values["url"] else "file")
        return await run_in_threadpool(
            _page, request, suite, endpoint, values, errors, error.status
        )
    text = _("The documentation {name} is saved.").format(name=values["name"])
    url = endpoint_url(request, endpoint, "api_documentation_list")
    return redirect(request, url, text=text)


async def _content(request: Request, url: str) -> bytes:
    visit = visit_of(request)
    files = await run_in_threadpool(uploads_of, visit.form, "file")
    if bool(files) == bool(url):
        text = _("Enter a URL or choose a file.") if not url else _("Either a URL or a file.")
        raise InvalidInput(text, fields={"url": text})
    if files:
        return files[0].content
    return await infor_of(request).custom_apis.documentation_source.fetch(url)


def _keep(request: Request, endpoint: TargetEndpoint, name: str, content: bytes) -> None:
    draft = DocumentationDraft.read(name, content)
    with tenant_write(request) as access:
        infor_of(request).custom_apis.documentation.add_documentation(access, endpoint.id, draft)


def _errors(error: InvalidInput | TooLarge, source: str) -> Mapping[str, str]:
    """Return the errors; what is wrong with the document stands where it came from."""
    if isinstance(error, TooLarge):
        return {source: error.text}
    return {source if name == "file" else name: text for name, text in errors_of(error).items()}


def show(request: Request) -> Response:
    """Show a document: operations with their parameters, bodies and answers, and the schemas."""
    suite, endpoint, found, text = _the_documentation(request)
    address = public_address(request, suite, endpoint)
    context = {
        "suite": suite,
        "endpoint": endpoint,
        "found": found,
        **documented(request, describe(text), address, needs_token=needs_token(request, endpoint)),
    }
    return render(request, "api_suites/documentation/detail.html", context)


def download(request: Request) -> Response:
    """Give the document out as JSON."""
    _suite, _endpoint, found, text = _the_documentation(request)
    return attachment(text.encode(), f"{found.name}.json")


def delete_form(request: Request) -> Response:
    """Ask before a document is deleted."""
    suite, endpoint, found, _text = _the_documentation(request)
    heading = _("Delete the documentation {name}?").format(name=found.name)
    texts = [_("Calls are not concerned: only the document goes. This cannot be undone.")]
    back = endpoint_url(request, endpoint, "api_documentation_list")
    return confirm_page(request, suite, heading, texts, _("Delete"), back)


def delete(request: Request) -> Response:
    """Delete a document."""
    _suite, endpoint, found, _text = _the_documentation(request)
    with tenant_write(request) as access:
        infor_of(request).custom_apis.documentation.delete_documentation(access, found.id)
    text = _("The documentation {name} is deleted.").format(name=found.name)
    url = endpoint_url(request, endpoint, "api_documentation_list")
    return redirect(request, url, text=text)


def _the_documentation(
    request: Request,
) -> tuple[ApiSuite, TargetEndpoint, Documentation, str]:
    """Return the document in the path; raises NotFound when it is another endpoint's."""
    suite, endpoint = the_endpoint(request)
    with tenant_read(request) as access:
        found, text = infor_of(request).custom_apis.documentation.get_documentation(
            access, request.path_params["documentation"]
        )
    if found.endpoint_id != endpoint.id:
        raise NotFound(_("There is no such documentation."))
    return suite, endpoint, found, text


def _page(
    request: Request,
    suite: ApiSuite,
    endpoint: TargetEndpoint,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    context = {
        "suite": suite,
        "endpoint": endpoint,
        "values": values,
        "errors": errors,
        "back_url": endpoint_url(request, endpoint, "api_documentation_list"),
    }
    return render(request, "api_suites/documentation/add.html", context, status=status)


_BASE = "/ion-api/{tenant}/available-apis/{suite}/endpoints/{endpoint}/documentation"
_ONE = f"{_BASE}/{{documentation}}"
ROUTES = [
    Route(_BASE, list_documentation, name="api_documentation_list"),
    *form_routes(f"{_BASE}/add", add_form, add, name="api_documentation_add"),
    Route(_ONE, show, name="api_documentation"),
    Route(f"{_ONE}/file", download, name="api_documentation_file"),
    *form_routes(f"{_ONE}/delete", delete_form, delete, name="api_documentation_delete"),
]
