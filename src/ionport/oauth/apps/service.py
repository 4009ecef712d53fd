"""What an administrator does with authorized apps (docs/reference/credentials.md#where-and-who)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, existing
from ionport.core.i18n import _
from ionport.core.ids import new_id, random_token
from ionport.core.paging import Page
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, PasswordProof
from ionport.oauth.apps.client_secrets import ClientSecrets
from ionport.oauth.apps.credentials_file import EnvironmentFile, EnvironmentTool, environment_file
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.file_maker import CredentialsFileMaker
from ionport.oauth.apps.model import AppAction, AppQuery, AppUse, AuthorizedApp
from ionport.oauth.apps.ports import AppDependents
from ionport.oauth.apps.repository import AppRepository
from ionport.oauth.states import TokenStates
from ionport.store import ScopedWork, SystemScope, TenantScope

# 32 bytes make 43 letters (docs/reference/credentials.md#the-file).
_CLIENT_ID_BYTES: Final = 32


@dataclass(eq=False, repr=False)
class AuthorizedAppService:
    """Authorized apps of a tenant: every method needs the role IONAPI-Administrator there."""

    _clock: Clock
    _audit: AuditLog
    _states: TokenStates
    _secrets: ClientSecrets
    _files: CredentialsFileMaker
    _dependents: AppDependents

    def create_app(self, access: Access[TenantScope], draft: AppDraft) -> AuthorizedApp:
        """Store a new app with a generated client id and client secret.

        Raises:
            InvalidInput: a field is wrong; see `AppDraft.check`.
            Conflict: the tenant has an app of this name; `existing_id` is its id.
        """
        access.require_tenant_administrator()
        draft.check()
        app = AuthorizedApp(
            id=new_id("app"),
            tenant_id=access.scope.tenant_id,
            client_id=f"{access.scope.tenant_id}~{random_token(_CLIENT_ID_BYTES).reveal()}",
            is_disabled=False,
            created_at=self._clock.now(),
            created_by=access.actor.name,
            **draft.values(),
        )
        apps = AppRepository(access.connection)
        if not apps.add(access.scope, app):
            raise _name_is_taken(apps.find_by_name(access.scope, draft.name))
        if self._secrets.are_kept and not app.is_public:
            self._secrets.add(access, app)
        self._audit.record(access, AppAction.CREATED, app.id, {"name": app.name})
        access.after_commit(self._states.forget)
        return app

    def list_apps(
        self, access: Access[TenantScope], query: AppQuery | None = None
    ) -> Page[AuthorizedApp]:
        """Return one page of the tenant's apps, by name unless `query` says otherwise."""
        access.require_tenant_administrator()
        return AppRepository(access.connection).list(access.scope, query or AppQuery())

    def get_app(self, access: Access[TenantScope], app_id: str) -> AuthorizedApp:
        """Return an app; raises NotFound for another tenant's and a deleted one."""
        access.require_tenant_administrator()
        return self._app(access, app_id)

    def edit_app(self, access: Access[TenantScope], app_id: str, draft: AppDraft) -> AuthorizedApp:
        """Store an app's changed form; it holds from the next request on.

        Source: docs/reference/credentials.md#adding-an-app.

        Another Grant Type, or becoming public, ends every token of the app: none of them was
        issued under the new rules.

        Raises:
            InvalidInput: a field is wrong, or the type differs: it cannot be changed.
            Conflict: another app has the name; `existing_id` is its id.
        """
        app = self.get_app(access, app_id)
        if draft.type is not app.type:
            text = _("The type of an app cannot be changed. Make a new app.")
            raise InvalidInput(text, code="app_type_fixed", fields={"type": text})
        draft.check()
        now = self._clock.now()
        changed = replace(app, **draft.values(), changed_at=now, changed_by=access.actor.name)
        names = [name for name in draft.values() if getattr(app, name) != getattr(changed, name)]
        if {"grant_type", "is_public"} & set(names):
            changed = replace(changed, token_generation=app.token_generation + 1)
        apps = AppRepository(access.connection)
        if not apps.replace(access.scope, changed):
            raise _name_is_taken(apps.find_by_name(access.scope, draft.name))
        if changed.is_public and not app.is_public:
            apps.end_secrets(access.scope, app.id, now)
        if app.is_public and not changed.is_public and self._secrets.are_kept:
            self._secrets.add(access, changed)
        details = {"name": changed.name, "fields": ", ".join(names)}
        self._audit.record(access, AppAction.CHANGED, app.id, details)
        access.after_commit(self._states.forget)
        return changed

    def app_use(self, access: Access[TenantScope], app_id: str) -> AppUse:
        """Return how many accounts, grants and consents end when the app is disabled or deleted."""
        app = self.get_app(access, app_id)
        return self._dependents.count(access, app)

    def find_app_by_name(self, access: Access[TenantScope], name: str) -> AuthorizedApp | None:
        """Return the app of this name, without regard to case, to be reused."""
        access.require_tenant_administrator()
        return AppRepository(access.connection).find_by_name(access.scope, name)

    def reveal_secret(
        self, access: Access[TenantScope], app_id: str, proof: PasswordProof
    ) -> Secret:
        """Return the app's newest client secret.

        Raises:
            Unauthenticated: the password was not typed again just now.
            Conflict: this installation keeps no copies of client secrets.
        """
        self._require_proof(access.scope, access.actor, proof)
        app = self._app(access, app_id)
        secret = self._secrets.newest(access, app)
        if secret is None:
            raise Conflict(
                _(
                    "This server keeps no copy of client secrets (IONPORT_CLIENT_SECRETS=once)."
                    " Download Credentials makes a further secret."
                ),
                code="client_secret_not_kept",
            )
        self._audit.record(access, AppAction.SECRET_REVEALED, app.id, {"name": app.name})
        return secret

    def qr_content(self, access: Access[TenantScope], app_id: str) -> str:
        """Return the text of a mobile app's QR code: its `.ionapi` file.

        Source: docs/reference/credentials.md#the-file.

        Raises:
            Conflict: the app is not mobile, or keeps a Secret, which belongs in no picture.
        """
        app = self.get_app(access, app_id)
        if not (app.type.is_mobile and app.is_public):
            raise Conflict(
                _("Only a public mobile app has a QR code. Download the credentials instead."),
                code="no_qr_code",
            )
        return self._files.content(access, app).decode()

    def export_environment(
        self,
        access: Access[TenantScope],
        app_id: str,
        tool: EnvironmentTool,
        proof: PasswordProof | None = None,
    ) -> EnvironmentFile:
        """Return an app's addresses and client id as an environment of an API client.

        With a proof the Secret stands in it as well. A service account's keys never do: they
        left the server when the account was made.

        Raises:
            Unauthenticated: the proof is not the actor's own or too old.
            Conflict: this installation keeps no copies of client secrets.
        """
        app = self.get_app(access, app_id)
        secret = None
        if proof is not None and not app.is_public:
            secret = self.reveal_secret(access, app_id, proof)
        content = self._files.content(access, app, secret)
        return environment_file(tool, app, content)

    def set_app_disabled(self, access: Access[TenantScope], app_id: str, disabled: bool) -> None:
        """Close an app to logins and end its tokens, or open it again."""
        app = self.get_app(access, app_id)
        AppRepository(access.connection).set_disabled(access.scope, app.id, disabled)
        action = AppAction.DISABLED if disabled else AppAction.ENABLED
        self._audit.record(access, action, app.id, {"name": app.name})
        access.after_commit(self._states.forget)

    def delete_app(self, access: Access[TenantScope], app_id: str) -> None:
        """Delete an app with its secrets and accounts; every token of it ends at once."""
        app = self.get_app(access, app_id)
        AppRepository(access.connection).delete(access.scope, app.id, self._clock.now())
        self._dependents.delete(access, app)
        self._audit.record(access, AppAction.DELETED, app.id, {"name": app.name})
        access.after_commit(self._states.forget)

    def reseal(self, access: ScopedWork[SystemScope]) -> int:
        """Seal every kept client secret with the ring's newest key; return how many changed."""
        return self._secrets.reseal(access)

    def _require_proof(self, scope: TenantScope, actor: Actor, proof: PasswordProof) -> None:
        actor.require_tenant_administrator(scope.tenant_id)
        proof.require_for(actor, self._clock.now())

    def _app(self, access: ScopedWork[TenantScope], app_id: str) -> AuthorizedApp:
        app = AppRepository(access.connection).get(access.scope, app_id)
        return existing(app, _("There is no such authorized app in this tenant."))


def _name_is_taken(existing: AuthorizedApp | None) -> Conflict:
    return Conflict(
        _("This tenant has an app of that name already. Use that one, or choose another name."),
        code="app_name_taken",
        existing_id=existing.id if existing else None,
    )
