"""What deliveries say that wait over a connection which a person has paused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ionport.connections.pauses import Pause, pauses_of
from ionport.core.i18n import _
from ionport.exports.ledger.attempts import Problem
from ionport.exports.model import PAUSED_BY_PERSON, Delivery
from ionport.store import OrganizationScope, ScopedWork


def problem_of(pause: Pause) -> Problem:
    """Return why nothing is delivered over a paused connection."""
    text = _("{name} has paused the connection.").format(name=pause.by)
    if pause.reason:
        text = _("{name} has paused the connection: “{reason}”.").format(
            name=pause.by, reason=pause.reason
        )
    remedy = _("Resume it on its page: what waits for it then goes on.")
    return Problem(PAUSED_BY_PERSON, text, remedy, transient=True)


def as_paused(
    access: ScopedWork[OrganizationScope], deliveries: Sequence[Delivery]
) -> list[Delivery]:
    """Return deliveries as a person sees them: one that waits over a paused connection is held.

    In the ledger such a one has the time of its next try, at which a worker holds it.
    """
    timed = [each for each in deliveries if each.next_attempt_at is not None]
    pauses = pauses_of(access, {each.connection_id for each in timed})
    return [
        _held(each, pause)
        if each.next_attempt_at is not None and (pause := pauses.get(each.connection_id))
        else each
        for each in deliveries
    ]


def _held(delivery: Delivery, pause: Pause) -> Delivery:
    problem = problem_of(pause)
    return replace(
        delivery,
        due_at=None,
        error_code=problem.code,
        error_text=problem.text,
        remedy=problem.remedy,
    )
