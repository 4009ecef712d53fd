"""The whole application served on a free port, and a user's browser in front of it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import cache
from http.cookiejar import Cookie
from pathlib import Path

import httpx2
from starlette.types import ASGIApp

from ionport.application import Application, open_application
from ionport.asgi import build_asgi
from ionport.cli.serving.server import RunningServer
from ionport.core.clock import BootClock
from ionport.documents.samples import read_sample
from ionport.identity.model import Actor, OrganizationRole, TenantRole
from ionport.identity.service import NewUser
from ionport.settings_reading import load_settings
from ionport.store import OrganizationScope, TenantScope
from tests.support import databases
from tests.support.folders import kept_folder
from tests.support.server import serve_when_asked
from tests.support.web import PASSWORD, Browser

INVOICE = "demo-invoice-ubl.xml"
OTHER_INVOICE = "demo-invoice-cii.xml"
TEMPLATES = {
    "idm_mapping": "template",
    "bod_mapping": "template",
    "logical_id": "lid://infor.ims.example",
    "accounting_entity": "001_100",
}

_PREPARED_PORT = "8400"
_PREPARED_AT = f"http://127.0.0.1:{_PREPARED_PORT}"


@dataclass(slots=True)
class Site:
    """Both sides, and a browser that is signed in as `ada`, administrator of both."""

    application: Application
    browser: Browser

    @property
    def tenant(self) -> TenantScope:
        return TenantScope(self.application.tenant.id)

    @property
    def organization(self) -> OrganizationScope:
        return OrganizationScope(self.application.organization.id)

    @property
    def apps_path(self) -> str:
        return f"/ion-api/{self.application.tenant.id}/authorized-apps"

    def add_user(
        self,
        username: str,
        tenant_role: TenantRole | None = TenantRole.USER,
        organization_role: OrganizationRole | None = OrganizationRole.USER,
    ) -> str:
        """Make a user with `PASSWORD` and return the id."""
        identity, operator = self.application.identity, Actor.operator()
        password_hash = identity.hash_password(PASSWORD)
        with self.application.database.write() as work:
            new = NewUser(username, f"{username.title()} Example")
            user = identity.create_user(work, operator, new, password_hash)
            if tenant_role:
                identity.set_tenant_role(
                    work, operator, user.id, self.tenant.tenant_id, tenant_role
                )
            if organization_role:
                identity.set_organization_role(
                    work, operator, user.id, self.organization.organization_id, organization_role
                )
        return user.id

    def sign_in_as(self, username: str) -> None:
        self.browser.http.cookies.clear()
        assert self.browser.sign_in(username).status_code == 200

    def add_app(self, name: str = "DocBits_TST", **changes: str) -> httpx2.Response:
        fields = {
            "name": name,
            "grant_type": "Password Credentials",
            "description": "Exports invoices",
            "access_token": "2",
            "access_token_unit": "hours",
            "issue_refresh_tokens": "on",
            "refresh_token": "0",
            "refresh_token_unit": "hours",
        }
        fields = {**fields, **changes}
        sent = {name: value for name, value in fields.items() if value}
        return self.browser.send(f"{self.apps_path}/add", sent)

    def credentials(self, name: str = "DocBits_TST") -> bytes:
        """Add an app and download its credentials, by the pages."""
        app = self.add_app(name)
        fields = {
            "create_service_account": "on",
            "without_user": "on",
            "password": PASSWORD.reveal(),
        }
        return self.browser.send(f"{app.url.path}/download", fields).content

    def add_export(
        self,
        title: str = "Invoices to Infor",
        credential: bytes | None = None,
        method: str = "infor-idm-bod",
        **changes: str,
    ) -> httpx2.Response:
        """Send the form of a new configuration with our own templates."""
        fields = {"title": title, "document_type": "INVOICE", **TEMPLATES, **changes}
        files = [("connection_file", ("DocBits_TST.ionapi", credential))] if credential else []
        return self.browser.send(f"/settings/export/new/{method}", fields, files=files)

    def upload(self, *names: str) -> httpx2.Response:
        files = [("files", (name, read_sample(name))) for name in names]
        return self.browser.send("/documents/upload", files=files)

    def document_id(self, name: str = INVOICE) -> str:
        """Upload a sample and return the document's id."""
        found = re.search(r"/documents/(doc_\w+)", self.upload(name).text)
        assert found is not None
        return found[1]


@contextmanager
def site_on(
    folder: Path, database_url: str, *, clock: BootClock | None = None, **settings: object
) -> Iterator[Site]:
    """Open both sides on a fresh data folder; a PostgreSQL database of that URL is made anew.

    `settings` are those of the test, the clock is the machine's unless it brings one. The site's
    own browser speaks to them in process; they are served to who else connects.
    """
    prepared = _prepared(is_sqlite := not database_url.startswith("postgresql"))
    shutil.copytree(prepared.folder, folder, dirs_exist_ok=True)
    if not is_sqlite:
        databases.copy_postgresql(prepared.database_url, database_url)
    applications: list[Application] = []

    def make(base_url: str) -> ASGIApp:
        url = "" if is_sqlite else database_url
        applications.append(_open(folder, url, base_url, clock, **settings))
        return build_asgi(applications[0])

    with (
        serve_when_asked(make) as (base_url, app),
        Browser(base_url, app).opened() as browser,
    ):
        for cookie in prepared.cookies_at(base_url):
            browser.http.cookies.jar.set_cookie(cookie)
        yield Site(applications[0], browser)
    applications[0].close()


@contextmanager
def running_site(folder: Path, **changes: object) -> Iterator[Site]:
    """Run both sides as `ionport up --sandbox` does, deliveries and bulk actions too."""
    shutil.copytree(_prepared(is_sqlite=True).folder, folder, dirs_exist_ok=True)
    settings = load_settings({}, data=folder, port=0, sandbox=True, **changes)
    with RunningServer(settings).in_background() as server, Browser(server.url).opened() as browser:
        site = Site(server.application, browser)
        site.sign_in_as("ada")
        yield site


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A data folder with the newest schema, a signing key, and `ada` who has signed in."""

    folder: Path
    database_url: str
    cookies: tuple[Cookie, ...]

    def cookies_at(self, base_url: str) -> list[Cookie]:
        """Return ada's cookies as the same application sets them at another port."""
        port = base_url.rpartition(":")[2]
        copies = [copy(each) for each in self.cookies]
        for each in copies:
            each.name = each.name.replace(_PREPARED_PORT, port)
        return copies


@cache
def _prepared(is_sqlite: bool) -> _Prepared:
    folder = kept_folder("ionport-prepared-")
    database_url = "" if is_sqlite else databases.fresh_postgresql()
    application = _open(folder, database_url, _PREPARED_AT)
    with Browser(_PREPARED_AT, build_asgi(application)).opened() as browser:
        site = Site(application, browser)
        site.add_user("ada", TenantRole.IONAPI_ADMINISTRATOR, OrganizationRole.ADMINISTRATOR)
        site.sign_in_as("ada")
        cookies = tuple(browser.http.cookies.jar)
    application.close()
    return _Prepared(folder, database_url, cookies)


def _open(
    folder: Path,
    database_url: str,
    base_url: str,
    clock: BootClock | None = None,
    **settings: object,
) -> Application:
    fixed = {"data": folder, "public_url": base_url, "database_url": database_url}
    return open_application(load_settings({}, **fixed, sandbox=True, **settings), clock=clock)
