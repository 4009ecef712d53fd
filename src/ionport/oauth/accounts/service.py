"""What an administrator does with service accounts, of one app and across all.

Source: docs/reference/credentials.md#download-credentials.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput, existing
from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE, Page, PageRequest
from ionport.core.sealing import KeyRing
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, PasswordProof
from ionport.oauth.accounts.maker import ServiceAccountMaker, check_account, wrong_user
from ionport.oauth.accounts.model import (
    TITLE_SEPARATOR,
    AccountQuery,
    ListedAccount,
    ServiceAccount,
    ServiceAccountAction,
)
from ionport.oauth.accounts.repository import ServiceAccountRepository
from ionport.oauth.accounts.tenant_repository import TenantAccountRepository
from ionport.oauth.apps.credentials_file import ServiceAccountKeys
from ionport.oauth.apps.file_maker import CredentialsFileMaker
from ionport.oauth.apps.model import AuthorizedApp, CredentialsFile
from ionport.oauth.apps.repository import AppRepository
from ionport.oauth.states import TokenStates
from ionport.store import ScopedWork, SystemScope, TenantScope

_MAX_NAME: Final = 200
# A title has three: the app, the access key, and whose it is, which may have the separator too.
_MAX_PARTS: Final = 5


@dataclass(frozen=True, slots=True)
class AccountDraft:
    """What the form of a service account holds; `user_id` None links nobody, `ends_on` is a day."""

    description: str = ""
    user_id: str | None = None
    scopes: tuple[str, ...] = ()
    ends_on: str | None = None


class ServiceAccountService:
    """Service accounts of a tenant: every method needs the role IONAPI-Administrator there."""

    def __init__(
        self,
        clock: Clock,
        key_ring: KeyRing,
        audit: AuditLog,
        states: TokenStates,
        files: CredentialsFileMaker,
    ) -> None:
        self._clock = clock
        self._audit = audit
        self._states = states
        self._maker = ServiceAccountMaker(clock, key_ring, audit)
        self._files = files

    def list_accounts(
        self, access: Access[TenantScope], query: AccountQuery | None = None
    ) -> Page[ListedAccount]:
        """Return one page of the accounts of all apps, newest first unless `query` says else."""
        access.require_tenant_administrator()
        return TenantAccountRepository(access.connection).list(
            access.scope, query or AccountQuery()
        )

    def get_account(self, access: Access[TenantScope], account_id: str) -> ListedAccount:
        """Return an account; raises NotFound for another tenant's and a deleted one."""
        access.require_tenant_administrator()
        listed = TenantAccountRepository(access.connection).get(access.scope, account_id)
        return existing(listed, _("There is no such service account in this tenant."))

    def find_account(
        self, access: Access[TenantScope], name: str, app_id: str = ""
    ) -> ListedAccount:
        """Return the account, of one app or of any, that a typed name means.

        That is the one whose access key is `name` or a part of it, as in a title; else the only
        enabled one that a search for `name` finds.

        Raises:
            InvalidInput: it means none, or more than one (field `account`).
        """
        access.require_tenant_administrator()
        accounts = TenantAccountRepository(access.connection)
        parts = [part.strip() for part in name.split(TITLE_SEPARATOR)][:_MAX_PARTS]
        found = [
            one
            for one in accounts.find_keys(access.scope, parts)
            if one.account.app_id == (app_id or one.account.app_id)
        ]
        if name and not found:
            two = PageRequest(per_page=2)
            query = AccountQuery(name[:_MAX_NAME], app_id=app_id, is_disabled=False, page=two)
            found = [*accounts.list(access.scope, query).items]
        if len(found) != 1:
            text = _wrong_name(name, is_found=bool(found))
            raise InvalidInput(text, fields={"account": text})
        return found[0]

    def list_of_user(self, access: Access[SystemScope]) -> Sequence[ServiceAccount]:
        """Return the accounts that act as the person who asks, those that end first."""
        if access.actor.user_id is None:
            return ()
        accounts = ServiceAccountRepository(access.connection)
        return accounts.list_of_user(access.scope, access.actor.user_id, MAX_PER_PAGE)

    def add_account(
        self, access: Access[TenantScope], app_id: str, draft: AccountDraft, proof: PasswordProof
    ) -> CredentialsFile:
        """Make an account and return its keys as a CSV file, the only copy of the secret key.

        Raises:
            Unauthenticated: the password was not typed again just now.
            InvalidInput: a field is wrong, or the app logs in without service accounts.
            NotFound: no such app.
        """
        self._require_proof(access.scope, access.actor, proof)
        app = self._app(access, app_id)
        keys = self._maker.make(
            access,
            app,
            draft.user_id,
            description=draft.description.strip(),
            scopes=draft.scopes,
            ends_on=draft.ends_on,
        )
        return CredentialsFile("service-account.csv", _csv(keys))

    def change_account(
        self, access: Access[TenantScope], account_id: str, draft: AccountDraft
    ) -> ServiceAccount:
        """Change an account's description, user, scopes and end; new logins see it at once.

        Raises:
            InvalidInput: a field is wrong.
        """
        account = self.get_account(access, account_id).account
        changed = replace(
            account,
            description=draft.description.strip(),
            user_id=draft.user_id,
            scopes=draft.scopes,
            ends_on=draft.ends_on,
        )
        # A link to a user who has left meanwhile may stay, but no such link may be made.
        new_user = draft.user_id if draft.user_id != account.user_id else None
        check_account(access, new_user, changed.description, changed.scopes, changed.ends_on)
        TenantAccountRepository(access.connection).change(access.scope, changed)
        self._audit.record(
            access,
            ServiceAccountAction.CHANGED,
            account.id,
            {"app": account.app_id, **({"end": draft.ends_on} if draft.ends_on else {})},
        )
        access.after_commit(self._states.forget)
        return changed

    def download_credentials(
        self,
        access: Access[TenantScope],
        app_id: str,
        proof: PasswordProof,
        *,
        create_service_account: bool,
        user_id: str | None = None,
        description: str = "",
        scopes: tuple[str, ...] = (),
    ) -> CredentialsFile:
        """Return the app's `.ionapi` file, with a new service account when asked for one.

        This file is the only copy of the account's secret key. `user_id` links
        the account with a user of the tenant; `scopes` are those that the account may use.

        Raises:
            Unauthenticated: the password was not typed again just now.
            InvalidInput: the user is unknown here, or was chosen without Create Service Account.
        """
        self._require_proof(access.scope, access.actor, proof)
        app = self._app(access, app_id)
        if not create_service_account:
            if user_id is not None:
                raise wrong_user(_("Switch on Create Service Account to link a user."))
            return self._files.make(access, app)
        keys = self._maker.make(access, app, user_id, description=description, scopes=scopes)
        return self._files.make(access, app, keys)

    def list_of_app(
        self, access: Access[TenantScope], app_id: str, page: PageRequest | None = None
    ) -> Page[ServiceAccount]:
        """Return one page of an app's service accounts, newest first."""
        access.require_tenant_administrator()
        app = self._app(access, app_id)
        accounts = ServiceAccountRepository(access.connection)
        return accounts.list(access.scope, app.id, page or PageRequest())

    def delete_account(self, access: Access[TenantScope], account_id: str) -> None:
        """Delete an account; its access tokens and refresh tokens end at once."""
        access.require_tenant_administrator()
        self._delete_account(access, self._account(access, account_id))

    def replace_account(
        self, access: Access[TenantScope], account_id: str, proof: PasswordProof
    ) -> CredentialsFile:
        """Delete an account and make it again for the same app and user: "Delete and make again".

        A disabled one stays disabled. Returns the new file; raises Unauthenticated without a fresh
        proof.
        """
        self._require_proof(access.scope, access.actor, proof)
        old = self._account(access, account_id)
        app = self._app(access, old.app_id)
        self._delete_account(access, old)
        keys = self._maker.make(
            access,
            app,
            old.user_id,
            description=old.description,
            scopes=old.scopes,
            ends_on=old.ends_on,
            is_disabled=old.is_disabled,
        )
        return self._files.make(access, app, keys)

    def set_account_disabled(
        self, access: Access[TenantScope], account_id: str, disabled: bool
    ) -> None:
        """Close an account to logins and end its tokens, or open it again."""
        access.require_tenant_administrator()
        account = self._account(access, account_id)
        accounts = ServiceAccountRepository(access.connection)
        accounts.set_disabled(access.scope, account.id, disabled)
        action = ServiceAccountAction.DISABLED if disabled else ServiceAccountAction.ENABLED
        self._audit.record(access, action, account.id, {"app": account.app_id})
        access.after_commit(self._states.forget)

    def _require_proof(self, scope: TenantScope, actor: Actor, proof: PasswordProof) -> None:
        actor.require_tenant_administrator(scope.tenant_id)
        proof.require_for(actor, self._clock.now())

    def _app(self, access: ScopedWork[TenantScope], app_id: str) -> AuthorizedApp:
        app = AppRepository(access.connection).get(access.scope, app_id)
        return existing(app, _("There is no such authorized app in this tenant."))

    def _account(self, access: ScopedWork[TenantScope], account_id: str) -> ServiceAccount:
        account = ServiceAccountRepository(access.connection).get(access.scope, account_id)
        return existing(account, _("There is no such service account in this tenant."))

    def _delete_account(self, access: Access[TenantScope], account: ServiceAccount) -> None:
        accounts = ServiceAccountRepository(access.connection)
        accounts.delete(access.scope, account.id, self._clock.now())
        self._audit.record(
            access,
            ServiceAccountAction.DELETED,
            account.id,
            {"app": account.app_id},
        )
        access.after_commit(self._states.forget)


def _wrong_name(name: str, *, is_found: bool) -> str:
    if not name:
        return _("Choose the service account that the call is made for.")
    if is_found:
        return _("Several service accounts are named so. Type more, or the access key.")
    return _("No enabled service account has this name or access key.")


def _csv(keys: ServiceAccountKeys) -> bytes:
    """Return the two keys under Infor's headings, for spreadsheets and scripts alike."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(("Access Key", "Secret Key"))
    writer.writerow((keys.access_key, keys.secret_key.reveal()))
    return text.getvalue().encode()
