"""Talks to an OpenID Connect provider: discovery, keys, the code for an ID token.

Its discovery document is remembered for an hour; its keys are asked for again when a token names
one that is not known, once a minute at most. Few calls are under way at once, so that a provider
that hangs takes no thread that others need.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from ionport.core.clock import Clock
from ionport.core.errors import Unavailable
from ionport.core.http.client import ForeignAnswer, ForeignClient
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.identity.openid.model import Claims, Metadata, OpenIdRefused, ProviderSettings
from ionport.identity.openid.tokens import (
    TokenRefused,
    UnknownKey,
    check_id_token,
    person_of,
)
from ionport.ionapi.addresses import AddressPolicy
from ionport.ionapi.errors import AddressRefused

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

_SECONDS: Final = 10.0
_MOST_BYTES: Final = 256 * 1024
_AT_ONCE: Final = 4
_REMEMBERED: Final = timedelta(hours=1)
_ASK_AGAIN: Final = timedelta(minutes=1)
_MAX_TOKEN: Final = 32 * 1024


@dataclass(frozen=True, slots=True)
class _Keys:
    keys: KeySet
    at: datetime


class Provider:
    """One provider, as the settings name it."""

    def __init__(self, settings: ProviderSettings, policy: AddressPolicy, clock: Clock) -> None:
        self.settings = settings
        self._policy = policy
        self._clock = clock
        self._client = ForeignClient(policy, seconds=_SECONDS, most_bytes=_MOST_BYTES)
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._metadata: tuple[Metadata, datetime] | None = None
        self._keys: _Keys | None = None

    def metadata(self) -> Metadata:
        """Return the provider's discovery document; raises Unavailable where there is none."""
        remembered, now = self._metadata, self._clock.now()
        if remembered is not None and now - remembered[1] < _REMEMBERED:
            return remembered[0]
        url = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = self._ask("GET", url).json_object()
        if found.get("issuer") != self.settings.issuer:
            raise self._away("its discovery document names another issuer")
        addresses = [
            found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        ]
        if not all(isinstance(one, str) for one in addresses):
            raise self._away("its discovery document lacks an address")
        authorization, token, jwks = map(str, addresses)
        try:
            self._policy.check_url(authorization)
        except AddressRefused as error:
            raise self._away(f"its authorization endpoint is refused: {error.code}") from error
        methods = found.get("token_endpoint_auth_methods_supported")
        metadata = Metadata(
            authorization_endpoint=authorization,
            token_endpoint=token,
            jwks_uri=jwks,
            userinfo_endpoint=str(found.get("userinfo_endpoint") or ""),
            end_session_endpoint=self._allowed(found.get("end_session_endpoint")),
            takes_basic=not isinstance(methods, list) or "client_secret_basic" in methods,
            names_issuer=found.get("authorization_response_iss_parameter_supported") is True,
        )
        self._metadata = (metadata, now)
        return metadata

    def _allowed(self, address: object) -> str:
        """Return a provider's address to which a browser may be redirected; empty for another."""
        if not isinstance(address, str):
            return ""
        try:
            self._policy.check_url(address)
        except AddressRefused:
            return ""
        return address

    def claims_for(self, code: str, *, verifier: Secret, nonce: str, redirect_uri: str) -> Claims:
        """Give a code for an ID token, check that, and return what it says.

        Raises:
            OpenIdRefused: the provider refuses the code, or its token proves nothing.
            Unavailable: the provider does not answer.
        """
        metadata = self.metadata()
        answer = self._exchanged(metadata, code, verifier, redirect_uri)
        content = answer.json_object()
        token, access_token = content.get("id_token"), content.get("access_token")
        if answer.status != 200 or not isinstance(token, str) or len(token) > _MAX_TOKEN:
            error = str(content.get("error", ""))[:80]
            raise self._refused(f"no ID token: status {answer.status}, error {error!r}")
        held = Secret(access_token if isinstance(access_token, str) else "")
        try:
            claims = self._checked(Secret(token), nonce, held)
            is_complete = bool(claims.email) or not (held and metadata.userinfo_endpoint)
            return claims if is_complete else self._with_email(claims, metadata, held)
        except TokenRefused as error:
            raise self._refused(f"ID token refused: {error}") from error

    def _with_email(self, claims: Claims, metadata: Metadata, access_token: Secret) -> Claims:
        """Ask for what many providers do not write into the ID token (Core 1.0 §5.3, §5.4)."""
        headers = {"Authorization": f"Bearer {access_token.reveal()}"}
        found = self._ask("GET", metadata.userinfo_endpoint, None, headers).json_object()
        if found.get("sub") != claims.subject:
            raise TokenRefused("the user information is of another person")
        return replace(claims, **person_of(found))

    def _checked(self, token: Secret, nonce: str, access_token: Secret) -> Claims:
        for is_new in (False, True):
            try:
                return check_id_token(
                    token,
                    self._key_set(is_new=is_new),
                    issuer=self.settings.issuer,
                    client_id=self.settings.client_id,
                    nonce=nonce,
                    access_token=access_token,
                    now=self._clock.now(),
                )
            except UnknownKey:
                if is_new:
                    raise
        raise AssertionError("unreachable")

    def _exchanged(
        self, metadata: Metadata, code: str, verifier: Secret, redirect_uri: str
    ) -> ForeignAnswer:
        settings = self.settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier.reveal(),
        }
        headers = {"Accept": "application/json"}
        if metadata.takes_basic:
            # RFC 6749 §2.3.1: both parts form-encoded before they are joined.
            parts = (settings.client_id, settings.client_secret.reveal())
            joined = ":".join(quote(part, safe="") for part in parts)
            headers["Authorization"] = f"Basic {base64.b64encode(joined.encode()).decode()}"
        else:
            form |= {
                "client_id": settings.client_id,
                "client_secret": settings.client_secret.reveal(),
            }
        return self._ask("POST", metadata.token_endpoint, form, headers)

    def _key_set(self, *, is_new: bool) -> KeySet:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        kept, now = self._keys, self._clock.now()
        if kept is not None and now - kept.at < (_ASK_AGAIN if is_new else _REMEMBERED):
            return kept.keys
        content = self._ask("GET", self.metadata().jwks_uri).json_object()
        try:
            keys = KeySet.import_key_set({"keys": _public(content.get("keys"))})
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise self._away("its key set cannot be read") from error
        self._keys = _Keys(keys, now)
        return keys

    def _ask(
        self,
        method: str,
        url: str,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> ForeignAnswer:
        with self._turn():
            try:
                answer = self._client.send(method, url, form=form, headers=headers)
            except Unavailable as error:
                raise self._away(error.detail or error.code) from error
        if answer.status >= 500 or (method == "GET" and answer.status != 200):
            raise self._away(f"status {answer.status} from {url.partition('?')[0][:200]}")
        return answer

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=_SECONDS):
            raise self._away("too many calls are under way")
        try:
            yield
        finally:
            self._turns.release()

    def _away(self, detail: str) -> Unavailable:
        text = _(
            "{name} cannot be asked at the moment. Try again, or sign in with a password."
        ).format(name=self.settings.name)
        return Unavailable(text, code="openid_away", detail=f"OpenID provider: {detail}")

    def _refused(self, detail: str) -> OpenIdRefused:
        text = _("The sign-in by {name} did not work. Try again.").format(name=self.settings.name)
        return OpenIdRefused(text, detail=detail)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()


def _public(keys: object) -> list[dict[str, Any]]:
    """Return the keys that signatures are checked with; kinds that are unknown are left out."""
    if not isinstance(keys, list):
        raise TypeError("no list of keys")
    kinds = ("RSA", "EC", "OKP")
    return [
        key
        for key in keys[:100]
        if isinstance(key, dict) and key.get("kty") in kinds and key.get("use", "sig") == "sig"
    ]
