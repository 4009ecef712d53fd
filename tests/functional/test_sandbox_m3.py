"""M3 through the gateway, with real tokens (facts/infor-targets.md §4)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ionport.core.paging import PageRequest
from ionport.sandbox.control.model import CallFilter
from ionport.sandbox.m3.catalogue import program_named
from ionport.sandbox.m3.inspection import M3Inspection
from ionport.sandbox.m3.model import File
from ionport.sandbox.m3.service import BEHAVIOURS, M3Settings
from tests.conftest import ALL_DATABASES
from tests.support.infor_side import (
    OPERATOR,
    OTHER_TENANT,
    SCOPE,
    TENANT,
    InforSide,
    in_threads,
    infor_side_on,
)
from tests.support.oauth import add_user

V1 = "/M3/m3api-rest/execute"
V2 = "/M3/m3api-rest/v2/execute"
_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=ALL_DATABASES)
def side(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InforSide]:
    yield from infor_side_on(request.param, tmp_path_factory.mktemp("side"))


@pytest.fixture(scope="module")
def token(side: InforSide) -> str:
    return token_of_user(side)


@pytest.fixture(scope="module")
def client(side: InforSide, token: str) -> Iterator[httpx2.Client]:
    with side.client(token) as client:
        yield client


def token_of_user(side: InforSide, tenant_id: str = TENANT) -> str:
    name = f"user{next(_numbers)}"
    user = add_user(side.database, side.clock, name, tenant_id=tenant_id)
    return side.log_in(side.credentials(tenant_id, f"App_{name}", user_id=user.user_id))


def run(client: httpx2.Client, address: str, **fields: str) -> dict[str, Any]:
    """Run one transaction by v2 and return its result."""
    answer = client.get(f"{V2}/{address}", params=fields)
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["results"]
    return dict(result)


def record(client: httpx2.Client, address: str, **fields: str) -> dict[str, str]:
    """Run one transaction that succeeds and return its one record."""
    result = run(client, address, **fields)
    assert "errorMessage" not in result, result
    (found,) = result["records"]
    return dict(found)


def bulk(client: httpx2.Client, program: str, rows: Sequence[Any], **options: Any) -> Any:
    body = {"program": program, "cono": 1, "transactions": rows, **options}
    answer = client.post(V2, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def head_fields(**changes: str) -> dict[str, str]:
    fields = {
        "SUNO": "20001",
        "IVDT": "20260301",
        "SINO": f"R-{next(_numbers)}",
        "CUAM": "119.00",
        "CORI": "0d7c5d4e-1111-4222-8333-944444444444",
    }
    return {**fields, **changes}


def new_invoice(client: httpx2.Client, **changes: str) -> str:
    return record(client, "APS450MI/AddHead", **head_fields(**changes))["INBN"]


def test_the_vendors_probe_is_answered_without_a_user(side: InforSide) -> None:
    """The vendor's connection test calls CMS535MI/FpwVersion."""
    with side.client(side.log_in(side.credentials(name="Probe"))) as nobody:
        assert record(nobody, "CMS535MI/FpwVersion") == {"VER": "2.0.0"}


def test_a_caller_without_a_user_may_not_impersonate(side: InforSide) -> None:
    """facts/ion-api.md §5.4: error 163 when the service account has no user."""
    with side.client(side.log_in(side.credentials(name="Nobody"))) as nobody:
        for version, text in ((V1, "Message"), (V2, "errorMessage")):
            answer = nobody.get(f"{version}/APS450MI/GetHead", params={"INBN": "1"})
            assert answer.status_code == 403
            assert answer.json()[text] == "Illegal impersonation attempt (error: 163)"
        assert nobody.get(f"{V2}/CMS535MI/GetUserInfo").status_code == 403


def test_the_general_transactions_answer(client: httpx2.Client) -> None:
    time = record(client, "MMS200MI/GetServerTime")
    assert (time["DATE"], time["TIME"]) == ("20260305", "100000")
    user = record(client, "GENERAL/GetCurrentUser")
    assert user["TEID"] == TENANT
    assert len(user["USER"]) == 10
    info = record(client, "CMS535MI/GetUserInfo;cono=7;divi=BBB")
    assert (info["ZDCONO"], info["ZDDIVI"], info["ZZUSID"]) == ("7", "BBB", user["USER"])
    text = record(client, "CRS620MI/GetMessageText", MSID="WSU0103", PARM="4711")
    assert text["MSGT"] == "Supplier 4711 does not exist"
    assert record(client, "CRS620MI/GetMIBuild")["PGNM"] == "CRS620MI"
    for name, fields in (
        ("GetFieldHeading", {"MS15": "WSU01", "SUFF": "15"}),
        ("GetFixLevel", {"FIXL": "X-1"}),
        ("ServerTimeZone", {}),
    ):
        assert record(client, f"CMS535MI/{name}", **fields)


def test_no_csrf_token_is_needed(client: httpx2.Client) -> None:
    assert client.get("/M3/m3api-rest/csrf").status_code == 404


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


def test_a_supplier_invoice_number_is_taken_once_in_a_year(client: httpx2.Client) -> None:
    fields = head_fields()
    first = record(client, "APS450MI/AddHead", **fields)["INBN"]
    again = run(client, "APS450MI/AddHead", **fields)
    assert (again["errorField"], again["errorType"]) == ("SINO", "ServerReturnedNOK")
    assert first in again["errorMessage"]
    for other in ({"IVDT": "20250301"}, {"DIVI": "BBB"}, {"SPYN": "20002"}, {"SUNO": "20002"}):
        assert record(client, "APS450MI/AddHead", **{**fields, **other})["INBN"] != first
    assert record(client, "APS450MI/AddHead;cono=2", **fields)["INBN"]


def test_a_renumbered_invoice_frees_its_number(client: httpx2.Client) -> None:
    fields = head_fields()
    number = record(client, "APS450MI/AddHead", **fields)["INBN"]
    taken = head_fields()
    record(client, "APS450MI/AddHead", **taken)
    refused = run(client, "APS450MI/UpdHead", INBN=number, SINO=taken["SINO"])
    assert refused["errorField"] == "SINO"
    run(client, "APS450MI/UpdHead", INBN=number, SINO=f"R-{next(_numbers)}", DUDT="20260401")
    run(client, "APS450MI/UpdHead", INBN=number, SINO=f"R-{next(_numbers)}")
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
        prefix = ("AAA", number.rjust(10, "0"))
        (kept,) = [
            each
            for each in M3Inspection().records(work, SCOPE, OPERATOR, File.INVOICE, prefix=("AAA",))
            if each["INBN"] == number
        ]
        kept_lines = M3Inspection().records(work, SCOPE, OPERATOR, File.INVOICE_LINE, prefix=prefix)
    assert "GHOST does not exist" in kept["errors"]
    assert len(kept_lines) == 2

    run(client, "APS450MI/UpdHead", INBN=number, SUNO="20001", SPYN="20001")
    other = new_invoice(client)
    run(client, "APS455MI/ValidBySelect", FINB=other, TINB=other)
    assert record(client, "APS450MI/GetHead", INBN=other)["SUPA"] == "20"
    head = record(client, "APS450MI/GetHead", INBN=number)
    assert (head["SUPA"], head["IBHE"]) == ("15", "1")


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
    """facts/infor-targets.md §4.4: APS110MI ApproveInvoice(DIVI, SUNO, SINO, INYR)."""
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


def test_a_client_can_ask_which_fields_a_transaction_has(client: httpx2.Client) -> None:
    """facts/infor-targets.md §4.4: discovery by MRS001MI LstTransactions and LstFields."""
    listed = run(client, "MRS001MI/LstTransactions;maxrecs=0", MINM="APS450MI")["records"]
    assert {"AddHead", "LstLines", "FpwVersion"} <= {each["TRNM"] for each in listed}
    asked = {"MINM": "APS450MI", "TRNM": "AddHead"}
    fields = run(client, "MRS001MI/LstFields;maxrecs=0", **asked, TRTP="I")["records"]
    kept = {each["FLNM"]: (each["LENG"], each["TYPE"], each["MAND"]) for each in fields}
    assert (kept["SUNO"], kept["IVDT"]) == (("10", "A", "1"), ("10", "D", "1"))
    assert kept["CUAM"] == ("17", "N", "0")
    assert "TCHG" not in kept
    (out,) = run(client, "MRS001MI/LstFields", **asked, TRTP="O")["records"]
    assert (out["FLNM"], out["TRTP"]) == ("INBN", "O")
    assert len(run(client, "MRS001MI/LstFields;maxrecs=0", **asked)["records"]) == len(fields) + 1
    assert run(client, "MRS001MI/LstFields", MINM="APS450MI", TRNM="X")["errorCode"] == "WTRNM03"
    assert run(client, "MRS001MI/LstTransactions", MINM="X")["errorCode"] == "WMINM03"


def test_a_head_request_changes_nothing(client: httpx2.Client) -> None:
    """RFC 9110 §9.3.2: M3's GETs write, and a HEAD must not."""
    fields = head_fields()
    for version in (V1, V2):
        answer = client.head(f"{version}/APS450MI/AddHead", params=fields)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    named = {"SPYN": "20001", "SUNO": "20001", "SINO": fields["SINO"]}
    assert run(client, "APS450MI/LstInvBySupInv", **named)["records"] == []


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


def test_v1_answers_in_its_own_shape(client: httpx2.Client) -> None:
    """facts/infor-targets.md §4.2, matrix parameters as m3-odin sends them."""
    number = new_invoice(client, SINO="R-V1")
    matrix = ";metadata=true;maxrecs=100;excludempty=true;cono=1;divi=AAA;returncols=SINO,IVDT"
    answer = client.get(f"{V1}/APS450MI/GetHead{matrix}", params={"INBN": number, "_rid": "r1"})
    assert answer.json() == {
        "Program": "APS450MI",
        "Transaction": "GetHead",
        "Metadata": {
            "Field": [
                {"@name": "SINO", "@type": "A", "@length": "24", "@description": ""},
                {"@name": "IVDT", "@type": "D", "@length": "10", "@description": ""},
            ]
        },
        "MIRecord": [
            {
                "RowIndex": "0",
                "NameValue": [
                    {"Name": "SINO", "Value": "R-V1"},
                    {"Name": "IVDT", "Value": "20260301"},
                ],
            }
        ],
    }
    refused = client.get(f"{V1}/APS450MI/GetHead;metadata=false", params={"INBN": "999"})
    assert refused.status_code == 200
    assert refused.json()["@type"] == "ServerReturnedNOK"
    assert (refused.json()["@field"], refused.json()["@cfg"]) == ("INBN", "97")
    assert refused.json()["Message"]


def test_v2_refuses_before_the_program_with_400(client: httpx2.Client) -> None:
    for address, fields, kind in (
        ("APS450MI/AddHead", {"IVDT": "20260301"}, "MandatoryInputFieldNotFound"),
        ("APS450MI/AddHead", head_fields(SINO="x" * 25), "InputFieldTooLong"),
        ("APS450MI/AddHead", head_fields(TCHG="1"), "InputFieldNotFound"),
        ("APS450MI/GetHead;returncols=XXXX", {"INBN": "1"}, "OutputFieldNotFound"),
        ("APS450MI/DltInvoice", {"INBN": "1"}, "TransactionNotFound"),
        ("APS450MI/PrintInvoice", {"INBN": "1", "LITP": "1"}, "TransactionNotImitated"),
        ("PPS250MI/AddLine", {}, "ProgramNotFound"),
    ):
        answer = client.get(f"{V2}/{address}", params=fields)
        assert answer.status_code == 400
        assert answer.json()["errorType"] == kind
        assert answer.json()["errorMessage"]
    wrong_date = run(client, "APS450MI/AddHead", **head_fields(IVDT="2026-03-01"))
    assert (wrong_date["errorCode"], wrong_date["errorField"]) == ("XDT0001", "IVDT")
    assert record(client, "APS450MI/AddHead;dateformat=YMD8-", **head_fields(IVDT="2026-03-01"))


def test_an_unknown_address_is_an_explicit_error(client: httpx2.Client) -> None:
    for address in ("/M3/m3api-rest/metadata", "/M3/other", f"{V2}/APS450MI"):
        answer = client.get(address)
        assert answer.status_code in (404, 405)
        assert answer.json()["errorMessage"]


def test_a_bulk_call_counts_what_was_refused_and_keeps_the_order(client: httpx2.Client) -> None:
    number = new_invoice(client)
    good = {"INBN": number, "RDTP": "8", "NLAM": "1"}
    rows = [
        {"transaction": "AddLine", "record": good, "selectedColumns": ["TRNO"]},
        {"transaction": "AddLine", "record": {**good, "RDTP": "4"}},
        {"transaction": "AddLine", "record": {**good, "NLAM": "x"}},
        {"transaction": "AddLine", "record": {"RDTP": "8"}},
        {"transaction": "AddLine", "record": good},
    ]
    answer = bulk(client, "APS450MI", rows)
    assert [result.get("records") for result in answer["results"]] == [
        [{"TRNO": "1"}],
        None,
        None,
        None,
        [{"TRNO": "2"}],
    ]
    assert [result.get("errorField") for result in answer["results"][1:4]] == [
        "RDTP",
        "NLAM",
        "INBN",
    ]
    assert answer["nrOfSuccessfullTransactions"] == 2
    assert answer["nrOfFailedTransactions"] == 3
    assert answer["wasTerminated"] is False


def test_a_batch_sees_what_it_did_itself(client: httpx2.Client) -> None:
    fields = head_fields()
    add = {"transaction": "AddHead", "record": fields}
    find = {
        "transaction": "LstInvBySupInv",
        "record": {"SPYN": "20001", "SUNO": "20001", "SINO": fields["SINO"]},
    }
    answer = bulk(client, "APS450MI", [find, add, add, find])
    first, added, again, last = answer["results"]
    assert first["records"] == []
    assert again["errorField"] == "SINO"
    assert last["records"][0]["INBN"] == added["records"][0]["INBN"]


def test_an_unknown_transaction_terminates_a_batch(client: httpx2.Client) -> None:
    number = new_invoice(client)
    line = {"transaction": "AddLine", "record": {"INBN": number, "RDTP": "8"}}
    answer = bulk(client, "APS450MI", [line, {**line, "transaction": "AddLines"}, line, line])
    assert answer["wasTerminated"] is True
    assert answer["terminationErrorType"] == "TransactionNotFound"
    assert answer["terminationReason"]
    assert answer["nrOfNotProcessedTransactions"] == 2
    assert [bool(result.get("notProcessed")) for result in answer["results"]] == [
        False,
        False,
        True,
        True,
    ]
    assert len(run(client, "APS450MI/LstLines", INBN=number)["records"]) == 1


def test_inforions_chunked_load_arrives_whole(
    side: InforSide, token: str, client: httpx2.Client
) -> None:
    """facts/ion-api.md §6.4: chunks of 100 under a fixed foreign Host header, three keys only."""
    number = new_invoice(client)
    rows = [
        {"transaction": "AddLine", "record": {"INBN": number, "RDTP": "8", "NLAM": f"{row}.25"}}
        for row in range(250)
    ]
    headers = {
        "Host": "mingle-ionapi.eu1.inforcloudsuite.com",
        "User-Agent": "FellowConsultingAGRuntime/7.22.0",
        "X-TenantId": TENANT,
        "X-ClientId": f"{TENANT}~own",
        "Cache-Control": "no-cache",
        "Authorization": f"Bearer {token}",
    }
    loaded = 0
    for start in range(0, len(rows), 100):
        chunk = {"program": "APS450MI", "cono": 1, "transactions": rows[start : start + 100]}
        address = f"{side.url}/{TENANT}{V2}/"
        answer = httpx2.post(address, json=chunk, headers=headers, timeout=30)
        assert answer.status_code == 200
        loaded += len(answer.json()["results"])
        assert answer.json()["nrOfFailedTransactions"] == 0
    assert loaded == 250
    listed = run(client, "APS450MI/LstLines;maxrecs=0", INBN=number)["records"]
    assert [line["TRNO"] for line in listed] == [str(number) for number in range(1, 251)]
    assert len(run(client, "APS450MI/LstLines", INBN=number)["records"]) == 100
    with side.database.read() as work:
        filters = CallFilter(operation="bulk")
        call = side.recorder.list(work, SCOPE, OPERATOR, PageRequest(), filters).items[0]
    assert call.facts.headers["host"] == "mingle-ionapi.eu1.inforcloudsuite.com"
    assert len(call.outcome.effects) == 51


def test_batches_at_the_same_moment_share_no_number(side: InforSide, token: str) -> None:
    def load(thread: int) -> list[str]:
        rows = [{"transaction": "AddHead", "record": head_fields()} for _row in range(20)]
        with side.client(token) as client:
            results = bulk(client, "APS450MI", rows)["results"]
        return [result["records"][0]["INBN"] for result in results]

    numbers = [number for batch in in_threads(6, load) for number in batch]
    assert len(set(numbers)) == 120


def test_one_invoice_sent_by_many_at_once_is_entered_once(side: InforSide, token: str) -> None:
    fields = head_fields()

    def send(thread: int) -> bool:
        with side.client(token) as client:
            return "errorMessage" not in run(client, "APS450MI/AddHead;cono=3", **fields)

    assert sorted(in_threads(8, send)) == [False] * 7 + [True]


def test_tenants_and_companies_see_their_own_records_only(
    side: InforSide, client: httpx2.Client
) -> None:
    number = new_invoice(client)
    assert "errorMessage" in run(client, "APS450MI/GetHead;cono=4", INBN=number)
    with side.client(token_of_user(side, OTHER_TENANT), OTHER_TENANT) as other:
        assert "errorMessage" in run(other, "APS450MI/GetHead", INBN=number)


def test_the_company_may_be_a_field(client: httpx2.Client) -> None:
    record(client, "CRS610MI/Add", CONO="005", CUNO="C5", CUTM="T", CUNM="Five", CUA1="Street 5")
    assert record(client, "CRS610MI/GetBasicData", CONO="5", CUNO="C5")["CONO"] == "5"
    assert run(client, "CRS610MI/GetBasicData", CUNO="C5")["errorCode"] == "WCU0203"


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
    """The fields of the portal's mapping (facts §7.7): supplier, address and reference."""
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


def test_empty_fields_padding_and_pretty_answers(client: httpx2.Client) -> None:
    short = record(client, "MMS200MI/Get;excludeempty=true", ITNO="BOLT-M8")
    assert "DWNO" not in short
    padded = record(client, "MMS200MI/Get;righttrim=false;returncols=ITNO", ITNO="BOLT-M8")
    assert padded == {"ITNO": "BOLT-M8".ljust(15)}
    answer = client.get(f"{V2}/CMS535MI/FpwVersion;format=PRETTY;extendedresult=true")
    assert answer.text.startswith('{\n  "results"')
    assert answer.json()["results"][0]["parameters"] == {}


def test_the_sandbox_may_be_told_to_be_lenient_or_to_terminate(tmp_path: Path) -> None:
    relaxed = M3Settings(require_user=False, terminate_after=2)
    for side in infor_side_on("sqlite", tmp_path, m3_settings=relaxed):
        with side.client(side.log_in(side.credentials())) as nobody:
            row = {"transaction": "Get", "record": {"ITNO": "BOLT-M8"}}
            answer = bulk(nobody, "MMS200MI", [row] * 5)
            assert answer["wasTerminated"] is True
            assert answer["nrOfSuccessfullTransactions"] == 2
            assert answer["nrOfNotProcessedTransactions"] == 3


FUZZ = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TRANSACTIONS = st.sampled_from(
    [(program, name) for program, names in BEHAVIOURS.items() for name in names]
)
VALUES = st.sampled_from(["", "0", "1", "10", "-1", "1.5", "20260301", "20001", "4500001"]) | (
    st.sampled_from(["BOLT-M8", "ADVICE-1", "PALLET-1", "*EXE", "250", "[", "*", "99999999999999"])
    | st.text(max_size=12)
)


def _assert_no_failure(answer: httpx2.Response) -> None:
    assert answer.status_code < 500, answer.text
    body = answer.json()
    if answer.status_code >= 400:
        assert body.get("errorMessage") or body.get("Message") or body.get("message")


def _fields(program: str, name: str, data: st.DataObject) -> Mapping[str, str]:
    known = program_named(program)
    assert known is not None
    transaction = known.transaction(name)
    assert transaction is not None
    mandatory = [field.name for field in transaction.inputs.values() if field.is_mandatory]
    others = st.lists(st.sampled_from(sorted(transaction.inputs) or ["X"]), max_size=6)
    return {field: data.draw(VALUES) for field in (*mandatory, *data.draw(others))}


@FUZZ
@given(transaction=TRANSACTIONS, data=st.data())
def test_any_input_of_any_transaction_is_answered(
    client: httpx2.Client, transaction: tuple[str, str], data: st.DataObject
) -> None:
    program, name = transaction
    fields = _fields(program, name, data)
    version = data.draw(st.sampled_from([V1, V2]))
    _assert_no_failure(client.get(f"{version}/{program}/{name}", params=fields))
    rows = [{"transaction": name, "record": fields}] * 2
    _assert_no_failure(client.post(V2, json={"program": program, "transactions": rows}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)
BODY = st.fixed_dictionaries(
    {},
    optional={
        "program": st.sampled_from(["APS450MI", "MMS200MI"]) | JSON,
        "cono": st.integers() | JSON,
        "divi": JSON,
        "maxReturnedRecords": st.integers() | JSON,
        "transactions": st.lists(
            st.fixed_dictionaries(
                {}, optional={"transaction": JSON, "record": JSON, "selectedColumns": JSON}
            ),
            max_size=3,
        )
        | JSON,
    },
)


@FUZZ
@given(body=BODY)
def test_any_bulk_body_is_answered_or_refused(client: httpx2.Client, body: Any) -> None:
    content = json.dumps(body).encode("utf-8", "replace")
    _assert_no_failure(client.post(V2, content=content))


@FUZZ
@given(
    path=st.text(st.characters(exclude_categories=("Cs",)), max_size=40),
    query=st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=4),
)
def test_any_address_and_parameters_are_answered(
    client: httpx2.Client, path: str, query: dict[str, str]
) -> None:
    for address in (f"{V1}/{quote(path)}", f"{V2}/APS450MI/GetHead;{quote(path)}"):
        _assert_no_failure(client.get(address, params=query))
