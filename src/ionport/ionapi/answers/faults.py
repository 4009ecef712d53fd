"""Reads the error bodies of remote sides."""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import (
    InvalidClient,
    InvalidGrant,
    IonApiError,
    ServiceError,
    TokenError,
    UnauthorizedClient,
)
from ..file.model import Kind
from ..finding import APPS_MENU, SERVICE_ACCOUNT
from ..wording import N_, joined, worded
from .xml_reader import BadXml, first_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..calls import Answer
    from ..file.model import IonApiFile

LONGEST_TEXT = 300
LONGEST_READ = 10_000
LONGEST_WAIT = 86400.0


SERVICE_ACCOUNTS_MENU = "Infor OS Portal > User Management > Manage > Service Accounts"
LIMITS = worded(
    "Infor allows 20 sign-ons a minute and 1,000 a day for service accounts, and 100 access tokens "
    "a day for an app. Wait a minute, and switch on Issue Refresh Tokens in the authorized app."
)
BUSY_WAIT = 60.0


class _Refusal(NamedTuple):
    """The meaning of a refusal; `text` and `remedy` are templates."""

    error: type[TokenError]
    text: str
    remedy: str = ""


_GRANT_REFUSED = _Refusal(
    UnauthorizedClient,
    N_("The app may not sign on with a service account."),
    N_(
        "In {menu} open {app} and set its Grant Type to Password Credentials, or download its "
        "credentials again without a service account."
    ),
)
_GRANT_REFUSED_WITHOUT_ACCOUNT = _Refusal(
    UnauthorizedClient,
    N_("The app may not sign on by itself, and the file has no service account."),
    N_(
        "Either give the file a service account: {service_account} Or let the app sign on by "
        "itself: in {menu} open {app}, set its Grant Type to Client Credentials and save."
    ),
)
_INVALID_CLIENT = _Refusal(
    InvalidClient,
    N_("The client id or the client secret is not accepted."),
    N_(
        "In {menu} check that {app} still exists, then choose Download Credentials and use the "
        "new file."
    ),
)
_INVALID_GRANT = _Refusal(
    InvalidGrant,
    N_("The service account's keys are not accepted."),
    N_(
        "In {accounts_menu} check that the account exists and is enabled. If it is, its keys "
        "in the file are wrong: {service_account}"
    ),
)
_INVALID_SCOPE = _Refusal(
    TokenError,
    N_("A scope of the file is not granted."),
    N_(
        "In {menu} open {app} and compare its Scopes, and those of the service account, with "
        "the file; capital letters matter."
    ),
)
_NO_ENDPOINT = _Refusal(
    TokenError,
    N_("There is no token endpoint at the address in the file."),
    N_("Download the credentials again ({menu}, Download Credentials) and use the file unchanged."),
)
_TOO_MANY = _Refusal(TokenError, N_("Infor has received too many sign-ons."), LIMITS.template)
_BROKEN = _Refusal(
    TokenError, N_("Infor's authorization server is not working."), N_("Try again later.")
)
_REFUSED = _Refusal(TokenError, N_("The authorization server refused to sign on."))


def token_error(answer: Answer, file: IonApiFile) -> TokenError:
    """Return the error for a refusal of the token endpoint (RFC 6749 §5.2)."""
    oauth_error, description = _oauth_words(answer)
    refusal = _token_refusal(oauth_error, answer.status, file)
    text = worded("{text} (HTTP status {status})", text=worded(refusal.text), status=answer.status)
    wait = retry_after(answer)
    if wait is None and answer.status == 429:
        wait = BUSY_WAIT
    return refusal.error(
        joined(text, description and worded("The server said: {text}", text=description)),
        oauth_error=oauth_error,
        status=answer.status,
        remedy=_remedy(refusal, file),
        detail=answer.excerpt(),
        retry_after=wait,
    )


def _remedy(refusal: _Refusal, file: IonApiFile) -> str:
    known = {
        "app": worded("the app {name}", name=file.cn) if file.cn else worded("the app"),
        "menu": APPS_MENU,
        "accounts_menu": SERVICE_ACCOUNTS_MENU,
        "service_account": SERVICE_ACCOUNT,
    }
    needed = {name: value for name, value in known.items() if name in refusal.remedy}
    return worded(refusal.remedy, **needed)


def _oauth_words(answer: Answer) -> tuple[str, str]:
    try:
        data = answer.json_object()
    except IonApiError:  # the status alone decides then
        return "", ""
    error = data.get("error")
    code = error if isinstance(error, str) and re.fullmatch(r"[a-z_]{1,40}", error) else ""
    return code, plain(answer, data.get("error_description"))


def _token_refusal(oauth_error: str, status: int, file: IonApiFile) -> _Refusal:
    if oauth_error in {"unauthorized_client", "unsupported_grant_type"}:
        has_account = file.kind is Kind.BACKEND_SERVICE_ACCOUNT
        return _GRANT_REFUSED if has_account else _GRANT_REFUSED_WITHOUT_ACCOUNT
    if oauth_error == "invalid_client" or (status == 401 and not oauth_error):
        return _INVALID_CLIENT
    if oauth_error == "invalid_grant":
        return _INVALID_GRANT
    if oauth_error == "invalid_scope":
        return _INVALID_SCOPE
    if status == 429:
        return _TOO_MANY
    if status >= 500:
        return _BROKEN
    return _NO_ENDPOINT if status in {404, 405} else _REFUSED


def service_error(answer: Answer, service: str, remedies: Mapping[int, str]) -> ServiceError:
    """Return the error for a status other than 2xx. `remedies` are the service's, by status."""
    code, message, detail = remote_words(answer)
    template = _TEXTS.get(answer.status) or (
        N_("{service} is not working")
        if answer.status >= 500
        else N_("{service} refused the request")
    )
    what = worded(template, service=service)
    text = (
        worded(
            "{what} (HTTP status {status}): {message}",
            what=what,
            status=answer.status,
            message=message,
        )
        if message
        else worded("{what} (HTTP status {status}).", what=what, status=answer.status)
    )
    return ServiceError(
        text,
        service=service,
        status=answer.status,
        remote_code=code,
        remote_message=message,
        remote_detail=detail,
        remedy=remedies.get(answer.status) or _REMEDIES.get(answer.status, ""),
        detail=answer.excerpt(),
        retry_after=retry_after(answer),
    )


_TEXTS = {
    401: N_("{service} does not accept the access token"),
    403: N_("{service} does not allow this to the service account or the app"),
    404: N_("{service} does not know what was asked for"),
    413: N_("{service} finds the request too large"),
    429: N_("{service} has received too many requests"),
    504: N_("{service} did not answer the gateway in time"),
    507: N_("{service} has no space left"),
}
_REMEDIES = {
    401: worded(
        "A fresh token was refused as well. Check that the file belongs to this tenant and that "
        "the service account is enabled (User Management > Manage > Service Accounts)."
    ),
    413: worded("Send less in one call: IDM takes files up to 2 GB, ION documents of 5 MB."),
    429: worded("Infor allows 3,000 API calls a minute: wait, then make the call again."),
    504: worded(
        "The gateway waits 60 seconds for a service, which may have acted: look whether it has "
        "before you make the call again."
    ),
    507: worded("Make space there, or have it made; then make the call again."),
}


def remote_words(answer: Answer) -> tuple[str, str, str]:
    """Return code, message and detail of an error body, as far as it has them; without secrets.

    Takes IDM's `{"error":{code,message,detail}}` and the same as XML, ION's `{"errors":[…]}` and
    `{"message":…}`, and OAuth's `{"error":…,"error_description":…}`.
    """
    if answer.is_html:
        return "", "", ""
    if answer.content.lstrip().startswith(b"<"):
        try:
            texts = first_texts(answer.content, ("code", "message", "detail"))
        except BadXml:
            return "", "", ""
        return tuple(plain(answer, texts.get(key)) for key in ("code", "message", "detail"))  # type: ignore[return-value]
    try:
        data = answer.json_object()
    except IonApiError:
        return "", "", ""
    errors = data.get("errors")
    if isinstance(errors, list):
        return "", plain(answer, "; ".join(str(error) for error in errors[:10])), ""
    error = data.get("error")
    if isinstance(error, dict):
        data = error
    elif isinstance(error, str):
        data = {"code": error, "message": data.get("error_description") or data.get("message")}
    return (
        plain(answer, data.get("code")),
        plain(answer, data.get("message")),
        plain(answer, data.get("detail")),
    )


def plain(answer: Answer, value: Any) -> str:
    """Return a remote text as one short printable line without secrets; "" for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    line = " ".join(answer.redact(value[:LONGEST_READ]).split())
    return "".join(letter for letter in line if letter.isprintable())[:LONGEST_TEXT]


def retry_after(answer: Answer) -> float | None:
    """Return the seconds that the server asks to wait (RFC 9110 §10.2.3); None without them."""
    value = answer.headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        seconds = float(value[:9])
    else:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT)
