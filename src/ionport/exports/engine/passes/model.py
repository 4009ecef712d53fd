"""A running pass with its delivery, and its possible outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ionport.exports.model import (
    Attempt,
    Delivery,
    DeliveryStep,
    Outcome,
    OutcomeKind,
    StepKind,
    StepStatus,
)
from ionport.store import OrganizationScope, SystemScope

SYSTEM = SystemScope("running deliveries")
DELIVERED = Outcome(OutcomeKind.DONE)
SETTLED = Outcome(OutcomeKind.SETTLED)
FAILED = Outcome(OutcomeKind.FAILED)


@dataclass(frozen=True, slots=True)
class StepChange:
    """Changed columns of a step, and the attempt of a call that only read."""

    kind: StepKind
    values: Mapping[str, Any]
    attempt: Attempt | None = None


@dataclass(frozen=True, slots=True)
class RunningPass:
    """A delivery whose pass runs, as the pass has read it.

    `unwritten` and `unwritten_steps` are changes without an effect at Infor: they are written with
    the next write of the pass, and lost when the process ends before.
    """

    delivery: Delivery
    steps: Mapping[StepKind, DeliveryStep]
    now: datetime
    unwritten: Mapping[str, Any] = field(default_factory=dict)
    unwritten_steps: tuple[StepChange, ...] = ()

    @property
    def scope(self) -> OrganizationScope:
        return OrganizationScope(self.delivery.organization_id)

    @property
    def pass_number(self) -> int:
        return self.delivery.pass_number

    @property
    def next_step(self) -> StepKind | None:
        """The first step that is not over."""
        left = [step for step in self.steps.values() if not step.status.is_over]
        return min(left, key=lambda step: step.position).kind if left else None

    def is_last(self, kind: StepKind) -> bool:
        """Whether no other step is left beside `kind`."""
        return all(step.status.is_over or step.kind is kind for step in self.steps.values())

    def without(self, kind: StepKind) -> RunningPass:
        """Return the delivery with a step that was found to be unnecessary."""
        return self.with_step(kind, status=StepStatus.SKIPPED)

    def with_step(self, kind: StepKind, **values: Any) -> RunningPass:
        """Return the delivery with a step that this pass has changed."""
        return replace(self, steps={**self.steps, kind: replace(self.steps[kind], **values)})

    def with_change(
        self, kind: StepKind, values: Mapping[str, Any], attempt: Attempt | None = None
    ) -> RunningPass:
        """Return the delivery with a change of a step that is not written yet."""
        made = {} if attempt is None else {"attempts": attempt.number}
        changes = (*self.unwritten_steps, StepChange(kind, values, attempt))
        return replace(self.with_step(kind, **values, **made), unwritten_steps=changes)

    def written(self) -> RunningPass:
        """Return the delivery after a write of its pass."""
        return replace(self, unwritten={}, unwritten_steps=())
