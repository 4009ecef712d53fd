"""Infor side: reset, seed and snapshots of a tenant's sandbox, and its clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, TooLarge
from ionport.core.i18n import _, ngettext
from ionport.sandbox.control.plane import ControlPlane
from ionport.sandbox.control.state.model import Snapshot
from ionport.web.forms.fields import errors_of, lines_of, text_of, whole_number
from ionport.web.pages.control.state_words import STATE_WORDS
from ionport.web.rendering.confirm import Crumbs, ask_first
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import trail_of
from ionport.web.routes import form_routes
from ionport.web.services import sandbox_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "sandbox-control"

_UNITS = {"minutes": 60, "hours": 3_600, "days": 86_400}


def show_state(request: Request) -> Response:
    """Show what the sandbox holds, its snapshots, and what can be done with them."""
    return _state_page(request, {}, {})


def _state_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    scope, plane = tenant_scope(request), _plane(request)
    with tenant_read(request) as access:
        counts = plane.state.counts(access)
        snapshots = plane.snapshots.list(access)
        subjects = [scope.tenant_id, *(snapshot.name for snapshot in snapshots)]
        trail = trail_of(request, access.work, subjects)
    context = {
        "counts": sorted((_(STATE_WORDS[each.table]), each.rows) for each in counts if each.rows),
        "snapshots": snapshots,
        "values": values,
        "errors": errors,
        "trail": trail,
    }
    return render(request, "control/state/state.html", context, status=status)


def reset_form(request: Request) -> Response:
    """Show what a reset deletes, and ask."""
    with tenant_read(request) as access:
        counts = _plane(request).state.counts(access)
    rows = sum(each.rows for each in counts)
    text = ngettext(
        "{n} row is deleted, for good:", "{n} rows are deleted, for good:", rows
    ).format(n=rows)
    heading = _("Reset the sandbox of {tenant}?").format(tenant=tenant_scope(request).tenant_id)
    points = [
        _("items, messages, invoices and everything else that clients have sent,"),
        _("the recorded calls and the fault rules."),
    ]
    ending = _(
        "The clock is set back to the real time. Authorized apps, service accounts, users,"
        " snapshots and control keys stay."
    )
    return ask_first(
        request, heading, [text], _("Reset"),
        crumbs=_crumbs(request), points=points, ending=[ending],
    )  # fmt: skip


def reset(request: Request) -> Response:
    """Empty the sandbox."""
    with tenant_write(request) as access:
        rows = _plane(request).state.reset(access)
    text = ngettext(
        "The sandbox is empty: {n} row is gone.", "The sandbox is empty: {n} rows are gone.", rows
    )
    return redirect(request, _url(request, "sandbox_state"), text=text.format(n=rows))


def seed(request: Request) -> Response:
    """Add the entries of a JSON text."""
    text = lines_of(visit_of(request).form, "seed")
    try:
        if not text.strip():
            missing = _("Paste a JSON text.")
            raise InvalidInput(missing, fields={"seed": missing})
        with tenant_write(request) as access:
            made = _plane(request).seeds.seed(access, text.encode())
    except InvalidInput as error:
        errors = {"seed": error.fields.get("seed", error.text)}
        return _state_page(request, {"seed": text}, errors, error.status)
    except TooLarge as error:
        return _state_page(request, {}, {"seed": error.text}, error.status)
    told = _("Added {items} IDM items, ran {transactions} M3 transactions.")
    told = told.format(items=len(made.items), transactions=made.transactions)
    return redirect(request, _url(request, "sandbox_state"), text=told)


def take_snapshot(request: Request) -> Response:
    """Keep the present state under a name."""
    visit, scope = visit_of(request), tenant_scope(request)
    name = text_of(visit.form, "name")
    try:
        _plane(request).snapshots.take(visit.services.database, scope, visit.actor, name)
    except InvalidInput as error:
        return _state_page(request, {"name": name}, errors_of(error), error.status)
    except (Conflict, TooLarge) as error:
        return _state_page(request, {"name": name}, {"name": error.text}, error.status)
    text = _("The snapshot {name} is taken.").format(name=name)
    return redirect(request, _url(request, "sandbox_state"), text=text)


def restore_form(request: Request) -> Response:
    """Show what a restore deletes, and ask."""
    snapshot = _snapshot(request)
    text = _(
        "What the imitated services hold now is deleted, and the {rows} rows of the snapshot take"
        " its place. Recorded calls, fault rules and the clock stay as they are."
    ).format(rows=snapshot.rows)
    heading = _("Restore the snapshot {name}?").format(name=snapshot.name)
    return ask_first(request, heading, [text], _("Restore"), crumbs=_crumbs(request))


def restore(request: Request) -> Response:
    """Put a kept state in the place of the present one."""
    with tenant_write(request) as access:
        snapshot = _plane(request).snapshots.restore(access, request.path_params["snapshot"])
    text = _("The sandbox is as it was in {name}.").format(name=snapshot.name)
    return redirect(request, _url(request, "sandbox_state"), text=text)


def delete_snapshot_form(request: Request) -> Response:
    """Ask before a snapshot is deleted."""
    text = _("Nobody can come back to this state then. What the sandbox holds now stays.")
    heading = _("Delete the snapshot {name}?").format(name=_snapshot(request).name)
    return ask_first(request, heading, [text], _("Delete"), crumbs=_crumbs(request))


def delete_snapshot(request: Request) -> Response:
    """Delete a snapshot."""
    with tenant_write(request) as access:
        _plane(request).snapshots.delete(access, request.path_params["snapshot"])
    text = _("The snapshot is deleted.")
    return redirect(request, _url(request, "sandbox_state"), text=text)


def _snapshot(request: Request) -> Snapshot:
    with tenant_read(request) as access:
        return _plane(request).snapshots.get(access, request.path_params["snapshot"])


def _crumbs(request: Request) -> Crumbs:
    return [(_("Control plane"), None), (_("State"), _url(request, "sandbox_state"))]


def show_clock(request: Request) -> Response:
    """Show the clock and how to move it."""
    return _clock_page(request, {"amount": "2", "unit": "hours"}, {})


def _clock_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    with tenant_read(request) as access:
        state = _plane(request).clock.state(access)
    units = [("minutes", _("minutes")), ("hours", _("hours")), ("days", _("days"))]
    context = {"state": state, "values": values, "errors": errors, "units": units}
    context["ahead"] = int(state.offset.total_seconds())
    return render(request, "control/state/clock.html", context, status=status)


def jump(request: Request) -> Response:
    """Move the Infor side's clock forward."""
    visit, scope = visit_of(request), tenant_scope(request)
    values = {name: text_of(visit.form, name) for name in ("amount", "unit")}
    seconds = (whole_number(visit.form, "amount") or 0) * _UNITS.get(values["unit"], 0)
    try:
        with visit.write(scope) as access:
            by = timedelta(seconds=seconds)
            _plane(request).clock.jump(access, by)
    except InvalidInput as error:
        return _clock_page(request, values, {"amount": error.text}, error.status)
    text = _("The Infor side's clock is moved forward.")
    return redirect(request, _url(request, "sandbox_clock"), text=text)


def set_back(request: Request) -> Response:
    """Set the clock back to the real time."""
    with tenant_write(request) as access:
        _plane(request).clock.set_back(access)
    text = _("The Infor side's clock shows the real time.")
    return redirect(request, _url(request, "sandbox_clock"), text=text)


def expire_form(request: Request) -> Response:
    """Show what the expiry means for clients, and ask."""
    with tenant_read(request) as access:
        _plane(request).clock.state(access)
    text = _(
        "The next call of every client of {tenant} is answered with 401 until it has refreshed its"
        " token or logged in again. The clock goes on to the next full second."
    ).format(tenant=tenant_scope(request).tenant_id)
    crumbs = [(_("Control plane"), None), (_("Clock"), _url(request, "sandbox_clock"))]
    heading = _("Expire all access tokens?")
    return ask_first(request, heading, [text], _("Expire them"), crumbs=crumbs)


def expire(request: Request) -> Response:
    """Let every access token that was issued until now count as expired."""
    with tenant_write(request) as access:
        _plane(request).clock.expire_tokens(access)
    text = _("Every access token issued until now has expired.")
    return redirect(request, _url(request, "sandbox_clock"), text=text)


def _plane(request: Request) -> ControlPlane:
    return sandbox_of(request).control


def _url(request: Request, name: str) -> str:
    return path_to(request, name, tenant=tenant_scope(request).tenant_id)


_STATE = "/ion-api/{tenant}/sandbox-state"
_SNAPSHOT = f"{_STATE}/snapshots/{{snapshot}}"
_CLOCK = "/ion-api/{tenant}/sandbox-clock"
ROUTES = [
    Route(_STATE, show_state, name="sandbox_state"),
    *form_routes(f"{_STATE}/reset", reset_form, reset, name="sandbox_reset"),
    Route(f"{_STATE}/seed", seed, methods=["POST"], name="sandbox_seed"),
    Route(f"{_STATE}/snapshots", take_snapshot, methods=["POST"], name="snapshot_take"),
    *form_routes(f"{_SNAPSHOT}/restore", restore_form, restore, name="snapshot_restore"),
    *form_routes(
        f"{_SNAPSHOT}/delete", delete_snapshot_form, delete_snapshot, name="snapshot_delete"
    ),
    Route(_CLOCK, show_clock, name="sandbox_clock"),
    Route(f"{_CLOCK}/jump", jump, methods=["POST"], name="clock_jump"),
    Route(f"{_CLOCK}/back", set_back, methods=["POST"], name="clock_back"),
    *form_routes(f"{_CLOCK}/expire", expire_form, expire, name="clock_expire"),
]
