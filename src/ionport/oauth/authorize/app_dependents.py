"""Service accounts, grants and consents of an app: counted before it is disabled or deleted."""

from __future__ import annotations

from typing import Final

from ionport.core.clock import Clock
from ionport.core.paging import PageRequest
from ionport.oauth.accounts.repository import ServiceAccountRepository
from ionport.oauth.apps.model import AppUse, AuthorizedApp
from ionport.oauth.authorize.repository import ConsentRepository
from ionport.oauth.grants.repository import GrantRepository
from ionport.store import ScopedWork, TenantScope

MAX_COUNTED_GRANTS: Final = 10_000


class StoredAppDependents:
    """The port of `ionport.oauth.apps.ports`, over the database."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def count(self, access: ScopedWork[TenantScope], app: AuthorizedApp) -> AppUse:
        """Return how many of each there are; grants at most `MAX_COUNTED_GRANTS`."""
        accounts = ServiceAccountRepository(access.connection)
        grants = GrantRepository(access.connection)
        return AppUse(
            service_accounts=accounts.list(access.scope, app.id, PageRequest(per_page=1)).total,
            live_grants=grants.count_active(
                access.scope, app.id, app.token_generation, self._clock.now(), MAX_COUNTED_GRANTS
            ),
            consents=ConsentRepository(access.connection).count(access.scope, app.id),
        )

    def delete(self, access: ScopedWork[TenantScope], app: AuthorizedApp) -> None:
        """Delete the app's service accounts: grants and consents end by the app's own mark."""
        accounts = ServiceAccountRepository(access.connection)
        accounts.delete_of_app(access.scope, app.id, self._clock.now())
