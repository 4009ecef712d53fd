"""The audit log: rows are only ever added, in the transaction of the change they tell of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ionport.core.clock import Clock
from ionport.core.errors import Forbidden
from ionport.core.http.texts import is_storable
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.paging import MAX_PER_PAGE, Page, PageRequest
from ionport.identity.access import Access
from ionport.identity.audit_repository import AuditRepository, scope_id
from ionport.identity.model import AuditAction, AuditEntry, AuditQuery
from ionport.store import AnyScope, OrganizationScope, ScopedWork, SystemScope, TenantScope

_PEOPLE = SystemScope("people that rows of the audit log are about")


class AuditLog:
    """Writes and reads the audit log."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def record(
        self,
        access: Access[AnyScope],
        action: AuditAction,
        subject: str,
        details: Mapping[str, str] | None = None,
    ) -> None:
        """Add a row.

        `subject` is the id or name of what was changed, `details` short texts without secrets.
        """
        self.record_each(access, action, [(subject, details or {})])

    def record_each(
        self,
        access: Access[AnyScope],
        action: AuditAction,
        changed: Sequence[tuple[str, Mapping[str, str]]],
    ) -> None:
        """Add a row for each of several subjects with its details, to which the same was done."""
        AuditRepository(access.connection).add_all(
            access.scope,
            [
                AuditEntry(
                    id=new_id("aud"),
                    scope=scope_id(access.scope),
                    actor_name=access.actor.name,
                    actor_id=access.actor.user_id,
                    address=access.actor.address,
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
        access: ScopedWork[AnyScope],
        page: PageRequest,
        subjects: Collection[str] | None = None,
    ) -> Page[AuditEntry]:
        """Return the rows of `scope`, newest first; SystemScope sees all.

        With `subjects` only those about one of these ids (a few hundred at most).
        """
        return AuditRepository(access.connection).list(access.scope, page, subjects)

    def usernames(self, access: ScopedWork[AnyScope], ids: Collection[str]) -> Mapping[str, str]:
        """Return the names of the users that rows of the scope are about, by id."""
        # The account of a person who has left belongs to no tenant or organization.
        return AuditRepository(access.connection).usernames(_PEOPLE, ids)

    def search(
        self,
        access: Access[TenantScope] | Access[OrganizationScope] | Access[SystemScope],
        query: AuditQuery,
    ) -> Sequence[AuditEntry]:
        """Return the rows that match, newest first, and one more than `limit` where there is one.

        Raises:
            Forbidden: the actor does not administer the tenant or organization; all of them
                together are the operator's.
        """
        if isinstance(access.scope, TenantScope):
            access.within(access.scope).require_tenant_administrator()
        elif isinstance(access.scope, OrganizationScope):
            access.within(access.scope).require_organization_administrator()
        elif not access.actor.is_operator:
            raise Forbidden(_("Only the operator does this, at the command line."))
        if not all(map(is_storable, (query.text, query.person, query.action))):
            return []
        wanted = replace(query, limit=min(max(query.limit, 1), MAX_PER_PAGE))
        return AuditRepository(access.connection).search(access.scope, wanted)
