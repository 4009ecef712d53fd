"""What an administrator does with alerts: set them, test them, look at what was told."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _, ngettext
from ionport.core.mail.session import MailAccount, MailOutcome, MailSecurity, check_account
from ionport.core.sealing import KeyRing
from ionport.core.secrets import DOTS
from ionport.documents.alerts.model import (
    MAX_ADDRESS,
    MAX_RECIPIENTS,
    PRESET,
    SUBJECT,
    AlertAction,
    AlertMessage,
    AlertSettings,
    Pace,
)
from ionport.documents.alerts.repository import AlertRepository, SettingsRepository
from ionport.documents.alerts.sender import UNDER_WAY, AlertSender, sealed_for
from ionport.documents.webhooks.model import EventType
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.ionapi.addresses import AddressPolicy
from ionport.store import OrganizationScope, ScopedWork, SystemScope

MAX_SHOWN: Final = 50
# What mail servers take without SMTPUTF8; nothing that could end a header or an address.
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"
)
_NAMED: Final = ("is_on", "pace", "sender", "host", "port", "security", "username")


@dataclass(frozen=True, slots=True)
class AlertValues:
    """What a person sets; an empty password keeps the one that is there."""

    is_on: bool
    events: Collection[str]
    recipients: Sequence[str]
    pace: Pace
    sender: str
    account: MailAccount


@dataclass(eq=False, repr=False)
class AlertService:
    """Alerts of an organization; methods raise Forbidden to who does not administer it."""

    _clock: Clock
    _keys: KeyRing
    _audit: AuditLog
    _policy: AddressPolicy
    _sender: AlertSender

    def get(self, access: Access[OrganizationScope]) -> AlertSettings:
        """Return the settings; those that a form begins with where none are stored."""
        access.require_organization_administrator()
        found = SettingsRepository(access.connection).find(access.scope)
        return found or AlertSettings(
            organization_id=access.scope.organization_id,
            is_on=False,
            events=PRESET,
            recipients=(),
            pace=Pace.EACH,
            sender="",
            host="",
            port=587,
            security=MailSecurity.STARTTLS,
            username="",
            sealed=None,
            updated_at=self._clock.now(),
            updated_by="",
        )

    def is_failing(self, access: Access[OrganizationScope]) -> bool:
        """Tell whether alerts do not arrive; False for a person who may not change the settings."""
        if not access.actor.is_organization_administrator(access.scope.organization_id):
            return False
        settings = self.get(access)
        return settings.is_on and settings.failing_since is not None

    def newest(self, access: Access[OrganizationScope]) -> Sequence[AlertMessage]:
        """Return what was told lately, the newest first, at most `MAX_SHOWN`."""
        access.require_organization_administrator()
        return AlertRepository(access.connection).newest(access.scope, MAX_SHOWN)

    def waiting(self, access: Access[OrganizationScope]) -> int:
        """Return how many events wait to be told."""
        access.require_organization_administrator()
        return AlertRepository(access.connection).waiting(access.scope)

    def save(self, access: Access[OrganizationScope], values: AlertValues) -> AlertSettings:
        """Store the settings; what waits goes by them. Off: what waits is dropped.

        Raises:
            InvalidInput: naming each field that is wrong.
        """
        before = self.get(access)
        account = self._account(before, values.account)
        chosen = self._checked(values, account)
        owner = sealed_for(access.scope.organization_id)
        sealed = before.sealed
        if not account.username:
            sealed = None
        elif values.account.password:
            sealed = self._keys.seal(account.password, owner)
        settings = replace(
            before,
            is_on=values.is_on,
            events=chosen,
            recipients=tuple(values.recipients),
            pace=values.pace,
            sender=values.sender,
            host=account.host,
            port=account.port,
            security=account.security,
            username=account.username,
            sealed=sealed,
            # A mail may be under way: nobody else takes it up until that has ended.
            due_at=self._clock.now() + UNDER_WAY if before.due_at else None,
            failures=0,
            failing_since=None,
            error="",
            answer="",
            updated_at=self._clock.now(),
            updated_by=access.actor.name,
        )
        SettingsRepository(access.connection).put(access.scope, settings)
        if not settings.is_on:
            AlertRepository(access.connection).forget_waiting(access.scope)
        changed = _changes(before, settings, has_new_password=sealed != before.sealed)
        if changed:
            self._audit.record(access, AlertAction.CHANGED, SUBJECT, changed)
        access.after_commit(self._sender.wake)
        return settings

    def begin_test(self, access: Access[OrganizationScope]) -> AlertSettings:
        """Return the settings that `finish_test` sends by, on or off.

        Raises:
            Conflict: nothing is stored yet.
        """
        settings = self.get(access)
        if not settings.host or not settings.recipients:
            raise Conflict(
                _("Save a mail server, a sender and a recipient first."), code="alerts_not_set"
            )
        details = {"recipients": ", ".join(settings.recipients)}
        self._audit.record(access, AlertAction.TESTED, SUBJECT, details)
        return settings

    def finish_test(self, settings: AlertSettings) -> MailOutcome:
        """Send a test now, once, and return how it went; called without a transaction."""
        return self._sender.send_test(settings)

    def reseal(self, access: ScopedWork[SystemScope]) -> int:
        """Seal every password with the current key; returns how many were sealed again."""
        repository, count = SettingsRepository(access.connection), 0
        for each in repository.find_sealed(access.scope):
            if each.sealed is not None and not self._keys.is_current(each.sealed):
                owner = sealed_for(each.organization_id)
                sealed = self._keys.seal(self._keys.open(each.sealed, owner), owner)
                repository.set_sealed(access.scope, each.organization_id, sealed)
                count += 1
        return count

    def _account(self, before: AlertSettings, given: MailAccount) -> MailAccount:
        """Return the account with the stored password, where it stays with server and user."""
        same = (before.host, before.port, before.security, before.username)
        stays = same == (given.host, given.port, given.security, given.username)
        if given.password or before.sealed is None or not stays:
            return given
        owner = sealed_for(before.organization_id)
        return replace(given, password=self._keys.open_secret(before.sealed, owner))

    def _checked(self, values: AlertValues, account: MailAccount) -> frozenset[EventType]:
        wrong: dict[str, str] = {}
        try:
            check_account(account, self._policy)
        except InvalidInput as error:
            wrong |= error.fields
        if len(account.username) > MAX_ADDRESS or not account.username.isprintable():
            wrong["username"] = _("A name has 1 to {limit} letters.").format(limit=MAX_ADDRESS)
        if not _is_address(values.sender):
            wrong["sender"] = _("Write one address, such as ionport@example.com.")
        bad = [each for each in values.recipients if not _is_address(each)]
        if bad:
            shown = ", ".join(each[:80] for each in bad[:3])
            wrong["recipients"] = ngettext(
                "This is no address: {shown}", "These are no addresses: {shown}", len(bad)
            ).format(shown=shown)
        elif not 1 <= len(values.recipients) <= MAX_RECIPIENTS:
            wrong["recipients"] = _("Write 1 to {count} addresses, one on each line.").format(
                count=MAX_RECIPIENTS
            )
        if not values.events or not set(values.events) <= {one.value for one in EventType}:
            wrong["events"] = _("Choose at least one event.")
        if wrong:
            raise InvalidInput(next(iter(wrong.values())), code="invalid_alerts", fields=wrong)
        return frozenset(EventType(one) for one in values.events)


def _is_address(text: str) -> bool:
    return len(text) <= MAX_ADDRESS and _ADDRESS.fullmatch(text) is not None


def _changes(
    before: AlertSettings, after: AlertSettings, *, has_new_password: bool
) -> dict[str, str]:
    """Return what was changed, by name; of a password only that it was."""
    changed = {
        name: str(getattr(after, name))
        for name in _NAMED
        if getattr(before, name) != getattr(after, name)
    }
    if before.recipients != after.recipients:
        changed["recipients"] = ", ".join(after.recipients)
    if before.events != after.events:
        changed["events"] = ", ".join(sorted(after.events))
    if has_new_password:
        changed["password"] = DOTS
    return changed
