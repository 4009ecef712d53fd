from __future__ import annotations

import json
import re

import pytest

from tests.support.web import PASSWORD, said
from tests.support.whole import Desk

_SERVICE_ACCOUNT = {"create_service_account": "on", "without_user": "on"}


def test_the_list_says_what_to_do_first_and_then_shows_sorts_and_filters(desk: Desk) -> None:
    assert "Add the first app" in said(desk.browser.get(desk.apps_path).text)
    desk.add_app("Zeta_TST")
    desk.add_app("alpha_TST")
    page = desk.browser.get(desk.apps_path).text
    assert page.index("alpha_TST") < page.index("Zeta_TST")
    turned = desk.browser.get(f"{desk.apps_path}?sort=name&dir=desc").text
    assert turned.index("Zeta_TST") < turned.index("alpha_TST")
    found = said(desk.browser.get(f"{desk.apps_path}?q=ALPHA").text)
    assert "alpha_TST" in found
    assert "Zeta_TST" not in found
    assert "No app matches" in said(desk.browser.get(f"{desk.apps_path}?q=nothing").text)


def test_the_list_filters_by_type_and_status_on_the_server(desk: Desk) -> None:
    disabled = desk.add_app("Closed_TST")
    desk.browser.send(f"{disabled.url.path}/disable")
    desk.add_app("Open_TST")
    desk.add_app(
        "Portal_TST", type="Web", shown_type="Web", redirect_urls="https://app.example.com/back",
        grant_type="",
    )  # fmt: skip

    def listed(query: str) -> set[str]:
        page = desk.browser.get(f"{desk.apps_path}?{query}").text
        return {name for name in ("Closed_TST", "Open_TST", "Portal_TST") if f">{name}<" in page}

    assert listed("") == {"Closed_TST", "Open_TST", "Portal_TST"}
    assert listed("type=Web") == {"Portal_TST"}
    assert listed("type=Backend+Service") == {"Closed_TST", "Open_TST"}
    assert listed("disabled=yes") == {"Closed_TST"}
    assert listed("type=Backend+Service&disabled=no&q=tst&sort=type&dir=desc") == {"Open_TST"}
    assert listed("type=nonsense&disabled=perhaps") == {"Closed_TST", "Open_TST", "Portal_TST"}
    assert "No app matches" in said(desk.browser.get(f"{desk.apps_path}?type=Mobile+-+IOS").text)


@pytest.mark.parametrize("query", ["sort=evil&dir=x", "page=0", "page=999999999", "page=-1&q=%25"])
def test_a_strange_address_of_a_list_is_no_error(desk: Desk, query: str) -> None:
    desk.add_app()
    assert desk.browser.get(f"{desk.apps_path}?{query}").status_code == 200


def test_a_saved_app_shows_client_id_and_the_secret_as_dots(desk: Desk) -> None:
    answer = desk.add_app(" My app, kept exactly_TST")
    page = said(answer.text)
    assert answer.status_code == 200
    assert re.search(r"IONPORT_TST~[\w-]{43}", page)
    assert "••••••••" in page
    assert not re.search(r"[\w-]{86}", page)
    assert "Never expires" in page


def test_without_the_switch_the_grant_lifetime_does_not_count(desk: Desk) -> None:
    answer = desk.add_app(issue_refresh_tokens="", refresh_token="1", refresh_token_unit="minutes")
    assert answer.status_code == 200
    assert "Issue Refresh Tokens Off" in said(answer.text)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"description": ""}, "description"),
        ({"access_token": "many"}, "access_token"),
        ({"access_token": "2", "access_token_unit": "days"}, "access_token"),
        ({"refresh_token": "1"}, "refresh_token"),
    ],
)
def test_a_mistake_is_shown_beside_its_field_with_what_was_typed(
    desk: Desk, changes: dict[str, str], field: str
) -> None:
    answer = desk.add_app(**{"name": "Typed_TST", **changes})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    if "name" not in changes:
        assert 'value="Typed_TST"' in answer.text


def test_an_app_that_exists_is_found_whatever_the_case_and_linked(desk: Desk) -> None:
    first = desk.add_app("DocBits_TST")
    answer = desk.add_app("DOCBITS_tst")
    assert answer.status_code == 409
    assert f'href="{first.url.path}"' in answer.text
    assert "Open the existing app" in answer.text


def test_the_file_is_named_after_the_app_and_downloaded_with_the_password_only(
    desk: Desk,
) -> None:
    path = f"{desk.add_app('Docs & Bits 50%_TST').url.path}/download"
    refused = desk.browser.send(path, {**_SERVICE_ACCOUNT, "password": "wrong"})
    assert refused.status_code == 422
    assert 'id="password-error"' in refused.text
    fields = {**_SERVICE_ACCOUNT, "password": PASSWORD.reveal()}
    answer = desk.browser.send(path, fields)
    assert answer.headers["cache-control"] == "no-store"
    assert (
        "filename*=UTF-8''Docs%20%26%20Bits%2050%25_TST.ionapi"
        in (answer.headers["content-disposition"])
    )
    assert json.loads(answer.content)["cn"] == "Docs & Bits 50%_TST"


def test_a_credential_is_never_sent_to_a_get(desk: Desk) -> None:
    path = desk.add_app().url.path
    for page in (path, f"{path}/download", f"{path}/reveal"):
        assert not re.search(r"[\w-]{86}", desk.browser.get(page).text)


def test_without_create_service_account_the_file_has_no_account(desk: Desk) -> None:
    path = f"{desk.add_app().url.path}/download"
    content = desk.browser.send(path, {"password": PASSWORD.reveal()}).content
    assert "saak" not in json.loads(content)


def test_an_exact_user_name_counts_as_chosen_and_nobody_chosen_is_asked(desk: Desk) -> None:
    desk.add_user("bob")
    desk.add_user("bobby")
    path = desk.add_app().url.path
    sent = {"create_service_account": "on", "password": PASSWORD.reveal()}
    asked = desk.browser.send(f"{path}/download", sent)
    assert asked.status_code == 422
    assert "Nobody is chosen." in said(asked.text)
    unknown = desk.browser.send(f"{path}/download", {**sent, "user_search": "bo"})
    assert "No user is called bo." in said(unknown.text)
    assert "Bobby Example" in said(unknown.text)
    assert "No service account" in said(desk.browser.get(path).text)
    named = desk.browser.send(f"{path}/download", {**sent, "user_search": " Bob "})
    assert "saak" in named.json()
    page = said(desk.browser.get(path).text)
    assert "Bob Example" in page
    assert "Bobby" not in page


def test_the_user_is_found_by_the_button_and_by_typing_and_stays_chosen(desk: Desk) -> None:
    bob = desk.add_user("bob")
    path = desk.add_app().url.path
    search = {"create_service_account": "on", "user_search": "BO", "action": "search"}
    by_button = desk.browser.send(f"{path}/download", search)
    assert "Bob Example" in by_button.text
    by_typing = desk.browser.get(f"{path}/users?user_search=bo")
    assert "Bob Example" in by_typing.text
    assert "<html" not in by_typing.text
    chosen = {**search, "user_id": bob}
    again = desk.browser.send(f"{path}/download", chosen)
    assert re.search(rf'value="{bob}" checked', again.text)
    sent = {"create_service_account": "on", "user_id": bob, "password": PASSWORD.reveal()}
    assert desk.browser.send(f"{path}/download", sent).status_code == 200
    assert "Bob Example" in said(desk.browser.get(path).text)


def test_a_user_of_nowhere_is_refused_beside_the_field(desk: Desk) -> None:
    path = f"{desk.add_app().url.path}/download"
    fields = {
        "create_service_account": "on",
        "user_id": "usr_nobody",
        "password": PASSWORD.reveal(),
    }
    answer = desk.browser.send(path, fields)
    assert answer.status_code == 422
    assert "Choose an enabled user" in answer.text


def test_reveal_shows_the_secret_of_the_file_once(desk: Desk) -> None:
    path = desk.add_app().url.path
    fields = {**_SERVICE_ACCOUNT, "password": PASSWORD.reveal()}
    secret = json.loads(desk.browser.send(f"{path}/download", fields).content)["cs"]
    wrong = desk.browser.send(f"{path}/reveal", {"password": "wrong"})
    assert wrong.status_code == 422
    assert secret not in wrong.text
    shown = desk.browser.send(f"{path}/reveal", {"password": PASSWORD.reveal()})
    assert secret in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert secret not in desk.browser.get(path).text


def test_an_account_that_was_never_used_is_made_again_with_new_keys(desk: Desk) -> None:
    old = json.loads(desk.credentials())
    path = desk.add_app().text
    detail = re.search(rf'href="({desk.apps_path}/app_\w+)"', path)
    assert detail is not None
    page = desk.browser.get(detail[1]).text
    assert "never used" in said(page)
    replace = re.search(r'href="([^"]+/service-accounts/[^"]+/replace)"', page)
    assert replace is not None
    new = desk.browser.send(replace[1], {"password": PASSWORD.reveal()})
    assert json.loads(new.content)["saak"] != old["saak"]
    assert said(desk.browser.get(detail[1]).text).count("never used") == 1 + 1


def test_deleting_asks_first_and_leaves_the_list(desk: Desk) -> None:
    path = desk.add_app().url.path
    assert "This cannot be undone." in desk.browser.get(f"{path}/delete").text
    assert desk.browser.get(path).status_code == 200
    answer = desk.browser.send(f"{path}/delete")
    assert answer.url.path == desk.apps_path
    assert "DocBits_TST is deleted." in said(answer.text)
    assert desk.browser.get(path).status_code == 404


def test_a_member_without_the_role_sees_no_app_and_is_told_which_role_is_missing(
    desk: Desk,
) -> None:
    path = desk.add_app().url.path
    desk.add_user("bob")
    desk.sign_in_as("bob")
    pages = (desk.apps_path, f"{desk.apps_path}/add", path, f"{path}/users", f"{path}/download")
    for page in pages:
        answer = desk.browser.get(page)
        assert answer.status_code == 403, page
        assert "IONAPI-Administrator" in answer.text


def test_another_tenants_pages_are_not_found(desk: Desk) -> None:
    for page in ("/ion-api/OTHER_TST/authorized-apps", "/ion-api/OTHER_TST/authorized-apps/add"):
        assert desk.browser.get(page).status_code == 404
