"""Makes service accounts: their rules, and the keys that are handed out once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.core.ids import new_id, random_token
from ionport.core.paging import PageRequest
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.oauth.accounts.model import ServiceAccount, ServiceAccountAction
from ionport.oauth.accounts.repository import ServiceAccountRepository
from ionport.oauth.apps.client_secrets import SECRET_BYTES
from ionport.oauth.apps.credentials_file import ServiceAccountKeys
from ionport.oauth.apps.model import AuthorizedApp, GrantType
from ionport.oauth.tenant.scopes import wrong_scopes
from ionport.store import ScopedWork, TenantScope

MAX_SERVICE_ACCOUNTS: Final = 1000
MAX_DESCRIPTION_LENGTH: Final = 200


class ServiceAccountMaker:
    """Makes service accounts of apps that log in with them."""

    def __init__(self, clock: Clock, key_ring: KeyRing, audit: AuditLog) -> None:
        self._clock = clock
        self._key_ring = key_ring
        self._audit = audit

    def make(
        self,
        access: Access[TenantScope],
        app: AuthorizedApp,
        user_id: str | None,
        *,
        description: str = "",
        scopes: tuple[str, ...] = (),
        ends_on: str | None = None,
        is_disabled: bool = False,
    ) -> ServiceAccountKeys:
        """Store an account and return its keys; only a digest of the secret key is kept.

        Raises:
            InvalidInput: the app uses none, or `user_id` is no enabled user of the tenant.
            Conflict: the app has `MAX_SERVICE_ACCOUNTS` already.
        """
        accounts = ServiceAccountRepository(access.connection)
        if app.grant_type is not GrantType.PASSWORD_CREDENTIALS:
            raise _no_accounts(app.grant_type)
        check_account(access, user_id, description, scopes, ends_on)
        if (
            accounts.list(access.scope, app.id, PageRequest(per_page=1)).total
            >= MAX_SERVICE_ACCOUNTS
        ):
            raise Conflict(
                _("This app has {count} service accounts. Delete those never used first.").format(
                    count=MAX_SERVICE_ACCOUNTS
                ),
                code="too_many_service_accounts",
            )
        access_key = f"{access.scope.tenant_id}#{_key().reveal()}"
        keys = ServiceAccountKeys(new_id("sac"), access_key, _key(), scopes)
        account = ServiceAccount(
            id=keys.account_id,
            tenant_id=access.scope.tenant_id,
            app_id=app.id,
            access_key=keys.access_key,
            user_id=user_id,
            is_disabled=is_disabled,
            created_at=self._clock.now(),
            created_by=access.actor.name,
            last_used_at=None,
            description=description,
            scopes=scopes,
            ends_on=ends_on,
        )
        accounts.add(access.scope, account, self._key_ring.digest(keys.secret_key))
        self._audit.record(access, ServiceAccountAction.CREATED, account.id, {"app": app.id})
        return keys


def check_account(
    access: ScopedWork[TenantScope],
    user_id: str | None,
    description: str,
    scopes: Sequence[str],
    ends_on: str | None,
) -> None:
    """Raise InvalidInput, with the field, unless an account can have these."""
    if user_id is not None:
        person = ServiceAccountRepository(access.connection).find_person(access.scope, user_id)
        if person is None:
            raise wrong_user(_("Choose an enabled user of this tenant, or none."))
    wrong = {}
    if len(description) > MAX_DESCRIPTION_LENGTH or not description.isprintable():
        wrong["description"] = _("Use at most {limit} characters on one line.").format(
            limit=MAX_DESCRIPTION_LENGTH
        )
    if text := wrong_scopes(scopes):
        wrong["scopes"] = text
    if ends_on is not None and not _is_day(ends_on):
        wrong["ends_on"] = _("Enter a day such as 2027-01-31.")
    if wrong:
        raise InvalidInput(
            _("The service account cannot be saved. Correct the marked fields."),
            code="service_account_invalid",
            fields=wrong,
        )


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def wrong_user(text: str) -> InvalidInput:
    """Return the error of a service account's user."""
    return InvalidInput(text, code="service_account_user", fields={"user_id": text})


def _no_accounts(grant_type: GrantType) -> InvalidInput:
    return InvalidInput(
        _(
            "An app with Grant Type {grant_type} logs in without a service account."
            " Download its credentials without Create Service Account."
        ).format(grant_type=grant_type.value),
        code="service_account_not_used",
        fields={"create_service_account": _("Switch this off for this app.")},
    )


def _key() -> Secret:
    """Return 64 random bytes as 86 letters (docs/reference/credentials.md#the-file).

    The first is a letter or digit: spreadsheets take a value with a leading - for a formula, and
    keys travel in CSV files.
    """
    while not (key := random_token(SECRET_BYTES)).reveal()[0].isalnum():
        pass
    return key
