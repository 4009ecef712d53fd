"""The check of an ID token (OpenID Connect Core 1.0 §3.1.3.7)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ionport.core.secrets import Secret
from ionport.identity.openid.model import Claims

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

# Signed by the provider's private key alone: never by what both sides know, and never `none`.
ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    "Ed25519",
)  # fmt: skip
# How far the clocks of the two servers may be apart, in seconds.
_LEEWAY: Final = 60
_MAX_SUBJECT: Final = 255
_SECOND_FACTORS: Final = frozenset(("mfa", "otp", "hwk", "fido"))


class TokenRefused(ValueError):
    """An ID token that proves nothing; the text is for the log."""


class UnknownKey(TokenRefused):
    """It names a key that is not in the key set: the provider may have a new one."""


def check_id_token(
    token: Secret,
    keys: KeySet,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: Secret,
    now: datetime,
) -> Claims:
    """Return what a genuine ID token says, which was made for this client and this sign-in.

    Raises:
        UnknownKey: it is signed by a key that is not among `keys`.
        TokenRefused: anything else is wrong with it.
    """
    header, claims = _verified(token, keys)
    if claims.get("iss") != issuer:
        raise TokenRefused("iss is another issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if client_id not in audiences:
        raise TokenRefused("aud is another client")
    azp = claims.get("azp")
    if azp != client_id and (len(audiences) > 1 or azp is not None):
        raise TokenRefused("azp is another client")
    _check_times(claims, now.timestamp())
    if not hmac.compare_digest(_text(claims, "nonce").encode(), nonce.encode()):
        raise TokenRefused("nonce is of another sign-in")
    at_hash = claims.get("at_hash")
    if at_hash is not None and at_hash != _half_hash(str(header.get("alg")), access_token):
        raise TokenRefused("at_hash is of another access token")
    subject = _text(claims, "sub")
    if not 0 < len(subject) <= _MAX_SUBJECT or not subject.isprintable():
        raise TokenRefused("sub is missing or too long")
    methods = claims.get("amr")
    return Claims(
        subject=subject,
        **person_of(claims),
        has_second_factor=isinstance(methods, list)
        and any(method in _SECOND_FACTORS for method in methods if isinstance(method, str)),
    )


def person_of(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return address, whether the provider has checked it, and name, as `Claims` has them."""
    return {
        "email": _text(claims, "email").strip(),
        # Some providers send it as a text.
        "is_email_verified": claims.get("email_verified") in (True, "true"),
        "name": _text(claims, "name"),
    }


def _verified(token: Secret, keys: KeySet) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    from joserfc import jws, jwt
    from joserfc.errors import JoseError

    try:
        text = token.reveal()
        header = jws.extract_compact(text.encode()).headers()
        kid = header.get("kid")
        named = [key for key in keys.keys if kid is None or key.kid == kid]
        if not named:
            raise UnknownKey(f"no key {str(kid)[:80]!r}")
        # Without a name one of the keys has to fit; a key set of thousands is not searched.
        wrong: JoseError | ValueError | None = None
        for key in named[:10]:
            try:
                found = jwt.decode(text, key, algorithms=list(ALGORITHMS))
            except (JoseError, ValueError) as error:
                wrong = error
                continue
            return found.header, found.claims
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        if isinstance(error, TokenRefused):
            raise
        raise TokenRefused(f"no token that can be read: {type(error).__name__}") from error
    raise TokenRefused(f"the signature is wrong: {type(wrong).__name__}")


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    times = {name: claims[name] for name in ("exp", "iat", "nbf") if name in claims}
    if not {"exp", "iat"} <= set(times) or not all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in times.values()
    ):
        raise TokenRefused("exp or iat is missing or no number")
    if times["exp"] + _LEEWAY <= now:
        raise TokenRefused("it has expired")
    if max(times["iat"], times.get("nbf", times["iat"])) - _LEEWAY > now:
        raise TokenRefused("it is of the future")


def _half_hash(algorithm: str, access_token: Secret) -> str:
    """Return the left half of the access token's hash (OpenID Connect Core 1.0 §3.1.3.6)."""
    name = "sha512" if algorithm.startswith("Ed") else f"sha{algorithm[2:]}"
    digest = hashlib.new(name, access_token.reveal().encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""
