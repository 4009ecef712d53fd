from __future__ import annotations

import pytest

from tests.support.web import PASSWORD, Browser, People

NEW = "quite another password"


def _set_up(people: People) -> str:
    with people.database.write() as work:
        people.identity.ensure_tenant(work, "IONPORT_TST")
        return f"/set-up/{people.setup.make_setup_link(work).reveal()}"


def _administrator(**changes: str) -> dict[str, str]:
    password = PASSWORD.reveal()
    fields = {"username": "ada", "full_name": "Ada", "email": "ada@example.com"}
    return {**fields, "password": password, "repeated": password, **changes}


def test_the_set_up_link_makes_the_administrator_and_signs_in(
    people: People, browser: Browser
) -> None:
    answer = browser.send(_set_up(people), _administrator())
    assert answer.status_code == 200
    account = browser.get("/account").text
    assert "IONPORT_TST" in account
    assert "IONAPI-Administrator" in account


def test_a_used_set_up_link_says_so_and_a_made_up_one_how_to_get_one(
    people: People, browser: Browser
) -> None:
    link = _set_up(people)
    browser.send(link, _administrator())
    for path, text in ((link, "was used"), ("/set-up/made-up", "ionport setup-link")):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert text in answer.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "two words"}, "username"),
        ({"email": "nobody"}, "email"),
        ({"password": "short", "repeated": "short"}, "password"),
        ({"repeated": "different password"}, "repeated"),
    ],
)
def test_a_mistake_is_shown_beside_its_field_and_the_link_stays_usable(
    people: People, browser: Browser, changes: dict[str, str], field: str
) -> None:
    link = _set_up(people)
    answer = browser.send(link, _administrator(**changes))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'value="Ada"' in answer.text
    assert PASSWORD.reveal() not in answer.text
    assert browser.send(link, _administrator()).status_code == 200


def test_all_mistakes_of_the_set_up_are_shown_at_once(people: People, browser: Browser) -> None:
    wrong = {"username": "two words", "email": "nobody", "password": "short", "repeated": "other"}
    answer = browser.send(_set_up(people), _administrator(**wrong, full_name="x" * 201))
    assert answer.status_code == 422
    for field in (*wrong, "full_name"):
        assert f'id="{field}-error"' in answer.text, field


def test_the_sign_in_page_tells_a_new_installation_where_to_begin(
    people: People, browser: Browser
) -> None:
    assert "set-up link" in browser.get("/sign-in").text
    people.add("ada")
    assert "set-up link" not in browser.get("/sign-in").text


def test_a_changed_password_is_the_one_that_counts(people: People, browser: Browser) -> None:
    people.add("ada")
    browser.sign_in("ada")
    fields = {"password": PASSWORD.reveal(), "new_password": NEW, "repeated": NEW}
    assert "Your password is changed." in browser.send("/account", fields).text
    browser.send("/sign-out", form_at="/account")
    assert browser.sign_in("ada").status_code == 401


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"password": "wrong"}, "password"),
        ({"new_password": "short", "repeated": "short"}, "new_password"),
        ({"repeated": "different"}, "repeated"),
    ],
)
def test_a_password_is_not_changed_by_mistake(
    people: People, browser: Browser, changes: dict[str, str], field: str
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    fields = {"password": PASSWORD.reveal(), "new_password": NEW, "repeated": NEW, **changes}
    answer = browser.send("/account", fields)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_a_flash_message_is_shown_once(people: People, browser: Browser) -> None:
    people.add("ada")
    browser.sign_in("ada")
    assert "You are signed out." in browser.send("/sign-out", form_at="/account").text
    assert "You are signed out." not in browser.get("/sign-in").text


@pytest.mark.parametrize("value", ["x", "bnVsbA==", "WyJldmlsIiwgIng Il0=", "WzEsIDJd"])
def test_a_strange_flash_cookie_is_ignored(browser: Browser, value: str) -> None:
    port = browser.http.base_url.port
    headers = {"cookie": f"ionport_flash_{port}={value}"}
    answer = browser.http.get("/sign-in", headers=headers)
    assert answer.status_code == 200
    assert 'class="flash' not in answer.text


def test_a_user_without_tenant_and_organization_is_told_so(
    people: People, browser: Browser
) -> None:
    people.add("ada", tenant_role=None, organization_role=None)
    assert "Ask an administrator" in browser.sign_in("ada").text
