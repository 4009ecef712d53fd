"""SQL of the controls that hold for a whole process: generation, clock, token marks."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from ionport.sandbox.control.tables import sandbox_controls, sandbox_token_marks
from ionport.store import SystemScope, TenantScope
from ionport.store.repository import Repository

_controls = sandbox_controls.c
_marks = sandbox_token_marks.c
_MICROSECOND = timedelta(microseconds=1)
_MAX_TENANTS = 10_000


class ControlRepository(Repository):
    """The installation's one row of controls, and the tenants' token marks."""

    def generation_and_offset(self, scope: SystemScope) -> tuple[int, timedelta]:
        """Return the number of the last change, and how far the clock is ahead."""
        row = self._run(select(sandbox_controls)).one_or_none()
        if row is None:
            return 0, timedelta()
        return row.generation, timedelta(microseconds=row.clock_offset_microseconds)

    def raise_generation(self, scope: SystemScope) -> None:
        """Count a change."""
        self._ensure()
        self._run(update(sandbox_controls).values(generation=_controls.generation + 1))

    def set_offset(self, scope: SystemScope, offset: timedelta) -> None:
        """Set how far the clock is ahead."""
        self._ensure()
        self._run(update(sandbox_controls).values(clock_offset_microseconds=offset // _MICROSECOND))

    def token_marks(self, scope: SystemScope) -> dict[str, datetime]:
        """Return for each tenant the moment before which its access tokens are expired."""
        rows = self._run(select(sandbox_token_marks).limit(_MAX_TENANTS))
        return {row.tenant_id: row.expired_before for row in rows}

    def mark_tokens(self, scope: TenantScope, expired_before: datetime) -> None:
        """Let a tenant's access tokens of before that moment be expired."""
        own = {"tenant_id": scope.tenant_id, "expired_before": expired_before}
        self._put(sandbox_token_marks, **own)

    def unmark_tokens(self, scope: TenantScope) -> None:
        """Let a tenant's access tokens expire by themselves again."""
        self._run(delete(sandbox_token_marks).where(_marks.tenant_id == scope.tenant_id))

    def _ensure(self) -> None:
        first = {"number": 1, "generation": 0, "clock_offset_microseconds": 0}
        self._run(self._insert(sandbox_controls).values(first).on_conflict_do_nothing())
