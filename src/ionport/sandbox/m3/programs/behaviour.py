"""The behaviour of a transaction, and a checked transaction of a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ionport.core.errors import IonportError
from ionport.sandbox.m3.catalogue import Transaction
from ionport.sandbox.m3.company import Company, Records
from ionport.sandbox.m3.model import File, Key, Record, Session
from ionport.sandbox.m3.parameters import Request

# Raises TransactionFailed before it changes anything, so that a refused transaction of a batch
# leaves nothing behind.
Work = Callable[[Company, Session, Record], Sequence[Record]]
# The same of what only reads records.
Asking = Callable[[Records, Session, Record], Sequence[Record]]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a transaction does.

    Attributes:
        reads: the records that it will ask for, so that a batch can fetch them at once; an
            optimisation only.
        ahead: runs instead of `work`, before the call's database transaction, because it may take
            long; only in programs whose transactions all read.
    """

    work: Work
    changes: bool = False
    reads: Callable[[Session, Record], Iterable[tuple[File, Key]]] | None = None
    ahead: Asking | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A transaction that was looked up and whose input is right, or the error that it is not.

    Attributes:
        company: the one that the transaction works in.
        behaviour: None for a general transaction, which needs no company.
    """

    request: Request
    company: int
    transaction: Transaction | None = None
    behaviour: Behaviour | None = None
    values: Record | None = None
    error: IonportError | None = None
