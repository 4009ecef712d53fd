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
class RunningPass:
    """A delivery whose pass runs, as the pass has read it.

    `unwritten` are changed columns of the delivery, `unwritten_steps` changed steps, and
    `unwritten_attempts` those of calls that only read: without an effect at Infor, they are written
    with the next write of the pass, and lost when the process ends before.
    """

    delivery: Delivery
    steps: Mapping[StepKind, DeliveryStep]
    now: datetime
    unwritten: Mapping[str, Any] = field(default_factory=dict)
    unwritten_steps: frozenset[StepKind] = frozenset()
    unwritten_attempts: tuple[Attempt, ...] = ()

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
        changed = replace(
            self.with_step(kind, **values), unwritten_steps=self.unwritten_steps | {kind}
        )
        if attempt is None:
            return changed
        return replace(
            changed.with_step(kind, attempts=attempt.number),
            unwritten_attempts=(*self.unwritten_attempts, attempt),
        )

    def changed_steps(self, besides: StepKind | None = None) -> list[DeliveryStep]:
        """Return the steps whose changes are not written yet, in their order."""
        changed = (self.steps[kind] for kind in self.unwritten_steps if kind is not besides)
        return sorted(changed, key=lambda step: step.position)

    def written(self) -> RunningPass:
        """Return the delivery after a write of its pass."""
        return replace(self, unwritten={}, unwritten_steps=frozenset(), unwritten_attempts=())
