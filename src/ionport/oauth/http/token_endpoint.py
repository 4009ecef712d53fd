"""`POST …/token.oauth2` as an ASGI app: no request and response objects on the hot path."""

from __future__ import annotations

from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from ionport.core.errors import IonportError
from ionport.core.telemetry import COUNTERS, series
from ionport.oauth.http.answers import NO_STORE, read_request, refusal, tenant_of
from ionport.oauth.protocol import compact_json
from ionport.oauth.tokens.issuing import TokenIssuer

_ISSUED: Final = series("tokens", outcome="issued")
_HEADERS: Final = (
    (b"content-type", b"application/json"),
    *((name.lower().encode(), value.encode()) for name, value in NO_STORE.items()),
)


class TokenEndpoint:
    """Answers token requests."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self._issuer = issuer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            request = await read_request(scope, receive)
            answer = await self._issuer.issue(tenant_of(scope), request)
        except (IonportError, ClientDisconnect) as error:
            COUNTERS.add("tokens", outcome=getattr(error, "code", "client_gone"))
            await refusal(scope, error)(scope, receive, send)
            return
        COUNTERS.count(_ISSUED)
        body = compact_json(answer.revealed()).encode("ascii")
        length = (b"content-length", str(len(body)).encode("ascii"))
        await send({"type": "http.response.start", "status": 200, "headers": [length, *_HEADERS]})
        await send({"type": "http.response.body", "body": body})
