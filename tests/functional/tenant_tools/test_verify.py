"""`ionport verify` finds every difference between a tenant and the sandbox, and changes nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from ionport.cli import main
from ionport.ionapi import IonApiClient, IonApiFile
from ionport.tenant_tools.verify.asking import Tenant
from ionport.tenant_tools.verify.questions import questions
from ionport.tenant_tools.verify.services import imitated_services
from ionport.tenant_tools.verify.verification import Report, State, verify
from ionport.testing.infor import Infor
from ionport.testing.running import running_infor

SECRET = "Sn0wdropTwelve"
SEED = {
    "idm": [
        {
            "entityName": "M3_SupplierInvoice",
            "attrs": {"attr": [{"name": "BOD_SupplierInvoiceID", "value": SECRET}]},
        }
    ]
}
Bend = Callable[[int, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]


class BendingProxy(ThreadingHTTPServer):
    """Passes calls to a server and bends the answers of some paths; keeps what it was sent."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.bends: dict[str, Bend] = {}
        self.seen: list[tuple[str, str]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: BendingProxy

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        self.server.seen.append((self.command, path))
        target = self.server.target
        connection = HTTPConnection(target.hostname or "", target.port, timeout=30)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        headers = {"Content-Type": answer.headers.get("Content-Type", "")}
        status = answer.status
        for end, bend in self.server.bends.items():
            if path.endswith(end):
                status, headers, content = bend(status, headers, content)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def tenant() -> Iterator[Infor]:
    with running_infor("OTHER_TST") as infor:
        infor.seed(SEED)
        yield infor


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Infor]:
    with running_infor() as infor:
        infor.seed(SEED)
        yield infor


@pytest.fixture
def proxy(tenant: Infor) -> Iterator[BendingProxy]:
    with BendingProxy(tenant.url) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_an_item_names_the_person_who_made_it(tenant: Infor) -> None:
    with IonApiClient(_file(tenant, tenant.url)) as client:
        item = {"item": {"entityName": "M3_SupplierInvoice"}}
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        body = json.dumps(item).encode()
        made = client.request("POST", "/IDM/api/items", headers=headers, body=body)
    shown = made.json_object()["item"]
    assert (shown["createdByName"], shown["lastChangedByName"]) == ("Test User",) * 2
    assert shown["createdBy"] != "Test User"


def _file(infor: Infor, url: str) -> IonApiFile:
    content = infor.credentials()
    return IonApiFile.parse(json.dumps(content).replace(infor.url, url))


def _verify(tenant: Infor, sandbox: Infor, proxy: BendingProxy, **limits: Any) -> Report:
    with (
        IonApiClient(_file(tenant, proxy.url)) as theirs,
        IonApiClient(_file(sandbox, sandbox.url)) as ours,
    ):
        asked = questions(imitated_services())
        if only := limits.get("only"):
            asked = [question for question in asked if question.name in only]
        return verify(Tenant(theirs, limits.get("calls", 1_000)), Tenant(ours, 1_000), asked)


def _found(report: Report) -> set[tuple[str, str, str]]:
    return {
        (each.question.name, difference.kind.value, difference.place)
        for each in report.compared
        for difference in each.differences
    }


def _json_bend(change: Callable[[Any], Any]) -> Bend:
    def bend(status: int, headers: dict[str, str], content: bytes) -> Any:
        return status, headers, json.dumps(change(json.loads(content))).encode()

    return bend


def _entity_as_number(content: Any) -> Any:
    for each in content["entities"]["entity"]:
        each["name"] = 5
    return content


def _last_as_number(content: Any) -> Any:
    content["results"][0]["records"][-1]["CUNO"] = 5
    return content


def test_two_equal_tenants_have_no_difference_and_no_write_ever_reaches_one(
    tenant: Infor, sandbox: Infor, proxy: BendingProxy
) -> None:
    before = tenant.idm.items(), tenant.m3.invoices(), tenant.ion.messages()
    report = _verify(tenant, sandbox, proxy)
    assert _found(report) == set()
    assert report.count(State.SAME) > 110
    methods = {method for method, path in proxy.seen if "/as/" not in path}
    assert methods == {"GET"}
    assert (tenant.idm.items(), tenant.m3.invoices(), tenant.ion.messages()) == before
    transactions = {
        path.rpartition("/")[2] for _method, path in proxy.seen if "/m3api-rest/" in path
    }
    assert "LstSuppliers" in transactions
    assert not {
        name for name in transactions if name.startswith(("Add", "Upd", "Chg", "Del", "Prc"))
    }


def test_each_bend_of_a_tenants_answers_is_found(
    tenant: Infor, sandbox: Infor, proxy: BendingProxy
) -> None:
    def without_name(content: Any) -> Any:
        return {"other" if name == "fullName" else name: value for name, value in content.items()}

    proxy.bends = {
        "/datamodel/entities": _json_bend(_entity_as_number),
        "/items/count": lambda status, headers, content: (418, headers, content),
        "/service/ping": lambda status, headers, content: (
            status,
            {"Content-Type": "text/csv"},
            content,
        ),
        "/CRS620MI/LstSuppliers": _json_bend(lambda content: {**content, "results": {}}),
        "/MMS200MI/LstItmByItm": _json_bend(lambda content: {**content, "took": 3}),
        "/GENERAL/GetUserInfo": _json_bend(
            lambda content: {k: v for k, v in content.items() if k != "results"}
        ),
        "/CRS610MI/LstByNumber": _json_bend(_last_as_number),
        "/BusinessPartners": _json_bend(lambda content: {**content, "value": {"first": 1}}),
        "/services/BusinessPartner_v3": lambda status, headers, content: (
            status,
            headers,
            content.replace(b'name="addressCountry"', b'name="country"'),
        ),
        "/object/list": lambda status, headers, content: (status, headers, b"[{"),
        "/datalake/v2/ping": lambda status, headers, content: (status, headers, b""),
    }
    found = _found(_verify(tenant, sandbox, proxy))
    assert ("list entities", "type", "$.entities.entity[].name") in found
    assert ("count items", "status", "") in found
    assert ("ping", "media type", "") in found
    assert ("CRS620MI LstSuppliers", "type", "$.results") in found
    assert ("MMS200MI LstItmByItm", "missing in the sandbox", "$.took") in found
    assert ("GENERAL GetUserInfo", "only in the sandbox", "$.results") in found
    assert ("CRS610MI LstByNumber", "type", "$.results[].records[].CUNO") in found
    assert ("odata read", "type", "$.value") in found
    declared = {place.rpartition("/")[2] for _name, _kind, place in found}
    assert {"element(country)", "element(addressCountry)"} <= declared
    assert ("list objects", "type", "$") in found
    assert ("lake ping", "only in the sandbox", "$") in found


def test_a_record_that_only_one_side_has_is_no_difference(
    tenant: Infor, sandbox: Infor, proxy: BendingProxy
) -> None:
    def without_record(content: Any) -> Any:
        failed = {"transaction": "LstByNumber", "errorCode": "WCU0203", "records": []}
        return {**content, "results": [failed]}

    def with_delivery(content: Any) -> Any:
        found = {"transaction": "GetHead", "records": [{"DLIX": "1", "CONA": "10001"}]}
        return {**content, "results": [found]}

    proxy.bends = {
        "/CRS610MI/LstByNumber": _json_bend(without_record),
        "/MWS410MI/GetHead": _json_bend(with_delivery),
    }
    names = {"CRS610MI LstByNumber", "MWS410MI GetHead"}
    report = _verify(tenant, sandbox, proxy, only=names)
    told = {each.question.name: (each.state, each.reason) for each in report.compared}
    assert told == {
        "CRS610MI LstByNumber": (State.NOT_ASKED, "the tenant has no such record"),
        "MWS410MI GetHead": (State.NOT_ASKED, "the sandbox has no such record"),
    }


def test_calls_are_bounded_and_a_tenant_that_is_away_is_left_alone(
    tenant: Infor, sandbox: Infor, proxy: BendingProxy
) -> None:
    report = _verify(tenant, sandbox, proxy, calls=4)
    assert report.calls == 4
    assert "4 calls were made" in report.stopped
    assert report.count(State.NOT_ASKED) > 50


def test_a_tenant_is_asked_no_faster_than_told(
    tenant: Infor, sandbox: Infor, proxy: BendingProxy
) -> None:
    waits: list[float] = []
    proxy.bends = {
        "/items/search": lambda status, headers, content: (429, {"Retry-After": "7"}, b"")
    }
    with (
        IonApiClient(_file(tenant, proxy.url)) as theirs,
        IonApiClient(_file(sandbox, sandbox.url)) as ours,
    ):
        asked = [q for q in questions(imitated_services()) if q.service == "IDM"]
        report = verify(Tenant(theirs, 100, 0.5, waits.append), Tenant(ours, 100), asked)
    assert waits.count(0.5) == report.calls - 1
    assert 7 in waits


def test_the_report_holds_nothing_of_the_tenant(
    tenant: Infor, sandbox: Infor, proxy: BendingProxy, tmp_path: Path
) -> None:
    def with_data_as_names(content: Any) -> Any:
        return {**content, "a name of / a person": 1, "eyJhbGciOiJI.eyJzdWIiOiJhYmNkZWZnaGlq": 2}

    proxy.bends = {"/items/search": _json_bend(with_data_as_names)}
    file = tmp_path / "tenant.ionapi"
    file.write_bytes(_file(tenant, proxy.url).to_bytes())
    report = tmp_path / "report.json"
    arguments = [
        *("verify", str(file), "--sandbox", str(sandbox.ionapi_file()), "--service", "IDM"),
        *("--rate", "20", "--report", str(report)),
    ]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1, done.output
    text = report.read_text()
    told = json.loads(text)
    assert told["environment"] == "TST"
    assert {each["state"] for each in told["operations"]} >= {"same", "differs"}
    content = json.loads(file.read_text())
    values = (SECRET, "OTHER", proxy.url, "person", "eyJ")
    for secret in (*values, content["ci"], content["cs"], content["saak"], content["sask"]):
        assert secret not in text
        assert secret not in done.output
