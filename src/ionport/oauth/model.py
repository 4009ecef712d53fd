"""Values and rules of authorized apps, service accounts, grants and tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.core.paging import PageRequest

MAX_NAME_LENGTH: Final = 128
MAX_DESCRIPTION_LENGTH: Final = 1000
MIN_ACCESS_TOKEN_SECONDS: Final = 60
MAX_ACCESS_TOKEN_SECONDS: Final = 86_400
MAX_REFRESH_TOKEN_SECONDS: Final = 10 * 365 * 86_400

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


class GrantType(StrEnum):
    """Field Grant Type of a Backend Service; the value is Infor's label (§1.4)."""

    PASSWORD_CREDENTIALS = "Password Credentials"  # noqa: S105 (a label, no password)
    CLIENT_CREDENTIALS = "Client Credentials"


@dataclass(frozen=True, slots=True)
class AuthorizedApp:
    """A registered client of the ION API.

    Lifetimes are in seconds; `refresh_token_seconds` 0 means that refresh tokens never expire.
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

    @property
    def environment(self) -> str | None:
        """The environment that the name ends with: TST for `DocBits_TST`, PRD for `DocBits_PROD`.

        None when the name says nothing.
        """
        found = _ENVIRONMENT.search(self.name)
        return _ENVIRONMENTS[found[1].upper()] if found else None


def name_key(name: str) -> str:
    """Return what must be unique of an app's name: without regard to case and outer blanks."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


@dataclass(frozen=True, slots=True)
class AppDraft:
    """What the form of a new app holds, before it is checked. Lifetimes are in seconds."""

    name: str
    type: AppType = AppType.BACKEND_SERVICE
    grant_type: GrantType = GrantType.PASSWORD_CREDENTIALS
    description: str = ""
    access_token_seconds: int = 7200
    issue_refresh_tokens: bool = False
    refresh_token_seconds: int = 0

    def check(self) -> None:
        """Raise InvalidInput, with a text for each wrong field, unless the app can be made.

        Rules: facts/ion-api.md §1.2 (name, description) and §1.4 (lifetimes).
        """
        fields = {
            "name": self._wrong_name(),
            "description": self._wrong_description(),
            "access_token_seconds": self._wrong_access_lifetime(),
            "refresh_token_seconds": self._wrong_refresh_lifetime(),
        }
        if wrong := {name: text for name, text in fields.items() if text}:
            raise InvalidInput(
                _("The app cannot be saved. Correct the marked fields."),
                code="app_invalid",
                fields=wrong,
            )

    def _wrong_name(self) -> str | None:
        if not name_key(self.name):
            return _("Enter a name, for example DocBits_TST.")
        if len(self.name) > MAX_NAME_LENGTH:
            return _("Use at most {limit} characters.").format(limit=MAX_NAME_LENGTH)
        if not self.name.isprintable():
            return _("Leave out line breaks and control characters.")
        return None

    def _wrong_description(self) -> str | None:
        if not self.description.strip():
            return _("Enter a description; Backend Service needs one.")
        if len(self.description) > MAX_DESCRIPTION_LENGTH:
            return _("Use at most {limit} characters.").format(limit=MAX_DESCRIPTION_LENGTH)
        if not all(line.isprintable() for line in re.split(r"[\r\n\t]", self.description)):
            return _("Leave out control characters.")
        return None

    def _wrong_access_lifetime(self) -> str | None:
        if not MIN_ACCESS_TOKEN_SECONDS <= self.access_token_seconds <= MAX_ACCESS_TOKEN_SECONDS:
            return _("Choose between 1 minute and 24 hours.")
        return None

    def _wrong_refresh_lifetime(self) -> str | None:
        seconds = self.refresh_token_seconds
        if seconds == 0:
            return None
        if not self.issue_refresh_tokens:
            return _("Leave this at 0, or switch on Issue Refresh Tokens.")
        if seconds < self.access_token_seconds:
            return _(
                "Choose 0 (never expires) or at least the lifetime of the OAuth 2.0 access token."
            )
        if seconds > MAX_REFRESH_TOKEN_SECONDS:
            return _("Choose 0 (never expires) or at most 10 years.")
        return None


class AppSort(StrEnum):
    """Columns that the list of apps can be sorted by."""

    NAME = "name"
    TYPE = "type"
    CLIENT_ID = "client_id"
    CREATED = "created"


@dataclass(frozen=True, slots=True)
class AppQuery:
    """Which apps to list: `text` is looked for in name, description and client id."""

    text: str = ""
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
    user_name: str | None = None
    identity2: str | None = None
    user_is_disabled: bool = False

    @property
    def never_used(self) -> bool:
        """Whether nobody has ever logged in with the file that this account was made for."""
        return self.last_used_at is None


@dataclass(frozen=True, slots=True)
class Grant:
    """One login: what its access tokens and its refresh token hang on.

    `refresh_digest` is None when no refresh token was issued; `refresh_expires_at` None means
    that it never expires.
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


@dataclass(frozen=True, slots=True)
class SigningKeyRow:
    """A signing key as stored; `id` is its `kid`. One key is current, the others only verify."""

    id: str
    sealed_private_key: str
    is_current: bool
    created_at: datetime


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


@dataclass(frozen=True, slots=True)
class CredentialsFile:
    """A `.ionapi` file to hand out once; `content` holds secrets, so it does not print."""

    filename: str
    content: bytes = field(repr=False)
    service_account: ServiceAccount | None = None
