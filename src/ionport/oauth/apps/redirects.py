"""Redirect URLs: which may be registered, and which of a request's is a registered one.

A request's URL must equal a registered one letter by letter (RFC 9700 §2.1). The one freedom is
the port of a loopback address, which a desktop program learns only when it starts to listen
(RFC 8252 §7.3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from ionport.core.i18n import _

MAX_REDIRECT_URLS: Final = 20
MAX_URL_LENGTH: Final = 1000
# RFC 3986 §2: what else a browser might repair, and thereby lead elsewhere.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?(|[/?].*)")
_ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
# Schemes that a browser runs or opens itself instead of handing them to an app.
_OWN_SCHEMES: Final = frozenset(
    (
        *("javascript", "data", "vbscript", "file", "blob", "about", "filesystem"),
        *("view-source", "ws", "wss", "ftp", "mailto", "tel"),
    )
)


def wrong_redirect_url(url: str, *, keeps_secret: bool) -> str | None:
    """Return why `url` cannot be registered, None when it can.

    `http` to another machine is for clients that keep a secret alone: who reads the code on
    the way cannot use it without that (docs/reference/credentials.md#types has such URLs).
    """
    if len(url) > MAX_URL_LENGTH:
        return _("Use at most {limit} characters.").format(limit=MAX_URL_LENGTH)
    if "#" in url:
        return _("{url}: leave out the part after #.").format(url=url)
    if not _URL.fullmatch(url):
        return _("{url} is no URL such as https://app.example.com/callback.").format(url=url)
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return _("{url}: the host or the port is wrong.").format(url=url)
    if parts.username is not None or parts.password is not None:
        return _("{url}: leave out the user name.").format(url=url)
    scheme = parts.scheme.lower()
    if scheme in _OWN_SCHEMES:
        return _("{url}: browsers do not hand {scheme}: to an app.").format(url=url, scheme=scheme)
    if scheme in ("http", "https") and not _ORIGIN.fullmatch(f"{scheme}://{parts.netloc}"):
        return _("{url}: write the whole host name.").format(url=url)
    if scheme == "http" and host not in _LOOPBACK_NAMES and not keeps_secret:
        return _("{url}: use https; http is for this machine (127.0.0.1) alone.").format(url=url)
    return None


def wrong_origin(origin: str) -> str | None:
    """Return why `origin` cannot be an Authorized JavaScript Origin, None when it can."""
    if origin == "*" or (_ORIGIN.fullmatch(origin) and len(origin) <= MAX_URL_LENGTH):
        return None
    return _("{origin} is no origin such as https://app.example.com, nor *.").format(origin=origin)


def normal_origin(origin: str) -> str:
    """Return an origin as a browser sends it: in lower case and without the usual port."""
    scheme, _separator, host = origin.lower().partition("://")
    usual = {"http": ":80", "https": ":443"}.get(scheme)
    return f"{scheme}://{host.removesuffix(usual)}" if usual else origin


def is_registered(requested: str, registered: Sequence[str]) -> bool:
    """Tell whether a request's redirect URL is one of the registered ones."""
    return requested in registered or any(_differs_in_port(requested, url) for url in registered)


def _differs_in_port(requested: str, registered: str) -> bool:
    wanted, known = _LOOPBACK.fullmatch(requested), _LOOPBACK.fullmatch(registered)
    if wanted is None or known is None or not _URL.fullmatch(requested):
        return False
    return wanted.groups() == known.groups()


def with_parameters(url: str, parameters: Mapping[str, str], *, in_fragment: bool) -> str:
    """Return `url`, otherwise unchanged, with an answer's parameters (RFC 6749 §4.1.2, §4.2.2)."""
    text = urlencode(parameters, quote_via=quote)
    if in_fragment:
        return f"{url}#{text}"
    return f"{url}&{text}" if "?" in url else f"{url}?{text}"


def is_claimed(url: str) -> bool:
    """Tell whether only the app's owner can receive what is sent to `url`: an https address.

    Any program on the machine may listen at a loopback port or register a scheme (RFC 8252 §8.6).
    """
    return url.startswith("https://")


def form_target(url: str) -> str:
    """Return what a page's `form-action` must name so that its form may lead on to `url`.

    Browsers check every redirect behind a form (CSP level 3, Chromium): the origin for http and
    https, the scheme alone for an app's own.
    """
    parts = urlsplit(url)
    if parts.scheme.lower() in ("http", "https"):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"
