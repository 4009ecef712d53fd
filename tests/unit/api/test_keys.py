"""Only a key opens the API, for what it was made for, and for no longer than its user may."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from ionport.api.limits import CallLimit
from ionport.core.errors import TooManyRequests
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiScope
from ionport.identity.model import Actor, OrganizationRole, TenantRole
from tests.support.api import api_key, problem, program
from tests.support.whole import Site


def test_without_a_key_nothing_but_the_openapi_document_answers(site: Site) -> None:
    with program(site, "") as client:
        for path in ("/documents", "/key", "/nothing", "/deliveries"):
            body = problem(client.get(path), 401)
            assert body["code"] in ("api_key_missing", "api_key_wrong")
        for wrong in ("Basic YTpi", "Bearer", "Bearer iok_wrong", f"Bearer {'x' * 5000}"):
            answer = client.get("/documents", headers={"Authorization": wrong})
            assert problem(answer, 401)
            assert answer.headers["www-authenticate"].startswith("Bearer")
        assert client.get("/openapi.json").json()["info"]["title"] == "ionport"


def test_a_key_opens_what_it_was_made_for_and_nothing_else(site: Site) -> None:
    with program(site, api_key(site, [ApiScope.DOCUMENTS_READ])) as client:
        assert client.get("/documents").status_code == 200
        assert client.get("/key").json()["scopes"] == ["documents.read"]
        for answer in (
            client.post("/documents", files={"file": ("a.xml", b"<a/>")}),
            client.get("/connections"),
            client.post("/documents/doc_1/export"),
            client.post("/documents/doc_1/decisions", json={"kind": "approve"}),
            client.patch("/documents/doc_1", json={"values": {"invoice_id": "1"}}),
        ):
            assert problem(answer, 403)["code"] == "scope_missing"


def test_an_expired_or_deleted_key_opens_nothing(site: Site) -> None:
    application = site.application
    assert application.documents is not None
    api_keys = application.documents.api_keys
    with application.database.write() as work:
        ada = application.identity.find_user(work, "ada")
        assert ada is not None
        key, secret = api_keys.create(
            Access(work, site.organization, Actor.operator()),
            "k",
            ["documents.read"],
            user_id=ada.id,
        )
    with program(site, secret.reveal()) as client:
        assert client.get("/documents").status_code == 200
        with application.database.write() as work:
            api_keys.delete(Access(work, site.organization, Actor.operator()), key.id)
        assert problem(client.get("/documents"), 401)["code"] == "api_key_wrong"


def test_a_key_ends_with_its_user(site: Site) -> None:
    user_id = site.add_user("bob", TenantRole.USER, OrganizationRole.USER)
    key = api_key(site, username="bob")
    with program(site, key) as client:
        assert client.get("/documents").status_code == 200
        administrator = Actor.operator()
        with site.application.database.write() as work:
            site.application.members.set_disabled(
                Access(work, site.tenant, administrator), user_id, disabled=True
            )
        assert problem(client.get("/documents"), 401)


def test_a_key_never_has_more_rights_than_its_user(site: Site) -> None:
    site.add_user("bob", TenantRole.USER, OrganizationRole.USER)
    site.add_export(credential=site.credentials())
    with program(site) as client:
        connection = client.get("/connections").json()["items"][0]
    with program(site, api_key(site, username="bob")) as client:
        assert client.get(f"/connections/{connection['id']}").json() == connection
        answer = client.post(f"/connections/{connection['id']}/proof")
        assert problem(answer, 403)["code"] == "needs_permission"


def test_the_key_is_stored_nowhere(site: Site) -> None:
    secret = api_key(site)
    with program(site, secret) as client:
        assert client.get("/documents").status_code == 200
    folder = site.application.settings.data
    for file in folder.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file


def test_calls_are_counted_by_key_and_refused_with_a_time_to_come_again() -> None:
    now = [30.0]
    limit = CallLimit(2, lambda: now[0])
    told: dict[str, str] = {}
    limit.count("a", told)
    assert told["RateLimit-Remaining"] == "1"
    limit.count("a", told)
    used_up = {"RateLimit-Limit": "2", "RateLimit-Remaining": "0", "RateLimit-Reset": "30"}
    assert told == used_up
    limit.count("b", told)
    assert told["RateLimit-Remaining"] == "1"
    of_refusal: dict[str, str] = {}
    with pytest.raises(TooManyRequests) as refused:
        limit.count("a", of_refusal)
    assert refused.value.retry_after == 30
    assert of_refusal == used_up
    now[0] = 60.0
    limit.count("a", told)
    assert told["RateLimit-Remaining"] == "1"


def test_every_answer_tells_what_is_left_of_the_minute(api: TestClient) -> None:
    first, second = (int(api.get("/key").headers["ratelimit-remaining"]) for _ in range(2))
    assert second == first - 1
