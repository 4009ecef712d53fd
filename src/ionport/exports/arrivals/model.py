"""Values of a call of which nobody but a person can tell whether it has arrived."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.exports.destinations import call_of
from ionport.exports.life_cycle import DeliveryCause, sources
from ionport.exports.model import Attempt, AttemptState, Delivery, DeliveryDetail, DeliveryStep

_REFERENCE: Final = re.compile(r"[\x21-\x7e]{1,100}")


class Arrival(StrEnum):
    """What a person has found at the target."""

    THERE = "there"
    NOT_THERE = "not_there"

    @classmethod
    def of(cls, text: str) -> Arrival:
        """Return the one that a form, a request or a command names; raises InvalidInput."""
        if text not in list(cls):
            wrong = _("Choose what you have found at the target.")
            raise InvalidInput(wrong, fields={"arrival": wrong})
        return cls(text)


@dataclass(frozen=True, slots=True)
class UnknownCall:
    """The step of a delivery with a call without an answer.

    `column` is the column of the delivery for the target's id; empty where the target has none, or
    it is known. `is_needed` tells whether further steps name it. From `sure_at` on a miss counts:
    until then the call may still arrive
    (docs/decisions/0019-who-may-send-and-when-another-may.md).
    """

    step: DeliveryStep
    attempts: tuple[Attempt, ...]
    column: str
    is_needed: bool
    sure_at: datetime

    def checked_reference(self, text: str) -> str:
        """Return the target's id as a person has typed it; raises InvalidInput."""
        reference = text.strip()
        wrong = ""
        if reference and not self.column:
            wrong = _("This step makes nothing that has a number of its own: leave it empty.")
        elif reference and not _REFERENCE.fullmatch(reference):
            wrong = _("Write the number as the target shows it: up to 100 characters, no spaces.")
        elif not reference and self.is_needed:
            wrong = _("Write the number: the steps that follow name it.")
        if wrong:
            raise InvalidInput(wrong, fields={"reference": wrong})
        return reference


def unknown_call(
    detail: DeliveryDetail, sure_at: Callable[[Attempt], datetime]
) -> UnknownCall | None:
    """Return the call that a person may decide of; None where all is known or one is under way.

    `sure_at` tells from when on an attempt can arrive no more.
    """
    delivery = detail.delivery
    if delivery.status not in sources(DeliveryCause.FOUND_THERE):
        return None
    left = [step for step in detail.steps if not step.status.is_over]
    step = min(left, key=lambda each: each.position, default=None)
    if step is None:
        return None
    made = [each for each in detail.attempts if each.step is step.kind]
    lost = tuple(each for each in made if each.state is AttemptState.UNKNOWN)
    if not lost or any(each.state is AttemptState.SENT for each in made):
        return None
    column = _column(delivery, step)
    sure = max(sure_at(each) for each in lost)
    return UnknownCall(step, lost, column, bool(column) and len(left) > 1, sure)


def _column(delivery: Delivery, step: DeliveryStep) -> str:
    """Return the column that the step's call fills and that is still empty."""
    columns: Mapping[str, Any] = call_of(delivery.method, step.kind).columns("?")
    empty = [name for name, value in columns.items() if value and not getattr(delivery, name)]
    return empty[0] if empty else ""
