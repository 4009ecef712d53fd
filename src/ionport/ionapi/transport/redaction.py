"""Replaces secrets by dots in everything that is kept or shown of an exchange."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote_plus

from ..secrets import DOTS, Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..file.model import IonApiFile

_SENSITIVE_HEADERS = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-api-key",
        "x-ionapi-docs-authorization",
    }
)
_NAMES = (
    "access_token|refresh_token|id_token|token|client_secret|client_assertion|assertion|"
    "password|passwd|secret|code|code_verifier|api_?key|cs|saak|sask"
)
_WORDS = (*_NAMES.replace("api_?key", "api_key|apikey").split("|"), "username")
_JSON_MEMBER = re.compile(rf'("(?:{_NAMES})"\s*:\s*)"(?:[^"\\]|\\.)*"?', re.IGNORECASE)
_FORM_FIELD = re.compile(rf"((?:^|[&?;])(?:\$|%24)?(?:{_NAMES}|username)=)[^&\s\"'<>]*", re.I)
_XML_ELEMENT = re.compile(rf"(<(?:[\w.-]+:)?(?:{_NAMES})>)[^<]*", re.IGNORECASE)
_SCHEME = re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_JWT = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?")
_FORM_SECRET = re.compile(
    r"(?:^|&)(?:password|username|client_secret|refresh_token|token|assertion|code)=([^&]+)"
)
# No real secret is shorter; replacing shorter strings would only make texts unreadable.
_SHORTEST = 6
_FEW = 50
# Where case is ignored these are the letters i, s and k, too.
_LETTERS = "\u0130\u0131\u017f\u212a"


class Redactor:
    """Knows some secrets by value, and recognises others by their place and form.

    Known ones are found plain, percent-encoded, JSON-, HTML- and Base64-encoded.
    """

    __slots__ = ("_forms", "_last")

    def __init__(self, secrets: Iterable[Secret | str] = ()) -> None:
        values = {Secret(secret).reveal() for secret in secrets}
        forms = {form for value in values if len(value) >= _SHORTEST for form in _forms(value)}
        # Longest first, so that no form is cut by a shorter one inside it.
        self._forms = tuple(sorted(forms, key=len, reverse=True))
        # The header that was known last, and who knows it: many calls bear one token.
        self._last: tuple[str, Redactor] | None = None

    @classmethod
    def for_file(cls, file: IonApiFile) -> Redactor:
        """A redactor that knows the secrets of a credential file, and its Basic credential."""
        return cls([*file.secrets(), f"{file.ci}:{file.cs.reveal()}"])

    def knowing(self, authorization: str | None, form: bytes = b"") -> Redactor:
        """A redactor that also knows the credentials of one request: its header and form."""
        last = self._last
        if last is not None and last[0] == authorization and not form:
            return last[1]
        found = [unquote_plus(value) for value in _FORM_SECRET.findall(form.decode("latin-1"))]
        scheme, _, credential = (authorization or "").partition(" ")
        if credential:
            found.append(credential)
        if scheme.lower() == "basic":
            found += _basic_parts(credential)
        other = Redactor(found)
        other._forms = tuple(sorted({*self._forms, *other._forms}, key=len, reverse=True))
        if authorization and not form:
            self._last = (authorization, other)
        return other

    def text(self, text: str) -> str:
        """`text` without secrets."""
        for form in self._forms:
            text = text.replace(form, DOTS)
        text = _JSON_MEMBER.sub(rf'\1"{DOTS}"', text)
        text = _XML_ELEMENT.sub(rf"\1{DOTS}", text)
        # Most texts have none of these, which is told sooner than by the expressions.
        lower = text.lower()
        in_doubt = any(sign in text for sign in _LETTERS)
        if in_doubt or _names_field(lower):
            text = _FORM_FIELD.sub(rf"\1{DOTS}", text)
        if in_doubt or "bearer" in lower or "basic" in lower:
            text = _SCHEME.sub(rf"\1 {DOTS}", text)
        return _JWT.sub(DOTS, text) if "eyJ" in text else text

    def headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers with the values of credentials and cookies as dots."""
        shown = [
            (name, DOTS if name.lower() in _SENSITIVE_HEADERS else value) for name, value in headers
        ]
        # What is found in one value is found in all of them, one behind the other as in a form.
        together = "&".join(value for _name, value in shown)
        if self.text(together) == together:
            return tuple(shown)
        return tuple((name, self.text(value)) for name, value in shown)


def _names_field(lower: str) -> bool:
    """Tell whether a text may have a form's field with a secret: where in doubt, yes."""
    if lower.count("=") > _FEW:
        return True
    at = lower.find("=")
    while at >= 0 and not lower.endswith(_WORDS, 0, at):
        at = lower.find("=", at + 1)
    return at >= 0


def _forms(value: str) -> set[str]:
    encoded = base64.b64encode(value.encode()).decode()
    return {
        value,
        quote(value, safe=""),
        quote_plus(value),
        json.dumps(value)[1:-1],
        html.escape(value),
        encoded,
        encoded.rstrip("="),
    }


def _basic_parts(credential: str) -> list[str]:
    try:
        pair = base64.b64decode(credential).decode()
    except ValueError:
        return []
    return [pair.partition(":")[2]]
