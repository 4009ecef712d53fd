"""The control plane's addresses, one function each, and the list that names them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from ionport import __version__
from ionport.core.paging import PageRequest
from ionport.sandbox.control.http import representation as shown
from ionport.sandbox.control.http.endpoint import HEADERS, ControlCall, Endpoint


def _json(content: object, status: int = 200) -> Response:
    return JSONResponse(content, status_code=status, headers=HEADERS)


def _done() -> Response:
    return Response(status_code=204, headers=HEADERS)


def state(call: ControlCall) -> Response:
    """How many rows each table of the sandbox holds."""
    counts = call.server.plane.state.counts(call.access)
    return _json({"tables": {each.table: each.rows for each in counts}})


def reset(call: ControlCall) -> Response:
    """Empty the sandbox; apps, users, snapshots and keys stay."""
    rows = call.server.plane.state.reset(call.access)
    return _json({"rows": rows})


def seed(call: ControlCall) -> Response:
    """Add what the services are to hold and run M3 transactions, all or nothing."""
    seeded = call.server.plane.seeds.seed(call.access, call.body)
    return _json(
        {
            "items": list(seeded.items),
            "transactions": seeded.transactions,
            "receipts": seeded.receipts,
            "logical_ids": list(seeded.logical_ids),
            "objects": list(seeded.objects),
        }
    )


def list_snapshots(call: ControlCall) -> Response:
    """The snapshots by name."""
    found = call.server.plane.snapshots.list(call.access)
    return _json({"snapshots": [shown.snapshot_json(each) for each in found]})


def take_snapshot(call: ControlCall) -> Response:
    """Keep the present state under a name."""
    name = call.params["name"]
    server = call.server
    taken = server.plane.snapshots.take(server.database, call.access.scope, call.access.actor, name)
    return _json(shown.snapshot_json(taken), 201)


def restore_snapshot(call: ControlCall) -> Response:
    """Put a kept state in the place of the present one."""
    name = call.params["name"]
    restored = call.server.plane.snapshots.restore(call.access, name)
    return _json(shown.snapshot_json(restored))


def delete_snapshot(call: ControlCall) -> Response:
    """Delete a snapshot."""
    call.server.plane.snapshots.delete(call.access, call.params["name"])
    return _done()


def clock(call: ControlCall) -> Response:
    """What the Infor side's clock shows, and how far it is ahead."""
    state_now = call.server.plane.clock.state(call.access)
    return _json(shown.clock_json(state_now))


def jump(call: ControlCall) -> Response:
    """Move the Infor side's clock forward."""
    by = shown.read_jump(call.body)
    call.server.plane.clock.jump(call.access, by)
    return _done()


def set_back(call: ControlCall) -> Response:
    """Set the Infor side's clock back to the real time."""
    call.server.plane.clock.set_back(call.access)
    return _done()


def expire_tokens(call: ControlCall) -> Response:
    """Let every access token issued until now count as expired."""
    call.server.plane.clock.expire_tokens(call.access)
    return _done()


def list_faults(call: ControlCall) -> Response:
    """The fault rules in the order in which they are tried."""
    found = call.server.plane.faults.list(call.access)
    return _json({"faults": [shown.fault_json(each) for each in found]})


def add_fault(call: ControlCall) -> Response:
    """Add a fault rule; it takes effect from the next call on."""
    draft = shown.fault_draft(call.body)
    rule = call.server.plane.faults.add(call.access, draft)
    return _json(shown.fault_json(rule), 201)


def get_fault(call: ControlCall) -> Response:
    """One fault rule with what it has counted."""
    found = call.server.plane.faults.get(call.access, call.params["fault"])
    return _json(shown.fault_json(found))


def change_fault(call: ControlCall) -> Response:
    """Put another fault rule in the place of one; it counts from the start again."""
    draft, name = shown.fault_draft(call.body), call.params["fault"]
    rule = call.server.plane.faults.change(call.access, name, draft)
    return _json(shown.fault_json(rule))


def enable_fault(call: ControlCall) -> Response:
    """Switch a fault rule on; it counts from the start again."""
    return _switched(call, on=True)


def disable_fault(call: ControlCall) -> Response:
    """Switch a fault rule off."""
    return _switched(call, on=False)


def _switched(call: ControlCall, *, on: bool) -> Response:
    faults, name = call.server.plane.faults, call.params["fault"]
    return _json(shown.fault_json(faults.switch(call.access, name, on=on)))


def delete_fault(call: ControlCall) -> Response:
    """Delete a fault rule."""
    call.server.plane.faults.delete(call.access, call.params["fault"])
    return _done()


def delete_faults(call: ControlCall) -> Response:
    """Delete every fault rule."""
    call.server.plane.faults.delete_all(call.access)
    return _done()


def limits(call: ControlCall) -> Response:
    """Infor's limits on logins and tokens, and whether they are applied."""
    settings = call.server.settings.get(call.access)
    return _json(shown.limits_json(settings.limits))


def change_limits(call: ControlCall) -> Response:
    """Apply other limits; what is left out stays."""
    service = call.server.settings
    present = service.get(call.access)
    wanted = shown.read_limits(call.body, present.limits)
    service.change(call.access, present.with_limits(wanted))
    return _json(shown.limits_json(wanted))


def list_calls(call: ControlCall) -> Response:
    """The recorded calls, the newest first."""
    request = PageRequest(
        shown.whole(call.query, "page", 1), shown.whole(call.query, "per_page", 50)
    )
    filters = shown.call_filter(call.query)
    page = call.server.recorder.list(call.access, request, filters)
    return _json({"total": page.total, "calls": [shown.call_json(each) for each in page.items]})


def get_call(call: ControlCall) -> Response:
    """One recorded call with the bodies that it sent and got, where they were kept."""
    recorder = call.server.recorder
    found = recorder.get(call.access, call.params["call"])
    bodies: dict[str, Any] = {
        "request_body": shown.body_json(recorder.body_of(found)),
        "response_body": shown.body_json(found.outcome.response_body),
    }
    return _json(shown.call_json(found) | bodies)


def export_calls(call: ControlCall) -> Response:
    """The newest 1,000 recorded calls as an HTTP archive (HAR 1.2)."""
    archive = call.server.recorder.har(call.access, shown.call_filter(call.query))
    return Response(archive, media_type="application/json", headers=HEADERS)


def openapi(call: ControlCall) -> Response:
    """How an imitated service answers, as OpenAPI 3.1 with this tenant's addresses."""
    context = call.params["context"]
    return _json(call.server.registry.openapi(call.access.scope.tenant_id, context, __version__))


_FILTERS: Final = {
    "service": "API context, such as IDM",
    "operation": "such as create item",
    "status": "of the answer; 0: the connection was cut",
    "failed": "true: only status 400 and above, and cut connections",
    "text": "part of path or query",
    "body": "part of a request body that was kept",
    "since": "received at or after this moment",
    "until": "received before this moment",
    "order": "oldest: the oldest first",
}
_PAGING: Final = {"page": "number of the page", "per_page": "at most 200"}
_FAULT: Final = {
    "kind": "status",
    "service": "IDM",
    "operation": "create item",
    "status": 503,
    "trigger": "next",
    "figure": 2,
}
_SEED: Final = {
    "idm": [
        {
            "entityName": "M3_SupplierInvoice",
            "attrs": {"attr": [{"name": "BOD_SupplierInvoiceID", "value": "471102"}]},
        }
    ],
    "m3": [],
    "ln": [],
    "ion": [],
    "catalog": [],
}

ENDPOINTS: Final[Sequence[Endpoint]] = [
    Endpoint("GET", "/state", "Count what the sandbox holds", state),
    Endpoint("POST", "/reset", "Empty the sandbox", reset),
    Endpoint("POST", "/seed", "Fill IDM, M3, LN and ION", seed, body=_SEED),
    Endpoint("GET", "/snapshots", "List the snapshots", list_snapshots),
    Endpoint(
        "PUT",
        "/snapshots/{name}",
        "Take a snapshot",
        take_snapshot,
        status=201,
        reads_first=True,
    ),
    Endpoint("POST", "/snapshots/{name}/restore", "Restore a snapshot", restore_snapshot),
    Endpoint("DELETE", "/snapshots/{name}", "Delete a snapshot", delete_snapshot, status=204),
    Endpoint("GET", "/clock", "Read the clock", clock),
    Endpoint("POST", "/clock/jump", "Move it forward", jump, body={"seconds": 7200}, status=204),
    Endpoint("POST", "/clock/back", "Set it back to the real time", set_back, status=204),
    Endpoint("POST", "/clock/expire-tokens", "Expire access tokens", expire_tokens, status=204),
    Endpoint("GET", "/faults", "List the fault rules", list_faults),
    Endpoint("POST", "/faults", "Add a fault rule", add_fault, body=_FAULT, status=201),
    Endpoint("DELETE", "/faults", "Delete every fault rule", delete_faults, status=204),
    Endpoint("GET", "/faults/{fault}", "Show a fault rule", get_fault),
    Endpoint("PUT", "/faults/{fault}", "Change a fault rule", change_fault, body=_FAULT),
    Endpoint("DELETE", "/faults/{fault}", "Delete a fault rule", delete_fault, status=204),
    Endpoint("POST", "/faults/{fault}/enable", "Switch a fault rule on", enable_fault),
    Endpoint("POST", "/faults/{fault}/disable", "Switch a fault rule off", disable_fault),
    Endpoint("GET", "/limits", "Show Infor's limits", limits),
    Endpoint("PUT", "/limits", "Apply other limits", change_limits, body={"are_on": True}),
    Endpoint("GET", "/calls", "List recorded calls", list_calls, query={**_FILTERS, **_PAGING}),
    Endpoint("GET", "/calls.har", "Export recorded calls as HAR", export_calls, query=_FILTERS),
    Endpoint("GET", "/calls/{call}", "Show a recorded call", get_call),
    Endpoint("GET", "/openapi/{context}", "Describe an imitated service", openapi),
]
