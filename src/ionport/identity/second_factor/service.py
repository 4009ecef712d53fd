"""Switches second factors on and off, and checks their codes.

A code counts once: the number of its 30 seconds is taken in the transaction that accepts it.
Who counts attempts is the caller (`SessionService`); a right password comes before every check.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, Unavailable
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.sealing import KeyRing, SealedFor
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, TenantRole, User, UserAction
from ionport.identity.repository import SessionRepository, UserRepository
from ionport.identity.second_factor import codes
from ionport.identity.second_factor.model import (
    FactorSetUp,
    FactorStatus,
    PendingSignIn,
    RecoveryCodes,
    SecondFactor,
    Step,
)
from ionport.identity.second_factor.repository import FactorRepository
from ionport.store import AnyScope, ScopedWork, SystemScope, Work

PENDING_LIFETIME: Final = timedelta(minutes=10)
_SET_UP_LIFETIME: Final = timedelta(minutes=30)
_PENDING: Final = SealedFor("pending sign-in", "browser", "cookie")
_FACTORS = SystemScope("second factors")
_LONGEST_SEALED: Final = 2_000


class SecondFactorService:
    """Second factors of users.

    With `is_required`, IONAPI-Administrators of a PRD tenant cannot sign in without one: who has
    none sets it up after the password.
    """

    def __init__(
        self, clock: Clock, keys: KeyRing, audit: AuditLog, *, is_required: bool = False
    ) -> None:
        self._clock = clock
        self._keys = keys
        self._audit = audit
        self._is_required = is_required

    def is_required_of(self, actor: Actor) -> bool:
        """Tell whether a setting asks this person for a second factor."""
        return self._is_required and any(
            tenant.endswith("_PRD") and role is TenantRole.IONAPI_ADMINISTRATOR
            for tenant, role in actor.tenant_roles
        )

    def step_after_password(self, work: Work, actor: Actor) -> Step | None:
        """Return what is left to do for a user whose password was right; None: nothing."""
        if actor.user_id is not None and self._find(work, actor.user_id) is not None:
            return Step.CODE
        return Step.SET_UP if self.is_required_of(actor) else None

    def pending(self, work: Work, user: User, step: Step) -> Secret:
        """Return what a browser keeps between the two steps: it signs nobody in by itself."""
        content = {
            "id": new_id("pnd"),
            "user": user.id,
            "step": step.value,
            "password": self._mark(work, user.id),
            "at": self._clock.now().timestamp(),
        }
        return Secret(self._keys.seal(json.dumps(content).encode(), _PENDING))

    def open_pending(self, work: Work, pending: str) -> PendingSignIn | None:
        """Return the sign-in that a browser has begun.

        None: it is no such thing or older than ten minutes, it has begun a session, the password
        has changed since then, or the user is disabled.
        """
        content = self._opened(pending, _PENDING)
        if content is None or not self._is_fresh(content, PENDING_LIFETIME):
            return None
        pending_id = str(content.get("id", ""))
        if not pending_id or SessionRepository(work.connection).has_attempt(_FACTORS, pending_id):
            return None
        found = UserRepository(work.connection).find(_FACTORS, str(content["user"]))
        if found is None or found[0].is_disabled:
            return None
        if content["password"] != self._mark(work, found[0].id):
            return None
        return PendingSignIn(pending_id, found[0], Step(str(content["step"])))

    def status(self, work: Work, user_id: str) -> FactorStatus | None:
        """Return since when a user's second factor is on, and how many codes are left."""
        found = self._find(work, user_id)
        if found is None:
            return None
        left = FactorRepository(work.connection).codes_left(_FACTORS, user_id)
        return FactorStatus(found.since, left)

    def offer(self, user: User, sealed: str = "") -> FactorSetUp:
        """Return a new secret for `user`, or the one that a form carries on."""
        owner = _offered_to(user.id)
        content = self._opened(sealed, owner) if sealed else None
        if content is not None and self._is_fresh(content, _SET_UP_LIFETIME):
            secret = Secret(str(content["secret"]))
        else:
            secret = codes.new_secret()
            content = {"secret": secret.reveal(), "at": self._clock.now().timestamp()}
            sealed = self._keys.seal(json.dumps(content).encode(), owner)
        return FactorSetUp(secret, codes.setup_address(secret, user.username), sealed)

    def switch_on(
        self, access: Access[AnyScope], user: User, sealed: str, typed: Secret
    ) -> RecoveryCodes:
        """Switch on what was offered, and return the recovery codes: they are shown this once.

        Raises:
            InvalidInput: the code is wrong, or the form is older than half an hour.
            Conflict: a second factor is on already.
        """
        if self._find(access.work, user.id) is not None:
            raise factor_is_on()
        offered = self.offer(user, sealed)
        step = codes.step_of(offered.secret, typed, self._clock.now())
        if offered.sealed != sealed or step is None:
            raise wrong_code()
        factor = SecondFactor(
            user_id=user.id,
            sealed=self._keys.seal(offered.secret, _owned_by(user.id)),
            since=self._clock.now(),
            last_step=step,
        )
        if not FactorRepository(access.connection).add(_FACTORS, factor):
            raise factor_is_on()
        self._audit.record(access, UserAction.FACTOR_ON, user.id, {"name": user.username})
        return self._new_codes(access, user.id)

    def renew_codes(self, access: Access[AnyScope], user: User) -> RecoveryCodes:
        """Make new recovery codes in place of all earlier ones; the callers check the right.

        Raises:
            Conflict: the second factor is off.
        """
        if self._find(access.work, user.id) is None:
            raise factor_is_off()
        self._audit.record(access, UserAction.RECOVERY_CODES_MADE, user.id)
        return self._new_codes(access, user.id)

    def switch_off(self, access: Access[AnyScope], user: User) -> bool:
        """Switch a user's second factor off, and tell whether it was on; callers check who may."""
        was_on = FactorRepository(access.connection).remove(_FACTORS, user.id)
        if was_on:
            self._audit.record(access, UserAction.FACTOR_OFF, user.id, {"name": user.username})
        return was_on

    def accept(self, access: Access[SystemScope], user: User, typed: Secret) -> bool:
        """Take a code of the app or a recovery code; False for a wrong or used one."""
        found = self._find(access.work, user.id)
        if found is None:
            return False
        factors, now = FactorRepository(access.connection), self._clock.now()
        secret = self._keys.open_secret(found.sealed, _owned_by(user.id))
        step = codes.step_of(secret, typed, now)
        if step is not None:
            return factors.use_step(_FACTORS, user.id, step)
        letters = codes.recovery_letters(typed)
        if letters is None:
            return False
        digest = self._code_digest(user.id, letters)
        is_right = factors.use_code(_FACTORS, user.id, digest, now)
        if is_right:
            left = str(factors.codes_left(_FACTORS, user.id))
            self._audit.record(access, UserAction.RECOVERY_CODE_USED, user.id, {"left": left})
        return is_right

    def reseal(self, access: ScopedWork[SystemScope]) -> int:
        """Seal every secret with the current key; returns how many were sealed again."""
        repository, count = FactorRepository(access.connection), 0
        for user_id, sealed in repository.all_sealed(access.scope):
            if self._keys.is_current(sealed):
                continue
            owner = _owned_by(user_id)
            again = self._keys.seal(self._keys.open(sealed, owner), owner)
            repository.set_sealed(access.scope, user_id, again)
            count += 1
        return count

    def _find(self, work: Work, user_id: str) -> SecondFactor | None:
        return FactorRepository(work.connection).find(_FACTORS, user_id)

    def _new_codes(self, access: Access[AnyScope], user_id: str) -> RecoveryCodes:
        made = codes.new_recovery_codes()
        letters = [codes.recovery_letters(one) or "" for one in made]
        digests = [self._code_digest(user_id, one) for one in letters]
        FactorRepository(access.connection).replace_codes(_FACTORS, user_id, digests)
        return made

    def _code_digest(self, user_id: str, letters: str) -> str:
        return self._keys.digest(Secret(f"recovery-code|{user_id}|{letters}"))

    def _mark(self, work: Work, user_id: str) -> str:
        found = UserRepository(work.connection).find(_FACTORS, user_id)
        return self._keys.digest(Secret(f"pending-sign-in|{found[1] if found else ''}"))

    def _opened(self, sealed: str, owner: SealedFor) -> dict[str, object] | None:
        if len(sealed) > _LONGEST_SEALED or not sealed.isascii():
            return None
        try:
            content = json.loads(self._keys.open(sealed, owner))
        except Unavailable:
            return None
        return content if isinstance(content, dict) else None

    def _is_fresh(self, content: dict[str, object], lifetime: timedelta) -> bool:
        at = content.get("at")
        if not isinstance(at, float):
            return False
        now = self._clock.now()
        age = now - datetime.fromtimestamp(at, now.tzinfo)
        return timedelta(seconds=-1) <= age <= lifetime


def factor_is_on() -> Conflict:
    """Return the error of who would set a second factor up and has one."""
    return Conflict(_("A second factor is on already."), code="second_factor_on")


def factor_is_off() -> Conflict:
    """Return the error of who has no second factor to make codes of or to switch off."""
    return Conflict(_("Switch the second factor on first."), code="second_factor_off")


def factor_is_required() -> Conflict:
    """Return the error of who may not be without a second factor."""
    text = _("This server asks administrators of a production tenant for a second factor.")
    return Conflict(text, code="second_factor_required")


def wrong_code() -> InvalidInput:
    """Return the error of a code that is wrong, or was used before: the two look alike."""
    text = _("This code is wrong or was used before. Wait for the next one, and type that.")
    return InvalidInput(text, code="wrong_code", fields={"code": text})


def _owned_by(user_id: str) -> SealedFor:
    return SealedFor("second factor", user_id, user_id)


def _offered_to(user_id: str) -> SealedFor:
    return SealedFor("second factor set-up", user_id, "form")
