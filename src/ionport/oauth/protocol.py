"""The token endpoint's parameters and errors (RFC 6749 §5).

    OAuthError
    ├── InvalidRequest        400  a parameter is missing or contradicts another
    ├── InvalidClient         401  the client is unknown or its secret is wrong
    ├── InvalidGrant          400  the account, refresh token or code is not valid
    │   └── TokenReused       400  a code or rotated refresh token came a second time
    ├── InvalidScope          400  a requested scope is not given
    ├── UnauthorizedClient    400  the app may not use this grant
    ├── UnsupportedGrantType  400  this server has no such grant
    └── RequestTooLarge       413  the body is over the cap

The public texts are English and plain ASCII: RFC 6749 §5.2 allows nothing else, and programs read
them. Their wording is that of PingFederate, Infor's own server (docs/reference/oauth.md#errors).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import ClassVar, Final
from urllib.parse import parse_qsl

from ionport.core.errors import IonportError
from ionport.core.secrets import Secret

MAX_PARAMETERS = 100
# Objects of JSON without white space, as ASCII. `json.dumps` makes an encoder for each call.
compact_json: Final = json.JSONEncoder(separators=(",", ":")).encode


class OAuthError(IonportError):
    """An answer of the token or revocation endpoint; `error` is the protocol's code."""

    status: ClassVar[int] = 400
    error: ClassVar[str]

    def __init__(self, text: str, *, detail: str | None = None) -> None:
        super().__init__(text, code=self.error, detail=detail)


class InvalidRequest(OAuthError):
    """A parameter is missing, repeated with another value, or unreadable."""

    error = "invalid_request"


class InvalidClient(OAuthError):
    """The client is unknown, disabled, or its secret is wrong or missing."""

    status = 401
    error = "invalid_client"


class InvalidGrant(OAuthError):
    """The service account's keys, the refresh token or the code are not valid."""

    error = "invalid_grant"


class TokenReused(InvalidGrant):
    """A code or a rotated refresh token came a second time: its grant must be closed.

    The endpoint revokes `grant_id`, in a transaction of its own (RFC 9700 §4.14).
    """

    def __init__(self, text: str, grant_id: str) -> None:
        super().__init__(text, detail=f"reuse: grant {grant_id} is closed")
        self.grant_id = grant_id


class InvalidScope(OAuthError):
    """A requested scope is not given to the app and the service account."""

    error = "invalid_scope"


class UnauthorizedClient(OAuthError):
    """The app's Grant Type is another one."""

    error = "unauthorized_client"


class UnsupportedGrantType(OAuthError):
    """The server has no grant of this name."""

    error = "unsupported_grant_type"


class RequestTooLarge(OAuthError):
    """The body is longer than any of these requests can be."""

    status = 413
    error = "invalid_request"


class Parameters:
    """The parameters of a request, from query string and body together.

    Never prints a value. An empty parameter counts as absent (RFC 6749 §3.1), one that nobody
    asks for is ignored, and the same one twice is an error only where the values differ.
    """

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, set[str]] = {}
        for name, value in pairs:
            if value:
                self._values.setdefault(name, set()).add(value)

    def get(self, name: str) -> str:
        """Return the parameter's value, empty when it is absent.

        Raises:
            InvalidRequest: it came with two different values.
        """
        values = self._values.get(name, set())
        if len(values) > 1:
            raise InvalidRequest(f"{name} must not be sent twice with different values")
        return next(iter(values), "")

    def secret(self, name: str) -> Secret:
        """Return the parameter's value as a text that does not print."""
        return Secret(self.get(name))

    def require(self, name: str) -> str:
        """Return the parameter's value; raises InvalidRequest when it is absent."""
        value = self.get(name)
        if not value:
            raise InvalidRequest(f"{name} is required")
        return value

    def __repr__(self) -> str:
        return f"Parameters({sorted(self._values)})"


def parse_parameters(query: bytes, body: bytes) -> Parameters:
    """Read form-encoded parameters, under any content type.

    The body `null` of Infor's Java sample thereby is an unknown parameter
    (docs/reference/known-clients.md#infors-sdk).

    Raises:
        InvalidRequest: more than `MAX_PARAMETERS` of them.
    """
    try:
        pairs = [
            pair
            for part in (query, body)
            for pair in parse_qsl(
                part.decode("utf-8", "replace"),
                keep_blank_values=True,
                max_num_fields=MAX_PARAMETERS,
            )
        ]
    except ValueError as error:
        raise InvalidRequest("too many parameters") from error
    return Parameters(pairs)


def look_up_text(value: str) -> str:
    """Return `value` if it can be an id at all, else an empty text, which nothing is stored under.

    What passes here is printable ASCII (RFC 6749 appendix A), so no database refuses it.
    """
    return value if value.isascii() and value.isprintable() and len(value) <= 200 else ""
