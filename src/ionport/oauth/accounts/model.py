"""Values of service accounts and of the people they are linked with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from ionport.core.i18n import N_
from ionport.core.paging import PageRequest
from ionport.identity.model import AuditAction

TITLE_SEPARATOR: Final = " · "
"""Stands between the parts of a title."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """An account that an app's password grant logs in with; its secret key is not kept.

    `identity2` is the linked user's GUID. `user_is_disabled` closes the account as well.
    `ends_on` is the last day (UTC, YYYY-MM-DD) on which it logs in; None: it has no end.
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
    ends_on: str | None = None
    user_name: str | None = None
    identity2: str | None = None
    user_is_disabled: bool = False

    @property
    def title(self) -> str:
        """The access key, with the user or the description that tells whose it is."""
        whose = self.user_name or self.description
        return f"{self.access_key}{TITLE_SEPARATOR}{whose}" if whose else self.access_key

    def is_open(self, today: date) -> bool:
        """Tell whether the account logs in: its last day is not over, it and its user enabled."""
        return not (self.is_disabled or self.user_is_disabled or self.has_ended(today))

    def days_left(self, today: date) -> int | None:
        """The days until its last one, negative once it has ended; None without an end."""
        return (date.fromisoformat(self.ends_on) - today).days if self.ends_on else None

    def has_ended(self, today: date) -> bool:
        """Tell whether its last day is over."""
        left = self.days_left(today)
        return left is not None and left < 0

    @property
    def never_used(self) -> bool:
        """Whether nobody has ever logged in with the file that this account was made for."""
        return self.last_used_at is None


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """A service account with the name of its app."""

    account: ServiceAccount
    app_name: str

    @property
    def title(self) -> str:
        """The app's name and the account's, for lists to choose from."""
        return f"{self.app_name}{TITLE_SEPARATOR}{self.account.title}"


class AccountSort(StrEnum):
    """Columns that the list of a tenant's service accounts can be sorted by."""

    CREATED = "created"
    DESCRIPTION = "description"
    USER = "user"
    APP = "app"
    LAST_USED = "last_used"


@dataclass(frozen=True, slots=True)
class AccountQuery:
    """Which accounts to list: `text` is looked for in description, key, app and user.

    `app_id` empty: of every app.
    """

    text: str = ""
    app_id: str = ""
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


class ServiceAccountAction(AuditAction):
    """What the audit log tells of a service account."""

    CREATED = "service_account.created", N_("Service account added")
    CHANGED = "service_account.changed", N_("Service account changed")
    DELETED = "service_account.deleted", N_("Service account deleted")
    DISABLED = "service_account.disabled", N_("Service account disabled")
    ENABLED = "service_account.enabled", N_("Service account enabled")
