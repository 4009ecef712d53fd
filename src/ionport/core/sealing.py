"""Sealing of secrets at rest: AES-256-GCM with a key ring that never lies in the database.

Sealed text is bound to `kind|owner|row` as associated data, so a sealed value copied to another
row, owner or kind does not open (docs/decisions/0006-secrets-sealed-digested-shown-once.md).
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ionport.core.errors import Unavailable
from ionport.core.files import private_opener, sync_folder
from ionport.core.i18n import _
from ionport.core.secrets import Secret

_KEY_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class SealedFor:
    """What a sealed value belongs to; all three parts must match to open it."""

    kind: str
    owner: str
    row: str

    def associated_data(self) -> bytes:
        return f"{self.kind}|{self.owner}|{self.row}".encode()


class KeyRing:
    """Named 256-bit keys; the newest seals, all of them open.

    A digest key, apart from the sealing keys, makes HMAC-SHA-256 digests of random secrets: it
    is never rotated, since a digest cannot be made again from itself.
    """

    def __init__(self, keys: Mapping[str, bytes], *, current: str, digest_key: bytes) -> None:
        if current not in keys or any(len(key) != _KEY_BYTES for key in keys.values()):
            raise ValueError("a key ring needs 32-byte keys and names one of them as current")
        self._keys = dict(keys)
        self._digest_key = digest_key
        self._mac = hmac.new(digest_key, digestmod=hashlib.sha256)
        self.current = current

    def seal(self, secret: Secret | bytes, owner: SealedFor) -> str:
        """Return `<key id>.<base64url of nonce and ciphertext>`."""
        plain = secret.reveal().encode() if isinstance(secret, Secret) else secret
        nonce = os.urandom(_NONCE_BYTES)
        box = AESGCM(self._keys[self.current]).encrypt(nonce, plain, owner.associated_data())
        return f"{self.current}.{base64.urlsafe_b64encode(nonce + box).decode()}"

    def open(self, sealed: str, owner: SealedFor) -> bytes:
        """Return what was sealed.

        Raises:
            Unavailable: the key is not in the ring, or the value was altered or moved.
        """
        key_id, _dot, text = sealed.partition(".")
        key = self._keys.get(key_id)
        try:
            if key is None:
                raise InvalidTag
            box = base64.urlsafe_b64decode(text)
            return AESGCM(key).decrypt(
                box[:_NONCE_BYTES], box[_NONCE_BYTES:], owner.associated_data()
            )
        except (InvalidTag, ValueError) as error:
            raise Unavailable(
                _(
                    "A stored secret could not be opened. Start the server with the key file"
                    " (or IONPORT_KEYS) that it was sealed with."
                ),
                code="sealed_value_does_not_open",
                detail=f"kind={owner.kind} row={owner.row} key={key_id}",
            ) from error

    def open_secret(self, sealed: str, owner: SealedFor) -> Secret:
        """Return what was sealed, as a text that does not print."""
        return Secret(self.open(sealed, owner).decode())

    def is_current(self, sealed: str) -> bool:
        """Tell whether `sealed` was made with the newest key."""
        return sealed.startswith(f"{self.current}.")

    def has(self, key_id: str) -> bool:
        """Tell whether the ring opens what was sealed with a key."""
        return key_id in self._keys

    def digest(self, secret: Secret) -> str:
        """Return the HMAC-SHA-256 of a random secret, hex; for look-up and comparison."""
        mac = self._mac.copy()
        mac.update(secret.reveal().encode())
        return mac.hexdigest()

    def with_new_key(self) -> KeyRing:
        """Return a ring with one more key, which is now the current one."""
        key_id = _new_key_id()
        keys = {**self._keys, key_id: secrets.token_bytes(_KEY_BYTES)}
        return KeyRing(keys, current=key_id, digest_key=self._digest_key)

    @classmethod
    def generate(cls) -> KeyRing:
        """Return a ring with one fresh key."""
        key_id = _new_key_id()
        keys = {key_id: secrets.token_bytes(_KEY_BYTES)}
        return cls(keys, current=key_id, digest_key=secrets.token_bytes(_KEY_BYTES))

    def to_text(self) -> str:
        """Return the ring as JSON: the content of the key file and of `IONPORT_KEYS`."""
        return json.dumps(
            {
                "current": self.current,
                "digest": base64.b64encode(self._digest_key).decode(),
                "keys": {k: base64.b64encode(v).decode() for k, v in self._keys.items()},
            }
        )

    @classmethod
    def from_text(cls, text: str) -> KeyRing:
        """Read a ring back.

        Raises:
            Unavailable: the text is not a key ring.
        """
        try:
            data = json.loads(text)
            keys = {str(k): base64.b64decode(v) for k, v in data["keys"].items()}
            return cls(keys, current=data["current"], digest_key=base64.b64decode(data["digest"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unavailable(
                _("The key ring cannot be read. Restore the key file or IONPORT_KEYS."),
                code="key_ring_unreadable",
            ) from error


def _new_key_id() -> str:
    """Random, so that two who make a key at once never give two keys one id."""
    return f"k{secrets.token_hex(8)}"


def load_key_ring(path: Path) -> KeyRing | None:
    """Read the key ring at `path`; None when there is no such file.

    Raises:
        Unavailable: the file cannot be read, or is no key ring.
    """
    try:
        return KeyRing.from_text(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Unavailable(
            _("The key file {path} cannot be read. Restore it, or give it its rights back.").format(
                path=path
            ),
            code="key_ring_unreadable",
            detail=str(error),
        ) from error


def create_key_ring(path: Path) -> KeyRing:
    """Make the first key ring at `path`; who comes second gets the first one's."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    _write(temporary, KeyRing.generate().to_text())
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    sync_folder(path.parent)
    return KeyRing.from_text(path.read_text(encoding="utf-8"))


@contextmanager
def sole_writer(path: Path) -> Iterator[None]:
    """Keep every other process from writing the key ring at `path` for the time of the block."""
    with open(path.with_name(f"{path.name}.lock"), "w", opener=private_opener) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_key_ring(path: Path, ring: KeyRing) -> None:
    """Write the ring and keep the file before it, with `.previous` behind its name.

    A crash leaves the old or the new file, never half of one. File and folder are on the disk
    when this returns: what is sealed with a new key from now on can be opened.
    """
    if path.exists():
        _replace(path.with_name(f"{path.name}.previous"), path.read_text(encoding="utf-8"))
    _replace(path, ring.to_text())
    sync_folder(path.parent)


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    _write(temporary, text)
    temporary.replace(path)


def _write(path: Path, text: str) -> None:
    with open(path, "w", encoding="utf-8", opener=private_opener) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
