"""How requests to targets are signed: OAuth 1.0a without a token (RFC 5849), and JWTs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ionport.core.i18n import _
from ionport.gateway.targets.security import OpenedSecurity

if TYPE_CHECKING:
    from joserfc.jwk import OctKey, RSAKey

_DIGESTS: Final = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
_MIN_RSA_BITS: Final = 2048
_MIN_SHARED_BYTES: Final = 32

Pair = tuple[str, str]


def oauth1_header(
    method: str,
    url: str,
    body_parameters: Iterable[Pair],
    security: OpenedSecurity,
    *,
    nonce: str,
    timestamp: int,
) -> str:
    """Return the Authorization header of a zero-legged request (RFC 5849 §3.5.1).

    `url` is whole, as it goes out; `body_parameters` are those of a form, decoded. `timestamp`
    is in seconds since 1970.
    """
    values = security.values
    protocol = {
        "oauth_consumer_key": values["access_key"],
        "oauth_nonce": nonce,
        "oauth_signature_method": values["algorithm"],
        "oauth_timestamp": str(timestamp),
        "oauth_version": "1.0",
    }
    base = signature_base(method, url, [*protocol.items(), *body_parameters])
    # There is no token, so its secret is empty (§3.4.2).
    protocol["oauth_signature"] = hmac_signature(
        base, values["algorithm"], values["secret_key"], token_secret=""
    )
    return "OAuth " + ", ".join(f'{name}="{_escape(value)}"' for name, value in protocol.items())


def signature_base(method: str, url: str, parameters: Iterable[Pair]) -> str:
    """Return the signature base string of RFC 5849 §3.4.1.

    `parameters` are those of the header (without realm and signature) and of a form; those of
    the query are read from `url`.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    if parts.port not in (None, {"http": 80, "https": 443}[parts.scheme]):
        host = f"{host}:{parts.port}"
    query = form_pairs(parts.query.encode())
    encoded = sorted((_escape(name), _escape(value)) for name, value in [*query, *parameters])
    normalized = "&".join(f"{name}={value}" for name, value in encoded)
    address = f"{parts.scheme}://{host}{parts.path or '/'}"
    return "&".join(_escape(part) for part in (method.upper(), address, normalized))


def hmac_signature(base: str, algorithm: str, client_secret: str, token_secret: str) -> str:
    """Return the HMAC signature of RFC 5849 §3.4.2, also with SHA-256."""
    key = f"{_escape(client_secret)}&{_escape(token_secret)}".encode()
    digest = hmac.new(key, base.encode(), _DIGESTS[algorithm]).digest()
    return base64.b64encode(digest).decode()


def form_pairs(content: bytes) -> list[Pair]:
    """Decode `application/x-www-form-urlencoded`; what is no UTF-8 keeps its bytes as Latin-1."""
    pairs = []
    for part in content.split(b"&"):
        if part:
            name, _equals, value = part.partition(b"=")
            pairs.append((_decode(name), _decode(value)))
    return pairs


def jwt(security: OpenedSecurity, *, now: int) -> str:
    """Return a signed JWT with the configured payload, `iat` and `exp`.

    Raises:
        ValueError: the key does not fit; `wrong_jwt_key` says so when it is saved.
    """
    from joserfc import jws
    from joserfc.errors import JoseError

    values = security.values
    claims = json.loads(values["payload"])
    claims |= {"iat": now, "exp": now + int(values["expiration_seconds"])}
    header = {"typ": "JWT", "alg": values["algorithm"]}
    if values.get("key_id"):
        header["kid"] = values["key_id"]
    key = _jwt_key(values["algorithm"], values["key"])
    try:
        return jws.serialize_compact(
            header, json.dumps(claims), key, algorithms=[values["algorithm"]]
        )
    except JoseError as error:
        raise ValueError(str(error)) from error


def wrong_jwt_key(security: OpenedSecurity) -> str | None:
    """Return why the key cannot sign; None when it can."""
    try:
        jwt(security, now=0)
    except (ValueError, TypeError):
        if security.values["algorithm"] == "HS256":
            return _("Enter a shared key of at least {count} bytes.").format(
                count=_MIN_SHARED_BYTES
            )
        return _("Enter an RSA private key of at least {bits} bits in PEM form.").format(
            bits=_MIN_RSA_BITS
        )
    return None


def _jwt_key(algorithm: str, text: str) -> OctKey | RSAKey:
    from joserfc.jwk import OctKey, RSAKey

    content = text.encode()
    if algorithm == "HS256":
        if len(content) < _MIN_SHARED_BYTES or content.startswith(b"-----BEGIN"):
            raise ValueError("no shared key, or a short one")
        return OctKey.import_key(content)
    try:
        key = load_pem_private_key(content, password=None)
    except UnsupportedAlgorithm as error:
        raise ValueError("no RSA key") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < _MIN_RSA_BITS:
        raise ValueError("no private RSA key, or a short one")
    return RSAKey.import_key(key)


def _escape(text: str) -> str:
    """Percent-encode as RFC 5849 §3.6 says."""
    return quote(text, safe="-._~")


def _decode(text: bytes) -> str:
    content = unquote_to_bytes(text.replace(b"+", b" "))
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")
