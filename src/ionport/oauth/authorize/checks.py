"""The authorization endpoint's checks of a request, in their order (RFC 6749 §4.1.1 and §4.1.2.1).

Until the redirect URL is known to be the app's own nothing is sent there: the person sees the
error. Every later refusal goes back to the app.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from ionport.core.i18n import _
from ionport.oauth.apps.model import AppType, AuthorizedApp
from ionport.oauth.apps.redirects import is_registered
from ionport.oauth.apps.repository import AppRepository
from ionport.oauth.apps.scope_policy import InvalidScopes, requested_scopes
from ionport.oauth.authorize.model import AuthorizationRefused, AuthorizationRequest, ResponseType
from ionport.oauth.grants.pkce import is_code_challenge
from ionport.oauth.protocol import InvalidRequest, Parameters, look_up_text
from ionport.oauth.tenant.settings import TenantSettings
from ionport.store import TenantScope

_ONCE: Final = (
    *("client_id", "redirect_uri", "response_type", "state", "scope"),
    *("code_challenge", "code_challenge_method", "prompt"),
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request whose app and redirect URL are known."""

    app: AuthorizedApp
    redirect_uri: str
    parameters: Parameters
    settings: TenantSettings

    def refused(self, error: str, text: str) -> AuthorizationRefused:
        return AuthorizationRefused(
            error,
            text,
            redirect_uri=self.redirect_uri,
            in_fragment=self.parameters.get("response_type") == ResponseType.TOKEN,
            state=self.parameters.get("state") or None,
        )


def check_request(
    connection: Connection, scope: TenantScope, parameters: Parameters, settings: TenantSettings
) -> AuthorizationRequest:
    """Return the request if every check passes.

    Raises:
        AuthorizationRefused: with a redirect URL when the app may be told.
    """
    try:
        for name in _ONCE:
            parameters.get(name)
    except InvalidRequest as error:
        raise AuthorizationRefused("invalid_request", error.text) from error
    app = _known_app(connection, scope, parameters)
    asked = _Asked(app, _own_redirect(app, parameters), parameters, settings)
    for check in _CHECKS:
        check(asked)
    return AuthorizationRequest(
        app=app,
        response_type=ResponseType(parameters.get("response_type")),
        redirect_uri=asked.redirect_uri,
        redirect_uri_was_sent=bool(parameters.get("redirect_uri")),
        scopes=_scopes(asked),
        state=parameters.get("state") or None,
        code_challenge=parameters.get("code_challenge") or None,
        is_silent=parameters.get("prompt") == "none",
    )


def _known_app(connection: Connection, scope: TenantScope, parameters: Parameters) -> AuthorizedApp:
    client_id = parameters.get("client_id")
    app = AppRepository(connection).find_by_client_id(scope, look_up_text(client_id))
    if app is None:
        raise AuthorizationRefused(
            "invalid_request",
            _(
                "Tenant {tenant} has no authorized app with this client_id. Compare it with Client"
                " ID on the app's page (ci in its credentials file), and the tenant in the address"
                " with ti."
            ).format(tenant=scope.tenant_id),
        )
    if not app.type.has_users:
        raise AuthorizationRefused(
            "unauthorized_client",
            _(
                "{app} is of type Backend Service: it logs in with its service account, and people"
                " do not sign on to it. Make an app of type Web or Mobile for that."
            ).format(app=app.name),
        )
    return app


def _own_redirect(app: AuthorizedApp, parameters: Parameters) -> str:
    sent = parameters.get("redirect_uri")
    if sent and is_registered(sent, app.redirect_urls):
        return sent
    if not sent and len(app.redirect_urls) == 1:
        return app.redirect_urls[0]
    if not sent:
        text = _("{app} has several Redirect URLs: send the one to use as redirect_uri.")
        raise AuthorizationRefused("invalid_request", text.format(app=app.name))
    raise AuthorizationRefused(
        "invalid_request",
        _(
            "The redirect_uri of this request is not one of the Redirect URLs of {app}. They must"
            " be equal letter by letter, the slash at the end included. It was: {sent}"
        ).format(app=app.name, sent=sent[:300]),
    )


def _app_is_enabled(asked: _Asked) -> None:
    if asked.app.is_disabled:
        raise asked.refused(
            "unauthorized_client", "The authorized app is disabled: enable it on its page."
        )


def _response_type_is_allowed(asked: _Asked) -> None:
    wanted = asked.parameters.get("response_type")
    if not wanted:
        raise asked.refused("invalid_request", "response_type is required: send code")
    if wanted == ResponseType.CODE:
        return
    if wanted != ResponseType.TOKEN:
        raise asked.refused("unsupported_response_type", "response_type must be code")
    if asked.app.type is not AppType.WEB:
        raise asked.refused("unauthorized_client", "only an app of type Web may ask for token")
    if not asked.settings.implicit_allowed:
        raise asked.refused(
            "unauthorized_client",
            "the implicit grant is off in this tenant, because it shows tokens in addresses: "
            "use response_type=code with PKCE",
        )


def _challenge_is_s256(asked: _Asked) -> None:
    challenge = asked.parameters.get("code_challenge")
    method = asked.parameters.get("code_challenge_method")
    if not challenge:
        if method:
            raise asked.refused("invalid_request", "code_challenge is missing")
        if asked.app.is_public and asked.parameters.get("response_type") == ResponseType.CODE:
            raise asked.refused(
                "invalid_request", "a public app needs PKCE: code_challenge is required"
            )
        return
    if method != "S256":
        raise asked.refused("invalid_request", "code_challenge_method must be S256")
    if not is_code_challenge(challenge):
        raise asked.refused("invalid_request", "code_challenge must be a SHA-256 as base64url")


def _scopes(asked: _Asked) -> tuple[str, ...]:
    try:
        return requested_scopes(asked.settings, asked.app, asked.parameters.get("scope"))
    except InvalidScopes as error:
        raise asked.refused("invalid_scope", error.text) from error


_CHECKS: Final[tuple[Callable[[_Asked], None], ...]] = (
    _app_is_enabled,
    _response_type_is_allowed,
    _challenge_is_s256,
)
