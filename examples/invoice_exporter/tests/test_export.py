"""The whole exporter against a tenant of ionport's sandbox: the fixture `infor`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from invoice_exporter.__main__ import main
from invoice_exporter.export import Exporter
from invoice_exporter.invoices import Invoice, read_invoices
from ionport.ionapi import IonApiClient, IonApiFile, ServiceError
from ionport.testing.infor import Infor

LIST = Path(__file__).parent / "data" / "invoices.csv"


@pytest.fixture
def invoice() -> Invoice:
    return read_invoices(LIST)[0]


@pytest.fixture
def waits() -> list[float]:
    """The seconds that the exporter would have waited."""
    return []


@pytest.fixture
def exporter(infor: Infor, waits: list[float]) -> Iterator[Exporter]:
    with IonApiClient(IonApiFile.load(infor.ionapi_file())) as client:
        yield Exporter(client, pause=waits.append)


def test_an_invoice_is_archived_with_its_file_and_announced(
    infor: Infor, exporter: Exporter, invoice: Invoice
) -> None:
    done = exporter.export(invoice)

    item = infor.idm.item(entity="M3_SupplierInvoice", BOD_SupplierInvoiceID="471102")
    assert (item.pid, item.content) == (done.pid, invoice.file.read_bytes())
    message = infor.ion.message("Sync.CaptureDocument", message_id=done.message_id)
    assert b"<Value>471102</Value>" in message.bod
    assert message.findings == ()


def test_an_export_that_is_repeated_changes_nothing(
    infor: Infor, exporter: Exporter, invoice: Invoice
) -> None:
    assert exporter.export(invoice) == exporter.export(invoice)

    infor.idm.item()
    assert infor.ion.message().arrivals == 2


def test_a_busy_server_is_asked_again(
    infor: Infor, exporter: Exporter, invoice: Invoice, waits: list[float]
) -> None:
    fault = infor.faults.add(status=503, service="IDM", operation="create item", times=2)

    exporter.export(invoice)

    assert (fault.hits, waits) == (2, [1.0, 2.0])
    infor.idm.item()


def test_a_server_that_names_a_time_is_asked_then(
    infor: Infor, exporter: Exporter, invoice: Invoice, waits: list[float]
) -> None:
    infor.faults.add("too-many-requests", operation="publish", seconds=7, times=1)

    exporter.export(invoice)

    assert waits == [7.0]


def test_a_connection_cut_after_the_item_was_stored_makes_no_second_item(
    infor: Infor, exporter: Exporter, invoice: Invoice
) -> None:
    infor.faults.add("cut-after-commit", operation="create item", times=1)

    exporter.export(invoice)

    infor.idm.item(BOD_SupplierInvoiceID="471102")


def test_an_expired_token_is_renewed_on_the_way(
    infor: Infor, exporter: Exporter, waits: list[float]
) -> None:
    first, second = read_invoices(LIST)
    exporter.export(first)
    infor.clock.expire_tokens()

    exporter.export(second)

    assert len(infor.idm.items()) == 2
    assert waits == []


def test_what_infor_refuses_for_good_is_not_repeated(
    infor: Infor, exporter: Exporter, invoice: Invoice, waits: list[float]
) -> None:
    infor.faults.add(status=403, service="IDM", operation="create item")

    with pytest.raises(ServiceError):
        exporter.export(invoice)

    assert waits == []
    assert len(infor.recorder.calls(operation="create item")) == 1
    assert infor.ion.messages() == []


def test_the_command_exports_a_list_and_says_where_everything_is(
    infor: Infor, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(infor.ionapi_file()), str(LIST)]) == 0

    said = capsys.readouterr().out
    for item in infor.idm.items():
        assert item.pid in said
    assert len(infor.ion.messages("Sync.CaptureDocument")) == 2


def test_the_command_fails_when_an_invoice_does(
    infor: Infor, capsys: pytest.CaptureFixture[str]
) -> None:
    infor.faults.add(status=400, operation="publish", times=1)

    assert main([str(infor.ionapi_file()), str(LIST)]) == 1

    assert "471102:" in capsys.readouterr().err
    assert len(infor.ion.messages()) == 1
