"""What an administrator does when an app's secrets age or leak: rotate, revoke, key pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, NotFound, existing
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import PasswordProof
from ionport.oauth.apps.bridge.keys import FILENAME, MAX_BRIDGE_KEYS, KeyPair, key_file
from ionport.oauth.apps.bridge.repository import BridgeKeyRepository
from ionport.oauth.apps.client_secrets import ClientSecrets
from ionport.oauth.apps.model import AppAction, AuthorizedApp, BridgeKey, ClientSecret
from ionport.oauth.apps.repository import AppRepository
from ionport.oauth.states import TokenStates
from ionport.oauth.tenant.endpoints import Endpoints
from ionport.store import TenantScope

MAX_OVERLAP: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class BridgeKeyFile:
    """The private key to hand out once; `content` holds it, so it does not print."""

    filename: str
    content: bytes = field(repr=False)


@dataclass(eq=False, repr=False)
class AppSecurityService:
    """Secrets, tokens and key pairs of an app: every method needs IONAPI-Administrator."""

    _clock: Clock
    _endpoints: Endpoints
    _audit: AuditLog
    _states: TokenStates
    _secrets: ClientSecrets

    def rotate_secret(
        self, access: Access[TenantScope], app_id: str, proof: PasswordProof, overlap: timedelta
    ) -> Secret:
        """Give an app a new Secret; the old one works for `overlap` (0 to 30 days) beside it.

        Tokens stay in force: see `revoke_tokens`.

        Raises:
            Unauthenticated: the password was not typed again just now.
            InvalidInput: the overlap is out of range.
            Conflict: the app is public and has no Secret.
        """
        app = self._app(access, app_id, proof)
        if app.is_public:
            raise Conflict(_("A public app has no Secret to rotate."), code="app_is_public")
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            text = _("Choose between 0 and 30 days.")
            raise InvalidInput(text, code="overlap_invalid", fields={"overlap": text})
        secret = self._secrets.rotate(access, app, overlap)
        access.after_commit(self._states.forget)
        details = {"name": app.name, "overlap_seconds": str(int(overlap.total_seconds()))}
        self._audit.record(access, AppAction.SECRET_ROTATED, app.id, details)
        return secret

    def list_secrets(self, access: Access[TenantScope], app_id: str) -> Sequence[ClientSecret]:
        """Return an app's Secrets, newest first: digests and dates, nothing in the clear."""
        app = self._app(access, app_id)
        return AppRepository(access.connection).secrets(access.scope, app.id)

    def revoke_tokens(self, access: Access[TenantScope], app_id: str) -> None:
        """End every access token and refresh token of an app at once; logins stay possible."""
        app = self._app(access, app_id)
        AppRepository(access.connection).raise_generation(access.scope, app.id)
        self._audit.record(access, AppAction.TOKENS_REVOKED, app.id, {"name": app.name})
        access.after_commit(self._states.forget)

    def add_bridge_key(
        self, access: Access[TenantScope], app_id: str, proof: PasswordProof, pair: KeyPair
    ) -> BridgeKeyFile:
        """Store the public half of a new key pair and return the file with the private one.

        Raises:
            Unauthenticated: the password was not typed again just now.
            Conflict: bridge authentication is off, or the app has five keys already.
        """
        app = self._app(access, app_id, proof)
        if not app.use_bridge:
            raise Conflict(
                _("Switch on Use Bridge Authentication and save the app first."),
                code="bridge_is_off",
            )
        keys = BridgeKeyRepository(access.connection)
        if len(keys.list(access.scope, app.id)) >= MAX_BRIDGE_KEYS:
            raise Conflict(
                _("This app has {count} key pairs. Delete one first.").format(
                    count=MAX_BRIDGE_KEYS
                ),
                code="too_many_bridge_keys",
            )
        keys.add(
            access.scope,
            BridgeKey(pair.kid, app.id, pair.public_jwk, self._clock.now(), access.actor.name),
        )
        self._audit.record(access, AppAction.KEY_GENERATED, app.id, {"kid": pair.kid})
        content = key_file(app.client_id, self._endpoints.issuer(access.scope.tenant_id), pair)
        return BridgeKeyFile(FILENAME, content)

    def list_bridge_keys(self, access: Access[TenantScope], app_id: str) -> Sequence[BridgeKey]:
        """Return an app's public keys, newest first."""
        app = self._app(access, app_id)
        return BridgeKeyRepository(access.connection).list(access.scope, app.id)

    def delete_bridge_key(self, access: Access[TenantScope], app_id: str, key_id: str) -> None:
        """Delete a key: assertions signed with it are refused from now on."""
        app = self._app(access, app_id)
        if not BridgeKeyRepository(access.connection).remove(access.scope, app.id, key_id):
            raise NotFound(_("This app has no such key."))
        self._audit.record(access, AppAction.KEY_DELETED, app.id, {"kid": key_id})

    def _app(
        self, access: Access[TenantScope], app_id: str, proof: PasswordProof | None = None
    ) -> AuthorizedApp:
        access.require_tenant_administrator()
        if proof is not None:
            proof.require_for(access.actor, self._clock.now())
        app = AppRepository(access.connection).get(access.scope, app_id)
        return existing(app, _("There is no such authorized app in this tenant."))
