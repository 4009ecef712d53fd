"""The first page: where the user's side begins."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ionport.web.rendering.assets import asset_url
from ionport.web.rendering.templating import render
from ionport.web.services import sides_of
from ionport.web.state import visit_of

MANUAL = "the-walk"


def home(request: Request) -> Response:
    """Lead to the dashboard, else to what the user may see of their first tenant."""
    visit, sides = visit_of(request), sides_of(request)
    if sides.documents is not None and visit.organization is not None:
        return RedirectResponse("/dashboard", status_code=303)
    if sides.infor is not None and visit.tenants:
        administered = [one for one in visit.tenants if visit.actor.is_tenant_administrator(one)]
        page = "authorized-apps" if administered else "approvals"
        tenant = next(iter(administered or visit.tenants))
        return RedirectResponse(f"/ion-api/{tenant}/{page}", status_code=303)
    return render(request, "general/home.html")


def favicon(_request: Request) -> Response:
    """Browsers ask for this address whatever the page says."""
    return RedirectResponse(asset_url("logo.svg"), status_code=308)


ROUTES = [Route("/", home, name="home"), Route("/favicon.ico", favicon, name="favicon")]
