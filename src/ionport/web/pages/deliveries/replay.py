"""Document side: failed deliveries of a time are tried again, for a person's reason."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import Conflict, InvalidInput, refuse_wrong
from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE, PageRequest
from ionport.documents.bulk.model import BulkAction
from ionport.exports.listing import DeliveryFilter
from ionport.exports.replay import Replayable
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.pages.deliveries.deliveries import FILTERS, wanted_deliveries
from ionport.web.pages.documents.listing.bulk import follow, follow_known
from ionport.web.rendering.templating import render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, organization_write, visit_of

MANUAL = "export-errors"

_NAMES = ("from", "to", "configuration", "cause")


def replay_form(request: Request) -> Response:
    """Show how many failed deliveries the chosen time has, and ask why they are tried again."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require(scope.organization_id, BulkAction.REPLAY.permission)
    values = {name: request.query_params.get(name, "").strip()[:200] for name in _NAMES}
    return _page(request, values, {})


def replay(request: Request) -> Response:
    """Begin the replay."""
    form, service = visit_of(request).form, documents_of(request)
    values = {name: text_of(form, name)[:200] for name in _NAMES}
    wanted = wanted_deliveries(request, dict.fromkeys(FILTERS, "") | values)
    told = {"status": "failed", **{name: value for name, value in values.items() if value}}
    try:
        refuse_wrong(_wrong_last_day(values, wanted), _("Correct the marked fields."))
        with organization_write(request) as access:
            run = service.replays.start(access, wanted, text_of(form, "reason"), told)
    except Conflict as error:
        return follow_known(request, error)
    except InvalidInput as error:
        errors = errors_of(error) if error.fields else {"": error.text}
        return _page(request, values, errors, error.status)
    return follow(request, run)


def _page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    wanted = wanted_deliveries(request, dict.fromkeys(FILTERS, "") | dict(values))
    wrong = _wrong_last_day(values, wanted)
    has_time = wanted.created_from is not None and not wrong
    with organization_read(request) as access:
        found = Replayable(0, 0)
        if has_time:
            found = documents_of(request).replays.count(access, wanted)
        configurations = documents_of(request).configurations.list(
            access, PageRequest(per_page=MAX_PER_PAGE)
        )
    context = {
        "values": values,
        "errors": {**wrong, **errors},
        "reason": text_of(visit_of(request).form, "reason"),
        "has_time": has_time,
        "found": found,
        "configurations": [(each.id, each.title) for each in configurations.items],
        "button": _("Try them again"),
    }
    return render(request, "deliveries/replay.html", context, status=status)


def _wrong_last_day(values: Mapping[str, str], wanted: DeliveryFilter) -> dict[str, str]:
    """Return the error of a last day that is no date: it does not mean *until now*."""
    if not values["to"] or wanted.created_to is not None:
        return {}
    return {"to": _("{day} is no day.").format(day=values["to"])}


ROUTES = form_routes("/deliveries/replay", replay_form, replay, name="deliveries_replay")
