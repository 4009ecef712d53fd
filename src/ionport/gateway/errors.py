"""The gateway's refusals.

Infor publishes the status codes but not the bodies (docs/reference/gateway.md#limits): ours are
flat JSON with a code, what happened, and the request id to ask about. A tenant may choose bare
ones, so that its clients are tested with as little as Infor's bodies may hold.
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import JSONResponse

from ionport.core.errors import (
    Forbidden,
    IonportError,
    MethodNotAllowed,
    Unauthenticated,
    Unavailable,
)


class BadAddress(IonportError):
    """The path cannot be passed on as it is."""

    status = 400
    default_code = "bad_address"


class TokenMissing(Unauthenticated):
    """The request has no access token."""

    default_code = "token_missing"


class ScopeMissing(Forbidden):
    """The token lacks the scope that the API suite asks for.

    Source: docs/reference/credentials.md#scopes, RFC 6750 §3.1.
    """

    default_code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"The access token lacks the scope {scope}. Add it to the authorized app and to the"
            " service account, then get a new token; letter case matters."
        )
        self.scope = scope


class ClientTimedOut(IonportError):
    """The client began a body and did not send the rest in time."""

    status = 408
    default_code = "client_silent"


class NotOffered(IonportError):
    """A feature of HTTP that the gateway does not have."""

    status = 501
    default_code = "not_offered"


class TargetFailed(IonportError):
    """The target could not be reached, or its answer is no HTTP."""

    status = 502
    default_code = "target_failed"


class TargetPaused(Unavailable):
    """Calls to a target that failed several times are paused; `retry_after` is in seconds."""

    default_code = "target_paused"

    def __init__(self, text: str, *, retry_after: int) -> None:
        super().__init__(text, retry_after=retry_after)


class TargetTimedOut(IonportError):
    """The target did not answer in time."""

    status = 504
    default_code = "target_silent"


def error_response(error: IonportError, request_id: str, *, is_bare: bool = False) -> JSONResponse:
    """Return the gateway's own answer for `error`; a bare one names the status alone."""
    if is_bare:
        body = {"error": HTTPStatus(error.status).phrase}
        return JSONResponse(body, status_code=error.status, headers=_headers(error))
    return JSONResponse(
        # Public clients read `error` (docs/reference/gateway.md#limits).
        {
            "error": error.text,
            "code": error.code,
            "message": error.text,
            "requestId": request_id,
        },
        status_code=error.status,
        headers=_headers(error),
    )


def _headers(error: IonportError) -> dict[str, str]:
    if isinstance(error, TokenMissing):
        # RFC 6750 §3.1 wants no error code where no token came. The H5 SDK signs on again where
        # the challenge has the word "error": docs/reference/known-clients.md#infors-other-sdks.
        return {"WWW-Authenticate": 'Bearer realm="ION API, error: no access token"'}
    if isinstance(error, Unauthenticated):
        text = _quotable(error.text)
        return {
            "WWW-Authenticate": f'Bearer error="invalid_token", error_description="{text}"',
        }
    if isinstance(error, ScopeMissing):
        text = _quotable(error.text)
        return {
            "WWW-Authenticate": f'Bearer error="insufficient_scope", error_description="{text}",'
            f' scope="{_quotable(error.scope)}"',
        }
    retry_after: int | None = getattr(error, "retry_after", None)
    if retry_after is not None:
        return {"Retry-After": str(retry_after)}
    if isinstance(error, MethodNotAllowed):
        return {"Allow": error.allow}
    return {}


def _quotable(text: str) -> str:
    """Keep what RFC 6750 §3 allows in an error description."""
    return "".join(c for c in text if " " <= c <= "~" and c not in '"\\')
