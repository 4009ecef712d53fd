"""Values of the list of a tenant's users."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ionport.core.paging import PageRequest
from ionport.identity.model import TenantRole, User


@dataclass(frozen=True, slots=True)
class Member:
    """A user with their role in one tenant."""

    user: User
    role: TenantRole


class MemberSort(StrEnum):
    """Columns that the list of users can be sorted by."""

    USERNAME = "username"
    NAME = "name"
    ROLE = "role"
    CREATED = "created"
    LAST_SIGN_IN = "last_sign_in"


@dataclass(frozen=True, slots=True)
class MemberQuery:
    """Which users to list: `text` is looked for in username, name and e-mail address."""

    text: str = ""
    role: TenantRole | None = None
    is_disabled: bool | None = None
    sort: MemberSort = MemberSort.USERNAME
    descending: bool = False
    page: PageRequest = field(default_factory=PageRequest)
