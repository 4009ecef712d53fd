"""Infor side: the acknowledgements of document flows, with each attempt.

Source: docs/reference/ion-messaging.md#document-flows.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict
from ionport.core.i18n import _
from ionport.gateway.caller import CUSTOM_CONTEXT
from ionport.sandbox.messaging.flows.model import ACKNOWLEDGEMENT, AckFilter, AckState
from ionport.web.rendering.bodies import shown_body
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.services import sandbox_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write

MANUAL = "sandbox-ion"

TONES = {
    AckState.WAITING: "progress",
    AckState.SENT: "success",
    AckState.FAILED: "danger",
    AckState.PASSED_OVER: "quiet",
    AckState.KEPT: "quiet",
}


def list_acknowledgements(request: Request) -> Response:
    """Show the acknowledgements, the newest first."""
    state = ListState.of(
        request, sorts=["time"], filters=("flow", "state"), default_descending=True
    )
    wanted = state.filters["state"]
    filters = AckFilter(
        flow_id=state.filters["flow"],
        state=AckState(wanted) if wanted in tuple(AckState) else None,
    )
    flows = sandbox_of(request).ion.flows
    with tenant_read(request) as access:
        found = flows.list_acknowledgements(access, state.request, filters)
        names = {flow.id: flow.name for flow in flows.list_flows(access)}
    context = {
        "state": state,
        "page_of": found,
        "names": names,
        "tones": TONES,
        "states": [(one.value, text) for one, text in state_texts().items()],
    }
    return render(request, "ion_desk/acknowledgements/list.html", context)


def show(request: Request) -> Response:
    """Show one acknowledgement: the document, and each attempt to post it."""
    flows = sandbox_of(request).ion.flows
    ack_id = request.path_params["acknowledgement"]
    with tenant_read(request) as access:
        ack = flows.get_acknowledgement(access, ack_id)
        flow = flows.get_flow(access, ack.flow_id)
        attempts = flows.attempts(access, ack_id)
        bod = flows.bod(access, ack_id)
        inspection = sandbox_of(request).inspection
        message = inspection.get_message(access, ack.message_row_id)
    target = flow.target
    context = {
        "ack": ack,
        "title": ACKNOWLEDGEMENT,
        "address": "/".join((CUSTOM_CONTEXT, target.api_context, target.proxy_context))
        + target.path
        if target.is_named
        else "",
        "flow": flow,
        "message": message,
        "attempts": attempts,
        "bod": None if bod is None else shown_body(bod),
        "tones": TONES,
        "words": state_texts(),
    }
    return render(request, "ion_desk/acknowledgements/detail.html", context)


def download(request: Request) -> Response:
    """Send the Acknowledge BOD as it was posted, to be saved."""
    flows = sandbox_of(request).ion.flows
    ack_id = request.path_params["acknowledgement"]
    with tenant_read(request) as access:
        bod = flows.bod(access, ack_id)
    return attachment(bod or b"", f"{ACKNOWLEDGEMENT}-{ack_id}.xml")


def send_again(request: Request) -> Response:
    """Post an acknowledgement once more."""
    ack_id = str(request.path_params["acknowledgement"])
    text = _("The acknowledgement is being sent again.")
    try:
        with tenant_write(request) as access:
            sandbox_of(request).ion.flows.send_again(access, ack_id)
    except Conflict as error:
        text = error.text
    url = path_to(
        request, "acknowledgement", tenant=tenant_scope(request).tenant_id, acknowledgement=ack_id
    )
    return redirect(request, url, text=text)


def state_texts() -> dict[AckState, str]:
    """Return the label of a state."""
    return {
        AckState.WAITING: _("waiting"),
        AckState.SENT: _("sent"),
        AckState.FAILED: _("failed"),
        AckState.PASSED_OVER: _("passed over"),
        AckState.KEPT: _("kept"),
    }


_BASE = "/ion-api/{tenant}/acknowledgements"
_ACK = f"{_BASE}/{{acknowledgement}}"
ROUTES = [
    Route(_BASE, list_acknowledgements, name="acknowledgements"),
    Route(_ACK, show, name="acknowledgement"),
    Route(f"{_ACK}/file", download, name="acknowledgement_file"),
    Route(f"{_ACK}/send-again", send_again, methods=["POST"], name="acknowledgement_send_again"),
]
