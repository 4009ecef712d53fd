"""The language of a page: that of the address, else the person's choice, else the browser's.

Source: docs/decisions/0056-texts-in-three-languages.md.
"""

from __future__ import annotations

import re

from starlette.requests import Request

from ionport.core.i18n import LANGUAGES, SOURCE_LANGUAGE
from ionport.manual import manual_base
from ionport.web.middleware import cookies

# The address that the page has in the manual of the document system: its readers change the host.
ORIGINAL_PAGE = (
    "/infor-integration-and-configuration/exporting-to-infor/creating-an-ion-api-file.md"
)
_MANUAL = re.compile(r"/manual(?:/(de|fr))?/[^/]+")
# What the manual has for programs.
_FOR_PROGRAMS = re.compile(r"/manual/(?:.*/)?(?:[^/]+\.md|llms\.txt|sitemap\.xml)")
_FOLDER = ("/manual", "/manual/")
_FIRST_PAGE = re.compile(r"/manual/(de|fr)/?")
# Programs ask there, for the pages in English.
_ENGLISH = ("/llms.txt", ORIGINAL_PAGE)
_MOST = 20


def language_of(request: Request, chosen: str = "") -> str:
    """Return the language of a request's page.

    A page of the manual has the language of its address; `/manual` alone leads to the reader's.
    `chosen` is what the signed-in person
    has chosen; before that is known, and for others, a cookie says it.
    """
    path = request.url.path
    found = _FIRST_PAGE.fullmatch(path) or _MANUAL.fullmatch(path)
    if found:
        return found[1] or SOURCE_LANGUAGE
    if path in _ENGLISH or (path in _FOLDER and "ask" in request.query_params):
        return SOURCE_LANGUAGE
    return chosen or cookie_language(request) or preferred(request.headers.get("accept-language"))


def is_manual(path: str) -> bool:
    """Tell whether a path belongs to the manual, which a setting closes."""
    return path in (*_FOLDER, *_ENGLISH) or path.startswith("/manual/")


def is_manual_of_programs(path: str) -> bool:
    """Tell whether a path gives the manual, or a list of its pages, in another form than HTML."""
    return path in _ENGLISH or _FOR_PROGRAMS.fullmatch(path) is not None


def in_language(address: str, language: str) -> str:
    """Return the address of a page of the manual in another language; any other as it is."""
    path, query, rest = address.partition("?")
    found = _MANUAL.fullmatch(path)
    if not found or not language:
        return address
    return f"{manual_base(language)}/{path.rpartition('/')[2]}{query}{rest}"


def cookie_language(request: Request) -> str:
    """Return the language that was chosen in this browser, empty for none."""
    name = cookies.names(request, secure=request.url.scheme == "https").language
    value = request.cookies.get(name, "")
    return value if value in LANGUAGES else ""


def preferred(accepted: str | None) -> str:
    """Return the first of our languages by `Accept-Language` (RFC 9110, 12.5.4), else English."""
    weighed = []
    for part in (accepted or "").split(",")[:_MOST]:
        name, _semicolon, parameter = part.strip().partition(";")
        code = name.strip().partition("-")[0].lower()
        weight = weight_of(parameter)
        if weight > 0 and code in LANGUAGES:
            weighed.append((weight, code))
    return max(weighed, key=lambda each: each[0])[1] if weighed else SOURCE_LANGUAGE


def weight_of(parameter: str) -> float:
    """Return the weight that a parameter of an `Accept…` header gives (RFC 9110, 12.4.2)."""
    name, _equals, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    value = value.strip()
    return float(value) if re.fullmatch(r"[01](\.\d{0,3})?", value) else 0.0
