"""How calls authenticate at a target, by the endpoint's Target Endpoint Security."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_plus, unquote_plus

from ionport.core.errors import IonportError
from ionport.core.ids import random_token
from ionport.gateway.errors import TargetFailed
from ionport.gateway.proxy.directory import Route
from ionport.gateway.targets.port import Outbound, Targets
from ionport.gateway.targets.security import KeyMode, OpenedSecurity, SecurityType
from ionport.gateway.targets.signing import form_pairs, jwt, oauth1_header

MAX_TOKENS: Final = 2_000
_DEFAULT_TOKEN_SECONDS: Final = 300
_LONGEST_TOKEN_SECONDS: Final = 86_400
_NONCE_BYTES: Final = 16


@dataclass(slots=True)
class _Token:
    """A token for one state of an endpoint; `lock` lets one request fetch it for all."""

    text: str = field(default="", repr=False)
    fresh_until: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class TargetAuth:
    """Signs outbound requests. Used from the event loop only.

    `now` is the real time in seconds since 1970: targets do not follow a sandbox's clock.
    """

    def __init__(self, targets: Targets, now: Callable[[], float] = time.time) -> None:
        self._targets = targets
        self._now = now
        self._tokens: dict[tuple[str, float], _Token] = {}

    async def sign(self, request: Outbound, route: Route, form: bytes) -> None:
        """Add to `request` what the target asks for; `form` is a form body, for OAuth 1.0a.

        Raises:
            TargetFailed, TargetTimedOut: the target's token endpoint gave no token.
        """
        security = route.security
        if security.type is SecurityType.API_KEY:
            _add_keys(request, security)
        elif security.type is SecurityType.BASIC:
            pair = f"{security.values['user_id']}:{security.values['password']}"
            _authorize(request, f"Basic {base64.b64encode(pair.encode()).decode()}")
        elif security.type is SecurityType.OAUTH1:
            header = oauth1_header(
                request.method,
                request.url,
                form_pairs(form),
                security,
                nonce=random_token(_NONCE_BYTES).reveal(),
                timestamp=int(self._now()),
            )
            _authorize(request, header)
        elif security.type is not SecurityType.ANONYMOUS:
            _authorize(request, f"Bearer {await self._token(route)}")

    def refused(self, route: Route) -> None:
        """Note that the target refused our token: the next call fetches another one."""
        self._tokens.pop(_key(route), None)

    async def _token(self, route: Route) -> str:
        token = self._tokens.get(_key(route))
        if token is None:
            if len(self._tokens) >= MAX_TOKENS:
                self._tokens.clear()
            token = self._tokens[_key(route)] = _Token()
        if self._now() >= token.fresh_until:
            async with token.lock:
                if self._now() >= token.fresh_until:
                    await self._renew(token, route.security)
        return token.text

    async def _renew(self, token: _Token, security: OpenedSecurity) -> None:
        if security.type is SecurityType.JWT:
            token.text = jwt(security, now=int(self._now()))
            seconds = int(security.values["expiration_seconds"])
        else:
            token.text, seconds = await self._log_in(security)
        # Half of its lifetime is kept as a margin for slow calls and for clocks that differ.
        token.fresh_until = self._now() + seconds / 2

    async def _log_in(self, security: OpenedSecurity) -> tuple[str, int]:
        """Fetch a token by client credentials (RFC 6749 §4.4); return it with its seconds."""
        values = security.values
        fields = {"grant_type": "client_credentials"}
        headers = {"Accept": "application/json"}
        if values["scope"]:
            fields["scope"] = values["scope"]
        if values["client_authentication"] == "Body":
            fields |= {"client_id": values["client_id"], "client_secret": values["client_secret"]}
        else:
            # Both halves are form-encoded first (RFC 6749 §2.3.1).
            pair = f"{quote_plus(values['client_id'])}:{quote_plus(values['client_secret'])}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        status, content = await self._targets.post_form(values["token_endpoint"], fields, headers)
        token, seconds = _read_token(content) if status == 200 else ("", 0)
        if not token:
            raise _no_token(status)
        return token, seconds


def _read_token(content: bytes) -> tuple[str, int]:
    try:
        answer = json.loads(content)
        token = answer["access_token"]
        lifetime = answer.get("expires_in")
        seconds = _DEFAULT_TOKEN_SECONDS if lifetime is None else int(lifetime)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return "", 0
    is_token = isinstance(token, str) and token.isascii() and token.isprintable()
    return (token, min(max(seconds, 0), _LONGEST_TOKEN_SECONDS)) if is_token else ("", 0)


def _no_token(status: int) -> IonportError:
    return TargetFailed(
        f"The token endpoint of the target gave no access token (HTTP {status}). Check the"
        " Target Endpoint Security.",
        code="target_login_failed",
    )


def _key(route: Route) -> tuple[str, float]:
    return route.endpoint.id, route.endpoint.changed_at.timestamp()


def _authorize(request: Outbound, value: str) -> None:
    _set_header(request, "authorization", value)


def _add_keys(request: Outbound, security: OpenedSecurity) -> None:
    for row in security.parameters:
        if row.mode is KeyMode.HEADER:
            _set_header(request, row.name, row.value)
        else:
            request.url = _with_parameter(request.url, row.name, row.value)


def _set_header(request: Outbound, name: str, value: str) -> None:
    lower = name.lower()
    request.headers = [pair for pair in request.headers if pair[0].lower() != lower]
    request.headers.append((name, value))


def _with_parameter(url: str, name: str, value: str) -> str:
    """Set a query parameter; what the client sent under its name does not pass."""
    address, _mark, query = url.partition("?")
    kept = [
        pair
        for pair in query.split("&")
        if pair and unquote_plus(pair.partition("=")[0]).lower() != name.lower()
    ]
    kept.append(f"{quote_plus(name)}={quote_plus(value)}")
    return f"{address}?{'&'.join(kept)}"
