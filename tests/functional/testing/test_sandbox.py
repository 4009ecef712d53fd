"""The tenant that test-suites hold: what it gives out, and what it says it holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import Connection, inspect

from ionport.core.errors import InvalidInput, NotFound
from ionport.ionapi import BodMessage, IonApiClient, IonApiFile, ItemDraft, ServiceError
from ionport.migrations import upgrade
from ionport.store import Database, sqlite_url
from ionport.testing import schema
from ionport.testing.infor import Infor
from tests.support.soap import SERVICE, XML_HEADERS, invoice_xml, request


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


def test_an_ln_invoice_is_there_with_its_lines_and_how_far_it_came(infor: Infor) -> None:
    header = {
        "SupplierCode": "GHOST",
        "InvoiceNumberSupplier": "R-1",
        "InvoiceDate": "2026-03-01",
        "InvoiceAmount": "119",
        "InvoiceCurrency": "EUR",
    }
    receipt = ("InvoiceReceipt", {"Order": "PUR-1", "OrderPosition": "1"})

    def call(operation: str, content: str) -> int:
        return httpx2.post(
            f"{infor.url}/{infor.tenant}/LN/c4ws/services/{SERVICE}",
            content=request(operation, content),
            headers={"Authorization": f"Bearer {infor.token()}", **XML_HEADERS},
        ).status_code

    assert call("Create", invoice_xml(header, [receipt])) == 500
    infor.seed({"ln": [{"Order": "PUR-1", "OrderPosition": 1, "Receipt": "R", "Quantity": 5}]})
    assert call("Create", invoice_xml(header, [receipt])) == 200
    invoice = infor.ln.invoice(InvoiceNumberSupplier="R-1")
    assert (invoice.status, invoice["SupplierCode"]) == ("Created", "GHOST")
    assert invoice.lines["InvoiceReceipt"] == [receipt[1]]
    key = {"ReceivedPurchaseInvoice": str(invoice.number)}
    assert call("Process", invoice_xml(key)) == 200
    assert infor.ln.invoice().errors == ("Supplier GHOST does not exist",)
    assert infor.ln.invoices(SupplierCode="SUP000001") == []
    with pytest.raises(AssertionError, match="expected one LN invoice"):
        infor.ln.invoice(SupplierCode="SUP000001")


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


def _get(infor: Infor, token: str) -> int:
    answer = httpx2.get(
        f"{infor.url}/{infor.tenant}/IDM/api/datamodel/entities",
        headers={"Authorization": f"Bearer {token}"},
    )
    return answer.status_code


def test_an_ordered_fault_applies_as_often_as_was_said(infor: Infor, client: IonApiClient) -> None:
    fault = infor.faults.add(status=503, service="IDM", operation="create item", times=2)
    for _time in range(2):
        with pytest.raises(ServiceError):
            client.idm.create_item(_item("600"))
    client.idm.create_item(_item("600"))
    assert (fault.hits, len(infor.idm.items())) == (2, 1)
    failed = infor.recorder.calls("IDM", "create item", status=503)
    assert [call.fault for call in failed] == ["status", "status"]


def test_a_removed_fault_and_a_cleared_one_let_calls_pass(infor: Infor) -> None:
    token = infor.token()
    fault = infor.faults.add("token-refused", service="idm")
    assert _get(infor, token) == 401
    fault.remove()
    assert _get(infor, token) == 200
    infor.faults.add(status=500, method="GET", path="*/datamodel/*")
    assert _get(infor, token) == 500
    infor.faults.clear()
    assert (_get(infor, token), infor.faults.rules()) == (200, [])


def test_every_third_call_and_a_part_of_them(infor: Infor) -> None:
    token = infor.token()
    infor.faults.add(status=429, every=3)
    assert [_get(infor, token) for _time in range(6)] == [200, 200, 429, 200, 200, 429]
    infor.faults.clear()
    first = infor.faults.add(status=500, probability=0.5, seed=7)
    statuses = [_get(infor, token) for _time in range(8)]
    infor.faults.clear()
    infor.faults.add(status=500, probability=0.5, seed=7)
    assert [_get(infor, token) for _time in range(8)] == statuses
    assert {200, 500} == set(statuses)
    with pytest.raises(NotFound):
        assert first.hits


def test_a_wrong_fault_says_what_is_wrong(infor: Infor) -> None:
    with pytest.raises(InvalidInput) as refused:
        infor.faults.add(status=99)
    assert refused.value.__notes__ == ["status: A status from 200 to 599."]
    with pytest.raises(ValueError, match="choose one of times, every and probability"):
        infor.faults.add(times=1, every=2)
    with pytest.raises(ValueError, match="no-such-kind"):
        infor.faults.add("no-such-kind")


def test_a_connection_cut_after_the_commit_leaves_the_item(infor: Infor) -> None:
    infor.faults.add("cut-after-commit", operation="create item", times=1)
    item = {"item": {"entityName": "M3_SupplierInvoice", "attrs": {"attr": []}}}
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.post(
            f"{infor.url}/{infor.tenant}/IDM/api/items",
            json=item,
            headers={"Authorization": f"Bearer {infor.token()}"},
        )
    assert len(infor.idm.items()) == 1
    assert infor.recorder.call(operation="create item").status == 0


def test_expired_tokens_are_refused_and_new_ones_are_not(infor: Infor) -> None:
    file = infor.credentials()
    token = infor.token(file)
    assert _get(infor, token) == 200
    infor.clock.expire_tokens()
    assert _get(infor, token) == 401
    assert _get(infor, infor.token(file)) == 200


def test_a_jump_of_the_clock_ages_tokens_until_it_is_set_back(infor: Infor) -> None:
    token, before = infor.token(), infor.clock.now()
    infor.clock.jump(hours=2, seconds=1)
    assert infor.clock.now() - before >= timedelta(hours=2)
    assert _get(infor, token) == 401
    infor.clock.set_back()
    assert _get(infor, token) == 200
    with pytest.raises(InvalidInput):
        infor.clock.jump(hours=-1)


def test_the_recorder_shows_calls_with_their_bodies(infor: Infor, client: IonApiClient) -> None:
    made = client.idm.create_item(_item("610"))
    client.messaging.ping()
    call = infor.recorder.call("IDM", "create item")
    assert (call.method, call.status, call.effects) == ("POST", 200, (made.pid,))
    assert b"610.xml" in (call.body or b"")
    assert repr(call).startswith("<200 POST /IONPORT_TST/IDM/api/items")
    assert [each.service for each in infor.recorder.calls()] == ["AS", "IDM", "IONSERVICES"]
    assert infor.recorder.calls(method="DELETE") == []
    with pytest.raises(AssertionError, match="expected one recorded call with service='M3'"):
        infor.recorder.call("M3")
    assert infor.recorder.calls(body="610.xml") == [call]
    entries = json.loads(infor.recorder.har())["log"]["entries"]
    assert [entry["request"]["url"] for entry in entries] == [
        f"{infor.url}{each.path}" for each in infor.recorder.calls()
    ]
    infor.recorder.clear()
    assert infor.recorder.calls() == []


def test_a_reset_leaves_credentials_and_takes_everything_else(
    infor: Infor, client: IonApiClient
) -> None:
    client.idm.create_item(_item("620"))
    client.messaging.publish(_bod("msg-620"))
    infor.faults.add(status=503)
    infor.clock.jump(hours=1)
    infor.reset()
    assert (infor.idm.items(), infor.ion.messages(), infor.recorder.calls()) == ([], [], [])
    client.messaging.ping()


def test_a_seeded_tenant_has_what_the_seed_says(infor: Infor) -> None:
    attribute = {"name": "BOD_SupplierInvoiceID", "value": "630"}
    infor.seed({"idm": [{"entityName": "M3_SupplierInvoice", "attrs": {"attr": [attribute]}}]})
    assert infor.idm.item(BOD_SupplierInvoiceID="630").entity == "M3_SupplierInvoice"
    with pytest.raises(InvalidInput, match=r"\$\.idm\[0\]"):
        infor.seed('{"idm": [{"entityName": "NoSuchEntity"}]}')


def test_a_snapshot_comes_back_after_a_reset(infor: Infor, client: IonApiClient) -> None:
    client.idm.create_item(_item("640"))
    infor.snapshot("one-item")
    infor.reset()
    assert infor.idm.items() == []
    infor.restore("one-item")
    assert infor.idm.item().content == b"<Invoice/>"
    with pytest.raises(NotFound):
        infor.restore("no-such-snapshot")


def test_the_schema_is_that_of_the_migrations(tmp_path: Path) -> None:
    """The tables of the Infor side, column by column and index by index."""
    made, migrated = (Database(sqlite_url(tmp_path / name)) for name in ("made", "migrated"))
    with made.write() as work:
        schema.create(work.connection)
    upgrade(migrated)
    with made.read() as mine, migrated.read() as theirs:
        tables = set(inspect(mine.connection).get_table_names())
        assert {"tenants", "grants", "sandbox_calls", "idm_items"} <= tables
        for table in sorted(tables):
            assert _described(mine.connection, table) == _described(theirs.connection, table)
    made.close()
    migrated.close()


def _described(connection: Connection, table: str) -> dict[str, Any]:
    found = inspect(connection)
    return {
        "columns": [
            (column["name"], str(column["type"]), column["nullable"])
            for column in found.get_columns(table)
        ],
        "key": found.get_pk_constraint(table)["constrained_columns"],
        "indexes": sorted(
            (str(index["name"]), tuple(index["column_names"]), bool(index["unique"]))
            for index in found.get_indexes(table)
        ),
    }
