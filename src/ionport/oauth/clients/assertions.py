"""Client authentication by a signed assertion: private_key_jwt (RFC 7523 §2.2 and §3).

The app's public keys are those that *Generate Key Pair* made. An assertion lives an hour at most
(what client libraries make unless told otherwise) and is taken once.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ionport.oauth.apps.bridge.keys import ALGORITHM
from ionport.oauth.apps.model import BridgeKey
from ionport.oauth.protocol import InvalidClient

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_LIFETIME_SECONDS: Final = 3600
LEEWAY_SECONDS: Final = 60
_MAX_LENGTH: Final = 8192
_MAX_ID_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class UsedAssertion:
    """An assertion's id, to be noted when the request succeeds: none is taken twice."""

    issuer: str
    assertion_id: str
    expires_at: datetime


def claimed_client(assertion: str) -> str:
    """Return the client id that an assertion claims, before anything of it is checked."""
    subject = _part(assertion, 1).get("sub")
    if not isinstance(subject, str):
        raise _refused("the claim sub is missing")
    return subject


def verify_assertion(
    assertion: str,
    client_id: str,
    keys: Sequence[BridgeKey],
    audiences: Sequence[str],
    now: datetime,
) -> UsedAssertion:
    """Check an assertion of `client_id` against the app's public keys.

    Raises:
        InvalidClient: with the reason in its text, which the signer needs.
    """
    header = _part(assertion, 0)
    if header.get("alg") != ALGORITHM:
        raise _refused(f"alg must be {ALGORITHM}")
    if set(header) & {"crit", "jwk", "jku", "x5u", "x5c", "b64"}:
        raise _refused("the header must not bring a key or an extension")
    named = [key for key in keys if header.get("kid") in (None, key.id)]
    if not any(_is_signed_by(assertion, key) for key in named):
        raise _refused("no key of this app made the signature")
    return _checked(_part(assertion, 1), client_id, audiences, int(now.timestamp()))


def _is_signed_by(assertion: str, key: BridgeKey) -> bool:
    # Loaded with the first assertion: few servers ever get one.
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import RSAKey

    try:
        jws.deserialize_compact(
            assertion, RSAKey.import_key(dict(key.public_jwk)), algorithms=[ALGORITHM]
        )
    except (JoseError, ValueError):
        return False
    return True


def _checked(
    claims: Mapping[str, Any], client_id: str, audiences: Sequence[str], now: int
) -> UsedAssertion:
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise _refused("iss and sub must be the client id")
    audience = claims.get("aud")
    # One audience and no list of several: else another server named in it could use it here.
    named = audience[0] if isinstance(audience, list) and len(audience) == 1 else audience
    if not isinstance(named, str) or named not in audiences:
        raise _refused(f"aud must be {audiences[0]}")
    expires = _seconds(claims, "exp")
    if expires is None or expires <= now - LEEWAY_SECONDS:
        raise _refused("exp is missing or past")
    if expires > now + MAX_LIFETIME_SECONDS + LEEWAY_SECONDS:
        raise _refused(f"exp must be at most {MAX_LIFETIME_SECONDS} seconds away")
    for name in ("iat", "nbf"):
        moment = _seconds(claims, name)
        if moment is not None and moment > now + LEEWAY_SECONDS:
            raise _refused(f"{name} is in the future")
    assertion_id = claims.get("jti")
    if not isinstance(assertion_id, str) or not 0 < len(assertion_id) <= _MAX_ID_LENGTH:
        raise _refused("jti is missing")
    if not assertion_id.isprintable():
        raise _refused("jti has unprintable characters")
    until = datetime.fromtimestamp(expires + LEEWAY_SECONDS, UTC)
    return UsedAssertion(client_id, assertion_id, until)


def _seconds(claims: Mapping[str, Any], name: str) -> int | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise _refused(f"{name} is no time")
    return int(value)


def _part(assertion: str, index: int) -> Mapping[str, Any]:
    if len(assertion) > _MAX_LENGTH or assertion.count(".") != 2:
        raise _refused("it is no JWT")
    try:
        part = json.loads(_decoded(assertion.split(".")[index]))
    except (ValueError, RecursionError) as error:
        raise _refused("it is no JWT") from error
    if not isinstance(part, dict):
        raise _refused("it is no JWT")
    return part


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _refused(reason: str) -> InvalidClient:
    return InvalidClient(f"The client assertion is refused: {reason}.", detail=reason)
