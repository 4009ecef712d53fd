"""Lets access tokens expire at a tester's word, in front of the authorization server's verifier."""

from __future__ import annotations

from ionport.core.errors import Unauthenticated
from ionport.core.i18n import _
from ionport.oauth.model import AccessToken
from ionport.oauth.verifier import AccessTokenVerifier
from ionport.sandbox.control.controls import Controls


class MarkedTokenVerifier:
    """Refuses tokens that are older than their tenant's mark; else asks the verifier."""

    def __init__(self, verifier: AccessTokenVerifier, controls: Controls) -> None:
        self._verifier = verifier
        self._controls = controls

    def recall(self, token: str, tenant_id: str) -> AccessToken | None:
        """Return what is known of a token that counts, without blocking; None: ask `verify`."""
        found = self._verifier.recall(token, tenant_id)
        return None if found is None or self._is_expired(found) else found

    def verify(self, token: str, tenant_id: str) -> AccessToken:
        """Return what the token says; raises Unauthenticated."""
        found = self._verifier.verify(token, tenant_id)
        if self._is_expired(found):
            raise Unauthenticated(
                _("The access token has expired. Refresh it or log in again."),
                code="token_expired",
            )
        return found

    def _is_expired(self, token: AccessToken) -> bool:
        mark = self._controls.expired_before(token.tenant_id)
        return mark is not None and token.issued_at < mark
