"""The keys that sign access tokens: RS256, 2048 bits, private part sealed at rest."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
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
_PADDING: Final = PKCS1v15()
_HASH: Final = SHA256()
_SCOPE = SystemScope("signing keys")


def environment_stamp(moment: datetime) -> str:
    """Return an installation's `ev`, made once: `V` and the unix seconds (facts §2)."""
    return f"V{int(moment.timestamp())}"


class SigningKey:
    """One key, ready to sign and verify compact JWTs (RFC 7515 §3.1).

    The JOSE library reads and writes keys; a signature is made and checked with `cryptography`
    directly, which costs a fifth less and frees the interpreter lock meanwhile.
    """

    def __init__(self, key: RSAKey) -> None:
        self.jwk = key
        self.kid = key.kid
        if key.private_key is None:
            raise ValueError("a signing key needs its private part")
        self._private: RSAPrivateKey = key.private_key
        self._public: RSAPublicKey = key.public_key

    def sign(self, payload: str, token_type: str | None = None) -> str:
        """Return the compact JWT of a payload; `token_type` is the header's `typ`."""
        header = {"kid": self.kid, "alg": ALGORITHM}
        if token_type is not None:
            header["typ"] = token_type
        text = _encode(json.dumps(header, separators=(",", ":")).encode())
        text += b"." + _encode(payload.encode())
        signature = self._private.sign(text, _PADDING, _HASH)
        return (text + b"." + _encode(signature)).decode("ascii")

    def verified_payload(self, text: str) -> bytes | None:
        """Return the payload of a compact JWT that this key signed, else None.

        The caller has checked that the header names this key and RS256.
        """
        signed, _dot, signature = text.rpartition(".")
        try:
            self._public.verify(_decode(signature), signed.encode("ascii"), _PADDING, _HASH)
            return _decode(signed.partition(".")[2])
        except (InvalidSignature, ValueError):
            return None


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decode(text: str) -> bytes:
    """Decode base64url as JWS writes it: no padding, no foreign letter, no second spelling."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _encode(data) != text.encode("ascii"):
        raise ValueError("not base64url in its one spelling")
    return data


class SigningKeys:
    """The installation's signing keys, opened and held in memory.

    Infor names them `kg:<uuid>` (facts/ion-api.md §3.5). All tenants share them: a token of
    another tenant fails at its issuer and its claim `Tenant`.
    """

    def __init__(self, key_ring: KeyRing, clock: Clock) -> None:
        self._key_ring = key_ring
        self._clock = clock
        self._keys: dict[str, SigningKey] = {}
        self._current: SigningKey | None = None

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

    def _open(self, row: SigningKeyRow) -> SigningKey:
        der = self._key_ring.open(row.sealed_private_key, _sealed_for(row.id))
        return SigningKey(RSAKey.import_key(der, {"kid": row.id, "use": "sig", "alg": ALGORITHM}))

    def current(self) -> SigningKey:
        """Return the key that signs; raises Unavailable before `ensure`."""
        if self._current is None:
            raise Unavailable(
                _("The authorization server has no signing key yet. Try again in a moment."),
                code="no_signing_key",
            )
        return self._current

    def find(self, key_id: str) -> SigningKey | None:
        """Return the key that signed a token with this `kid`."""
        return self._keys.get(key_id)

    def public_set(self) -> dict[str, Any]:
        """Return the JSON Web Key Set that anybody may verify tokens with (RFC 7517)."""
        return dict(KeySet([key.jwk for key in self._keys.values()]).as_dict(private=False))

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
