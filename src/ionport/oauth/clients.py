"""Which client a request comes from: by Basic, body or query string (RFC 6749 §2.3.1).

The three are accepted side by side because ION API clients use each of them (facts §6.6).
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.oauth.model import AuthorizedApp
from ionport.oauth.protocol import InvalidClient, InvalidRequest, Parameters, look_up_text
from ionport.oauth.repository import AppRepository
from ionport.store import TenantScope

_WRONG_CLIENT: Final = "Invalid client or client credentials."
# Compared against when there is no such client, so that it costs what a wrong secret costs.
_NO_DIGEST: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class OAuthRequest:
    """What the token and the revocation endpoint read of an HTTP request."""

    parameters: Parameters
    authorization: Secret | None = None

    @property
    def names_client(self) -> bool:
        """Whether the request says at all which client it comes from."""
        return self.authorization is not None or bool(self.parameters.get("client_id"))


def authenticate_client(
    request: OAuthRequest, apps: AppRepository, scope: TenantScope, key_ring: KeyRing
) -> AuthorizedApp:
    """Return the app whose client id and secret the request carries.

    Raises:
        InvalidClient: unknown, wrong secret, disabled: told apart only once the secret is right.
        InvalidRequest: header and body name two different clients.
    """
    client_id, secret = _presented(request)
    found = apps.find_client(scope, look_up_text(client_id))
    digests = (found[1] if found else ()) or (_NO_DIGEST,)
    presented = key_ring.digest(secret)
    matches = [hmac.compare_digest(digest, presented) for digest in digests]
    if found is None or not any(matches):
        reason = "unknown client id" if found is None else "wrong client secret"
        raise InvalidClient(_WRONG_CLIENT, detail=reason)
    app, _digests = found
    if app.is_disabled:
        raise InvalidClient("The authorized app is disabled.", detail=f"app {app.id} is disabled")
    return app


def _presented(request: OAuthRequest) -> tuple[str, Secret]:
    in_parameters = request.parameters.get("client_id")
    if request.authorization is None:
        if not in_parameters:
            raise InvalidClient(_WRONG_CLIENT, detail="the request names no client")
        return in_parameters, request.parameters.secret("client_secret")
    client_id, secret = _basic(request.authorization)
    if in_parameters not in ("", client_id):
        raise InvalidRequest("client_id differs from the one in the Authorization header")
    return client_id, secret or request.parameters.secret("client_secret")


def _basic(authorization: Secret) -> tuple[str, Secret]:
    """Split the header's value; id and secret may be form-encoded in it, or not (RFC, Infor)."""
    scheme, _blank, value = authorization.reveal().partition(" ")
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except ValueError as error:
        raise InvalidClient(_WRONG_CLIENT, detail="unreadable Authorization header") from error
    client_id, colon, secret = text.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise InvalidClient(_WRONG_CLIENT, detail="the Authorization header is not Basic id:secret")
    return unquote_plus(client_id), Secret(unquote_plus(secret))
