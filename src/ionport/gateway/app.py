"""The gateway as an ASGI app: token, tenant and API context first, then the back end.

Clients reach it under any Host header (facts/ion-api.md §6.4), so nothing here reads it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ionport.core.errors import IonportError, NotFound, TooLarge, Unauthenticated
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.secrets import Secret
from ionport.gateway.errors import error_response
from ionport.gateway.model import CALLER_KEY, REQUEST_ID_KEY, Caller
from ionport.gateway.ports import TokenVerifier
from ionport.gateway.request import Target, headers_for_back_end, read_target, read_token

logger = logging.getLogger(__name__)

DEFAULT_MAX_BODY_BYTES = 150_000_000


class Gateway:
    """Answers `/{TENANT}/{API context}/…`; mounted at the root, after every other route.

    Args:
        backends: API context, matched ignoring case, to the app that answers below it. A back
            end finds a `Caller` under `scope["ionport.caller"]` and its own path below
            `root_path`.
        verifier: knows what an access token is worth.
        max_body_bytes: longer request bodies are answered with 413.
    """

    def __init__(
        self,
        backends: Mapping[str, ASGIApp],
        verifier: TokenVerifier,
        *,
        max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
    ) -> None:
        self._backends = {context.lower(): backend for context, backend in backends.items()}
        self._verifier = verifier
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1003})
        elif scope["type"] == "http":
            answer = _Answer(send, scope.get(REQUEST_ID_KEY) or new_id("req"))
            try:
                await self._call(scope, receive, answer)
            except ClientDisconnect:
                logger.info("the client of %s went away", answer.request_id)
            except IonportError as error:
                logger.info("%s: %s %s", answer.request_id, error.code, error.detail or "")
                await answer.refuse(error, scope, receive)
            except Exception as error:
                logger.exception("%s failed", answer.request_id)
                await answer.refuse(_failure(error), scope, receive)

    async def _call(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        headers = scope["headers"]
        token, query = read_token(headers, scope["query_string"])
        # In place: whoever logs the request outside of the gateway must not see the token.
        scope["query_string"] = query
        root_path = scope.get("root_path", "")
        target = read_target(scope["path"].removeprefix(root_path))
        caller = await self._authenticate(token, target, answer.request_id)
        inner = {
            **scope,
            "headers": headers_for_back_end(headers, caller),
            "root_path": root_path + target.prefix,
            CALLER_KEY: caller,
        }
        backend = self._backend(target)
        _check_length(headers, self._max_body_bytes)
        await backend(inner, _capped(receive, self._max_body_bytes), answer.send)

    async def _authenticate(self, token: Secret, target: Target, request_id: str) -> Caller:
        if not token:
            raise Unauthenticated(
                _("The request has no access token. Send it as Authorization: Bearer."),
                code="token_missing",
            )
        verified = await run_in_threadpool(self._verifier.verify, token.reveal(), target.tenant_id)
        return Caller(
            tenant_id=target.tenant_id,
            client_id=verified.client_id,
            service_account=verified.service_account,
            identity2=verified.identity2,
            request_id=request_id,
        )

    def _backend(self, target: Target) -> ASGIApp:
        backend = self._backends.get(target.context)
        if backend is None:
            raise NotFound(
                _("No API suite answers at {prefix}.").format(prefix=target.prefix[:200]),
                code="unknown_api_suite",
            )
        return backend


class _Answer:
    """The way back to the client: adds what every answer carries, lets no cookie out."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._is_started = False
        self.request_id = request_id

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._is_started = True
            self._complete(message)
        await self._send(message)

    def _complete(self, message: MutableMapping[str, Any]) -> None:
        headers = MutableHeaders(scope=message)
        del headers["set-cookie"]
        headers["x-request-id"] = self.request_id
        headers["x-content-type-options"] = "nosniff"
        headers["content-security-policy"] = "default-src 'none'; sandbox"
        # A token in the query string makes the address itself secret (RFC 6750 §2.3).
        headers.setdefault("cache-control", "private")

    async def refuse(self, error: IonportError, scope: Scope, receive: Receive) -> None:
        """Answer an error; when the answer is under way already, cut it short instead."""
        if self._is_started:
            raise error
        await error_response(error, self.request_id)(scope, receive, self.send)


def _failure(cause: Exception) -> IonportError:
    error = IonportError(
        _("The gateway failed. The operator finds the cause in the log under the request id.")
    )
    error.__cause__ = cause
    return error


def _check_length(headers: list[tuple[bytes, bytes]], limit: int) -> None:
    """Refuse by the announced length, before a byte of the body is read."""
    for name, value in headers:
        is_length = name == b"content-length" and value.isdigit()
        if is_length and (len(value) > 15 or int(value) > limit):
            raise _too_large(limit)


def _capped(receive: Receive, limit: int) -> Receive:
    received = 0

    async def capped() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise _too_large(limit)
        return message

    return capped


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        _("The request body is too large: at most {limit} bytes are accepted.").format(limit=limit),
        code="body_too_large",
    )
