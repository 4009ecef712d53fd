"""Partners, items, orders and deliveries of M3.

Source: docs/reference/m3.md#supplier-invoices, docs/reference/m3.md#suppliers.
"""

from __future__ import annotations

import httpx2
import pytest

from tests.support.infor_side import (
    InforSide,
)
from tests.support.m3 import record, run, token_of_user

pytestmark = pytest.mark.on_each_database


@pytest.fixture(scope="module")
def token(side: InforSide) -> str:
    return token_of_user(side)


def test_customers_are_added_changed_listed_and_found(client: httpx2.Client) -> None:
    new = {"CUTM": "T", "CUNM": "Aardvark Ltd", "CUA1": "Street 1"}
    number = record(client, "CRS610MI/Add", **new)["CUNO"]
    assert run(client, "CRS610MI/Add", **new, CUNO=number)["errorCode"] == "WCU0204"
    run(client, "CRS610MI/ChgFinancial", CUNO=number, VRNO="DE1")
    changed = record(client, "CRS610MI/GetFinancial", CUNO=number)
    assert (changed["VRNO"], changed["CUNM"]) == ("DE1", "Aardvark Ltd")
    names = run(client, "CRS610MI/LstByName", CUNM="A")["records"]
    assert [each["CUNM"] for each in names] == sorted(each["CUNM"] for each in names)
    found = run(client, "CRS610MI/SearchCustomer", SQRY="CUNM:aard* ltd")["records"]
    assert [each["CUNO"] for each in found] == [number]
    address = {"CUNO": number, "ADRT": "1", "ADID": "A1"}
    place = {"CUA1": "Street 2", "PONO": "1", "CSCD": "DE", "TOWN": "Kiel"}
    record(client, "CRS610MI/AddAddress", **address, **place)
    assert record(client, "CRS610MI/LstAddresses", CUNO=number)["TOWN"] == "Kiel"
    run(client, "CRS610MI/Delete", CUNO=number)
    assert "errorMessage" in run(client, "CRS610MI/LstAddresses", CUNO=number)
    assert "errorMessage" in run(client, "CRS610MI/GetAddress", **address)


def test_a_supplier_of_the_vendors_portal_is_added(client: httpx2.Client) -> None:
    """Supplier, address and reference: the fields of docs/reference/m3.md#suppliers."""
    supplier = {
        "SUNO": "30001",
        "SUNM": "Portal Supplier",
        "SUTY": "0",
        "CSCD": "DE",
        "DTFM": "YMD",
        "ORTY": "F20",
        "DT4T": "1",
        "DTCD": "2",
        "CUCD": "EUR",
        "CRTP": "1",
        "ATPR": "1",
    }
    added = record(client, "CRS620MI/AddSupplier", **supplier)
    assert added == {"SUNO": "30001", "STAT": "20"}
    address = {"SUNO": "30001", "ADTE": "10", "CSCD": "DE", "STDT": "20260305", "TOWN": "Ulm"}
    run(client, "CRS620MI/AddAddress", **address)
    assert record(client, "CRS620MI/LstAddresses", SUNO="30001")["TOWN"] == "Ulm"
    reference = {"SUNO": "30001", "RFTY": "10", "RFID": "PURCHASING", "YRE1": "Ms X"}
    run(client, "CRS620MI/AddSupplierRef", **reference)
    run(client, "CRS620MI/UpdSupplierRef", **{**reference, "YRE1": "Ms Y"})
    assert record(client, "CRS620MI/LstSupplierRef", SUNO="30001")["YRE1"] == "Ms Y"
    run(client, "CRS620MI/UpdSupplier", SUNO="30001", PHNO="1")
    assert record(client, "CRS620MI/GetBasicData", SUNO="30001")["PHNO"] == "1"
    between = run(client, "CRS620MI/LstSuppliers", FRSU="20002", TOSU="20003")["records"]
    assert [each["SUNO"] for each in between] == ["20002", "20003"]
    assert run(client, "CRS620MI/LstByNumber;maxrecs=1", SUNO="20003")["records"][0]["SUNO"] == (
        "20003"
    )
    refused = run(client, "CRS620MI/AddAddress", **{**address, "SUNO": "GHOST"})
    assert refused["errorCode"] == "WSU0103"


def test_items_are_added_changed_and_listed(client: httpx2.Client) -> None:
    item = {"STAT": "20", "ITNO": "NUT-M8", "ITDS": "Nut M8", "RESP": "X", "UNMS": "PCS"}
    run(client, "MMS200MI/AddItmBasic", **item, ITTY="A", MABU="1", PRVG="1")
    run(client, "MMS200MI/UpdItmBasic", ITNO="NUT-M8", ITDS="Hexagon nut M8")
    assert record(client, "MMS200MI/Get", ITNO="NUT-M8")["ITDS"] == "Hexagon nut M8"
    listed = run(client, "MMS200MI/LstItmByItm", ITNO="CHAIR-01")["records"]
    assert [each["ITNO"] for each in listed] == ["CHAIR-01", "NUT-M8", "PAPER-A4", "SHEET-2"]
    run(client, "MMS200MI/DltItm", ITNO="NUT-M8")
    assert run(client, "MMS200MI/GetItmBasic", ITNO="NUT-M8")["errorCode"] == "WIT0103"


def test_an_order_is_extended_confirmed_and_received(client: httpx2.Client) -> None:
    order = {"PUNO": "4500002"}
    run(client, "PPS200MI/AddLine", **order, ITNO="BOLT-M8", ORQA="100")
    lines = run(client, "PPS200MI/LstLine", **order)["records"]
    assert [line["PNLI"] for line in lines] == ["10", "20", "30"]
    assert lines[2]["LNAM"] == "12"
    assert record(client, "PPS200MI/GetHead", **order)["NOLN"] == "3"
    approved = record(client, "PPS200MI/ApprovePO", **order)
    assert approved == {"PUNO": "4500002", "PUSL": "20", "PUST": "20"}
    line = {**order, "PNLI": "30", "PNLS": "0"}
    run(client, "PPS001MI/ConfirmLine", **line, CFQA="90", CODT="20260501", SORN="SO-1")
    confirmed = record(client, "PPS001MI/GetLine", **line)
    assert (confirmed["PUST"], confirmed["CFQA"], confirmed["SORN"]) == ("35", "90", "SO-1")
    run(client, "PPS001MI/ConfirmAll", **order, CODT="20260601")
    assert record(client, "PPS200MI/GetHead", **order)["NOLN"] == "3"
    receipt = {
        "WHLO": "100",
        "E0PA": "COMPANY",
        "E065": "RECADV",
        "SUNO": "20004",
        "SUTY": "0",
        "RIDN": "4500002",
        "RIDL": "30",
        "QTY": "100",
        "PRFL": "*EXE",
    }
    message = record(client, "MHS850MI/AddPOReceipt", **receipt)
    received = record(client, "PPS200MI/GetLine", **line)
    assert (received["RVQA"], received["PUST"]) == ("100", "75")
    assert record(client, "MHS850MI/GetWhsHead", MSGN=message["MSGN"])["STAT"] == "90"
    assert run(client, "PPS200MI/UpdLine", **line, ORQA="1")["errorCode"] == "XPO0002"
    assert run(client, "PPS200MI/DltLine", **line)["errorCode"] == "XPO0002"
    mismatch = run(client, "MHS850MI/AddPOReceipt", **{**receipt, "SUNO": "20001"})
    assert mismatch["errorField"] == "SUNO"


def test_an_advised_delivery_is_entered_and_processed(client: httpx2.Client) -> None:
    partner = {"WHLO": "100", "QLFR": "20", "E0PA": "COMPANY", "E0PB": "P1", "E065": "DESADV"}
    head = record(client, "MHS850MI/AddWhsHead", **partner, PMSN="P-1")
    part = {"WHLO": "100", "QLFR": "20", "MSGN": head["MSGN"]}
    pack = record(client, "MHS850MI/AddWhsPack", **part)
    content = {"ITNO": "BOLT-M8", "DLQA": "50", "ORCA": "250", "RIDN": "4500001", "RIDL": "10"}
    line = record(client, "MHS850MI/AddWhsLine", **part, PACN=pack["PACN"], **content)
    assert line["MSLN"] == "1"
    found = record(client, "MHS850MI/GetMvxMsg", E0PB="P1", PMSN="P-1")
    assert found["MSGN"] == head["MSGN"]
    before = record(client, "PPS200MI/GetLine", PUNO="4500001", PNLI="10")["RVQA"] or "0"
    run(client, "MHS850MI/PrcWhsTran", MSGN=head["MSGN"])
    run(client, "MHS850MI/PrcWhsTran", MSGN=head["MSGN"])
    after = record(client, "PPS200MI/GetLine", PUNO="4500001", PNLI="10")["RVQA"]
    assert int(after) - int(before) == 50
    assert record(client, "MHS850MI/LstWhsLine", MSGN=head["MSGN"])["STAT"] == "90"
    missing = run(client, "MHS850MI/AddWhsLine", **part, PACN="NONE", **content)
    assert missing["errorCode"] == "WPA5103"
    run(client, "MHS850MI/DeleteWhsTran", MSGN=head["MSGN"])
    assert run(client, "MHS850MI/GetWhsHead", MSGN=head["MSGN"])["errorCode"] == "WMS3703"


def test_a_message_with_an_unknown_order_is_processed_not_at_all(client: httpx2.Client) -> None:
    partner = {"WHLO": "100", "QLFR": "20", "E0PA": "COMPANY", "E0PB": "P2", "E065": "DESADV"}
    head = record(client, "MHS850MI/AddWhsHead", **partner)
    part = {"WHLO": "100", "QLFR": "20", "MSGN": head["MSGN"], "PACN": "P1"}
    record(client, "MHS850MI/AddWhsPack", **part)
    for order in ("4500001", "GHOST"):
        content = {"DLQA": "1", "ORCA": "250", "RIDN": order, "RIDL": "10"}
        record(client, "MHS850MI/AddWhsLine", **part, **content)
    assert run(client, "MHS850MI/PrcWhsTran", MSGN=head["MSGN"])["errorCode"] == "WPU0803"
    lines = run(client, "MHS850MI/LstWhsLine", MSGN=head["MSGN"])["records"]
    assert [line["STAT"] for line in lines] == ["10", "10"]
