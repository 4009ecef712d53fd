"""The life cycle of a delivery: every change of its status, its cause and its author.

What changes a status takes the statuses that it may change from `sources`; the manual's page is
made from the same table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ionport.documents.review.life_cycle import Author
from ionport.exports.model import DeliveryStatus

_D = DeliveryStatus
_OPEN: Final = (_D.PENDING, _D.WAITING)
_RUNNING: Final = (_D.RUNNING,)


class DeliveryCause(StrEnum):
    """Why the status of a delivery changes; the value says it in plain English, for the manual."""

    TAKEN_UP = "it is due and its connection has a place: a worker takes it up"
    STOPPED = "its worker stops between two steps"
    TRIED_AGAIN = "tried again"
    FOUND_THERE = "its lost last call has arrived, as a person has found at the target"
    CONFIRMED_LATE = "the program that had fetched it confirms it though it was given up"
    FOLLOW_UP = "the ERP's status asks for one more step, such as an attribute of the item in IDM"
    RESTS = "a passing error: it is tried again at a set time"
    HELD = "findings, a refused proof or an invoice at the target hold it, until a person decides"
    WORKER_LOST = "its worker has ended or is silent: another one takes it over"
    LAST_STEP_DONE = "its last step is done"
    FOLLOW_UP_GIVEN_UP = "the step after the ERP's status is given up"
    REFUSED = "the target refuses it, or its tries are used up"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class DeliveryTransition:
    """One row: from any of `sources` to `target`."""

    sources: tuple[DeliveryStatus, ...]
    target: DeliveryStatus
    cause: DeliveryCause
    author: Author = Author.IONPORT


_BY_PERSON: Final = Author.PERSON
DELIVERY_TRANSITIONS: Final = (
    DeliveryTransition(_RUNNING, _D.PENDING, DeliveryCause.STOPPED),
    DeliveryTransition(
        (_D.WAITING, _D.FAILED, _D.CANCELLED), _D.PENDING, DeliveryCause.TRIED_AGAIN, _BY_PERSON
    ),
    DeliveryTransition((_D.CANCELLED,), _D.PENDING, DeliveryCause.CONFIRMED_LATE),
    DeliveryTransition((_D.DELIVERED,), _D.PENDING, DeliveryCause.FOLLOW_UP),
    DeliveryTransition(_OPEN, _D.RUNNING, DeliveryCause.TAKEN_UP),
    DeliveryTransition(_RUNNING, _D.WAITING, DeliveryCause.RESTS),
    DeliveryTransition(_RUNNING, _D.WAITING, DeliveryCause.HELD),
    DeliveryTransition(_RUNNING, _D.WAITING, DeliveryCause.WORKER_LOST),
    DeliveryTransition(_RUNNING, _D.DELIVERED, DeliveryCause.LAST_STEP_DONE),
    DeliveryTransition(
        (*_OPEN, _D.FAILED), _D.DELIVERED, DeliveryCause.FOLLOW_UP_GIVEN_UP, _BY_PERSON
    ),
    DeliveryTransition(
        (_D.WAITING, _D.FAILED, _D.CANCELLED), _D.DELIVERED, DeliveryCause.FOUND_THERE, _BY_PERSON
    ),
    DeliveryTransition(_RUNNING, _D.FAILED, DeliveryCause.REFUSED),
    DeliveryTransition((*_OPEN, _D.FAILED), _D.CANCELLED, DeliveryCause.GIVEN_UP, _BY_PERSON),
)
"""The table of transitions, by the status that is reached."""

_SOURCES: Final = {row.cause: row.sources for row in DELIVERY_TRANSITIONS}


def sources(cause: DeliveryCause) -> tuple[DeliveryStatus, ...]:
    """Return the statuses that may change because of `cause`."""
    return _SOURCES[cause]
