"""The port of questions: how a method asks the ERP for a delivered invoice; only reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, Protocol

from ionport.documents.model import ErpStatus
from ionport.exports.model import Delivery, DeliveryStep, StepKind
from ionport.ionapi.client import IonApiClient

ASK_OPTION: Final = "ask_until_posted"
"""The option of a method for when its ERP is asked."""

WORD_OPTION: Final = "erp_word_hours"
"""The option for how many hours the ERP's status may take; 0: it is not expected."""

FIRST_AFTER: Final = timedelta(seconds=3)
FOR: Final = timedelta(days=30)
# How long to wait after a question, by how long ago the invoice was delivered.
_WAITS: Final = (
    (timedelta(minutes=1), timedelta(seconds=10)),
    (timedelta(minutes=15), timedelta(minutes=1)),
    (timedelta(days=1), timedelta(minutes=5)),
    (FOR, timedelta(hours=6)),
)


class AskWhen(StrEnum):
    """When an ERP is asked.

    *Unless told*: while the connection has no endpoint for acknowledgements, and once its proof has
    reached the ERP.
    """

    NEVER = "never"
    ALWAYS = "always"
    UNLESS_TOLD = "unless_told"


@dataclass(frozen=True, slots=True)
class ErpAnswer:
    """The ERP's status of an invoice, its number there, and the reason of a rejection."""

    status: ErpStatus
    number: str
    voucher: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AskedDelivery:
    """A delivery of which an ERP is asked, by the client of its connection.

    `read` returns stored content by its digest; `options` are the configuration's.
    """

    client: IonApiClient
    delivery: Delivery
    steps: Sequence[DeliveryStep]
    read: Callable[[str], bytes]
    options: Mapping[str, str]

    def payload(self, kind: StepKind) -> bytes | None:
        """Return what the step of a kind has sent; None where it has not."""
        digests = (each.payload_digest for each in self.steps if each.kind is kind)
        digest = next(digests, None)
        return self.read(digest) if digest else None


class ErpQuestion(Protocol):
    """How the ERP of a method is asked."""

    stage: str
    """The stage of a connection's proof that shows whether the ERP can be asked."""

    def when(self, options: Mapping[str, str]) -> AskWhen:
        """Return when a configuration with these options lets it be asked."""
        ...

    def ask(self, asked: AskedDelivery) -> ErpAnswer | None:
        """Return the ERP's status of a delivery; None while the ERP does not have it.

        Raises IonApiError, IonportError of reading what was sent, and NotFound where the ERP
        cannot be asked for it.
        """
        ...


class AskWhereWanted:
    """The part of a question about what the delivery itself has created: asked where wanted."""

    def when(self, options: Mapping[str, str]) -> AskWhen:
        return AskWhen.ALWAYS if options.get(ASK_OPTION) else AskWhen.NEVER


def next_wait(age: timedelta) -> timedelta | None:
    """Return how long to wait with the next question; None when there is none any more."""
    return next((wait for until, wait in _WAITS if age < until), None)
