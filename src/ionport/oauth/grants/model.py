"""Values of grants: a grant is one login, to which its tokens belong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ionport.core.i18n import N_
from ionport.identity.model import AuditAction


@dataclass(frozen=True, slots=True)
class Grant:
    """One login, to which its access tokens and its refresh token belong.

    `refresh_digest` is None when no refresh token was issued; `refresh_expires_at` None means
    that it never expires. `ends_at` is when the last of its tokens is over, None for never.
    `generation` is the app's when the grant was made; below the app's, it has ended.
    """

    id: str
    tenant_id: str
    app_id: str
    service_account_id: str | None
    refresh_digest: str | None
    refresh_expires_at: datetime | None
    created_at: datetime
    last_used_at: datetime
    revoked_at: datetime | None = None
    user_id: str | None = None
    scopes: str = ""
    generation: int = 0
    ends_at: datetime | None = None


CODE_LIFETIME: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """A code as stored: its digest, and all that the token request must agree with.

    `redirect_uri_was_sent` tells whether the token request must repeat the URL (RFC 6749 §4.1.3).
    `grant_id` is set once the code is redeemed, so that a second use can close that grant.
    """

    digest: str
    tenant_id: str
    app_id: str
    user_id: str
    redirect_uri: str
    redirect_uri_was_sent: bool
    code_challenge: str | None
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    grant_id: str | None = None


class SamlIssuerAction(AuditAction):
    """What the audit log tells of a SAML issuer."""

    ADDED = "saml_issuer.added", N_("SAML issuer added")
    DELETED = "saml_issuer.deleted", N_("SAML issuer deleted")
