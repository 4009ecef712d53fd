"""Invitations, password resets, and what a tenant's administrator ends of a user's sign-ins.

There is no mail: who makes a link gives it to the person by a safe way. A link lets its holder
choose a password once; the account keeps its other ways to be protected (a second factor).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, NotFound
from ionport.core.i18n import _
from ionport.core.ids import random_token
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.accounts.model import (
    MAX_LINKS,
    LinkKind,
    LinkState,
    MadeLink,
    PasswordLink,
)
from ionport.identity.accounts.repository import LinkRepository
from ionport.identity.audit import AuditLog
from ionport.identity.members.service import MemberService, administers_account
from ionport.identity.model import Actor, OpenSession, PasswordProof, User, UserAction
from ionport.identity.repository import UserRepository
from ionport.identity.second_factor.service import SecondFactorService
from ionport.identity.service import IdentityService
from ionport.identity.sessions import SessionService
from ionport.store import AnyScope, OrganizationScope, SystemScope, TenantScope, Work

_LINKS = SystemScope("links to set a password")


@dataclass(eq=False, repr=False)
class AccountService:
    """One-time links to set a password, and what an administrator may end of a user's sign-ins.

    Methods with a tenant's access need the role IONAPI-Administrator in every tenant and
    organization that the user belongs to: they raise Forbidden for an account used elsewhere.
    """

    _clock: Clock
    _keys: KeyRing
    _audit: AuditLog
    _identity: IdentityService
    _members: MemberService
    _sessions: SessionService
    _factors: SecondFactorService

    def invite(self, access: Access[TenantScope], user_id: str) -> MadeLink:
        """Make the link with which a user who was just added chooses a first password.

        Raises:
            Conflict: the user has signed in before; a password reset needs more, see `make_link`.
        """
        member = self._members.require_whole_account(access, user_id)
        if member.user.last_sign_in_at is not None:
            raise Conflict(_("This user has signed in before."), code="not_invited")
        return self._made(access, user_id, LinkKind.INVITATION)

    def invite_colleague(self, access: Access[OrganizationScope], user_id: str) -> MadeLink:
        """Make the first link of a user who belongs only to what the actor administers.

        Raises:
            Forbidden: the actor does not administer the organization.
            Conflict: the user belongs elsewhere too, or has signed in before.
        """
        access.require_organization_administrator()
        found = UserRepository(access.connection).find(_LINKS, user_id)
        is_new = found is not None and found[0].last_sign_in_at is None
        if not (is_new and administers_account(access, user_id)):
            raise Conflict(_("Only who was just added here is invited here."), code="not_invited")
        return self._made(access, user_id, LinkKind.INVITATION)

    def belongs_here_alone(self, access: Access[OrganizationScope], user_id: str) -> bool:
        """Tell whether the account belongs to this organization and to nothing else."""
        users = UserRepository(access.connection)
        belongs = [one for one, _role in users.organization_roles(_LINKS, user_id)]
        is_elsewhere = belongs != [access.scope.organization_id]
        return not (is_elsewhere or users.tenant_roles(_LINKS, user_id))

    def make_colleague_link(
        self, access: Access[OrganizationScope], user_id: str, proof: PasswordProof
    ) -> MadeLink:
        """Make a link with which a user of this organization alone chooses a new password.

        Raises:
            Forbidden: the actor does not administer the organization.
            Unauthenticated: the actor's own password was not typed again just now.
            Conflict: the user belongs elsewhere too (`used_elsewhere`), or is disabled.
        """
        access.require_organization_administrator()
        if not self.belongs_here_alone(access, user_id):
            text = _("This account belongs elsewhere too: its password is reset by the operator.")
            raise Conflict(text, code="used_elsewhere")
        proof.require_for(access.actor, self._clock.now())
        return self._made(access, user_id, LinkKind.RESET)

    def make_link(
        self, access: Access[TenantScope], user_id: str, proof: PasswordProof
    ) -> MadeLink:
        """Make a link with which the user chooses a new password; an earlier open one ends.

        Raises:
            Unauthenticated: the actor's own password was not typed again just now.
            Conflict: the user is disabled.
        """
        member = self._members.require_whole_account(access, user_id)
        proof.require_for(access.actor, self._clock.now())
        is_new = member.user.last_sign_in_at is None and any(
            link.kind is LinkKind.INVITATION for link in self._links(access.work, user_id)
        )
        return self._made(access, user_id, LinkKind.INVITATION if is_new else LinkKind.RESET)

    def make_operator_link(self, work: Work, actor: Actor, username: str) -> MadeLink:
        """Make a password link for a user by name, for the operator; raises NotFound."""
        user = self._identity.require_user(work, actor, username)
        kind = LinkKind.INVITATION if user.last_sign_in_at is None else LinkKind.RESET
        return self._made(Access(work, _LINKS, actor), user.id, kind)

    def has_open_link(self, work: Work, user_id: str) -> bool:
        """Tell whether the user has an open link that sets the password."""
        now = self._clock.now()
        return any(
            self._state(work, link, now) is LinkState.OPEN for link in self._links(work, user_id)
        )

    def list_links(
        self, access: Access[TenantScope], user_id: str
    ) -> Sequence[tuple[PasswordLink, LinkState]]:
        """Return the newest links of a user with what has become of each."""
        self._members.get_member(access, user_id)
        now = self._clock.now()
        return [
            (link, self._state(access.work, link, now))
            for link in self._links(access.work, user_id)
        ]

    def revoke_links(self, access: Access[TenantScope], user_id: str) -> None:
        """End a user's open links."""
        self._members.require_whole_account(access, user_id)
        now = self._clock.now()
        if LinkRepository(access.connection).revoke_of(_LINKS, user_id, now):
            self._audit.record(access, UserAction.LINK_REVOKED, user_id)

    def list_sessions(self, access: Access[TenantScope], user_id: str) -> Sequence[OpenSession]:
        """Return a user's open sessions, the latest seen first."""
        self._members.require_whole_account(access, user_id)
        return self._sessions.list_sessions(access.work, user_id)

    def end_sessions(self, access: Access[TenantScope], user_id: str) -> int:
        """Sign a user out everywhere; returns how many sessions ended."""
        self._members.require_whole_account(access, user_id)
        return self._sessions.end_all(access, user_id)

    def has_second_factor(self, access: Access[TenantScope], user_id: str) -> bool:
        """Tell whether a user's second factor is on."""
        self._members.get_member(access, user_id)
        return self._factors.status(access.work, user_id) is not None

    def switch_factor_off(
        self, access: Access[TenantScope], user_id: str, proof: PasswordProof
    ) -> None:
        """Switch a user's second factor off, who has lost the phone; every session ends.

        Raises:
            Unauthenticated: the actor's own password was not typed again just now.
        """
        member = self._members.require_whole_account(access, user_id)
        proof.require_for(access.actor, self._clock.now())
        if self._factors.switch_off(access, member.user):
            self._sessions.end_all(access, user_id)

    def switch_factor_off_for(self, work: Work, actor: Actor, username: str) -> tuple[User, bool]:
        """Switch the second factor off for a user by name, for the operator; raises NotFound.

        Tells whether it was on.
        """
        user = self._identity.require_user(work, actor, username)
        access = Access(work, _LINKS, actor)
        was_on = self._factors.switch_off(access, user)
        if was_on:
            self._sessions.end_all(access, user.id)
        return user, was_on

    def link_of(self, work: Work, token: Secret) -> tuple[PasswordLink, User]:
        """Return an open link by its token, and whose password it sets.

        Raises:
            NotFound: the link is unknown, was used or revoked, or has expired; says which.
        """
        link = LinkRepository(work.connection).find(_LINKS, self._digest(token))
        if link is None:
            _refuse_link(None)
        found = UserRepository(work.connection).find(_LINKS, link.user_id)
        state = self._state(work, link, self._clock.now())
        if state is not LinkState.OPEN or found is None or found[0].is_disabled:
            _refuse_link(state)
        return link, found[0]

    def use_link(self, work: Work, token: Secret, password_hash: str, address: str) -> User:
        """Set the password that the link's holder chose; every session of the user ends.

        Raises:
            NotFound: as `link_of`; of two at once one gets this.
        """
        link, user = self.link_of(work, token)
        if not LinkRepository(work.connection).use(_LINKS, link.digest, self._clock.now()):
            _refuse_link(LinkState.USED)
        self._identity.store_password(work, user.id, password_hash, keep_session=None)
        actor = Actor(user_id=user.id, name=user.username, address=address)
        details = {"kind": link.kind.value}
        self._audit.record(Access(work, _LINKS, actor), UserAction.LINK_USED, user.id, details)
        return user

    def _made(self, access: Access[AnyScope], user_id: str, kind: LinkKind) -> MadeLink:
        found = UserRepository(access.connection).find(_LINKS, user_id)
        if found is None or found[0].is_disabled:
            raise Conflict(_("Enable the user first."), code="user_disabled")
        links, now = LinkRepository(access.connection), self._clock.now()
        links.revoke_of(_LINKS, user_id, now)
        token = random_token(32)
        link = PasswordLink(
            digest=self._digest(token),
            user_id=user_id,
            kind=kind,
            made_for=self._mark_of(access.work, user_id, access.actor.is_operator),
            created_at=now,
            created_by=access.actor.name,
            expires_at=now + kind.lifetime,
        )
        links.add(_LINKS, link)
        details = {"name": found[0].username, "kind": kind.value}
        self._audit.record(access, UserAction.LINK_MADE, user_id, details)
        return MadeLink(found[0], kind, token, link.expires_at)

    def _links(self, work: Work, user_id: str) -> Sequence[PasswordLink]:
        return LinkRepository(work.connection).list_of(_LINKS, user_id, MAX_LINKS)

    def _state(self, work: Work, link: PasswordLink, now: datetime) -> LinkState:
        """A link for another password, or for fewer rights than the user has now, is revoked."""
        state = link.state(now)
        if state is not LinkState.OPEN:
            return state
        marks = {self._mark_of(work, link.user_id, by_operator) for by_operator in (False, True)}
        return state if link.made_for in marks else LinkState.REVOKED

    def _mark_of(self, work: Work, user_id: str, by_operator: bool) -> str:
        """Return what a link is bound to: the account's password, memberships and roles.

        Who makes a link can use it as well, so an administrator's is good for the rights that
        the account had then: a role that is given later, elsewhere, must not come with it. The
        operator's link is bound to the password alone.
        """
        users = UserRepository(work.connection)
        found = users.find(_LINKS, user_id)
        password = found[1] if found else ""
        if by_operator:
            return self._keys.digest(Secret(f"password-link-of-operator-for|{password}"))
        rights = [f"tenant {one} {role}" for one, role in users.tenant_roles(_LINKS, user_id)]
        rights += [f"in {one} {role}" for one, role in users.organization_roles(_LINKS, user_id)]
        return self._keys.digest(Secret("|".join(["password-link-for", password, *sorted(rights)])))

    def _digest(self, token: Secret) -> str:
        return self._keys.digest(Secret(f"password-link|{token.reveal()[:200]}"))


def _refuse_link(state: LinkState | None) -> NoReturn:
    texts = {
        LinkState.USED: _("This link was used: the password is set. Sign in with it."),
        LinkState.EXPIRED: _("This link has expired. Ask an administrator for a new one."),
    }
    other = _("This link does not work (any more). Ask an administrator for a new one.")
    raise NotFound(texts.get(state, other) if state else other, code="password_link_dead")
