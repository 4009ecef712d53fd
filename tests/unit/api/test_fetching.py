"""A program fetches what waits: whole, one program at a time, and never again once confirmed."""

from __future__ import annotations

from hashlib import sha256

import pytest
from starlette.testclient import TestClient

from ionport.connections.model import TargetKind
from ionport.connections.targets.model import Target
from ionport.documents.samples import read_sample
from ionport.exports.configurations.model import ConfigurationFields
from ionport.exports.model import ExportMethod
from ionport.identity.access import Access
from ionport.identity.model import Actor
from tests.support.api import api_key, problem, program
from tests.support.whole import INVOICE, Site

_OPERATOR = Actor.operator("test")


def _run(site: Site, delivery: str) -> None:
    assert site.application.documents is not None
    site.application.documents.runner.run(delivery)


@pytest.fixture
def delivery(site: Site, api: TestClient) -> str:
    """A delivery that waits to be fetched."""
    side = site.application.documents
    assert side is not None
    with site.application.database.write() as work:
        access = Access(work, site.organization, _OPERATOR)
        connection = side.connections.targets.add(access, "Plant", Target(TargetKind.PULL, {}))
        fields = ConfigurationFields(
            "To the plant", "INVOICE", ExportMethod.ON_PREMISE, connection.id
        )
        made = side.configurations.create(access, fields)
        check = side.connections.start_check(access, connection.id)
    side.connections.run_check(site.application.database, site.organization, check.id)
    with site.application.database.write() as work:
        side.configurations.activate(Access(work, site.organization, _OPERATOR), made.id)
    answer = api.post("/documents", files={"file": (INVOICE, read_sample(INVOICE))})
    begun = api.post(f"/documents/{answer.json()['id']}/export").json()
    delivery = str(begun["deliveries"][0]["id"])
    _run(site, delivery)
    return delivery


def _take(api: TestClient, delivery: str, seconds: int = 600) -> dict[str, str]:
    answer = api.post(f"/fetch/{delivery}/take", json={"seconds": seconds})
    assert answer.status_code == 200, answer.text
    return {"Ionport-Lease": answer.json()["lease"]}


def _status(api: TestClient, delivery: str) -> str:
    return str(api.get(f"/deliveries/{delivery}").json()["delivery"]["status"])


def test_what_is_confirmed_arrived_whole_and_is_never_handed_out_again(
    site: Site, api: TestClient, delivery: str
) -> None:
    (listed,) = api.get("/fetch").json()["items"]
    assert (listed["id"], listed["status"]) == (delivery, "waiting")
    answer = api.post(f"/fetch/{delivery}/take").json()
    lease = {"Ionport-Lease": answer["lease"]}
    assert problem(api.post(f"/fetch/{delivery}/take"), 409)["code"] == "taken"
    assert [file["name"].rpartition(".")[2] for file in answer["files"]] == ["xml", "pdf"]
    for file in answer["files"]:
        read = api.get(f"/fetch/{delivery}/files/{file['number']}", headers=lease)
        assert sha256(read.content).hexdigest() == file["sha256"]
    assert problem(api.get(f"/fetch/{delivery}/files/9", headers=lease), 404)
    assert problem(api.get(f"/fetch/{delivery}/files/0", headers={"Ionport-Lease": "x"}), 404)
    confirm = {"reference": "SAP 4711"}
    for _twice in range(2):
        done = api.post(f"/fetch/{delivery}/confirm", headers=lease, json=confirm)
        assert done.status_code == 204, done.text
    assert problem(api.post(f"/fetch/{delivery}/take"), 409)
    _run(site, delivery)
    detail = api.get(f"/deliveries/{delivery}").json()
    assert detail["delivery"]["status"] == "delivered"
    assert detail["steps"][-1]["remote_id"] == "SAP 4711"
    assert answer["lease"] not in str(detail)
    assert api.get("/fetch").json()["items"] == []
    assert problem(api.post(f"/fetch/{delivery}/take"), 409)["code"] == "not_waiting"


def test_a_refusal_fails_the_delivery_with_its_reason_and_a_retry_offers_it_again(
    site: Site, api: TestClient, delivery: str
) -> None:
    lease = _take(api, delivery)
    no_reason = api.post(f"/fetch/{delivery}/refuse", headers=lease, json={"reason": " "})
    assert problem(no_reason, 422)
    refused = {"reason": "The supplier is unknown."}
    assert api.post(f"/fetch/{delivery}/refuse", headers=lease, json=refused).status_code == 204
    _run(site, delivery)
    told = api.get(f"/deliveries/{delivery}").json()["delivery"]
    assert told["status"] == "failed"
    assert "The supplier is unknown." in str(told)
    assert api.post(f"/deliveries/{delivery}/retry").status_code == 202
    _run(site, delivery)
    assert _status(api, delivery) == "waiting"
    assert api.post(f"/fetch/{delivery}/take").status_code == 200


def test_a_document_that_is_held_is_handed_to_nobody(
    site: Site, api: TestClient, delivery: str
) -> None:
    document = api.get("/fetch").json()["items"][0]["document"]
    hold = {"kind": "hold", "reason": "Goods are missing"}
    assert api.post(f"/documents/{document}/decisions", json=hold).status_code == 200
    assert problem(api.post(f"/fetch/{delivery}/take"), 409)


def test_a_key_for_something_else_fetches_nothing(
    site: Site, api: TestClient, delivery: str
) -> None:
    with program(site, api_key(site, ["documents.read", "exports.write"])) as other:
        assert problem(other.get("/fetch"), 403)
        assert problem(other.post(f"/fetch/{delivery}/take"), 403)
    assert problem(api.post(f"/fetch/{delivery}/take", json={"seconds": 1}), 422)
    assert problem(api.post("/fetch/dlv_nowhere/take"), 404)
