"""Values and rules of authorized apps, service accounts, grants and tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from ionport.core.paging import PageRequest
from ionport.oauth.scopes import PREFIX, scope_of

_ENVIRONMENTS: Final = {
    **{name: name for name in ("PRD", "TST", "TRN", "DEV", "DEM")},
    "PROD": "PRD",
    "TEST": "TST",
    "DEMO": "DEM",
}
_ENVIRONMENT = re.compile(rf"[_\- ]({'|'.join(_ENVIRONMENTS)})\s*\Z", re.IGNORECASE)


class AppType(StrEnum):
    """The type of an authorized app; the value is Infor's label (facts/ion-api.md §1.3)."""

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
    """How an app comes by its tokens. The first two are Infor's labels of the field Grant Type.

    A Backend Service has one of these two (facts/ion-api.md §1.4), every other type the third.
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
    """What hangs on an app; grants are counted up to a limit."""

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
class ServiceAccount:
    """An account that an app's password grant logs in with; its secret key is not kept.

    `identity2` is the linked user's GUID. `user_is_disabled` closes the account as well.
    """

    id: str
    tenant_id: str
    app_id: str
    access_key: str
    user_id: str | None
    is_disabled: bool
    created_at: datetime
    created_by: str
    last_used_at: datetime | None
    description: str = ""
    scopes: tuple[str, ...] = ()
    user_name: str | None = None
    identity2: str | None = None
    user_is_disabled: bool = False

    @property
    def never_used(self) -> bool:
        """Whether nobody has ever logged in with the file that this account was made for."""
        return self.last_used_at is None


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """A service account with the name of its app."""

    account: ServiceAccount
    app_name: str


class AccountSort(StrEnum):
    """Columns that the list of a tenant's service accounts can be sorted by."""

    CREATED = "created"
    DESCRIPTION = "description"
    USER = "user"
    APP = "app"
    LAST_USED = "last_used"


@dataclass(frozen=True, slots=True)
class AccountQuery:
    """Which accounts to list: `text` is looked for in description, key, app and user."""

    text: str = ""
    is_disabled: bool | None = None
    has_user: bool | None = None
    sort: AccountSort = AccountSort.CREATED
    descending: bool = True
    page: PageRequest = field(default_factory=PageRequest)


@dataclass(frozen=True, slots=True)
class Person:
    """An enabled user of the tenant, as tokens know people; `identity2` is the user's GUID."""

    user_id: str
    name: str
    identity2: str


@dataclass(frozen=True, slots=True)
class Grant:
    """One login: what its access tokens and its refresh token hang on.

    `refresh_digest` is None when no refresh token was issued; `refresh_expires_at` None means
    that it never expires. `ends_at` is when the last of its tokens is over, None for never.
    `generation` is the app's when the grant was made: a lower one than the app's is dead.
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


@dataclass(frozen=True, slots=True)
class SigningKeyRow:
    """A signing key as stored; `id` is its `kid`. One key is current, the others only verify."""

    id: str
    sealed_private_key: str
    is_current: bool
    created_at: datetime
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a genuine access token says (facts/ion-api.md §3.5)."""

    tenant_id: str
    client_id: str
    service_account: str | None
    identity2: str | None
    grant_id: str
    token_id: str
    issued_at: datetime
    expires_at: datetime
    claims: Mapping[str, Any]

    def missing_scope(self, api_context: str) -> str | None:
        """Return the scope that an API suite asks for and this token lacks (§1.6).

        Letter case matters. Whether scopes count was settled when the token was issued.
        """
        if self.claims.get("EnforceScopesForClient") != "1":
            return None
        needed, given = scope_of(api_context), str(self.claims.get("scope", "")).split()
        return None if needed in given or f"{PREFIX}{api_context}" in given else needed


@dataclass(frozen=True, slots=True)
class CredentialsFile:
    """A `.ionapi` file to hand out once; `content` holds secrets, so it does not print."""

    filename: str
    content: bytes = field(repr=False)
    service_account: ServiceAccount | None = None
