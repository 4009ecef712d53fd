"""A recorder passes on what only reads, keeps no secret and no name; cassettes are replayed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from ionport.cli.sandbox.recording import own_credentials
from ionport.core.errors import InvalidInput
from ionport.ionapi import IonApiClient, IonApiFile
from ionport.sandbox.own.cassette import Cassette
from ionport.tenant_tools.record.bodies import Bodies
from ionport.tenant_tools.record.permitted import Permitted
from ionport.tenant_tools.record.proxy import Recorder, recording_app
from ionport.tenant_tools.record.replacing import Replacer
from ionport.tenant_tools.verify.services import imitated_services
from ionport.testing.infor import Infor
from ionport.testing.running import running_infor
from ionport.testing.server import listening, serving
from tests.support import sides

SUPPLIER = "Zwirnerei Ostertag GmbH"
AMOUNT = "48213.77"
_SEARCH = '/LN_SupplierInvoice[@SupplierInvoiceNumber = "R-1"]'
_LONG_SEARCH = {
    "queries": {
        "query": [
            {
                "entities": "LN_SupplierInvoice",
                "arguments": {"argument": [{"key": "SupplierInvoiceNumber", "value": "R-1"}]},
            }
        ]
    }
}


@pytest.fixture(scope="module")
def tenant() -> Iterator[Infor]:
    with running_infor("OTHER_TST") as infor:
        yield infor


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Infor]:
    with running_infor() as infor:
        yield infor


@contextmanager
def _recording(real: IonApiFile, *writes: str) -> Iterator[tuple[IonApiClient, Recorder]]:
    """A client that signs on at a recorder of the tenant, and the recorder."""
    recorder = Recorder(Bodies(Replacer(real)), on_call=lambda call: None)
    permitted = Permitted(imitated_services(), writes)
    with IonApiClient(real) as theirs, listening() as (listener, url):
        own = own_credentials(real, url)
        app = recording_app(theirs, recorder, permitted, own)
        with serving(app, listener), IonApiClient(IonApiFile.parse(json.dumps(own))) as client:
            yield client, recorder


def _seed(infor: Infor, **attributes: str) -> None:
    infor.reset()
    found = [{"name": name, "value": value} for name, value in attributes.items()]
    infor.seed({"idm": [{"entityName": "LN_SupplierInvoice", "attrs": {"attr": found}}]})


def test_only_reading_calls_reach_the_tenant(tenant: Infor) -> None:
    _seed(tenant, SupplierInvoiceNumber="R-1")
    real = IonApiFile.load(tenant.ionapi_file())
    with _recording(real) as (client, recorder):
        tenant.recorder.clear()
        assert client.request("GET", "/IDM/api/datamodel/entities").ok
        searched = client.request(
            "POST", "/IDM/api/items/search", body=json.dumps(_LONG_SEARCH).encode()
        )
        assert searched.ok, searched.content
        executed = "/M3/m3api-rest/v2/execute/CRS620MI"
        assert client.request("GET", f"{executed}/LstSuppliers").ok
        passed = tenant.recorder.count() - tenant.recorder.count("AS")
        for method, path in (
            ("POST", "/IDM/api/items"),
            ("DELETE", "/IDM/api/items/1-1"),
            ("PUT", "/IDM/api/items/1-1"),
            ("GET", f"{executed}/AddSupplier"),
            ("GET", "/M3/m3api-rest/execute/CRS620MI/UpdSupplier;returncols=SUNO"),
            ("GET", "/M3/m3api-rest/v3/execute/CRS620MI/DelSupplier"),
            ("POST", "/M3/m3api-rest/v2/execute"),
            ("POST", "/LN/c4ws/services/ReceivedPurchaseInvoice"),
            ("POST", "/Unknown/anything"),
            ("PATCH", "/Unknown/anything"),
            # Read in two ways: as another suite's by the recorder, as M3's by the tenant.
            ("GET", "/M3//m3api-rest/v2/execute/CRS620MI/AddSupplier"),
            ("GET", "/X/%2e%2e/M3/m3api-rest/v2/execute/CRS620MI/AddSupplier"),
            ("GET", "/IDM/..%2FM3/m3api-rest/v2/execute/CRS620MI/AddSupplier"),
            ("GET", "/M3/%2e/m3api-rest/v2/execute/CRS620MI/AddSupplier"),
            ("GET", "/X/%252e%252e/M3/m3api-rest/v2/execute/CRS620MI/AddSupplier"),
            ("GET", f"{executed}/AddSupplier%3Fx/GetBasicData"),
            ("GET", f"{executed}/AddSupplier%23/GetBasicData"),
        ):
            answer = client.request(method, path)
            assert answer.status == 403, (method, path)
            assert "--writes" in answer.json_object()["error_description"]
        assert tenant.recorder.count() - tenant.recorder.count("AS") == passed == 3
        assert len(recorder.cassette.calls) == 3
    with _recording(real, "idm") as (client, _recorder):
        assert client.request("POST", "/IDM/api/items", body=b"{}").status != 403


def test_a_person_is_replaced_beside_the_tenant_and_under_any_name(tenant: Infor) -> None:
    real = IonApiFile.load(tenant.ionapi_file())
    told = {
        "name": "Erika Ostertag",
        "displayName": "Erika Ostertag",
        "note": f"Erika Ostertag of {real.ti}",
        "text": f"see {real.iu}/x for Erika and DE89370400440532013000",
        "fields": [{"name": "SUNO", "displayName": "Supplier"}],
        "self": f"{real.iu}/{real.ti}/IDM/api/items/1-1",
    }
    kept = Bodies(Replacer(real)).body(json.dumps(told).encode(), "application/json")
    assert kept is not None
    for planted in (b"Erika", b"Ostertag", b"DE8937", real.ti.encode(), real.iu.encode()):
        assert planted not in kept
    found = json.loads(kept)
    assert found["fields"] == [{"name": "SUNO", "displayName": "Supplier"}]
    assert found["self"].endswith("/IDM/api/items/1-1")


def test_no_credential_ever_stands_in_a_cassette(tenant: Infor) -> None:
    real = IonApiFile.load(tenant.ionapi_file())
    secrets = [each.reveal() for each in real.secrets()]
    token = tenant.token(json.loads(real.to_bytes()))
    planted = [*secrets, token, f"Bearer {token}", *(token.split(".")[1:])]
    encoded = [
        *(base64.b64encode(f"x:{each}".encode()).decode() for each in secrets),
        *(quote(each, safe="") for each in secrets),
    ]
    _seed(
        tenant,
        SupplierInvoiceNumber="R-1",
        Currency=secrets[0],
        SupplierName=f"text with {secrets[-1]} in it",
    )
    with _recording(real) as (client, recorder):
        for text in (*planted, *encoded):
            query = f"$query={quote(f'/LN_SupplierInvoice[@A = {json.dumps(text)}]')}"
            client.request("GET", "/IDM/api/items/search", query=query)
            client.request("GET", f"/IDM/api/items/{quote(text, safe='')}")
            client.request("GET", f"/Nothing/{quote(text, safe='')}", query=f"a={quote(text)}")
            client.request("GET", "/M3/x", query=f"{quote(text)}=1&access_token={quote(text)}")
            for kind, body in (
                ("application/json", json.dumps({"password": text, text: text, "a": [text]})),
                ("application/xml", f"<a b='{text}'><secret>{text}</secret>{text}</a>"),
                ("application/x-www-form-urlencoded", f"x={quote(text)}"),
                ("text/plain", text),
            ):
                headers = {"Content-Type": kind}
                path = "/IDM/api/items/search"
                client.request("POST", path, headers=headers, body=body.encode())
        for accept in ("application/json", "application/xml"):
            answer = client.request(
                "GET",
                "/IDM/api/items/search",
                query=f"$query={quote('/LN_SupplierInvoice')}",
                headers={"Accept": accept},
            )
            assert secrets[0].encode() in answer.content
        content = recorder.cassette.to_bytes()
        own = client.file
    assert len(recorder.cassette.calls) > 50
    for secret in (*planted, *encoded, *(each.reveal() for each in own.secrets())):
        at = content.find(secret.encode())
        assert at < 0, content[max(0, at - 300) : at]
        assert base64.b64encode(secret.encode())[4:-4] not in content
    for name in (real.ti, real.ci, tenant.url.removeprefix("http://")):
        assert name.encode() not in content


def test_names_and_amounts_are_replaced_the_same_everywhere(tenant: Infor) -> None:
    _seed(
        tenant,
        SupplierInvoiceNumber="R-1",
        SupplierName=SUPPLIER,
        Total_Amount=AMOUNT,
    )
    with _recording(IonApiFile.load(tenant.ionapi_file())) as (client, recorder):
        for accept in ("application/json", "application/xml"):
            client.request(
                "GET",
                "/IDM/api/items/search",
                query=f"$query={quote(_SEARCH)}",
                headers={"Accept": accept},
            )
        query = f'/LN_SupplierInvoice[@SupplierName = "{SUPPLIER}"]'
        client.request("GET", "/IDM/api/items/search", query=f"$query={quote(query)}")
        cassette = recorder.cassette
    text = cassette.to_bytes().decode()
    assert SUPPLIER not in text
    assert "Ostertag" not in text
    assert AMOUNT not in text
    # What calls find answers by stays.
    assert "LN_SupplierInvoice" in text
    assert "R-1" in text
    as_json = json.loads(cassette.calls[0].body)
    attributes = {
        each["name"]: each["value"] for each in as_json["items"]["item"][0]["attrs"]["attr"]
    }
    other = attributes["SupplierName"]
    assert len(other) == len(SUPPLIER)
    assert other.encode() in cassette.calls[1].body
    assert quote(other) in cassette.calls[2].query
    assert len(attributes["Total_Amount"]) == len(AMOUNT)


def test_a_cassette_is_replayed_before_the_sandbox_answers(
    tenant: Infor, sandbox: Infor, tmp_path: Path
) -> None:
    _seed(tenant, SupplierInvoiceNumber="R-1")
    with _recording(IonApiFile.load(tenant.ionapi_file())) as (client, recorder):
        path = f"$query={quote(_SEARCH)}"
        theirs = client.request("GET", "/IDM/api/items/search", query=path)
        tenant.reset()
        client.request("GET", "/IDM/api/items/search", query=path)
        assert client.request("GET", "/OwnSuite/v1/things", query="a=1").status == 404
    file = tmp_path / "cassette.json"
    file.write_bytes(recorder.cassette.to_bytes())
    sandbox.reset()
    with IonApiClient(IonApiFile.load(sandbox.ionapi_file())) as client:
        sandbox.replay(file)
        first, second, third = (
            client.request("GET", "/IDM/api/items/search", query=path) for _number in range(3)
        )
        assert first.json_object()["items"]["item"][0]["pid"] in theirs.content.decode()
        assert second.content == third.content != first.content
        assert client.request("GET", "/OwnSuite/v1/things", query="a=1").status == 404
        assert sandbox.recorder.call("OwnSuite").operation == "replayed"
        # What is in no cassette is the sandbox's.
        assert client.request("GET", "/IDM/api/datamodel/entities").ok
        # A fault rule takes effect on what is replayed as well.
        sandbox.faults.add(status=503, service="IDM", operation="search items", times=1)
        assert client.request("GET", "/IDM/api/items/search", query=path).status == 503
        sandbox.reset()
        now = client.request("GET", "/IDM/api/items/search", query=path)
        assert now.json_object()["items"].get("item", []) == []


def test_a_recording_answers_no_other_query_unless_its_values_were_replaced(
    tenant: Infor, sandbox: Infor, tmp_path: Path
) -> None:
    _seed(tenant, SupplierInvoiceNumber="R-1", SupplierName=SUPPLIER)

    def named(name: str, number: str = "R-1") -> str:
        both = f'@SupplierName = "{name}" AND @SupplierInvoiceNumber = "{number}"'
        return f"$query={quote(f'/LN_SupplierInvoice[{both}]')}"

    by_name = named(SUPPLIER)
    customer = "/M3/m3api-rest/v2/execute/CRS610MI/GetBasicData"
    with _recording(IonApiFile.load(tenant.ionapi_file())) as (client, recorder):
        client.request("GET", customer, query="CUNO=10001")
        client.request("GET", "/IDM/api/items/search", query=f"{by_name}&$limit=5")
    file = tmp_path / "cassette.json"
    file.write_bytes(recorder.cassette.to_bytes())
    sandbox.reset()
    sandbox.replay(file)
    with IonApiClient(IonApiFile.load(sandbox.ionapi_file())) as client:

        def name_of(number: str) -> str:
            answer = client.request("GET", customer, query=f"CUNO={number}").json_object()
            return str(answer["results"][0]["records"][0]["CUNM"])

        # The recording has another name than the sandbox; of the second customer there is none.
        assert name_of("10001") != "Harbour Bicycles"
        assert name_of("10002") == "North Star Tools"
        for query, found in (
            (f"{by_name}&$limit=5", 1),
            (f"{by_name}&$limit=6", 0),
            (f"{named('Any other name')}&$limit=5", 1),
            (f"{named(SUPPLIER, 'R-2')}&$limit=5", 0),
        ):
            items = client.request("GET", "/IDM/api/items/search", query=query).json_object()
            assert len(items["items"].get("item", [])) == found


_HEAD = b'{"kind": "ionport cassette", "format": 1, "calls": ['


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", "not JSON"),
        (b"[]", '"kind"'),
        (b'{"kind": "ionport cassette", "format": 2}', '"format"'),
        (_HEAD + b"{}]}", "$.calls[0].status"),
        (_HEAD + b'{"method": "GET", "path": "x", "status": 200}]}', "$.calls[0]"),
        (
            _HEAD + b'{"method": "GET", "path": "/x", "status": 200, "base64": "%"}]}',
            "$.calls[0].base64",
        ),
        (
            _HEAD + b'{"method": "GET", "path": "/x", "status": 200, "replaced": [1]}]}',
            "$.calls[0].replaced",
        ),
    ],
)
def test_what_is_no_cassette_is_told_with_its_place(content: bytes, place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Cassette.parse(content)
    assert place in str(refused.value)


def test_the_commands_record_a_tenant_and_serve_the_cassette(tenant: Infor, tmp_path: Path) -> None:
    _seed(tenant, SupplierInvoiceNumber="R-1")
    real, cassette, own = (tmp_path / name for name in ("real.ionapi", "c.json", "own.ionapi"))
    real.write_bytes(IonApiFile.load(tenant.ionapi_file()).to_bytes())
    query = f"$query={quote(_SEARCH)}"
    options = ("--through", real, "--cassette", cassette, "--credentials", own, "--port", "0")
    recorder = sides.start_ionport(["sandbox", "record", *map(str, options)], {}, tmp_path / "log")
    assert sides.until(own.exists)
    with IonApiClient(IonApiFile.load(own)) as client:
        theirs = client.request("GET", "/IDM/api/items/search", query=query)
        assert client.request("DELETE", "/IDM/api/items/1-1").status == 403
    assert recorder.stop() == 0
    assert not own.exists()
    assert len(Cassette.parse(cassette.read_bytes()).calls) == 1
    up = ["--data", str(tmp_path / "d"), "sandbox", "up", "--port", "0", "--replay", str(cassette)]
    server = sides.start_ionport(up, {}, tmp_path / "log2")
    assert sides.until((tmp_path / "d" / "sandbox-access.json").exists)
    with IonApiClient(IonApiFile.load(tmp_path / "d" / "sandbox.ionapi")) as client:
        ours = client.request("GET", "/IDM/api/items/search", query=query)
    assert server.stop() == 0
    pids = [each.json_object()["items"]["item"][0]["pid"] for each in (theirs, ours)]
    assert pids[0] == pids[1]
