"""The user's own second factor: switching it on and off, new recovery codes."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import Conflict, InvalidInput, TooManyRequests
from ionport.core.i18n import _
from ionport.identity.second_factor.model import RecoveryCodes
from ionport.identity.second_factor.service import (
    factor_is_off,
    factor_is_on,
    factor_is_required,
)
from ionport.web.forms.fields import errors_of, secret_of, text_of
from ionport.web.forms.passwords import password_errors, password_proof
from ionport.web.rendering.confirm import tell_why_not
from ionport.web.rendering.qr import qr_of
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.state import visit_of

MANUAL = "account"


def on_form(request: Request) -> Response:
    """Show a new secret, as a QR code and as text; who has a second factor is told so."""
    if _is_on(request):
        return _refused(request, _("Set up a second factor"), factor_is_on().text)
    return _on_page(request, {})


def switch_on(request: Request) -> Response:
    """Switch the second factor on, and show the recovery codes this once."""
    visit = visit_of(request)
    offered, code = text_of(visit.form, "offered"), secret_of(visit.form, "code")
    try:
        proof = password_proof(request)
        with visit.services.database.write() as work:
            codes = visit.services.sessions.switch_factor_on(
                work, visit.signed_in, proof, offered, code
            )
    except (InvalidInput, TooManyRequests) as error:
        return _on_page(request, password_errors(error), error.status)
    except Conflict as error:
        return _on_page(request, errors_of(error), error.status)
    return _codes_page(request, codes, _("The second factor is on. Other browsers are signed out."))


def off_form(request: Request) -> Response:
    """Ask for the password before the second factor is switched off, where that may be."""
    visit = visit_of(request)
    heading = _("Switch the second factor off")
    if visit.services.factors.is_required_of(visit.actor):
        return _refused(request, heading, factor_is_required().text)
    if not _is_on(request):
        return _refused(request, heading, _("The second factor is off."))
    return _ask(request, "off", {})


def switch_off(request: Request) -> Response:
    """Switch the own second factor off."""
    visit = visit_of(request)
    try:
        proof = password_proof(request)
        with visit.services.database.write() as work:
            visit.services.sessions.switch_factor_off(work, visit.signed_in, proof)
    except (InvalidInput, TooManyRequests) as error:
        return _ask(request, "off", password_errors(error), error.status)
    except Conflict as error:
        return _ask(request, "off", errors_of(error), error.status)
    return redirect(request, "/account", text=_("The second factor is off."))


def codes_form(request: Request) -> Response:
    """Ask for the password before new recovery codes are made."""
    if not _is_on(request):
        return _refused(request, _("New recovery codes"), factor_is_off().text)
    return _ask(request, "new_codes", {})


def renew_codes(request: Request) -> Response:
    """Make new recovery codes, and show them this once."""
    visit = visit_of(request)
    try:
        proof = password_proof(request)
        with visit.services.database.write() as work:
            codes = visit.services.sessions.renew_recovery_codes(work, visit.signed_in, proof)
    except (InvalidInput, TooManyRequests) as error:
        return _ask(request, "new_codes", password_errors(error), error.status)
    except Conflict as error:
        return _ask(request, "new_codes", errors_of(error), error.status)
    return _codes_page(request, codes, _("Earlier recovery codes no longer work."))


def _on_page(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    visit = visit_of(request)
    offered = visit.services.factors.offer(visit.signed_in.user, text_of(visit.form, "offered"))
    context = {
        "secret": offered.secret.reveal(),
        "qr": qr_of(offered.address),
        "offered": offered.sealed,
        "errors": errors,
    }
    return _unkept(request, "on", context, status)


def _codes_page(request: Request, codes: RecoveryCodes, text: str) -> Response:
    return _unkept(request, "codes", {"codes": [one.reveal() for one in codes], "text": text})


def _is_on(request: Request) -> bool:
    visit = visit_of(request)
    with visit.services.database.read() as work:
        return visit.services.factors.status(work, visit.signed_in.user.id) is not None


def _refused(request: Request, heading: str, why: str) -> Response:
    crumbs = [(_("Account"), path_to(request, "account"))]
    return tell_why_not(request, heading, [why], crumbs=crumbs)


def _ask(request: Request, name: str, errors: Mapping[str, str], status: int = 200) -> Response:
    return render(request, f"account/second_factor/{name}.html", {"errors": errors}, status=status)


def _unkept(
    request: Request, name: str, context: Mapping[str, object], status: int = 200
) -> Response:
    headers = {"Cache-Control": "no-store"}
    template = f"account/second_factor/{name}.html"
    return render(request, template, context, status=status, headers=headers)


_BASE = "/account/second-factor"
ROUTES = [
    *form_routes(_BASE, on_form, switch_on, name="second_factor"),
    *form_routes(f"{_BASE}/off", off_form, switch_off, name="second_factor_off"),
    *form_routes(f"{_BASE}/codes", codes_form, renew_codes, name="recovery_codes"),
]
