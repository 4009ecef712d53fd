"""Invitations and password resets by one-time link, as people meet them."""

from __future__ import annotations

import re

import pytest

from tests.support.web import PASSWORD, said
from tests.support.whole import Site

NEW = "quite another password"


def users_path(site: Site) -> str:
    return f"/ion-api/{site.tenant.tenant_id}/users"


def link_of(page: str) -> str:
    found = re.search(r"http://[^<\"]+(/set-password/[\w-]+)<", page)
    assert found is not None, page
    return found[1]


def invite(site: Site, username: str = "carol") -> tuple[str, str]:
    """Add a user without a password; returns the link and the page of the user."""
    fields = {"username": username, "full_name": "Carol", "role": "user"}
    page = site.browser.send(f"{users_path(site)}/add", fields).text
    user = re.search(rf'href="({users_path(site)}/usr_\w+)"', page)
    assert user is not None
    return link_of(page), user[1]


def choose(site: Site, link: str, **changes: str) -> str:
    fields = {"new_password": NEW, "repeated": NEW, **changes}
    return site.browser.send(link, fields).text


def test_an_invited_person_chooses_a_password_and_is_signed_in(site: Site) -> None:
    link, user = invite(site)
    assert "open" in said(site.browser.get(user).text)
    site.browser.http.cookies.clear()
    assert "Welcome, Carol" in site.browser.text(link)
    choose(site, link)
    assert "carol" in site.browser.text("/account")
    again = site.browser.get(link)
    assert again.status_code == 404
    assert "This link was used" in said(again.text)
    site.sign_in_as("ada")
    page = said(site.browser.get(user).text)
    assert "used" in page
    assert "Password set by a one-time link" not in page, "it is the user's own doing"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"new_password": "short", "repeated": "short"}, "new_password"),
        ({"repeated": "something else"}, "repeated"),
    ],
)
def test_a_mistake_leaves_the_link_usable(site: Site, changes: dict[str, str], field: str) -> None:
    link, _user = invite(site)
    assert f'id="{field}-error"' in choose(site, link, **changes)
    choose(site, link)
    assert "carol" in site.browser.text("/account")


def test_nobody_signs_in_to_an_account_whose_password_nobody_has_chosen(site: Site) -> None:
    invite(site)
    site.browser.http.cookies.clear()
    for guess in (PASSWORD.reveal(), "nobody has this password"):
        answer = site.browser.send("/sign-in", {"username": "carol", "password": guess})
        assert answer.status_code == 401


def test_an_administrator_makes_a_reset_link_and_revokes_it(site: Site) -> None:
    user = f"{users_path(site)}/{site.add_user('bob', organization_role=None)}"
    refused = site.browser.send(f"{user}/password", {"password": "wrong"})
    assert 'id="password-error"' in refused.text
    made = site.browser.send(f"{user}/password", {"password": PASSWORD.reveal()})
    assert made.headers["cache-control"] == "no-store"
    link = link_of(made.text)
    assert link not in site.browser.get(user).text, "it is shown once"
    assert "revoked" in said(site.browser.send(f"{user}/links/revoke", form_at=user).text)
    assert site.browser.get(link).status_code == 404


def test_a_dead_link_and_a_made_up_one_look_alike_to_who_guesses(site: Site) -> None:
    for link in ("/set-password/made-up", "/set-password/" + "a" * 43):
        answer = site.browser.get(link)
        assert answer.status_code == 404
        assert "Ask an administrator for a new one" in said(answer.text)
        assert site.browser.send(link, {}, form_at="/account").status_code == 404


def test_a_link_is_set_by_a_form_of_ours_only(site: Site) -> None:
    link, _user = invite(site)
    site.browser.http.cookies.clear()
    fields = {"new_password": NEW, "repeated": NEW}
    assert site.browser.http.post(link, data=fields).status_code == 403
    assert site.browser.get(link).status_code == 200


def test_a_link_that_an_administrator_opens_while_signed_in_asks_all_the_same(site: Site) -> None:
    link, _user = invite(site)
    assert "Set the password and sign in" in site.browser.text(link)
