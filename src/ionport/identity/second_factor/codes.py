"""One-time codes by time (RFC 6238: SHA-1, 6 digits, 30 seconds), and recovery codes.

The only importer of pyotp. Source: docs/decisions/0038-a-second-factor-by-time-based-codes.md.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ionport.core.secrets import Secret

if TYPE_CHECKING:
    import pyotp

ISSUER: Final = "ionport"
RECOVERY_CODES: Final = 10
_SECONDS: Final = 30
_SECRET_BYTES: Final = 20
# A clock may be this many steps off, in either direction (RFC 6238 §5.2).
_DRIFT: Final = 1
_CODE: Final = re.compile(r"[0-9]{6}")
_RECOVERY_LETTERS: Final = 16
_RECOVERY_CODE: Final = re.compile(r"[A-Z2-7]{16}")


def new_secret() -> Secret:
    """Return a random secret of 160 bits as base32, as apps take it."""
    return Secret(_random_letters())


def setup_address(secret: Secret, username: str) -> Secret:
    """Return the `otpauth:` address that apps read from a QR code; it holds the secret."""
    totp = _totp(secret)
    return Secret(totp.provisioning_uri(name=username, issuer_name=ISSUER))


def step_of(secret: Secret, typed: Secret, now: datetime) -> int | None:
    """Return the number of the 30 seconds that a typed code belongs to; None for a wrong code."""
    code = re.sub(r"\s", "", typed.reveal()[:40])
    if not _CODE.fullmatch(code):
        return None
    totp = _totp(secret)
    present = int(now.timestamp()) // _SECONDS
    found = None
    for step in range(present - _DRIFT, present + _DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found


def new_recovery_codes() -> Sequence[Secret]:
    """Return codes of 80 random bits each, in groups of four letters and digits."""
    codes = []
    for _number in range(RECOVERY_CODES):
        letters = _random_letters()[:_RECOVERY_LETTERS]
        codes.append(Secret("-".join(letters[at : at + 4] for at in range(0, len(letters), 4))))
    return codes


def recovery_letters(typed: Secret) -> str | None:
    """Return the letters of what may be a recovery code, however it was typed; else None."""
    letters = re.sub(r"[\s-]", "", typed.reveal()[:60]).upper()
    return letters if _RECOVERY_CODE.fullmatch(letters) else None


def _totp(secret: Secret) -> pyotp.TOTP:
    # Here, because the sandbox runs without this package.
    import pyotp

    return pyotp.TOTP(secret.reveal(), interval=_SECONDS)


def _random_letters() -> str:
    return base64.b32encode(os.urandom(_SECRET_BYTES)).decode()
