"""Errors of the API as problem details (RFC 9457); no input gives a 5xx but an error of ours."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ionport.core.errors import IonportError
from ionport.core.http.problems import RESPONSE, problem_of, problem_response
from ionport.core.i18n import _
from ionport.store import database_away

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": description, "content": RESPONSE["content"]}
    for status, description in (
        (400, "The body is not what its Content-Type says."),
        (401, "No API key, or an unknown one."),
        (403, "The key was made without the scope, or its user may not do this."),
        (404, "There is no such thing in the key's organization."),
        (409, "At odds with what is stored; `existing_id` names what is in the way."),
        (413, "Over a limit that the title names."),
        (422, "The request is wrong; `fields` says what."),
        (429, "Too many calls; try again after Retry-After seconds."),
        (503, "Something this server needs is not there now; try again later."),
    )
}

_MOST_FIELDS: Final = 20
_CODES: Final = {400: "bad_request", 404: "not_found", 405: "method_not_allowed"}

logger = logging.getLogger(__name__)


def answer_error(error: IonportError, request_id: str) -> Response:
    """Return the answer to an error of ours."""
    if error.detail:
        logger.warning("%s %s: %s", request_id, error.code, error.detail)
    return problem_of(error, request_id, realm="ionport")


def answer_away(error: Exception, request_id: str) -> Response:
    """Return the answer where the database was away, and log why; raises any other error."""
    away = database_away(error)
    if away is None:
        raise error
    logger.error("%s: the database was away", request_id, exc_info=error)
    return answer_error(away, request_id)


def handle_errors(app: FastAPI) -> None:
    """Let every error of `app` be answered as a problem."""
    app.add_exception_handler(IonportError, _own)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _unexpected)


def _request_id(request: Request) -> str:
    return str(request.scope["ionport.request_id"])


def _own(request: Request, error: Exception) -> Response:
    if not isinstance(error, IonportError):
        raise error
    return answer_error(error, _request_id(request))


def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    fields: dict[str, str] = {}
    for one in error.errors()[:_MOST_FIELDS]:
        place = [str(part) for part in one["loc"] if part not in ("body", "query", "path")]
        fields[".".join(place)[:200] or "body"] = str(one["msg"])[:300]
    text = _("The request is not as it should be: {fields}.").format(fields=", ".join(fields))
    return problem_response(
        422, text, code="invalid_request", request_id=_request_id(request), fields=fields
    )


def _of_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    cause = error.__cause__
    if isinstance(cause, IonportError):
        return answer_error(cause, _request_id(request))
    status = error.status_code
    text = {
        404: _("There is nothing at this address."),
        405: _("This address does not take {method}.").format(method=request.method),
    }.get(status, _("The request could not be read."))
    headers: Mapping[str, str] | None = error.headers
    return problem_response(
        status,
        text,
        code=_CODES.get(status, "bad_request"),
        request_id=_request_id(request),
        headers=headers,
    )


def _unexpected(request: Request, error: Exception) -> Response:
    request_id = _request_id(request)
    logger.error("%s failed", request_id, exc_info=error)
    if (away := database_away(error)) is not None:
        response = answer_error(away, request_id)
    else:
        text = _("Something went wrong here, and it is not your doing. Its number is {id}.")
        response = problem_response(
            500, text.format(id=request_id), code="internal", request_id=request_id
        )
    # The middleware that adds the header to all other answers does not see this one.
    response.headers["X-Request-Id"] = request_id
    return response
