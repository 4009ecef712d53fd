"""How the gateway says no.

Infor publishes the status codes but not the bodies (facts/ion-api.md §4.2): ours are flat JSON
with a code, what happened, and the request id to ask about.
"""

from __future__ import annotations

from starlette.responses import JSONResponse

from ionport.core.errors import IonportError, TooManyRequests, Unauthenticated


def error_response(error: IonportError, request_id: str) -> JSONResponse:
    """Return the gateway's own answer for `error`."""
    return JSONResponse(
        {"code": error.code, "message": error.text, "requestId": request_id},
        status_code=error.status,
        headers=_headers(error),
    )


def _headers(error: IonportError) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        # Infor's clients look for the word "error" here also when no token was sent at all.
        text = _quotable(error.text)
        return {
            "WWW-Authenticate": f'Bearer error="invalid_token", error_description="{text}"',
        }
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after)}
    return {}


def _quotable(text: str) -> str:
    """Keep what RFC 6750 §3 allows in an error description."""
    return "".join(c for c in text if " " <= c <= "~" and c not in '"\\')
