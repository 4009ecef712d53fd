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


class Redactor:
    """Knows some secrets by value, and recognises others by their place and form.

    Known ones are found plain, percent-encoded, JSON-, HTML- and Base64-encoded.
    """

    __slots__ = ("_forms",)

    def __init__(self, secrets: Iterable[Secret | str] = ()) -> None:
        values = {Secret(secret).reveal() for secret in secrets}
        forms = {form for value in values if len(value) >= _SHORTEST for form in _forms(value)}
        # Longest first, so that no form is cut by a shorter one inside it.
        self._forms = tuple(sorted(forms, key=len, reverse=True))

    @classmethod
    def for_file(cls, file: IonApiFile) -> Redactor:
        """A redactor that knows the secrets of a credential file, and its Basic credential."""
        return cls([*file.secrets(), f"{file.ci}:{file.cs.reveal()}"])

    def knowing(self, authorization: str | None, form: bytes = b"") -> Redactor:
        """A redactor that also knows the credentials of one request: its header and form."""
        found = [unquote_plus(value) for value in _FORM_SECRET.findall(form.decode("latin-1"))]
        scheme, _, credential = (authorization or "").partition(" ")
        if credential:
            found.append(credential)
        if scheme.lower() == "basic":
            found += _basic_parts(credential)
        other = Redactor(found)
        other._forms = tuple(sorted({*self._forms, *other._forms}, key=len, reverse=True))
        return other

    def text(self, text: str) -> str:
        """`text` without secrets."""
        for form in self._forms:
            text = text.replace(form, DOTS)
        text = _JSON_MEMBER.sub(rf'\1"{DOTS}"', text)
        text = _FORM_FIELD.sub(rf"\1{DOTS}", text)
        text = _XML_ELEMENT.sub(rf"\1{DOTS}", text)
        text = _SCHEME.sub(rf"\1 {DOTS}", text)
        return _JWT.sub(DOTS, text)

    def headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers with the values of credentials and cookies as dots."""
        return tuple(
            (name, DOTS if name.lower() in _SENSITIVE_HEADERS else self.text(value))
            for name, value in headers
        )


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
