"""Fault rules: which calls they apply to, when, and their effect on a call."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from ionport.core.errors import InvalidInput
from ionport.core.i18n import N_, _
from ionport.identity.model import AuditAction

# What rules call the authorization server, which is no API suite.
AUTHORIZATION_SERVER: Final = "AS"
MAX_RULES: Final = 100
MAX_SECONDS: Final = 300.0
MAX_BODY: Final = 20_000
_MAX_TEXT: Final = 200
_MAX_PATH: Final = 500
_MAX_COUNT: Final = 1_000_000
_MAX_SEED: Final = 2**31


class FaultKind(StrEnum):
    """The effect of a rule on a call that it applies to."""

    STATUS = "status"
    TOO_MANY_REQUESTS = "too-many-requests"
    LATENCY = "latency"
    SLOW_BODY = "slow-body"
    CUT_BEFORE_COMMIT = "cut-before-commit"
    CUT_AFTER_COMMIT = "cut-after-commit"
    BROKEN_JSON = "broken-json"
    HTML = "html"
    UNAUTHORIZED = "token-refused"
    SEARCH_LAG = "search-lag"

    @property
    def may_be_done(self) -> bool:
        """Whether `after_commit` may be chosen: the call is done although the answer denies it."""
        return self in (FaultKind.STATUS, FaultKind.HTML)

    @property
    def only_adds(self) -> bool:
        """Whether the call is answered as ever, only later; such rules act beside others."""
        return self in (FaultKind.LATENCY, FaultKind.SLOW_BODY, FaultKind.SEARCH_LAG)


class Trigger(StrEnum):
    """Which of the matching calls a rule applies to; `figure`: how many, how often, how likely."""

    ALWAYS = "always"
    NEXT = "next"
    EVERY = "every"
    PROBABILITY = "probability"


@dataclass(frozen=True, slots=True)
class CalledAs:
    """The parts of a call that rules are matched with."""

    service: str
    operation: str
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class FaultTarget:
    """Which calls a rule is for; an empty text stands for any.

    Attributes:
        service: the API context, letter case aside. The authorization server has to be named:
            a rule for any service lets clients log in.
        operation: the recorder's name of it, such as `create item`.
        path: as sent, behind the tenant; `*` stands for any letters: `*/api/items/*`.
    """

    service: str = ""
    operation: str = ""
    method: str = ""
    path: str = ""

    def matches(self, call: CalledAs) -> bool:
        """Tell whether the rule is for this call."""
        any_service = "" if call.service != AUTHORIZATION_SERVER else call.service.lower()
        return (
            self.service.lower() in (any_service, call.service.lower())
            and self.operation.lower() in ("", call.operation.lower())
            and self.method.upper() in ("", call.method.upper())
            and (not self.path or fnmatchcase(call.path, self.path.replace("[", "[[]")))
        )


@dataclass(frozen=True, slots=True)
class FaultDraft:
    """The fields of a rule, before they are checked.

    Attributes:
        figure: of `next`, how many calls; of `every`, n of every n-th; of `probability`, 0 to 1.
        seed: with the same seed, `probability` chooses the same calls again.
        status, body, media_type: of the answer (kinds `status` and `html`).
        seconds: how long to wait (`latency`), to take for the body (`slow-body`), to hide new
            items (`search-lag`), or the Retry-After (`too-many-requests`).
        after_commit: the call is done although the answer denies it (`status` and `html`).
    """

    kind: FaultKind
    name: str = ""
    target: FaultTarget = field(default_factory=FaultTarget)
    trigger: Trigger = Trigger.ALWAYS
    figure: float = 1.0
    seed: int = 1
    status: int = 503
    body: str = ""
    media_type: str = ""
    seconds: float = 1.0
    after_commit: bool = False
    is_enabled: bool = True

    def check(self) -> None:
        """Raise InvalidInput naming every field that is out of range."""
        wrong = dict(self._wrong())
        if wrong:
            raise InvalidInput(
                _("The rule cannot be saved. Correct the marked fields."),
                code="fault_invalid",
                fields=wrong,
            )

    def _wrong(self) -> Iterator[tuple[str, str]]:
        texts = {"name": self.name, "service": self.target.service}
        texts |= {"operation": self.target.operation, "method": self.target.method}
        texts["media_type"] = self.media_type
        for name, text in texts.items():
            if len(text) > _MAX_TEXT or not text.isprintable():
                yield name, _("At most {limit} printable letters.").format(limit=_MAX_TEXT)
        if not self.media_type.isascii():
            yield "media_type", _("A media type such as application/json.")
        if len(self.target.path) > _MAX_PATH or not self.target.path.isprintable():
            yield "path", _("At most {limit} printable letters.").format(limit=_MAX_PATH)
        if len(self.body) > MAX_BODY or "\0" in self.body:
            yield "body", _("At most {limit} letters.").format(limit=MAX_BODY)
        if not 200 <= self.status <= 599:
            yield "status", _("A status from 200 to 599.")
        if not 0 <= self.seconds <= MAX_SECONDS:
            yield (
                "seconds",
                _("A number of seconds from 0 to {limit:.0f}.").format(limit=MAX_SECONDS),
            )
        if not 0 <= self.seed < _MAX_SEED:
            yield "seed", _("A whole number from 0 to {limit}.").format(limit=_MAX_SEED - 1)
        if wrong := self._wrong_figure():
            yield "figure", wrong
        if self.after_commit and not self.kind.may_be_done:
            yield "after_commit", _("Only an answer of your own or HTML may deny what was done.")

    def _wrong_figure(self) -> str:
        if self.trigger is Trigger.PROBABILITY:
            return "" if 0 <= self.figure <= 1 else _("A probability from 0 to 1.")
        if self.trigger is Trigger.ALWAYS:
            return "" if math.isfinite(self.figure) else _("A number.")
        is_count = 1 <= self.figure <= _MAX_COUNT and self.figure == int(self.figure)
        return "" if is_count else _("A whole number from 1 to {limit}.").format(limit=_MAX_COUNT)


@dataclass(frozen=True, slots=True)
class FaultRule:
    """A stored rule.

    Attributes:
        seen: calls that matched since the rule was last switched on.
        hits: to how many of them it applied.
    """

    id: str
    tenant_id: str
    draft: FaultDraft
    seen: int
    hits: int
    created_at: datetime
    created_by: str

    @property
    def label(self) -> str:
        """What the recorder calls the rule."""
        return f"{self.draft.kind}: {self.draft.name}" if self.draft.name else self.draft.kind


def applies(rule: FaultRule, number: int) -> bool:
    """Tell whether a rule applies to the `number`th matching call (the first is 1)."""
    draft = rule.draft
    if draft.trigger is Trigger.NEXT:
        return number <= draft.figure
    if draft.trigger is Trigger.EVERY:
        return number % int(draft.figure) == 0
    if draft.trigger is Trigger.PROBABILITY:
        return _uniform(draft.seed, number) < draft.figure
    return True


def is_used_up(rule: FaultRule, number: int) -> bool:
    """Tell whether no call after the `number`th is one that the rule applies to."""
    return rule.draft.trigger is Trigger.NEXT and number >= rule.draft.figure


def _uniform(seed: int, number: int) -> float:
    """Return a number from 0 to below 1 that depends on nothing but the arguments."""
    digest = hashlib.sha256(f"{seed}|{number}".encode()).digest()
    return int.from_bytes(digest[:7]) / 256**7


class FaultAction(AuditAction):
    """What the audit log tells of a fault rule."""

    ADDED = "sandbox.fault_added", N_("Fault rule added")
    CHANGED = "sandbox.fault_changed", N_("Fault rule changed")
    ENABLED = "sandbox.fault_enabled", N_("Fault rule switched on")
    DISABLED = "sandbox.fault_disabled", N_("Fault rule switched off")
    DELETED = "sandbox.fault_deleted", N_("Fault rule deleted")
