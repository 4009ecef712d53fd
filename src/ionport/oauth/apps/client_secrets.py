"""An app's client secrets: digests to check them, sealed copies to show them again."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict
from ionport.core.i18n import _
from ionport.core.ids import new_id, random_token
from ionport.core.sealing import KeyRing, SealedFor
from ionport.core.secrets import Secret
from ionport.oauth.apps.model import AuthorizedApp, ClientSecret
from ionport.oauth.apps.repository import AppRepository
from ionport.store import ScopedWork, SystemScope, TenantScope

# 64 bytes make 86 letters (docs/reference/credentials.md#the-file).
SECRET_BYTES: Final = 64
MAX_CLIENT_SECRETS: Final = 50
_RESEAL_BATCH: Final = 500


class ClientSecrets:
    """Makes client secrets and opens their copies; without `keep_copies` there are none."""

    def __init__(self, clock: Clock, key_ring: KeyRing, *, keep_copies: bool) -> None:
        self._clock = clock
        self._key_ring = key_ring
        self._keep_copies = keep_copies

    @property
    def are_kept(self) -> bool:
        """Whether a sealed copy of each new secret is kept, so that it can be shown again."""
        return self._keep_copies

    def newest(self, access: ScopedWork[TenantScope], app: AuthorizedApp) -> Secret | None:
        """Return the app's newest secret of which a copy is kept."""
        for secret in AppRepository(access.connection).secrets(access.scope, app.id):
            if secret.sealed is not None and secret.expires_at is None:
                owner = _sealed_for(access.scope.tenant_id, secret.id)
                return self._key_ring.open_secret(secret.sealed, owner)
        return None

    def add(self, access: ScopedWork[TenantScope], app: AuthorizedApp) -> Secret:
        """Give the app a further secret; those before it stay valid.

        Raises:
            Conflict: the app has `MAX_CLIENT_SECRETS` already.
        """
        apps = AppRepository(access.connection)
        if len(apps.secrets(access.scope, app.id)) >= MAX_CLIENT_SECRETS:
            raise Conflict(
                _("This app has {count} client secrets already. Make a new app.").format(
                    count=MAX_CLIENT_SECRETS
                ),
                code="too_many_client_secrets",
            )
        secret, secret_id = random_token(SECRET_BYTES), new_id("csec")
        sealed = None
        if self._keep_copies:
            sealed = self._key_ring.seal(secret, _sealed_for(access.scope.tenant_id, secret_id))
        row = ClientSecret(
            id=secret_id,
            app_id=app.id,
            digest=self._key_ring.digest(secret),
            sealed=sealed,
            created_at=self._clock.now(),
        )
        apps.add_secret(access.scope, row)
        return secret

    def rotate(
        self, access: ScopedWork[TenantScope], app: AuthorizedApp, overlap: timedelta
    ) -> Secret:
        """Give the app a new secret; those before it end after `overlap`."""
        apps, now = AppRepository(access.connection), self._clock.now()
        apps.remove_ended_secrets(access.scope, app.id, now)
        apps.end_secrets(access.scope, app.id, now + overlap)
        return self.add(access, app)

    def reseal(self, access: ScopedWork[SystemScope]) -> int:
        """Seal every kept copy with the ring's newest key; return how many were changed."""
        apps, changed, after = AppRepository(access.connection), 0, ""
        while batch := apps.sealed_secrets(access.scope, after, _RESEAL_BATCH):
            for tenant_id, secret in batch:
                after = secret.id
                if secret.sealed is None or self._key_ring.is_current(secret.sealed):
                    continue
                owner = _sealed_for(tenant_id, secret.id)
                plain = self._key_ring.open_secret(secret.sealed, owner)
                apps.replace_sealed(access.scope, secret.id, self._key_ring.seal(plain, owner))
                changed += 1
        return changed


def _sealed_for(tenant_id: str, secret_id: str) -> SealedFor:
    return SealedFor(kind="client_secret", owner=tenant_id, row=secret_id)
