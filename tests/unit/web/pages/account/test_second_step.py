"""The second factor as people meet it, on pages without JavaScript."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import httpx2
import pytest

from ionport.core.clock import Clock, MovableClock
from ionport.core.secrets import Secret
from ionport.identity.model import Actor, TenantRole
from ionport.store import Database
from tests.support.codes import code_at
from tests.support.web import PASSWORD, Browser, People, browser_on, said

STEP = timedelta(seconds=30)
ADMINISTRATOR = TenantRole.IONAPI_ADMINISTRATOR


def offered_on(page: str) -> dict[str, str]:
    """The hidden secret of a set-up form, and the secret that it shows."""
    sealed = re.search(r'name="offered" value="([^"]+)"', page)
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page)
    assert sealed is not None
    assert secret is not None
    return {"offered": html.unescape(sealed[1]), "secret": secret[1]}


def switch_on(browser: Browser, clock: Clock) -> tuple[str, list[str]]:
    """Switch it on by the account page; returns secret and recovery codes."""
    offered = offered_on(browser.get("/account/second-factor").text)
    code = code_at(offered["secret"], clock.now())
    fields = {"offered": offered["offered"], "code": code, "password": PASSWORD.reveal()}
    answer = browser.send("/account/second-factor", fields)
    assert answer.headers["cache-control"] == "no-store"
    return offered["secret"], re.findall(
        r"<code>((?:[A-Z2-7]{4}-){3}[A-Z2-7]{4})</code>", answer.text
    )


def sign_out(browser: Browser) -> None:
    browser.send("/sign-out", form_at="/account")


def type_code(browser: Browser, code: str, next_url: str = "") -> httpx2.Response:
    fields = {"code": code, "next": next_url}
    return browser.send("/sign-in/code", fields)


def test_a_person_switches_it_on_and_signs_in_in_two_steps(
    people: People, browser: Browser, clock: MovableClock
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    secret, codes = switch_on(browser, clock)
    assert len(codes) == 10
    assert "10 recovery codes are left" in browser.text("/account")
    sign_out(browser)
    clock.advance(STEP)
    answer = browser.send(
        "/sign-in", {"username": "ada", "password": PASSWORD.reveal(), "next": "/manual/account"}
    )
    assert answer.url.path == "/sign-in/code"
    for page in ("/account", "/", "/account/second-factor"):
        assert browser.get(page).url.path == "/sign-in", "half a sign-in has no rights"
    browser.get("/sign-in/code?next=%2Fmanual%2Faccount")
    wrong = type_code(browser, "000000")
    assert wrong.status_code == 422
    assert 'id="code-error"' in wrong.text
    right = type_code(browser, code_at(secret, clock.now()), "/manual/account")
    assert right.url.path == "/manual/account"
    assert "ada" in browser.text("/account")


def test_a_recovery_code_signs_in(people: People, browser: Browser, clock: MovableClock) -> None:
    people.add("ada")
    browser.sign_in("ada")
    _secret, codes = switch_on(browser, clock)
    sign_out(browser)
    browser.sign_in("ada")
    assert type_code(browser, codes[0]).status_code == 200
    assert "9 recovery codes are left" in browser.text("/account")


def test_the_second_step_without_the_first_leads_to_the_sign_in_page(browser: Browser) -> None:
    for path in ("/sign-in/code", "/sign-in/second-factor"):
        assert browser.get(path).url.path == "/sign-in"
        assert browser.send(path, {"code": "1"}, form_at="/sign-in").url.path == "/sign-in"


def test_the_next_page_is_one_of_ours_only(
    people: People, browser: Browser, clock: MovableClock
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    _secret, codes = switch_on(browser, clock)
    sign_out(browser)
    browser.sign_in("ada")
    answer = type_code(browser, codes[0], "https://evil.example/")
    assert answer.url.host == browser.http.base_url.host


def test_wrong_password_and_unknown_user_look_alike_whatever_is_set_up(
    people: People, browser: Browser, clock: MovableClock
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    switch_on(browser, clock)
    sign_out(browser)
    answers = [browser.sign_in(name, Secret("wrong password")) for name in ("ada", "nobody")]
    assert [answer.status_code for answer in answers] == [401, 401]
    texts = {said(answer.text).replace("nobody", "ada") for answer in answers}
    assert len(texts) == 1


def test_a_mistake_while_setting_up_keeps_the_secret_that_was_scanned(
    people: People, browser: Browser, clock: MovableClock
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    offered = offered_on(browser.get("/account/second-factor").text)
    fields = {"offered": offered["offered"], "code": "000000", "password": PASSWORD.reveal()}
    answer = browser.send("/account/second-factor", fields)
    assert answer.status_code == 422
    assert offered_on(answer.text) == offered
    fields |= {"code": code_at(offered["secret"], clock.now()), "password": "wrong"}
    answer = browser.send("/account/second-factor", fields)
    assert 'id="password-error"' in answer.text
    assert offered_on(answer.text) == offered


def test_it_is_switched_off_with_the_password(
    people: People, browser: Browser, clock: MovableClock
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    switch_on(browser, clock)
    refused = browser.send("/account/second-factor/off", {"password": "wrong"})
    assert 'id="password-error"' in refused.text
    answer = browser.send("/account/second-factor/off", {"password": PASSWORD.reveal()})
    assert "The second factor is off" in said(answer.text)
    sign_out(browser)
    assert browser.sign_in("ada").url.path == "/"


def test_the_forms_of_a_second_factor_open_only_where_they_can_be_sent(
    people: People, browser: Browser, clock: MovableClock
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    why = {"off": "The second factor is off.", "codes": "Switch the second factor on first."}
    for name, text in why.items():
        page = said(browser.get(f"/account/second-factor/{name}").text)
        assert text in page
        assert "Your password" not in page
    switch_on(browser, clock)
    assert "Your password" in said(browser.get("/account/second-factor/off").text)
    assert "A second factor is on already." in said(browser.get("/account/second-factor").text)


def test_new_recovery_codes_are_shown_once(
    people: People, browser: Browser, clock: MovableClock
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    _secret, codes = switch_on(browser, clock)
    answer = browser.send("/account/second-factor/codes", {"password": PASSWORD.reveal()})
    assert "Earlier recovery codes no longer work" in said(answer.text)
    assert not any(one in answer.text for one in codes)


def test_who_needs_one_sets_it_up_at_sign_in(database: Database, clock: MovableClock) -> None:
    people = People.on(database, clock, require_second_factor=True)
    user = people.add("ada")
    with people.database.write() as work:
        people.identity.ensure_tenant(work, "ACME_PRD")
        people.identity.set_tenant_role(work, Actor.operator(), user.id, "ACME_PRD", ADMINISTRATOR)
    with browser_on(people.services()) as browser:
        answer = browser.sign_in("ada")
        assert answer.url.path == "/sign-in/second-factor"
        assert browser.get("/account").url.path == "/sign-in"
        offered = offered_on(browser.get("/sign-in/second-factor").text)
        fields = {"offered": offered["offered"], "code": "000000"}
        wrong = browser.send("/sign-in/second-factor", fields)
        assert wrong.status_code == 422
        assert offered_on(wrong.text) == offered
        fields["code"] = code_at(offered["secret"], clock.now())
        done = browser.send("/sign-in/second-factor", fields)
        assert "Your recovery codes" in said(done.text)
        account = browser.text("/account")
        assert "10 recovery codes are left" in account
        assert "Switch it off" not in account
        page = browser.get("/account/second-factor/off").text
        assert "asks administrators of a production tenant for a second factor" in said(page)
        assert "Your password" not in said(page)


def test_an_open_session_that_comes_to_need_one_is_good_for_setting_it_up_alone(
    database: Database, clock: MovableClock
) -> None:
    people = People.on(database, clock, require_second_factor=True)
    user = people.add("ada", tenant_role=TenantRole.USER)
    with browser_on(people.services()) as browser:
        assert browser.sign_in("ada").url.path == "/"
        token = browser.csrf_token("/account")
        with people.database.write() as work:
            people.identity.ensure_tenant(work, "ACME_PRD")
            people.identity.set_tenant_role(
                work, Actor.operator(), user.id, "ACME_PRD", ADMINISTRATOR
            )
        for path in ("/", "/account", "/ion-api/ACME_PRD/users", "/authorize/ACME_PRD"):
            assert browser.get(path).url.path == "/account/second-factor", path
        sent = browser.http.post("/account", data={"csrf_token": token})
        assert sent.status_code == 403
        assert "Set it up on Account" in said(sent.text)
        page = browser.get("/account/second-factor").text
        assert "good for nothing else" in said(page)
        _secret, codes = switch_on(browser, clock)
        assert codes
        assert browser.get("/account").url.path == "/account"


@pytest.mark.parametrize("cookie", ["", "x", "k1.AAAA", "x" * 6_000])
def test_a_made_up_cookie_of_a_second_step_opens_nothing(browser: Browser, cookie: str) -> None:
    port = browser.http.base_url.port
    headers = {"cookie": f"ionport_pending_{port}={cookie}"}
    answer = browser.http.get("/sign-in/code", headers=headers)
    assert answer.url.path == "/sign-in"
