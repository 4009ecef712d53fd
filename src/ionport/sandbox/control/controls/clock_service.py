"""The Infor side's clock: forward, back to the real time, and all access tokens expired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ionport.core.errors import Forbidden, InvalidInput
from ionport.core.i18n import _
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.repository import TenantRepository
from ionport.sandbox.control.controls.clock import SandboxClock
from ionport.sandbox.control.controls.controls import ClockAction
from ionport.sandbox.control.controls.repository import ControlRepository
from ionport.sandbox.control.rights import is_production, require_control
from ionport.store import SystemScope, TenantScope

MAX_OFFSET: Final = timedelta(days=3660)
_SYSTEM = SystemScope("the Infor side's clock")


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the Infor side's clock shows.

    Attributes:
        offset: how far it is ahead of the machine's.
        tokens_expired_before: access tokens of the tenant that are older count as expired.
        tenants: whose clock it is: every tenant of the installation.
    """

    now: datetime
    offset: timedelta
    tokens_expired_before: datetime | None
    tenants: Sequence[str]


class ClockService:
    """Moves the clock of the Infor side; the document side's stays the machine's.

    All tenants of an installation share it, so it is not moved on where one is a production
    tenant.
    Every method raises Forbidden to who does not administer the tenant.
    """

    def __init__(self, clock: SandboxClock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit
        self._controls = clock.controls

    def state(self, access: Access[TenantScope]) -> ClockState:
        """Return what the clock shows."""
        require_control(access.actor, access.scope)
        return ClockState(
            now=self._clock.now(),
            offset=self._controls.offset,
            tokens_expired_before=self._controls.expired_before(access.scope.tenant_id),
            tenants=[tenant.id for tenant in TenantRepository(access.connection).list_all(_SYSTEM)],
        )

    def jump(self, access: Access[TenantScope], by: timedelta) -> None:
        """Move the clock forward.

        Raises:
            InvalidInput: `by` is not forward, or leads more than ten years ahead.
            Forbidden: a production tenant has the same clock.
        """
        self._require_no_production(access)
        _generation, offset = ControlRepository(access.connection).generation_and_offset(_SYSTEM)
        if not timedelta() < by <= MAX_OFFSET - offset:
            text = _("Move the clock forward, and at most {days} days ahead in all.")
            text = text.format(days=MAX_OFFSET.days)
            raise InvalidInput(text, code="clock_out_of_range", fields={"seconds": text})
        self._set(access, offset + by, ClockAction.MOVED)

    def set_back(self, access: Access[TenantScope]) -> None:
        """Set the clock back to the real time, also where a production tenant shares it.

        Tokens issued in the time that is ahead are not valid yet then; the tenant's tokens that
        were made to expire, and have not by themselves, are valid again.
        """
        require_control(access.actor, access.scope)
        ControlRepository(access.connection).unmark_tokens(access.scope)
        self._set(access, timedelta(), ClockAction.SET_BACK)

    def expire_tokens(self, access: Access[TenantScope]) -> None:
        """Let every access token that the tenant has issued until now count as expired.

        Refresh tokens stay. A token tells its age in whole seconds, so the clock goes on to the
        next one: what is issued from now on is told apart from what was before.
        """
        self._require_no_production(access)
        controls = ControlRepository(access.connection)
        now = self._clock.now()
        second = now.replace(microsecond=0) + timedelta(seconds=1)
        controls.mark_tokens(access.scope, second)
        controls.set_offset(_SYSTEM, self._controls.offset + (second - now))
        self._controls.change(access.work)
        self._audit.record(access, ClockAction.TOKENS_EXPIRED, access.scope.tenant_id)

    def _require_no_production(self, access: Access[TenantScope]) -> None:
        require_control(access.actor, access.scope)
        for tenant in TenantRepository(access.connection).list_all(_SYSTEM):
            if is_production(tenant.id):
                raise Forbidden(
                    _(
                        "The production tenant {tenant} has the same clock. Move it in an"
                        " installation without a production tenant."
                    ).format(tenant=tenant.id),
                    code="clock_of_production",
                )

    def _set(self, access: Access[TenantScope], offset: timedelta, action: ClockAction) -> None:
        ControlRepository(access.connection).set_offset(_SYSTEM, offset)
        self._controls.change(access.work)
        details = {"ahead_seconds": f"{offset.total_seconds():.0f}"}
        self._audit.record(access, action, access.scope.tenant_id, details)
