"""An Infor side's authorization server, put together as in production, with one tenant."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from joserfc.jwk import RSAKey
from sqlalchemy import insert

from ionport.core.clock import Clock
from ionport.core.ids import new_id, new_uuid
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, PasswordProof, TenantRole
from ionport.identity.tables import tenant_memberships, tenants, users
from ionport.oauth.accounts.model import ServiceAccount
from ionport.oauth.accounts.service import ServiceAccountService
from ionport.oauth.apps.client_secrets import ClientSecrets
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.file_maker import CredentialsFileMaker
from ionport.oauth.apps.model import AuthorizedApp, CredentialsFile
from ionport.oauth.apps.origins import RegisteredOrigins
from ionport.oauth.apps.security import AppSecurityService
from ionport.oauth.apps.service import AuthorizedAppService
from ionport.oauth.authorize.app_dependents import StoredAppDependents
from ionport.oauth.authorize.service import ApprovalService
from ionport.oauth.clients.authentication import Clients, OAuthRequest
from ionport.oauth.http.app import AuthorizationApp
from ionport.oauth.http.routes import AuthorizationServer
from ionport.oauth.protocol import Parameters
from ionport.oauth.states import TokenStates
from ionport.oauth.tenant.endpoints import Endpoints
from ionport.oauth.tenant.service import TenantSettingsService
from ionport.oauth.tokens.access_tokens import AccessTokens
from ionport.oauth.tokens.introspection import IntrospectionService
from ionport.oauth.tokens.issuing import issue
from ionport.oauth.tokens.keys.signing import SigningKeys
from ionport.oauth.tokens.service import TokenService
from ionport.oauth.tokens.verifier import AccessTokenVerifier
from ionport.store import Database, TenantScope
from tests.support.server import serve_at

TENANT = "ACME_TST"
OTHER_TENANT = "OTHER_PRD"
STAMP = "V1480769020"


class OAuthSide:
    """Every service of `ionport.oauth` over one database: what one process holds."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        key_ring: KeyRing | None = None,
        base_url: str = "https://ion.example.com",
        keep_client_secrets: bool = True,
        states: TokenStates | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.key_ring = key_ring or KeyRing.generate()
        self.endpoints = Endpoints(base_url, base_url)
        self.states = states or TokenStates()
        self.keys = SigningKeys(self.key_ring, clock)
        self.keys.ensure(database)
        self.access_tokens = AccessTokens(clock, self.endpoints, self.keys)
        self.clients = Clients(self.key_ring, self.endpoints)
        self.tokens = TokenService(
            clock, self.key_ring, self.access_tokens, self.states, self.clients
        )
        self.settings = TenantSettingsService(clock, AuditLog(clock), self.states)
        self.introspection = IntrospectionService(
            clock, self.key_ring, self.access_tokens, self.clients
        )
        self.approvals = ApprovalService(
            clock, self.key_ring, self.endpoints, AuditLog(clock), self.tokens, self.states
        )
        self.audit = AuditLog(clock)
        secrets = ClientSecrets(clock, self.key_ring, keep_copies=keep_client_secrets)
        files = CredentialsFileMaker(self.endpoints, self.audit, secrets, STAMP)
        self.security = AppSecurityService(clock, self.endpoints, self.audit, self.states, secrets)
        self.apps = AuthorizedAppService(
            clock, self.audit, self.states, secrets, files, StoredAppDependents(clock)
        )
        self.service_accounts = ServiceAccountService(
            clock, self.key_ring, self.audit, self.states, files
        )
        self.verifier = AccessTokenVerifier(database, self.access_tokens, self.states)
        self.origins = RegisteredOrigins(database, self.states)
        self.scope = TenantScope(TENANT)
        self.operator = Actor.operator()

    @property
    def proof(self) -> PasswordProof:
        return PasswordProof.operator(self.clock.now())

    def asgi(self) -> AuthorizationApp:
        server = AuthorizationServer(
            database=self.database,
            endpoints=self.endpoints,
            keys=self.keys,
            tokens=self.tokens,
            introspection=self.introspection,
            settings=self.settings,
        )
        return AuthorizationApp(server, self.origins)

    def create_app(self, name: str = "DocBits_TST", **fields: Any) -> AuthorizedApp:
        draft = AppDraft(name=name, **{"description": "For tests", **fields})
        with self.database.write() as work:
            return self.apps.create_app(Access(work, self.scope, self.operator), draft)

    def download(
        self,
        app: AuthorizedApp,
        *,
        account: bool = True,
        user_id: str | None = None,
        scopes: tuple[str, ...] = (),
    ) -> CredentialsFile:
        with self.database.write() as work:
            return self.service_accounts.download_credentials(
                Access(work, self.scope, self.operator),
                app.id,
                self.proof,
                create_service_account=account,
                user_id=user_id,
                scopes=scopes,
            )

    def credentials(
        self,
        app: AuthorizedApp,
        *,
        account: bool = True,
        user_id: str | None = None,
        scopes: tuple[str, ...] = (),
    ) -> dict[str, str]:
        """Download an app's file and return its JSON."""
        file = self.download(app, account=account, user_id=user_id, scopes=scopes)
        values: dict[str, str] = json.loads(file.content)
        return values

    def accounts(self, app: AuthorizedApp) -> list[ServiceAccount]:
        with self.database.read() as work:
            page = self.service_accounts.list_of_app(
                Access(work, self.scope, self.operator), app.id
            )
        return list(page.items)

    def request(self, tenant: str = TENANT, **parameters: str) -> dict[str, Any]:
        """Ask for tokens with these parameters and return the answer in the clear."""
        answer = issue(
            self.database,
            self.tokens,
            TenantScope(tenant),
            OAuthRequest(Parameters(parameters.items())),
        )
        return answer.revealed()

    def log_in(self, file: Mapping[str, str], **changes: str) -> dict[str, Any]:
        """Log in as the file says: password grant with its keys, else client credentials."""
        parameters = {"client_id": file["ci"], "client_secret": file["cs"]}
        if "saak" in file:
            parameters |= {"grant_type": "password", "username": file["saak"]}
            parameters["password"] = file["sask"]
        else:
            parameters["grant_type"] = "client_credentials"
        return self.request(**(parameters | changes))

    def refresh(self, file: Mapping[str, str], refresh_token: str, **changes: str) -> Any:
        parameters = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": file["ci"],
            "client_secret": file["cs"],
        }
        return self.request(**(parameters | changes))

    def approve(self, actor: Actor, app: AuthorizedApp, **changes: str) -> str:
        """Approve a code request of the app as `actor`; returns the address led back to."""
        parameters = {"client_id": app.client_id, "response_type": "code", **changes}
        query = urlencode({name: value for name, value in parameters.items() if value})
        with self.database.read() as work:
            asked = self.approvals.read(work.within(self.scope), query)
            approval = self.approvals.prepare(Access(work, self.scope, actor), asked)
        with self.database.write() as work:
            return self.approvals.record(Access(work, self.scope, actor), approval).reveal()

    def code(self, actor: Actor, app: AuthorizedApp, **changes: str) -> str:
        """Return the code of an approval."""
        return parse_qs(urlsplit(self.approve(actor, app, **changes)).query)["code"][0]

    def change_settings(self, **changes: Any) -> None:
        with self.database.write() as work:
            settings = replace(self.settings.in_force(work.within(self.scope)), **changes)
            self.settings.change(Access(work, self.scope, self.operator), settings)

    def revoke(self, **parameters: str) -> None:
        with self.database.write() as work:
            self.tokens.revoke(
                work.within(self.scope), OAuthRequest(Parameters(parameters.items()))
            )


VERIFIER = "v" * 43
PKCE = {
    "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
    .decode()
    .rstrip("="),
    "code_challenge_method": "S256",
}


def add_tenant(database: Database, clock: Clock, tenant_id: str = TENANT) -> None:
    with database.write() as work:
        work.connection.execute(insert(tenants).values(id=tenant_id, created_at=clock.now()))


def add_user(
    database: Database,
    clock: Clock,
    username: str = "anna",
    *,
    tenant_id: str = TENANT,
    role: TenantRole = TenantRole.USER,
) -> Actor:
    """Add a member of the tenant and return them as an actor."""
    user_id = new_id("usr")
    with database.write() as work:
        work.connection.execute(
            insert(users).values(
                id=user_id,
                username=username,
                username_key=username,
                full_name=username.title(),
                email=f"{username}@example.com",
                identity2=new_uuid(),
                password_hash="none",
                is_disabled=False,
                created_at=clock.now(),
            )
        )
        work.connection.execute(
            insert(tenant_memberships).values(user_id=user_id, tenant_id=tenant_id, role=role)
        )
    return Actor(user_id=user_id, name=username, tenant_roles=frozenset({(tenant_id, role)}))


def basic(file: Mapping[str, str]) -> str:
    """The value of an Authorization header as Infor's samples send it: not form-encoded."""
    return "Basic " + base64.b64encode(f"{file['ci']}:{file['cs']}".encode()).decode()


def with_basic(authorization: str, **parameters: str) -> OAuthRequest:
    return OAuthRequest(Parameters(parameters.items()), Secret(authorization))


@cache
def foreign_key() -> RSAKey:
    """A key that no server of the tests signs with."""
    key = generate_private_key(65537, 2048)
    return RSAKey.import_key(key, {"kid": "kg:00000000-0000-0000-0000-000000000000"})


@contextmanager
def serve_side(database: Database, clock: Clock) -> Iterator[OAuthSide]:
    """Serve a fresh authorization server whose credential files lead to it."""
    add_tenant(database, clock)
    sides: list[OAuthSide] = []

    def make(base_url: str) -> AuthorizationApp:
        sides.append(OAuthSide(database, clock, base_url=base_url))
        return sides[0].asgi()

    with serve_at(make):
        yield sides[0]


@dataclass(frozen=True)
class Answer:
    """What came back over the socket."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(
    url: str,
    body: bytes | str = b"",
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
) -> Answer:
    """Send just these bytes: nothing is encoded, added or retried but Host and Content-Length."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method, target, body, dict(headers or {}))
    response = connection.getresponse()
    # Lower-case names: a client may not depend on their case.
    named = {name.lower(): value for name, value in response.getheaders()}
    answer = Answer(response.status, named, response.read())
    connection.close()
    return answer
