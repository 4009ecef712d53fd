"""Sign-on and Request for Approval in a real browser, all the way back to the app.

Browsers check every redirect behind a form against its page's `form-action`: only one of them can
show that the way back to the app is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.oauth.apps.model import AppType
from tests.browser.accessibility import audit, wider_than_the_window
from tests.browser.axe import require_axe, violations
from tests.browser.conftest import WAIT_MILLISECONDS, OpenScreen
from tests.browser.furnished import cookies_of
from tests.browser.screen import PHONE, Screen
from tests.support.people import add_people_app, authorization_path
from tests.support.server import serve
from tests.support.web import PASSWORD
from tests.support.whole import Site, site_on


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(Path(tmp_path_factory.mktemp("authorize")), "") as site:
        for username in ("anna", "berta"):
            site.add_user(username)
        site.add_user("guest", tenant_role=None)
        yield site


@pytest.fixture(scope="module")
def client() -> Iterator[str]:
    """The app's own site: says which parameters came back."""

    async def callback(request: Request) -> HTMLResponse:
        names = ", ".join(sorted(request.query_params))
        icon = '<link rel="icon" href="data:,">'
        return HTMLResponse(f"<!doctype html><title>App</title>{icon}<h1>Back with {names}</h1>")

    with serve(Starlette(routes=[Route("/callback", callback)])) as url:
        yield url


def sign_on(screen: Screen, username: str) -> None:
    screen.page.get_by_label("Username").fill(username)
    screen.page.get_by_label("Password").fill(PASSWORD.reveal())
    screen.page.get_by_role("button", name="Sign in").click()


def looks_right(screen: Screen) -> None:
    assert not audit(screen.page)
    size = screen.page.viewport_size
    screen.page.set_viewport_size(PHONE)
    assert not wider_than_the_window(screen.page)
    assert size is not None
    screen.page.set_viewport_size(size)


@pytest.mark.parametrize("script", [True, False])
def test_a_person_signs_on_allows_and_is_back_at_the_app(
    site: Site, client: str, new_screen: OpenScreen, script: bool
) -> None:
    app = add_people_app(site, f"Portal {script}", redirect_urls=(f"{client}/callback",))
    path = authorization_path(site, app)
    screen = new_screen(site.application.settings.origin, script=script)
    screen.allow_server(client)
    page = screen.open(path)
    looks_right(screen)
    sign_on(screen, "anna")
    expect(page.get_by_role("heading", name="Request for Approval")).to_be_visible()
    expect(page.get_by_text("is requesting access to Infor CloudSuite")).to_be_visible()
    looks_right(screen)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Back with code, iss, state")).to_be_visible()
    # Remembered: the next sign-on leads from the form straight back to the app.
    page.context.clear_cookies()
    screen.open(path)
    sign_on(screen, "anna")
    expect(page.get_by_role("heading", name="Back with code, iss, state")).to_be_visible()


def test_who_denies_is_back_at_the_app_without_a_code(
    site: Site, client: str, new_screen: OpenScreen
) -> None:
    app = add_people_app(site, "Denied", redirect_urls=(f"{client}/callback",))
    screen = new_screen(site.application.settings.origin)
    screen.allow_server(client)
    page = screen.open(authorization_path(site, app))
    sign_on(screen, "anna")
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", name="Back with error, error_description")).to_be_visible()


def test_another_user_can_take_over(site: Site, client: str, new_screen: OpenScreen) -> None:
    app = add_people_app(site, "Switched", redirect_urls=(f"{client}/callback",))
    screen = new_screen(site.application.settings.origin)
    screen.expect_status(403)
    page = screen.open(authorization_path(site, app))
    sign_on(screen, "guest")
    expect(page.get_by_text("You do not belong to tenant")).to_be_visible()
    looks_right(screen)
    page.get_by_role("button", name="Sign in as another user").click()
    sign_on(screen, "berta")
    expect(page.get_by_text("Berta Example")).to_be_visible()


def test_errors_are_shown_where_they_are(site: Site, client: str, new_screen: OpenScreen) -> None:
    app = add_people_app(site, "Wrong", redirect_urls=(f"{client}/callback",))
    screen = new_screen(site.application.settings.origin)
    screen.expect_status(400, 401)
    page = screen.open(authorization_path(site, app, redirect_uri=f"{client}/callback/"))
    expect(page.get_by_text("not one of the Redirect URLs of Wrong")).to_be_visible()
    looks_right(screen)
    screen.open(authorization_path(site, app))
    page.get_by_label("Username").fill("anna")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("The username or the password is wrong.")).to_be_visible()
    looks_right(screen)


def test_what_the_app_may_know_leads_back_to_it(
    site: Site, client: str, new_screen: OpenScreen
) -> None:
    url = (f"{client}/callback",)
    web = add_people_app(site, "Told", redirect_urls=url)
    phone = add_people_app(site, "Phone", type=AppType.MOBILE_WINDOWS, redirect_urls=url)
    closed = add_people_app(site, "Closed", redirect_urls=url)
    infor = site.application.infor
    assert infor is not None
    with site.application.database.write() as work:
        infor.apps.set_app_disabled(Access(work, site.tenant, Actor.operator()), closed.id, True)
    screen = new_screen(site.application.settings.origin)
    screen.allow_server(client)
    for app, changes in (
        (phone, {}),
        (closed, {}),
        (web, {"response_type": "nonsense"}),
        (web, {"response_type": ""}),
        (web, {"code_challenge": "x", "code_challenge_method": "plain"}),
        (web, {"code_challenge_method": "S256"}),
    ):
        page = screen.open(authorization_path(site, app, **changes))
        expect(
            page.get_by_role("heading", name="Back with error, error_description, iss, state")
        ).to_be_visible()
    # The answer of the implicit grant stands behind the #, where the app's server is not told it.
    page = screen.open(authorization_path(site, web, response_type="token"))
    expect(page.get_by_role("heading", name="Back with", exact=False)).to_be_visible()
    assert "#error=unauthorized_client&error_description=the%20implicit%20grant" in page.url


def test_what_the_app_may_not_know_stays_on_a_page(
    site: Site, client: str, new_screen: OpenScreen
) -> None:
    several = add_people_app(
        site, "Several", redirect_urls=(f"{client}/callback", f"{client}/other")
    )
    site.add_app("Machine_TST")
    infor = site.application.infor
    assert infor is not None
    with site.application.database.read() as work:
        machine = infor.apps.find_app_by_name(
            Access(work, site.tenant, Actor.operator()), "Machine_TST"
        )
    assert machine is not None
    screen = new_screen(site.application.settings.origin)
    screen.expect_status(400)
    for client_id, told in (
        ("unknown", "has no authorized app with this client_id"),
        (machine.client_id, "is of type Backend Service"),
        (several.client_id, "has several Redirect URLs"),
    ):
        page = screen.open(authorization_path(site, several, redirect_uri="", client_id=client_id))
        expect(page.get_by_text(told)).to_be_visible()
        looks_right(screen)


def test_after_many_failures_the_sign_on_page_says_when_to_try_again(
    site: Site, client: str, new_screen: OpenScreen
) -> None:
    site.add_user("victim")
    app = add_people_app(site, "Guessed", redirect_urls=(f"{client}/callback",))
    screen = new_screen(site.application.settings.origin)
    screen.expect_status(401, 429)
    page = screen.open(authorization_path(site, app))
    for _attempt in range(11):
        page.get_by_label("Username").fill("victim")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_load_state()
    expect(page.get_by_text("Too many attempts to sign in. Try again in")).to_be_visible()
    looks_right(screen)


def test_axe_finds_no_serious_violation(site: Site, client: str, chromium: Browser) -> None:
    """Each page that a person meets between an app and its tokens; and a phone's QR code."""
    require_axe()
    app = add_people_app(site, "Judged", redirect_urls=(f"{client}/callback",))
    phone = add_people_app(
        site, "Judged phone", type=AppType.MOBILE_IOS, redirect_urls=("x.y:/z",), bundle_id="a.b"
    )
    url = site.application.settings.origin
    context = chromium.new_context(bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(WAIT_MILLISECONDS)

    def judge(path: str = "") -> None:
        if path:
            page.goto(url + path)
        assert violations(page) == []

    def sign(username: str) -> None:
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password").fill(PASSWORD.reveal())
        page.get_by_role("button", name="Sign in").click()

    judge(authorization_path(site, app, redirect_uri="https://evil.example"))
    judge(authorization_path(site, app))
    sign("guest")
    judge()
    page.get_by_role("button", name="Sign in as another user").click()
    sign("anna")
    judge()
    page.get_by_role("button", name="Allow").click()
    judge(f"/ion-api/{site.tenant.tenant_id}/approvals")
    context.add_cookies([{"name": n, "value": v, "url": url} for n, v in cookies_of(site).items()])
    judge(f"{site.apps_path}/{phone.id}/qr")
    judge(f"{site.apps_path}/{app.id}/qr")
    context.close()


def test_an_approval_is_taken_back(site: Site, client: str, new_screen: OpenScreen) -> None:
    app = add_people_app(
        site, "Taken back", type=AppType.WEB, redirect_urls=(f"{client}/callback",)
    )
    screen = new_screen(site.application.settings.origin)
    screen.allow_server(client)
    page = screen.open(authorization_path(site, app))
    sign_on(screen, "berta")
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Back with code")).to_be_visible()
    screen.open(f"/ion-api/{site.tenant.tenant_id}/approvals")
    looks_right(screen)
    row = page.get_by_role("row").filter(has_text="Taken back")
    row.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("The approval is taken back.")).to_be_visible()
    expect(row).to_have_count(0)
