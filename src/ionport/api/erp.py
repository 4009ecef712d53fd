"""Takes acknowledgements of the ERP: the address that ION's flows and other middleware post to.

    POST /api/erp/{connection}/acknowledgements

The body is the BOD itself, or a form with it as a file, as an API connection point of ION sends it
(docs/reference/ion-messaging.md#document-flows). The token of the connection's endpoint stands in
`X-API-KEY` or as a Bearer token. Answers are English constants: who reads them is a machine.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ionport.api.problems import answer_away, answer_error
from ionport.api.services import ApiServices
from ionport.core.errors import (
    InvalidInput,
    IonportError,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unauthenticated,
)
from ionport.core.http.bodies import announces_more, read_body
from ionport.core.http.rates import RateLimit
from ionport.core.ids import new_id
from ionport.core.secrets import Secret
from ionport.core.telemetry import bind
from ionport.exports.acknowledgements.bod_reader import read_acknowledgement
from ionport.exports.acknowledgements.model import MAX_BYTES, PREFIX, Endpoint, Received, Result
from ionport.store import DATABASE_AWAY

_PATH: Final = re.compile(PREFIX + r"([A-Za-z0-9_]{1,64})/acknowledgements")
_FORM_BYTES: Final = 65_536
_CALLS_PER_MINUTE: Final = 3_000
_MAX_FIELDS: Final = 50
_BEARER: Final = "bearer "


class ErpApp:
    """The endpoints of all connections as one ASGI application."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._limit = RateLimit(_CALLS_PER_MINUTE, seconds=60)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = scope.setdefault("ionport.request_id", new_id("req"))
        try:
            response = await self._answer(scope, receive)
        except ClientDisconnect:
            return
        except IonportError as error:
            response = answer_error(error, request_id)
        except DATABASE_AWAY as error:
            response = answer_away(error, request_id)
        response.headers.update({"X-Request-Id": request_id, "Cache-Control": "no-store"})
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        found = _PATH.fullmatch(scope["path"])
        if found is None:
            raise NotFound("There is nothing at this address.", code="not_found")
        if scope["method"] != "POST":
            raise MethodNotAllowed("Acknowledgements are posted here.", allowed=["POST"])
        self._limit.count(found[1], "This endpoint is called too often. Call again later.")
        headers = Headers(scope=scope)
        endpoint = await run_in_threadpool(self._caller, found[1], _token(headers))
        bind(organization=endpoint.organization_id)
        content = await _content(scope, receive, headers)
        received = await run_in_threadpool(self._receive, endpoint, content)
        if received.result is Result.UNKNOWN:
            # The same for a token of another connection, so that a caller learns nothing of it.
            raise NotFound(
                "No delivery over this connection is named here by a correlation id or a BODID.",
                code="unknown_document",
            )
        return JSONResponse({"result": received.result.value, "delivery": received.delivery_id})

    def _caller(self, connection_id: str, token: Secret) -> Endpoint:
        with self._services.database.read() as work:
            return self._services.acknowledgements.caller(work, connection_id, token)

    def _receive(self, endpoint: Endpoint, content: bytes) -> Received:
        told = read_acknowledgement(content)
        with self._services.database.write() as work:
            return self._services.acknowledgements.receive(work, endpoint, told)


def _token(headers: Headers) -> Secret:
    authorization = headers.get("authorization", "")
    token = headers.get("x-api-key", "").strip()
    if not token and authorization.lower().startswith(_BEARER):
        token = authorization[len(_BEARER) :].strip()
    if not token:
        raise Unauthenticated(
            "Send the token of this endpoint in X-API-KEY or as Authorization: Bearer.",
            code="token_missing",
        )
    return Secret(token)


async def _content(scope: Scope, receive: Receive, headers: Headers) -> bytes:
    """Return the BOD of a request; raises TooLarge and InvalidInput."""
    if announces_more(headers.get("content-length", "0"), MAX_BYTES + _FORM_BYTES):
        raise _too_large()
    body = await read_body(receive, MAX_BYTES + _FORM_BYTES, _too_large)
    if headers.get("content-type", "").startswith("multipart/form-data"):
        body = await _file_of(scope, body)
    if len(body) > MAX_BYTES:
        raise _too_large()
    return body


async def _file_of(scope: Scope, body: bytes) -> bytes:
    """Return the first file of a form, or its field `file`."""

    async def replay() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        form = await Request(scope, replay).form(
            max_files=5, max_fields=_MAX_FIELDS, max_part_size=MAX_BYTES + 1
        )
    except (HTTPException, MultiPartException, ValueError) as error:
        # A charset that a header names may be one that Python knows and cannot read.
        raise _unreadable() from error
    try:
        items = form.multi_items()
        file = next((each for _name, each in items if isinstance(each, UploadFile)), None)
        if file is not None:
            return await file.read()
    finally:
        await form.close()
    text = form.get("file")
    if not isinstance(text, str):
        raise InvalidInput("Send the document as a file of the form.", code="no_file")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise _unreadable() from error


def _unreadable() -> InvalidInput:
    return InvalidInput("The form cannot be read.", code="form_unreadable")


def _too_large() -> TooLarge:
    return TooLarge("An acknowledgement has at most 1 MB.")


def with_erp(api: ASGIApp, services: ApiServices) -> ASGIApp:
    """Return the API with the endpoints of the ERP beside it."""
    erp = ErpApp(services)

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        is_erp = scope["type"] == "http" and scope["path"].startswith(PREFIX)
        await (erp if is_erp else api)(scope, receive, send)

    return choose
