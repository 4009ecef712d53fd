"""Everything that can go wrong between an `.ionapi` file and Infor's answer.

    IonApiError
    ├── CredentialFileError     the .ionapi file cannot be used; says what is wrong with it
    ├── RequestRefused          what was asked for cannot be sent as it is; nothing was sent
    ├── AddressRefused          the address policy forbids where the call would go
    ├── ConnectionFailed        no conversation: name, refused, TLS, time-out, connection lost
    ├── SendWindowClosed        the time in which the call was allowed to be sent has passed
    ├── AnswerRefused           an answer that is not taken: redirect, HTML, broken JSON, too large
    ├── TokenError              the authorization server refused
    │   ├── InvalidClient           client id or client secret
    │   ├── InvalidGrant            service account keys, or an ended refresh token
    │   └── UnauthorizedClient      the app may not use this grant
    └── ServiceError            IDM, ION or another suite answered with an error
        ├── M3Error                 M3 refused a transaction
        └── LnFault                 LN refused a request by a SOAP fault

Each error has a public part (`code`, `message`, `remedy`: safe to show) and a private one
(`detail`: for the log, with secrets already replaced by dots).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .finding import Finding

_TRANSIENT_STATUSES = frozenset({408, 425, 429, 500})


def is_transient(status: int) -> bool:
    """Whether an answer of this HTTP status may be another one later."""
    return status in _TRANSIENT_STATUSES or status > 500


class IonApiError(Exception):
    """Root of the tree.

    `code` is a stable word for programs, `message` what happened, `remedy` what to do about it
    in the words of Infor's menus, `detail` what only the log may know. `transient` says whether
    the same call can succeed later by itself, `retry_after` how many seconds the server asked
    to wait. `sent` is True when the remote side may have acted on the request and False when
    it surely has not: before a write is repeated, look it up when it is True.
    """

    default_code: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        remedy: str = "",
        detail: str = "",
        transient: bool = False,
        retry_after: float | None = None,
        sent: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.remedy = remedy
        self.detail = detail
        self.retry_after = retry_after
        self.sent = sent
        self._transient = transient

    @property
    def transient(self) -> bool:
        """Whether trying again later can succeed."""
        return self._transient

    def __reduce__(self) -> tuple[Any, ...]:
        # Workers pass errors between processes; the default cannot rebuild keyword arguments.
        return _rebuild, (type(self), self.__dict__)


def _rebuild(kind: type[IonApiError], state: dict[str, Any]) -> IonApiError:
    error = kind.__new__(kind, state["message"])
    error.__dict__.update(state)
    return error


class CredentialFileError(IonApiError):
    """The `.ionapi` file cannot be used. `findings` lists all reasons at once."""

    default_code = "credential_file"

    def __init__(self, message: str, *, findings: Sequence[Finding] = (), **common: Any) -> None:
        super().__init__(message, **common)
        self.findings = tuple(findings)


class RequestRefused(IonApiError):
    """The request breaks a rule of the service and was not sent."""

    default_code = "request_refused"


class AddressRefused(IonApiError):
    """The address policy forbids the address (a foreign file decides where we connect)."""

    default_code = "address_refused"


class ConnectionFailed(IonApiError):
    """No answer. `kind` is dns, refused, unreachable, timeout, tls, certificate or lost."""

    default_code = "connection_failed"

    def __init__(self, message: str, *, kind: str, **common: Any) -> None:
        common.setdefault("code", f"connection_{kind}")
        super().__init__(message, **common)
        self.kind = kind

    @property
    def transient(self) -> bool:
        """False for a wrong certificate, which needs a person; the rest may pass by itself."""
        return self.kind != "certificate"


class SendWindowClosed(IonApiError):
    """The window that a `SendPermit` gave has passed (`ionport.ionapi.sending`).

    `sent` is False when no byte of the request has left, True when one may have: then the
    connection was reset, and what the remote side made of the request is not known.
    """

    default_code = "send_window_closed"

    def __init__(self, message: str, **common: Any) -> None:
        common.setdefault("transient", True)
        super().__init__(message, **common)


class AnswerRefused(IonApiError):
    """An answer that cannot be taken.

    `code` is one of redirect, html, not_json, bad_shape, too_large, bad_encoding, truncated.
    `status` is the HTTP status it came with.
    """

    default_code = "answer_refused"

    def __init__(self, message: str, *, code: str, status: int = 0, **common: Any) -> None:
        common.setdefault("sent", True)
        super().__init__(message, code=code, **common)
        self.status = status

    @property
    def transient(self) -> bool:
        """True only for a cut-off answer, or one with a transient status."""
        return self.code == "truncated" or is_transient(self.status)


class TokenError(IonApiError):
    """The token endpoint refused. `oauth_error` is its RFC 6749 code, `status` the HTTP status.

    `sent` is always False: the call that needed the token was not sent.
    """

    default_code = "token_error"

    def __init__(
        self, message: str, *, oauth_error: str = "", status: int = 0, **common: Any
    ) -> None:
        common.setdefault("code", oauth_error or f"token_http_{status}")
        super().__init__(message, **common)
        self.oauth_error = oauth_error
        self.status = status

    @property
    def transient(self) -> bool:
        """True for busy or broken servers, False for a refused credential."""
        return is_transient(self.status) or self.oauth_error in {
            "temporarily_unavailable",
            "server_error",
        }


class InvalidClient(TokenError):
    """Client id or client secret is not accepted."""


class InvalidGrant(TokenError):
    """The service account's keys, or the refresh token, are not accepted."""


class UnauthorizedClient(TokenError):
    """The app may not use the grant that was tried."""


class ServiceError(IonApiError):
    """A suite behind the gateway, or the gateway itself, answered with an error status.

    `service` is IDM, ION, …; `remote_code`, `remote_message` and `remote_detail` are its own
    words, with secrets replaced by dots (docs/reference/idm.md#errors,
    docs/reference/ion-messaging.md#endpoints "Responses").
    """

    default_code = "service_error"

    def __init__(
        self,
        message: str,
        *,
        service: str,
        status: int,
        remote_code: str = "",
        remote_message: str = "",
        remote_detail: str = "",
        **common: Any,
    ) -> None:
        common.setdefault("code", f"{service.lower()}_http_{status}")
        # A refusal (4xx) means nothing was done; a server error may have come after the change was
        # made.
        common.setdefault("sent", not 400 <= status < 500 or status == 408)
        super().__init__(message, **common)
        self.service = service
        self.status = status
        self.remote_code = remote_code
        self.remote_message = remote_message
        self.remote_detail = remote_detail

    @property
    def transient(self) -> bool:
        """By status: True for time-outs, quota and server errors, False for refusals."""
        return is_transient(self.status)


class M3Error(ServiceError):
    """M3 refused a transaction: of it, nothing was done.

    `remote_code` is the message id (`WSUNO03`), `remote_message` M3's own words, `field` the wrong
    input field ("" when none is named), `kind` who refused: `ServerReturnedNOK` is the program, any
    other kind m3api-rest before it ran (docs/reference/m3.md#addresses-and-errors).
    """

    def __init__(
        self,
        message: str,
        *,
        program: str = "",
        transaction: str = "",
        field: str = "",
        kind: str = "",
        **common: Any,
    ) -> None:
        common.setdefault("code", f"m3_{common.get('remote_code') or 'refused'}".lower())
        common.setdefault("service", "M3")
        common.setdefault("status", 200)
        super().__init__(message, **{"sent": False, **common})
        self.program = program
        self.transaction = transaction
        self.field = field
        self.kind = kind


@dataclass(frozen=True, slots=True)
class LnMessage:
    """One message of LN: `type` is Error, Warning or Information."""

    code: str
    type: str
    text: str


class LnFault(ServiceError):
    """LN refused a request by a SOAP fault; nothing of it was done.

    `messages` are LN's own words, the most telling first. A fault has no HTTP status of its own: LN
    answers 500 for what is wrong with a request (docs/reference/ln.md#soap).
    """

    def __init__(self, message: str, *, messages: Sequence[LnMessage] = (), **common: Any) -> None:
        common.setdefault("code", "ln_fault")
        common.setdefault("service", "LN")
        common.setdefault("status", 500)
        super().__init__(message, **{"sent": False, **common})
        self.messages = tuple(messages)

    @property
    def transient(self) -> bool:
        """False: LN has read the request and refused it."""
        return False
