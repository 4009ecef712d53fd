"""The cookies of the pages: session, visitor (before signing in), known browser, flash message,
light or dark, the language, the list that a document was opened from, the organization that is
worked in, a sign-in whose second step is open, one that began at an OpenID Connect provider.

Cookies do not tell ports apart, so on an address with a port the names carry it: two servers on
one machine do not sign each other's users out.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from http.cookies import SimpleCookie

from starlette.requests import Request

from ionport.core.http.hosts import split_host
from ionport.core.http.texts import is_storable

# A page of ours, and no other host: `//host` is one.
_OWN_PATH = re.compile(r"/[a-z][\w/.-]*(?:#[\w-]+)?")
MAX_FLASH = 1500
THEMES = ("light", "dark")
KINDS = ("success", "info", "warning", "danger")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the cookies for this request."""

    session: str
    visitor: str
    known: str
    flash: str
    theme: str
    language: str
    list: str
    organization: str
    pending: str
    openid: str


def names(request: Request, *, secure: bool) -> Names:
    """Return the names; over https they carry the prefix that binds a cookie to this host."""
    port = split_host(request.headers.get("host", ""))[1]
    prefix = "__Host-ionport" if secure else "ionport"
    suffix = f"_{port}" if port else ""
    return Names(
        session=f"{prefix}_session{suffix}",
        visitor=f"{prefix}_visitor{suffix}",
        known=f"{prefix}_known{suffix}",
        flash=f"{prefix}_flash{suffix}",
        language=f"{prefix}_language{suffix}",
        theme=f"{prefix}_theme{suffix}",
        list=f"{prefix}_list{suffix}",
        organization=f"{prefix}_organization{suffix}",
        pending=f"{prefix}_pending{suffix}",
        openid=f"{prefix}_openid{suffix}",
    )


def made(name: str, value: str, secure: bool, max_age: int | None = None) -> str:
    """Return a Set-Cookie header: HttpOnly, SameSite=Lax, and Secure over https."""
    cookie: SimpleCookie = SimpleCookie()
    cookie[name] = value
    morsel = cookie[name]
    morsel["path"] = "/"
    morsel["httponly"] = True
    morsel["samesite"] = "Lax"
    morsel["secure"] = secure
    if max_age is not None:
        morsel["max-age"] = str(max_age)
    return morsel.OutputString()


def ended(name: str, secure: bool) -> str:
    """Return the Set-Cookie header that removes a cookie."""
    return made(name, "", secure, max_age=0)


def flash_value(kind: str, text: str, link: tuple[str, str] = ("", "")) -> str:
    """Return a flash message as a cookie's value; `link` is a path of ours and its words."""
    message = json.dumps([kind, text[:MAX_FLASH], *link]).encode()
    return base64.urlsafe_b64encode(message).decode()


def read_flash(value: str) -> tuple[str, str, str, str] | None:
    """Return kind, text and link of a flash message; None when it is not one of ours.

    It is neither sealed nor signed: it is shown as escaped text to the visitor who sent it.
    """
    try:
        kind, text, path, words = json.loads(base64.urlsafe_b64decode(value.encode()))
    # ValueError is raised for wrong base64, UTF-8 and JSON alike.
    except (ValueError, TypeError, RecursionError):
        return None
    texts = (text, path, words)
    if kind not in KINDS or not all(isinstance(one, str) and is_storable(one) for one in texts):
        return None
    if path and not _OWN_PATH.fullmatch(path):
        return None
    return kind, text, path, words
