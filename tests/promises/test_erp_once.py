"""One invoice is booked once in M3 and LN, wherever the worker is killed and whatever is lost."""

from __future__ import annotations

import json
import threading

import pytest

from ionport.exports.model import ExportMethod
from tests.promises.conftest import Installer, Target
from tests.promises.counting import Infor, Ledger
from tests.promises.installation import Installation
from tests.promises.wire import Wire
from tests.promises.workers import Workers
from tests.support import erp_mappings
from tests.support.intermediary import Call
from tests.support.sides import PATIENCE, until

M3 = ("POST", "/M3/m3api-rest/v2/execute")
LN = ("POST", "/LN/c4ws/services/ReceivedPurchaseInvoice")
# M3: the head, then the lines. LN: the question, then the invoice.
CALLS = 2
DOCUMENTS = 4


@pytest.mark.parametrize("position", range(1, CALLS + 1))
@pytest.mark.parametrize(
    ("method", "erp", "kind"),
    [
        (ExportMethod.INFOR_IDM_M3, erp_mappings.M3, M3),
        (ExportMethod.INFOR_IDM_LN, erp_mappings.LN, LN),
    ],
)
def test_a_worker_killed_behind_the_erps_commit_books_nothing_twice(
    target: Target,
    install: Installer,
    crew: Workers,
    method: ExportMethod,
    erp: bytes,
    kind: tuple[str, str],
    position: int,
) -> None:
    with Wire(target.url) as wire:
        credentials = target.credentials_through(wire)
        installation = install("sqlite", credentials, method=method, erp=erp)
        taken, killed = threading.Event(), threading.Event()

        def take(call: Call) -> None:
            call.forward(call.read())
            taken.set()
            killed.wait(PATIENCE)
            call.cut()

        def pass_on(call: Call) -> None:
            answer = call.forward(call.read())
            wire.on(kind, take)
            call.answer(*answer)

        wire.on(kind, take if position == 1 else pass_on)
        installation.export(1)
        worker = crew.start(installation.folder, installation.database_url)
        assert taken.wait(PATIENCE), installation.ledger.unfinished()
        worker.kill()
        killed.set()
        installation.export(DOCUMENTS - 1)
        # And the answer of a call of another document is lost while the worker goes on.
        wire.on(kind, _lost)
        other = crew.start(installation.folder, installation.database_url)
        assert until(installation.ledger.all_delivered, PATIENCE), installation.ledger.unfinished()
        other.stop()
        _assert_booked_once(target.counts, installation.ledger, _lines_of(installation), method)


def _lost(call: Call) -> None:
    call.forward(call.read())
    call.cut()


def _lines_of(installation: Installation) -> int:
    """Return how many lines the invoice of the tests has."""
    ((tables,),) = installation.ledger.rows("SELECT tables FROM documents LIMIT 1")
    return len(json.loads(tables)["INVOICE_TABLE"])


def _assert_booked_once(infor: Infor, ledger: Ledger, lines: int, method: ExportMethod) -> None:
    wanted = ledger.correlation_ids()
    assert len(wanted) == DOCUMENTS
    items = infor.items()
    assert {key: items[key] for key in wanted} == dict.fromkeys(wanted, 1)
    if method is ExportMethod.INFOR_IDM_LN:
        invoices = infor.ln_invoices()
        assert {key: invoices[key] for key in wanted} == dict.fromkeys(wanted, 1)
        return
    heads, entered = infor.m3_heads(), infor.m3_lines()
    assert {key: heads[key] for key in wanted} == dict.fromkeys(wanted, 1)
    assert {key: entered[key] for key in wanted} == dict.fromkeys(wanted, lines)
