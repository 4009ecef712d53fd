"""Infor side: the SAML issuers of a tenant, on its Configuration page (RFC 7522)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.oauth.grants.saml.assertions import SamlIssuer
from ionport.web.forms.fields import errors_of, text_of, uploads_of
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import infor_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "saml-issuers"


def add_form(request: Request) -> Response:
    """Show the empty form of an issuer."""
    visit_of(request).actor.require_tenant_administrator(tenant_scope(request).tenant_id)
    return _form(request, {}, {})


def _form(
    request: Request, values: dict[str, str], errors: dict[str, str], status: int = 200
) -> Response:
    context = {"values": values, "errors": errors}
    return render(request, "tenant/saml_issuers/add.html", context, status=status)


def add(request: Request) -> Response:
    """Trust an issuer."""
    visit, scope = visit_of(request), tenant_scope(request)
    values = {name: text_of(visit.form, name) for name in ("entity_id", "certificate")}
    for file in uploads_of(visit.form, "certificate_file"):
        # What is no text is told as a broken certificate.
        values["certificate"] = file.content.decode("utf-8", "replace").strip()
    try:
        with visit.write(scope) as access:
            issuer = infor_of(request).saml_issuers.add_issuer(
                access, values["entity_id"], values["certificate"]
            )
    except InvalidInput as error:
        return _form(request, values, dict(errors_of(error)), error.status)
    except Conflict as error:
        return _form(request, values, {"entity_id": error.text}, error.status)
    text = _("{issuer} may now vouch for users of this tenant.").format(issuer=issuer.entity_id)
    return redirect(request, _url(request), text=text)


def delete_form(request: Request) -> Response:
    """Ask before an issuer is deleted."""
    text = _(
        "Its assertions are refused from the next request on. Access tokens that it led to live on"
        " until they expire; an app's page revokes them at once."
    )
    heading = _("Delete SAML issuer {issuer}?").format(issuer=_issuer(request).entity_id)
    crumbs = [(_("ION API"), None), (_("Configuration"), _url(request))]
    return ask_first(request, heading, [text], _("Delete"), crumbs=crumbs)


def _issuer(request: Request) -> SamlIssuer:
    with tenant_read(request) as access:
        return infor_of(request).saml_issuers.get_issuer(access, request.path_params["issuer"])


def delete(request: Request) -> Response:
    """Trust an issuer no longer."""
    issuer = _issuer(request)
    with tenant_write(request) as access:
        infor_of(request).saml_issuers.delete_issuer(access, issuer.id)
    text = _("SAML issuer {issuer} is deleted.").format(issuer=issuer.entity_id)
    return redirect(request, _url(request), text=text)


def _url(request: Request) -> str:
    return path_to(request, "configuration", tenant=tenant_scope(request).tenant_id)


_BASE = "/ion-api/{tenant}/configuration/saml-issuers"
ROUTES = [
    *form_routes(f"{_BASE}/add", add_form, add, name="saml_issuer_add"),
    *form_routes(f"{_BASE}/{{issuer}}/delete", delete_form, delete, name="saml_issuer_delete"),
]
