"""Programs export what nothing holds, and see what became of it."""

from __future__ import annotations

from starlette.testclient import TestClient

from ionport.documents.samples import read_sample
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.model import DeliveryStatus
from ionport.store import SystemScope
from tests.support.api import problem
from tests.support.whole import INVOICE, Desk
from tests.unit.web.pages.documents.test_documents import _active_export, _run


def _document(api: TestClient) -> str:
    answer = api.post("/documents", files={"file": (INVOICE, read_sample(INVOICE))})
    return str(answer.json()["id"])


def test_a_document_is_exported_once_and_its_delivery_read(desk: Desk, api: TestClient) -> None:
    _active_export(desk)
    document = _document(api)
    begun = api.post(f"/documents/{document}/export")
    assert begun.status_code == 202, begun.text
    again = api.post(f"/documents/{document}/export").json()
    delivery = begun.json()["deliveries"][0]
    assert [each["id"] for each in again["deliveries"]] == [delivery["id"]]
    _run(desk)
    detail = api.get(f"/deliveries/{delivery['id']}").json()
    assert detail["delivery"]["status"] == "delivered"
    assert detail["delivery"]["idm_pid"]
    assert {step["status"] for step in detail["steps"]} == {"done"}
    assert [attempt["http_status"] for attempt in detail["attempts"]]
    assert api.get(f"/documents/{document}").json()["status"] == "exported"
    listed = api.get("/deliveries", params={"status": "delivered"}).json()["items"]
    assert [each["id"] for each in listed] == [delivery["id"]]
    assert problem(api.post(f"/deliveries/{delivery['id']}/cancel"), 409)
    assert problem(api.post(f"/deliveries/{delivery['id']}/retry"), 409)


def test_a_document_that_is_held_leaves_by_no_call(desk: Desk, api: TestClient) -> None:
    _active_export(desk)
    document = _document(api)
    hold = {"kind": "hold", "reason": "Goods are missing"}
    assert api.post(f"/documents/{document}/decisions", json=hold).status_code == 200
    for body in ({}, {"again": True, "reason": "I say so"}):
        answer = api.post(f"/documents/{document}/export", json=body)
        assert problem(answer, 409)["code"] == "document_held"
    assert api.get(f"/documents/{document}/deliveries").json() == []


def test_a_proof_is_started_and_read(desk: Desk, api: TestClient) -> None:
    desk.add_export(credential=desk.credentials())
    connection = api.get("/connections").json()["items"][0]
    assert not {"ci", "cs", "saak", "sask"} & set(connection)
    path = f"/connections/{connection['id']}"
    assert api.get(path).json() == connection
    assert problem(api.get("/connections/con_nowhere"), 404)


def test_what_failed_in_a_time_is_replayed_and_the_replay_read(desk: Desk, api: TestClient) -> None:
    _active_export(desk)
    document = _document(api)
    delivery = api.post(f"/documents/{document}/export").json()["deliveries"][0]
    assert api.post(f"/deliveries/{delivery['id']}/cancel").status_code == 200
    wanted = {"since": "2020-01-01T00:00:00Z", "reason": "Infor was away"}
    assert problem(api.post("/deliveries/replay", json=wanted), 422)["code"] == "nothing_selected"
    with desk.application.database.write() as work:
        DeliveryRepository(work.connection).update(
            SystemScope("test"), delivery["id"], {"status": DeliveryStatus.FAILED}
        )
    for wrong in ({"reason": "x"}, {**wanted, "since": "2020-01-01"}, {**wanted, "reason": ""}):
        assert problem(api.post("/deliveries/replay", json=wrong), 422)
    begun = api.post("/deliveries/replay", json=wanted)
    assert begun.status_code == 202, begun.text
    replay = begun.json()
    assert (replay["documents"], replay["tried"], replay["state"]) == (1, 0, "running")
    assert desk.application.documents is not None
    desk.application.documents.bulk_runner.run_one(replay["id"])
    found = api.get(f"/deliveries/replays/{replay['id']}").json()
    assert (found["tried"], found["left_out"], found["state"]) == (1, 0, "done")
    _run(desk)
    assert api.get(f"/deliveries/{delivery['id']}").json()["delivery"]["status"] == "delivered"
    assert problem(api.get("/deliveries/replays/bulk_0"), 404)
