"""Values of an authorization request, and of the consent that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ionport.core.errors import IonportError
from ionport.oauth.apps.model import AuthorizedApp


class ResponseType(StrEnum):
    """What an authorization request asks for: a code, or (implicit) a token at once."""

    CODE = "code"
    TOKEN = "token"  # noqa: S105 (a protocol word, no password)


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request of the authorization endpoint that passed every check (RFC 6749 §4.1.1).

    `is_silent`: no page may be shown, as OpenID Connect's `prompt=none` asks (Core 1.0 §3.1.2.1).
    `redirect_uri` is one that the app has registered; whether the request sent it or left it out
    is `redirect_uri_was_sent`.
    """

    app: AuthorizedApp
    response_type: ResponseType
    redirect_uri: str
    redirect_uri_was_sent: bool
    scopes: tuple[str, ...]
    state: str | None
    code_challenge: str | None
    is_silent: bool = False


class AuthorizationRefused(IonportError):
    """An authorization request that fails; `error` is the code of RFC 6749 §4.1.2.1.

    With a `redirect_uri` the app is told there, in the fragment for an implicit request; without
    one the person sees `text`, because the address may not be the app's.
    """

    status = 400

    def __init__(
        self,
        error: str,
        text: str,
        *,
        redirect_uri: str | None = None,
        in_fragment: bool = False,
        state: str | None = None,
    ) -> None:
        super().__init__(text, code=error)
        self.error = error
        self.redirect_uri = redirect_uri
        self.in_fragment = in_fragment
        self.state = state


@dataclass(frozen=True, slots=True)
class Consent:
    """A user's remembered approval of an app, for these scopes and no others."""

    tenant_id: str
    user_id: str
    app_id: str
    app_name: str
    scopes: tuple[str, ...]
    created_at: datetime
    changed_at: datetime

    def covers(self, scopes: tuple[str, ...]) -> bool:
        """Tell whether a request for `scopes` needs no new question."""
        return set(scopes) <= set(self.scopes)
