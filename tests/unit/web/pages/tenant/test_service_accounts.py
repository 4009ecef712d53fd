from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta

import httpx2
import pytest

from tests.support.web import PASSWORD, said
from tests.support.whole import Site


def path_of(site: Site) -> str:
    return f"/ion-api/{site.tenant.tenant_id}/service-accounts"


def app_id(site: Site, name: str = "DocBits_TST", **changes: str) -> str:
    return site.add_app(name, **changes).url.path.rpartition("/")[2]


def add(site: Site, app_id: str, **changes: str) -> httpx2.Response:
    fields = {"app": app_id, "description": "Nightly run", "password": PASSWORD.reveal()}
    return site.browser.send(f"{path_of(site)}/add", {**fields, **changes})


def only_account(site: Site) -> str:
    found = re.findall(rf'href="({path_of(site)}/sac_\w+)"', site.browser.get(path_of(site)).text)
    assert len(found) == 1
    return str(found[0])


def token_status(site: Site, app: str, row: dict[str, str]) -> int:
    download = site.browser.send(
        f"{site.apps_path}/{app}/download", {"password": PASSWORD.reveal()}
    )
    file = json.loads(download.content)
    form = {"grant_type": "password", "username": row["Access Key"], "password": row["Secret Key"]}
    return httpx2.post(
        file["pu"] + file["ot"], data=form, auth=(file["ci"], file["cs"])
    ).status_code


def test_the_empty_list_says_what_to_do(site: Site) -> None:
    assert "Add the first service account" in said(site.browser.get(path_of(site)).text)
    assert "There is no app" in said(site.browser.get(f"{path_of(site)}/add").text)


def test_the_keys_come_once_as_csv_and_log_in(site: Site) -> None:
    app = app_id(site)
    answer = add(site, app)
    assert "service-account.csv" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert token_status(site, app, row) == 200
    for page in (path_of(site), only_account(site)):
        assert row["Secret Key"] not in site.browser.get(page).text


def test_an_account_without_a_user_is_warned_of(site: Site) -> None:
    add(site, app_id(site))
    assert "no user" in said(site.browser.get(path_of(site)).text)
    assert "Illegal impersonation attempt (163)" in said(site.browser.get(only_account(site)).text)


def test_a_user_is_found_linked_and_changed(site: Site) -> None:
    bob = site.add_user("bob")
    app = app_id(site)
    search = {"app": app, "user_search": "BO", "action": "search", "description": "Kept"}
    found = site.browser.send(f"{path_of(site)}/add", search)
    assert "Bob Example" in found.text
    assert 'value="Kept"' in found.text
    assert "Bob Example" in site.browser.get(f"{path_of(site)}/users?user_search=bo").text
    add(site, app, user_id=bob, scopes="Infor-IDM\nInfor-ION")
    page = site.browser.get(only_account(site))
    assert "impersonation attempt" not in page.text.partition("account-change")[0]
    assert re.search(rf'value="{bob}" checked', page.text)
    ticked = re.findall(r'name="scope" value="([^"]+)" checked', page.text)
    assert ticked == ["Infor-IDM", "Infor-ION"]
    changed = site.browser.send(only_account(site), {"description": "Other", "user_id": ""})
    assert "The service account is saved." in said(changed.text)
    assert "No user is linked" in said(changed.text)


def test_a_disabled_account_cannot_log_in_until_it_is_enabled(site: Site) -> None:
    app = app_id(site)
    (row,) = csv.DictReader(io.StringIO(add(site, app).text))
    account = only_account(site)
    assert "can no longer log in" in said(site.browser.get(f"{account}/disable").text)
    site.browser.send(f"{account}/disable")
    assert token_status(site, app, row) == 400
    assert "No service account" in said(site.browser.get(f"{path_of(site)}?disabled=no").text)
    site.browser.send(f"{account}/enable", form_at=account)
    assert token_status(site, app, row) == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"app": ""}, "app"),
        ({"app": "app_unknown"}, "app"),
        ({"description": "x" * 201}, "description"),
        ({"scopes": "no/scope?"}, "scopes"),
        ({"password": "wrong"}, "password"),
    ],
)
def test_a_mistake_is_shown_beside_its_field(
    site: Site, changes: dict[str, str], field: str
) -> None:
    answer = add(site, app_id(site), **changes)
    assert answer.status_code in (404, 422)
    assert f'id="{field}-error"' in answer.text


def test_a_machine_app_is_not_offered(site: Site) -> None:
    machine = app_id(site, "Machine_TST", grant_type="Client Credentials")
    app_id(site)
    page = site.browser.get(f"{path_of(site)}/add").text
    assert machine not in page
    assert add(site, machine).status_code == 422


def test_the_list_filters_and_sorts(site: Site) -> None:
    add(site, app_id(site, "Zeta_TST"), description="First")
    add(site, app_id(site, "Alpha_TST"), description="Second")
    page = said(site.browser.get(f"{path_of(site)}?sort=app&dir=asc").text)
    assert page.index("Alpha_TST") < page.index("Zeta_TST")
    found = said(site.browser.get(f"{path_of(site)}?q=zeta").text)
    assert "First" in found
    assert "Second" not in found
    assert "No service account matches" in said(site.browser.get(f"{path_of(site)}?user=yes").text)


def test_rights_other_tenants_and_forged_forms(site: Site) -> None:
    add(site, app_id(site))
    account = only_account(site)
    assert site.browser.http.post(f"{account}/disable", data={}).status_code == 403
    assert site.browser.get(f"{path_of(site)}/sac_unknown").status_code == 404
    assert site.browser.get("/ion-api/OTHER_TST/service-accounts").status_code == 404
    site.add_user("bob")
    site.sign_in_as("bob")
    for page in ("", "/add", "/users?user_search=a", f"/{account.rpartition('/')[2]}"):
        assert site.browser.get(path_of(site) + page).status_code == 403


def test_an_end_is_kept_told_before_and_refuses_logins_after(site: Site) -> None:
    app = app_id(site)
    (row,) = csv.DictReader(io.StringIO(add(site, app).text))
    account = only_account(site)
    now = site.application.clock.now().date()
    for day, status, text in (
        (now + timedelta(days=200), 200, "enabled"),
        (now + timedelta(days=3), 200, "ends in 3 days"),
        (now, 200, "ends today"),
        (now - timedelta(days=1), 400, "ended"),
    ):
        site.browser.send(account, {"description": "Nightly run", "ends_on": day.isoformat()})
        page = said(site.browser.get(path_of(site)).text)
        assert text in page
        assert token_status(site, app, row) == status
    assert "Its credentials ended on" in said(site.browser.get(account).text)
    wrong = site.browser.send(account, {"description": "", "ends_on": "soon"})
    assert wrong.status_code == 422
    assert "Enter a day such as" in said(wrong.text)


def test_a_person_sees_which_accounts_act_as_them(site: Site) -> None:
    bob = site.add_user("bob")
    add(site, app_id(site), user_id=bob, ends_on="2099-12-31")
    assert "Service accounts that act as you" not in said(site.browser.get("/account").text)
    site.sign_in_as("bob")
    page = said(site.browser.get("/account").text)
    assert "Service accounts that act as you" in page
    assert "2099-12-31" in page
