"""Faults, clock, state and control keys on pages, without JavaScript."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from ionport.sandbox.control.state.service import state_tables
from ionport.web.pages.control.state_words import STATE_WORDS
from tests.support.infor_side import new_item
from tests.support.web import said
from tests.support.whole import Desk, desk_on


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_on(tmp_path_factory.mktemp("desk"), "") as desk:
        yield desk


@pytest.fixture(autouse=True)
def _fresh(desk: Desk) -> None:
    desk.browser.send(f"{base(desk)}/sandbox-state/reset")


def base(desk: Desk) -> str:
    return f"/ion-api/{desk.application.tenant.id}"


RULE = {
    "kind": "status",
    "name": "busy",
    "service": "IDM",
    "trigger": "next",
    "operation": "",
    "method": "",
    "path": "",
    "figure": "2",
    "status": "503",
    "body": "",
    "media_type": "",
    "is_enabled": "on",
}


def add_rule(desk: Desk, **changes: str) -> str:
    fields = {**RULE, **changes}
    page = desk.browser.send(f"{base(desk)}/faults/add", fields).text
    found = re.search(r"/faults/(fault_\w+)\"", page)
    assert found is not None, said(page)
    return found[1]


def seed(desk: Desk, *numbers: str) -> httpx2.Response:
    items = [new_item(attributes={"BOD_SupplierInvoiceID": n})["item"] for n in numbers]
    path = f"{base(desk)}/sandbox-state"
    text = json.dumps({"idm": items})
    return desk.browser.send(f"{path}/seed", {"seed": text}, form_at=path)


def test_a_rule_is_added_changed_switched_and_deleted(desk: Desk) -> None:
    rule = add_rule(desk)
    path = f"{base(desk)}/faults"
    assert "busy" in said(desk.browser.get(path).text)
    assert "the next 2" in said(desk.browser.get(path).text)
    changed = desk.browser.send(f"{path}/{rule}", {**RULE, "figure": "5", "name": "very busy"})
    assert "the next 5" in said(changed.text)
    assert "Switch on" in said(desk.browser.send(f"{path}/{rule}/off", form_at=path).text)
    assert "Switch off" in said(desk.browser.send(f"{path}/{rule}/on", form_at=path).text)
    assert "very busy" in said(desk.browser.get(f"{path}?q=very").text)
    assert "No fault rule matches" in said(desk.browser.get(f"{path}?q=nothing").text)
    assert "No fault rule" in said(desk.browser.send(f"{path}/{rule}/delete").text)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "flood"}, "kind"),
        ({"trigger": "every", "figure": "0"}, "figure"),
        ({"figure": "many"}, "figure"),
        ({"status": "99"}, "status"),
        ({"kind": "latency", "seconds": "1e9"}, "seconds"),
        ({"trigger": "probability", "seed": "nan"}, "seed"),
    ],
)
def test_what_is_wrong_in_a_rule_stands_beside_its_field(
    desk: Desk, wrong: dict[str, str], field: str
) -> None:
    answer = desk.browser.send(f"{base(desk)}/faults/add", {**RULE, **wrong})
    assert answer.status_code == 422
    assert 'value="busy"' in answer.text
    told = f'id="{field}-error"' in answer.text or "form-error-box" in answer.text
    assert told


def test_the_form_has_the_fields_of_what_is_chosen_and_keeps_what_was_typed(desk: Desk) -> None:
    path = f"{base(desk)}/faults/add"
    shown = desk.browser.get(path).text
    assert ('id="status"' in shown, 'id="seconds"' in shown, 'id="seed"' in shown) == (
        *(True, False, False),
    )
    chosen = {**RULE, "kind": "latency", "trigger": "probability", "figure": "0.5"}
    # By its button, and by saving: a field that nobody has seen is not saved with a default.
    for sent in ({**chosen, "action": "kind"}, chosen):
        answer = desk.browser.send(path, sent)
        assert answer.status_code == 200
        assert 'value="busy"' in answer.text
        assert ('id="status"' in answer.text, 'id="seconds"' in answer.text) == (False, True)
        assert 'id="seed"' in answer.text
    saved = desk.browser.send(path, {**chosen, "seconds": "2", "seed": "7"})
    assert "The rule is saved" in said(saved.text)
    assert "probability 0.5" in said(saved.text)


def test_a_rule_to_begin_with_is_filled_in_and_saved_as_it_is(desk: Desk) -> None:
    page = desk.browser.get(f"{base(desk)}/faults").text
    presets = re.findall(r'href="([^"]+\?preset=[^"]+)"', page)
    assert len(presets) == 4
    for number, url in enumerate(presets, 1):
        form = desk.browser.get(html.unescape(url)).text
        fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', form))
        for select in re.findall(r"<select.*?</select>", form, re.S):
            chosen = re.search(r'<option value="([^"]*)" selected', select)
            fields[re.findall(r'name="(\w+)"', select)[0]] = chosen[1] if chosen else ""
        saved = desk.browser.send(f"{base(desk)}/faults/add", {**RULE, **fields}).text
        assert saved.count("/delete") == number, said(saved)
    for rule in (
        "IDM is busy for three calls Answer with a status of my choice IDM the next 3 0 of 0 on",
        "Cut the connection, the call done IDM · create item the next 1 0 of 0 on",
        "Refuse the token with 401 M3 every 10. call 0 of 0 on",
        "IDM search finds new items later IDM every call 0 of 0 on",
    ):
        assert rule in said(saved)


def test_the_clock_goes_forward_and_back_and_tokens_expire(desk: Desk) -> None:
    path = f"{base(desk)}/sandbox-clock"
    ahead = desk.browser.send(f"{path}/jump", {"amount": "2", "unit": "hours"}, form_at=path)
    assert "2 hours ahead" in said(ahead.text)
    refused = desk.browser.send(f"{path}/jump", {"amount": "0", "unit": "hours"}, form_at=path)
    assert refused.status_code == 422
    assert "This is the real time" in said(desk.browser.send(f"{path}/back", form_at=path).text)
    assert "issued before this moment" in said(desk.browser.send(f"{path}/expire").text)


def test_seed_snapshot_reset_and_restore(desk: Desk) -> None:
    path = f"{base(desk)}/sandbox-state"
    assert "Added 2 IDM items" in said(seed(desk, "1", "2").text)
    taken = desk.browser.send(f"{path}/snapshots", {"name": "two-items"}, form_at=path)
    assert "two-items is taken" in said(taken.text)
    assert ">IDM: items<" in taken.text
    assert "The sandbox is empty" in said(desk.browser.send(f"{path}/reset").text)
    assert ">IDM: items<" not in desk.browser.get(path).text
    desk.browser.send(f"{path}/snapshots/two-items/restore")
    assert ">IDM: items<" in desk.browser.get(path).text
    history = said(desk.browser.get(path).text)
    assert "Snapshot restored" in history
    assert "Sandbox reset" in history
    desk.browser.send(f"{path}/snapshots/two-items/delete")
    assert desk.browser.get(f"{path}/snapshots/two-items/delete").status_code == 404


@pytest.mark.parametrize("text", ["", "{", '{"idm": [{"entityName": "None"}]}'])
def test_a_wrong_seed_stays_typed_and_is_told(desk: Desk, text: str) -> None:
    path = f"{base(desk)}/sandbox-state"
    answer = desk.browser.send(f"{path}/seed", {"seed": text}, form_at=path)
    assert answer.status_code == 422
    assert 'id="seed-error"' in answer.text
    assert html.escape(text, quote=True).replace("&#x27;", "&#39;") in answer.text.replace(
        "&#34;", "&quot;"
    )


def test_a_control_key_is_shown_once_and_opens_the_control_plane(desk: Desk) -> None:
    path = f"{base(desk)}/control-keys"
    shown = desk.browser.send(path, {"name": "test-suite"})
    found = re.search(r"ctl_[\w-]{43}", shown.text)
    assert found is not None
    state = f"{desk.application.settings.origin}/_control/{desk.application.tenant.id}/state"
    headers = {"Authorization": f"Bearer {found[0]}"}
    assert httpx2.get(state, headers=headers).status_code == 200
    page = desk.browser.get(path).text
    assert found[0] not in page
    assert "test-suite" in page
    key = re.search(r"control-keys/(ck_\w+)/delete", page)
    assert key is not None
    desk.browser.send(f"{path}/{key[1]}/delete")
    assert httpx2.get(state, headers=headers).status_code == 401
    assert desk.browser.send(path, {"name": " "}).status_code == 422


def test_the_limits_are_switched_beside_the_keys(desk: Desk) -> None:
    path = f"{base(desk)}/control-keys"
    on = desk.browser.send(f"{path}/limits", {"are_on": "on"}, form_at=path)
    assert "limits are applied" in said(on.text)
    off = desk.browser.send(f"{path}/limits", form_at=path)
    assert "No limit is applied" in said(off.text)


def test_calls_are_searched_by_body_and_saved_as_har(desk: Desk) -> None:
    add_rule(desk, kind="cut-after-commit", figure="1")
    file = json.loads(desk.credentials())
    answer = httpx2.post(
        file["pu"] + file["ot"],
        data={"grant_type": "password", "username": file["saak"], "password": file["sask"]},
        auth=(file["ci"], file["cs"]),
    )
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    items = f"{file['iu']}/{file['ti']}/IDM/api/items"
    body = new_item(attributes={"BOD_SupplierInvoiceID": "4711-needle"})
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.post(items, json=body, headers=headers)
    httpx2.post(items, json=new_item(), headers=headers)
    path = f"{base(desk)}/inspector"
    found = desk.browser.get(f"{path}?body=needle&age=5m").text
    assert found.count("/inspector/calls/call_") == 1
    assert "fault" in said(found)
    call = re.search(r"/calls/(call_\w+)", found)
    assert call is not None
    told = said(desk.browser.get(f"{path}/calls/{call[1]}").text)
    assert "Connection cut" in told
    assert "cut-after-commit: busy" in told
    saved = desk.browser.get(f"{path}/calls.har?body=needle")
    assert saved.headers["content-disposition"].startswith("attachment")
    assert len(saved.json()["log"]["entries"]) == 1


def test_a_production_tenant_shows_no_control_plane(tmp_path: Path, desk: Desk) -> None:
    with desk.application.database.write() as work:
        assert desk.application.infor is not None
        identity = desk.application.identity
        from ionport.identity.model import Actor, TenantRole

        identity.create_tenant(work, Actor.operator(), "ACME_PRD")
        user = identity.find_user(work, "ada")
        assert user is not None
        role = TenantRole.IONAPI_ADMINISTRATOR
        identity.set_tenant_role(work, Actor.operator(), user.id, "ACME_PRD", role)
    answer = desk.browser.get("/ion-api/ACME_PRD/faults")
    assert answer.status_code == 403
    assert "production tenant" in said(answer.text)
    other = desk.browser.get(f"{base(desk)}/sandbox-clock")
    assert other.status_code == 200
    jump = f"{base(desk)}/sandbox-clock"
    refused = desk.browser.send(f"{jump}/jump", {"amount": "2", "unit": "hours"}, form_at=jump)
    assert refused.status_code == 403
    assert "ACME_PRD" in said(refused.text)


def test_a_user_who_is_no_administrator_is_refused(desk: Desk) -> None:
    desk.add_user("carl")
    desk.sign_in_as("carl")
    for page in ("faults", "sandbox-clock", "sandbox-state", "control-keys"):
        assert desk.browser.get(f"{base(desk)}/{page}").status_code == 403
    desk.sign_in_as("ada")


def test_every_table_of_a_sandbox_has_words() -> None:
    assert {table.name for table in state_tables()} == STATE_WORDS.keys()
