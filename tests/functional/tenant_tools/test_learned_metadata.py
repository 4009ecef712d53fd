"""What a tenant tells of itself checks inputs and answers what the sandbox does not imitate."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ionport.cli import main
from ionport.core.errors import InvalidInput
from ionport.ionapi import IonApiClient, IonApiFile
from ionport.sandbox.own.learned import read_learned
from ionport.sandbox.own.metadata import OwnOfTenants
from ionport.tenant_tools.learn.folder import (
    forget,
    learn_all,
    store,
    stored,
    take_over,
)
from ionport.testing.infor import Infor
from tests.support import sides

SUITE = {
    "openapi": "3.0.1",
    "info": {"title": "Freight", "version": "1"},
    "servers": [{"url": "https://gateway.example.com:443/ACME_TST/Freight/v1"}],
    "paths": {
        "/rates": {
            "get": {
                "operationId": "listRates",
                "parameters": [
                    {"name": "zone", "in": "query", "required": True, "schema": {"maxLength": 3}},
                    {"$ref": "#/components/parameters/Most"},
                ],
                "responses": {
                    "200": {
                        "content": {"application/json": {"example": {"rates": [{"price": 4.5}]}}}
                    }
                },
            },
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Rate"}}
                    },
                },
                "responses": {
                    "201": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Rate"}}
                        }
                    }
                },
            },
        },
        "/rates/{rate-id}": {"delete": {"responses": {"204": {"description": "gone"}}}},
    },
    "components": {
        "parameters": {"Most": {"name": "most", "in": "query", "schema": {"type": "integer"}}},
        "schemas": {
            "Rate": {
                "type": "object",
                "required": ["zone"],
                "properties": {
                    "zone": {"type": "string", "maxLength": 3},
                    "price": {"type": "number"},
                    "kind": {"enum": ["road", "sea"]},
                    "parent": {"$ref": "#/components/schemas/Rate"},
                    "since": {"type": "string", "format": "date"},
                },
            }
        },
    },
}
FIELDS = """MINM,TRNM,TRTP,FLNM,FLDS,LENG,TYPE,MAND
ZZZ900MI,GetRate,I,ZONE,Zone,3,A,1
ZZZ900MI,GetRate,I,WEIG,Weight,9,N,0
ZZZ900MI,GetRate,O,ZONE,Zone,3,A,0
ZZZ900MI,GetRate,O,RATE,Rate,9,N,0
CRS620MI,GetBasicData,I,SUNO,Supplier,10,A,1
CRS620MI,GetBasicData,I,ZZXX,Ours,2,A,1
CRS620MI,GetBasicData,O,SUNO,Supplier,10,A,0
"""
LISTS = """MINM,TRNM,TRTP,FLNM,LENG,TYPE,MAND
CMS100MI,LstCustomers,I,OKCSCD,3,A,0
CMS100MI,LstCustomers,O,OKCUNO,10,A,0
CMS100MI,LstCustomers,O,OKCUNM,36,A,0
CMS100MI,LstLedger,O,EGDIVI,3,A,0
MDBREADMI,GetOCUSMA00,I,CUNO,10,A,1
MDBREADMI,GetOCUSMA00,O,CUNM,36,A,0
"""


@pytest.fixture
def client(infor: Infor) -> Iterator[IonApiClient]:
    with IonApiClient(IonApiFile.load(infor.ionapi_file())) as client:
        yield client


def _file(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_a_suite_that_nobody_imitates_is_answered_by_its_document(
    infor: Infor, client: IonApiClient, tmp_path: Path
) -> None:
    assert client.request("GET", "/Freight/v1/rates", query="zone=A").status == 404
    infor.learn(_file(tmp_path, "freight.json", SUITE))
    answer = client.request("GET", "/freight/v1/rates", query="zone=A&most=3")
    assert answer.json() == {"rates": [{"price": 4.5}]}
    made = client.request("POST", "/Freight/v1/rates", body=b'{"zone": "A"}')
    assert made.status == 201
    assert made.json_object()["zone"] == "tex"
    assert made.json_object()["since"] == "2026-01-31"
    assert made.json_object()["kind"] == "road"
    removed = client.request("DELETE", "/Freight/v1/rates/7")
    assert (removed.status, removed.content) == (204, b"")
    assert infor.recorder.call("Freight", "listRates").status == 200
    other = client.request("GET", "/Freight/v1/other")
    assert other.json_object()["code"] == "operation_not_imitated"
    infor.reset()
    assert client.request("GET", "/Freight/v1/rates", query="zone=A").status == 404


@pytest.mark.parametrize(
    ("method", "query", "body", "wrong"),
    [
        ("GET", "", "", "zone is missing"),
        ("GET", "zone=ABCD", "", "zone has 4 characters"),
        ("GET", "zone=A&most=many", "", 'most is "many"'),
        ("POST", "", "", "The body is missing"),
        ("POST", "", "{", "The body is not JSON"),
        ("POST", "", "{}", "$.zone is missing"),
        ("POST", "", '{"zone": 5}', "$.zone is not of the type string"),
        ("POST", "", '{"zone": "A", "kind": "air"}', '$.kind is "air"'),
        ("POST", "", '{"zone": "A", "parent": {"zone": "LONG"}}', "$.parent.zone has 4"),
    ],
)
def test_inputs_are_checked_by_the_document(
    infor: Infor,
    client: IonApiClient,
    tmp_path: Path,
    method: str,
    query: str,
    body: str,
    wrong: str,
) -> None:
    infor.learn(_file(tmp_path, "freight.json", SUITE))
    answer = client.request(method, "/Freight/v1/rates", query=query, body=body.encode())
    assert answer.status == 400
    assert wrong in answer.json_object()["message"]


def test_a_document_of_an_imitated_service_adds_its_checks(
    infor: Infor, client: IonApiClient, tmp_path: Path
) -> None:
    needed = {"name": "$query", "in": "query", "required": True, "schema": {"maxLength": 30}}
    document = {
        "swagger": "2.0",
        "basePath": "/ACME_TST/IDM",
        "paths": {
            "/api/items/search": {"get": {"parameters": [needed]}},
            "/api/own/thing": {"get": {"responses": {"200": {"schema": {"type": "boolean"}}}}},
        },
    }
    infor.learn(_file(tmp_path, "idm.json", document))
    path = "/IDM/api/items/search"
    assert client.request("GET", path, query="$query=/M3_SupplierInvoice").ok
    long = client.request("GET", path, query="$query=/M3_SupplierInvoice[@A='12345678901234']")
    assert long.status == 400
    assert "at most 30" in long.content.decode()
    assert client.request("GET", "/IDM/api/own/thing").json() is True


def _m3(client: IonApiClient, program: str, transaction: str, **fields: str) -> Mapping[str, Any]:
    query = "&".join(f"{name}={value}" for name, value in fields.items())
    path = f"/M3/m3api-rest/v2/execute/{program}/{transaction}"
    answer = client.request("GET", path, query=query).json_object()
    found: Mapping[str, Any] = answer.get("results", [answer])[0]
    return found


def test_a_tenants_own_list_reads_the_table_that_its_fields_name(
    infor: Infor, client: IonApiClient, tmp_path: Path
) -> None:
    infor.learn(_file(tmp_path, "lists.csv", LISTS))

    def read(name: str, **fields: str) -> Any:
        program = "CMS100MI" if name.startswith("Lst") else "MDBREADMI"
        return _m3(client, program, name, **fields)["records"]

    german = {"OKCUNO": "10001", "OKCUNM": "Harbour Bicycles"}
    assert read("LstCustomers", OKCSCD="DE") == [german]
    assert len(read("LstCustomers")) == 3
    assert read("GetOCUSMA00", CUNO="10002") == [{"CUNM": "North Star Tools"}]
    missing = _m3(client, "MDBREADMI", "GetOCUSMA00", CUNO="NOPE")
    assert missing["errorMessage"] == "The record does not exist"
    # Of a table that the sandbox has not, the fields alone are known.
    assert read("LstLedger") == [{"EGDIVI": "tex"}]


def test_m3_checks_and_answers_by_an_export_of_its_own_lists(
    infor: Infor, client: IonApiClient, tmp_path: Path
) -> None:
    infor.learn(_file(tmp_path, "fields.csv", FIELDS))
    found = _m3(client, "ZZZ900MI", "GetRate", ZONE="EU", WEIG="12")
    assert found["records"] == [{"ZONE": "EU", "RATE": "1"}]
    for wrong, text in (
        ({}, "ZONE must be entered"),
        ({"ZONE": "LONG"}, "ZONE takes 3 characters"),
        ({"ZONE": "EU", "WEIG": "much"}, "WEIG"),
        ({"ZONE": "EU", "OTHR": "1"}, "OTHR"),
    ):
        assert text in _m3(client, "ZZZ900MI", "GetRate", **wrong)["errorMessage"]
    # The tenant's own field is wanted of a transaction that the sandbox imitates.
    assert (
        "ZZXX must be entered" in _m3(client, "CRS620MI", "GetBasicData", SUNO="X")["errorMessage"]
    )
    listed = _m3(client, "MRS001MI", "LstFields", MINM="ZZZ900MI", TRNM="GetRate", TRTP="I")
    assert [each["FLNM"] for each in listed["records"]] == ["ZONE", "WEIG"]


def test_what_mrs001mi_answers_can_be_learned_as_it_is(
    infor: Infor, client: IonApiClient, tmp_path: Path
) -> None:
    executed = "/M3/m3api-rest{}/execute/MRS001MI/LstFields"
    query = "MINM=CRS620MI&TRNM=GetBasicData&maxrecs=0"
    for version in ("", "/v2"):
        answer = client.request("GET", executed.format(version), query=query)
        infor.learn(_file(tmp_path, f"answer{version[1:]}.json", answer.content.decode()))
        (told,) = infor._parts.side.own.of(infor.tenant).transactions_of("CRS620MI").values()
        assert "SUNO" in [field.name for field in told.inputs if field.is_mandatory]
        infor.reset()


def test_an_openapi_document_of_a_program_tells_its_transactions(
    infor: Infor, client: IonApiClient, tmp_path: Path
) -> None:
    schema = {"type": "string", "maxLength": 3}
    record = {"properties": {"ZONE": schema, "RATE": {"type": "number"}}}
    results = {"properties": {"records": {"type": "array", "items": record}}}
    answer = {"properties": {"results": {"type": "array", "items": results}}}
    document = {
        "openapi": "3.0.0",
        "servers": [{"url": "https://x.example.com/ACME_TST/M3/m3api-rest/v2/execute"}],
        "paths": {
            "/ZZZ901MI/GetRate": {
                "get": {
                    "parameters": [
                        {"name": "ZONE", "in": "query", "required": True, "schema": schema},
                        {"name": "maxrecs", "in": "query", "schema": {"type": "integer"}},
                    ],
                    "responses": {"200": {"content": {"application/json": {"schema": answer}}}},
                }
            }
        },
    }
    infor.learn(_file(tmp_path, "ZZZ901MI.json", document))
    assert _m3(client, "ZZZ901MI", "GetRate", ZONE="EU")["records"] == [{"ZONE": "EU", "RATE": "1"}]
    assert "ZONE must" in _m3(client, "ZZZ901MI", "GetRate")["errorMessage"]


def test_a_data_model_of_another_tenant_is_taken_over(
    infor: Infor, client: IonApiClient, tmp_path: Path
) -> None:
    attribute = {"name": "Zone", "desc": "Zone", "type": "1", "required": "false"}
    entity = {"name": "Freight_Note", "desc": "Note", "attrs": {"attr": [attribute]}}
    entity["acls"] = {"acl": [{"name": "Public", "default": "true"}]}
    infor.learn(_file(tmp_path, "model.json", {"entities": {"entity": [entity]}}))
    assert "Freight_Note" in [each.name for each in client.idm.list_entities()]


def test_the_coverage_says_what_came_from_which_file(infor: Infor, tmp_path: Path) -> None:
    infor.learn(_file(tmp_path, "freight.json", SUITE), _file(tmp_path, "fields.csv", FIELDS))
    covered = infor._parts.side.registry.coverage(infor.tenant)
    lines = [line for each in covered for line in (*each.operations, *each.parts)]
    own = {
        (line.address, line.fact.section)
        for line in lines
        if line.fact.known == "told by your tenant"
    }
    assert ("GET /Freight/v1/rates", "freight.json") in own
    assert ("ZZZ900MI", "fields.csv") in own


@pytest.mark.parametrize(
    "content",
    ["", "no,fields\n1,2\n", "{}", "[]", '{"entities": {"entity": []}}', "openapi: [", "\0"],
)
def test_what_tells_nothing_is_refused_with_what_is_wanted(
    infor: Infor, tmp_path: Path, content: str
) -> None:
    with pytest.raises(InvalidInput):
        infor.learn(_file(tmp_path, "x.txt", content))


def test_a_document_without_its_suite_is_told_to_name_it(infor: Infor, tmp_path: Path) -> None:
    document = {**SUITE, "servers": []}
    with pytest.raises(InvalidInput, match="--suite"):
        infor.learn(_file(tmp_path, "x.json", document))
    infor.learn(_file(tmp_path, "x.json", document), suite="Cargo")
    assert infor._parts.side.own.of(infor.tenant).contexts == ["Cargo"]


def serving(data: Path, folder: Path) -> sides.Process:
    up = ["--data", str(data), "sandbox", "up", "--port", "0"]
    server = sides.start_ionport(up, {}, folder / "log")
    assert sides.until((data / "sandbox-access.json").exists)
    return server


def test_what_was_learned_of_a_tenant_is_no_other_tenants(tmp_path: Path) -> None:
    own = OwnOfTenants("http://127.0.0.1")
    own.of("ACME_TST").learn(read_learned(json.dumps(SUITE).encode(), "freight.json"))
    own.of("ACME_TST").learn(read_learned(FIELDS.encode(), "fields.csv"))
    assert own.of("ACME_TST").contexts == ["Freight"]
    assert own.of("OTHER_TST").contexts == []
    assert own.of("ACME_TST").transactions_of("ZZZ900MI")
    assert not own.of("OTHER_TST").transactions_of("ZZZ900MI")
    assert own.spelt("FREIGHT") == "Freight"
    for tenant, file in (("ACME_TST", "a.csv"), ("OTHER_TST", "b.csv")):
        store(tmp_path, tenant, FIELDS.encode(), file, "")
    read = OwnOfTenants()
    learn_all(read, tmp_path)
    assert [each.source for each in read.of("OTHER_TST").learned] == ["b.csv"]
    assert not forget(tmp_path, "ACME_TST", "b.csv")


def test_what_all_tenants_shared_does_not_replace_what_one_has_learned_since(
    tmp_path: Path,
) -> None:
    store(tmp_path, "ACME_TST", FIELDS.encode(), "a.csv", "")
    (new,) = tmp_path.glob("*/*.json")
    (tmp_path / new.name).write_text("old", encoding="utf-8")
    (tmp_path / "0abc.json").write_bytes(new.read_bytes())
    take_over(tmp_path, "ACME_TST")
    assert not list(tmp_path.glob("*.json"))
    assert [each.learned.source for each in stored(tmp_path, "ACME_TST")] == ["a.csv", "a.csv"]


def _move_up(learned: Path) -> None:
    """Leave the files as they lay before there was a folder for each tenant."""
    for path in list(learned.glob("*/*.json")):
        path.replace(learned / path.name)


def test_the_command_keeps_files_for_the_sandbox_of_its_data_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    command = ["--data", str(data), "sandbox", "learn"]
    file, fields = _file(tmp_path, "f.json", SUITE), _file(tmp_path, "fields.csv", FIELDS)
    bad = _file(tmp_path, "bad.txt", "nothing")
    nowhere = CliRunner().invoke(main, [*command, str(file)])
    assert (nowhere.exit_code, "Start it there once" in nowhere.output) == (1, True)
    assert serving(data, tmp_path).stop() == 0
    refused = CliRunner().invoke(main, [*command, str(file), str(bad)])
    assert refused.exit_code == 1
    assert "bad.txt tells nothing" in refused.output
    assert CliRunner().invoke(main, [*command, "--list"]).output == "Nothing was learned yet.\n"
    done = CliRunner().invoke(main, [*command, str(file), str(fields)])
    _move_up(data / "learned")
    assert "3 operations of the suite Freight" in done.output
    assert "2 transactions of M3 (CRS620MI, ZZZ900MI)" in done.output
    server = serving(data, tmp_path)
    with IonApiClient(IonApiFile.load(data / "sandbox.ionapi")) as client:
        assert client.request("GET", "/Freight/v1/rates", query="zone=A").ok
    assert server.stop() == 0
    assert CliRunner().invoke(main, [*command, "--forget", "f.json"]).exit_code == 0
    assert "Freight" not in CliRunner().invoke(main, [*command, "--list"]).output
    assert CliRunner().invoke(main, [*command, "--forget", "f.json"]).exit_code == 1
