"""The settings of an OpenID Connect provider, its discovery document, and a person's claims.

Source: OpenID Connect Core 1.0, Discovery 1.0; docs/decisions/0041-sign-in-by-openid-connect.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from ionport.core.errors import Unauthenticated
from ionport.core.secrets import Secret


class OpenIdRefused(Unauthenticated):
    """Nobody is signed in; the text is for the person in front of the browser."""

    default_code = "openid_refused"


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """The provider that people sign in by; `name` stands on the button.

    With `domains` only e-mail addresses of these are taken; `creates_users` makes an account for
    who has none yet.
    """

    issuer: str
    client_id: str
    client_secret: Secret
    name: str
    domains: frozenset[str] = frozenset()
    creates_users: bool = False


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is used of the provider's discovery document."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    end_session_endpoint: str
    """Where a browser signs out there (RP-Initiated Logout 1.0 §2.1); empty where it cannot."""
    takes_basic: bool
    names_issuer: bool


@dataclass(frozen=True, slots=True)
class Claims:
    """What a checked ID token says of a person."""

    subject: str
    email: str
    is_email_verified: bool
    name: str
    has_second_factor: bool
