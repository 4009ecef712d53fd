"""A program saves export configurations as a file and makes those of one."""

from __future__ import annotations

from starlette.testclient import TestClient

from ionport.identity.api_keys.model import ApiScope
from tests.support.api import api_key, problem, program
from tests.support.whole import Site


def test_configurations_are_read_as_a_file_and_made_again(site: Site, api: TestClient) -> None:
    site.add_export(credential=site.credentials())
    file = api.get("/export-configurations").json()
    assert [each["title"] for each in file["configurations"]] == ["Invoices to Infor"]
    made = api.post("/export-configurations", json=file)
    assert (made.status_code, [each["title"] for each in made.json()]) == (
        201,
        ["Invoices to Infor (2)"],
    )
    assert len(api.get("/export-configurations").json()["configurations"]) == 2
    file["configurations"][0]["connection"] = "Elsewhere"
    refused = problem(api.post("/export-configurations", json=file), 422)
    assert refused["code"] == "not_importable"
    assert "Elsewhere" in refused["title"]
    assert problem(api.post("/export-configurations", json={}), 422)["code"] == "no_configurations"
    assert len(api.get("/export-configurations").json()["configurations"]) == 2


def test_a_key_of_a_clerk_or_for_something_else_opens_no_configurations(site: Site) -> None:
    site.add_user("bob")
    for key in (api_key(site, username="bob"), api_key(site, [ApiScope.CONNECTIONS_READ])):
        with program(site, key) as client:
            problem(client.get("/export-configurations"), 403)
            problem(client.post("/export-configurations", json={}), 403)
