"""A program of one organization gets of another one's things what it gets of nothing."""

from __future__ import annotations

import re
from typing import Any

from starlette.testclient import TestClient

from ionport.documents.samples import read_sample
from ionport.identity.access import Access
from ionport.identity.model import Actor, Organization, OrganizationRole, TenantRole
from ionport.identity.repository import OrganizationRepository
from ionport.store import OrganizationScope, SystemScope
from tests.support.api import ALL_SCOPES, program
from tests.support.whole import INVOICE, Site
from tests.unit.web.pages.documents.test_documents import _active_export

NOWHERE = {
    "document_id": "doc_0",
    "delivery_id": "dlv_0",
    "replay_id": "bulk_0",
    "connection_id": "con_0",
    "webhook_id": "whk_0",
    "mapping_id": "map_0",
    "cause": "supplier_unknown",
}
WEBHOOK = {"name": "x", "url": "http://127.0.0.1:9/", "events": ["document.received"]}
BODIES: dict[str, dict[str, Any]] = {
    "/documents/{document_id}": {"values": {"invoice_id": "stolen"}},
    "/webhooks/{webhook_id}": {"name": "stolen", "paused": True},
    "/mappings/{mapping_id}/roll-back": {"version": 1},
    "/mappings/{mapping_id}/acceptances": {
        "version": 1,
        "findings": ["no_correlation_id"],
        "reason": "stolen",
    },
    "/documents/{document_id}/decisions": {"kind": "hold", "reason": "stolen"},
}
QUERIES: dict[str, dict[str, str]] = {
    "/mappings/{mapping_id}/versions/{number}/preview": {"document": "doc_0"},
    "/mappings/{mapping_id}/diff": {"old": "1", "new": "1"},
    "/mappings/{mapping_id}/acceptances": {"finding": "no_correlation_id"},
}


def _stranger(site: Site) -> str:
    """Return the key of an administrator of another organization in the same installation."""
    application, operator = site.application, Actor.operator()
    assert application.documents is not None
    other = Organization("org_other", "Stranger Ltd", None)
    with application.database.write() as work:
        OrganizationRepository(work.connection).add(
            SystemScope("test"), other, application.clock.now()
        )
    user_id = site.add_user("eve", TenantRole.USER, None)
    with application.database.write() as work:
        application.identity.set_organization_role(
            work, operator, user_id, other.id, OrganizationRole.ADMINISTRATOR
        )
        _key, secret = application.documents.api_keys.create(
            Access(work, OrganizationScope(other.id), operator), "eve", ALL_SCOPES, user_id=user_id
        )
    return secret.reveal()


def test_every_address_answers_for_a_foreign_id_as_for_none(site: Site, api: TestClient) -> None:
    _active_export(site)
    webhook = api.post("/webhooks", json=WEBHOOK).json()["webhook"]["id"]
    sent = api.post("/documents", files={"file": (INVOICE, read_sample(INVOICE))}).json()
    delivery = api.post(f"/documents/{sent['id']}/export").json()["deliveries"][0]
    before = api.get(f"/documents/{sent['id']}").json()
    known = {
        "document_id": sent["id"],
        "delivery_id": delivery["id"],
        "connection_id": delivery["connection"],
        "decision_id": "dec_0",
        "replay_id": "bulk_0",
        "webhook_id": webhook,
        "mapping_id": api.get("/mappings").json()["items"][0]["id"],
        "cause": "supplier_unknown",
        "number": "1",
        "step": "idm_create",
        "message_id": api.get(f"/webhooks/{webhook}/messages").json()["items"][0]["id"],
    }
    asked = 0
    with program(site, _stranger(site)) as stranger:
        paths = stranger.get("/openapi.json").json()["paths"]
        for path, operations in paths.items():
            template = path.removeprefix("/api/v1")
            for method in operations:
                if "{" not in template:
                    continue
                answers = [
                    _asked(stranger, method, template, {**known, **ids}) for ids in ({}, NOWHERE)
                ]
                assert answers[0] == answers[1], (method, path)
                assert 400 <= answers[0][0] < 500, (method, path, answers[0])
                asked += 1
        for listed in ("/documents", "/deliveries", "/connections", "/webhooks", "/mappings"):
            assert stranger.get(listed).json()["total"] == 0
    assert asked > 15
    assert api.get(f"/documents/{sent['id']}").json() == before


def _asked(
    client: TestClient, method: str, template: str, ids: dict[str, str]
) -> tuple[int, dict[str, Any]]:
    path = re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], template)
    sends_file = (method, template) == ("post", "/mappings/{mapping_id}/versions")
    files = {"file": ("a.properties", b"Index_Fields=a")} if sends_file else None
    answer = client.request(
        method, path, json=BODIES.get(template), params=QUERIES.get(template), files=files
    )
    body = answer.json()
    body.pop("instance")
    return answer.status_code, body
