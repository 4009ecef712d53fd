"""Token tools of an app's page: a token at once, what a pasted one says, and why it is refused.

A report never repeats the token, and a snippet never holds a secret.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, Unauthenticated, existing
from ionport.core.i18n import _
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import PasswordProof
from ionport.oauth.accounts.model import ServiceAccount
from ionport.oauth.accounts.repository import ServiceAccountRepository
from ionport.oauth.apps.model import AppAction, AuthorizedApp, GrantType
from ionport.oauth.apps.repository import AppRepository
from ionport.oauth.apps.scope_policy import InvalidScopes, granted_scopes
from ionport.oauth.tenant.repository import TenantSettingsRepository
from ionport.oauth.tokens.access_tokens import AccessTokens
from ionport.oauth.tokens.model import Login, SignedLogin, TokenAnswer
from ionport.oauth.tokens.repository import AccessTokenRepository
from ionport.oauth.tokens.service import TokenService
from ionport.store import TenantScope

MAX_PASTED: Final = 16_384
# How long a token for one call is valid at most: a call from the pages ends within 70 s.
_CALL_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class TokenReport:
    """The content of a pasted token. `code` is empty when the gateway takes it.

    `header` and `claims` are shown even where the signature is wrong: they prove nothing then.
    """

    is_accepted: bool
    code: str
    text: str
    remedy: str
    header: Mapping[str, Any] | None
    claims: Mapping[str, Any] | None
    seconds_left: int | None


@dataclass(frozen=True, slots=True)
class Snippets:
    """Ready commands that log in and call the gateway; the secrets come from the environment."""

    curl: str
    python: str


class TokenToolsService:
    """Gives tokens to an IONAPI-Administrator of the tenant, and explains them."""

    def __init__(
        self, clock: Clock, access_tokens: AccessTokens, tokens: TokenService, audit: AuditLog
    ) -> None:
        self._clock = clock
        self._access_tokens = access_tokens
        self._tokens = tokens
        self._audit = audit

    def login_of(self, access: Access[TenantScope], app_id: str, account_id: str | None) -> Login:
        """Return the login by which an app's client would get a token now, without its secrets.

        Signed by `sign_token`, it is a token that the gateway takes after `store_token`. There is
        no refresh token with it.

        Raises:
            NotFound: there is no such app, or no such service account of the app.
            InvalidInput: the app's Grant Type needs a service account (field `account`).
            Conflict: the app signs people in, or app, account or its user is disabled, or no
                scope is left for the token.
        """
        access.require_tenant_administrator()
        found = AppRepository(access.connection).get(access.scope, app_id)
        app = existing(found, _("There is no such authorized app in this tenant."))
        account = self._account_for(access, app, account_id)
        settings = TenantSettingsRepository(access.connection).get(access.scope)
        try:
            scopes = granted_scopes(settings, app, account.scopes if account else None, "")
        except InvalidScopes as error:
            raise Conflict(error.text, detail=error.detail) from error
        return Login(
            app=app,
            form=settings.token_form,
            account=account,
            scopes=scopes,
            may_refresh=False,
            limits=settings.limits,
        )

    def sign_token(self, login: Login) -> SignedLogin:
        """Make the token of a login; outside of any transaction."""
        return self._tokens.sign(login)

    def sign_for_call(self, login: Login) -> SignedLogin:
        """Make the token of one call; outside of any transaction.

        It is valid for 120 s at most, in case the process ends before `end_token`.
        """
        seconds = min(login.app.access_token_seconds, _CALL_SECONDS)
        short = replace(login.app, access_token_seconds=seconds)
        return self._tokens.sign(replace(login, app=short))

    def _account_for(
        self, access: Access[TenantScope], app: AuthorizedApp, account_id: str | None
    ) -> ServiceAccount | None:
        if app.type.has_users:
            raise Conflict(_("People sign in to this app; its tokens are theirs."))
        if app.is_disabled:
            raise Conflict(_("The app is disabled. Enable it first."))
        if app.grant_type is not GrantType.PASSWORD_CREDENTIALS:
            return None
        if not account_id:
            text = _("Choose the service account that the token is for.")
            raise InvalidInput(text, fields={"account": text})
        found = ServiceAccountRepository(access.connection).get(access.scope, account_id)
        account = existing(
            found if found and found.app_id == app.id else None,
            _("There is no such service account in this tenant."),
        )
        today = self._tokens.clock.now().date()
        if account.has_ended(today):
            text = _("The service account ended on {day}. Give it a later end first.")
            raise Conflict(text.format(day=account.ends_on))
        if not account.is_open(today):
            raise Conflict(_("The service account or its user is disabled. Enable it first."))
        return account

    def store_token(
        self, access: Access[TenantScope], signed: SignedLogin, proof: PasswordProof
    ) -> TokenAnswer:
        """Let the gateway take a signed token, and note in the audit log who got it.

        Raises:
            Unauthenticated: the password was not typed again just now.
            TooManyRequests: the tenant's limits are on, and one is reached.
        """
        access.require_tenant_administrator()
        proof.require_for(access.actor, self._clock.now())
        return self._store(access, signed, AppAction.TOKEN_ISSUED)

    def store_for_call(
        self, access: Access[TenantScope], signed: SignedLogin, call: str
    ) -> TokenAnswer:
        """Let the gateway take a signed token for one call, which the audit log notes.

        Nobody gets to see the token; `end_token` follows the call.

        Raises:
            TooManyRequests: the tenant's limits are on, and one is reached.
        """
        access.require_tenant_administrator()
        return self._store(access, signed, AppAction.CALL_SENT, call=call)

    def _store(
        self, access: Access[TenantScope], signed: SignedLogin, action: AppAction, **details: str
    ) -> TokenAnswer:
        account = signed.login.account
        used = {"service_account": account.access_key} if account else {}
        self._audit.record(access, action, signed.login.app.id, {**used, **details})
        return self._tokens.record(access, signed)

    def end_token(self, access: Access[TenantScope], signed: SignedLogin) -> None:
        """Let the gateway refuse a token of `store_for_call` from its next request on."""
        access.require_tenant_administrator()
        self._tokens.revoke_grant(access, signed.grant.id, "after its one call")

    def inspect(self, access: Access[TenantScope], pasted: str) -> TokenReport:
        """Say what a token contains and whether the gateway takes it now, and why not.

        Any text has an answer, with or without `Bearer`.
        """
        access.require_tenant_administrator()
        text = _bare(pasted)
        code, reason = "", _("The gateway accepts this token.")
        try:
            found = self._access_tokens.read(text, access.scope.tenant_id)
            if not AccessTokenRepository(access.connection).is_active(
                access.scope, found.grant_id, found.token_id
            ):
                code, reason = "token_revoked", _("The access token was revoked.")
        except Unauthenticated as error:
            code, reason = error.code, error.text
        claims = _part(text, 1)
        return TokenReport(
            is_accepted=not code,
            code=code,
            text=reason,
            remedy=_remedies().get(code, "") if code else "",
            header=_part(text, 0),
            claims=claims,
            seconds_left=self._seconds_left(claims),
        )

    def _seconds_left(self, claims: Mapping[str, Any] | None) -> int | None:
        expires = (claims or {}).get("exp")
        if isinstance(expires, bool) or not isinstance(expires, int):
            return None
        return expires - int(self._tokens.clock.now().timestamp())

    def snippets(self, app: AuthorizedApp) -> Snippets:
        """Return commands for this app; each reads the secrets from environment variables."""
        token_url = self._access_tokens.endpoints.token_url(app.tenant_id)
        api_url = f"{self._access_tokens.endpoints.iu}/{app.tenant_id}/IDM/api/items/search"
        fields = {"grant_type": "client_credentials"}
        if app.grant_type is GrantType.PASSWORD_CREDENTIALS:
            fields = {"grant_type": "password", "username": "$SAAK", "password": "$SASK"}
        fields |= {"client_id": app.client_id, "client_secret": "$CS"}
        return Snippets(_curl(token_url, api_url, fields), _python(token_url, api_url, fields))


def _bare(pasted: str) -> str:
    words = pasted[:MAX_PASTED].split()
    while words and words[0].lower() in {"bearer", "authorization:"}:
        del words[0]
    return "".join(words)


def _part(text: str, index: int) -> Mapping[str, Any] | None:
    parts = text.split(".")
    try:
        part = parts[index]
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _remedies() -> Mapping[str, str]:
    again = _("Ask for a new token with the current credentials.")
    address = _(
        "Take ti, iu and pu from one and the same .ionapi file, and call the address that it names."
    )
    return {
        "token_missing": _("Paste the value of access_token from the token endpoint's answer."),
        "token_malformed": _(
            "Paste the whole access_token: three parts with dots between them. A refresh token is"
            " something else and is not shown here."
        ),
        "token_unknown_key": _(
            "The token comes from another server, or its signing key was retired long ago."
        )
        + " "
        + again,
        "token_bad_signature": _("The token was cut or changed on its way.") + " " + again,
        "token_expired": _("Refresh the token, or log in again; keep to expires_in."),
        "token_not_valid_yet": _("The servers' clocks differ. Set both by NTP."),
        "token_wrong_issuer": address,
        "token_wrong_audience": address,
        "token_wrong_tenant": address,
        "token_revoked": _(
            "It was revoked, or the app, the service account or its user was disabled or deleted."
            " Enable them, then log in again."
        ),
    }


def _curl(token_url: str, api_url: str, fields: Mapping[str, str]) -> str:
    form = " \\\n".join(f'  --data-urlencode "{name}={value}"' for name, value in fields.items())
    return (
        f"TOKEN=$(curl -sS '{token_url}' \\\n{form} \\\n"
        "  | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"access_token\"])')\n"
        f"curl -sS -H \"Authorization: Bearer $TOKEN\" '{api_url}'\n"
    )


def _python(token_url: str, api_url: str, fields: Mapping[str, str]) -> str:
    lines = [
        f'    "{name}": os.environ["{value[1:]}"],'
        if value.startswith("$")
        else f'    "{name}": {json.dumps(value)},'
        for name, value in fields.items()
    ]
    form = "\n".join(lines)
    return (
        "import json, os\n"
        "from urllib.parse import urlencode\n"
        "from urllib.request import Request, urlopen\n\n"
        f"form = {{\n{form}\n}}\n"
        f'with urlopen("{token_url}", urlencode(form).encode(), timeout=30) as answer:\n'
        '    token = json.load(answer)["access_token"]\n'
        f'request = Request("{api_url}", headers={{"Authorization": f"Bearer {{token}}"}})\n'
        "with urlopen(request, timeout=300) as answer:\n"
        "    print(answer.read().decode())\n"
    )
