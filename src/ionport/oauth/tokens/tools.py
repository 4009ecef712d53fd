"""Token tools of an app's page: what a pasted token says, and why it is refused.

The report never repeats the token, and a snippet never holds a secret.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ionport.core.clock import Clock
from ionport.core.errors import Unauthenticated
from ionport.core.i18n import _
from ionport.identity.access import Access
from ionport.oauth.apps.model import AuthorizedApp, GrantType
from ionport.oauth.tenant.endpoints import Endpoints
from ionport.oauth.tokens.access_tokens import AccessTokens
from ionport.oauth.tokens.repository import AccessTokenRepository
from ionport.store import TenantScope

MAX_PASTED: Final = 16_384


@dataclass(frozen=True, slots=True)
class TokenReport:
    """What a pasted token says. `code` is empty when the gateway takes it.

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
    """Explains tokens to an IONAPI-Administrator of the tenant."""

    def __init__(self, clock: Clock, endpoints: Endpoints, access_tokens: AccessTokens) -> None:
        self._clock = clock
        self._endpoints = endpoints
        self._access_tokens = access_tokens

    def inspect(self, access: Access[TenantScope], pasted: str) -> TokenReport:
        """Say what a token contains and whether the gateway takes it now, and why not.

        Any text has an answer, with or without `Bearer`.
        """
        access.require_tenant_administrator()
        text = _bare(pasted)
        code, reason = "", _("The gateway accepts this token.")
        try:
            found = self._access_tokens.read(text, access.scope.tenant_id)
            if not AccessTokenRepository(access.connection).is_alive(
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
        return expires - int(self._clock.now().timestamp())

    def snippets(self, app: AuthorizedApp) -> Snippets:
        """Return commands for this app; each reads the secrets from environment variables."""
        token_url = self._endpoints.token_url(app.tenant_id)
        api_url = f"{self._endpoints.iu}/{app.tenant_id}/IDM/api/items/search"
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
