"""Signing in and out.

Hashing a password takes about 150 ms of a core, so no database transaction is open meanwhile:
`sign_in` and `verify_password` take the database and open their own short ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, NotFound, Unauthenticated
from ionport.core.i18n import _
from ionport.core.ids import random_token
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.attempts import Attempts, Source
from ionport.identity.audit import AuditLog
from ionport.identity.known_browsers import KnownBrowsers
from ionport.identity.members.actors import actor_of_user
from ionport.identity.model import (
    Actor,
    OpenSession,
    PasswordProof,
    Session,
    User,
    UserAction,
    username_key,
)
from ionport.identity.passwords import Passwords
from ionport.identity.repository import SessionRepository, UserRepository
from ionport.identity.second_factor.model import (
    PendingSignIn,
    RecoveryCodes,
    SecondStepNeeded,
    Step,
)
from ionport.identity.second_factor.service import (
    SecondFactorService,
    factor_is_required,
    wrong_code,
)
from ionport.identity.service import IdentityService
from ionport.identity.sign_in_ways import SignInWay
from ionport.store import AnyScope, Database, SystemScope, Work

SESSION_IDLE = timedelta(hours=12)
SESSION_LIFETIME = timedelta(days=7)
_TOUCH_EVERY = timedelta(minutes=5)
# The latest seen are shown; more than these nobody reads.
MAX_SESSIONS: Final = 100
_LONGEST_DEVICE: Final = 300
_SIGN_IN = SystemScope("sign-in")


class SessionService:
    """Sessions of browsers, and the password check in front of them."""

    def __init__(
        self,
        clock: Clock,
        keys: KeyRing,
        audit: AuditLog,
        identity: IdentityService,
        passwords: Passwords,
        factors: SecondFactorService,
    ) -> None:
        self._clock = clock
        self._keys = keys
        self._audit = audit
        self._identity = identity
        self._passwords = passwords
        self._factors = factors
        self._attempts = Attempts(keys)
        self._browsers = KnownBrowsers(clock, keys)

    def sign_in(
        self,
        database: Database,
        username: str,
        password: Secret,
        address: str,
        known_browser: str = "",
        device: str = "",
    ) -> tuple[Secret, User]:
        """Check a password and begin a session; returns the session's token, which is not stored.

        A wrong password and an unknown user take the same time and get the same text.
        `known_browser` is the value of the cookie that `remember_browser` made, if one came;
        `device` is the browser's User-Agent.

        Raises:
            Unauthenticated: wrong username or password.
            SecondStepNeeded: right ones, and the account asks for a second factor.
            TooManyRequests: over one of the limits of `attempts`.
            Unavailable: too many checks run at once.
        """
        account = _account(username)
        browser = self._browsers.browser_of(known_browser, account)
        source = (
            self._attempts.known(account, browser)
            if browser
            else self._attempts.stranger(account, address)
        )
        user = self._checked_user(database, username, password, source)
        with database.write() as work:
            self._require_no_step(work, user)
            return self._begun(work, user, address, device, SignInWay.PASSWORD), user

    def begin_by_provider(
        self, database: Database, user: User, address: str, device: str, *, has_second_factor: bool
    ) -> Secret:
        """Begin a session of somebody whom an OpenID Connect provider has named.

        `has_second_factor`: the provider says that it asked for one, so none is asked for here.

        Raises:
            SecondStepNeeded: the account asks for a second factor.
        """
        with database.write() as work:
            if not has_second_factor:
                self._require_no_step(work, user)
            way = SignInWay.OPENID_AND_CODE if has_second_factor else SignInWay.OPENID
            return self._begun(work, user, address, device, way)

    def finish_with_code(
        self, database: Database, pending: str, code: Secret, address: str, device: str = ""
    ) -> tuple[Secret, User]:
        """Check the code of the second step and begin the session; returns its token.

        Attempts are counted for each account, apart from those at the password.

        Raises:
            Unauthenticated: no sign-in has begun in this browser, or more than ten minutes ago.
            InvalidInput: the code is wrong or was used before (field `code`).
            TooManyRequests: too many attempts.
        """
        with database.write() as work:
            begun = self._factors.open_pending(work, pending)
            if begun is None or begun.step is not Step.CODE:
                raise _signed_out()
            user, source = begun.user, self._attempts.second_step(begun.user.id)
            repository = SessionRepository(work.connection)
            self._attempts.count(repository, source, self._clock.now())
        with database.write() as work:
            access = Access(work, _SIGN_IN, actor_of_user(work.within(_SIGN_IN), user, address))
            token = None
            if self._factors.accept(access, user, code):
                repository = SessionRepository(work.connection)
                self._take(repository, begun)
                self._attempts.forgive(repository, source)
                token = self._begun(work, user, address, device, SignInWay.PASSWORD_AND_CODE)
            else:
                self._audit.record(access, UserAction.FACTOR_REFUSED, user.id)
        if token is None:
            raise wrong_code()
        return token, user

    def finish_with_set_up(
        self,
        database: Database,
        pending: str,
        offered: str,
        code: Secret,
        address: str,
        device: str = "",
    ) -> tuple[Secret, User, RecoveryCodes]:
        """Switch a second factor on that the server asks for, and begin the session.

        Raises:
            Unauthenticated: no such sign-in has begun in this browser.
            InvalidInput: the code is wrong (field `code`).
            Conflict: a second factor has been switched on meanwhile.
        """
        with database.write() as work:
            begun = self._factors.open_pending(work, pending)
            if begun is None or begun.step is not Step.SET_UP:
                raise _signed_out()
            user = begun.user
            self._take(SessionRepository(work.connection), begun)
            access = Access(work, _SIGN_IN, actor_of_user(work.within(_SIGN_IN), user, address))
            codes = self._factors.switch_on(access, user, offered, code)
            token = self._begun(work, user, address, device, SignInWay.PASSWORD_AND_CODE)
        return token, user, codes

    def _take(self, repository: SessionRepository, begun: PendingSignIn) -> None:
        """Note that a pending sign-in begins its one session; raises Unauthenticated for a second.

        Its id is kept with the attempts, which are kept longer than a pending sign-in is open.
        """
        if not self._attempts.take(repository, begun.id, begun.user.id, self._clock.now()):
            raise _signed_out()

    def _require_no_step(self, work: Work, user: User) -> None:
        actor = actor_of_user(work.within(_SIGN_IN), user)
        step = self._factors.step_after_password(work, actor)
        if step is not None:
            raise SecondStepNeeded(step, self._factors.pending(work, user, step))

    def switch_factor_on(
        self, work: Work, session: Session, proof: PasswordProof, offered: str, code: Secret
    ) -> RecoveryCodes:
        """Switch the own second factor on; other sessions end.

        Raises:
            Unauthenticated: `proof` is not the user's, or too old.
            InvalidInput, Conflict: as `SecondFactorService.switch_on`.
        """
        proof.require_for(session.actor, self._clock.now())
        access = Access(work, _SIGN_IN, session.actor)
        codes = self._factors.switch_on(access, session.user, offered, code)
        self.end_others(work, session)
        return codes

    def switch_factor_off(self, work: Work, session: Session, proof: PasswordProof) -> None:
        """Switch the own second factor off.

        Raises:
            Unauthenticated: `proof` is not the user's, or too old.
            Conflict: a setting asks this person for one.
        """
        proof.require_for(session.actor, self._clock.now())
        if self._factors.is_required_of(session.actor):
            raise factor_is_required()
        self._factors.switch_off(Access(work, _SIGN_IN, session.actor), session.user)

    def renew_recovery_codes(
        self, work: Work, session: Session, proof: PasswordProof
    ) -> RecoveryCodes:
        """Make new recovery codes in place of all earlier ones.

        Raises:
            Unauthenticated: `proof` is not the user's, or too old.
            Conflict: the second factor is off.
        """
        proof.require_for(session.actor, self._clock.now())
        return self._factors.renew_codes(Access(work, _SIGN_IN, session.actor), session.user)

    def _begun(self, work: Work, user: User, address: str, device: str, way: SignInWay) -> Secret:
        """Begin a session and return its token."""
        token, now = random_token(32), self._clock.now()
        sessions = SessionRepository(work.connection)
        sessions.remove_expired(_SIGN_IN, now, now - SESSION_IDLE)
        sessions.add(
            _SIGN_IN, self._session_digest(token), user.id, address, now,
            now + SESSION_LIFETIME, device[:_LONGEST_DEVICE], way.value,
        )  # fmt: skip
        UserRepository(work.connection).note_sign_in(_SIGN_IN, user.id, now)
        actor = Actor(user_id=user.id, name=user.username, address=address)
        self._audit.record(
            Access(work, _SIGN_IN, actor), UserAction.SIGNED_IN, user.id, {"by": way.value}
        )
        return token

    def verify_password(self, database: Database, actor: Actor, password: Secret) -> PasswordProof:
        """Check the signed-in user's own password again, before a secret is shown.

        Attempts count, so a stolen session cannot be used to guess it; they count on their own, so
        strangers' attempts to sign in do not stop it.

        Raises:
            InvalidInput: the password is wrong (field `password`).
            TooManyRequests: too many attempts.
        """
        try:
            source = self._attempts.again(actor.user_id or "")
            user = self._checked_user(database, actor.name, password, source)
        except Unauthenticated as error:
            text = _("This is not your password.")
            raise InvalidInput(text, code="bad_password", fields={"password": text}) from error
        if user.id != actor.user_id:
            raise Unauthenticated(_("Sign in again."))
        return PasswordProof(user_id=user.id, at=self._clock.now())

    def change_password(
        self, work: Work, session: Session, proof: PasswordProof, password_hash: str
    ) -> None:
        """Set the signed-in user's own password and end the user's other sessions.

        Raises:
            Unauthenticated: `proof` is not the user's, or too old.
        """
        proof.require_for(session.actor, self._clock.now())
        self._identity.store_password(
            work, session.user.id, password_hash, keep_session=session.digest
        )
        self._audit.record(
            Access(work, _SIGN_IN, session.actor), UserAction.PASSWORD_CHANGED, session.user.id
        )

    def remember_browser(self, cookie: str, user: User) -> str:
        """Return the value of the cookie of a browser in which `user` has just signed in."""
        return self._browsers.with_account(cookie, _account(user.username))

    def _checked_user(
        self, database: Database, username: str, password: Secret, source: Source
    ) -> User:
        key = username_key(username)
        # A browser known from an earlier sign-in has a limit of its own.
        is_known = not source.is_stranger
        with self._passwords.turn(source.address, is_known=is_known) as matches:
            with database.write() as work:
                sessions = SessionRepository(work.connection)
                self._attempts.count(sessions, source, self._clock.now())
                found = UserRepository(work.connection).find_by_key(_SIGN_IN, key) if key else None
            stored = found[1] if found and not found[0].is_disabled else None
            is_right = matches(stored, password)
        if not is_right or found is None:
            raise Unauthenticated(
                _("The username or the password is wrong."), code="wrong_password"
            )
        with database.write() as work:
            self._attempts.forgive(SessionRepository(work.connection), source)
        return found[0]

    def session_for(self, work: Work, token: Secret, address: str | None = None) -> Session | None:
        """Return the session that `token` began; None when unknown, idle or expired."""
        digest = self._session_digest(token)
        found = SessionRepository(work.connection).find(_SIGN_IN, digest)
        if found is None:
            return None
        (row, user), now = found, self._clock.now()
        if row.expires_at <= now or row.seen_at + SESSION_IDLE <= now or user.is_disabled:
            return None
        actor = actor_of_user(work.within(_SIGN_IN), user, address)
        way = SignInWay(row.begun_by) if row.begun_by else None
        return Session(
            digest=digest,
            user=user,
            actor=actor,
            created_at=row.begun_at,
            expires_at=row.expires_at,
            is_stale=row.seen_at + _TOUCH_EVERY <= now,
            needs_second_factor=self._needs_second_factor(work, actor, way),
            way=way,
        )

    def _needs_second_factor(self, work: Work, actor: Actor, way: SignInWay | None) -> bool:
        if (way is not None and way.has_second_factor) or not self._factors.is_required_of(actor):
            return False
        return self._factors.step_after_password(work, actor) is Step.SET_UP

    def touch_session(self, work: Work, session: Session) -> None:
        """Note that the session is in use; idle sessions end after 12 hours."""
        SessionRepository(work.connection).touch(_SIGN_IN, session.digest, self._clock.now())

    def sign_out(self, work: Work, token: Secret) -> None:
        """End the session of `token`; unknown tokens are fine."""
        SessionRepository(work.connection).remove(_SIGN_IN, self._session_digest(token))

    def list_sessions(self, work: Work, user_id: str) -> Sequence[OpenSession]:
        """Return a user's open sessions, the latest seen first; the callers check the right."""
        now = self._clock.now()
        return SessionRepository(work.connection).list_of_user(
            _SIGN_IN, user_id, now, now - SESSION_IDLE, MAX_SESSIONS
        )

    def end_own(self, work: Work, session: Session, digest: str) -> None:
        """End one of the signed-in user's sessions.

        Raises:
            NotFound: it has ended, or is not the user's.
        """
        if not SessionRepository(work.connection).remove_one(_SIGN_IN, session.user.id, digest):
            raise NotFound(_("This session has ended already."), code="no_session")
        self._tell_ended(Access(work, _SIGN_IN, session.actor), session.user.id, 1)

    def end_others(self, work: Work, session: Session) -> int:
        """End all of the signed-in user's sessions but this one; returns how many."""
        access = Access(work, _SIGN_IN, session.actor)
        return self.end_all(access, session.user.id, keep=session.digest)

    def end_all(self, access: Access[AnyScope], user_id: str, keep: str | None = None) -> int:
        """End a user's sessions but `keep` (a digest); the callers check the right."""
        ended = SessionRepository(access.connection).remove_of_user(_SIGN_IN, user_id, keep)
        if ended:
            self._tell_ended(access, user_id, ended)
        return ended

    def _tell_ended(self, access: Access[AnyScope], user_id: str, count: int) -> None:
        self._audit.record(access, UserAction.SESSIONS_ENDED, user_id, {"count": str(count)})

    def csrf_token(self, token: Secret) -> str:
        """Return what every unsafe form of the session (or visitor) with `token` must carry."""
        return self._keys.digest(Secret(f"csrf|{token.reveal()}"))

    def _session_digest(self, token: Secret) -> str:
        return self._keys.digest(Secret(f"session|{token.reveal()}"))


def _signed_out() -> Unauthenticated:
    return Unauthenticated(_("Sign in again."), code="signed_out")


def _account(username: str) -> str:
    """Return what attempts on an account are counted by, whether or not there is one."""
    return username_key(username) or username.casefold()
