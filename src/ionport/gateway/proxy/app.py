"""The gateway as an ASGI app: token, tenant and API context first, then the back end.

Clients reach it under any Host header (docs/reference/known-clients.md#inforion), so nothing here
reads it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ionport.core.errors import (
    Forbidden,
    IonportError,
    MethodNotAllowed,
    NotFound,
    TooLarge,
)
from ionport.core.http.bodies import announces_more, bounded
from ionport.core.http.cors import AllowedOrigins, NoOrigins
from ionport.core.ids import new_id
from ionport.core.secrets import Secret
from ionport.gateway.caller import CALLER_KEY, CUSTOM_CONTEXT, REQUEST_ID_KEY, Caller
from ionport.gateway.errors import NotOffered, ScopeMissing, TokenMissing, error_response
from ionport.gateway.proxy import cors
from ionport.gateway.proxy.answers import send_whole
from ionport.gateway.proxy.ports import RefusalForms, TokenVerifier
from ionport.gateway.proxy.request import (
    Target,
    first_values,
    headers_for_back_end,
    read_target,
    read_token,
)
from ionport.gateway.targets.port import Header
from ionport.store import database_away

if TYPE_CHECKING:
    from ionport.gateway.proxy.custom import CustomSuites

logger = logging.getLogger(__name__)

DEFAULT_MAX_BODY_BYTES: Final = 150_000_000
DEFAULT_MAX_PROXIED_BYTES: Final = 10_000_000_000
_CUSTOM: Final = CUSTOM_CONTEXT.lower()
_EVERY_ANSWER: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
]
_OWN_HEADERS: Final = frozenset(
    (b"content-security-policy", b"set-cookie", b"x-content-type-options", b"x-request-id")
)


class Gateway:
    """Answers `/{TENANT}/{API context}/…`; mounted at the root, after every other route.

    Args:
        backends: API context, matched ignoring case, to the app that answers below it. A back
            end finds a `Caller` under `scope["ionport.caller"]` and its own path below
            `root_path`. Contexts that it learns later are asked for in lower case.
        verifier: tells whether an access token is valid.
        custom: gives the tenants' own API suites, asked for with each call to one; None where
            there are none.
        origins: which web pages may call.
        refusals: which tenants' clients are refused with bare bodies; None: of no tenant.
        max_body_bytes: longer request bodies to a back end are answered with 413.
        max_proxied_bytes: the same for the targets of API suites.
    """

    def __init__(
        self,
        backends: Mapping[str, ASGIApp],
        verifier: TokenVerifier,
        *,
        custom: Callable[[], CustomSuites] | None = None,
        origins: AllowedOrigins | None = None,
        refusals: RefusalForms | None = None,
        max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
        max_proxied_bytes: int = DEFAULT_MAX_PROXIED_BYTES,
    ) -> None:
        self._backends = {
            context.lower(): (context, backend) for context, backend in backends.items()
        }
        self._further = backends
        self._verifier = verifier
        self._custom = custom
        self._origins = origins or NoOrigins()
        self._refusals = refusals
        self._max_body_bytes = max_body_bytes
        self._max_proxied_bytes = max_proxied_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await _refuse_websocket(scope, send)
        elif scope["type"] == "http":
            answer = _Answer(send, scope.get(REQUEST_ID_KEY) or new_id("req"))
            try:
                await self._call(scope, receive, answer)
            except ClientDisconnect:
                logger.info("the client of %s went away", answer.request_id)
            except IonportError as error:
                logger.info("%s: %s %s", answer.request_id, error.code, error.detail or "")
                await self._refuse(answer, error, scope, receive)
            except Exception as error:
                logger.exception("%s failed", answer.request_id)
                refused = database_away(error) or _failure(error)
                await self._refuse(answer, refused, scope, receive)

    async def _refuse(
        self, answer: _Answer, error: IonportError, scope: Scope, receive: Receive
    ) -> None:
        tenant_id = scope["path"].removeprefix(scope.get("root_path", "")).split("/", 2)[1]
        try:
            is_bare = self._refusals is not None and await run_in_threadpool(
                self._refusals.are_bare, tenant_id.upper()
            )
        except Exception:
            # The database that stores the choice may be what failed: the client is answered all the
            # same.
            logger.exception("%s: the wording of refusals is not known", answer.request_id)
            is_bare = False
        await answer.refuse(error, scope, receive, is_bare=is_bare)

    async def _call(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        known = first_values(scope["headers"])
        token, query = read_token(known, scope["query_string"])
        # Changed in place: a request log outside of the gateway must not show the token.
        scope["query_string"] = query
        root_path = scope.get("root_path", "")
        target = read_target(scope["path"].removeprefix(root_path))
        _check_method(scope["method"], known)
        if origin := cors.origin_of(known):
            await self._admit_origin(origin, target, None, answer)
            if cors.is_preflight(scope["method"], known):
                await _answer_preflight(known, answer)
                return
        call = _Call(target, token, known, origin, answer)
        if target.context == _CUSTOM and self._custom is not None:
            await self._call_custom(self._custom(), call, scope, receive)
        else:
            await self._call_back_end(call, scope, receive)

    async def _call_back_end(self, call: _Call, scope: Scope, receive: Receive) -> None:
        suite, backend = self._backends.get(call.target.context, (None, None))
        if backend is None:
            backend = self._further.get(call.target.context)
        caller = await self._authenticate(call, suite)
        if backend is None:
            raise _unknown_suite(call.target.prefix)
        inner = {
            **scope,
            "headers": headers_for_back_end(scope["headers"], caller),
            "root_path": scope.get("root_path", "") + call.target.prefix,
            CALLER_KEY: caller,
        }
        receive = _bounded(receive, call.known, self._max_body_bytes)
        await backend(inner, receive, call.answer.send)

    async def _call_custom(
        self, custom: CustomSuites, call: _Call, scope: Scope, receive: Receive
    ) -> None:
        target, answer = call.target, call.answer
        raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
        if root_path := scope.get("root_path"):
            raw_path = raw_path.removeprefix(quote(root_path).encode())
        route, rest = await custom.find(target.tenant_id, raw_path)
        if route is None or route.needs_token:
            caller = await self._authenticate(call, route.suite.context if route else None)
        else:
            caller = Caller(target.tenant_id, "", None, None, answer.request_id)
        if route is None:
            # Only now: without a token a client does not learn which suites there are.
            raise _unknown_suite(target.prefix)
        receive = _bounded(receive, call.known, self._max_proxied_bytes)
        exchange = custom.exchange(route, rest, caller, scope, call.known, receive, answer.send)
        await custom.serve(exchange)

    async def _authenticate(self, call: _Call, suite: str | None) -> Caller:
        """Return the caller that the token stands for; `suite` is the API context, as stored."""
        if not call.token:
            raise TokenMissing("The request has no access token. Send it as Authorization: Bearer.")
        text, tenant_id = call.token.reveal(), call.target.tenant_id
        verified = self._verifier.recall(text, tenant_id)
        if verified is None:
            verified = await run_in_threadpool(self._verifier.verify, text, tenant_id)
        if call.origin:
            await self._admit_origin(call.origin, call.target, verified.client_id, call.answer)
        if suite is not None and (scope := verified.missing_scope(suite)):
            raise ScopeMissing(scope)
        return Caller(
            tenant_id=tenant_id,
            client_id=verified.client_id,
            service_account=verified.service_account,
            identity2=verified.identity2,
            request_id=call.answer.request_id,
        )

    async def _admit_origin(
        self, origin: str, target: Target, client_id: str | None, answer: _Answer
    ) -> None:
        """Let a page of `origin` read the answer, if the tenant's apps or this one name it."""
        allows = self._origins.allows
        is_allowed = await run_in_threadpool(allows, target.tenant_id, origin, client_id)
        answer.cors = cors.answer_headers(origin) if is_allowed else []


class _Call(NamedTuple):
    """What was read off a request; `known` are its headers' first values."""

    target: Target
    token: Secret
    known: Mapping[bytes, bytes]
    origin: str
    answer: _Answer


class _Answer:
    """Sends answers to the client: adds the headers of every answer and drops cookies."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._is_started = False
        self.request_id = request_id
        self.cors: list[Header] = []

    def send(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self._is_started = True
            message["headers"] = self._completed(message.get("headers", ()))
        return self._send(message)

    def _completed(self, headers: Iterable[Header]) -> list[Header]:
        kept = [pair for pair in headers if pair[0] not in _OWN_HEADERS]
        for name, _value in kept:
            if name == b"cache-control":
                break
        else:
            # A token in the query string makes the address itself secret (RFC 6750 §2.3).
            kept.append((b"cache-control", b"private"))
        kept.append((b"x-request-id", self.request_id.encode("latin-1")))
        return kept + _EVERY_ANSWER + self.cors

    async def refuse(
        self, error: IonportError, scope: Scope, receive: Receive, *, is_bare: bool
    ) -> None:
        """Answer an error. When the answer is under way already it stays unfinished instead:
        the server then closes the connection, the only sign that HTTP has for it.
        """
        if not self._is_started:
            response = error_response(error, self.request_id, is_bare=is_bare)
            await response(scope, receive, self.send)


async def _answer_preflight(known: Mapping[bytes, bytes], answer: _Answer) -> None:
    if not answer.cors:
        raise Forbidden(
            "No authorized app of this tenant names this web address. Add it to the app's"
            " Authorized JavaScript Origins.",
            code="origin_not_allowed",
        )
    await send_whole(answer.send, 204, cors.preflight_headers(known), b"")


async def _refuse_websocket(scope: Scope, send: Send) -> None:
    """Answer 501 where the server can say so before the handshake; else just close."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1003})
        return
    response = error_response(_no_websocket(), new_id("req"))
    start = {"status": response.status_code, "headers": response.raw_headers}
    await send({"type": "websocket.http.response.start", **start})
    await send({"type": "websocket.http.response.body", "body": response.body})


def _check_method(method: str, known: Mapping[bytes, bytes]) -> None:
    if method not in cors.METHODS:
        raise MethodNotAllowed(
            f"The gateway takes {', '.join(cors.METHODS)} only.",
            allowed=cors.METHODS,
        )
    if known.get(b"upgrade", b"").lower() == b"websocket":
        raise _no_websocket()


def _no_websocket() -> NotOffered:
    return NotOffered(
        "WebSocket is not offered by the gateway. Call the API with plain HTTP requests.",
        code="websocket_not_offered",
    )


def _unknown_suite(prefix: str) -> NotFound:
    return NotFound(
        f"No API suite answers at {prefix[:200]}: it is not imitated, and the tenant has none of"
        " its own with this context.",
        code="unknown_api_suite",
    )


def _failure(cause: Exception) -> IonportError:
    error = IonportError(
        "The gateway failed. The operator finds the cause in the log under the request id."
    )
    error.__cause__ = cause
    return error


def _bounded(receive: Receive, known: Mapping[bytes, bytes], limit: int) -> Receive:
    """Refuse a body by its announced length, before a byte of it is read, else while it comes."""
    announced = known.get(b"content-length", b"")
    if announces_more(announced, limit):
        raise _too_large(limit)
    # The server hands on no more than was announced.
    if announced.isdigit() or b"transfer-encoding" not in known:
        return receive
    return bounded(receive, limit, partial(_too_large, limit))


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The request body is too large: at most {limit} bytes are accepted.",
        code="body_too_large",
    )
