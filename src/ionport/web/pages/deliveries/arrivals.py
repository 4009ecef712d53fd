"""Document side: a person decides whether what a lost call has sent is at its target."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import Conflict, InvalidInput, check_all
from ionport.core.i18n import _
from ionport.exports.arrivals.model import Arrival
from ionport.exports.arrivals.service import checked_word
from ionport.identity.groups.permissions import Permission
from ionport.web.forms.fields import errors_of, lines_of, text_of
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_write, visit_of

MANUAL = "exactly-once"


def show(request: Request) -> Response:
    """Ask what a person has found at the target, and how it is known."""
    return _form(request, {})


def send(request: Request) -> Response:
    """Store the decision: the delivery goes on behind the step, or with it."""
    form = visit_of(request).form
    try:
        found, reason = text_of(form, "arrival"), lines_of(form, "reason")
        check_all(lambda: Arrival.of(found), lambda: checked_word(reason))
        arrival = Arrival(found)
        with organization_write(request) as access:
            decided = documents_of(request).arrivals.decide(
                access,
                request.path_params["delivery_id"],
                arrival,
                reason,
                text_of(form, "reference"),
            )
    except InvalidInput as error:
        return _form(request, errors_of(error), error.status)
    except Conflict as error:
        if error.code != "may_still_arrive":
            return redirect(request, _url(request), kind="danger", text=error.text)
        return _form(request, {"arrival": error.text}, error.status)
    told = {
        Arrival.THERE: _("It counts as delivered.")
        if decided.status.is_over
        else _("What is there is not sent again; the delivery goes on."),
        Arrival.NOT_THERE: _("The delivery is tried again."),
    }
    return redirect(request, _url(request), text=told[arrival])


def _form(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    form, service = visit_of(request).form, documents_of(request)
    with organization_read(request) as access:
        detail = service.deliveries.get(access, request.path_params["delivery_id"])
        access.require(Permission.DECIDE, detail.document_type)
    question = service.arrivals.question(detail)
    if question is None:
        told = _("No call of this delivery is without an answer now.")
        return redirect(request, _url(request), kind="danger", text=told)
    context = {
        "delivery": detail.delivery,
        "question": question,
        "choices": [
            (
                Arrival.THERE,
                _("It is there"),
                _("All that the step sends; it is not sent again, and what follows goes on."),
            ),
            (
                Arrival.NOT_THERE,
                _("It is not there"),
                _("It is sent once more under the same correlation id."),
            ),
        ],
        "errors": errors,
        "arrival": text_of(form, "arrival"),
        "reason": lines_of(form, "reason"),
        "reference": text_of(form, "reference"),
    }
    return render(request, "deliveries/arrivals.html", context, status=status)


def _url(request: Request) -> str:
    return path_to(request, "delivery", delivery_id=request.path_params["delivery_id"])


ROUTES = [
    *form_routes("/deliveries/{delivery_id}/arrival", show, send, name="delivery_arrival"),
]
