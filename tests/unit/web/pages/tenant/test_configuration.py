from __future__ import annotations

import pytest

from tests.support.web import said
from tests.support.whole import Site

SETTINGS = {
    "scope_mode": "Disabled",
    "url_flavour": "cloud",
    "token_form": "infor",
    "refusal_form": "explained",
    "logins_per_minute": "20",
    "logins_per_day": "1000",
    "tokens_per_client_per_day": "100",
}


def path_of(site: Site) -> str:
    return f"/ion-api/{site.tenant.tenant_id}/configuration"


def test_scopes_limits_and_the_implicit_grant_are_off_at_first(site: Site) -> None:
    page = site.browser.get(path_of(site)).text
    assert 'value="Disabled" checked' in page
    assert 'name="implicit_allowed" checked' not in page
    assert 'name="limits_are_on" checked' not in page
    assert "RFC 9700" in page


def test_what_can_stop_clients_asks_first(site: Site) -> None:
    sent = {**SETTINGS, "scope_mode": "Enforced", "implicit_allowed": "on"}
    asked = site.browser.send(path_of(site), sent)
    assert "are refused there with 403" in said(asked.text)
    assert "others can read them" in said(asked.text)
    assert 'value="Disabled" checked' in site.browser.get(path_of(site)).text
    saved = site.browser.send(path_of(site), {**sent, "confirmed": "on"})
    assert "The configuration is saved" in said(saved.text)
    assert 'value="Enforced" checked' in saved.text
    assert "Configuration changed" in said(saved.text)


def test_a_change_without_consequences_is_saved_at_once(site: Site) -> None:
    saved = site.browser.send(path_of(site), {**SETTINGS, "logins_per_minute": "30"})
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
    site: Site, changes: dict[str, str], field: str
) -> None:
    answer = site.browser.send(path_of(site), {**SETTINGS, **changes})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_an_unknown_mode_of_scopes_is_refused(site: Site) -> None:
    answer = site.browser.send(path_of(site), {**SETTINGS, "scope_mode": "Sometimes"})
    assert answer.status_code == 422
    assert "Choose one of these." in said(answer.text)


def test_a_scope_is_added_once_and_deleted_after_a_question(site: Site) -> None:
    path = f"{path_of(site)}/scopes"
    fields = {"name": "Acme:orders/read", "description": "Reads orders"}
    added = site.browser.send(f"{path}/add", fields)
    assert "Scope Acme:orders/read is added." in said(added.text)
    again = site.browser.send(f"{path}/add", fields)
    assert again.status_code == 409
    assert 'id="name-error"' in again.text
    delete = f"{path}/Acme:orders/read/delete"
    assert "keep the name" in said(site.browser.get(delete).text)
    assert "is deleted" in said(site.browser.send(delete).text)
    assert site.browser.get(delete).status_code == 404


@pytest.mark.parametrize("name", ["", "Infor-Mine", "openid", "two words", "x" * 51])
def test_a_scope_that_cannot_be_is_refused_beside_its_field(site: Site, name: str) -> None:
    answer = site.browser.send(f"{path_of(site)}/scopes/add", {"name": name})
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text


def test_only_an_administrator_configures_and_only_by_the_form(site: Site) -> None:
    assert site.browser.http.post(path_of(site), data=SETTINGS).status_code == 403
    site.add_user("bob")
    site.sign_in_as("bob")
    for page in ("", "/scopes/add", "/scopes/x/delete"):
        assert site.browser.get(path_of(site) + page).status_code == 403
    assert site.browser.send(path_of(site), SETTINGS, form_at="/account").status_code == 403
    assert site.browser.get("/ion-api/OTHER_TST/configuration").status_code == 404
