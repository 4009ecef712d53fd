"""A program keeps mapping files: what the pages do, with the same rights."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from ionport.documents.samples import read_sample
from ionport.identity.api_keys.model import ApiScope
from ionport.identity.model import OrganizationRole, TenantRole
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind
from tests.support.api import api_key, problem, program
from tests.support.whole import INVOICE, Site

IDM = own_template(MappingKind.IDM)[1]
BOD = own_template(MappingKind.BOD)[1]
_NAME = "idm.properties"


def _sent(content: bytes, name: str = _NAME) -> dict[str, tuple[str, bytes]]:
    return {"file": (name, content)}


def _mapping(api: TestClient, content: bytes = IDM, name: str = _NAME) -> str:
    made = api.post("/mappings", files=_sent(content, name))
    assert made.status_code == 201, made.text
    return f"/mappings/{made.json()['mapping']}"


def test_a_file_is_added_listed_and_downloaded_byte_for_byte(api: TestClient) -> None:
    content = IDM.replace(b"\n", b"\r\n")
    path = _mapping(api, content)
    _mapping(api, BOD, "bod.properties")
    listed = api.get("/mappings").json()
    assert [each["name"] for each in listed["items"]] == ["bod.properties", _NAME]
    assert api.get("/mappings", params={"kind": "idm"}).json()["total"] == 1
    first = api.get("/mappings", params={"limit": 1}).json()
    rest = api.get("/mappings", params={"limit": 1, "cursor": first["next"]}).json()
    assert ([each["name"] for each in rest["items"]], rest["next"]) == ([_NAME], None)
    assert api.get(path).json() == listed["items"][1]
    assert api.get(f"{path}/versions/1/file").content == content
    taken = problem(api.post("/mappings", files=_sent(BOD)), 409)
    assert (taken["code"], taken["existing_id"]) == ("mapping_name_taken", path[10:])


def test_a_repeated_request_saves_a_version_once(api: TestClient) -> None:
    path, key = _mapping(api), {"Idempotency-Key": "k1"}
    new = _sent(IDM + b"# more\n")
    for _time in range(2):
        made = api.post(f"{path}/versions", files=new, headers=key)
        assert (made.status_code, made.json()["number"]) == (201, 2)
    other = api.post(f"{path}/versions", files=_sent(IDM), headers=key)
    assert problem(other, 422)["code"] == "idempotency_key_reused"
    stale = api.post(f"{path}/versions", files=_sent(IDM + b"#"), data={"based_on": "1"})
    assert problem(stale, 409)["code"] == "mapping_changed_meanwhile"
    wrong = api.post(f"{path}/versions", files=_sent(BOD))
    assert problem(wrong, 422)["code"] == "mapping_of_other_kind"
    versions = api.get(f"{path}/versions").json()
    assert [each["number"] for each in versions["items"]] == [2, 1]
    first = api.get(f"{path}/versions", params={"limit": 1}).json()
    rest = api.get(f"{path}/versions", params={"limit": 1, "cursor": first["next"]}).json()
    assert [each["number"] for each in rest["items"]] == [1]


def test_versions_are_compared_and_rolled_back(api: TestClient) -> None:
    path = _mapping(api)
    api.post(f"{path}/versions", files=_sent(IDM + b"# more\n"))
    found = api.get(f"{path}/diff", params={"old": 1, "new": 2}).json()
    assert (found["added"], found["removed"]) == (1, 0)
    assert found["lines"][-1]["text"] == "# more"
    back = api.post(f"{path}/roll-back", json={"version": 1})
    assert (back.status_code, back.json()["number"]) == (201, 3)
    assert back.json()["text"] == IDM.decode()
    assert problem(api.post(f"{path}/roll-back", json={"version": 9}), 404)
    for wrong in ("1", True, 1.0, None):
        assert problem(api.post(f"{path}/roll-back", json={"version": wrong}), 422)


def test_a_finding_comes_with_its_place_and_its_fix(api: TestClient) -> None:
    listed = IDM + b"IF_SUPPLIER_IBAN=Never_Listed\n"
    answer = api.post("/mappings/lint", files=_sent(listed)).json()
    assert answer["kind"] == "idm"
    (found,) = [each for each in answer["findings"] if each["rule"] == "defined_unlisted"]
    assert found["line"] == listed.count(b"\n")
    assert found["fix"][0]["text"] == ",SUPPLIER_IBAN"
    assert api.get("/mappings").json()["total"] == 0
    assert problem(api.post("/mappings/lint", files=_sent(b"%PDF-1.7")), 422)


def test_what_holds_is_accepted_with_a_reason_and_withdrawn(api: TestClient) -> None:
    path = _mapping(api, b"INVOICE=X\nIndex_Fields=INVOICE_ID\nIF_INVOICE_ID=No\n")
    (held,) = [f for f in api.get(f"{path}/versions/1").json()["findings"] if f["holds"]]
    wanted = {"version": 1, "findings": [held["id"]], "reason": "no look-up needed"}
    made = api.post(f"{path}/acceptances", json=wanted)
    assert (made.status_code, made.json()["items"][0]["finding"]) == (201, held["id"])
    assert api.get(f"{path}/acceptances").json() == made.json()
    findings = api.get(f"{path}/versions/1").json()["findings"]
    assert [f["accepted"] for f in findings if f["id"] == held["id"]] == [True]
    assert problem(api.post(f"{path}/acceptances", json=wanted), 409)
    query = {"finding": held["id"]}
    assert api.delete(f"{path}/acceptances", params=query).status_code == 204
    assert problem(api.delete(f"{path}/acceptances", params=query), 404)


def test_a_version_is_previewed_with_a_document(site: Site, api: TestClient) -> None:
    document = api.post("/documents", files={"file": (INVOICE, read_sample(INVOICE))}).json()
    asked = f"{_mapping(api)}/versions/1/preview"
    run = api.get(asked, params={"document": document["id"]}).json()
    assert run["calls"][0]["path"].startswith("IDM/")
    assert any(value["line"] for value in run["calls"][0]["values"])
    assert problem(api.get(asked, params={"document": "doc_0"}), 404)
    with program(site, api_key(site, [ApiScope.MAPPINGS_READ])) as reader:
        refused = reader.get(asked, params={"document": document["id"]})
        assert problem(refused, 403)["code"] == "scope_missing"


def test_a_file_that_is_not_kept_is_previewed_with_a_document(site: Site, api: TestClient) -> None:
    document = api.post("/documents", files={"file": (INVOICE, read_sample(INVOICE))}).json()["id"]
    wanted = {"files": _sent(IDM.replace(b"=M3_InvoiceDate", b"=My_Date")), "data": {}}
    wanted["data"]["document"] = document
    run = api.post("/mappings/preview", **wanted).json()
    assert "My_Date" in run["calls"][0]["body"]
    assert api.get("/mappings").json()["total"] == 0
    nowhere = {**wanted, "data": {"document": "doc_0"}}
    assert problem(api.post("/mappings/preview", **nowhere), 404)
    junk = {**wanted, "files": _sent(b"<html></html>")}
    assert problem(api.post("/mappings/preview", **junk), 422)
    with program(site, api_key(site, [ApiScope.MAPPINGS_READ])) as reader:
        assert problem(reader.post("/mappings/preview", **wanted), 403)["code"] == "scope_missing"


def test_only_administrators_with_the_scope_save_and_unused_files_are_deleted(
    site: Site, api: TestClient
) -> None:
    path = _mapping(api)
    site.add_user("bob", TenantRole.USER, OrganizationRole.USER)
    with program(site, api_key(site, username="bob")) as bob:
        assert bob.get(path).status_code == 200
        for answer in (
            bob.post("/mappings", files=_sent(BOD, "b.properties")),
            bob.post(f"{path}/versions", files=_sent(IDM + b"#")),
            bob.post(f"{path}/roll-back", json={"version": 1}),
            bob.delete(path),
        ):
            assert problem(answer, 403)["code"] == "needs_organization_administrator"
    with program(site, api_key(site, [ApiScope.MAPPINGS_READ])) as reader:
        assert problem(reader.delete(path), 403)["code"] == "scope_missing"
    assert api.delete(path).status_code == 204
    assert problem(api.get(path), 404)


def test_a_file_that_is_used_stays(site: Site, api: TestClient) -> None:
    site.add_export(credential=site.credentials())
    (used,) = api.get("/mappings", params={"kind": "idm"}).json()["items"]
    assert used["used_by"][0]["version"] == 1
    assert problem(api.delete(f"/mappings/{used['id']}"), 409)["code"] == "mapping_in_use"


@pytest.mark.parametrize("path", ["/mappings?cursor=WzFd", "/mappings?cursor=x&limit=1"])
def test_a_cursor_of_another_list_is_refused(api: TestClient, path: str) -> None:
    assert problem(api.get(path), 422)["code"] == "cursor_invalid"
