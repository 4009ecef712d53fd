"""One-time links with which a person sets a password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.identity.model import User

INVITATION_LIFETIME: Final = timedelta(days=7)
RESET_LIFETIME: Final = timedelta(hours=24)
# The newest are shown; more than these nobody reads.
MAX_LINKS: Final = 10


class LinkKind(StrEnum):
    """What a link is for."""

    INVITATION = "invitation"
    RESET = "reset"

    @property
    def lifetime(self) -> timedelta:
        """How long such a link can be used."""
        return INVITATION_LIFETIME if self is LinkKind.INVITATION else RESET_LIFETIME

    @property
    def label(self) -> str:
        """The words in the current language."""
        return _("Invitation") if self is LinkKind.INVITATION else _("Password reset")


class LinkState(StrEnum):
    """Whether a link still sets a password, and if not, why."""

    OPEN = "open"
    USED = "used"
    REVOKED = "revoked"
    EXPIRED = "expired"

    @property
    def label(self) -> str:
        """The words in the current language."""
        return {
            LinkState.OPEN: _("open"),
            LinkState.USED: _("used"),
            LinkState.REVOKED: _("revoked"),
            LinkState.EXPIRED: _("expired"),
        }[self]


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """A one-time link; its token is in no other place than in the link itself."""

    digest: str
    user_id: str
    kind: LinkKind
    made_for: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> LinkState:
        """Return what has become of the link."""
        if self.used_at is not None:
            return LinkState.USED
        if self.revoked_at is not None:
            return LinkState.REVOKED
        return LinkState.EXPIRED if self.expires_at <= now else LinkState.OPEN


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A link that was just made, with its token: shown this once."""

    user: User
    kind: LinkKind
    token: Secret
    expires_at: datetime

    def address(self, origin: str) -> str:
        """Return the link itself; hand it to nothing that keeps it."""
        return f"{origin}/set-password/{self.token.reveal()}"
