"""The exception tree of the server.

    IonportError
    ├── InvalidInput            422  the request or file is wrong; names the fields
    │   ├── PolicyInvalid            gateway: where in its XML a policy is wrong
    │   ├── QueryFailed              sandbox: why Compass cannot run a query
    │   ├── RefusedImport            documents: every mistake of a JSON or CSV file
    │   ├── RefusedLines             documents: every wrong line of a file of suppliers
    │   ├── RequestRefused           sandbox: LN's SOAP fault
    │   └── TransactionFailed        sandbox: M3's own message
    ├── Unauthenticated         401  nobody is signed in, or the credential is wrong
    │   ├── OpenIdRefused            identity: why a sign-in by OpenID Connect is refused
    │   ├── SecondStepNeeded         identity: the password is right, a code is asked for too
    │   └── TokenMissing             gateway: the request has no access token
    ├── Forbidden               403  signed in, but without the right
    │   └── ScopeMissing             gateway: the token's scopes do not reach the suite
    ├── NotFound                404  absent, or belongs to somebody else
    ├── Conflict                409  at odds with what is already stored
    │   ├── ChangedMeanwhile         identity: somebody else saved while a form was open
    │   └── DocumentHeld             documents: findings speak against it
    ├── MethodNotAllowed        405  the address is right, but not for this method
    ├── TooLarge                413  over a size limit
    ├── TooManyRequests         429  over a rate limit
    ├── Unavailable             503  something this server needs is not there now
    │   ├── RemoteFailed             connections: a server for files cannot be used
    │   └── TargetPaused             gateway: the circuit of a target is open
    ├── BadAddress              400  gateway: a path that cannot be passed on
    ├── BadQuery                400  sandbox: a malformed option, key or header of LN's OData
    ├── NotAcceptable           406  sandbox: LN's OData answers in JSON alone
    ├── StaleEntity             412  sandbox: an entity of LN's OData was changed meanwhile
    ├── WrongMediaType          415  sandbox: LN's OData takes JSON alone
    ├── MatchMissing            428  sandbox: a change of LN's OData without If-Match
    ├── ClientTimedOut          408  gateway: the body did not come in time
    ├── NotOffered              501  gateway: what it does not speak
    ├── TargetFailed            502  gateway: the target could not be reached
    ├── TargetTimedOut          504  gateway: the target did not answer in time
    ├── TargetError             502  connections: a target refused a call or did not answer
    ├── WrongHost               421  control plane: a Host header that is not ours
    ├── NotConfigured           412  sandbox: no connection point takes the message
    ├── InvalidScopes           400  oauth: scopes that an app may not have
    ├── AuthorizationRefused    400  oauth: told to the client's redirect URL (RFC 6749 §4.1.2.1)
    └── OAuthError              400  oauth: the errors of RFC 6749 §5.2
        ├── InvalidRequest, InvalidScope, RequestTooLarge
        ├── InvalidClient, UnauthorizedClient, UnsupportedGrantType
        └── InvalidGrant
            └── TokenReused          a refresh token or code came twice

The public text says what happened and what to do, in the user's words; the private detail goes
to the log only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

T = TypeVar("T")


class IonportError(Exception):
    """Base of every error that may reach a user.

    Attributes:
        code: stable machine name, lower case with underscores.
        status: HTTP status that pages and APIs answer with.
        text: public sentence; safe to show anywhere.
        detail: private sentence for the log; redacted by the log, never shown.
    """

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal"

    def __init__(self, text: str, *, code: str | None = None, detail: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code or self.default_code
        self.detail = detail


class InvalidInput(IonportError):
    """The request, form or file is wrong. `fields` maps a field name to what is wrong with it."""

    status = 422
    default_code = "invalid_input"

    def __init__(
        self,
        text: str,
        *,
        code: str | None = None,
        detail: str | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(text, code=code, detail=detail)
        self.fields = dict(fields or {})


class Unauthenticated(IonportError):
    """Nobody is signed in, or the credential presented is wrong."""

    status = 401
    default_code = "unauthenticated"


class Forbidden(IonportError):
    """The user is known but lacks the right."""

    status = 403
    default_code = "forbidden"


class NotFound(IonportError):
    """Absent, or in another tenant or organization: the two are not told apart."""

    status = 404
    default_code = "not_found"


class Conflict(IonportError):
    """At odds with what is already stored. `existing_id` names the record in the way, if any."""

    status = 409
    default_code = "conflict"

    def __init__(
        self,
        text: str,
        *,
        code: str | None = None,
        detail: str | None = None,
        existing_id: str | None = None,
    ) -> None:
        super().__init__(text, code=code, detail=detail)
        self.existing_id = existing_id


class MethodNotAllowed(IonportError):
    """The address takes other methods: `allow` names them, as the header of that name does."""

    status = 405
    default_code = "method_not_allowed"

    def __init__(self, text: str, *, allowed: Iterable[str], code: str | None = None) -> None:
        super().__init__(text, code=code)
        self.allow = ", ".join(allowed)


class TooLarge(IonportError):
    """Over a size limit that the text names."""

    status = 413
    default_code = "too_large"


class TooManyRequests(IonportError):
    """Over a rate limit; `retry_after` is in seconds."""

    status = 429
    default_code = "too_many_requests"

    def __init__(self, text: str, *, retry_after: int, detail: str | None = None) -> None:
        super().__init__(text, detail=detail)
        self.retry_after = retry_after


class Unavailable(IonportError):
    """Something this server needs (database schema, key ring, worker) is not there now.

    `retry_after` is in seconds, where it is known that another try may help.
    """

    status = 503
    default_code = "unavailable"

    def __init__(
        self,
        text: str,
        *,
        code: str | None = None,
        detail: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(text, code=code, detail=detail)
        self.retry_after = retry_after


def existing(value: T | None, text: str, *, code: str | None = None) -> T:
    """Return what was looked for; raises NotFound with this text where there is none."""
    if value is None:
        raise NotFound(text, code=code)
    return value


def check_all(*checks: Callable[[], object]) -> None:
    """Make every check; raises one InvalidInput with what all of them find wrong."""
    errors = list[InvalidInput]()
    for check in checks:
        try:
            check()
        except InvalidInput as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    fields = {name: text for error in errors for name, text in error.fields.items()}
    refuse_wrong(fields, " ".join(fields.values()))


def refuse_wrong(fields: Mapping[str, str | None], text: str, *, code: str | None = None) -> None:
    """Raise InvalidInput with the texts of wrong fields, if there are any."""
    if wrong := {name: reason for name, reason in fields.items() if reason}:
        raise InvalidInput(text, code=code, fields=wrong)
