"""Requests that were once answered wrongly, and each one's right answer, over a real socket."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import pytest

from ionport.ionapi import IonApiFile
from ionport.testing.infor import Infor
from tests.support.reference import FOLDER, reference_files
from tests.support.soap import XML_HEADERS, request

CASES = FOLDER / "cases/wire"
EXECUTE = "M3/m3api-rest/v2/execute"
PARTNER = "BusinessPartner_v3"
UNKNOWN = "<Selection><selectionAttribute>NoSuch</selectionAttribute></Selection>"
ONE_ROW = "<maxNumberOfObjects>1</maxNumberOfObjects>"
NOT_FOUND = {
    "program": "CRS610MI",
    "cono": 1,
    "transactions": [{"transaction": "GetBasicData", "record": {"CUNO": "NOPE"}}],
}


def _list(control: str) -> dict[str, Any]:
    """Return the keywords of a request that lists LN's business partners."""
    envelope = request("List", "", service=PARTNER, control=control)
    return {"content": envelope, "headers": XML_HEADERS}


WANTED: Mapping[str, tuple[str, str, dict[str, Any], Callable[[httpx2.Response], bool]]] = {
    "a failed result has its empty records": (
        *("POST", EXECUTE, {"json": NOT_FOUND}),
        lambda answer: answer.json()["results"][0]["records"] == [],
    ),
    "EXPORTMI answers rows": (
        *("GET", f"{EXECUTE}/EXPORTMI/Select?SEPC=%3B&QERY=OKCUNO%20from%20OCUSMA", {}),
        lambda answer: len(answer.json()["results"][0]["records"]) > 1,
    ),
    "an order's head is entered": (
        *("GET", f"{EXECUTE}/OIS100MI/AddBatchHead?CUNO=10001", {}),
        lambda answer: bool(answer.json()["results"][0]["records"][0]["ORNO"]),
    ),
    "Compass takes a query": (
        *("POST", "DATAFABRIC/compass/v2/jobs/"),
        {"content": b"select 1", "headers": {"Content-Type": "text/plain"}},
        lambda answer: answer.status_code == 202 and bool(answer.json()["queryId"]),
    ),
    "the catalog's old address lists": (
        *("GET", "IONSERVICES/datacatalog/v1/object/list", {}),
        lambda answer: answer.json() == [],
    ),
    "OData refuses in JSON": (
        *("GET", "LN/lnapi/odata/nope/Nope", {"headers": {"Accept": "application/json"}}),
        lambda answer: answer.status_code == 404 and bool(answer.json()["error"]["message"]),
    ),
    "LN refuses an attribute it has not": (
        *("POST", f"LN/c4ws/services/{PARTNER}", _list(UNKNOWN)),
        lambda answer: answer.status_code == 500 and b"NoSuch" in answer.content,
    ),
    "LN lists no more than asked for": (
        *("POST", f"LN/c4ws/services/{PARTNER}", _list(ONE_ROW)),
        lambda answer: answer.content.count(b"<businessPartnerCode>") == 1,
    ),
}


@pytest.mark.parametrize("promise", WANTED)
def test_a_request_that_failed_once_is_answered_rightly(infor: Infor, promise: str) -> None:
    method, path, sent, is_right = WANTED[promise]
    sent = {
        **sent,
        "headers": {"Authorization": f"Bearer {infor.token()}", **sent.get("headers", {})},
    }
    answer = httpx2.request(method, f"{infor.url}/{infor.tenant}/{path}", **sent)
    assert is_right(answer), f"{answer.status_code} {answer.text}"


@pytest.mark.skipif(shutil.which("curl") is None, reason="NO CURL: its requests were not sent")
@pytest.mark.skipif(not reference_files("cases/wire/*.sh"), reason="no reference data")
def test_the_recorded_shell_requests_are_answered_rightly(infor: Infor) -> None:
    def run(name: str, *arguments: str) -> str:
        command = ["sh", str(CASES / name), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout

    addresses = run("27-wrong-address.sh", infor.url, infor.token()).splitlines()
    assert len(addresses) == 4
    assert all(line.endswith("-> 404 ") for line in addresses), addresses
    file = IonApiFile.load(infor.ionapi_file())
    assert "the Content-Type is application/json" in run("28-token-json-body.sh", file.token_url)
