"""The token store of the client library, on the database: shared by threads and processes."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

from ionport.connections.quota.service import UsageService
from ionport.connections.repository import TokenRepository
from ionport.core.clock import Clock
from ionport.core.errors import IonportError
from ionport.core.sealing import KeyRing, SealedFor
from ionport.ionapi import Secret
from ionport.ionapi.tokens.grants import TokenSet
from ionport.ionapi.tokens.source import LONGEST_RENEWAL
from ionport.store import Database, OrganizationScope
from ionport.store.locks import HeldName

_logger = logging.getLogger(__name__)


@dataclass(eq=False, repr=False)
class DatabaseTokenStore:
    """Keeps the tokens of one connection sealed (`ionport.ionapi.SharedTokenStore`).

    Infor counts sign-ons and tokens (docs/reference/gateway.md#limits), so that all workers share
    one token, and one of them asks for a new one. Opens its own short transactions: never use it
    inside another one.
    """

    _database: Database
    _keys: KeyRing
    _clock: Clock
    _scope: OrganizationScope
    _connection_id: str
    _usage: UsageService | None = None

    def load(self, key: str) -> TokenSet | None:
        """Return what was saved last; None also when it does not open with the present keys."""
        with self._database.read() as work:
            sealed = TokenRepository(work.connection).get(self._scope, self._connection_id, key)
        if sealed is None:
            return None
        try:
            return _tokens(self._keys.open(sealed, self._owner(key)))
        except IonportError:
            # A new sign-on replaces it, so that failing here would help nobody.
            _logger.warning("stored tokens of %s do not open", self._connection_id)
            return None

    def save(self, key: str, tokens: TokenSet) -> None:
        """Keep `tokens` in place of what was there."""
        sealed = self._keys.seal(_content(tokens), self._owner(key))
        with self._database.write() as work:
            TokenRepository(work.connection).put(
                self._scope, self._connection_id, key, sealed, self._clock.now()
            )

    def delete(self, key: str) -> None:
        """Forget what was kept."""
        with self._database.write() as work:
            TokenRepository(work.connection).delete(self._scope, self._connection_id, key)

    def renewal(self, key: str) -> DatabaseRenewal:
        """Return the right to renew the tokens, which one worker has at a time."""
        name = f"token renewal {self._connection_id} {key}"
        return DatabaseRenewal(HeldName(self._database, name), self._require_token)

    def _require_token(self) -> None:
        if self._usage is not None:
            self._usage.require_token(self._database, self._connection_id)

    def _owner(self, key: str) -> SealedFor:
        return SealedFor("connection_token", self._connection_id, key)


@dataclass(eq=False, repr=False)
class DatabaseRenewal:
    """The right to renew the tokens of a connection (`ionport.ionapi.TokenRenewal`).

    Token requests are counted where they are observed (`connections/quota`).
    """

    _held: HeldName
    _require_token: Callable[[], None]

    def acquire(self) -> None:
        """Wait until no other worker is renewing, 30 seconds at most."""
        self._held.acquire(LONGEST_RENEWAL)

    def begin_request(self) -> None:
        """Raise TokenError where all processes together have made as many as Infor allows."""
        self._require_token()

    def asked_to_wait(self, seconds: float) -> None:
        """Do nothing: the deliveries themselves wait as long as Infor asks."""

    def release(self) -> None:
        """Let the next worker renew."""
        self._held.release()


def _content(tokens: TokenSet) -> bytes:
    refresh = tokens.refresh_token
    return json.dumps(
        {
            "access_token": tokens.access_token.reveal(),
            "expires_at": tokens.expires_at,
            "refresh_token": refresh.reveal() if refresh else None,
            "token_type": tokens.token_type,
            "scope": tokens.scope,
        }
    ).encode()


def _tokens(content: bytes) -> TokenSet:
    data = json.loads(content)
    return TokenSet(
        access_token=Secret(data["access_token"]),
        expires_at=data["expires_at"],
        refresh_token=Secret(data["refresh_token"]) if data["refresh_token"] else None,
        token_type=data["token_type"],
        scope=data["scope"],
    )
