from __future__ import annotations

import json
import re

import pytest

from tests.support.web import PASSWORD, said
from tests.support.whole import Site

_SERVICE_ACCOUNT = {"create_service_account": "on", "without_user": "on"}


def test_the_list_says_what_to_do_first_and_then_shows_sorts_and_filters(site: Site) -> None:
    assert "Add the first app" in said(site.browser.get(site.apps_path).text)
    site.add_app("Zeta_TST")
    site.add_app("alpha_TST")
    page = site.browser.get(site.apps_path).text
    assert page.index("alpha_TST") < page.index("Zeta_TST")
    turned = site.browser.get(f"{site.apps_path}?sort=name&dir=desc").text
    assert turned.index("Zeta_TST") < turned.index("alpha_TST")
    found = said(site.browser.get(f"{site.apps_path}?q=ALPHA").text)
    assert "alpha_TST" in found
    assert "Zeta_TST" not in found
    assert "No app matches" in said(site.browser.get(f"{site.apps_path}?q=nothing").text)


def test_the_list_filters_by_type_and_status_on_the_server(site: Site) -> None:
    disabled = site.add_app("Closed_TST")
    site.browser.send(f"{disabled.url.path}/disable")
    site.add_app("Open_TST")
    site.add_app(
        "Portal_TST", type="Web", shown_type="Web", redirect_urls="https://app.example.com/back",
        grant_type="",
    )  # fmt: skip

    def listed(query: str) -> set[str]:
        page = site.browser.get(f"{site.apps_path}?{query}").text
        return {name for name in ("Closed_TST", "Open_TST", "Portal_TST") if f">{name}<" in page}

    assert listed("") == {"Closed_TST", "Open_TST", "Portal_TST"}
    assert listed("type=Web") == {"Portal_TST"}
    assert listed("type=Backend+Service") == {"Closed_TST", "Open_TST"}
    assert listed("disabled=yes") == {"Closed_TST"}
    assert listed("type=Backend+Service&disabled=no&q=tst&sort=type&dir=desc") == {"Open_TST"}
    assert listed("type=nonsense&disabled=perhaps") == {"Closed_TST", "Open_TST", "Portal_TST"}
    assert "No app matches" in said(site.browser.get(f"{site.apps_path}?type=Mobile+-+IOS").text)


@pytest.mark.parametrize("query", ["sort=evil&dir=x", "page=0", "page=999999999", "page=-1&q=%25"])
def test_a_strange_address_of_a_list_is_no_error(site: Site, query: str) -> None:
    site.add_app()
    assert site.browser.get(f"{site.apps_path}?{query}").status_code == 200


def test_a_saved_app_shows_client_id_and_the_secret_as_dots(site: Site) -> None:
    answer = site.add_app(" My app, kept exactly_TST")
    page = said(answer.text)
    assert answer.status_code == 200
    assert re.search(r"IONPORT_TST~[\w-]{43}", page)
    assert "••••••••" in page
    assert not re.search(r"[\w-]{86}", page)
    assert "Never expires" in page


def test_without_the_switch_the_grant_lifetime_does_not_count(site: Site) -> None:
    answer = site.add_app(issue_refresh_tokens="", refresh_token="1", refresh_token_unit="minutes")
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
    site: Site, changes: dict[str, str], field: str
) -> None:
    answer = site.add_app(**{"name": "Typed_TST", **changes})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    if "name" not in changes:
        assert 'value="Typed_TST"' in answer.text


def test_an_app_that_exists_is_found_whatever_the_case_and_linked(site: Site) -> None:
    first = site.add_app("DocBits_TST")
    answer = site.add_app("DOCBITS_tst")
    assert answer.status_code == 409
    assert f'href="{first.url.path}"' in answer.text
    assert "Open the existing app" in answer.text


def test_the_file_is_named_after_the_app_and_downloaded_with_the_password_only(
    site: Site,
) -> None:
    path = f"{site.add_app('Docs & Bits 50%_TST').url.path}/download"
    refused = site.browser.send(path, {**_SERVICE_ACCOUNT, "password": "wrong"})
    assert refused.status_code == 422
    assert 'id="password-error"' in refused.text
    fields = {**_SERVICE_ACCOUNT, "password": PASSWORD.reveal()}
    answer = site.browser.send(path, fields)
    assert answer.headers["cache-control"] == "no-store"
    assert (
        "filename*=UTF-8''Docs%20%26%20Bits%2050%25_TST.ionapi"
        in (answer.headers["content-disposition"])
    )
    assert json.loads(answer.content)["cn"] == "Docs & Bits 50%_TST"


def test_a_credential_is_never_sent_to_a_get(site: Site) -> None:
    path = site.add_app().url.path
    for page in (path, f"{path}/download", f"{path}/reveal"):
        assert not re.search(r"[\w-]{86}", site.browser.get(page).text)


def test_without_create_service_account_the_file_has_no_account(site: Site) -> None:
    path = f"{site.add_app().url.path}/download"
    content = site.browser.send(path, {"password": PASSWORD.reveal()}).content
    assert "saak" not in json.loads(content)


def test_an_exact_user_name_counts_as_chosen_and_nobody_chosen_is_asked(site: Site) -> None:
    site.add_user("bob")
    site.add_user("bobby")
    path = site.add_app().url.path
    sent = {"create_service_account": "on", "password": PASSWORD.reveal()}
    asked = site.browser.send(f"{path}/download", sent)
    assert asked.status_code == 422
    assert "Nobody is chosen." in said(asked.text)
    unknown = site.browser.send(f"{path}/download", {**sent, "user_search": "bo"})
    assert "No user is called bo." in said(unknown.text)
    assert "Bobby Example" in said(unknown.text)
    assert "No service account" in said(site.browser.get(path).text)
    named = site.browser.send(f"{path}/download", {**sent, "user_search": " Bob "})
    assert "saak" in named.json()
    page = said(site.browser.get(path).text)
    assert "Bob Example" in page
    assert "Bobby" not in page


def test_the_user_is_found_by_the_button_and_by_typing_and_stays_chosen(site: Site) -> None:
    bob = site.add_user("bob")
    path = site.add_app().url.path
    search = {"create_service_account": "on", "user_search": "BO", "action": "search"}
    by_button = site.browser.send(f"{path}/download", search)
    assert "Bob Example" in by_button.text
    by_typing = site.browser.get(f"{path}/users?user_search=bo")
    assert "Bob Example" in by_typing.text
    assert "<html" not in by_typing.text
    chosen = {**search, "user_id": bob}
    again = site.browser.send(f"{path}/download", chosen)
    assert re.search(rf'value="{bob}" checked', again.text)
    sent = {"create_service_account": "on", "user_id": bob, "password": PASSWORD.reveal()}
    assert site.browser.send(f"{path}/download", sent).status_code == 200
    assert "Bob Example" in said(site.browser.get(path).text)


def test_a_user_of_nowhere_is_refused_beside_the_field(site: Site) -> None:
    path = f"{site.add_app().url.path}/download"
    fields = {
        "create_service_account": "on",
        "user_id": "usr_nobody",
        "password": PASSWORD.reveal(),
    }
    answer = site.browser.send(path, fields)
    assert answer.status_code == 422
    assert "Choose an enabled user" in answer.text


def test_reveal_shows_the_secret_of_the_file_once(site: Site) -> None:
    path = site.add_app().url.path
    fields = {**_SERVICE_ACCOUNT, "password": PASSWORD.reveal()}
    secret = json.loads(site.browser.send(f"{path}/download", fields).content)["cs"]
    wrong = site.browser.send(f"{path}/reveal", {"password": "wrong"})
    assert wrong.status_code == 422
    assert secret not in wrong.text
    shown = site.browser.send(f"{path}/reveal", {"password": PASSWORD.reveal()})
    assert secret in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert secret not in site.browser.get(path).text


def test_an_account_that_was_never_used_is_made_again_with_new_keys(site: Site) -> None:
    old = json.loads(site.credentials())
    path = site.add_app().text
    detail = re.search(rf'href="({site.apps_path}/app_\w+)"', path)
    assert detail is not None
    page = site.browser.get(detail[1]).text
    assert "never used" in said(page)
    replace = re.search(r'href="([^"]+/service-accounts/[^"]+/replace)"', page)
    assert replace is not None
    new = site.browser.send(replace[1], {"password": PASSWORD.reveal()})
    assert json.loads(new.content)["saak"] != old["saak"]
    assert said(site.browser.get(detail[1]).text).count("never used") == 1 + 1


def test_deleting_asks_first_and_leaves_the_list(site: Site) -> None:
    path = site.add_app().url.path
    assert "This cannot be undone." in site.browser.get(f"{path}/delete").text
    assert site.browser.get(path).status_code == 200
    answer = site.browser.send(f"{path}/delete")
    assert answer.url.path == site.apps_path
    assert "DocBits_TST is deleted." in said(answer.text)
    assert site.browser.get(path).status_code == 404


def test_a_member_without_the_role_sees_no_app_and_is_told_which_role_is_missing(
    site: Site,
) -> None:
    path = site.add_app().url.path
    site.add_user("bob")
    site.sign_in_as("bob")
    pages = (site.apps_path, f"{site.apps_path}/add", path, f"{path}/users", f"{path}/download")
    for page in pages:
        answer = site.browser.get(page)
        assert answer.status_code == 403, page
        assert "IONAPI-Administrator" in answer.text


def test_another_tenants_pages_are_not_found(site: Site) -> None:
    for page in ("/ion-api/OTHER_TST/authorized-apps", "/ion-api/OTHER_TST/authorized-apps/add"):
        assert site.browser.get(page).status_code == 404
