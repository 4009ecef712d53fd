from __future__ import annotations

import pytest

from tests.support.web import said
from tests.support.whole import Desk

SETTINGS = {
    "scope_mode": "Disabled",
    "url_flavour": "cloud",
    "token_form": "infor",
    "refusal_form": "explained",
    "logins_per_minute": "20",
    "logins_per_day": "1000",
    "tokens_per_client_per_day": "100",
}


def path_of(desk: Desk) -> str:
    return f"/ion-api/{desk.tenant.tenant_id}/configuration"


def test_scopes_limits_and_the_implicit_grant_are_off_at_first(desk: Desk) -> None:
    page = desk.browser.get(path_of(desk)).text
    assert 'value="Disabled" checked' in page
    assert 'name="implicit_allowed" checked' not in page
    assert 'name="limits_are_on" checked' not in page
    assert "RFC 9700" in page


def test_what_can_stop_clients_asks_first(desk: Desk) -> None:
    sent = {**SETTINGS, "scope_mode": "Enforced", "implicit_allowed": "on"}
    asked = desk.browser.send(path_of(desk), sent)
    assert "are refused there with 403" in said(asked.text)
    assert "others can read them" in said(asked.text)
    assert 'value="Disabled" checked' in desk.browser.get(path_of(desk)).text
    saved = desk.browser.send(path_of(desk), {**sent, "confirmed": "on"})
    assert "The configuration is saved" in said(saved.text)
    assert 'value="Enforced" checked' in saved.text
    assert "Configuration changed" in said(saved.text)


def test_a_change_without_consequences_is_saved_at_once(desk: Desk) -> None:
    saved = desk.browser.send(path_of(desk), {**SETTINGS, "logins_per_minute": "30"})
    assert "The configuration is saved" in said(saved.text)
    assert 'value="30"' in saved.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"logins_per_minute": "0"}, "logins_per_minute"),
        ({"logins_per_day": "many"}, "logins_per_day"),
        ({"tokens_per_client_per_day": "1000001"}, "tokens_per_client_per_day"),
        ({"url_flavour": "moon"}, "url_flavour"),
        ({"token_form": ""}, "token_form"),
    ],
)
def test_a_mistake_is_shown_beside_its_field(
    desk: Desk, changes: dict[str, str], field: str
) -> None:
    answer = desk.browser.send(path_of(desk), {**SETTINGS, **changes})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_an_unknown_mode_of_scopes_is_refused(desk: Desk) -> None:
    answer = desk.browser.send(path_of(desk), {**SETTINGS, "scope_mode": "Sometimes"})
    assert answer.status_code == 422
    assert "Choose one of these." in said(answer.text)


def test_a_scope_is_added_once_and_deleted_after_a_question(desk: Desk) -> None:
    path = f"{path_of(desk)}/scopes"
    fields = {"name": "Acme:orders/read", "description": "Reads orders"}
    added = desk.browser.send(f"{path}/add", fields)
    assert "Scope Acme:orders/read is added." in said(added.text)
    again = desk.browser.send(f"{path}/add", fields)
    assert again.status_code == 409
    assert 'id="name-error"' in again.text
    delete = f"{path}/Acme:orders/read/delete"
    assert "keep the name" in said(desk.browser.get(delete).text)
    assert "is deleted" in said(desk.browser.send(delete).text)
    assert desk.browser.get(delete).status_code == 404


@pytest.mark.parametrize("name", ["", "Infor-Mine", "openid", "two words", "x" * 51])
def test_a_scope_that_cannot_be_is_refused_beside_its_field(desk: Desk, name: str) -> None:
    answer = desk.browser.send(f"{path_of(desk)}/scopes/add", {"name": name})
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text


def test_only_an_administrator_configures_and_only_by_the_form(desk: Desk) -> None:
    assert desk.browser.http.post(path_of(desk), data=SETTINGS).status_code == 403
    desk.add_user("bob")
    desk.sign_in_as("bob")
    for page in ("", "/scopes/add", "/scopes/x/delete"):
        assert desk.browser.get(path_of(desk) + page).status_code == 403
    assert desk.browser.send(path_of(desk), SETTINGS, form_at="/account").status_code == 403
    assert desk.browser.get("/ion-api/OTHER_TST/configuration").status_code == 404
