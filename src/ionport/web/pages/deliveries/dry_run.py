"""Dry run of a document through a configuration: the calls it would make, and what stops them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.paging import MAX_PER_PAGE, PageRequest
from ionport.web.pages.mappings.preview import offered_documents, shown
from ionport.web.rendering.templating import render
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, visit_of

MANUAL = "mapping-files"


def of_configuration(request: Request) -> Response:
    """Run a document that is chosen on the page through a configuration."""
    return _page(
        request,
        document_id=request.query_params.get("document", ""),
        configuration_id=request.path_params["configuration"],
        is_of_document=False,
    )


def of_document(request: Request) -> Response:
    """Run a document through a configuration that is chosen on the page, or its active one."""
    return _page(
        request,
        document_id=request.path_params["document"],
        configuration_id=request.query_params.get("configuration", ""),
        is_of_document=True,
    )


def _page(
    request: Request, *, document_id: str, configuration_id: str, is_of_document: bool
) -> Response:
    visit, scope, services = visit_of(request), organization_scope(request), documents_of(request)
    with visit.read(scope) as access:
        configurations = services.configurations.list(access, PageRequest(per_page=MAX_PER_PAGE))
        document = services.documents.get(access, document_id) if document_id else None
        if not configuration_id and document is not None:
            fitting = [
                one for one in configurations.items if one.document_type == document.document_type
            ]
            fitting.sort(key=lambda one: not one.is_active)
            configuration_id = fitting[0].id if fitting else ""
        configuration = (
            services.configurations.get(access, configuration_id) if configuration_id else None
        )
    run = None
    if document is not None and configuration is not None:
        run = services.dry_runs.of_configuration(scope, visit.actor, document.id, configuration.id)
    context = {
        "document": document,
        "configuration": configuration,
        "shown": shown(run) if run else None,
        "is_of_document": is_of_document,
        "documents": [] if is_of_document else offered_documents(request),
        "configurations": [(one.id, one.title) for one in configurations.items],
    }
    return render(request, "deliveries/dry_run.html", context)


ROUTES = [
    Route("/settings/export/{configuration}/dry-run", of_configuration, name="export_dry_run"),
    Route("/documents/{document}/dry-run", of_document, name="document_dry_run"),
]
