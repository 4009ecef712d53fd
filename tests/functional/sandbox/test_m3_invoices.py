"""Supplier invoices of M3: entered, validated, approved.

Source: docs/reference/m3.md#supplier-invoices.
"""

from __future__ import annotations

import httpx2
import pytest

from ionport.identity.access import Access
from ionport.sandbox.m3.inspection import M3Inspection
from ionport.sandbox.m3.model import File
from tests.support.infor_side import (
    OPERATOR,
    SCOPE,
    InforSide,
    in_threads,
)
from tests.support.m3 import bulk, head_fields, new_invoice, record, run, token_of_user


@pytest.fixture(scope="module")
def token(side: InforSide) -> str:
    return token_of_user(side)


@pytest.mark.on_each_database
def test_an_invoice_keeps_what_was_entered(client: httpx2.Client) -> None:
    number = new_invoice(client, SINO="R-KEPT", DUDT="20260401", PUNO="4500001")
    lines: list[dict[str, str]] = [
        {"RDTP": "1", "PUNO": "4500001", "PNLI": "10", "IVQA": "500", "NLAM": "60.00"},
        {"RDTP": "3", "VTCD": "19", "VTA1": "19.00"},
        {"RDTP": "2", "CEID": "FRT", "NLAM": "10.00"},
        {"RDTP": "5", "CEID": "PACK", "NLAM": "5.00"},
        {"RDTP": "8", "AO01": "4711", "NLAM": "25.00"},
    ]
    for position, line in enumerate(lines, start=1):
        added = record(client, "APS450MI/AddLine", INBN=number, **line)
        assert added == {"TRNO": str(position)}
    head = record(client, "APS450MI/GetHead", INBN=number)
    assert head["CORI"] == head_fields()["CORI"]
    assert (head["SUPA"], head["BIST"], head["IBHE"], head["IBLE"]) == ("10", "0", "0", "0")
    assert (head["SPYN"], head["IBTP"], head["YEA4"]) == ("20001", "20", "2026")
    assert (head["TLNA"], head["TCHG"], head["TOPA"]) == ("85", "15", "119")
    listed = run(client, "APS450MI/LstLines", INBN=number)["records"]
    assert [line["RDTP"] for line in listed] == ["1", "3", "2", "5", "8"]
    assert listed[0]["PNLI"] == "10"
    found = run(client, "APS450MI/LstInvBySupInv", SPYN="20001", SUNO="20001", SINO="R-KEPT")
    assert found["records"] == [{"INBN": number, "IBTP": "20", "SUPA": "10"}]
    batch = run(client, "APS450MI/LstInvBatchNo", SPYN="20001", INBN=number)["records"]
    assert batch[0]["SINO"] == "R-KEPT"


@pytest.mark.on_each_database
def test_a_supplier_invoice_number_is_taken_once_in_a_year(client: httpx2.Client) -> None:
    fields = head_fields()
    first = record(client, "APS450MI/AddHead", **fields)["INBN"]
    again = run(client, "APS450MI/AddHead", **fields)
    assert (again["errorField"], again["errorType"]) == ("SINO", "ServerReturnedNOK")
    assert first in again["errorMessage"]
    for other in ({"IVDT": "20250301"}, {"DIVI": "BBB"}, {"SPYN": "20002"}, {"SUNO": "20002"}):
        assert record(client, "APS450MI/AddHead", **{**fields, **other})["INBN"] != first
    assert record(client, "APS450MI/AddHead;cono=2", **fields)["INBN"]


@pytest.mark.on_each_database
def test_a_renumbered_invoice_frees_its_number(client: httpx2.Client) -> None:
    fields = head_fields()
    number = record(client, "APS450MI/AddHead", **fields)["INBN"]
    taken = head_fields()
    record(client, "APS450MI/AddHead", **taken)
    refused = run(client, "APS450MI/UpdHead", INBN=number, SINO=taken["SINO"])
    assert refused["errorField"] == "SINO"
    run(client, "APS450MI/UpdHead", INBN=number, SINO=head_fields()["SINO"], DUDT="20260401")
    run(client, "APS450MI/UpdHead", INBN=number, SINO=head_fields()["SINO"])
    assert record(client, "APS450MI/AddHead", **fields)["INBN"] != number


def test_lines_are_checked_by_their_type(client: httpx2.Client) -> None:
    number = new_invoice(client)
    refused = run(client, "APS450MI/AddLine", INBN=number, RDTP="4")
    assert (refused["errorField"], refused["errorCode"]) == ("RDTP", "WRDTP01")
    refused = run(client, "APS450MI/AddLine", INBN="999999", RDTP="1")
    assert refused["errorField"] == "INBN"
    assert run(client, "APS450MI/AddLine;divi=BBB", INBN=number, RDTP="1")["errorField"] == "INBN"
    assert record(client, "APS450MI/AddLine", INBN=number, RDTP="8", TRNO="7") == {"TRNO": "7"}
    assert run(client, "APS450MI/AddLine", INBN=number, RDTP="8", TRNO="7")["errorField"] == "TRNO"
    assert record(client, "APS450MI/AddLine", INBN=number, RDTP="8") == {"TRNO": "8"}


def test_validation_marks_what_is_wrong_and_then_what_is_right(
    side: InforSide, client: httpx2.Client
) -> None:
    number = new_invoice(client, SUNO="GHOST")
    record(client, "APS450MI/AddLine", INBN=number, RDTP="3")
    record(client, "APS450MI/AddLine", INBN=number, RDTP="8", NLAM="119")
    run(client, "APS455MI/ValidByBatchNo", INBN=number)
    head = record(client, "APS450MI/GetHead", INBN=number)
    assert (head["SUPA"], head["IBHE"], head["IBLE"]) == ("15", "1", "1")
    lines = run(client, "APS450MI/LstLines", INBN=number)["records"]
    assert [line["IBLE"] for line in lines] == ["1", "0"]
    assert "errorMessage" in run(client, "APS450MI/ApproveInvoice", INBN=number)
    with side.database.read() as work:
        access = Access(work, SCOPE, OPERATOR)
        prefix = ("AAA", number.rjust(10, "0"))
        (kept,) = [
            each
            for each in M3Inspection().records(access, File.INVOICE, prefix=("AAA",))
            if each["INBN"] == number
        ]
        kept_lines = M3Inspection().records(access, File.INVOICE_LINE, prefix=prefix)
    assert "GHOST does not exist" in kept["errors"]
    assert len(kept_lines) == 2

    run(client, "APS450MI/UpdHead", INBN=number, SUNO="20001", SPYN="20001")
    other = new_invoice(client)
    run(client, "APS455MI/ValidBySelect", FINB=other, TINB=other)
    assert record(client, "APS450MI/GetHead", INBN=other)["SUPA"] == "20"
    head = record(client, "APS450MI/GetHead", INBN=number)
    assert (head["SUPA"], head["IBHE"]) == ("15", "1")


@pytest.mark.on_each_database
def test_an_approved_invoice_goes_into_the_ledger_when_it_is_valid(client: httpx2.Client) -> None:
    number = new_invoice(client)
    run(client, "APS455MI/ValidByBatchNo", INBN=number)
    assert record(client, "APS450MI/GetHead", INBN=number)["SUPA"] == "20"
    run(client, "APS450MI/Acknowledge", INBN=number, CRNO="C-1")
    run(client, "APS450MI/ApproveInvoice", INBN=number)
    assert record(client, "APS450MI/GetHead", INBN=number)["SUPA"] == "50"
    run(client, "APS455MI/ValidByBatchNo", INBN=number)
    head = record(client, "APS450MI/GetHead", INBN=number)
    assert (head["SUPA"], head["CRNO"], head["AAPD"]) == ("90", "C-1", "20260305")
    assert int(head["VONO"]) > 30_000_000
    for address, fields in (
        ("AddLine", {"RDTP": "8"}),
        ("UpdHead", {"SINO": "X"}),
        ("RejectInvoice", {}),
    ):
        assert "errorMessage" in run(client, f"APS450MI/{address}", INBN=number, **fields)


def test_an_invoice_is_approved_by_the_suppliers_own_number(client: httpx2.Client) -> None:
    """docs/reference/m3.md#supplier-invoices: APS110MI ApproveInvoice(DIVI, SUNO, SINO, INYR)."""
    fields = head_fields()
    number = record(client, "APS450MI/AddHead", **fields)["INBN"]
    named = {"DIVI": "AAA", "SUNO": "20001", "SINO": fields["SINO"], "INYR": "2026"}
    run(client, "APS110MI/ChgAuthorizer", **named, APCD="MEYER")
    assert "errorMessage" not in run(client, "APS110MI/ApproveInvoice", **named)
    head = record(client, "APS450MI/GetHead", INBN=number)
    assert (head["SUPA"], head["APCD"]) == ("50", "MEYER")
    for wrong in ({"SINO": "GHOST"}, {"INYR": "2025"}, {"DIVI": "BBB"}):
        refused = run(client, "APS110MI/ApproveInvoice", **{**named, **wrong})
        assert (refused["errorCode"], refused["errorField"]) == ("WSINO03", "SINO")


def test_a_rejected_invoice_says_why(client: httpx2.Client) -> None:
    number = new_invoice(client)
    record(client, "APS450MI/AddLine", INBN=number, RDTP="8", NLAM="1")
    run(client, "APS450MI/AdjustLine", INBN=number, TRNO="1", ADAB="0.50")
    rejected = record(client, "APS450MI/RejectInvoice", INBN=number, SCRE="PR", SDA1="Price")
    assert rejected == {"INBN": number, "TRNO": "1"}
    head = record(client, "APS450MI/GetHead", INBN=number)
    assert (head["SUPA"], head["SCRE"], head["REJD"]) == ("40", "PR", "20260305")
    assert head["ADAB"] == "0.5"
    assert run(client, "APS450MI/GetHead2", INBN=number)["records"]


@pytest.mark.on_each_database
def test_batches_at_the_same_moment_share_no_number(side: InforSide, token: str) -> None:
    def load(thread: int) -> list[str]:
        rows = [{"transaction": "AddHead", "record": head_fields()} for _row in range(20)]
        with side.client(token) as client:
            results = bulk(client, "APS450MI", rows)["results"]
        return [result["records"][0]["INBN"] for result in results]

    numbers = [number for batch in in_threads(6, load) for number in batch]
    assert len(set(numbers)) == 120


@pytest.mark.on_each_database
def test_one_invoice_sent_by_many_at_once_is_entered_once(side: InforSide, token: str) -> None:
    fields = head_fields()

    def send(thread: int) -> bool:
        with side.client(token) as client:
            return "errorMessage" not in run(client, "APS450MI/AddHead;cono=3", **fields)

    assert sorted(in_threads(8, send)) == [False] * 7 + [True]
