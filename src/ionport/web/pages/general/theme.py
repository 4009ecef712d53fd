"""Light or dark: what a person chose in the head of a page, kept in a cookie."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ionport.web.forms.fields import text_of
from ionport.web.middleware import cookies
from ionport.web.rendering.templating import own_address
from ionport.web.state import visit_of

MANUAL = "words"
_ONE_YEAR = 365 * 86_400


def choose_theme(request: Request) -> Response:
    """Keep the choice and go back; what is neither light nor dark follows the system."""
    visit = visit_of(request)
    name = cookies.names(request, secure=visit.secure_cookies).theme
    theme = text_of(visit.form, "theme")
    response = RedirectResponse(own_address(text_of(visit.form, "back")), status_code=303)
    cookie = (
        cookies.made(name, theme, visit.secure_cookies, _ONE_YEAR)
        if theme in cookies.THEMES
        else cookies.ended(name, visit.secure_cookies)
    )
    response.headers.append("Set-Cookie", cookie)
    return response


ROUTES = [Route("/theme", choose_theme, methods=["POST"], name="theme")]
