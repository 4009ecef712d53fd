"""A program manages webhooks, and is told of what happens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from ionport.documents.samples import read_sample
from tests.support.api import api_key, problem, program
from tests.support.receiver import Receiver, receiving
from tests.support.whole import INVOICE, Site


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_a_program_adds_a_webhook_and_looks_at_what_it_has_told(
    api: TestClient, receiver: Receiver
) -> None:
    wanted = {"name": "ERP", "url": receiver.url, "events": ["document.received"]}
    made = api.post("/webhooks", json=wanted)
    assert made.status_code == 201
    webhook, secret = made.json()["webhook"], made.json()["secret"]
    path = f"/webhooks/{webhook['id']}"
    assert api.get("/webhooks").json()["items"] == [webhook]
    assert secret not in api.get(path).text
    tried = api.post(f"{path}/test").json()
    assert (tried["http_status"], tried["error"], tried["answer"]) == (200, None, "ok")
    content = receiver.calls[0].verified(secret)
    assert (content["type"], content["data"]["webhook"]) == ("webhook.test", webhook["id"])
    api.post("/documents", files={"file": (INVOICE, read_sample(INVOICE))})
    newest, test = api.get(f"{path}/messages").json()["items"]
    assert (newest["type"], newest["state"], newest["tries"]) == (
        "document.received",
        "waiting",
        [],
    )
    assert (test["id"], test["state"]) == (receiver.calls[0].id, "delivered")
    again = api.post(f"{path}/messages/{test['id']}/resend")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    first = api.get(f"{path}/messages", params={"limit": 1}).json()
    rest = api.get(f"{path}/messages", params={"limit": 1, "cursor": first["next"]}).json()
    assert (first["total"], rest["next"]) == (2, None)
    assert [each["items"][0]["id"] for each in (first, rest)] == [newest["id"], test["id"]]


def test_a_webhook_is_changed_paused_resumed_and_deleted(
    api: TestClient, receiver: Receiver
) -> None:
    wanted = {"name": "ERP", "url": receiver.url, "events": ["document.received"]}
    made = api.post("/webhooks", json=wanted).json()
    path = f"/webhooks/{made['webhook']['id']}"
    changed = api.patch(path, json={"name": "Archive", "paused": True}).json()
    assert (changed["name"], changed["state"], changed["url"]) == (
        "Archive",
        "paused",
        receiver.url,
    )
    assert changed["events"] == ["document.received"]
    assert api.patch(path, json={"paused": False}).json()["state"] == "active"
    rotated = api.post(f"{path}/secret").json()["secret"]
    assert rotated != made["secret"]
    api.post(f"{path}/test")
    assert receiver.calls[0].verified(rotated) == receiver.calls[0].verified(made["secret"])
    assert api.delete(path).status_code == 204
    assert problem(api.get(path), 404)["code"] == "no_webhook"


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://erp.example/hook"},
        {"url": "ftp://erp.example/hook"},
        {"url": "https://169.254.169.254/latest"},
        {"url": "https://10.0.0.1/"},
        {"url": "https://2130706433.example#x"},
        {"url": "https://user:password@erp.example/"},
        {"url": "https://erp.example/ü"},
        {"url": "https://erp.example/\r\nX: y"},
        {"url": "https://erp.example:99999/"},
        {"url": "https://" + "a" * 5_000},
        {"url": ""},
        {"url": "x"},
        {"name": " "},
        {"name": "a\nb"},
        {"name": "a" * 81},
        {"name": "\x00"},
        {"events": []},
        {"events": ["document.new"]},
        {"events": ["webhook.test"]},
        {"secret": "whsec_mine"},
    ],
)
def test_what_is_no_webhook_is_refused(api: TestClient, wrong: dict[str, object]) -> None:
    good = {"name": "ERP", "url": "https://erp.example/hook?k=1", "events": ["document.received"]}
    assert api.post("/webhooks", json=good).status_code == 201
    problem(api.post("/webhooks", json={**good, **wrong}), 422)
    assert api.get("/webhooks").json()["total"] == 1


def test_an_organization_has_twenty_webhooks_at_most(api: TestClient) -> None:
    good = {"name": "ERP", "url": "https://erp.example/", "events": ["document.received"]}
    answers = [api.post("/webhooks", json=good) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [201] * 20 + [409]
    assert problem(answers[-1], 409)["code"] == "too_many_webhooks"


def test_only_an_administrators_key_with_the_scope_manages_webhooks(site: Site) -> None:
    site.add_user("bob")
    for key in (api_key(site, username="bob"), api_key(site, ["documents.read"])):
        with program(site, key) as client:
            problem(client.get("/webhooks"), 403)
            problem(client.post("/webhooks/whk_1/test"), 403)
