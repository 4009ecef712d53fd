"""Set-up of the first administrator by a one-time link, instead of a default password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, NotFound
from ionport.core.i18n import _
from ionport.core.ids import random_token
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, OrganizationRole, TenantRole, User, UserAction
from ionport.identity.repository import SessionRepository, UserRepository
from ionport.identity.service import IdentityService, NewUser
from ionport.store import SystemScope, Work

SETUP_LINK_LIFETIME = timedelta(hours=24)
_SETUP = SystemScope("set-up")


@dataclass(eq=False, repr=False)
class SetupService:
    """Makes and honours set-up links; they work while there is no user at all."""

    _clock: Clock
    _keys: KeyRing
    _audit: AuditLog
    _identity: IdentityService

    def needs_setup(self, work: Work) -> bool:
        """Tell whether there is no user at all yet."""
        return UserRepository(work.connection).count(_SETUP) == 0

    def make_setup_link(self, work: Work) -> Secret:
        """Return the token of a new one-time set-up link; every earlier link ends.

        Raises:
            Conflict: an administrator exists; the link is for the first one only.
        """
        if not self.needs_setup(work):
            _already_set_up()
        token = random_token(32)
        now = self._clock.now()
        SessionRepository(work.connection).replace_setup_link(
            _SETUP, self._setup_digest(token), now, now + SETUP_LINK_LIFETIME
        )
        return token

    def check_setup_link(self, work: Work, token: Secret) -> None:
        """Raise NotFound unless the link can be used now."""
        digest, repository = self._setup_digest(token), SessionRepository(work.connection)
        if not repository.has_setup_link(_SETUP, digest, self._clock.now()):
            _refuse_setup_link(is_used=repository.is_setup_link_used(_SETUP, digest))

    def consume_setup_link(
        self, work: Work, token: Secret, new: NewUser, password_hash: str
    ) -> User:
        """Make the first administrator, of every tenant and organization there is.

        Raises:
            NotFound: the link is unknown, expired or was used.
            InvalidInput: a bad username, name or e-mail address; the link stays usable.
        """
        sessions = SessionRepository(work.connection)
        if not sessions.use_setup_link(_SETUP, self._setup_digest(token), self._clock.now()):
            _refuse_setup_link()
        if not self.needs_setup(work):
            _already_set_up()
        user = self._identity.add_user(work, new, password_hash)
        operator = Actor.operator("set-up link")
        for tenant in self._identity.list_tenants(work):
            self._identity.set_tenant_role(
                work, operator, user.id, tenant.id, TenantRole.IONAPI_ADMINISTRATOR
            )
        for organization in self._identity.list_organizations(work):
            self._identity.set_organization_role(
                work, operator, user.id, organization.id, OrganizationRole.ADMINISTRATOR
            )
        self._audit.record(Access(work, _SETUP, operator), UserAction.CREATED, user.id)
        return user

    def _setup_digest(self, token: Secret) -> str:
        return self._keys.digest(Secret(f"setup|{token.reveal()}"))


def _already_set_up() -> NoReturn:
    raise Conflict(
        _("The first administrator exists already. Sign in, or reset a password with"
          " ionport user reset."),
        code="already_set_up",
    )  # fmt: skip


def _refuse_setup_link(*, is_used: bool = False) -> NoReturn:
    if is_used:
        text = _("This set-up link was used: the first administrator exists. Sign in.")
        raise NotFound(text, code="setup_link_used")
    raise NotFound(
        _("This set-up link was used or has expired. Make a new one with ionport setup-link."),
        code="setup_link_dead",
    )
