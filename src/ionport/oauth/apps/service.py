"""What an administrator does with authorized apps and service accounts (facts/ion-api.md §1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.core.ids import new_id, random_token
from ionport.core.paging import Page, PageRequest
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, PasswordProof
from ionport.oauth.accounts.maker import ServiceAccountMaker, wrong_user
from ionport.oauth.accounts.model import ServiceAccount
from ionport.oauth.accounts.repository import ServiceAccountRepository
from ionport.oauth.apps.client_secrets import ClientSecrets
from ionport.oauth.apps.credentials_file import (
    EnvironmentFile,
    EnvironmentTool,
    environment_file,
)
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.file_maker import CredentialsFileMaker
from ionport.oauth.apps.model import AppQuery, AppUse, AuthorizedApp, CredentialsFile
from ionport.oauth.apps.repository import AppRepository
from ionport.oauth.authorize.repository import ConsentRepository
from ionport.oauth.grants.repository import GrantRepository
from ionport.oauth.states import TokenStates
from ionport.oauth.tenant.endpoints import Endpoints
from ionport.store import SystemScope, TenantScope, Work

# 32 bytes make 43 letters (facts/ion-api.md §2).
_CLIENT_ID_BYTES: Final = 32
MAX_COUNTED_GRANTS: Final = 10_000


class AuthorizedAppService:
    """Authorized apps of a tenant: every method needs the role IONAPI-Administrator there.

    `environment_stamp` is `ev` of every file (`keys.environment_stamp`). With
    `keep_client_secrets` off no sealed copy is kept: Reveal then is refused, and every download
    adds a further secret (DESIGN.md, decision 6).
    """

    def __init__(
        self,
        clock: Clock,
        key_ring: KeyRing,
        endpoints: Endpoints,
        audit: AuditLog,
        states: TokenStates,
        *,
        environment_stamp: str,
        keep_client_secrets: bool = True,
    ) -> None:
        self._clock = clock
        self._key_ring = key_ring
        self._audit = audit
        self._states = states
        self._keep_client_secrets = keep_client_secrets
        self._accounts = ServiceAccountMaker(clock, key_ring, audit)
        self._secrets = ClientSecrets(clock, key_ring, keep_copies=keep_client_secrets)
        self._files = CredentialsFileMaker(endpoints, audit, self._secrets, environment_stamp)

    def create_app(
        self, work: Work, scope: TenantScope, actor: Actor, draft: AppDraft
    ) -> AuthorizedApp:
        """Store a new app with a generated client id and client secret.

        Raises:
            InvalidInput: a field is wrong; see `AppDraft.check`.
            Conflict: the tenant has an app of this name; `existing_id` is its id.
        """
        actor.require_tenant_administrator(scope.tenant_id)
        draft.check()
        app = AuthorizedApp(
            id=new_id("app"),
            tenant_id=scope.tenant_id,
            client_id=f"{scope.tenant_id}~{random_token(_CLIENT_ID_BYTES).reveal()}",
            is_disabled=False,
            created_at=self._clock.now(),
            created_by=actor.name,
            **draft.values(),
        )
        apps = AppRepository(work.connection)
        if not apps.add(scope, app):
            raise _name_is_taken(apps.find_by_name(scope, draft.name))
        if self._keep_client_secrets and not app.is_public:
            self._secrets.add(work, scope, app)
        self._audit.record(work, scope, actor, "app.created", app.id, {"name": app.name})
        work.after_commit(self._states.forget)
        return app

    def list_apps(
        self, work: Work, scope: TenantScope, actor: Actor, query: AppQuery | None = None
    ) -> Page[AuthorizedApp]:
        """Return one page of the tenant's apps, by name unless `query` says otherwise."""
        actor.require_tenant_administrator(scope.tenant_id)
        return AppRepository(work.connection).list(scope, query or AppQuery())

    def get_app(self, work: Work, scope: TenantScope, actor: Actor, app_id: str) -> AuthorizedApp:
        """Return an app; raises NotFound for another tenant's and a deleted one."""
        actor.require_tenant_administrator(scope.tenant_id)
        return self._app(work, scope, app_id)

    def edit_app(
        self, work: Work, scope: TenantScope, actor: Actor, app_id: str, draft: AppDraft
    ) -> AuthorizedApp:
        """Store an app's changed form; it holds from the next request on (facts §1.2).

        Another Grant Type, or becoming public, kills every token of the app: none of them was
        issued under the new rules.

        Raises:
            InvalidInput: a field is wrong, or the type differs: it cannot be changed.
            Conflict: another app has the name; `existing_id` is its id.
        """
        app = self.get_app(work, scope, actor, app_id)
        if draft.type is not app.type:
            text = _("The type of an app cannot be changed. Make a new app.")
            raise InvalidInput(text, code="app_type_fixed", fields={"type": text})
        draft.check()
        now = self._clock.now()
        changed = replace(app, **draft.values(), changed_at=now, changed_by=actor.name)
        names = [name for name in draft.values() if getattr(app, name) != getattr(changed, name)]
        if {"grant_type", "is_public"} & set(names):
            changed = replace(changed, token_generation=app.token_generation + 1)
        apps = AppRepository(work.connection)
        if not apps.replace(scope, changed):
            raise _name_is_taken(apps.find_by_name(scope, draft.name))
        if changed.is_public and not app.is_public:
            apps.end_secrets(scope, app.id, now)
        if app.is_public and not changed.is_public and self._keep_client_secrets:
            self._secrets.add(work, scope, changed)
        details = {"name": changed.name, "fields": ", ".join(names)}
        self._audit.record(work, scope, actor, "app.changed", app.id, details)
        work.after_commit(self._states.forget)
        return changed

    def app_use(self, work: Work, scope: TenantScope, actor: Actor, app_id: str) -> AppUse:
        """Return what hangs on an app: what disabling or deleting it would stop."""
        app = self.get_app(work, scope, actor, app_id)
        accounts = ServiceAccountRepository(work.connection)
        grants = GrantRepository(work.connection)
        return AppUse(
            service_accounts=accounts.list(scope, app.id, PageRequest(per_page=1)).total,
            live_grants=grants.count_alive(
                scope, app.id, app.token_generation, self._clock.now(), MAX_COUNTED_GRANTS
            ),
            consents=ConsentRepository(work.connection).count(scope, app.id),
        )

    def find_app_by_name(
        self, work: Work, scope: TenantScope, actor: Actor, name: str
    ) -> AuthorizedApp | None:
        """Return the app of this name, without regard to case, to be reused."""
        actor.require_tenant_administrator(scope.tenant_id)
        return AppRepository(work.connection).find_by_name(scope, name)

    def reveal_secret(
        self, work: Work, scope: TenantScope, actor: Actor, app_id: str, proof: PasswordProof
    ) -> Secret:
        """Return the app's newest client secret.

        Raises:
            Unauthenticated: the password was not typed again just now.
            Conflict: this installation keeps no copies of client secrets.
        """
        self._require_proof(scope, actor, proof)
        app = self._app(work, scope, app_id)
        secret = self._secrets.newest(work, scope, app)
        if secret is None:
            raise Conflict(
                _(
                    "This server keeps no copy of client secrets (IONPORT_CLIENT_SECRETS=once)."
                    " Download Credentials makes a further secret."
                ),
                code="client_secret_not_kept",
            )
        self._audit.record(work, scope, actor, "app.secret_revealed", app.id, {"name": app.name})
        return secret

    def download_credentials(
        self,
        work: Work,
        scope: TenantScope,
        actor: Actor,
        app_id: str,
        proof: PasswordProof,
        *,
        create_service_account: bool,
        user_id: str | None = None,
        description: str = "",
        scopes: tuple[str, ...] = (),
    ) -> CredentialsFile:
        """Return the app's `.ionapi` file, with a new service account when asked for one.

        The account's secret key leaves the server in this file and never again. `user_id` links
        the account with a user of the tenant; `scopes` are those that the account may use.

        Raises:
            Unauthenticated: the password was not typed again just now.
            InvalidInput: the user is unknown here, or was chosen without Create Service Account.
        """
        self._require_proof(scope, actor, proof)
        app = self._app(work, scope, app_id)
        if not create_service_account:
            if user_id is not None:
                raise wrong_user(_("Switch on Create Service Account to link a user."))
            return self._files.make(work, scope, actor, app)
        account, keys = self._accounts.make(
            work, scope, actor, app, user_id, description=description, scopes=scopes
        )
        return self._files.make(work, scope, actor, app, account, keys)

    def qr_content(self, work: Work, scope: TenantScope, actor: Actor, app_id: str) -> str:
        """Return the text of a mobile app's QR code: its `.ionapi` file (facts §2).

        Raises:
            Conflict: the app is not mobile, or keeps a Secret, which belongs in no picture.
        """
        app = self.get_app(work, scope, actor, app_id)
        if not (app.type.is_mobile and app.is_public):
            raise Conflict(
                _("Only a public mobile app has a QR code. Download the credentials instead."),
                code="no_qr_code",
            )
        return self._files.content(work, scope, app).decode()

    def export_environment(
        self,
        work: Work,
        scope: TenantScope,
        actor: Actor,
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
        app = self.get_app(work, scope, actor, app_id)
        secret = None
        if proof is not None and not app.is_public:
            secret = self.reveal_secret(work, scope, actor, app_id, proof)
        content = self._files.content(work, scope, app, secret)
        return environment_file(tool, app, content)

    def list_service_accounts(
        self,
        work: Work,
        scope: TenantScope,
        actor: Actor,
        app_id: str,
        page: PageRequest | None = None,
    ) -> Page[ServiceAccount]:
        """Return one page of an app's service accounts, newest first."""
        app = self.get_app(work, scope, actor, app_id)
        accounts = ServiceAccountRepository(work.connection)
        return accounts.list(scope, app.id, page or PageRequest())

    def delete_service_account(
        self, work: Work, scope: TenantScope, actor: Actor, account_id: str
    ) -> None:
        """Delete an account; its access tokens and refresh tokens are dead at once."""
        actor.require_tenant_administrator(scope.tenant_id)
        self._delete_account(work, scope, actor, self._account(work, scope, account_id))

    def replace_service_account(
        self,
        work: Work,
        scope: TenantScope,
        actor: Actor,
        account_id: str,
        proof: PasswordProof,
    ) -> CredentialsFile:
        """Delete an account and make it again for the same app and user: "Delete and make again".

        Returns the new file. Raises Unauthenticated without a fresh proof.
        """
        self._require_proof(scope, actor, proof)
        old = self._account(work, scope, account_id)
        app = self._app(work, scope, old.app_id)
        self._delete_account(work, scope, actor, old)
        account, keys = self._accounts.make(
            work,
            scope,
            actor,
            app,
            old.user_id,
            description=old.description,
            scopes=old.scopes,
        )
        return self._files.make(work, scope, actor, app, account, keys)

    def set_service_account_disabled(
        self, work: Work, scope: TenantScope, actor: Actor, account_id: str, disabled: bool
    ) -> None:
        """Close an account to logins and kill its tokens, or open it again."""
        actor.require_tenant_administrator(scope.tenant_id)
        account = self._account(work, scope, account_id)
        accounts = ServiceAccountRepository(work.connection)
        accounts.set_disabled(scope, account.id, disabled)
        action = "service_account.disabled" if disabled else "service_account.enabled"
        self._audit.record(work, scope, actor, action, account.id, {"app": account.app_id})
        work.after_commit(self._states.forget)

    def set_app_disabled(
        self, work: Work, scope: TenantScope, actor: Actor, app_id: str, disabled: bool
    ) -> None:
        """Close an app to logins and kill its tokens, or open it again."""
        app = self.get_app(work, scope, actor, app_id)
        AppRepository(work.connection).set_disabled(scope, app.id, disabled)
        action = "app.disabled" if disabled else "app.enabled"
        self._audit.record(work, scope, actor, action, app.id, {"name": app.name})
        work.after_commit(self._states.forget)

    def delete_app(self, work: Work, scope: TenantScope, actor: Actor, app_id: str) -> None:
        """Delete an app with its secrets and accounts; every token of it is dead at once."""
        app = self.get_app(work, scope, actor, app_id)
        AppRepository(work.connection).delete(scope, app.id, self._clock.now())
        self._audit.record(work, scope, actor, "app.deleted", app.id, {"name": app.name})
        work.after_commit(self._states.forget)

    def reseal(self, work: Work, scope: SystemScope) -> int:
        """Seal every kept client secret with the ring's newest key; return how many changed."""
        return self._secrets.reseal(work, scope)

    def _require_proof(self, scope: TenantScope, actor: Actor, proof: PasswordProof) -> None:
        actor.require_tenant_administrator(scope.tenant_id)
        proof.require_for(actor, self._clock.now())

    def _app(self, work: Work, scope: TenantScope, app_id: str) -> AuthorizedApp:
        app = AppRepository(work.connection).get(scope, app_id)
        if app is None:
            raise NotFound(_("There is no such authorized app in this tenant."))
        return app

    def _account(self, work: Work, scope: TenantScope, account_id: str) -> ServiceAccount:
        account = ServiceAccountRepository(work.connection).get(scope, account_id)
        if account is None:
            raise NotFound(_("There is no such service account in this tenant."))
        return account

    def _delete_account(
        self, work: Work, scope: TenantScope, actor: Actor, account: ServiceAccount
    ) -> None:
        accounts = ServiceAccountRepository(work.connection)
        accounts.delete(scope, account.id, self._clock.now())
        self._audit.record(
            work, scope, actor, "service_account.deleted", account.id, {"app": account.app_id}
        )
        work.after_commit(self._states.forget)


def _name_is_taken(existing: AuthorizedApp | None) -> Conflict:
    return Conflict(
        _("This tenant has an app of that name already. Use that one, or choose another name."),
        code="app_name_taken",
        existing_id=existing.id if existing else None,
    )
