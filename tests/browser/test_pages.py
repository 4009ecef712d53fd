"""Every page in a real browser: loads clean, can be used by keyboard, read and held in a hand."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from starlette.routing import Route
from starlette.types import ASGIApp

from ionport.application import Application, open_application
from ionport.asgi import build_asgi
from ionport.identity.model import Organization, OrganizationRole
from ionport.identity.repository import OrganizationRepository
from ionport.manual import LANGUAGES, manual_base, page_names
from ionport.settings_reading import load_settings
from ionport.store import SystemScope
from ionport.web import pages
from ionport.web.middleware.languages import ORIGINAL_PAGE
from tests.browser import axe
from tests.browser.accessibility import (
    audit,
    broken_letter_by_letter,
    controls_without_visible_focus,
    cut_without_a_cue,
    scrolled_by_a_pixel,
    wider_than_the_window,
)
from tests.browser.conftest import OpenScreen
from tests.browser.furnished import FurnishedApplication, cookies_of, furnished_application
from tests.browser.screen import PHONE, Screen
from tests.support.server import serve_at
from tests.support.sides import OPERATOR
from tests.support.web import PASSWORD
from tests.support.whole import Site, site_on

_REDIRECTS = {"/", "/favicon.ico", "/documents/{document}/next", "/ion-api/{tenant}", "/manual"}
_REDIRECTS |= {"/manual/de", "/manual/fr", "/manual/", "/manual/de/", "/manual/fr/"}
_REDIRECTS |= {"/settings/mapping-files/{mapping}/versions/{number}/accept"}
_REDIRECTS |= {"/settings/mapping-files/{mapping}/accepted/remove"}
_FRAGMENTS = {
    "/ion-api/{tenant}/service-accounts/users",
    "/ion-api/{tenant}/authorized-apps/{app}/users",
    "/settings/connections/{connection}/proof",
    "/deliveries/{delivery_id}/live",
    "/settings/mapping-files/{mapping}/words",
}
_DOWNLOADS = {
    "/ion-api/{tenant}/authorized-apps/{app}/qr.svg",
    "/ion-api/{tenant}/available-apis/{suite}/icon",
    "/ion-api/{tenant}/available-apis/{suite}/export",
    "/ion-api/{tenant}/available-apis/{suite}/endpoints/{endpoint}/documentation/{documentation}/file",
    "/settings/mapping-files/{mapping}/file",
    "/settings/export/file",
    "/settings/suppliers/suppliers.csv",
    "/settings/mapping-files/{mapping}/words",
    "/settings/document-types/{type}/settings.json",
    "/documents/list.csv",
    "/settings/audit-log.csv",
    "/deliveries.csv",
    "/deliveries.json",
    "/ion-api/{tenant}/audit-log.csv",
    "/documents/files/{file}/content",
    "/documents/{document}/archive",
    "/documents/{document}/file",
    "/documents/{document}/attachments/{number:int}",
    "/documents/{document}/page.pdf",
    "/documents/{document}/pages/{number:int}.webp",
    "/documents/invoice.css",
    "/ion-api/{tenant}/acknowledgements/{acknowledgement}/file",
    "/ion-api/{tenant}/data-lake/{data_object}/file",
    "/ion-api/{tenant}/inspector/calls.har",
    "/ion-api/{tenant}/inspector/items/{pid}/file",
    "/ion-api/{tenant}/inspector/messages/{message}/file",
    "/ion-api/{tenant}/coverage/{suite}/openapi.json",
}
# The manual as text, and its pictures.
_TEXTS = {
    *(f"/manual{language}/{{page}}.md" for language in ("", "/de", "/fr")),
    *(f"/manual{language}/llms.txt" for language in ("", "/de", "/fr")),
    *(f"/manual{language}/pictures/{{name}}" for language in ("", "/de", "/fr")),
    "/manual/sitemap.xml",
    "/llms.txt",
    "/robots.txt",
    ORIGINAL_PAGE,
}
# Only a mobile app has one: test_ion_api_pages opens it.
_OF_PHONES = {"/ion-api/{tenant}/authorized-apps/{app}/qr"}
# The last ones lead elsewhere unless a sign-in has begun: test_sign_in opens them.
_SIGNED_OUT = {"/sign-in", "/set-up/{token}", "/set-password/{token}"}
_SIGNED_OUT |= {"/sign-in/code", "/sign-in/second-factor"}
_SIGNED_OUT |= {"/sign-in/openid", "/sign-in/openid/return", "/sign-in/openid/out"}
# Opened by a client that sends its user there; they answer its request, not an address alone.
_BY_CLIENTS = {"/authorize/{tenant}", "/authorize/{tenant}/code"}


def _addresses() -> set[str]:
    """Every address that answers a GET, from the routes themselves."""
    found = set()
    for module in pkgutil.walk_packages(pages.__path__, f"{pages.__name__}."):
        loaded = importlib.import_module(module.name)
        routes: list[Route] = getattr(loaded, "ROUTES", [])
        found |= {route.path for route in routes if "GET" in (route.methods or ())}
    return found


_ROOM_BESIDE_PLACEHOLDER = """(field) => {
    const style = getComputedStyle(field);
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = style.font;
    const inside = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
    return field.clientWidth - inside - pen.measureText(field.placeholder).width;
}"""
_MANUAL = "/manual/{page}"
_OTHERS = _REDIRECTS | _FRAGMENTS | _DOWNLOADS | _SIGNED_OUT | _BY_CLIENTS | _OF_PHONES
_OTHERS |= _TEXTS | {_MANUAL, "/manual/de/{page}", "/manual/fr/{page}"}
PAGES = sorted(_addresses() - _OTHERS)
PAGES += [_MANUAL.format(page=name) for name in page_names()]
# Forms and details of what leads to no Infor tenant: one page for each kind, by one route.
_METHODS = ("infor-ion-bod", "folder", "infor-sftp", "sftp", "smb", "webhook", "on-premise")
_NEW, _CONNECTION = "/settings/connections/new", "/settings/connections"
PAGES += [f"{_CONNECTION}/{{folder_target}}/{page}" for page in ("token", "ion-package")]
PAGES += [f"{_NEW}/{kind}" for kind in ("folder", "smb", "webhook", "pull")]
PAGES += [f"{_CONNECTION}/{{{kind}_target}}" for kind in ("folder", "sftp", "smb", "pull")]
PAGES += [f"{_CONNECTION}/{{{kind}_target}}/edit" for kind in ("folder", "sftp", "smb", "pull")]
PAGES += [f"/settings/export/new/{name}" for name in _METHODS]
PAGES += [f"/settings/export/{{folder_configuration}}{page}" for page in ("", "/edit", "/activate")]
PAGES += ["/deliveries/{failed_delivery}"]
PAGES += ["/manual/de/the-walk", "/manual/fr/words", "/manual/de?ask=Wie+drehe+ich+ein+Secret%3F"]
PAGES += ["/manual?ask=How+do+I+rotate+a+secret%3F", "/manual?ask=holiday"]


def test_what_is_no_page_of_its_own_is_still_there() -> None:
    assert _addresses() >= _OTHERS


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FurnishedApplication]:
    """An application in use, served with everything that `ionport up` serves."""
    with furnished_application(tmp_path_factory.mktemp("application")) as furnished:
        yield furnished


@pytest.fixture(scope="module")
def empty_application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An application with its first administrator and nothing else."""
    with site_on(tmp_path_factory.mktemp("empty"), "") as site:
        yield site


@pytest.fixture
def screen(application: FurnishedApplication, kept_screen: OpenScreen) -> Screen:
    """The administrator's window, with axe in each of its pages: to send it there takes long."""
    judge = axe.source() if axe.is_installed() else ""
    return kept_screen(application.url, cookies=cookies_of(application.site), in_each_page=judge)


def _check(page: Page, *, by_axe: bool = False) -> None:
    """What every page owes; `by_axe`, where it is installed, judges it too, by day and at night."""
    # A panel that is being made anew is paler for as long.
    expect(page.locator("main [aria-busy]")).to_have_count(0)
    if by_axe and axe.is_installed():
        found = axe.violations(page, contrast=False) + audit(page, axe.pale_texts)
    else:
        found = audit(page)
    if not page.title().removesuffix(" · ionport").strip():
        found.append("the page has no title")
    found += scrolled_by_a_pixel(page)
    page.set_viewport_size(PHONE)
    found += wider_than_the_window(page)
    found += cut_without_a_cue(page)
    found += broken_letter_by_letter(page)
    found += controls_without_visible_focus(page)
    assert not found, "\n".join([page.url, *found])


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_clean_usable_by_keyboard_and_fits_a_phone(
    address: str, application: FurnishedApplication, screen: Screen
) -> None:
    path = application.address(address)
    page = screen.open(path)
    assert urlsplit(page.url).path == path.partition("?")[0], "it led elsewhere"
    page.locator("details:not(.menu)").evaluate_all("all => all.forEach((one) => one.open = true)")
    _check(page, by_axe=True)


def test_a_phone_shows_the_current_entry_of_the_rail(
    application: FurnishedApplication, screen: Screen
) -> None:
    screen.resize(PHONE)
    for path in ("/manual", "/account", application.address("/ion-api/{tenant}/inspector")):
        current = screen.open(path).locator(".rail a[aria-current]")
        expect(current).to_be_in_viewport(ratio=1)


def test_a_phone_shows_the_contents_of_the_manual_folded_before_the_page(
    application: FurnishedApplication, screen: Screen
) -> None:
    screen.resize(PHONE)
    page = screen.open("/manual/words")
    contents = page.locator(".manual-contents")
    expect(contents.get_by_role("link").first).to_be_hidden()
    contents.locator("summary").click()
    expect(contents.get_by_role("link", name="Words")).to_be_in_viewport()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_field_that_asks_the_manual_shows_its_words_whole(screen: Screen, width: int) -> None:
    screen.resize({"width": width, "height": 844})
    for code in LANGUAGES:
        field = screen.open(f"{manual_base(code)}/words").get_by_role("searchbox")
        assert field.evaluate(_ROOM_BESIDE_PLACEHOLDER) >= 0, code


def test_a_phone_reaches_each_entry_of_the_rail_without_javascript(
    application: FurnishedApplication, kept_screen: OpenScreen
) -> None:
    screen = kept_screen(application.url, script=False, cookies=cookies_of(application.site))
    screen.resize(PHONE)
    page = screen.open("/documents")
    page.locator(".rail summary").click()
    for entry in page.locator(".rail li > a, .rail li button").all():
        expect(entry).to_be_in_viewport(ratio=1)


def test_axe_is_there_to_judge_the_pages() -> None:
    axe.require_axe()


def test_the_pages_before_signing_in(tmp_path: Path, new_screen: OpenScreen) -> None:
    applications: list[Application] = []

    def make(base_url: str) -> ASGIApp:
        applications.append(open_application(load_settings({}, data=tmp_path, public_url=base_url)))
        return build_asgi(applications[0])

    with serve_at(make) as base_url:
        with applications[0].database.write() as work:
            token = applications[0].setup.make_setup_link(work)
        screen = new_screen(base_url)
        for path in ("/sign-in", f"/set-up/{token.reveal()}"):
            _check(screen.open(path), by_axe=True)
        screen.open("/")
        expect(screen.page.get_by_text("Nobody has an account here yet.")).to_be_visible()
    applications[0].close()


_EMPTY = [
    "/documents",
    "/deliveries",
    "/settings/export",
    "/settings/connections",
    "/ion-api/{tenant}/authorized-apps",
    "/ion-api/{tenant}/connection-points",
    "/ion-api/{tenant}/available-apis",
    "/ion-api/{tenant}/faults",
    "/ion-api/{tenant}/inspector",
    "/ion-api/{tenant}/inspector/items",
    "/ion-api/{tenant}/inspector/messages",
    "/ion-api/{tenant}/inspector/m3",
    "/ion-api/{tenant}/inspector/ln",
]


@pytest.mark.parametrize("address", _EMPTY)
def test_an_empty_list_says_what_to_do_next_and_leads_there(
    address: str, empty_application: Site, kept_screen: OpenScreen
) -> None:
    screen = kept_screen(
        empty_application.application.settings.origin, cookies=cookies_of(empty_application)
    )
    path = address.format(tenant=empty_application.application.tenant.id)
    page = screen.open(path)
    _check(page)
    page.locator(".empty-state").get_by_role("link").click()
    expect(page).not_to_have_url(screen.base_url + path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()


@pytest.mark.parametrize("address", _EMPTY)
def test_a_list_without_a_match_offers_to_clear_the_filters(
    address: str, application: FurnishedApplication, screen: Screen
) -> None:
    page = screen.open(application.address(address) + "?q=nothing+is+called+so")
    _check(page)
    page.locator(".empty-state").get_by_role("link", name="Clear Filters").click()
    expect(page.locator("tbody tr").first).to_be_visible()


def test_an_unknown_address_says_so_on_a_page(screen: Screen) -> None:
    screen.expect_status(404)
    for path in ("/nowhere", "/documents/doc_unknown", "/ion-api/OTHER_TST/authorized-apps"):
        page = screen.open(path)
        expect(page.get_by_role("heading", level=1, name="Not found")).to_be_visible()
        _check(page)


def test_a_user_without_the_right_is_told_which_one_is_missing(
    application: FurnishedApplication, new_screen: OpenScreen
) -> None:
    screen = new_screen(application.url)
    screen.expect_status(403)
    page = screen.open("/settings/export/new")
    _sign_in(page, "bob")
    expect(page.get_by_role("heading", level=1, name="You may not do this")).to_be_visible()
    expect(page.locator("main")).to_contain_text("administrator")
    _check(page)
    page = screen.open(f"/ion-api/{application.ids['tenant']}/authorized-apps")
    expect(page.locator("main")).to_contain_text("IONAPI-Administrator")


def test_a_wrong_password_is_told_and_the_name_stays_typed(
    application: FurnishedApplication, new_screen: OpenScreen
) -> None:
    screen = new_screen(application.url)
    screen.expect_status(401)
    page = screen.open("/sign-in")
    _sign_in(page, "ada", "not the password")
    expect(page.get_by_role("alert")).to_contain_text("password")
    expect(page.get_by_role("textbox", name="Username")).to_have_value("ada")
    expect(page.get_by_role("textbox", name="Password")).to_have_value("")
    _check(page)


def test_a_form_of_another_session_is_refused_with_the_way_out(
    application: FurnishedApplication, screen: Screen
) -> None:
    screen.expect_status(403)
    page = screen.open("/account")
    tokens = page.locator('main input[name="csrf_token"]')
    tokens.evaluate_all("all => all.forEach((input) => { input.value = 'x'; })")
    for label in ("Present password", "New password", "New password again"):
        page.get_by_role("textbox", name=label, exact=True).fill("another good password")
    page.get_by_role("button", name="Change password").click()
    expect(page.locator("main")).to_contain_text("reload the page")
    _check(page)


def test_signing_out_closes_every_page(
    application: FurnishedApplication, new_screen: OpenScreen
) -> None:
    screen = new_screen(application.url)
    page = screen.open("/documents")
    _sign_in(page, "ada")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Sign in to ionport")).to_be_visible()


def _sign_in(page: Page, username: str, password: str = PASSWORD.reveal()) -> None:
    page.get_by_role("textbox", name="Username").fill(username)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def _refuse(page: Page, heading: str, values: dict[str, str]) -> None:
    """Send the form of a page with what the browser itself would refuse."""
    form = page.locator("main form").filter(has=page.get_by_role("button", name="Save")).last
    form.evaluate("form => { form.noValidate = true; }")
    for name, text in values.items():
        page.locator(f'[name="{name}"]').fill(text)
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
    expect(page.locator(".form-error").first).to_be_visible()


@pytest.mark.parametrize(
    ("address", "heading", "values"),
    [
        ("/settings/groups/add", "Add a group", {"name": ""}),
        ("/settings/alerts", "Alerts", {"recipients": "nobody", "port": "0", "sender": "x"}),
        ("/settings/connections/new/sftp", "New connection: SFTP", {"name": "", "host": ""}),
        ("/settings/connections/{smb_target}/edit", "Archive by smb", {"host": ""}),
        ("/settings/export/new/infor-sftp", "Infor export to SFTP", {"title": ""}),
        ("/ion-api/{tenant}/faults/add", "Add a fault rule", {"status": "7"}),
        ("/ion-api/{tenant}/document-flows/add", "Add a document flow", {"name": ""}),
        ("/settings/document-types/INVOICE/fields/{field}", "Purchase Order", {"pattern": "["}),
    ],
)
def test_a_refused_form_is_as_clean_as_the_page(
    address: str,
    heading: str,
    values: dict[str, str],
    application: FurnishedApplication,
    screen: Screen,
) -> None:
    screen.expect_status(422)
    page = screen.open(application.address(address))
    _refuse(page, heading, values)
    _check(page, by_axe=True)


def test_a_token_that_is_shown_once_and_a_test_mail_that_failed_have_clean_pages(
    application: FurnishedApplication, screen: Screen
) -> None:
    page = screen.open(application.address("/settings/connections/{folder_target}/token"))
    page.get_by_role("button", name="Make a new token").click()
    expect(page.get_by_text("it is shown this once")).to_be_visible()
    _check(page, by_axe=True)
    page = screen.open("/settings/alerts")
    values = {"recipients": "clerk@example.com", "host": "127.0.0.1", "port": "9"}
    for name, text in {**values, "sender": "ionport@example.com"}.items():
        page.locator(f"#{name}").fill(text)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("The test was not sent.")).to_be_visible()
    _check(page, by_axe=True)


def test_who_belongs_to_two_organizations_switches_between_them(
    application: FurnishedApplication, screen: Screen
) -> None:
    site, name = application.site, "Nordwerk Handelsgesellschaft für Industriebedarf mbH"
    with site.application.database.write() as work:
        other = Organization("org_other", name, None)
        OrganizationRepository(work.connection).add(
            SystemScope("test"), other, site.application.clock.now()
        )
        ada = site.application.identity.find_user(work, "ada")
        assert ada is not None
        site.application.identity.set_organization_role(
            work, OPERATOR, ada.id, other.id, OrganizationRole.ADMINISTRATOR
        )
    page = screen.open("/documents")
    page.locator(".organization-menu summary").click()
    entry = page.get_by_role("button", name=name)
    expect(entry).to_be_in_viewport(ratio=1)
    _check(page, by_axe=True)
    expect(entry).to_be_in_viewport(ratio=1)
    entry.click()
    expect(page.locator(".organization-menu summary")).to_have_attribute("title", name)
    _check(page, by_axe=True)
    page.goto(screen.base_url + "/documents")
    expect(page.get_by_text("No document yet")).to_be_visible()
    page.locator(".organization-menu summary").click()
    page.get_by_role("button", name="My organization").click()
    page.goto(screen.base_url + "/documents")
    expect(page.get_by_role("link", name="demo-invoice-ubl.xml").first).to_be_visible()


# A list in use stands here already; what is told of it needs no browser.
_FILTERS = {
    "/documents": [
        *("status", "document_type", "time", "sort", "dir"),
        *("size", "after", "before", "from", "to"),
    ],
    "/deliveries": ["status", "configuration", "from", "to", "sort", "page"],
    "/settings/audit-log": ["action", "from", "to", "after"],
    "/settings/export": ["document_type", "page"],
    "/settings/users": ["sort"],
    "/settings/document-types/INVOICE/effects": ["group", "effect"],
    "{tenant}/users": ["role", "status", "sort"],
    "{tenant}/service-accounts": ["disabled", "user"],
    "{tenant}/authorized-apps": ["type", "disabled"],
    "{tenant}/inspector": ["service", "status", "age"],
    "{tenant}/inspector/items": ["entity", "held"],
    "{tenant}/inspector/messages": ["findings"],
    "{tenant}/connection-points": ["status"],
}


def test_an_unknown_filter_sort_or_date_is_told_above_the_list(
    application: FurnishedApplication,
) -> None:
    base = f"/ion-api/{application.ids['tenant']}"
    for path, names in _FILTERS.items():
        query = "&".join(f"{name}=nonsense" for name in names)
        page = unescape(application.site.browser.get(f"{path.format(tenant=base)}?{query}").text)
        above, _table, _rows = page.partition("<tbody")
        missing = [name for name in names if f"“{name}=nonsense”" not in above]
        assert not missing, (path, missing)
