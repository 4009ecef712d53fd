"""M3 through the gateway, with real tokens (docs/reference/m3.md#transactions-and-fields)."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.sandbox.control.recorder.model import CallFilter
from ionport.sandbox.m3.service import M3Settings
from tests.support.infor_side import (
    OPERATOR,
    OTHER_TENANT,
    SCOPE,
    TENANT,
    InforSide,
    infor_side_on,
)
from tests.support.m3 import V1, V2, bulk, head_fields, new_invoice, record, run, token_of_user


@pytest.fixture(scope="module")
def token(side: InforSide) -> str:
    return token_of_user(side)


def test_the_vendors_probe_is_answered_without_a_user(side: InforSide) -> None:
    """The vendor's connection test calls CMS535MI/FpwVersion."""
    with side.client(side.log_in(side.credentials(name="Probe"))) as nobody:
        assert record(nobody, "CMS535MI/FpwVersion") == {"VER": "2.0.0"}


def test_a_caller_without_a_user_may_not_impersonate(side: InforSide) -> None:
    """Error 163 when the service account has no user.

    Source: docs/reference/m3.md#a-service-account-without-a-user.
    """
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


def test_a_client_can_ask_which_fields_a_transaction_has(client: httpx2.Client) -> None:
    """Discovery by MRS001MI LstTransactions and LstFields.

    Source: docs/reference/m3.md#supplier-invoices.
    """
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
    typed = run(client, "MRS001MI/LstAdtFieldInf", **asked, TRTP="O")["records"]
    assert typed == [{"FLNM": "INBN", "TYPE": "N", "LENG": "10", "FLDS": ""}]
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


def test_v1_answers_in_its_own_shape(client: httpx2.Client) -> None:
    """docs/reference/m3.md#addresses-and-errors, matrix parameters as m3-odin sends them."""
    number = new_invoice(client, SINO="R-V1")
    matrix = ";metadata=true;maxrecs=100;excludempty=true;cono=1;divi=AAA;returncols=SINO,IVDT"
    answer = client.get(f"{V1}/APS450MI/GetHead{matrix}", params={"INBN": number, "_rid": "r1"})
    assert answer.json() == {
        "Program": "APS450MI",
        "Transaction": "GetHead",
        "Metadata": {
            "Field": [
                {"@name": "SINO", "@type": "A", "@length": 24, "@description": ""},
                {"@name": "IVDT", "@type": "D", "@length": 10, "@description": ""},
            ]
        },
        "MIRecord": [
            {
                "RowIndex": 0,
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
        ("APS450MI/NoSuchThing", {"INBN": "1"}, "TransactionNotFound"),
        ("APS450MI/PrintInvoice", {"INBN": "1", "LITP": "1"}, "TransactionNotImitated"),
        ("PPS250MI/AddLine", {}, "TransactionNotImitated"),
        ("XXX999MI/AddLine", {}, "ProgramNotFound"),
    ):
        answer = client.get(f"{V2}/{address}", params=fields)
        assert answer.status_code == 400
        assert answer.json()["errorType"] == kind
        assert answer.json()["errorMessage"]
    wrong_date = run(client, "APS450MI/AddHead", **head_fields(IVDT="2026-03-01"))
    assert (wrong_date["errorCode"], wrong_date["errorField"]) == ("XDT0001", "IVDT")
    assert record(client, "APS450MI/AddHead;dateformat=YMD8-", **head_fields(IVDT="2026-03-01"))


@pytest.mark.parametrize(
    ("program", "transaction"),
    [
        ("EXPORTMI", "Search"),
        ("OIS100MI", "CpyOrder"),
        ("mws410mi", "LstPackages"),
        ("PPS250MI", "AddLine"),
        ("MNS150MI", "CopyUser"),
        ("APS450MI", "DltInvoice"),
        ("APS450MI", "PrintInvoice"),
        ("MRS001MI", "LstMessages"),
        ("CMS100MI", "Lst_test"),
    ],
)
def test_what_infor_has_and_the_sandbox_has_not_is_told_to_be_not_imitated(
    client: httpx2.Client, program: str, transaction: str
) -> None:
    answer = client.get(f"{V2}/{program}/{transaction}", params={"CUNO": "10001"})
    assert answer.status_code == 400
    assert answer.json()["errorType"] == "TransactionNotImitated"
    assert f"does not imitate {program.upper()}/{transaction}" in answer.json()["errorMessage"]
    old = client.get(f"{V1}/{program}/{transaction}", params={"CUNO": "10001"})
    assert (old.status_code, old.json()["@type"]) == (200, "TransactionNotImitated")
    rows = [{"transaction": transaction, "record": {}}, {"transaction": "GetServerTime"}]
    first, second = bulk(client, program, rows)["results"]
    assert (first["errorType"], first["records"]) == ("TransactionNotImitated", [])
    assert second["records"]


def test_a_failed_result_of_v2_has_an_empty_list_of_records(client: httpx2.Client) -> None:
    rows = [{"transaction": "GetBasicData", "record": {"CUNO": "NOPE"}}]
    (failed,) = bulk(client, "CRS610MI", rows)["results"]
    assert failed["errorMessage"]
    assert failed["records"] == []
    alone = run(client, "CRS610MI/GetBasicData", CUNO="NOPE")
    assert alone["records"] == []


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
    assert [result["records"] for result in answer["results"]] == [
        [{"TRNO": "1"}],
        [],
        [],
        [],
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


@pytest.mark.on_each_database
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
    """Chunks of 100 under a fixed foreign Host header, three keys only.

    Source: docs/reference/known-clients.md#inforion.
    """
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
        call = side.recorder.list(Access(work, SCOPE, OPERATOR), PageRequest(), filters).items[0]
    assert call.facts.headers["host"] == "mingle-ionapi.eu1.inforcloudsuite.com"
    assert len(call.outcome.effects) == 51


@pytest.mark.on_each_database
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
