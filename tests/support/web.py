"""Pages for tests: services on a fresh database, and a browser without a screen."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from ionport.core.clock import Clock
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.identity.accounts.service import AccountService
from ionport.identity.audit import AuditLog
from ionport.identity.groups.service import GroupService
from ionport.identity.members.rights import RightsService
from ionport.identity.members.service import MemberService
from ionport.identity.model import Actor, OrganizationRole, TenantRole, User
from ionport.identity.passwords import Passwords
from ionport.identity.second_factor.service import SecondFactorService
from ionport.identity.service import IdentityService, NewUser
from ionport.identity.sessions import SessionService
from ionport.identity.setup import SetupService
from ionport.store import Database
from ionport.web.app import create_web_app
from ionport.web.services import Services, Sides
from tests.support.server import serve_when_asked

PASSWORD = Secret("correct horse battery")
TENANT = "IONPORT_TST"


@dataclass(frozen=True, slots=True)
class People:
    """Identity's services, with cheap password hashing."""

    database: Database
    clock: Clock
    keys: KeyRing
    audit: AuditLog
    identity: IdentityService
    sessions: SessionService
    factors: SecondFactorService
    setup: SetupService

    @classmethod
    def on(cls, database: Database, clock: Clock, *, require_second_factor: bool = False) -> People:
        keys = KeyRing.generate()
        audit = AuditLog(clock)
        passwords = Passwords(time_cost=1, memory_kib=8)
        identity = IdentityService(clock, audit, passwords)
        factors = SecondFactorService(clock, keys, audit, is_required=require_second_factor)
        return cls(
            database=database,
            clock=clock,
            keys=keys,
            audit=audit,
            identity=identity,
            sessions=SessionService(clock, keys, audit, identity, passwords, factors),
            factors=factors,
            setup=SetupService(clock, keys, audit, identity),
        )

    def add(
        self,
        username: str,
        *,
        tenant_role: TenantRole | None = TenantRole.IONAPI_ADMINISTRATOR,
        organization_role: OrganizationRole | None = OrganizationRole.ADMINISTRATOR,
    ) -> User:
        """Make a user with `PASSWORD` in the first tenant and organization."""
        operator = Actor.operator()
        password_hash = self.identity.hash_password(PASSWORD)
        with self.database.write() as work:
            tenant = self.identity.ensure_tenant(work, TENANT)
            organization = self.identity.ensure_organization(work, "Example Ltd")
            new = NewUser(username, full_name=f"{username.title()} Example")
            user = self.identity.create_user(work, operator, new, password_hash)
            if tenant_role is not None:
                self.identity.set_tenant_role(work, operator, user.id, tenant.id, tenant_role)
            if organization_role is not None:
                self.identity.set_organization_role(
                    work, operator, user.id, organization.id, organization_role
                )
        return user

    def accounts(self, members: MemberService) -> AccountService:
        """Return the service of links and sessions."""
        return AccountService(
            self.clock,
            self.keys,
            self.audit,
            self.identity,
            members,
            self.sessions,
            self.factors,
        )

    def services(self) -> Services:
        """Return what the pages of every side use."""
        members = MemberService(self.audit, self.identity)
        groups = GroupService(self.clock, self.audit)
        return Services(
            database=self.database,
            clock=self.clock,
            identity=self.identity,
            sessions=self.sessions,
            setup=self.setup,
            audit=self.audit,
            members=members,
            groups=groups,
            rights=RightsService(self.audit, self.identity, members, groups),
            accounts=self.accounts(members),
            factors=self.factors,
            origin="http://127.0.0.1",
        )


class Browser:
    """Follows links and sends forms as a browser without JavaScript does.

    With an `app` it speaks to that in this process, as if it were served at the base URL.
    """

    def __init__(self, base_url: str, app: ASGIApp | None = None) -> None:
        self.http = _client(base_url, app)
        self.http.headers["accept"] = "text/html,application/xhtml+xml,*/*;q=0.8"

    @contextmanager
    def opened(self) -> Iterator[Browser]:
        """Close the browser's connections at the end of the block."""
        with self.http:
            yield self

    def get(self, path: str) -> httpx2.Response:
        return self.http.get(path)

    def text(self, path: str) -> str:
        """What a page says, without tags."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return said(answer.text)

    def csrf_token(self, path: str) -> str:
        return self.hidden(path)["csrf_token"]

    def hidden(self, path: str) -> dict[str, str]:
        """What every form of a page carries unseen: the token, and the mark of what it shows."""
        page = self.get(path).text
        found = re.findall(r'name="(csrf_token|shown_values)" value="([^"]*)"', page)
        assert found, f"{path} has no form"
        return {name: html.unescape(value) for name, value in found if value}

    def send(
        self,
        path: str,
        data: Mapping[str, str] | None = None,
        *,
        form_at: str | None = None,
        files: list[tuple[str, tuple[str, bytes]]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Load the form at `form_at` (default: `path`) and send it to `path`."""
        fields = {**self.hidden(form_at or path), **(data or {})}
        return self.http.post(path, data=fields, files=files, headers=dict(headers or {}))

    def sign_in(self, username: str, password: Secret = PASSWORD) -> httpx2.Response:
        fields = {"username": username, "password": password.reveal()}
        return self.send("/sign-in", fields)


def _client(base_url: str, app: ASGIApp | None) -> httpx2.Client:
    if app is None:
        return httpx2.Client(base_url=base_url, follow_redirects=True, timeout=60)
    # What the app does not answer itself is a 500 here too.
    return TestClient(app, base_url, raise_server_exceptions=False, client=("127.0.0.1", 50_000))


def said(page: str) -> str:
    """What a page says, without tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


@contextmanager
def browser_on(services: Services, sides: Sides | None = None) -> Iterator[Browser]:
    """Yield a browser that speaks to the pages in process; they are served to who connects."""
    with (
        serve_when_asked(lambda _base_url: pages_of(services, sides)) as (base_url, app),
        Browser(base_url, app).opened() as browser,
    ):
        yield browser


def pages_of(services: Services, sides: Sides | None = None) -> ASGIApp:
    """Return the pages as they answer on a loopback address."""
    return create_web_app(
        services, sides or Sides(), allowed_hosts=["127.0.0.1"], secure_cookies=False
    )
