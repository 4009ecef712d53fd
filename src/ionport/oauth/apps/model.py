"""Values and rules of authorized apps."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from ionport.core.i18n import N_
from ionport.core.paging import PageRequest
from ionport.identity.model import AuditAction

_ENVIRONMENTS: Final = {
    **{name: name for name in ("PRD", "TST", "TRN", "DEV", "DEM")},
    "PROD": "PRD",
    "TEST": "TST",
    "DEMO": "DEM",
}
_ENVIRONMENT = re.compile(rf"[_\- ]({'|'.join(_ENVIRONMENTS)})\s*\Z", re.IGNORECASE)


class AppType(StrEnum):
    """The type of an authorized app; the value is Infor's label.

    Source: docs/reference/credentials.md#types.
    """

    BACKEND_SERVICE = "Backend Service"
    WEB = "Web"
    MOBILE_ANDROID = "Mobile - Android"
    MOBILE_IOS = "Mobile - IOS"
    MOBILE_WINDOWS = "Mobile - Windows"

    @property
    def is_mobile(self) -> bool:
        return self.name.startswith("MOBILE_")

    @property
    def has_users(self) -> bool:
        """Whether people sign on to it in a browser; else it logs in by itself."""
        return self is not AppType.BACKEND_SERVICE

    @property
    def fields(self) -> frozenset[str]:
        """The names of the draft's fields that only some types have, and this one does."""
        return _FIELDS[self]


_FIELDS: Final[Mapping[AppType, frozenset[str]]] = {
    AppType.BACKEND_SERVICE: frozenset({"user_impersonation", "id_translation"}),
    AppType.WEB: frozenset({"redirect_urls", "javascript_origins"}),
    AppType.MOBILE_ANDROID: frozenset(
        {"redirect_urls", "download_url", "package_name", "certificate_fingerprint"}
    ),
    AppType.MOBILE_IOS: frozenset({"redirect_urls", "bundle_id", "app_store_id"}),
    AppType.MOBILE_WINDOWS: frozenset({"redirect_urls"}),
}


class GrantType(StrEnum):
    """How an app gets its tokens. The first two are Infor's labels of the field Grant Type.

    A Backend Service has one of these two (docs/reference/credentials.md#backend-service), every
    other type the third.
    """

    PASSWORD_CREDENTIALS = "Password Credentials"  # noqa: S105 (a label, no password)
    CLIENT_CREDENTIALS = "Client Credentials"
    AUTHORIZATION_CODE = "Authorization Code"


BACKEND_GRANT_TYPES: Final = (GrantType.PASSWORD_CREDENTIALS, GrantType.CLIENT_CREDENTIALS)


@dataclass(frozen=True, slots=True)
class AuthorizedApp:
    """A registered client of the ION API.

    Lifetimes are in seconds; `refresh_token_seconds` 0 means that refresh tokens never expire.
    A public app has no secret: it proves by PKCE that it began what it ends (RFC 9700 §2.1.1).
    """

    id: str
    tenant_id: str
    client_id: str
    name: str
    type: AppType
    grant_type: GrantType
    description: str
    access_token_seconds: int
    issue_refresh_tokens: bool
    refresh_token_seconds: int
    is_disabled: bool
    created_at: datetime
    created_by: str
    is_public: bool = False
    redirect_urls: tuple[str, ...] = ()
    javascript_origins: tuple[str, ...] = ()
    download_url: str = ""
    package_name: str = ""
    certificate_fingerprint: str = ""
    bundle_id: str = ""
    app_store_id: str = ""
    enforce_scopes: bool = False
    scopes: tuple[str, ...] = ()
    user_impersonation: bool = False
    id_translation: bool = False
    use_bridge: bool = False
    token_generation: int = 0
    changed_at: datetime | None = None
    changed_by: str | None = None

    @property
    def environment(self) -> str | None:
        """The environment that the name ends with: TST for `DocBits_TST`, PRD for `DocBits_PROD`.

        None when the name says nothing.
        """
        found = _ENVIRONMENT.search(self.name)
        return _ENVIRONMENTS[found[1].upper()] if found else None


@dataclass(frozen=True, slots=True)
class AppUse:
    """How many accounts, grants and consents an app has; grants are counted up to a limit."""

    service_accounts: int
    live_grants: int
    consents: int


def name_key(name: str) -> str:
    """Return what must be unique of an app's name: without regard to case and outer blanks."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


class AppSort(StrEnum):
    """Columns that the list of apps can be sorted by."""

    NAME = "name"
    TYPE = "type"
    CLIENT_ID = "client_id"
    CREATED = "created"


@dataclass(frozen=True, slots=True)
class AppQuery:
    """Which apps to list: `text` is looked for in name, description and client id.

    None as type or state means any.
    """

    text: str = ""
    type: AppType | None = None
    is_disabled: bool | None = None
    sort: AppSort = AppSort.NAME
    descending: bool = False
    page: PageRequest = field(default_factory=PageRequest)


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """One of an app's client secrets: its digest, and a sealed copy unless copies are not kept."""

    id: str
    app_id: str
    digest: str
    sealed: str | None
    created_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BridgeKey:
    """The public half of a key pair that an app signs its assertions with; `id` is the `kid`."""

    id: str
    app_id: str
    public_jwk: Mapping[str, str]
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class CredentialsFile:
    """A `.ionapi` file to hand out once; `content` holds secrets, so it does not print."""

    filename: str
    content: bytes = field(repr=False)


class AppAction(AuditAction):
    """What the audit log tells of an authorized app."""

    CREATED = "app.created", N_("App added")
    CHANGED = "app.changed", N_("App changed")
    DELETED = "app.deleted", N_("App deleted")
    DISABLED = "app.disabled", N_("App disabled")
    ENABLED = "app.enabled", N_("App enabled")
    SECRET_REVEALED = "app.secret_revealed", N_("Secret revealed")
    SECRET_ROTATED = "app.secret_rotated", N_("Secret rotated")
    TOKEN_ISSUED = "app.token_issued", N_("Access token given to an administrator")
    CALL_SENT = "app.call_sent", N_("Call sent by an administrator")
    TOKENS_REVOKED = "app.tokens_revoked", N_("All tokens revoked")
    CREDENTIALS_DOWNLOADED = "app.credentials_downloaded", N_("Credentials downloaded")
    KEY_GENERATED = "app.key_generated", N_("Key pair generated")
    KEY_DELETED = "app.key_deleted", N_("Key deleted")
    APPROVED = "app.approved", N_("Approved by a user")
    APPROVAL_REVOKED = "app.approval_revoked", N_("Approval taken back")
