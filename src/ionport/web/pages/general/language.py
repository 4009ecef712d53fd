"""The language of the pages: what a person chose, kept with the account and in a cookie."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ionport.core.i18n import LANGUAGES
from ionport.web.forms.fields import text_of
from ionport.web.middleware import cookies
from ionport.web.middleware.languages import in_language
from ionport.web.rendering.templating import own_address
from ionport.web.state import visit_of

MANUAL = "account"
_ONE_YEAR = 365 * 86_400


def choose_language(request: Request) -> Response:
    """Keep the choice and go back; what is no language of ours follows the browser again."""
    visit = visit_of(request)
    name = cookies.names(request, secure=visit.secure_cookies).language
    wanted = text_of(visit.form, "language")
    language = wanted if wanted in LANGUAGES else ""
    if visit.session is not None and visit.session.user.language != language:
        with visit.services.database.write() as work:
            visit.services.identity.choose_language(work, visit.session.user.id, language)
    back = in_language(own_address(text_of(visit.form, "back")), language)
    response = RedirectResponse(back, status_code=303)
    # On the sign-in page, where no user is known yet.
    cookie = (
        cookies.made(name, language, visit.secure_cookies, _ONE_YEAR)
        if language
        else cookies.ended(name, visit.secure_cookies)
    )
    response.headers.append("Set-Cookie", cookie)
    return response


ROUTES = [Route("/language", choose_language, methods=["POST"], name="language")]
