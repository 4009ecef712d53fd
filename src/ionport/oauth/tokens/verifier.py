"""Verifies access tokens for the gateway: genuine, in force and not revoked."""

from __future__ import annotations

import threading
from typing import Final

from cachetools import FIFOCache

from ionport.core.errors import Unauthenticated
from ionport.oauth.states import TokenStates
from ionport.oauth.tokens.access_tokens import AccessTokens
from ionport.oauth.tokens.model import AccessToken
from ionport.oauth.tokens.repository import AccessTokenRepository
from ionport.store import Database, TenantScope

MAX_REMEMBERED: Final = 20_000


class AccessTokenVerifier:
    """Verifies access tokens; reads the database at most every two seconds for each token.

    It opens its own read, because whether one is needed is known only after the memory was asked.
    """

    def __init__(
        self, database: Database, access_tokens: AccessTokens, states: TokenStates
    ) -> None:
        self._database = database
        self._access_tokens = access_tokens
        self._states = states
        # By tenant and text: a digest as key would cost more than all the rest of `recall`.
        self._genuine: FIFOCache[tuple[str, str], AccessToken] = FIFOCache(MAX_REMEMBERED)
        self._writing = threading.Lock()

    def recall(self, token: str, tenant_id: str) -> AccessToken | None:
        """Return a token that was verified less than two seconds ago, else None. Never blocks.

        After None call `verify`. Expiry counts at once, and so does a revocation in this process.
        """
        try:
            found = self._genuine[tenant_id, token]
        except KeyError:
            return None
        if not self._states.is_known_active(found.token_id):
            return None
        return found if self._access_tokens.is_in_force(found) else None

    def verify(self, token: str, tenant_id: str) -> AccessToken:
        """Return what the token says. Thread safe; may block on the database.

        Raises:
            Unauthenticated: with a code that names the first check that failed.
        """
        found = self._access_tokens.read(token, tenant_id)

        def is_active() -> bool:
            with self._database.read() as work:
                tokens = AccessTokenRepository(work.connection)
                return tokens.is_active(TenantScope(tenant_id), found.grant_id, found.token_id)

        if not self._states.is_active(found.token_id, is_active):
            raise Unauthenticated(
                "The access token was revoked, or its app or service account was disabled or"
                " deleted.",
                code="token_revoked",
                detail=f"grant {found.grant_id}",
            )
        with self._writing:
            self._genuine[tenant_id, token] = found
        return found
