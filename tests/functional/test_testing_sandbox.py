"""The tenant that test-suites hold: what it gives out, and what it says it holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from ionport.core.errors import InvalidInput
from ionport.ionapi import BodMessage, IonApiClient, IonApiFile, ItemDraft
from ionport.sandbox.testing.infor import Infor
from ionport.sandbox.testing.running import running_infor


@pytest.fixture(scope="module")
def server() -> Iterator[Infor]:
    with running_infor() as infor:
        yield infor


@pytest.fixture
def infor(server: Infor) -> Infor:
    return server


@pytest.fixture
def client(infor: Infor) -> Iterator[IonApiClient]:
    with IonApiClient(IonApiFile.load(infor.ionapi_file())) as client:
        yield client


def _item(number: str, *more: tuple[str, str]) -> ItemDraft:
    attributes = (("BOD_SupplierInvoiceID", number), *more)
    return ItemDraft("M3_SupplierInvoice", attributes, ((f"{number}.xml", b"<Invoice/>"),))


def _bod(message_id: str) -> BodMessage:
    return BodMessage(
        document_name="Sync.CaptureDocument",
        message_id=message_id,
        from_logical_id="lid://infor.ims.example",
        payload=b"<SyncCaptureDocument/>",
    )


def _m3(infor: Infor, address: str, **fields: str) -> dict[str, Any]:
    answer = httpx2.get(
        f"{infor.url}/{infor.tenant}/M3/m3api-rest/v2/execute/{address}",
        params=fields,
        headers={"Authorization": f"Bearer {infor.token()}"},
    )
    (result,) = answer.raise_for_status().json()["results"]
    return dict(result)


def test_an_archived_item_is_there_with_its_file(infor: Infor, client: IonApiClient) -> None:
    made = client.idm.create_item(_item("471102", ("M3_Division", "AAA")))
    item = infor.idm.item(entity="M3_SupplierInvoice", BOD_SupplierInvoiceID="471102")
    assert (item.pid, item.filename, item.content) == (made.pid, "471102.xml", b"<Invoice/>")
    assert item.attributes["M3_Division"] == "AAA"
    assert item.acl == "Public"
    assert infor.idm.items(entity="LN_SupplierInvoice") == []
    assert infor.idm.items(BOD_SupplierInvoiceID="another") == []


def test_the_failure_message_lists_what_is_there(infor: Infor, client: IonApiClient) -> None:
    client.idm.create_item(_item("481"))
    client.idm.create_item(_item("482"))
    with pytest.raises(AssertionError) as none:
        infor.idm.item(entity="M3_SupplierInvoice", BOD_SupplierInvoiceID="no such")
    text = str(none.value)
    assert "expected one IDM item with entity='M3_SupplierInvoice'" in text
    assert "BOD_SupplierInvoiceID='no such', found none." in text
    assert "'481'" in text
    with pytest.raises(AssertionError, match=r"found \d+\.\nThese agree:"):
        infor.idm.item(entity="M3_SupplierInvoice")


def test_a_message_is_there_with_its_bod_and_how_often_it_came(
    infor: Infor, client: IonApiClient
) -> None:
    for _time in range(2):
        client.messaging.publish(_bod("msg-1"))
    message = infor.ion.message("Sync.CaptureDocument", message_id="msg-1")
    assert (message.bod, message.arrivals) == (b"<SyncCaptureDocument/>", 2)
    assert message.parameters["fromLogicalId"] == "lid://infor.ims.example"
    assert infor.ion.messages("Acknowledge.SupplierInvoice") == []
    assert infor.ion.messages(fromLogicalId="lid://infor.ims.other") == []


def test_an_m3_invoice_is_there_with_its_lines_and_errors(infor: Infor) -> None:
    head = {"SUNO": "20001", "SINO": "R-1", "IVDT": "20260305", "DIVI": "AAA", "CUCD": "EUR"}
    (entered,) = _m3(infor, "APS450MI/AddHead", **head)["records"]
    _m3(infor, "APS450MI/AddLine", INBN=entered["INBN"], RDTP="8", NLAM="119")
    invoice = infor.m3.invoice(SINO="R-1")
    assert (invoice["SUNO"], invoice.errors) == ("20001", ())
    assert [line["NLAM"] for line in invoice.lines] == ["119"]
    _m3(infor, "APS455MI/ValidByBatchNo", INBN=entered["INBN"])
    assert infor.m3.invoice(SINO="R-1").errors != ()
    assert infor.m3.invoices(SINO="R-2") == []
    assert infor.m3.records("supplier", SUNO="20001") != []
    with pytest.raises(AssertionError, match="expected one M3 invoice with SINO='R-2', found none"):
        infor.m3.invoice(SINO="R-2")
    with pytest.raises(ValueError, match="M3's files are"):
        infor.m3.records("suppliers")


def test_every_type_of_app_has_its_credential_file(infor: Infor) -> None:
    backend = infor.credentials()
    assert backend["ti"] == infor.tenant
    assert {"cs", "saak", "sask"} <= set(backend)
    web = infor.credentials("web", redirect_urls=("http://127.0.0.1:9000/back",))
    assert web["ru"] == "http://127.0.0.1:9000/back"
    assert {"saak", "sask"}.isdisjoint(web)
    for mobile in ("android", "ios", "windows"):
        assert "cs" not in infor.credentials(mobile)
    assert "saak" not in infor.credentials(service_account=False)


def test_wrong_wishes_are_refused_with_what_there_is(infor: Infor) -> None:
    with pytest.raises(ValueError, match="app_type is one of backend, web"):
        infor.credentials("desktop")
    with pytest.raises(ValueError, match="grant is one of password, client_credentials"):
        infor.credentials(grant="implicit")
    with pytest.raises(InvalidInput):
        infor.credentials(access_token_seconds=1)


def test_a_token_of_a_file_is_a_token_of_its_app(infor: Infor) -> None:
    file = infor.credentials()
    payload = infor.token(file).split(".")[1]
    assert payload
    with pytest.raises(AssertionError, match="the login was refused: 40"):
        infor.token({**file, "sask": "wrong"})


def test_files_are_written_where_only_the_session_is(infor: Infor) -> None:
    first, second = infor.ionapi_file(), infor.ionapi_file()
    assert first != second
    assert json.loads(first.read_text(encoding="utf-8"))["iu"] == infor.url
