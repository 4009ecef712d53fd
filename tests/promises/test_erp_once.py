"""One invoice is booked once in M3 and LN, and kept once by ION, whatever is killed or lost.

Each call that changes something there is tried: the worker is killed before Infor takes it and
behind its commit. PostgreSQL tries one call of each in `make test`, and all of them in
`make chaos`.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ionport.exports.destinations.infor_idm_m3 import VALIDATE_OPTION
from ionport.exports.model import ExportMethod
from tests.promises.conftest import Installer
from tests.promises.counting import assert_effects_once
from tests.promises.infor import Target
from tests.promises.wire import PUBLISH, Wire, passed_on
from tests.promises.workers import Workers
from tests.support import erp_mappings
from tests.support.intermediary import Call
from tests.support.sides import PATIENCE, until

_EXECUTE = ("POST", "/M3/m3api-rest/v2/execute")
_SERVICE = ("POST", "/LN/c4ws/services/ReceivedPurchaseInvoice")
DOCUMENTS = 4


@dataclass(frozen=True)
class Send:
    """A call that changes something: which of the method's calls of this kind it is."""

    name: str
    method: ExportMethod
    erp: bytes
    kind: tuple[str, str]
    position: int

    def __str__(self) -> str:
        return self.name


_M3 = (ExportMethod.INFOR_IDM_M3, erp_mappings.M3, _EXECUTE)
SENDS = [
    Send("AddHead", *_M3, 1),
    Send("AddLine", *_M3, 2),
    Send("ValidByBatchNo", *_M3, 3),
    # The first call asks whether the invoice is there.
    Send("Create", ExportMethod.INFOR_IDM_LN, erp_mappings.LN, _SERVICE, 2),
    Send("Publish", ExportMethod.INFOR_ION_BOD, b"", PUBLISH, 1),
]
MOMENTS = ["before the ERP takes it", "behind its commit"]


def _cases() -> Iterator[Any]:
    # What the ERP has done is at stake behind its commit, and most where one batch has many lines.
    short = {(send.name, MOMENTS[1]) for send in SENDS if send.name != "AddLine"}
    for database, send, moment in itertools.product(("sqlite", "postgresql"), SENDS, MOMENTS):
        is_short = (send.name, moment) in short
        if database == "postgresql":
            is_short = (send.name, moment) == ("AddLine", MOMENTS[1])
        if is_short or "IONPORT_CHAOS_DOCUMENTS" in os.environ:
            yield pytest.param(database, send, moment, id=f"{database}-{send}-{moment}")


@pytest.mark.parametrize(("database", "send", "moment"), list(_cases()))
def test_a_worker_killed_around_a_send_to_the_erp_books_nothing_twice(
    target: Target, install: Installer, crew: Workers, database: str, send: Send, moment: str
) -> None:
    with Wire(target.url) as wire:
        installation = install(
            database,
            target.credentials_through(wire),
            method=send.method,
            erp=send.erp,
            options={VALIDATE_OPTION: "on"} if send.method is ExportMethod.INFOR_IDM_M3 else {},
        )
        is_there, is_killed = threading.Event(), threading.Event()

        def take(call: Call) -> None:
            body = call.read()
            if moment == MOMENTS[1]:
                call.forward(body)
            is_there.set()
            is_killed.wait(PATIENCE)
            call.cut()

        for _earlier in range(send.position - 1):
            wire.on(send.kind, passed_on)
        wire.on(send.kind, take)
        installation.export(1)
        worker = crew.start(installation.folder, installation.database_url)
        assert is_there.wait(PATIENCE), installation.ledger.unfinished()
        worker.kill()
        is_killed.set()
        installation.export(DOCUMENTS - 1)
        # And the answer of a call of another document is lost while the worker goes on.
        wire.on(send.kind, _lost)
        other = crew.start(installation.folder, installation.database_url)
        assert until(installation.ledger.all_delivered, PATIENCE), installation.ledger.unfinished()
        other.stop()
        assert len(installation.ledger.correlation_ids()) == DOCUMENTS
        assert_effects_once(target.counts, installation.ledger)


def _lost(call: Call) -> None:
    call.forward(call.read())
    call.cut()
