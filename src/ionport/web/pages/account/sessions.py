"""The user's own open sessions: ending one, ending all others."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.i18n import _, ngettext
from ionport.web.rendering.templating import redirect
from ionport.web.state import visit_of

MANUAL = "account"


def end(request: Request) -> Response:
    """End one session; the own one is signed out of instead."""
    visit = visit_of(request)
    with visit.services.database.write() as work:
        visit.services.sessions.end_own(work, visit.signed_in, request.path_params["session"])
    return redirect(request, "/account", text=_("The session has ended."))


def end_others(request: Request) -> Response:
    """End every session but this one."""
    visit = visit_of(request)
    with visit.services.database.write() as work:
        count = visit.services.sessions.end_others(work, visit.signed_in)
    text = ngettext("{n} other session has ended.", "{n} other sessions have ended.", count)
    return redirect(request, "/account", text=text.format(n=count))


ROUTES = [
    Route("/account/sessions/end-others", end_others, methods=["POST"], name="sessions_end_others"),
    Route("/account/sessions/{session}/end", end, methods=["POST"], name="session_end"),
]
