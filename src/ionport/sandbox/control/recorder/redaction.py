"""What of a recorded request and its answer may be kept: no secret.

A secret is known by where it stands (a header, a parameter named like one), by its value (those
that the request itself carries), or by its shape (an access token, and the random tokens that the
authorization server and the control plane give out), plain, percent-encoded or in base64.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote, unquote_plus

from ionport.core.secrets import DOTS

MAX_KEPT_BODY_BYTES: Final = 1_000_000
MAX_KEPT_ANSWER_BYTES: Final = 16_000
_MAX_PATH: Final = 2_000
_MAX_QUERY: Final = 8_000
_MAX_HEADER: Final = 1_000
_MAX_HEADERS: Final = 60
# Shorter parts of a token or of a password are too common in what is no secret.
_LEAST_SECRET: Final = 12
# Encodings over one another that are looked through.
_MAX_DECODINGS: Final = 3

# An allow-list: an unknown header may carry a key.
_PLAIN_HEADERS: Final = frozenset(
    [
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "x-clientid",
        "x-infor-identity2",
        "x-infor-ionapi-platform",
        "x-infor-ionapi-source",
        "x-infor-tenantid",
        "x-tenantid",
    ]
)
_SECRET_WORDS: Final = ("token", "secret", "password", "passwd", "key", "credential", "assertion")

# A token request or a credential file that went to the wrong address.
_SECRET_FIELDS: Final = re.compile(
    rb"client_secret|refresh_token|access_token|password|\"(?:cs|sask)\"", re.IGNORECASE
)
# Two parts of a JSON Web Token, as itself or encoded as base64.
_SIGNED: Final = r"eyJ[\w-]{8,}\.[\w-]{16,}|ZXlK[\w+/-]{40,}"
# Random tokens are base64url of 32 or 64 bytes, with all three kinds of letters in it. A client id
# (behind a tilde) is none, and neither is a piece of a file in base64.
_RANDOM: Final = (
    r"(?<![\w~-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)"
    r"(?:(?:ctl_)?[\w-]{43}|[\w-]{86})(?![\w-])"
)
_SHAPE: Final = re.compile(f"(?P<signed>{_SIGNED})|{_RANDOM}", re.ASCII)
# Longer runs of base64 letters are a file: a piece between two of its slashes may look random.
_MAX_RUN: Final = 300
_RUN_BEFORE: Final = re.compile(r"[A-Za-z0-9+/]*\Z")
_RUN_AFTER: Final = re.compile(r"[A-Za-z0-9+/]*")


class CallRedactor:
    """Knows the secrets of one request, and replaces them by dots in what is kept of it."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        parts = {part for secret in secrets for part in (secret, *secret.split(".")[1:])}
        forms = {form for part in parts if len(part) >= _LEAST_SECRET for form in _forms(part)}
        self._known = tuple(sorted(forms, key=len, reverse=True))

    def holds_secret(self, text: str) -> bool:
        """Tell whether a text has a secret in it, plain or encoded."""
        for _number in range(_MAX_DECODINGS):
            if any(form in text for form in self._known) or _has_shape(text):
                return True
            decoded = unquote(text)
            if decoded == text:
                return False
            text = decoded
        return False

    def path(self, raw_path: bytes) -> str:
        """Return a path as sent, percent-encoded, at most 2,000 letters; secrets are dots."""
        parts = re.split("([/;=])", _storable(raw_path))
        return "".join(DOTS if self.holds_secret(part) else part for part in parts)[:_MAX_PATH]

    def query(self, query_string: bytes) -> str:
        """Return a query string; what is a secret or is named like one has dots for its value."""
        pairs = []
        for pair in _storable(query_string).split("&"):
            name, equals, value = pair.partition("=")
            if self.holds_secret(name):
                pairs.append(DOTS)
            elif equals and (_is_telling(name) or self.holds_secret(value.replace("+", " "))):
                pairs.append(f"{name}={DOTS}")
            else:
                pairs.append(pair)
        return "&".join(pairs)[:_MAX_QUERY]

    def headers(self, headers: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Return the headers; every value that is not known to be harmless is dots."""
        kept: dict[str, str] = {}
        for name, value in headers:
            if len(kept) == _MAX_HEADERS:
                break
            plain = name.lower() in _PLAIN_HEADERS or name.lower().startswith("x-infor-ion-")
            plain = plain and not self.holds_secret(value)
            shown = DOTS if self.holds_secret(name) else name.lower()[:100]
            kept[shown] = value.replace("\0", "")[:_MAX_HEADER] if plain else DOTS
        return kept

    def may_keep(self, body: bytes) -> bool:
        """Tell whether a body may be kept: not empty, not large, no credentials, no secret."""
        if not 0 < len(body) <= MAX_KEPT_BODY_BYTES or _SECRET_FIELDS.search(body):
            return False
        return not self.holds_secret(body.decode("latin-1"))

    def answer(self, body: bytes) -> bytes | None:
        """Return the body of an answer if it may be kept: short, and without credentials."""
        return body if len(body) <= MAX_KEPT_ANSWER_BYTES and self.may_keep(body) else None


def _has_shape(text: str) -> bool:
    for found in _SHAPE.finditer(text):
        start, end = found.span()
        before = _RUN_BEFORE.search(text, max(0, start - _MAX_RUN), start)
        after = _RUN_AFTER.match(text, end, end + _MAX_RUN)
        run = sum(len(part[0]) for part in (before, found, after) if part is not None)
        if found["signed"] or run <= _MAX_RUN:
            return True
    return False


def _forms(secret: str) -> set[str]:
    """The secret itself, and what is in every base64 text that has it at any place."""
    content = secret.encode()
    forms = {secret}
    for shift in range(3):
        # The first and the last letters also depend on what stands beside the secret.
        text = base64.b64encode(b"\0" * shift + content).decode().rstrip("=")
        inner = text[(shift * 8 + 5) // 6 : len(text) - 1]
        forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return forms


def _is_telling(name: str) -> bool:
    return any(word in unquote_plus(name).lower() for word in _SECRET_WORDS)


def _storable(text: bytes) -> str:
    return text.decode("latin-1").replace("\0", "")
