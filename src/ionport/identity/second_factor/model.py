"""What a second factor is, and the open second step of a sign-in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ionport.core.errors import Unauthenticated
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.identity.model import User


class Step(StrEnum):
    """What is left to do after the right password."""

    CODE = "code"
    SET_UP = "set-up"


class SecondStepNeeded(Unauthenticated):
    """The password is right, and the account asks for more: nobody is signed in yet.

    `pending` is what the browser keeps until then: sealed, for ten minutes, and without rights.
    """

    default_code = "second_factor_needed"

    def __init__(self, step: Step, pending: Secret) -> None:
        super().__init__(_("This account needs a second factor. Sign in on the page for people."))
        self.step = step
        self.pending = pending


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """A user's one-time codes; `last_step` is the latest 30 seconds whose code was used."""

    user_id: str
    sealed: str
    since: datetime
    last_step: int | None


@dataclass(frozen=True, slots=True)
class FactorStatus:
    """What a page tells of a second factor that is on."""

    since: datetime
    codes_left: int


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in whose first step is done; its id lets it begin one session and no other."""

    id: str
    user: User
    step: Step


@dataclass(frozen=True, slots=True)
class FactorSetUp:
    """A secret that is offered to a user and not stored yet: the form carries it sealed."""

    secret: Secret
    address: Secret
    sealed: str


RecoveryCodes = Sequence[Secret]
