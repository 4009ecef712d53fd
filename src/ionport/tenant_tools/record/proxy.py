"""Stands between a client and a real tenant, passes calls on and records them.

The client signs on here with its own credentials, which are valid nowhere else: the file of the
real tenant stays with the recorder.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ionport.core.errors import TooLarge
from ionport.core.http.bodies import read_body
from ionport.ionapi import IonApiClient
from ionport.ionapi.calls import Answer
from ionport.ionapi.errors import IonApiError
from ionport.sandbox.own.cassette import (
    KEPT_HEADERS,
    MAX_CALLS,
    Cassette,
    RecordedAnswer,
    replaced_names,
)
from ionport.tenant_tools.record.bodies import Bodies
from ionport.tenant_tools.record.permitted import Permitted

MAX_BODY_BYTES: Final = 20_000_000
_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_SENT: Final = ("accept", "accept-language", "content-type", "soapaction", "x-infor-identity2")
_TOKEN_SECONDS: Final = 7_200


class Recorder:
    """Keeps what was asked and answered, in order, with secrets, names and amounts replaced."""

    def __init__(self, bodies: Bodies, *, on_call: Callable[[RecordedAnswer], None]) -> None:
        self._bodies = bodies
        self._on_call = on_call
        self._calls: list[RecordedAnswer] = []
        self._lock = threading.Lock()

    @property
    def cassette(self) -> Cassette:
        """What has been recorded until now."""
        with self._lock:
            return Cassette(list(self._calls))

    def add(self, request: Request, path: str, body: bytes, answer: Answer) -> None:
        """Record a call; the 5,001st and later are passed on without."""
        bodies = self._bodies
        kept = bodies.body(answer.content, answer.media_type)
        sent = bodies.body(body, request.headers.get("content-type", ""))
        query = bodies.query(request.url.query)
        call = RecordedAnswer(
            method=request.method,
            path=bodies.path(path),
            query=query,
            status=answer.status,
            media_type=bodies.header("content-type", answer.headers.get("content-type", "")[:100]),
            headers={
                name: bodies.header(name, value)
                for name, value in _kept_headers(answer.headers).items()
            },
            body=kept or b"",
            is_kept=kept is not None,
            request_body=(sent or b"").decode("utf-8", "replace"),
            replaced=replaced_names(request.url.query, query),
        )
        with self._lock:
            if len(self._calls) < MAX_CALLS:
                self._calls.append(call)
        self._on_call(call)


def recording_app(
    client: IonApiClient, recorder: Recorder, permitted: Permitted, credentials: Mapping[str, str]
) -> Starlette:
    """Return the app that a client of the recorder calls; `credentials` are of its own `.ionapi`.

    The tokens that it gives out are the recorder's own and end with it.
    """
    issued = secrets.token_urlsafe(32)

    async def token(request: Request) -> Response:
        body = (await read_body(request.receive, 64_000, _too_large)).decode("latin-1")
        given = f"{body} {request.headers.get('authorization', '')}"
        if not _proves(given, credentials):
            text = "The recorder takes the credentials that it has written, and no others."
            answer = {"error": "invalid_client", "error_description": text}
            return JSONResponse(answer, 401)
        content = {"access_token": issued, "token_type": "Bearer", "expires_in": _TOKEN_SECONDS}
        return JSONResponse(content, headers={"Cache-Control": "no-store"})

    async def revoke(request: Request) -> Response:
        return JSONResponse({})

    async def passed(request: Request) -> Response:
        scheme, _space, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), issued.encode()):
            return _refusal(401, "token", "Sign on with the .ionapi that the recorder has written.")
        path = f"/{request.path_params['path']}"
        if not permitted.allows(request.method, path):
            context = path.strip("/").partition("/")[0]
            text = (
                "The recorder did not pass this call on: it may change something in the tenant."
                f" Start it with --writes {context} if that is wanted."
            )
            return _refusal(403, "only_reading", text)
        body = await read_body(request.receive, MAX_BODY_BYTES, _too_large)
        return await run_in_threadpool(_pass_on, client, recorder, request, path, body)

    tenant = f"/{credentials['ti']}"
    return Starlette(
        routes=[
            Route(f"{tenant}/as/token.oauth2", token, methods=["POST"]),
            Route(f"{tenant}/as/revoke_token.oauth2", revoke, methods=["POST"]),
            Route(f"{tenant}/{{path:path}}", passed, methods=_METHODS),
        ],
        exception_handlers={TooLarge: _answer_too_large},
    )


def _pass_on(
    client: IonApiClient, recorder: Recorder, request: Request, path: str, body: bytes
) -> Response:
    headers = {name: request.headers[name] for name in _SENT if name in request.headers}
    try:
        answer = client.request(
            request.method, path, query=request.url.query, headers=headers, body=body
        )
    except IonApiError as error:
        # An answer that is not the tenant's is not recorded as one.
        return _refusal(502, error.code, f"The tenant did not answer: {error}")
    recorder.add(request, path, body, answer)
    kept = _kept_headers(answer.headers)
    return Response(
        answer.content, answer.status, kept, media_type=answer.headers.get("content-type")
    )


def _kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value[:200] for name, value in headers.items() if name in KEPT_HEADERS}


def _proves(given: str, credentials: Mapping[str, str]) -> bool:
    pair = f"{credentials['ci']}:{credentials['cs']}".encode()
    plain = unquote(given)
    return credentials["cs"] in plain or base64.b64encode(pair).decode() in plain


def _refusal(status: int, code: str, text: str) -> Response:
    return JSONResponse({"error": code, "error_description": text}, status)


def _too_large() -> TooLarge:
    return TooLarge(f"The recorder passes on at most {MAX_BODY_BYTES:,} bytes.")


async def _answer_too_large(request: Request, error: Any) -> Response:
    return _refusal(413, "too_large", error.text)
