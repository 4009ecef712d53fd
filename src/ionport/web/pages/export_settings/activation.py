"""Activation of an export configuration, and decisions about its proof."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.documents.types import document_type
from ionport.exports.automatic.waiting import MANY, count_waiting
from ionport.exports.configurations.model import ExportConfiguration, UseOfConnection, UseProof
from ionport.identity.access import Access
from ionport.mappings.model import MappingKind
from ionport.store import Work
from ionport.web.forms.fields import errors_of, lines_of
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, organization_write, visit_of

MANUAL = "export"


def proof_of(request: Request, work: Work, configuration: ExportConfiguration) -> UseProof:
    """Return the proof of a configuration's connection, for its method."""
    return _proof(request, work, UseOfConnection.of_configuration(configuration))


def activate_form(request: Request) -> Response:
    """Show the proofs of both configurations, and what activation would switch off."""
    organization_id = organization_scope(request).organization_id
    visit_of(request).actor.require_organization_administrator(organization_id)
    return _activate_page(request)


def _activate_page(
    request: Request, errors: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    service, connections = documents_of(request).configurations, documents_of(request).connections
    mappings = documents_of(request).mappings
    with organization_read(request) as access:
        configuration = service.get(access, _configuration_id(request))
        occupant = service.in_the_way(access, configuration.id)
        check = connections.latest_check(access, configuration.connection_id)
        use = proof_of(request, access.work, configuration)
        idm_version = configuration.version_ids().get(MappingKind.IDM)
        idm = mappings.version_by_id(access, idm_version) if idm_version else None
        context = {
            "configuration": configuration,
            "use": use,
            "occupant": occupant,
            "occupant_use": proof_of(request, access.work, occupant) if occupant else None,
            "by_itself": documents_of(request)
            .types.policy(access, configuration.document_type)
            .exports_by_itself,
            "kind": document_type(configuration.document_type).label,
            "waiting": count_waiting(access, configuration),
            "many": MANY,
            "blocked": [
                finding for finding in service.findings(access, configuration.id) if finding.blocks
            ],
            "is_proving": check is not None and not check.is_over,
            "errors": errors or {},
            "reason": lines_of(visit.form, "reason"),
        }
    if idm is not None:
        compared = documents_of(request).dry_runs.before_activation(
            scope, visit.actor, configuration.connection_id, configuration.method, idm.text
        )
        context |= {"mapping_id": idm.mapping_id, "compared": compared}
    return render(request, "export_settings/activation/activate.html", context, status=status)


def activate(request: Request) -> Response:
    """Switch a configuration on; obstacles are shown in the dialog first."""
    visit, scope = visit_of(request), organization_scope(request)
    configuration_id = _configuration_id(request)
    is_from_dialog = "reason" in visit.form
    try:
        with visit.write(scope) as access:
            active = documents_of(request).configurations.activate(
                access,
                configuration_id,
                replace=visit.form.get("replace") == "on",
                reason=lines_of(visit.form, "reason"),
            )
    except Conflict as error:
        if not is_from_dialog:
            dialog = path_to(request, "export_activate", configuration=configuration_id)
            return redirect(request, dialog)
        field = "reason" if error.code == "proof_not_passed" else ""
        return _activate_page(request, {field: error.text}, error.status)
    except InvalidInput as error:
        if "reason" in error.fields:
            return _activate_page(request, errors_of(error), error.status)
        url = _url(request, configuration_id)
        link = ("", "")
        if error.code == "mapping_blocks_activation":
            # The page names the part of each mapping file like the field that is wrong.
            link = (f"{url}#{next(iter(error.fields))}", _("To the lines"))
        return redirect(request, url, kind="danger", text=error.text, link=link)
    text = _("{title} is active.").format(title=active.title)
    return redirect(request, _url(request, active.id), text=text)


def deactivate(request: Request) -> Response:
    """Switch a configuration off."""
    with organization_write(request) as access:
        changed = documents_of(request).configurations.deactivate(
            access, _configuration_id(request)
        )
    text = _("{title} is deactivated.").format(title=changed.title)
    return redirect(request, path_to(request, "exports"), text=text)


def all_the_same_form(request: Request) -> Response:
    """Ask why a configuration is to deliver although Infor refused its connection."""
    return _all_the_same_page(request)


def all_the_same(request: Request) -> Response:
    """Store the decision, and free the deliveries that the refused proof holds."""
    visit = visit_of(request)
    try:
        with organization_write(request) as access:
            use, back = _use(request, access.work)
            freed = documents_of(request).configurations.decisions.deliver_all_the_same(
                access, use, lines_of(visit.form, "reason")
            )
    except (InvalidInput, Conflict) as error:
        return _all_the_same_page(request, errors_of(error), error.status)
    text = _("Deliveries that go on: {count}.").format(count=freed)
    return redirect(request, back, text=text)


def _all_the_same_page(
    request: Request, errors: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    with visit.services.database.read() as work:
        use, back = _use(request, work)
        context = {
            "title": use.title,
            "use": _proof(request, work, use),
            "close_url": back,
            "errors": errors or {},
            "reason": lines_of(visit.form, "reason"),
        }
    return render(request, "export_settings/activation/all_the_same.html", context, status=status)


def _use(request: Request, work: Work) -> tuple[UseOfConnection, str]:
    """Return the use of a connection that the address names, and the page that it belongs to."""
    visit, scope = visit_of(request), organization_scope(request)
    delivery_id = request.path_params.get("delivery_id")
    if delivery_id is not None:
        detail = documents_of(request).deliveries.get(Access(work, scope, visit.actor), delivery_id)
        back = path_to(request, "delivery", delivery_id=detail.delivery.id)
        return UseOfConnection.of_delivery(detail.delivery), back
    configuration = documents_of(request).configurations.get(
        Access(work, scope, visit.actor), _configuration_id(request)
    )
    return UseOfConnection.of_configuration(configuration), _url(request, configuration.id)


def _proof(request: Request, work: Work, use: UseOfConnection) -> UseProof:
    visit, scope = visit_of(request), organization_scope(request)
    return documents_of(request).configurations.proof(Access(work, scope, visit.actor), use)


def _configuration_id(request: Request) -> str:
    configuration_id: str = request.path_params["configuration"]
    return configuration_id


def _url(request: Request, configuration_id: str) -> str:
    return path_to(request, "export", configuration=configuration_id)


_ONE = "/settings/export/{configuration}"
_DELIVERY = "/deliveries/{delivery_id}/all-the-same"
ROUTES = [
    *form_routes(f"{_ONE}/activate", activate_form, activate, name="export_activate"),
    Route(f"{_ONE}/deactivate", deactivate, methods=["POST"], name="export_deactivate"),
    *form_routes(
        f"{_ONE}/all-the-same", all_the_same_form, all_the_same, name="export_all_the_same"
    ),
    *form_routes(_DELIVERY, all_the_same_form, all_the_same, name="delivery_all_the_same"),
]
