"""The audit log: rows are only ever added, in the transaction of the change they tell of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ionport.core.clock import Clock
from ionport.core.ids import new_id
from ionport.core.paging import Page, PageRequest
from ionport.identity.audit_repository import AnyScope, AuditRepository, scope_id
from ionport.identity.model import Actor, AuditAction, AuditEntry
from ionport.store import Work


class AuditLog:
    """Writes and reads the audit log."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def record(
        self,
        work: Work,
        scope: AnyScope,
        actor: Actor,
        action: AuditAction,
        subject: str,
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Add a row.

        `subject` is the id or name of what was changed, `details` short texts without secrets.
        """
        self.record_each(work, scope, actor, action, [(subject, details or {})])

    def record_each(
        self,
        work: Work,
        scope: AnyScope,
        actor: Actor,
        action: AuditAction,
        changed: Sequence[tuple[str, Mapping[str, str]]],
    ) -> None:
        """Add a row for each of several subjects with its details, to which the same was done."""
        AuditRepository(work.connection).add_all(
            scope,
            [
                AuditEntry(
                    id=new_id("aud"),
                    scope=scope_id(scope),
                    actor_name=actor.name,
                    actor_id=actor.user_id,
                    address=actor.address,
                    action=action.value,
                    subject=subject,
                    details=dict(details),
                    at=self._clock.now(),
                )
                for subject, details in changed
            ],
        )

    def list(
        self,
        work: Work,
        scope: AnyScope,
        page: PageRequest,
        subjects: Collection[str] | None = None,
    ) -> Page[AuditEntry]:
        """Return the rows of `scope`, newest first; SystemScope sees all.

        With `subjects` only those about one of these ids (a few hundred at most).
        """
        return AuditRepository(work.connection).list(scope, page, subjects)
