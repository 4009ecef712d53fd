"""What the stored checks of a connection prove for a method, by the stages that it uses.

A check tries everything that a connection can do; a method needs some of it. *Refused* means that
Infor refuses the credential, the role or the document type, and would refuse a delivery too.
Everything else that went wrong (name, network, time-out, certificate, a server that is down, a
process that ended) proves nothing either way: *unproved*. So does a check from before a stage was
asked.

M3 and LN, which not every tenant has, end as *not applicable* where they are not open: that does
not matter to a method that does not use them; for another the stage's code decides.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ionport.connections.model import Check, CheckStage, StageStatus
from ionport.connections.targets.errors import REFUSALS
from ionport.core.i18n import _
from ionport.core.sentences import joined, told
from ionport.ionapi.errors import is_transient

BASE_STAGES: Final = ("file", "network", "token", "refresh")
"""What every call needs, whichever service it goes to."""

# Statuses that do not fail a proof as a whole; for a suite that a method needs only *passed* is
# enough.
_MADE: Final = frozenset({StageStatus.PASSED, StageStatus.NOT_APPLICABLE})
_NEEDED: Final = frozenset({StageStatus.PASSED})
_ANSWERED: Final = frozenset({StageStatus.FAILED, StageStatus.NOT_APPLICABLE})
# RFC 6749 §5.2 and §4.1.2.1: what an authorization server answers to a credential that it refuses.
_OAUTH_REFUSALS: Final = frozenset(
    {
        "access_denied",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
    }
)
_BY_STATUS: Final = re.compile(r"[a-z]+_http_(4\d\d)")


class ProofState(StrEnum):
    """The state of a connection's proof, for a method."""

    PASSED = "passed"
    REFUSED = "refused"
    UNPROVED = "unproved"
    MISSING = "missing"

    @property
    def label(self) -> str:
        return {
            ProofState.PASSED: _("Passed"),
            ProofState.REFUSED: _("Refused"),
            ProofState.UNPROVED: _("Unproved"),
            ProofState.MISSING: _("Not proved yet"),
        }[self]


@dataclass(frozen=True, slots=True)
class Proof:
    """A connection's proof: its state, the check it follows from, and the stage that stopped it."""

    state: ProofState
    check: Check | None = None
    stage: CheckStage | None = None

    @property
    def check_id(self) -> str:
        """The check that decides; empty when there is none."""
        return self.check.id if self.check else ""

    @property
    def at(self) -> datetime | None:
        """When the deciding check ended."""
        return self.check.finished_at if self.check else None

    @property
    def text(self) -> str:
        """What happened, as one sentence for people; empty when all passed."""
        if self.state is ProofState.PASSED:
            return ""
        if self.check is None:
            return _("The connection was never proved.")
        if self.stage is None or self.stage.status not in _ANSWERED:
            return _("The proof broke off before all was asked.")
        # Texts that were read before may be in another language.
        return told(joined(self.stage.title, self.stage.cause or self.stage.summary, by=": "))

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.state is ProofState.PASSED:
            return ""
        if self.stage is not None and self.stage.status in _ANSWERED and self.stage.remedy:
            return told(self.stage.remedy)
        return _("Choose Test connection.")


def judge(checks: Sequence[Check], stages: Collection[str]) -> Proof:
    """Return what `checks` (the newest first) prove for a method that uses `stages`.

    The newest check that ended decides. One that proves nothing does not take back a refusal:
    only a proof that passes does.
    """
    ended = [_verdict(check, stages) for check in checks if check.is_over]
    if not ended:
        return Proof(ProofState.MISSING)
    if ended[0].state is not ProofState.UNPROVED:
        return ended[0]
    known = next((proof for proof in ended if proof.state is not ProofState.UNPROVED), None)
    return known if known is not None and known.state is ProofState.REFUSED else ended[0]


def state_of_check(check: Check) -> ProofState:
    """Return the state of a check that ended, over all stages."""
    asked = (s.key for s in check.stages if s.status is not StageStatus.NOT_APPLICABLE)
    return _verdict(check, frozenset(asked)).state


def sees_user(check: Check | None) -> bool:
    """Whether a proof has seen the roles of the service account's user.

    IDM may answer an account without one, too; M3 and LN act as the user, and refuse then.
    """
    stages = {stage.key: stage for stage in check.stages} if check is not None else {}
    if "idm" not in stages or stages["idm"].status is not StageStatus.PASSED:
        return False
    codes = [stages[key].code for key in ("m3", "ln") if key in stages]
    return not any(code.endswith("_http_403") for code in codes)


def is_refusal(stage: CheckStage) -> bool:
    """Whether a failed stage is a refusal, which would come again."""
    if stage.key == "file":
        return True
    code = stage.code
    by_status = _BY_STATUS.fullmatch(code)
    if by_status is not None:
        return not is_transient(int(by_status[1]))
    return code in _OAUTH_REFUSALS | REFUSALS or (
        stage.key == "m3" and stage.status is StageStatus.NOT_APPLICABLE and bool(code)
    )


def _verdict(check: Check, stages: Collection[str]) -> Proof:
    open_stage: CheckStage | None = None
    for stage in check.stages:
        enough = _MADE if stage.key in BASE_STAGES else _NEEDED
        if stage.key not in stages or stage.status in enough:
            continue
        if stage.status in _ANSWERED and is_refusal(stage):
            return Proof(ProofState.REFUSED, check, stage)
        # The first stage that stopped explains those after it.
        open_stage = open_stage or stage
    all_asked = {stage.key for stage in check.stages}.issuperset(stages)
    is_passed = open_stage is None and all_asked
    return Proof(ProofState.PASSED if is_passed else ProofState.UNPROVED, check, open_stage)
