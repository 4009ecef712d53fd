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
from tests.support.whole import Site, site_on


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("site"), "") as site:
        yield site


@pytest.fixture(autouse=True)
def _fresh(site: Site) -> None:
    site.browser.send(f"{base(site)}/sandbox-state/reset")


def base(site: Site) -> str:
    return f"/ion-api/{site.application.tenant.id}"


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


def add_rule(site: Site, **changes: str) -> str:
    fields = {**RULE, **changes}
    page = site.browser.send(f"{base(site)}/faults/add", fields).text
    found = re.search(r"/faults/(fault_\w+)\"", page)
    assert found is not None, said(page)
    return found[1]


def seed(site: Site, *numbers: str) -> httpx2.Response:
    items = [new_item(attributes={"BOD_SupplierInvoiceID": n})["item"] for n in numbers]
    path = f"{base(site)}/sandbox-state"
    text = json.dumps({"idm": items})
    return site.browser.send(f"{path}/seed", {"seed": text}, form_at=path)


def test_a_rule_is_added_changed_switched_and_deleted(site: Site) -> None:
    rule = add_rule(site)
    path = f"{base(site)}/faults"
    assert "busy" in said(site.browser.get(path).text)
    assert "the next 2" in said(site.browser.get(path).text)
    changed = site.browser.send(f"{path}/{rule}", {**RULE, "figure": "5", "name": "very busy"})
    assert "the next 5" in said(changed.text)
    assert "Switch on" in said(site.browser.send(f"{path}/{rule}/off", form_at=path).text)
    assert "Switch off" in said(site.browser.send(f"{path}/{rule}/on", form_at=path).text)
    assert "very busy" in said(site.browser.get(f"{path}?q=very").text)
    assert "No fault rule matches" in said(site.browser.get(f"{path}?q=nothing").text)
    assert "No fault rule" in said(site.browser.send(f"{path}/{rule}/delete").text)


def test_rules_that_add_up_say_so(site: Site) -> None:
    path, lag = f"{base(site)}/faults", {"kind": "search-lag", "trigger": "always", "figure": "1"}
    first = add_rule(site, **lag, seconds="60", name="a minute")
    add_rule(site, **lag, seconds="20", name="twenty")
    add_rule(site, kind="latency", seconds="2", trigger="always", figure="1", name="slow")
    told = "adds up with others of its kind: 80.0 s on a call"
    assert said(site.browser.get(path).text).count(told) == 2
    site.browser.send(f"{path}/{first}/off", form_at=path)
    assert "adds up" not in said(site.browser.get(path).text)


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
    site: Site, wrong: dict[str, str], field: str
) -> None:
    answer = site.browser.send(f"{base(site)}/faults/add", {**RULE, **wrong})
    assert answer.status_code == 422
    assert 'value="busy"' in answer.text
    told = f'id="{field}-error"' in answer.text or "form-error-box" in answer.text
    assert told


def test_the_form_has_the_fields_of_what_is_chosen_and_keeps_what_was_typed(site: Site) -> None:
    path = f"{base(site)}/faults/add"
    shown = site.browser.get(path).text
    assert ('id="status"' in shown, 'id="seconds"' in shown, 'id="seed"' in shown) == (
        *(True, False, False),
    )
    chosen = {**RULE, "kind": "latency", "trigger": "probability", "figure": "0.5"}
    # By its button, and by saving: a field that nobody has seen is not saved with a default.
    for sent in ({**chosen, "action": "kind"}, chosen):
        answer = site.browser.send(path, sent)
        assert answer.status_code == 200
        assert 'value="busy"' in answer.text
        assert ('id="status"' in answer.text, 'id="seconds"' in answer.text) == (False, True)
        assert 'id="seed"' in answer.text
    saved = site.browser.send(path, {**chosen, "seconds": "2", "seed": "7"})
    assert "The rule is saved" in said(saved.text)
    assert "probability 0.5" in said(saved.text)


def test_a_rule_to_begin_with_is_filled_in_and_saved_as_it_is(site: Site) -> None:
    page = site.browser.get(f"{base(site)}/faults").text
    presets = re.findall(r'href="([^"]+\?preset=[^"]+)"', page)
    assert len(presets) == 4
    for number, url in enumerate(presets, 1):
        form = site.browser.get(html.unescape(url)).text
        fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', form))
        for select in re.findall(r"<select.*?</select>", form, re.S):
            chosen = re.search(r'<option value="([^"]*)" selected', select)
            fields[re.findall(r'name="(\w+)"', select)[0]] = chosen[1] if chosen else ""
        saved = site.browser.send(f"{base(site)}/faults/add", {**RULE, **fields}).text
        assert saved.count("/delete") == number, said(saved)
    for rule in (
        "IDM is busy for three calls Answer with a status of my choice IDM the next 3 0 of 0 on",
        "Cut the connection, the call done IDM · create item the next 1 0 of 0 on",
        "Refuse the token with 401 M3 every 10. call 0 of 0 on",
        "IDM search finds new items later IDM every call 0 of 0 on",
    ):
        assert rule in said(saved)


def test_the_clock_goes_forward_and_back_and_tokens_expire(site: Site) -> None:
    path = f"{base(site)}/sandbox-clock"
    ahead = site.browser.send(f"{path}/jump", {"amount": "2", "unit": "hours"}, form_at=path)
    assert "2 hours ahead" in said(ahead.text)
    refused = site.browser.send(f"{path}/jump", {"amount": "0", "unit": "hours"}, form_at=path)
    assert refused.status_code == 422
    assert "This is the real time" in said(site.browser.send(f"{path}/back", form_at=path).text)
    assert "issued before this moment" in said(site.browser.send(f"{path}/expire").text)


def test_seed_snapshot_reset_and_restore(site: Site) -> None:
    path = f"{base(site)}/sandbox-state"
    assert "Added 2 IDM items" in said(seed(site, "1", "2").text)
    taken = site.browser.send(f"{path}/snapshots", {"name": "two-items"}, form_at=path)
    assert "two-items is taken" in said(taken.text)
    assert ">IDM: items<" in taken.text
    assert "The sandbox is empty" in said(site.browser.send(f"{path}/reset").text)
    assert ">IDM: items<" not in site.browser.get(path).text
    site.browser.send(f"{path}/snapshots/two-items/restore")
    assert ">IDM: items<" in site.browser.get(path).text
    history = said(site.browser.get(path).text)
    assert "Snapshot restored" in history
    assert "Sandbox reset" in history
    site.browser.send(f"{path}/snapshots/two-items/delete")
    assert site.browser.get(f"{path}/snapshots/two-items/delete").status_code == 404


@pytest.mark.parametrize("text", ["", "{", '{"idm": [{"entityName": "None"}]}'])
def test_a_wrong_seed_stays_typed_and_is_told(site: Site, text: str) -> None:
    path = f"{base(site)}/sandbox-state"
    answer = site.browser.send(f"{path}/seed", {"seed": text}, form_at=path)
    assert answer.status_code == 422
    assert 'id="seed-error"' in answer.text
    assert html.escape(text, quote=True).replace("&#x27;", "&#39;") in answer.text.replace(
        "&#34;", "&quot;"
    )


def test_a_control_key_is_shown_once_and_opens_the_control_plane(site: Site) -> None:
    path = f"{base(site)}/control-keys"
    shown = site.browser.send(path, {"name": "test-suite"})
    found = re.search(r"ctl_[\w-]{43}", shown.text)
    assert found is not None
    state = f"{site.application.settings.origin}/_control/{site.application.tenant.id}/state"
    headers = {"Authorization": f"Bearer {found[0]}"}
    assert httpx2.get(state, headers=headers).status_code == 200
    page = site.browser.get(path).text
    assert found[0] not in page
    assert "test-suite" in page
    key = re.search(r"control-keys/(ck_\w+)/delete", page)
    assert key is not None
    site.browser.send(f"{path}/{key[1]}/delete")
    assert httpx2.get(state, headers=headers).status_code == 401
    assert site.browser.send(path, {"name": " "}).status_code == 422


def test_the_limits_are_switched_beside_the_keys(site: Site) -> None:
    path = f"{base(site)}/control-keys"
    on = site.browser.send(f"{path}/limits", {"are_on": "on"}, form_at=path)
    assert "limits are applied" in said(on.text)
    off = site.browser.send(f"{path}/limits", form_at=path)
    assert "No limit is applied" in said(off.text)


def test_calls_are_searched_by_body_and_saved_as_har(site: Site) -> None:
    add_rule(site, kind="cut-after-commit", figure="1")
    file = json.loads(site.credentials())
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
    path = f"{base(site)}/inspector"
    found = site.browser.get(f"{path}?body=needle&age=5m").text
    assert found.count("/inspector/calls/call_") == 1
    assert "fault" in said(found)
    call = re.search(r"/calls/(call_\w+)", found)
    assert call is not None
    told = said(site.browser.get(f"{path}/calls/{call[1]}").text)
    assert "Connection cut" in told
    assert "cut-after-commit: busy" in told
    saved = site.browser.get(f"{path}/calls.har?body=needle")
    assert saved.headers["content-disposition"].startswith("attachment")
    assert len(saved.json()["log"]["entries"]) == 1


def test_a_production_tenant_shows_no_control_plane(tmp_path: Path, site: Site) -> None:
    with site.application.database.write() as work:
        assert site.application.infor is not None
        identity = site.application.identity
        from ionport.identity.model import Actor, TenantRole

        identity.create_tenant(work, Actor.operator(), "ACME_PRD")
        user = identity.find_user(work, "ada")
        assert user is not None
        role = TenantRole.IONAPI_ADMINISTRATOR
        identity.set_tenant_role(work, Actor.operator(), user.id, "ACME_PRD", role)
    answer = site.browser.get("/ion-api/ACME_PRD/faults")
    assert answer.status_code == 403
    assert "production tenant" in said(answer.text)
    other = site.browser.get(f"{base(site)}/sandbox-clock")
    assert other.status_code == 200
    jump = f"{base(site)}/sandbox-clock"
    refused = site.browser.send(f"{jump}/jump", {"amount": "2", "unit": "hours"}, form_at=jump)
    assert refused.status_code == 403
    assert "ACME_PRD" in said(refused.text)


def test_a_user_who_is_no_administrator_is_refused(site: Site) -> None:
    site.add_user("carl")
    site.sign_in_as("carl")
    for page in ("faults", "sandbox-clock", "sandbox-state", "control-keys"):
        assert site.browser.get(f"{base(site)}/{page}").status_code == 403
    site.sign_in_as("ada")


def test_every_table_of_a_sandbox_has_words() -> None:
    assert {table.name for table in state_tables()} == STATE_WORDS.keys()
