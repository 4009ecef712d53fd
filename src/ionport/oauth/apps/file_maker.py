"""Makes `.ionapi` files from an app, its tenant's endpoints and the keys of an account."""

from __future__ import annotations

from dataclasses import dataclass

from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.oauth.apps.client_secrets import ClientSecrets
from ionport.oauth.apps.credentials_file import (
    ServiceAccountKeys,
    credentials_content,
    credentials_filename,
)
from ionport.oauth.apps.model import AppAction, AuthorizedApp, CredentialsFile
from ionport.oauth.apps.scope_policy import are_enforced
from ionport.oauth.tenant.endpoints import Endpoints
from ionport.oauth.tenant.repository import TenantSettingsRepository
from ionport.store import ScopedWork, TenantScope


@dataclass(eq=False, repr=False)
class CredentialsFileMaker:
    """Makes `.ionapi` files; the callers check the right."""

    _endpoints: Endpoints
    _audit: AuditLog
    _secrets: ClientSecrets
    _environment_stamp: str

    def make(
        self,
        access: Access[TenantScope],
        app: AuthorizedApp,
        keys: ServiceAccountKeys | None = None,
    ) -> CredentialsFile:
        """Return the app's file with its secret, and the account's keys if there are any.

        Where no copies of secrets are kept, the app gets a further one for this file.
        """
        secret = None
        if not app.is_public:
            secret = self._secrets.newest(access, app) or self._secrets.add(access, app)
        content = self.content(access, app, secret, keys)
        details = {"name": app.name, "service_account": keys.account_id if keys else ""}
        self._audit.record(access, AppAction.CREDENTIALS_DOWNLOADED, app.id, details)
        return CredentialsFile(credentials_filename(app), content)

    def content(
        self,
        access: ScopedWork[TenantScope],
        app: AuthorizedApp,
        secret: Secret | None = None,
        keys: ServiceAccountKeys | None = None,
    ) -> bytes:
        """Return the JSON of a file with just these secrets in it."""
        settings = TenantSettingsRepository(access.connection).get(access.scope)
        scopes = keys.scopes if keys is not None and keys.scopes else app.scopes
        return credentials_content(
            app,
            secret,
            self._endpoints,
            self._environment_stamp,
            keys,
            flavour=settings.url_flavour,
            scopes=scopes if are_enforced(settings, app) else (),
        )
