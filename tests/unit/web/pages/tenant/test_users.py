from __future__ import annotations

import re

import pytest

from ionport.identity.access import Access
from ionport.identity.model import Actor, OrganizationRole, TenantRole
from ionport.store import TenantScope
from tests.support.web import PASSWORD, said
from tests.support.whole import Site
from tests.unit.web.pages.account.test_second_step import switch_on

ANOTHER = "another good password"


def users_path(site: Site) -> str:
    return f"/ion-api/{site.tenant.tenant_id}/users"


def add(site: Site, username: str = "bob") -> str:
    """Make a user who has a password and return the path of their page."""
    return f"{users_path(site)}/{site.add_user(username, organization_role=None)}"


def test_only_who_is_added_knows_the_password(site: Site) -> None:
    form = site.browser.get(f"{users_path(site)}/add").text
    assert 'type="password"' not in form
    fields = {"full_name": "Carol Example", "email": "carol@example.com", "role": "user"}
    answer = site.browser.send(f"{users_path(site)}/add", {"username": "carol", **fields})
    assert "carol is added, and can sign in once a password is chosen." in said(answer.text)
    link = re.search(r"/set-password/[\w-]+", answer.text)
    assert link is not None
    assert "carol@example.com" in site.browser.get(users_path(site)).text
    chosen = {"new_password": PASSWORD.reveal(), "repeated": PASSWORD.reveal()}
    site.browser.send(link[0], chosen)
    site.sign_in_as("carol")


def test_the_list_filters_sorts_and_says_what_is_missing(site: Site) -> None:
    add(site, "zoe")
    page = said(site.browser.get(users_path(site)).text)
    assert page.index("ada") < page.index("zoe")
    turned = said(site.browser.get(f"{users_path(site)}?sort=username&dir=desc").text)
    assert turned.index("zoe") < turned.index("Ada Example")
    plain = said(site.browser.get(f"{users_path(site)}?role=user").text)
    assert "zoe" in plain
    assert "Ada Example" not in plain
    assert "No user matches" in said(site.browser.get(f"{users_path(site)}?q=nobody").text)
    assert "No user matches" in said(site.browser.get(f"{users_path(site)}?status=disabled").text)


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
    site: Site, changes: dict[str, str], field: str
) -> None:
    fields = {"username": "bob", "role": "user", "full_name": "", "email": "", **changes}
    answer = site.browser.send(f"{users_path(site)}/add", fields)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert "1 entry" in said(site.browser.get(users_path(site)).text)


def test_a_role_is_given_and_noted(site: Site) -> None:
    path = add(site)
    sent = {f"tenant:{site.tenant.tenant_id}": "IONAPI-Administrator"}
    answer = site.browser.send(f"{path}/roles", sent, form_at=path)
    assert "Role set: IONAPI-Administrator" in said(answer.text)
    site.sign_in_as("bob")
    assert site.browser.get(site.apps_path).status_code == 200


def test_a_user_gets_into_the_organization_too(site: Site) -> None:
    path = add(site)
    sent = {f"organization:{site.organization.organization_id}": OrganizationRole.USER.value}
    site.browser.send(f"{path}/roles", sent, form_at=path)
    site.sign_in_as("bob")
    assert site.browser.get("/documents").status_code == 200


def test_the_last_administrator_stays(site: Site) -> None:
    page = site.browser.get(users_path(site)).text
    found = re.search(rf'href="({users_path(site)}/usr_\w+)"', page)
    assert found is not None
    sent = {f"tenant:{site.tenant.tenant_id}": "user"}
    answer = site.browser.send(f"{found[1]}/roles", sent, form_at=found[1])
    assert answer.status_code == 409
    assert "Give the role to somebody else first" in said(answer.text)
    assert site.browser.send(f"{found[1]}/remove").status_code == 409
    assert site.browser.get(site.apps_path).status_code == 200


def test_a_disabled_user_is_signed_out_and_may_come_back(site: Site) -> None:
    path = add(site)
    assert "cannot sign in" in said(site.browser.get(f"{path}/disable").text)
    assert "disabled" in said(site.browser.send(f"{path}/disable").text)
    site.browser.http.cookies.clear()
    assert site.browser.sign_in("bob").status_code == 401
    site.sign_in_as("ada")
    assert "User enabled" in said(site.browser.send(f"{path}/enable", form_at=path).text)
    site.sign_in_as("bob")


def test_a_removed_user_is_in_the_list_no_more(site: Site) -> None:
    path = add(site)
    answer = site.browser.send(f"{path}/remove")
    assert "bob no longer belongs to" in said(answer.text)
    assert site.browser.get(path).status_code == 404


def test_a_user_of_another_tenant_is_not_found(site: Site) -> None:
    stranger = site.add_user("eve", tenant_role=None)
    operator, identity = Actor.operator(), site.application.identity
    with site.application.database.write() as work:
        identity.create_tenant(work, operator, "OTHER_PRD", stranger)
    path = f"{users_path(site)}/{stranger}"
    for page in (path, f"{path}/disable", f"{path}/password", f"{path}/sessions/end"):
        assert site.browser.get(page).status_code == 404
    for action in (
        "roles",
        "disable",
        "enable",
        "password",
        "remove",
        "links/revoke",
        "sessions/end",
    ):
        answer = site.browser.send(f"{path}/{action}", form_at=users_path(site))
        assert answer.status_code == 404, action
    assert "eve" not in site.browser.get(users_path(site)).text
    assert site.browser.get("/ion-api/OTHER_PRD/users").status_code == 404


def test_an_account_used_elsewhere_offers_neither_disabling_nor_a_password(site: Site) -> None:
    path = add(site)
    operator, identity = Actor.operator(), site.application.identity
    with site.application.database.write() as work:
        identity.create_tenant(work, operator, "OTHER_PRD", path.rpartition("/")[2])
    page = site.browser.get(path)
    assert "also used where you are no administrator" in said(page.text)
    assert f"{path}/disable" not in page.text
    assert site.browser.send(f"{path}/disable").status_code == 403


def test_an_administrator_of_two_tenants_moves_a_user_between_them(site: Site) -> None:
    path = add(site)
    operator, identity = Actor.operator(), site.application.identity
    with site.application.database.write() as work:
        ada = identity.find_user(work, "ada")
        assert ada is not None
        identity.create_tenant(work, operator, "OTHER_PRD", ada.id)
    sent = {"tenant:OTHER_PRD": "user"}
    site.browser.send(f"{path}/roles", sent, form_at=path)
    assert "bob" in site.browser.get("/ion-api/OTHER_PRD/users").text
    site.browser.send(f"{path}/roles", {"tenant:OTHER_PRD": "none"}, form_at=path)
    assert "bob" not in site.browser.get("/ion-api/OTHER_PRD/users").text
    with site.application.database.read() as work:
        member = site.application.members.get_member(
            Access(work, TenantScope(site.tenant.tenant_id), operator), path.rpartition("/")[2]
        )
    assert member.role is TenantRole.USER


def test_a_plain_user_sees_no_users_and_a_foreign_form_changes_nothing(site: Site) -> None:
    path = add(site)
    forged = site.browser.http.post(f"{path}/disable", data={})
    assert forged.status_code == 403
    crossed = site.browser.send(f"{path}/disable", headers={"Sec-Fetch-Site": "cross-site"})
    assert crossed.status_code == 403
    site.sign_in_as("bob")
    for page in (users_path(site), f"{users_path(site)}/add", path, f"{path}/password"):
        answer = site.browser.get(page)
        assert answer.status_code == 403
        assert "IONAPI-Administrator" in answer.text


def test_anothers_second_factor_is_switched_off_with_ones_own_password(site: Site) -> None:
    path = add(site)
    site.sign_in_as("bob")
    switch_on(site.browser, site.application.clock)
    site.sign_in_as("ada")
    refused = site.browser.send(f"{path}/second-factor/off", {"password": "wrong"})
    assert refused.status_code == 422
    assert "not your password" in said(refused.text)
    assert "Switch it off" in site.browser.get(f"{path}/second-factor/off").text
    site.browser.send(f"{path}/second-factor/off", {"password": PASSWORD.reveal()})
    assert "Switch it off" not in site.browser.get(f"{path}/second-factor/off").text
