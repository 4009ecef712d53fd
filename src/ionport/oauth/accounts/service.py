"""The tenant's service accounts across all apps (facts/ion-api.md §1.5)."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace

from ionport.core.clock import Clock
from ionport.core.errors import NotFound
from ionport.core.i18n import _
from ionport.core.paging import Page
from ionport.core.sealing import KeyRing
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, PasswordProof
from ionport.oauth.accounts.maker import ServiceAccountMaker, check_account
from ionport.oauth.accounts.model import AccountQuery, ListedAccount, ServiceAccount
from ionport.oauth.accounts.tenant_repository import TenantAccountRepository
from ionport.oauth.apps.credentials_file import ServiceAccountKeys
from ionport.oauth.apps.model import CredentialsFile
from ionport.oauth.apps.repository import AppRepository
from ionport.oauth.states import TokenStates
from ionport.store import TenantScope, Work


@dataclass(frozen=True, slots=True)
class AccountDraft:
    """What the form of a service account holds; `user_id` None links nobody."""

    description: str = ""
    user_id: str | None = None
    scopes: tuple[str, ...] = ()


class ServiceAccountService:
    """Service accounts of a tenant: every method needs the role IONAPI-Administrator there."""

    def __init__(
        self, clock: Clock, key_ring: KeyRing, audit: AuditLog, states: TokenStates
    ) -> None:
        self._clock = clock
        self._audit = audit
        self._states = states
        self._maker = ServiceAccountMaker(clock, key_ring, audit)

    def list_accounts(
        self, work: Work, scope: TenantScope, actor: Actor, query: AccountQuery | None = None
    ) -> Page[ListedAccount]:
        """Return one page of the accounts of all apps, newest first unless `query` says else."""
        actor.require_tenant_administrator(scope.tenant_id)
        return TenantAccountRepository(work.connection).list(scope, query or AccountQuery())

    def get_account(
        self, work: Work, scope: TenantScope, actor: Actor, account_id: str
    ) -> ListedAccount:
        """Return an account; raises NotFound for another tenant's and a deleted one."""
        actor.require_tenant_administrator(scope.tenant_id)
        listed = TenantAccountRepository(work.connection).get(scope, account_id)
        if listed is None:
            raise NotFound(_("There is no such service account in this tenant."))
        return listed

    def add_account(
        self,
        work: Work,
        scope: TenantScope,
        actor: Actor,
        app_id: str,
        draft: AccountDraft,
        proof: PasswordProof,
    ) -> CredentialsFile:
        """Make an account and return its keys as a CSV file; they leave the server here alone.

        Raises:
            Unauthenticated: the password was not typed again just now.
            InvalidInput: a field is wrong, or the app logs in without service accounts.
            NotFound: no such app.
        """
        actor.require_tenant_administrator(scope.tenant_id)
        proof.require_for(actor, self._clock.now())
        app = AppRepository(work.connection).get(scope, app_id)
        if app is None:
            raise NotFound(_("There is no such authorized app in this tenant."))
        _account, keys = self._maker.make(
            work,
            scope,
            actor,
            app,
            draft.user_id,
            description=draft.description.strip(),
            scopes=draft.scopes,
        )
        return CredentialsFile("service-account.csv", _csv(keys))

    def change_account(
        self, work: Work, scope: TenantScope, actor: Actor, account_id: str, draft: AccountDraft
    ) -> ServiceAccount:
        """Change an account's description, user and scopes; new logins see it at once.

        Raises:
            InvalidInput: a field is wrong.
        """
        account = self.get_account(work, scope, actor, account_id).account
        changed = replace(
            account,
            description=draft.description.strip(),
            user_id=draft.user_id,
            scopes=draft.scopes,
        )
        # A link to somebody who has left meanwhile may stay, but no such link may be made.
        new_user = draft.user_id if draft.user_id != account.user_id else None
        check_account(work, scope, new_user, changed.description, changed.scopes)
        TenantAccountRepository(work.connection).change(scope, changed)
        self._audit.record(
            work, scope, actor, "service_account.changed", account.id, {"app": account.app_id}
        )
        work.after_commit(self._states.forget)
        return changed


def _csv(keys: ServiceAccountKeys) -> bytes:
    """Return the two keys under Infor's headings, for spreadsheets and scripts alike."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(("Access Key", "Secret Key"))
    writer.writerow((keys.access_key, keys.secret_key.reveal()))
    return text.getvalue().encode()
