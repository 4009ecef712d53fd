"""What the authorization server's endpoints share of HTTP: reading requests, shaping refusals."""

from __future__ import annotations

import logging
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope

from ionport.core.errors import IonportError, TooManyRequests
from ionport.core.http.bodies import read_body
from ionport.oauth.protocol import InvalidRequest, OAuthError, RequestTooLarge, look_up_text
from ionport.oauth.tokens.issuing import RawRequest
from ionport.store import TenantScope

logger = logging.getLogger(__name__)

MAX_BODY_BYTES: Final = 65_536
NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def tenant_of(scope: Scope) -> TenantScope:
    """Return the scope of the tenant that the path names, which may not exist."""
    return TenantScope(look_up_text(scope["path_params"]["tenant"].upper()))


async def read_whole(receive: Receive) -> bytes:
    """Return a request's body.

    Raises:
        ClientDisconnect: the client went away.
        RequestTooLarge: the body is longer than `MAX_BODY_BYTES`.
    """
    return await read_body(receive, MAX_BODY_BYTES, _too_large)


async def read_request(scope: Scope, receive: Receive) -> RawRequest:
    """Return the parts of a request that its answer depends on; raises as `read_whole`."""
    body = await read_whole(receive)
    require_form(scope, body)
    authorization = next((v for name, v in scope["headers"] if name == b"authorization"), b"")
    return RawRequest(scope["query_string"], body, authorization)


def _too_large() -> RequestTooLarge:
    return RequestTooLarge(f"the body must not be longer than {MAX_BODY_BYTES} bytes")


def require_form(scope: Scope, body: bytes) -> None:
    """Refuse JSON, XML and multipart where the parameters should be.

    What the Content-Type says does not decide: some clients send a form under another one. And
    where the parameters are in the address, the body may be anything
    (docs/reference/known-clients.md#infors-sdk).

    Raises:
        InvalidRequest: it names the Content-Type.
    """
    if not body or scope["query_string"]:
        return
    beginning = body[:100].lstrip(b"\xef\xbb\xbf \t\r\n")
    if beginning[:2] == b"{}" or not beginning.startswith((b"{", b"[", b"<", b"--")):
        return
    sent = next((v for name, v in scope["headers"] if name == b"content-type"), b"")
    kind = "".join(c for c in sent[:100].decode("latin-1") if " " <= c <= "~" and c not in '"\\')
    raise InvalidRequest(
        f"the Content-Type is {kind or 'missing'} and the body is no form: send the parameters as"
        " application/x-www-form-urlencoded"
    )


def refusal(scope: Scope, error: IonportError | ClientDisconnect) -> Response:
    """Return the answer to a request that went wrong, and log the private reason."""
    if isinstance(error, ClientDisconnect):
        return Response(status_code=400)
    where = (scope["path"].rpartition("/")[2], tenant_of(scope).tenant_id)
    reason = f"{error.code}: {error.detail or error.text}"
    if isinstance(error, OAuthError):
        logger.info("%s refused in %s: %s", *where, reason)
        return error_response(error.status, error.error, error.text)
    if isinstance(error, TooManyRequests):
        logger.info("%s refused in %s: %s", *where, reason)
        response = error_response(error.status, "temporarily_unavailable", error.text)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    logger.error("%s failed in %s: %s", *where, reason)
    text = "The authorization server cannot answer now. Try again later."
    return error_response(503, "temporarily_unavailable", text)


def error_response(status: int, error: str, text: str) -> Response:
    """Return an error as RFC 6749 §5.2 shapes it."""
    headers = dict(NO_STORE)
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="ION API"'
    body = {"error_description": text, "error": error}
    return JSONResponse(body, status, headers=headers)
