"""M3 and LN as public clients call them; each row names the fact that says how.

What a client decides is as the facts say: addresses, parameters and their spelling, headers,
the shape of bodies, and how it reads the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.sandbox.control.controls.faults import FaultDraft, FaultKind, FaultTarget, Trigger
from ionport.sandbox.control.recorder.model import CallFilter
from tests.support.infor_side import OPERATOR, SCOPE, TENANT, InforSide, infor_side_on
from tests.support.oauth import add_user

V1 = "M3/m3api-rest/execute"
V2 = "M3/m3api-rest/v2/execute"
LN = "LN/c4ws/services"
HOST = "mingle-ionapi.eu1.inforcloudsuite.com"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
BDE = "http://www.infor.com/businessinterface"


@dataclass(slots=True)
class Tenant:
    """What a client has: the credential file, a token, and an address to call."""

    side: InforSide
    file: Mapping[str, str]
    token: str

    @property
    def base(self) -> str:
        return f"{self.file['iu']}/{self.file['ti']}"

    def bearer(self, **headers: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", **headers}


@pytest.fixture(scope="module", params=["sqlite"])
def tenant(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tenant]:
    for side in infor_side_on(request.param, tmp_path_factory.mktemp("side")):
        user = add_user(side.database, side.clock, "exporter")
        file = side.credentials(user_id=user.user_id)
        yield Tenant(side, file, side.log_in(file))


def vendors_probe(tenant: Tenant) -> None:
    """The vendor's connection test: a general transaction, with a token of no user."""
    file = tenant.side.credentials(name="inforconnectiontest")
    headers = {"Authorization": f"Bearer {tenant.side.log_in(file)}"}
    url = f"{file['iu']}/{file['ti']}/{V2}/CMS535MI/FpwVersion"
    answer = requests.get(url, headers=headers, timeout=30)
    assert answer.status_code == 200
    assert answer.json()["results"][0]["records"][0]["VER"]


def inforion_load(tenant: Tenant) -> None:
    """Chunks of 100 under a fixed Host, three keys only; urllib3 tries again at 503."""
    headers = tenant.bearer(
        **{
            "Content-Type": "application/json",
            "X-TenantId": TENANT,
            "X-ClientId": tenant.file["ci"],
            "User-Agent": "FellowConsultingAGRuntime/7.22.0",
            "Cache-Control": "no-cache",
            "Host": HOST,
        }
    )
    rows = [
        {"SUNO": f"4{row:04}", "SUNM": f"Supplier {row}", "SUTY": "0", "CSCD": "DE", "DTFM": "YMD"}
        | {"ORTY": "F20", "DT4T": "1", "DTCD": "2", "CUCD": "EUR", "CRTP": "1", "ATPR": "1"}
        for row in range(250)
    ]
    fault = FaultDraft(
        FaultKind.STATUS,
        target=FaultTarget(service="M3", operation="bulk"),
        trigger=Trigger.NEXT,
        figure=2,
        status=503,
    )
    with tenant.side.database.write() as work:
        tenant.side.services.control.faults.add(Access(work, SCOPE, OPERATOR), fault)
    session = requests.Session()
    retries = Retry(total=3, backoff_factor=0, status_forcelist=[503], allowed_methods=None)
    session.mount("http://", HTTPAdapter(max_retries=retries))
    loaded = []
    with session:
        for start in range(0, len(rows), 100):
            transactions = [
                {"transaction": "AddSupplier", "record": record}
                for record in rows[start : start + 100]
            ]
            body = {"program": "CRS620MI", "cono": 409, "transactions": transactions}
            url = f"{tenant.base}/{V2}"
            answer = session.post(url, json=body, headers=headers, timeout=60)
            assert answer.status_code == 200
            loaded += answer.json()["results"]
    assert [result["records"][0]["SUNO"] for result in loaded] == [row["SUNO"] for row in rows]
    with tenant.side.database.read() as work:
        calls = tenant.side.recorder.list(
            Access(work, SCOPE, OPERATOR), PageRequest(), CallFilter(operation="bulk", service="M3")
        )
    assert {call.facts.headers["host"] for call in calls.items} == {HOST}
    assert [call.outcome.status for call in calls.items] == [200, 200, 200, 503, 503]


def m3_odin(tenant: Tenant) -> None:
    """Asks for a CSRF token first (404: not needed), then v1 with matrix parameters."""
    headers = tenant.bearer(
        **{"x-infor-ionapi-platform": "homepages", "x-infor-ionapi-source": "m3-odin"}
    )
    csrf = requests.get(f"{tenant.base}/M3/m3api-rest/csrf", headers=headers, timeout=30)
    assert csrf.status_code == 404
    matrix = ";metadata=true;maxrecs=100;excludempty=true;cono=1;divi=AAA;returncols=SUNO,SUNM"
    url = f"{tenant.base}/{V1}/CRS620MI/GetBasicData{matrix}"
    answer = requests.get(
        url, params={"SUNO": "20001", "_rid": "1-2"}, headers=headers, timeout=30
    ).json()
    (row,) = answer["MIRecord"]
    values = {pair["Name"]: pair["Value"] for pair in row["NameValue"]}
    assert values == {"SUNO": "20001", "SUNM": "Copper Pine Metals"}
    assert [field["@name"] for field in answer["Metadata"]["Field"]] == ["SUNO", "SUNM"]
    refused = requests.get(url, params={"SUNO": "GHOST"}, headers=headers, timeout=30).json()
    error = refused.get("ErrorMessage", refused)
    assert error["@type"] == "ServerReturnedNOK"
    assert (error["@code"], error["@field"]) == ("WSU0103", "SUNO")
    assert error["Message"]


def c_sharp_bulk(tenant: Tenant) -> None:
    """Sends every key there is, numbers as numbers, and reads results by their place."""
    transactions: list[dict[str, Any]] = [
        {"transaction": "Get", "record": {"ITNO": item}, "selectedColumns": ["ITNO", "ITDS"]}
        for item in ("BOLT-M8", "GHOST", "CHAIR-01")
    ]
    body = {
        "program": "MMS200MI",
        "cono": 1,
        "divi": "AAA",
        "excludeEmptyValues": False,
        "rightTrim": True,
        "maxReturnedRecords": 0,
        "transactions": transactions,
    }
    answer = requests.post(f"{tenant.base}/{V2}", json=body, headers=tenant.bearer(), timeout=30)
    results = answer.json()["results"]
    assert results[0]["records"][0]["ITDS"] == "Hexagon bolt M8"
    assert results[2]["records"][0]["ITDS"] == "Office chair"
    assert results[1]["errorMessage"]


def production_extension(tenant: Tenant) -> None:
    """Takes 200 and nrOfSuccessfullTransactions 1 for success, else reads errorMessage."""
    url = f"{tenant.base}/{V2}/PPS200MI/AddLine"
    fields = {"PUNO": "4500002", "ITNO": "BOLT-M8", "ORQA": "10"}
    good = requests.get(url, params=fields, headers=tenant.bearer(), timeout=30)
    assert good.status_code == 200
    assert str(good.json()["nrOfSuccessfullTransactions"]) == "1"
    assert "errorMessage" not in good.json()["results"][0]
    bad = requests.get(url, params={**fields, "ITNO": "X"}, headers=tenant.bearer(), timeout=30)
    assert str(bad.json()["nrOfSuccessfullTransactions"]) == "0"
    assert bad.json()["results"][0]["errorMessage"]


def sdk_sample(tenant: Tenant) -> None:
    """The SDK's Java sample: v1, the token in the address."""
    url = f"{tenant.base}/{V1}/CRS610MI/ChgFinancial"
    params = {"CUNO": "10001", "VRNO": "DE1", "access_token": tenant.token}
    answer = requests.get(url, params=params, timeout=30)
    assert answer.status_code == 200
    assert answer.json()["Transaction"] == "ChgFinancial"


def inforion_ln(tenant: Tenant) -> None:
    """Lists partners; the Activation's namespace is that of the method, by mistake."""

    def ask(service: str) -> ElementTree.Element:
        body = f"""<?xml version="1.0" encoding="UTF-8"?>
            <Envelope xmlns="{SOAP}">
                <Header>
                    <Activation xmlns="{BDE}/List">
                        <company xmlns="">200</company>
                    </Activation>
                </Header>
                <Body>
                <List xmlns="{BDE}/{service}">
                        <ListRequest></ListRequest>
                    </List>
                </Body>
            </Envelope>"""
        headers = tenant.bearer(**{"content-type": "text/xml"})
        url = f"{tenant.base}/{LN}/{service}"
        answer = requests.post(url, data=body, headers=headers, timeout=30)
        # The first child of the envelope is the body: there must be no header.
        return ElementTree.fromstring(answer.content)[0]

    found = ask("BusinessPartner_v3")
    assert "Fault" not in found[0].tag
    rows = found[0][0][0].findall("BusinessPartner_v3")
    names = [row.findtext("name") for row in rows]
    assert "Copper Pine Metals" in names
    refused = ask("SalesOrder")
    assert "Fault" in refused[0].tag
    assert "does not imitate" in (refused[0][2][1].text or "")


def wsdl_driven(tenant: Tenant) -> None:
    """Knows only the WSDL: address, namespace, parts and header from it, soapAction empty."""
    headers = tenant.bearer()
    url = f"{tenant.base}/{LN}/ReceivedPurchaseInvoice"
    text = requests.get(f"{url}?wsdl", headers=headers, timeout=30).content
    wsdl, soap = "{http://schemas.xmlsoap.org/wsdl/}", "{http://schemas.xmlsoap.org/wsdl/soap/}"
    root = ElementTree.fromstring(text)
    (address,) = (each.get("location", "") for each in root.iter(f"{soap}address"))
    binding = root.find(f"{wsdl}binding")
    assert binding is not None
    found = binding.find(f"{wsdl}operation[@name='Create']/{wsdl}input")
    assert found is not None
    body, header = found.find(f"{soap}body"), found.find(f"{soap}header")
    assert body is not None
    assert header is not None
    namespace, activation = body.get("namespace"), header.get("part")
    part = root.find(f"{wsdl}message[@name='CreateRequest']/{wsdl}part")
    assert part is not None
    name = part.get("name")
    values = {
        "SupplierCode": "SUP000001",
        "InvoiceNumberSupplier": "WSDL-1",
        "InvoiceDate": "2026-03-01",
        "InvoiceAmount": "10",
        "InvoiceCurrency": "EUR",
    }
    fields = "".join(f"<{key}>{value}</{key}>" for key, value in values.items())
    entity = root.get("name")
    envelope = (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:bo="{namespace}"><s:Header><bo:{activation}>'
        f"<username>u</username><company>200</company></bo:{activation}></s:Header><s:Body>"
        f"<bo:Create><{name}><DataArea><{entity}>{fields}</{entity}></DataArea></{name}>"
        "</bo:Create></s:Body></s:Envelope>"
    )
    headers |= {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
    created = requests.post(address, data=envelope, headers=headers, timeout=30)
    path = f"{{{SOAP}}}Body/{{{namespace}}}CreateResponse/CreateResponse/DataArea/{entity}/{entity}"
    assert ElementTree.fromstring(created.content).findtext(path)
    again = requests.post(address, data=envelope, headers=headers, timeout=30)
    assert again.status_code == 500
    fault = ElementTree.fromstring(again.content).find(f"{{{SOAP}}}Body/{{{SOAP}}}Fault")
    assert fault is not None
    result = fault.find(f"detail/{{{namespace}}}Result")
    assert result is not None
    assert result.findtext("messageType") == "Error"
    assert "already exists" in (result.findtext("messageText") or "")


ROWS: list[tuple[str, Callable[[Tenant], None]]] = [
    ("docs/reference/known-clients.md#others: GET iu/ti/…/CMS535MI/FpwVersion", vendors_probe),
    (
        "docs/reference/known-clients.md#inforion: M3 in chunks, hard-coded Host, retry on 429/5xx",
        inforion_load,
    ),
    (
        "docs/reference/m3.md#addresses-and-errors: m3-odin matrix parameters, csrf, v1 shapes",
        m3_odin,
    ),
    ("docs/reference/m3.md#bulk: C# client, every key shown", c_sharp_bulk),
    (
        "docs/reference/m3.md#addresses-and-errors: production extension, PPS200MI/AddLine",
        production_extension,
    ),
    (
        "docs/reference/known-clients.md#infors-sdk: CRS610MI/ChgFinancial, ?access_token=",
        sdk_sample,
    ),
    ("docs/reference/ln.md#soap: inforion, LN List", inforion_ln),
    ("docs/reference/ln.md#soap: WSDL contract, rpc/literal", wsdl_driven),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].partition(":")[0])
def test_a_public_client_is_served(
    tenant: Tenant, row: tuple[str, Callable[[Tenant], None]]
) -> None:
    _source, play = row
    play(tenant)
