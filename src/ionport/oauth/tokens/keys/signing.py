"""The keys that sign access tokens: RS256, 2048 bits, private part sealed at rest."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from ionport.core.clock import Clock
from ionport.core.errors import Unavailable
from ionport.core.ids import new_uuid
from ionport.core.sealing import KeyRing, SealedFor
from ionport.oauth.apps.drafts import MAX_ACCESS_TOKEN_SECONDS
from ionport.oauth.protocol import compact_json
from ionport.oauth.tokens.keys.model import SigningKeyRow
from ionport.oauth.tokens.keys.private_keys import new_private_key
from ionport.oauth.tokens.keys.repository import SigningKeyRepository
from ionport.store import Database, ScopedWork, SystemScope

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey

ALGORITHM: Final = "RS256"
_PADDING: Final = PKCS1v15()
_HASH: Final = SHA256()
_RELOAD_SECONDS: Final = 60.0
# A token with an unknown key id must not make the server read its database each time.
_RELOAD_FOR_UNKNOWN_SECONDS: Final = 2.0
# How long a process that has not reloaded may sign with a retired key, with a wide margin.
_STILL_SIGNS: Final = timedelta(minutes=10)
_SCOPE = SystemScope("signing keys")


def environment_stamp(moment: datetime) -> str:
    """Return an installation's `ev`, made once: `V` and the unix seconds.

    Source: docs/reference/credentials.md#the-file.
    """
    return f"V{int(moment.timestamp())}"


class SigningKey:
    """One key, ready to sign and verify compact JWTs (RFC 7515 §3.1).

    A signature is made and checked with `cryptography` directly, which costs a fifth less than
    with a JOSE library and frees the interpreter lock meanwhile.
    """

    def __init__(self, private_key: RSAPrivateKey, kid: str) -> None:
        self.kid = kid
        self._private = private_key
        self._public = private_key.public_key()

    @cached_property
    def jwk(self) -> RSAKey:
        """The key as the JOSE library has it: for the key set; loads that library."""
        from joserfc.jwk import RSAKey

        return RSAKey.import_key(self._private, {"kid": self.kid, "use": "sig", "alg": ALGORITHM})

    def sign(self, payload: str, token_type: str | None = None) -> str:
        """Return the compact JWT of a payload; `token_type` is the header's `typ`."""
        text = _header(self.kid, token_type) + b"." + _encode(payload.encode())
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


@lru_cache(maxsize=64)
def _header(kid: str, token_type: str | None) -> bytes:
    header = {"kid": kid, "alg": ALGORITHM}
    if token_type is not None:
        header["typ"] = token_type
    return _encode(compact_json(header).encode())


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

    Infor names them `kg:<uuid>` (docs/reference/oauth.md#access-tokens). All tenants share them: a
    token of another tenant fails at its issuer and its claim `Tenant`.
    """

    def __init__(
        self,
        key_ring: KeyRing,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._key_ring = key_ring
        self._clock = clock
        self._monotonic = monotonic
        self._keys: dict[str, SigningKey] = {}
        self._current: SigningKey | None = None
        self._database: Database | None = None
        self._loaded_at = 0.0

    def ensure(
        self, database: Database, new_key: Callable[[], RSAPrivateKey] = new_private_key
    ) -> None:
        """Load the keys; make the first one if there is none. Call it at the start.

        Two processes that start at once make one key: the database allows one current.
        """
        self._database = database
        self._load(database)
        if self._current is None:
            row = self._new_row(new_key())
            with database.write() as work:
                SigningKeyRepository(work.connection).add(_SCOPE, row)
            self._load(database)

    def _load(self, database: Database) -> None:
        self._loaded_at = self._monotonic()
        with database.read() as work:
            rows = SigningKeyRepository(work.connection).list(_SCOPE)
        self._keys = {row.id: self._keys.get(row.id) or self._open(row) for row in rows}
        self._current = next((self._keys[row.id] for row in rows if row.is_current), None)

    def _reload(self, after_seconds: float) -> None:
        """Load the keys again unless that was done lately: another process may have rotated."""
        if self._database and self._monotonic() - self._loaded_at >= after_seconds:
            self._load(self._database)

    def rotate(self, access: ScopedWork[SystemScope]) -> str:
        """Make a new key the current one and return its id; the others verify on.

        Other processes sign with the old key for a minute at most.
        """
        row = self._new_row(new_private_key())
        repository = SigningKeyRepository(access.connection)
        repository.retire_current(access.scope, self._clock.now())
        repository.add(access.scope, row)
        access.after_commit(lambda: self._reload(0))
        return row.id

    def drop_retired(self, access: ScopedWork[SystemScope]) -> int:
        """Delete the keys whose last token has expired; return how many."""
        kept = timedelta(seconds=MAX_ACCESS_TOKEN_SECONDS) + _STILL_SIGNS
        dropped = SigningKeyRepository(access.connection).delete_retired(
            access.scope, self._clock.now() - kept
        )
        if dropped:
            access.after_commit(lambda: self._reload(0))
        return dropped

    def _new_row(self, key: RSAPrivateKey) -> SigningKeyRow:
        key_id = f"kg:{new_uuid()}"
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return SigningKeyRow(
            id=key_id,
            sealed_private_key=self._key_ring.seal(der, _sealed_for(key_id)),
            is_current=True,
            created_at=self._clock.now(),
        )

    def _open(self, row: SigningKeyRow) -> SigningKey:
        der = self._key_ring.open(row.sealed_private_key, _sealed_for(row.id))
        # The seal has proved that it is the key made here; checking its primes takes 40 ms.
        key = load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError("a signing key is an RSA key")
        return SigningKey(key, row.id)

    def current(self) -> SigningKey:
        """Return the key that signs; raises Unavailable before `ensure`. May block."""
        self._reload(_RELOAD_SECONDS)
        if self._current is None:
            raise Unavailable(
                "The authorization server has no signing key yet. Try again in a moment.",
                code="no_signing_key",
            )
        return self._current

    def find(self, key_id: str) -> SigningKey | None:
        """Return the key that signed a token with this `kid`. May block on an unknown one."""
        if key_id not in self._keys:
            self._reload(_RELOAD_FOR_UNKNOWN_SECONDS)
        return self._keys.get(key_id)

    def public_set(self) -> dict[str, Any]:
        """Return the JSON Web Key Set that anybody may verify tokens with (RFC 7517)."""
        from joserfc.jwk import KeySet

        return dict(KeySet([key.jwk for key in self._keys.values()]).as_dict(private=False))

    def reseal(self, access: ScopedWork[SystemScope]) -> int:
        """Seal every private key with the ring's newest key; return how many were changed."""
        repository = SigningKeyRepository(access.connection)
        rows = [
            row
            for row in repository.list(access.scope)
            if not self._key_ring.is_current(row.sealed_private_key)
        ]
        for row in rows:
            der = self._key_ring.open(row.sealed_private_key, _sealed_for(row.id))
            repository.replace_sealed(
                access.scope, row.id, self._key_ring.seal(der, _sealed_for(row.id))
            )
        return len(rows)


def _sealed_for(key_id: str) -> SealedFor:
    return SealedFor(kind="signing_key", owner="installation", row=key_id)
