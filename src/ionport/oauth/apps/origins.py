"""Which web pages may call: the apps' Authorized JavaScript Origins.

Source: docs/reference/credentials.md#types, docs/reference/gateway.md#limits.

A browser asks for each call of a script, so the answers are remembered for two seconds; a change
in this process holds at once.
"""

from __future__ import annotations

from ionport.core.caching.memory import ShortMemory
from ionport.oauth.apps.redirects import wrong_origin
from ionport.oauth.apps.repository import AppRepository
from ionport.oauth.protocol import look_up_text
from ionport.oauth.states import TokenStates
from ionport.store import Database, TenantScope


class RegisteredOrigins:
    """The gateway's and the authorization server's port, over the database."""

    def __init__(self, database: Database, states: TokenStates) -> None:
        self._database = database
        # Keyed by tenant, web origin and client id.
        self._memory: ShortMemory[bool] = states.new_memory()

    def allows(self, tenant_id: str, origin: str, client_id: str | None) -> bool:
        """Tell whether the app of `client_id` names `origin`, as a browser sends it.

        None asks for any app of the tenant: a preflight has no token yet. Disabled apps do not
        count. May block.
        """
        if origin == "*" or wrong_origin(origin):
            return False
        key = (tenant_id, origin, client_id)
        return self._memory.get(key, lambda: self._load(*key))

    def _load(self, tenant_id: str, origin: str, client_id: str | None) -> bool:
        scope = TenantScope(look_up_text(tenant_id))
        with self._database.read() as work:
            return AppRepository(work.connection).names_origin(scope, origin, client_id)
