"""Programs export what nothing holds, and see what became of it."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.testclient import TestClient

from ionport.documents.samples import read_sample
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.model import DeliveryStatus
from ionport.store import SystemScope
from tests.support.api import problem
from tests.support.lost_answers import lose_answers
from tests.support.whole import INVOICE, Site
from tests.unit.web.pages.documents.test_documents import _active_export, _run


def _document(api: TestClient) -> str:
    answer = api.post("/documents", files={"file": (INVOICE, read_sample(INVOICE))})
    return str(answer.json()["id"])


def test_a_document_is_exported_once_and_its_delivery_read(site: Site, api: TestClient) -> None:
    _active_export(site)
    document = _document(api)
    begun = api.post(f"/documents/{document}/export")
    assert begun.status_code == 202, begun.text
    again = api.post(f"/documents/{document}/export").json()
    delivery = begun.json()["deliveries"][0]
    assert [each["id"] for each in again["deliveries"]] == [delivery["id"]]
    _run(site)
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


def test_what_was_sent_and_answered_is_read_by_step(site: Site, api: TestClient) -> None:
    _active_export(site)
    document = _document(api)
    delivery = api.post(f"/documents/{document}/export").json()["deliveries"][0]["id"]
    _run(site)
    (attempt,) = api.get(f"/deliveries/{delivery}/attempts/idm_create").json()
    assert (attempt["step"], attempt["state"]) == ("idm_create", "succeeded")
    assert attempt["request"]["url"].endswith("/IDM/api/items")
    assert attempt["response"]["status"] == attempt["http_status"]
    assert '-H "Authorization: Bearer $TOKEN"' in attempt["curl"]
    assert "--data-binary" in attempt["curl"]
    assert api.get(f"/deliveries/{delivery}/attempts/m3_head").json() == []
    assert problem(api.get(f"/deliveries/{delivery}/attempts/none"), 422)
    assert problem(api.get("/deliveries/dlv_0/attempts/idm_create"), 404)


def test_deliveries_are_found_by_what_people_know_of_them(site: Site, api: TestClient) -> None:
    _active_export(site)
    document = _document(api)
    delivery = api.post(f"/documents/{document}/export").json()["deliveries"][0]
    said = api.get(f"/documents/{document}").json()["fields"]
    unlike = {
        "error_text": "M3 refused the call: WSU0103",
        "erp_text": "Its period is closed",
    }
    with site.application.database.write() as work:
        DeliveryRepository(work.connection).update(SystemScope("test"), delivery["id"], unlike)
    for text in (
        said["invoice_id"],
        said["supplier_name"][2:9].upper(),
        delivery["id"],
        document,
        delivery["correlation_id"],
        "wsu0103",
        "period is",
    ):
        found = api.get("/deliveries", params={"q": text}).json()
        assert [each["id"] for each in found["items"]] == [delivery["id"]], text
        assert found["total"] == 1
    for text in ("no such thing", "%", "_", '"', "'); --"):
        assert api.get("/deliveries", params={"q": text}).json()["items"] == [], text
    for held, number in ((True, 0), (False, 1)):
        assert api.get("/deliveries", params={"held": held}).json()["total"] == number


def test_what_a_delivery_that_is_over_has_not_come_to_is_not_reached(
    site: Site, api: TestClient
) -> None:
    _active_export(site)
    document = _document(api)
    path = f"/documents/{document}/export"
    delivery = f"/deliveries/{api.post(path).json()['deliveries'][0]['id']}"
    assert {each["status"] for each in api.get(delivery).json()["steps"]} == {"pending"}
    api.post(f"{delivery}/cancel")
    assert {each["status"] for each in api.get(delivery).json()["steps"]} == {"not_reached"}
    api.post(f"{delivery}/retry")
    assert {each["status"] for each in api.get(delivery).json()["steps"]} == {"pending"}


def test_a_document_that_is_held_leaves_by_no_call(site: Site, api: TestClient) -> None:
    _active_export(site)
    document = _document(api)
    hold = {"kind": "hold", "reason": "Goods are missing"}
    assert api.post(f"/documents/{document}/decisions", json=hold).status_code == 200
    for body in ({}, {"again": True, "reason": "I say so"}):
        answer = api.post(f"/documents/{document}/export", json=body)
        assert problem(answer, 409)["code"] == "document_held"
    assert api.get(f"/documents/{document}/deliveries").json() == []


def test_a_proof_is_started_and_read(site: Site, api: TestClient) -> None:
    site.add_export(credential=site.credentials())
    connection = api.get("/connections").json()["items"][0]
    assert not {"ci", "cs", "saak", "sask"} & set(connection)
    path = f"/connections/{connection['id']}"
    assert api.get(path).json() == connection
    assert problem(api.get("/connections/con_nowhere"), 404)


def test_a_connection_is_paused_and_resumed(site: Site, api: TestClient) -> None:
    _active_export(site)
    path = f"/connections/{api.get('/connections').json()['items'][0]['id']}"
    paused = api.post(f"{path}/pause", json={"reason": "Month-end"}).json()
    assert (paused["pause_reason"], bool(paused["paused_at"])) == ("Month-end", True)
    assert api.get(path).json() == paused
    delivery = api.post(f"/documents/{_document(api)}/export").json()["deliveries"][0]["id"]
    _run(site)
    waiting = api.get(f"/deliveries/{delivery}").json()["delivery"]
    assert (waiting["status"], waiting["error_code"]) == ("waiting", "paused_by_person")
    assert problem(api.post(f"{path}/pause", json={"reason": "x" * 501}), 422)
    assert problem(api.post("/connections/con_0/pause"), 404)
    resumed = api.post(f"{path}/resume").json()
    assert (resumed["paused_at"], resumed["no_answer"]) == (None, None)
    _run(site)
    assert api.get(f"/deliveries/{delivery}").json()["delivery"]["status"] == "delivered"


def test_what_failed_in_a_time_is_replayed_and_the_replay_read(site: Site, api: TestClient) -> None:
    _active_export(site)
    document = _document(api)
    delivery = api.post(f"/documents/{document}/export").json()["deliveries"][0]
    assert api.post(f"/deliveries/{delivery['id']}/cancel").status_code == 200
    wanted = {"since": "2020-01-01T00:00:00Z", "reason": "Infor was away"}
    assert problem(api.post("/deliveries/replay", json=wanted), 422)["code"] == "nothing_selected"
    with site.application.database.write() as work:
        DeliveryRepository(work.connection).update(
            SystemScope("test"), delivery["id"], {"status": DeliveryStatus.FAILED}
        )
    for wrong in ({"reason": "x"}, {**wanted, "since": "2020-01-01"}, {**wanted, "reason": ""}):
        assert problem(api.post("/deliveries/replay", json=wrong), 422)
    begun = api.post("/deliveries/replay", json=wanted)
    assert begun.status_code == 202, begun.text
    replay = begun.json()
    assert (replay["documents"], replay["tried"], replay["state"]) == (1, 0, "running")
    assert site.application.documents is not None
    site.application.documents.bulk_runner.run_one(replay["id"])
    found = api.get(f"/deliveries/replays/{replay['id']}").json()
    assert (found["tried"], found["left_out"], found["state"]) == (1, 0, "done")
    _run(site)
    assert api.get(f"/deliveries/{delivery['id']}").json()["delivery"]["status"] == "delivered"
    assert problem(api.get("/deliveries/replays/bulk_0"), 404)


def test_a_program_decides_of_a_lost_call(site: Site, api: TestClient) -> None:
    _active_export(site)
    delivery = api.post(f"/documents/{_document(api)}/export").json()["deliveries"][0]["id"]
    _run(site)
    address = f"/deliveries/{delivery}"
    assert api.get(address).json()["undecided"] is None
    wanted = {"arrival": "there", "reason": "seen in Infor"}
    refused = problem(api.post(f"{address}/arrival", json=wanted), 409)
    assert refused["code"] == "nothing_unknown"
    with site.application.database.write() as work:
        lose_answers(work, delivery)
    question = api.get(address).json()["undecided"]
    assert question["reference"] is None
    for wrong in ({**wanted, "arrival": "perhaps"}, {**wanted, "reason": ""}, {"arrival": "there"}):
        assert problem(api.post(f"{address}/arrival", json=wrong), 422)
    named = {**wanted, "reference": "X-1"}
    assert "reference" in str(problem(api.post(f"{address}/arrival", json=named), 422))
    decided = api.post(f"{address}/arrival", json=wanted)
    assert decided.status_code == 200, decided.text
    assert decided.json()["status"] == "delivered"
    assert api.get(address).json()["undecided"] is None


def test_all_of_one_cause_is_tried_again_and_how_far_it_is_is_read(
    site: Site, api: TestClient
) -> None:
    _active_export(site)
    delivery = api.post(f"/documents/{_document(api)}/export").json()["deliveries"][0]
    values = {
        "status": DeliveryStatus.FAILED,
        "due_at": None,
        "finished_at": datetime(2026, 3, 5, 10, tzinfo=UTC),
        "error_code": "m3_refused",
        "error_text": "SUNO: supplier 4 does not exist",
    }
    with site.application.database.write() as work:
        repository = DeliveryRepository(work.connection)
        repository.update(SystemScope("test"), delivery["id"], values)
    (group,) = api.get("/export-errors").json()
    address = f"/export-errors/{group['cause']}"
    begun = api.post(f"{address}/retry")
    assert begun.status_code == 202, begun.text
    run = begun.json()
    assert (run["documents"], run["tried"], run["state"]) == (1, 0, "running")
    # Called twice, as a program does whose answer was lost.
    assert api.post(f"{address}/retry").json()["id"] == run["id"]
    assert site.application.documents is not None
    site.application.documents.bulk_runner.run_one(run["id"])
    found = api.get(f"/deliveries/replays/{run['id']}").json()
    assert (found["tried"], found["refused"], found["state"]) == (1, {}, "done")
    assert problem(api.post(f"{address}/retry"), 404)
    assert problem(api.post(f"{address}/re-export", json={"reason": "x"}), 404)
    assert problem(api.post("/export-errors/no_word/retry"), 409)["code"] == "no_word_from_erp"
    assert problem(api.post("/export-errors/no_word/re-export", json={"reason": ""}), 422)
