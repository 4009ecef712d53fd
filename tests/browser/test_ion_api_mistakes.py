"""Every form of the Infor side's pages refuses a mistake beside its field, in a real browser.

The routes themselves say which forms there are: one without a row here fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import expect

from ionport.web.pages.account import account, authorize
from ionport.web.pages.authorized_apps import apps as authorized_apps
from ionport.web.pages.authorized_apps import files as app_files
from ionport.web.pages.authorized_apps import form as app_form
from ionport.web.pages.authorized_apps import security as app_security
from ionport.web.pages.authorized_apps import token_tools
from ionport.web.pages.tenant import (
    configuration,
    saml_issuers,
    service_accounts,
    user_access,
    users,
)
from tests.browser.accessibility import wider_than_the_window
from tests.browser.axe import require_axe, violations
from tests.browser.conftest import OpenScreen
from tests.browser.furnished import FurnishedApplication, cookies_of, furnished_application
from tests.browser.screen import LAPTOP, PHONE, Screen, choose_and_follow
from tests.support.html_forms import form_with
from tests.support.web import PASSWORD, said

_TENANT = "/ion-api/{tenant}"
_USERS = f"{_TENANT}/users"
_APPS = f"{_TENANT}/authorized-apps"
_APP = f"{_APPS}/{{app}}"
_ACCOUNT = f"{_APP}/service-accounts/{{account}}"
_CONFIGURATION = f"{_TENANT}/configuration"
_NOT_YOURS = "not your password"
_WRONG: Mapping[str, str] = {"password": "wrong"}


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is typed where (by id), the button, and what is told beside which field.

    `kind` is the type of app that is chosen first.
    """

    route: str
    typed: Mapping[str, str]
    button: str
    beside: str
    told: str
    ticked: tuple[str, ...] = field(default=())
    kind: str = ""


_NEW = {"name": "New_TST", "description": "For a test"}
_USER = {"username": "dora"}
MISTAKES = [
    Mistake(f"{_APPS}/add", {**_NEW, "name": "docbits_tst"}, "Save", "name", "of that name"),
    Mistake(f"{_APPS}/add", {**_NEW, "name": " "}, "Save", "name", "Enter a name"),
    Mistake(f"{_APPS}/add", {"name": "New_TST"}, "Save", "description", "Enter a description"),
    Mistake(f"{_APPS}/add", {**_NEW, "access_token": "25"}, "Save", "access_token", "24 hours"),
    Mistake(
        f"{_APPS}/add",
        {**_NEW, "refresh_token": "1"},
        "Save",
        "refresh_token",
        "at least the lifetime",
        ("issue_refresh_tokens",),
    ),
    *(
        Mistake(f"{_APPS}/add", {**_NEW, beside: text}, "Save", beside, told, kind=kind)
        for kind, beside, text, told in (
            ("Web", "redirect_urls", "", "at least one URL"),
            ("Web", "redirect_urls", "javascript:alert(1)", "do not hand"),
            ("Web", "javascript_origins", "https://a.example/path", "no origin such as"),
            ("Mobile - Android", "redirect_urls", "http://a.example/x", "use https"),
            ("Mobile - Android", "package_name", "a b", "package name such as"),
            ("Mobile - Android", "download_url", "http://a.example", "https address"),
            ("Mobile - Android", "certificate_fingerprint", "AB:CD", "20 pairs of hex digits"),
            ("Mobile - IOS", "bundle_id", "a b", "bundle id such as"),
            ("Mobile - IOS", "app_store_id", "id1", "number in the app"),
            ("Mobile - Windows", "redirect_urls", "https://a.example/#x", "after #"),
        )
    ),
    Mistake(f"{_APP}/edit", {"name": "OpenWindow_TST"}, "Save", "name", "of that name"),
    Mistake(f"{_APP}/download", _WRONG, "Download", "password", _NOT_YOURS, ("without_user",)),
    Mistake(f"{_APP}/reveal", _WRONG, "Reveal", "password", _NOT_YOURS),
    Mistake(f"{_APP}/rotate", _WRONG, "Rotate", "password", _NOT_YOURS),
    Mistake(f"{_APP}/rotate", {"overlap": ""}, "Rotate", "overlap", "whole number"),
    Mistake(f"{_APP}/key-pair", _WRONG, "Generate and download", "password", _NOT_YOURS),
    Mistake(
        f"{_APP}/environments/{{tool}}",
        _WRONG,
        "Download",
        "password",
        _NOT_YOURS,
        ("with_secret",),
    ),
    Mistake(f"{_ACCOUNT}/replace", _WRONG, "Delete and make again", "password", _NOT_YOURS),
    Mistake(f"{_APP}/token-tools", {"token": " "}, "Check", "token", "Paste"),
    Mistake(f"{_APP}/token-tools/token", _WRONG, "Get a token", "password", _NOT_YOURS),
    Mistake(f"{_TENANT}/service-accounts/add", {}, "Save and download", "app", "Choose the app"),
    Mistake(
        f"{_TENANT}/service-accounts/{{account}}",
        {"scopes": "no/scope?"},
        "Save",
        "scopes",
        "no scope such as",
    ),
    Mistake(f"{_USERS}/add", {**_USER, "username": "a b"}, "Save", "username", "Use"),
    Mistake(f"{_USERS}/add", {**_USER, "username": "BOB"}, "Save", "username", "taken"),
    Mistake(f"{_USERS}/add", {**_USER, "email": "x"}, "Save", "email", "address"),
    Mistake(f"{_USERS}/{{user}}/password", _WRONG, "Make the link", "password", _NOT_YOURS),
    Mistake(_CONFIGURATION, {"logins_per_day": "0"}, "Save", "logins_per_day", "between"),
    Mistake(f"{_CONFIGURATION}/scopes/add", {"name": "a b"}, "Save", "name", "letters"),
    Mistake(
        f"{_CONFIGURATION}/saml-issuers/add",
        {"entity_id": "https://idp.example.com/metadata", "certificate": "x"},
        "Save",
        "certificate",
        "BEGIN CERTIFICATE",
    ),
]
# They hold nothing to get wrong: a question is answered, or a button pressed.
BUTTONS = {
    *(f"{_APP}/{what}" for what in ("disable", "enable", "delete", "revoke")),
    *(f"{_APP}/keys/{{key}}/delete", f"{_ACCOUNT}/delete"),
    *(f"{_TENANT}/service-accounts/{{account}}/{what}" for what in ("disable", "enable")),
    *(f"{_USERS}/{{user}}/{what}" for what in ("roles", "disable", "enable", "remove")),
    *(f"{_USERS}/{{user}}/{what}" for what in ("links/revoke", "sessions/end")),
    *(f"{_CONFIGURATION}/scopes/{{scope:path}}/delete",),
    *(f"{_CONFIGURATION}/saml-issuers/{{issuer}}/delete",),
    *(f"{_TENANT}/approvals/{{app}}/revoke", "/authorize/{tenant}/switch"),
    *("/authorize/{tenant}/decision", "/sign-out"),
}
# test_pages, test_authorize and the unit tests of the second step make the mistakes of these.
ELSEWHERE = {
    *("/sign-in", "/set-up/{token}", "/account"),
    *("/authorize/{tenant}/sign-on", "/authorize/{tenant}/code"),
    f"{_USERS}/{{user}}/second-factor/off",
}


def test_every_form_has_its_mistakes_told() -> None:
    modules = (
        *(account, app_files, app_form, app_security, authorize, authorized_apps, configuration),
        *(saml_issuers, service_accounts, token_tools, user_access, users),
    )
    forms = {route.path for module in modules for route in module.ROUTES if "POST" in route.methods}
    assert forms == {mistake.route for mistake in MISTAKES} | BUTTONS | ELSEWHERE


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FurnishedApplication]:
    with furnished_application(tmp_path_factory.mktemp("application")) as furnished:
        yield furnished


@pytest.fixture
def screen(application: FurnishedApplication, kept_screen: OpenScreen) -> Screen:
    """The administrator's window."""
    require_axe()
    screen = kept_screen(application.url, cookies=cookies_of(application.site))
    screen.expect_status(409, 422)
    return screen


# What a page does with one mistake of a form, it does with all: a browser shows the first.
_FIRST = list({(one.route, one.kind): one for one in reversed(MISTAKES)}.values())
_FURTHER = [one for one in MISTAKES if one not in _FIRST]


def _id(mistake: Mistake) -> str:
    return f"{mistake.route.removeprefix(_TENANT)}-{mistake.kind}{mistake.beside}"


@pytest.mark.parametrize("mistake", _FURTHER, ids=_id)
def test_a_further_mistake_is_told_beside_its_field(
    application: FurnishedApplication, mistake: Mistake
) -> None:
    browser, path = application.site.browser, application.address(mistake.route)
    page, known = browser.get(path).text, next(iter(mistake.typed), mistake.beside)
    if mistake.kind:
        chosen = {**form_with(page, known).fields, "type": mistake.kind, "action": "type"}
        page = browser.http.post(path, data=chosen).text
    fields = form_with(page, known).fields | dict.fromkeys(mistake.ticked, "on")
    answer = browser.http.post(path, data={**fields, **mistake.typed})
    assert answer.status_code in (409, 422)
    error = re.search(rf'id="{mistake.beside}-error"[^>]*>(.*?)</p>', answer.text, re.DOTALL)
    assert error is not None
    assert mistake.told in said(error[1])


@pytest.mark.parametrize("mistake", _FIRST, ids=_id)
def test_a_mistake_is_told_beside_its_field(
    application: FurnishedApplication, screen: Screen, mistake: Mistake
) -> None:
    page = screen.open(application.address(mistake.route))
    # What the browser itself would refuse, another client sends: the server has to tell.
    page.evaluate("[...document.forms].forEach((form) => { form.noValidate = true; })")
    if mistake.kind:
        choose_and_follow(page.get_by_role("combobox", name="Type", exact=True), mistake.kind)
        page.evaluate("[...document.forms].forEach((form) => { form.noValidate = true; })")
    for name in mistake.ticked:
        page.locator(f'[name="{name}"]').check()
    for name, text in mistake.typed.items():
        page.locator(f"#{name}").fill(text)
    page.get_by_role("main").get_by_role("button", name=mistake.button, exact=True).last.click()
    error = page.locator(f"#{mistake.beside}-error")
    expect(error).to_contain_text(mistake.told)
    box = page.locator(f"#{mistake.beside}")
    assert f"{mistake.beside}-error" in (box.get_attribute("aria-describedby") or "").split()
    assert box.get_attribute("aria-invalid") == "true"
    assert violations(page) == []
    page.set_viewport_size(PHONE)
    assert not wider_than_the_window(page)


def test_what_is_asked_and_told_after_a_form_is_clean_too(
    application: FurnishedApplication, screen: Screen
) -> None:
    """Pages that only a sent form leads to: questions, a new secret, a token's claims."""
    page = screen.page
    main = page.get_by_role("main")

    def judge(told: str) -> None:
        expect(main).to_contain_text(told)
        assert violations(page) == []
        page.set_viewport_size(PHONE)
        assert not wider_than_the_window(page)
        page.set_viewport_size(LAPTOP)

    page.goto(application.url + application.address(f"{_APP}/edit"))
    page.get_by_role("switch", name="Use Bridge Authentication").uncheck()
    main.get_by_role("button", name="Save", exact=True).click()
    judge("This changes what works today:")
    page.goto(application.url + application.address(_CONFIGURATION))
    page.get_by_role("radio", name=re.compile("^Enforced")).first.check()
    main.get_by_role("button", name="Save", exact=True).click()
    judge("This changes what clients of")
    page.goto(application.url + application.address(f"{_APP}/rotate"))
    page.locator("#password").fill(PASSWORD.reveal())
    main.get_by_role("button", name="Rotate", exact=True).click()
    judge("The new Secret.")
    page.goto(application.url + application.address(f"{_APP}/token-tools"))
    page.locator("#token").fill("eyJhbGciOiJub25lIn0.e30.")
    main.get_by_role("button", name="Check", exact=True).click()
    judge("The gateway refuses this token.")
