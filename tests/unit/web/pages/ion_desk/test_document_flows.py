from __future__ import annotations

import asyncio
import re

import pytest

from ionport.gateway.suites.model import EndpointDraft, SuiteDraft
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.sandbox.messaging.envelopes import read_multipart
from ionport.sandbox.messaging.repository import Sender
from tests.support.ion import bod, multipart, parameters
from tests.support.whole import Site

OPERATOR = Actor.operator()


def base(site: Site) -> str:
    return f"/ion-api/{site.tenant.tenant_id}/document-flows"


def acks(site: Site) -> str:
    return f"/ion-api/{site.tenant.tenant_id}/acknowledgements"


def register(site: Site) -> None:
    assert site.application.infor is not None
    suites = site.application.infor.custom_apis.suites
    with site.application.database.write() as work:
        suites.create_suite(
            Access(work, site.tenant, OPERATOR),
            SuiteDraft("DocBits", "Sandbox", "Test", "DocBits"),
            [EndpointDraft("http://127.0.0.1:9/api", "Test", "Sandbox")],
        )


def fields(**changes: str) -> dict[str, str]:
    return {
        "name": "Export to M3",
        "description": "",
        "document_name": "Sync.CaptureDocument",
        "document_type": "",
        "erp": "rule",
        "rejects": "when",
        "condition_field": "SupplierID",
        "comparison": "is missing",
        "condition_value": "",
        "reason_code": "",
        "reason": "No supplier",
        "api": "DocBits/Sandbox",
        "path": "/infor/idm/handle_ack_bod",
        "file_field": "file",
        "parameters": "acl_from=Public\nacl_to=Private",
        **changes,
    }


# What the form has where M3 books and no API is told.
SEEN_FOR_M3 = {
    "document_name": "Sync.CaptureDocument",
    "description": "",
    "document_type": "",
    "api": "",
}


def add(site: Site, **changes: str) -> str:
    register(site)
    answer = site.browser.send(f"{base(site)}/add", fields(**changes))
    assert answer.status_code == 200, answer.text
    return str(answer.url.path)


def publish(site: Site) -> None:
    """Let a message come, and send what it starts once."""
    infor = site.application.infor
    assert infor is not None
    content_type, body = multipart(parameters(), bod())
    draft = infor.ion.messaging.draft(read_multipart(body, content_type))
    with site.application.database.write() as work:
        infor.ion.messaging.publish(work.within(site.tenant), draft, Sender("client", "req_1"))
    asyncio.run(infor.flow_runner.tick())


def test_a_flow_without_an_api_keeps_what_m3_says_and_a_rule_needs_one(site: Site) -> None:
    assert "No document flow yet" in site.browser.text(base(site))
    form = site.browser.get(f"{base(site)}/add").text
    assert "There is no registered API yet." in form
    assert f'href="/ion-api/{site.tenant.tenant_id}/available-apis"' in form
    answer = site.browser.send(f"{base(site)}/add", fields(api=""))
    assert answer.status_code == 422
    assert 'id="api-error"' in answer.text
    kept = site.browser.send(f"{base(site)}/add", {"name": "Kept", "erp": "m3", **SEEN_FOR_M3})
    assert "The document flow is saved and active." in kept.text
    picture = kept.text.partition('flow-picture"')[2].partition("</ol>")[0]
    stations = re.findall(r"<strong[^>]*>(.*?)</strong>", picture)
    assert stations[:3] == ["Sync.CaptureDocument", "M3", "Acknowledge.SupplierInvoice"]
    assert "none" in stations[3]


def test_the_form_of_a_flow_shows_the_fields_of_its_choices(site: Site) -> None:
    path = add(site)
    asked = {"rejects", "condition_field", "condition_value", "reason", "path"}
    for changes, shown in (
        ({"erp": "m3"}, {"path"}),
        ({"rejects": "never"}, {"rejects", "path"}),
        ({"rejects": "always"}, {"rejects", "reason", "path"}),
        ({"comparison": "equals"}, asked),
        ({"comparison": "is missing"}, asked - {"condition_value"}),
        ({"comparison": "equals", "api": ""}, asked - {"path"}),
    ):
        answer = site.browser.send(path, {**fields(**changes), "action": "erp"}, form_at=path)
        assert {name for name in asked if f'id="{name}"' in answer.text} == shown, changes
    assert "when SupplierID is missing or empty" in site.browser.text(base(site)), (
        "nothing was saved"
    )


def test_saving_with_a_choice_whose_fields_were_not_shown_shows_them(site: Site) -> None:
    path = add(site, rejects="never")
    sent = {"name": "Export to M3", "rejects": "always", **SEEN_FOR_M3, "erp": "rule"}
    answer = site.browser.send(path, sent | {"api": "DocBits/Sandbox"}, form_at=path)
    assert 'id="reason"' in answer.text
    assert "accepts every document" in site.browser.text(base(site)), "nothing was saved"


def test_a_flow_is_added_changed_and_deleted(site: Site) -> None:
    path = add(site)
    shown = site.browser.text(base(site))
    assert "when SupplierID is missing or empty" in shown
    assert "DocBits/Sandbox/infor/idm/handle_ack_bod" in shown
    page = site.browser.get(path).text
    assert "acl_from=Public\nacl_to=Private</textarea>" in page
    answer = site.browser.send(path, fields(rejects="always"))
    assert "The document flow is saved." in answer.text
    assert "every document" in site.browser.text(base(site))
    site.browser.send(f"{path}/deactivate", form_at=path)
    assert "inactive" in site.browser.text(base(site))
    site.browser.send(f"{path}/activate", form_at=path)
    assert "Document flow activated" in site.browser.text(path)
    site.browser.send(f"{path}/delete")
    assert "No document flow yet" in site.browser.text(base(site))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("document_name", "Sync.PurchaseOrder"),
        ("condition_field", ""),
        ("rejects", "sometimes"),
        ("api", "nothing"),
        ("path", "/../etc"),
        ("path", "no slash"),
        ("file_field", "a b"),
        ("parameters", "ionapi_json={}"),
        ("parameters", "a b=1"),
    ],
)
def test_a_wrong_field_is_told_beside_it(site: Site, field: str, value: str) -> None:
    register(site)
    answer = site.browser.send(f"{base(site)}/add", fields(**{field: value}))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_an_acknowledgement_shows_each_attempt_and_is_sent_again(site: Site) -> None:
    path = add(site)
    assert "No acknowledgement yet" in site.browser.text(acks(site))
    publish(site)
    assert "answered 1 message" in site.browser.text(path)
    listed = site.browser.text(acks(site))
    assert "Rejected" in listed
    assert "waiting" in listed
    found = re.search(rf"{acks(site)}/(ack_\w+)", site.browser.get(acks(site)).text)
    assert found is not None
    one = site.browser.text(found[0])
    assert "takes no connection" in one
    assert "No supplier" in one
    assert 'actionCode="Rejected"' in one
    message = re.search(r'href="([^"]*/messages/msg_\w+)"', site.browser.get(found[0]).text)
    assert message is not None
    assert f'href="{found[0]}"' in site.browser.get(message[1]).text
    file = site.browser.get(f"{found[0]}/file")
    assert file.content.startswith(b"<?xml")
    assert "attachment" in file.headers["content-disposition"]
    assert "Send again" not in one
    again = site.browser.send(f"{found[0]}/send-again", form_at=path)
    assert "waits to be sent already" in again.text


def test_acknowledgements_are_filtered(site: Site) -> None:
    path = add(site)
    publish(site)
    flow = path.rpartition("/")[2]
    assert "1 entry" in site.browser.text(f"{acks(site)}?flow={flow}&state=waiting")
    assert "No acknowledgement matches" in site.browser.text(f"{acks(site)}?state=sent")
    assert "No acknowledgement matches" in site.browser.text(f"{acks(site)}?flow=flw_other")
    assert site.browser.get(f"{acks(site)}?state=%27&sort=x&page=-1").status_code == 200


def test_only_administrators_of_the_tenant_see_flows(site: Site) -> None:
    path = add(site)
    site.add_user("bob")
    site.sign_in_as("bob")
    for address in (base(site), path, f"{path}/delete", acks(site), f"{acks(site)}/ack_x"):
        assert site.browser.get(address).status_code == 403
