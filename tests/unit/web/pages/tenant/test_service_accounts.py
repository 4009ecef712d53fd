from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta

import httpx2
import pytest

from tests.support.web import PASSWORD, said
from tests.support.whole import Desk


def path_of(desk: Desk) -> str:
    return f"/ion-api/{desk.tenant.tenant_id}/service-accounts"


def app_id(desk: Desk, name: str = "DocBits_TST", **changes: str) -> str:
    return desk.add_app(name, **changes).url.path.rpartition("/")[2]


def add(desk: Desk, app_id: str, **changes: str) -> httpx2.Response:
    fields = {"app": app_id, "description": "Nightly run", "password": PASSWORD.reveal()}
    return desk.browser.send(f"{path_of(desk)}/add", {**fields, **changes})


def only_account(desk: Desk) -> str:
    found = re.findall(rf'href="({path_of(desk)}/sac_\w+)"', desk.browser.get(path_of(desk)).text)
    assert len(found) == 1
    return str(found[0])


def token_status(desk: Desk, app: str, row: dict[str, str]) -> int:
    download = desk.browser.send(
        f"{desk.apps_path}/{app}/download", {"password": PASSWORD.reveal()}
    )
    file = json.loads(download.content)
    form = {"grant_type": "password", "username": row["Access Key"], "password": row["Secret Key"]}
    return httpx2.post(
        file["pu"] + file["ot"], data=form, auth=(file["ci"], file["cs"])
    ).status_code


def test_the_empty_list_says_what_to_do(desk: Desk) -> None:
    assert "Add the first service account" in said(desk.browser.get(path_of(desk)).text)
    assert "There is no app" in said(desk.browser.get(f"{path_of(desk)}/add").text)


def test_the_keys_come_once_as_csv_and_log_in(desk: Desk) -> None:
    app = app_id(desk)
    answer = add(desk, app)
    assert "service-account.csv" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert token_status(desk, app, row) == 200
    for page in (path_of(desk), only_account(desk)):
        assert row["Secret Key"] not in desk.browser.get(page).text


def test_an_account_without_a_user_is_warned_of(desk: Desk) -> None:
    add(desk, app_id(desk))
    assert "no user" in said(desk.browser.get(path_of(desk)).text)
    assert "Illegal impersonation attempt (163)" in said(desk.browser.get(only_account(desk)).text)


def test_a_user_is_found_linked_and_changed(desk: Desk) -> None:
    bob = desk.add_user("bob")
    app = app_id(desk)
    search = {"app": app, "user_search": "BO", "action": "search", "description": "Kept"}
    found = desk.browser.send(f"{path_of(desk)}/add", search)
    assert "Bob Example" in found.text
    assert 'value="Kept"' in found.text
    assert "Bob Example" in desk.browser.get(f"{path_of(desk)}/users?user_search=bo").text
    add(desk, app, user_id=bob, scopes="Infor-IDM\nInfor-ION")
    page = desk.browser.get(only_account(desk))
    assert "impersonation attempt" not in page.text.partition("account-change")[0]
    assert re.search(rf'value="{bob}" checked', page.text)
    ticked = re.findall(r'name="scope" value="([^"]+)" checked', page.text)
    assert ticked == ["Infor-IDM", "Infor-ION"]
    changed = desk.browser.send(only_account(desk), {"description": "Other", "user_id": ""})
    assert "The service account is saved." in said(changed.text)
    assert "No user is linked" in said(changed.text)


def test_a_disabled_account_cannot_log_in_until_it_is_enabled(desk: Desk) -> None:
    app = app_id(desk)
    (row,) = csv.DictReader(io.StringIO(add(desk, app).text))
    account = only_account(desk)
    assert "can no longer log in" in said(desk.browser.get(f"{account}/disable").text)
    desk.browser.send(f"{account}/disable")
    assert token_status(desk, app, row) == 400
    assert "No service account" in said(desk.browser.get(f"{path_of(desk)}?disabled=no").text)
    desk.browser.send(f"{account}/enable", form_at=account)
    assert token_status(desk, app, row) == 200


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
    desk: Desk, changes: dict[str, str], field: str
) -> None:
    answer = add(desk, app_id(desk), **changes)
    assert answer.status_code in (404, 422)
    assert f'id="{field}-error"' in answer.text


def test_a_machine_app_is_not_offered(desk: Desk) -> None:
    machine = app_id(desk, "Machine_TST", grant_type="Client Credentials")
    app_id(desk)
    page = desk.browser.get(f"{path_of(desk)}/add").text
    assert machine not in page
    assert add(desk, machine).status_code == 422


def test_the_list_filters_and_sorts(desk: Desk) -> None:
    add(desk, app_id(desk, "Zeta_TST"), description="First")
    add(desk, app_id(desk, "Alpha_TST"), description="Second")
    page = said(desk.browser.get(f"{path_of(desk)}?sort=app&dir=asc").text)
    assert page.index("Alpha_TST") < page.index("Zeta_TST")
    found = said(desk.browser.get(f"{path_of(desk)}?q=zeta").text)
    assert "First" in found
    assert "Second" not in found
    assert "No service account matches" in said(desk.browser.get(f"{path_of(desk)}?user=yes").text)


def test_rights_other_tenants_and_forged_forms(desk: Desk) -> None:
    add(desk, app_id(desk))
    account = only_account(desk)
    assert desk.browser.http.post(f"{account}/disable", data={}).status_code == 403
    assert desk.browser.get(f"{path_of(desk)}/sac_unknown").status_code == 404
    assert desk.browser.get("/ion-api/OTHER_TST/service-accounts").status_code == 404
    desk.add_user("bob")
    desk.sign_in_as("bob")
    for page in ("", "/add", "/users?user_search=a", f"/{account.rpartition('/')[2]}"):
        assert desk.browser.get(path_of(desk) + page).status_code == 403


def test_an_end_is_kept_told_before_and_refuses_logins_after(desk: Desk) -> None:
    app = app_id(desk)
    (row,) = csv.DictReader(io.StringIO(add(desk, app).text))
    account = only_account(desk)
    now = desk.application.clock.now().date()
    for day, status, text in (
        (now + timedelta(days=200), 200, "enabled"),
        (now + timedelta(days=3), 200, "ends in 3 days"),
        (now, 200, "ends today"),
        (now - timedelta(days=1), 400, "ended"),
    ):
        desk.browser.send(account, {"description": "Nightly run", "ends_on": day.isoformat()})
        page = said(desk.browser.get(path_of(desk)).text)
        assert text in page
        assert token_status(desk, app, row) == status
    assert "Its credentials ended on" in said(desk.browser.get(account).text)
    wrong = desk.browser.send(account, {"description": "", "ends_on": "soon"})
    assert wrong.status_code == 422
    assert "Enter a day such as" in said(wrong.text)


def test_a_person_sees_which_accounts_act_as_them(desk: Desk) -> None:
    bob = desk.add_user("bob")
    add(desk, app_id(desk), user_id=bob, ends_on="2099-12-31")
    assert "Service accounts that act as you" not in said(desk.browser.get("/account").text)
    desk.sign_in_as("bob")
    page = said(desk.browser.get("/account").text)
    assert "Service accounts that act as you" in page
    assert "2099-12-31" in page
