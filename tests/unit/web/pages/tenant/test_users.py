from __future__ import annotations

import re

import pytest

from ionport.identity.access import Access
from ionport.identity.model import Actor, OrganizationRole, TenantRole
from ionport.store import TenantScope
from tests.support.web import PASSWORD, said
from tests.support.whole import Desk

ANOTHER = "another good password"


def users_path(desk: Desk) -> str:
    return f"/ion-api/{desk.tenant.tenant_id}/users"


def add(desk: Desk, username: str = "bob") -> str:
    """Make a user who has a password and return the path of their page."""
    return f"{users_path(desk)}/{desk.add_user(username, organization_role=None)}"


def test_only_who_is_added_knows_the_password(desk: Desk) -> None:
    form = desk.browser.get(f"{users_path(desk)}/add").text
    assert 'type="password"' not in form
    fields = {"full_name": "Carol Example", "email": "carol@example.com", "role": "user"}
    answer = desk.browser.send(f"{users_path(desk)}/add", {"username": "carol", **fields})
    assert "carol is added, and can sign in once a password is chosen." in said(answer.text)
    link = re.search(r"/set-password/[\w-]+", answer.text)
    assert link is not None
    assert "carol@example.com" in desk.browser.get(users_path(desk)).text
    chosen = {"new_password": PASSWORD.reveal(), "repeated": PASSWORD.reveal()}
    desk.browser.send(link[0], chosen)
    desk.sign_in_as("carol")


def test_the_list_filters_sorts_and_says_what_is_missing(desk: Desk) -> None:
    add(desk, "zoe")
    page = said(desk.browser.get(users_path(desk)).text)
    assert page.index("ada") < page.index("zoe")
    turned = said(desk.browser.get(f"{users_path(desk)}?sort=username&dir=desc").text)
    assert turned.index("zoe") < turned.index("Ada Example")
    plain = said(desk.browser.get(f"{users_path(desk)}?role=user").text)
    assert "zoe" in plain
    assert "Ada Example" not in plain
    assert "No user matches" in said(desk.browser.get(f"{users_path(desk)}?q=nobody").text)
    assert "No user matches" in said(desk.browser.get(f"{users_path(desk)}?status=disabled").text)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "two words"}, "username"),
        ({"username": "ADA"}, "username"),
        ({"email": "nowhere"}, "email"),
        ({"role": "king"}, "role"),
    ],
)
def test_a_mistake_is_shown_beside_its_field_and_nobody_is_added(
    desk: Desk, changes: dict[str, str], field: str
) -> None:
    fields = {"username": "bob", "role": "user", "full_name": "", "email": "", **changes}
    answer = desk.browser.send(f"{users_path(desk)}/add", fields)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert "1 entry" in said(desk.browser.get(users_path(desk)).text)


def test_a_role_is_given_and_noted(desk: Desk) -> None:
    path = add(desk)
    sent = {f"tenant:{desk.tenant.tenant_id}": "IONAPI-Administrator"}
    answer = desk.browser.send(f"{path}/roles", sent, form_at=path)
    assert "Role set: IONAPI-Administrator" in said(answer.text)
    desk.sign_in_as("bob")
    assert desk.browser.get(desk.apps_path).status_code == 200


def test_a_user_gets_into_the_organization_too(desk: Desk) -> None:
    path = add(desk)
    sent = {f"organization:{desk.organization.organization_id}": OrganizationRole.USER.value}
    desk.browser.send(f"{path}/roles", sent, form_at=path)
    desk.sign_in_as("bob")
    assert desk.browser.get("/documents").status_code == 200


def test_the_last_administrator_stays(desk: Desk) -> None:
    page = desk.browser.get(users_path(desk)).text
    found = re.search(rf'href="({users_path(desk)}/usr_\w+)"', page)
    assert found is not None
    sent = {f"tenant:{desk.tenant.tenant_id}": "user"}
    answer = desk.browser.send(f"{found[1]}/roles", sent, form_at=found[1])
    assert answer.status_code == 409
    assert "Give the role to somebody else first" in said(answer.text)
    assert desk.browser.send(f"{found[1]}/remove").status_code == 409
    assert desk.browser.get(desk.apps_path).status_code == 200


def test_a_disabled_user_is_signed_out_and_may_come_back(desk: Desk) -> None:
    path = add(desk)
    assert "cannot sign in" in said(desk.browser.get(f"{path}/disable").text)
    assert "disabled" in said(desk.browser.send(f"{path}/disable").text)
    desk.browser.http.cookies.clear()
    assert desk.browser.sign_in("bob").status_code == 401
    desk.sign_in_as("ada")
    assert "User enabled" in said(desk.browser.send(f"{path}/enable", form_at=path).text)
    desk.sign_in_as("bob")


def test_a_removed_user_is_in_the_list_no_more(desk: Desk) -> None:
    path = add(desk)
    answer = desk.browser.send(f"{path}/remove")
    assert "bob no longer belongs to" in said(answer.text)
    assert desk.browser.get(path).status_code == 404


def test_a_user_of_another_tenant_is_not_found(desk: Desk) -> None:
    stranger = desk.add_user("eve", tenant_role=None)
    operator, identity = Actor.operator(), desk.application.identity
    with desk.application.database.write() as work:
        identity.create_tenant(work, operator, "OTHER_PRD", stranger)
    path = f"{users_path(desk)}/{stranger}"
    for page in (path, f"{path}/disable", f"{path}/password", f"{path}/sessions/end"):
        assert desk.browser.get(page).status_code == 404
    for action in (
        "roles",
        "disable",
        "enable",
        "password",
        "remove",
        "links/revoke",
        "sessions/end",
    ):
        answer = desk.browser.send(f"{path}/{action}", form_at=users_path(desk))
        assert answer.status_code == 404, action
    assert "eve" not in desk.browser.get(users_path(desk)).text
    assert desk.browser.get("/ion-api/OTHER_PRD/users").status_code == 404


def test_an_account_used_elsewhere_offers_neither_disabling_nor_a_password(desk: Desk) -> None:
    path = add(desk)
    operator, identity = Actor.operator(), desk.application.identity
    with desk.application.database.write() as work:
        identity.create_tenant(work, operator, "OTHER_PRD", path.rpartition("/")[2])
    page = desk.browser.get(path)
    assert "also used where you are no administrator" in said(page.text)
    assert f"{path}/disable" not in page.text
    assert desk.browser.send(f"{path}/disable").status_code == 403


def test_an_administrator_of_two_tenants_moves_a_user_between_them(desk: Desk) -> None:
    path = add(desk)
    operator, identity = Actor.operator(), desk.application.identity
    with desk.application.database.write() as work:
        ada = identity.find_user(work, "ada")
        assert ada is not None
        identity.create_tenant(work, operator, "OTHER_PRD", ada.id)
    sent = {"tenant:OTHER_PRD": "user"}
    desk.browser.send(f"{path}/roles", sent, form_at=path)
    assert "bob" in desk.browser.get("/ion-api/OTHER_PRD/users").text
    desk.browser.send(f"{path}/roles", {"tenant:OTHER_PRD": "none"}, form_at=path)
    assert "bob" not in desk.browser.get("/ion-api/OTHER_PRD/users").text
    with desk.application.database.read() as work:
        member = desk.application.members.get_member(
            Access(work, TenantScope(desk.tenant.tenant_id), operator), path.rpartition("/")[2]
        )
    assert member.role is TenantRole.USER


def test_a_plain_user_sees_no_users_and_a_foreign_form_changes_nothing(desk: Desk) -> None:
    path = add(desk)
    forged = desk.browser.http.post(f"{path}/disable", data={})
    assert forged.status_code == 403
    crossed = desk.browser.send(f"{path}/disable", headers={"Sec-Fetch-Site": "cross-site"})
    assert crossed.status_code == 403
    desk.sign_in_as("bob")
    for page in (users_path(desk), f"{users_path(desk)}/add", path, f"{path}/password"):
        answer = desk.browser.get(page)
        assert answer.status_code == 403
        assert "IONAPI-Administrator" in answer.text
