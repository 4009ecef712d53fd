"""The keys that sign access tokens: RS256, 2048 bits, private part sealed at rest."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from joserfc.jwk import KeySet, RSAKey

from ionport.core.clock import Clock
from ionport.core.errors import Unavailable
from ionport.core.i18n import _
from ionport.core.ids import new_uuid
from ionport.core.sealing import KeyRing, SealedFor
from ionport.oauth.model import SigningKeyRow
from ionport.oauth.token_repository import SigningKeyRepository
from ionport.store import Database, SystemScope, Work

ALGORITHM: Final = "RS256"
_KEY_BITS: Final = 2048
_SCOPE = SystemScope("signing keys")


def environment_stamp(moment: datetime) -> str:
    """Return an installation's `ev`, made once: `V` and the unix seconds (facts §2)."""
    return f"V{int(moment.timestamp())}"


class SigningKeys:
    """The installation's signing keys, opened and held in memory.

    Infor names them `kg:<uuid>` (facts/ion-api.md §3.5). All tenants share them: a token of
    another tenant fails at its issuer and its claim `Tenant`.
    """

    def __init__(self, key_ring: KeyRing, clock: Clock) -> None:
        self._key_ring = key_ring
        self._clock = clock
        self._keys: dict[str, RSAKey] = {}
        self._current: RSAKey | None = None

    def ensure(self, database: Database) -> None:
        """Load the keys; make the first one if there is none. Call it once, at the start.

        Two processes that start at once make one key: the database allows one current.
        """
        if self._load(database):
            return
        key = RSAKey.generate_key(_KEY_BITS)
        key_id = f"kg:{new_uuid()}"
        row = SigningKeyRow(
            id=key_id,
            sealed_private_key=self._key_ring.seal(key.as_der(private=True), _sealed_for(key_id)),
            is_current=True,
            created_at=self._clock.now(),
        )
        with database.write() as work:
            SigningKeyRepository(work.connection).add(_SCOPE, row)
        self._load(database)

    def _load(self, database: Database) -> bool:
        with database.read() as work:
            rows = SigningKeyRepository(work.connection).list(_SCOPE)
        self._keys = {row.id: self._open(row) for row in rows}
        self._current = next((self._keys[row.id] for row in rows if row.is_current), None)
        return self._current is not None

    def _open(self, row: SigningKeyRow) -> RSAKey:
        der = self._key_ring.open(row.sealed_private_key, _sealed_for(row.id))
        return RSAKey.import_key(der, {"kid": row.id, "use": "sig", "alg": ALGORITHM})

    def current(self) -> RSAKey:
        """Return the key that signs; raises Unavailable before `ensure`."""
        if self._current is None:
            raise Unavailable(
                _("The authorization server has no signing key yet. Try again in a moment."),
                code="no_signing_key",
            )
        return self._current

    def find(self, key_id: str) -> RSAKey | None:
        """Return the key that signed a token with this `kid`."""
        return self._keys.get(key_id)

    def public_set(self) -> dict[str, Any]:
        """Return the JSON Web Key Set that anybody may verify tokens with (RFC 7517)."""
        return dict(KeySet(list(self._keys.values())).as_dict(private=False))

    def reseal(self, work: Work, scope: SystemScope) -> int:
        """Seal every private key with the ring's newest key; return how many were changed."""
        repository = SigningKeyRepository(work.connection)
        rows = [
            row
            for row in repository.list(scope)
            if not self._key_ring.is_current(row.sealed_private_key)
        ]
        for row in rows:
            der = self._key_ring.open(row.sealed_private_key, _sealed_for(row.id))
            repository.replace_sealed(scope, row.id, self._key_ring.seal(der, _sealed_for(row.id)))
        return len(rows)


def _sealed_for(key_id: str) -> SealedFor:
    return SealedFor(kind="signing_key", owner="installation", row=key_id)
