"""Asks a tenant and the sandbox the same questions, and reports where they differ.

The report names operations, places and kinds of values and nothing that a tenant holds: it can be
sent to the project, so that what is inferred becomes verified.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from ionport import __version__
from ionport.tenant_tools.verify.asking import StoppedAsking, Tenant, Told
from ionport.tenant_tools.verify.questions import Question
from ionport.tenant_tools.verify.shapes import Difference, DifferenceKind, differences

_REFUSALS: Final = (401, 403)


class State(StrEnum):
    """The result of a comparison.

    `REFUSED` is what the tenant answers with 401 or 403 and the sandbox otherwise: the credential
    lacks a scope, a user or a right there, so that the operation is not compared.
    """

    SAME = "same"
    DIFFERS = "differs"
    REFUSED = "refused"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Compared:
    """One operation, compared; `reason` says why it was not asked."""

    question: Question
    state: State
    differences: Sequence[Difference] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found, in the order of the coverage table.

    Attributes:
        environment: TST, PRD and so on; nothing else of the tenant's id is told.
        calls: how many the tenant got.
    """

    compared: Sequence[Compared]
    environment: str
    calls: int
    made_at: datetime
    stopped: str = ""

    def count(self, state: State) -> int:
        """Return how many operations have a state."""
        return sum(each.state is state for each in self.compared)

    def as_json(self) -> dict[str, Any]:
        """Return the report as it is written into a file."""
        return {
            "report": "ionport verify",
            "version": __version__,
            "made_at": self.made_at.astimezone(UTC).isoformat(timespec="seconds"),
            "environment": self.environment,
            "calls": self.calls,
            "stopped": self.stopped,
            "operations": [_as_json(each) for each in self.compared],
        }


def verify(
    tenant: Tenant,
    sandbox: Tenant,
    asked: Sequence[Question],
    *,
    environment: str = "",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    progress: Callable[[Compared], None] = lambda compared: None,
) -> Report:
    """Ask both the same questions and return the differences.

    A question waits until earlier answers of both have the values that it needs. One that either
    side does not answer at all, that lacks a value, or for which only one side has a record of M3
    is not compared.
    """
    made: dict[int, Compared] = {}
    stopped = ""
    try:
        while ready := _ready(asked, made, tenant, sandbox):
            for number in ready:
                made[number] = _compared(asked[number], tenant, sandbox)
                progress(made[number])
    except StoppedAsking as reason:
        stopped = str(reason)
    rest = (
        made.get(number) or _not_asked(question, tenant, sandbox, stopped)
        for number, question in enumerate(asked)
    )
    return Report(list(rest), environment, tenant.calls, now(), stopped)


def _ready(
    asked: Sequence[Question], made: dict[int, Compared], tenant: Tenant, sandbox: Tenant
) -> list[int]:
    return [
        number
        for number, question in enumerate(asked)
        if number not in made
        and not question.missing(tenant.values)
        and not question.missing(sandbox.values)
    ]


def _compared(question: Question, tenant: Tenant, sandbox: Tenant) -> Compared:
    theirs = tenant.ask(question)
    if theirs.status is None:
        return Compared(question, State.NOT_ASKED, reason=f"no answer: {theirs.error}")
    ours = sandbox.ask(question)
    if ours.status is None:
        return Compared(question, State.NOT_ASKED, reason=f"no answer of ours: {ours.error}")
    if theirs.has_no_record != ours.has_no_record:
        lacking = "the tenant" if theirs.has_no_record else "the sandbox"
        return Compared(question, State.NOT_ASKED, reason=f"{lacking} has no such record")
    found = _differences(theirs, ours)
    if found and theirs.status in _REFUSALS:
        return Compared(question, State.REFUSED, found)
    return Compared(question, State.DIFFERS if found else State.SAME, found)


def _differences(theirs: Told, ours: Told) -> Sequence[Difference]:
    if theirs.status != ours.status:
        # Two different answers: their contents are not compared.
        kind = DifferenceKind.STATUS
        return [Difference(kind, "", str(theirs.status), str(ours.status))]
    if theirs.media_type != ours.media_type:
        kind = DifferenceKind.MEDIA_TYPE
        return [Difference(kind, "", theirs.media_type[:80], ours.media_type[:80])]
    return differences(theirs.shape, ours.shape)


def _not_asked(question: Question, tenant: Tenant, sandbox: Tenant, stopped: str) -> Compared:
    missing = question.missing(tenant.values) or question.missing(sandbox.values)
    reason = f"nothing told a value for {', '.join(missing)}" if missing else stopped
    return Compared(question, State.NOT_ASKED, reason=reason)


def _as_json(compared: Compared) -> dict[str, Any]:
    question = compared.question
    told: dict[str, Any] = {
        "service": question.service,
        "operation": question.name,
        "address": question.address,
        "known": question.fact.known.value,
        "reference": question.fact.section,
        "state": compared.state.value,
    }
    if compared.reason:
        told["reason"] = compared.reason
    if compared.differences:
        told["differences"] = [asdict(each) for each in compared.differences]
    return told
