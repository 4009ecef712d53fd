"""The client library's M3 and LN speak to the imitated ones as to Infor's own."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator

import pytest

from ionport.ionapi import (
    AsyncIonApiClient,
    IonApiClient,
    IonApiFile,
    LnEntity,
    LnFault,
    LnLine,
    M3Error,
    M3Request,
    RequestRefused,
    ServiceError,
)
from ionport.ionapi.ln import create_envelope
from ionport.ionapi.m3 import MAX_BULK_BYTES, bulk_body, chunks
from tests.support.infor_side import TENANT, InforSide, infor_side_on
from tests.support.m3 import head_fields
from tests.support.oauth import add_user
from tests.support.soap import SERVICE

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InforSide]:
    yield from infor_side_on("sqlite", tmp_path_factory.mktemp("side"))


@pytest.fixture(scope="module")
def file(side: InforSide) -> IonApiFile:
    user = add_user(side.database, side.clock, "clients", tenant_id=TENANT)
    content = side.credentials(name="clients", user_id=user.user_id)
    return IonApiFile.parse(json.dumps(content))


@pytest.fixture(scope="module")
def infor(file: IonApiFile) -> Iterator[IonApiClient]:
    with IonApiClient(file) as client:
        yield client


def new_head(infor: IonApiClient) -> str:
    (made,) = infor.m3.bulk("APS450MI", [M3Request("AddHead", head_fields(SINO=_number()))])
    assert made.ok
    return made.first("INBN")


def _number() -> str:
    return f"C-{next(_numbers)}"


def test_an_invoice_is_entered_and_read_back(infor: IonApiClient) -> None:
    number = _number()
    head = head_fields(SINO=number)
    (made,) = infor.m3.bulk("APS450MI", [M3Request("AddHead", head)], company="1", division="AAA")
    lines = [{"RDTP": "8", "NLAM": str(amount)} for amount in (10, 20, 30)]
    added = infor.m3.bulk(
        "APS450MI",
        [M3Request("AddLine", {"INBN": made.first("INBN"), **line}, ("TRNO",)) for line in lines],
    )
    assert [result.first("TRNO") for result in added] == ["1", "2", "3"]
    found = infor.m3.execute(
        "APS450MI", "LstInvBySupInv", {"SPYN": "20001", "SUNO": "20001", "SINO": number}
    )
    assert found.first("INBN") == made.first("INBN")
    read = infor.m3.execute(
        "APS450MI", "LstLines", {"INBN": found.first("INBN")}, return_columns=["NLAM"]
    )
    assert [record["NLAM"] for record in read.records] == ["10", "20", "30"]


def test_results_stand_at_their_requests_places_and_one_refusal_leaves_the_others(
    infor: IonApiClient,
) -> None:
    number = new_head(infor)
    amounts = ["1", "none", "3"]
    results = infor.m3.bulk(
        "APS450MI",
        [M3Request("AddLine", {"INBN": number, "RDTP": "8", "NLAM": each}) for each in amounts],
    )
    assert [result.ok for result in results] == [True, False, True]
    refused = results[1].error
    assert isinstance(refused, M3Error)
    assert (refused.field, refused.transaction, refused.program) == ("NLAM", "AddLine", "APS450MI")
    assert not refused.sent
    assert not refused.transient
    assert "NLAM" in refused.message


def test_a_refused_transaction_is_an_error_with_code_and_field(infor: IonApiClient) -> None:
    with pytest.raises(M3Error) as caught:
        infor.m3.execute("APS450MI", "GetHead", {"INBN": "999999"})
    assert (caught.value.remote_code, caught.value.field) == ("WINBN03", "INBN")
    assert caught.value.kind == "ServerReturnedNOK"
    assert caught.value.code == "m3_winbn03"
    # What m3api-rest refuses itself is a 400 with the error at the top.
    with pytest.raises(M3Error) as caught:
        infor.m3.execute("APS450MI", "AddHead", {"SUNO": "20001"})
    assert (caught.value.status, caught.value.field) == (400, "IVDT")
    with pytest.raises(ServiceError):
        infor.m3.execute("NONE000MI", "Get")


def test_transactions_are_cut_into_calls_that_m3_takes() -> None:
    rows = [M3Request("AddLine", {"INBN": "1001", "CHGT": "x" * 200}) for _ in range(300)]
    cut = list(chunks(rows))
    assert [row for part in cut for row in part] == rows
    assert all(len(bulk_body("APS450MI", part)) <= MAX_BULK_BYTES for part in cut)
    assert all(len(part) <= 80 for part in cut)
    wide = [M3Request("AddLine", {"CHGT": "ü" * 9_000}) for _ in range(3)]
    assert [len(part) for part in chunks(wide)] == [1, 1, 1]
    with pytest.raises(RequestRefused, match="larger than"):
        list(chunks([M3Request("AddLine", {"CHGT": "ü" * 20_000})]))
    assert list(chunks([])) == []


def test_names_that_cannot_be_names_are_not_sent(infor: IonApiClient) -> None:
    for program, transaction, field in (
        ("aps450", "AddHead", "SUNO"),
        ("APS450MI/..", "AddHead", "SUNO"),
        ("APS450MI", "Add/Head", "SUNO"),
        ("APS450MI", "AddHead", "su"),
    ):
        with pytest.raises(RequestRefused):
            infor.m3.bulk(program, [M3Request(transaction, {field: "1"})])
    with pytest.raises(RequestRefused):
        infor.m3.execute("APS450MI", "GetHead", {"INBN": "1"}, company="one")


def test_the_tenants_own_fields_are_listed(infor: IonApiClient) -> None:
    fields = infor.m3.list_fields("APS450MI", "AddHead")
    inputs = {field.name: field for field in fields if field.is_input}
    assert inputs["SUNO"].is_mandatory
    assert inputs["SUNO"].length == 10
    assert not inputs["CORI"].is_mandatory
    assert inputs["CORI"].length == 36
    assert [field.name for field in fields if not field.is_input] == ["INBN"]


def ln_invoice(number: str, *lines: LnLine, **changes: str) -> LnEntity:
    header = {
        "FinancialCompany": "200",
        "SupplierCode": "SUP000001",
        "InvoiceNumberSupplier": number,
        "InvoiceDate": "2026-03-01",
        "InvoiceAmount": "119.00",
        "InvoiceCurrency": "EUR",
        "Reference": "R & <D>",
        **changes,
    }
    return LnEntity(tuple(header.items()), lines)


def test_ln_keeps_an_invoice_and_finds_it_by_the_suppliers_number(infor: IonApiClient) -> None:
    number = _number()
    line = LnLine("InvoiceTax", (("LineNumber", "1"), ("TaxAmount", "19.00")))
    created = infor.ln.create(SERVICE, ln_invoice(number, line), company="200")
    (key,) = created.keys
    wanted = {"SupplierCode": "SUP000001", "InvoiceNumberSupplier": number}
    (found,) = infor.ln.list(SERVICE, wanted, company="200")
    assert found.value("ReceivedPurchaseInvoice") == key["ReceivedPurchaseInvoice"]
    assert found.value("Reference") == "R & <D>"
    assert found.lines[0].component == "InvoiceTax"
    assert ("TaxAmount", "19.00") in found.lines[0].values
    assert infor.ln.list(SERVICE, {**wanted, "SupplierCode": "SUP000002"}, company="200") == ()
    assert {"Create", "List"} <= infor.ln.operations(SERVICE)


def test_ln_says_everything_that_is_wrong(infor: IonApiClient) -> None:
    wrong = ln_invoice(_number(), InvoiceAmount="much", InvoiceDate="soon")
    with pytest.raises(LnFault) as caught:
        infor.ln.create(SERVICE, wrong, company="200")
    assert len(caught.value.messages) == 2
    assert "InvoiceAmount" in caught.value.message
    assert "InvoiceDate" in caught.value.message
    assert (caught.value.status, caught.value.sent, caught.value.transient) == (500, False, False)
    with pytest.raises(ServiceError) as missing:
        infor.ln.create("NoSuchService", ln_invoice("1"))
    assert missing.value.status == 404


def test_nothing_breaks_out_of_an_envelope() -> None:
    entity = ln_invoice("1", SupplierCode="</SupplierCode><x>&")
    assert b"&lt;/SupplierCode&gt;&lt;x&gt;&amp;" in create_envelope(SERVICE, entity)
    returned = LnEntity((("Reference", "a\rb"),))
    assert b"<Reference>a&#13;b</Reference>" in create_envelope(SERVICE, returned)
    with pytest.raises(RequestRefused, match=r"U\+0001"):
        create_envelope(SERVICE, ln_invoice("1", SupplierCode="\x01"))
    for name in ("a b", "a><b", ""):
        with pytest.raises(RequestRefused):
            create_envelope(SERVICE, LnEntity(((name, "1"),)))
        with pytest.raises(RequestRefused):
            create_envelope(name, ln_invoice("1"))
    with pytest.raises(RequestRefused):
        create_envelope(SERVICE, ln_invoice("1"), company="200</company>")


def test_both_can_be_awaited(file: IonApiFile) -> None:
    async def ask() -> tuple[str, int]:
        async with AsyncIonApiClient(file) as infor:
            head = await infor.m3.bulk("APS450MI", [M3Request("AddHead", head_fields())])
            listed = await infor.ln.list(SERVICE, {"InvoiceNumberSupplier": "nobody's"})
            return head[0].first("INBN"), len(listed)

    number, count = asyncio.run(ask())
    assert number
    assert count == 0
