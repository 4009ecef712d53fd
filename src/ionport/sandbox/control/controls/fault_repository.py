"""SQL of fault rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import insert, select, update

from ionport.sandbox.control.controls.faults import FaultDraft, FaultRule, FaultTarget
from ionport.sandbox.control.tables import sandbox_faults
from ionport.store import SystemScope, TenantScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_faults = sandbox_faults.c
# Far more than the tenants of an installation with sandboxes have together.
_MAX_ENABLED = 10_000


class FaultRepository(Repository):
    """Fault rules of a tenant, in the order in which they were added."""

    def add(self, scope: TenantScope, rule: FaultRule) -> None:
        """Keep a new rule."""
        values = {"id": rule.id, "tenant_id": scope.tenant_id, **_values(rule.draft)}
        values |= {"created_at": rule.created_at, "created_by": rule.created_by}
        self._run(insert(sandbox_faults).values(**values, seen=0, hits=0))

    def list(self, scope: TenantScope, limit: int) -> Sequence[FaultRule]:
        """Return the rules, the oldest first."""
        return self._all(
            select(sandbox_faults)
            .where(_faults.tenant_id == scope.tenant_id)
            .order_by(_faults.id)
            .limit(limit),
            _rule,
        )

    def enabled(self, scope: SystemScope) -> Sequence[FaultRule]:
        """Return the rules of every tenant that are switched on, the oldest first."""
        return self._all(
            select(sandbox_faults)
            .where(_faults.is_enabled.is_(True))
            .order_by(_faults.id)
            .limit(_MAX_ENABLED),
            _rule,
        )

    def get(self, scope: TenantScope, fault_id: str) -> FaultRule | None:
        """Return one rule, or None."""
        return self._get(sandbox_faults, _rule, scope, id=fault_id)

    def count(self, scope: TenantScope) -> int:
        """Return how many rules there are."""
        return self._count(sandbox_faults, in_scope(sandbox_faults, scope))

    def change(self, scope: TenantScope, fault_id: str, draft: FaultDraft) -> None:
        """Replace a rule's fields; it counts from the start again."""
        self._run(
            update(sandbox_faults)
            .where(in_scope(sandbox_faults, scope, id=fault_id))
            .values(**_values(draft), seen=0, hits=0)
        )

    def switch_off(self, scope: TenantScope, fault_id: str) -> None:
        """Switch a rule off; its counts stay."""
        self._run(
            update(sandbox_faults)
            .where(in_scope(sandbox_faults, scope, id=fault_id))
            .values(is_enabled=False)
        )

    def delete(self, scope: TenantScope, fault_id: str) -> None:
        """Delete a rule."""
        self._delete(sandbox_faults, scope, id=fault_id)

    def count_seen(self, scope: TenantScope, fault_id: str) -> int | None:
        """Count a call that matches; return its number, or None when the rule is off."""
        return self._run(
            update(sandbox_faults)
            .where(in_scope(sandbox_faults, scope, id=fault_id), _faults.is_enabled.is_(True))
            .values(seen=_faults.seen + 1)
            .returning(_faults.seen)
        ).scalar_one_or_none()

    def count_hit(self, scope: TenantScope, fault_id: str) -> None:
        """Count a call that a rule was applied to."""
        self._run(
            update(sandbox_faults)
            .where(in_scope(sandbox_faults, scope, id=fault_id))
            .values(hits=_faults.hits + 1)
        )


def _values(draft: FaultDraft) -> dict[str, Any]:
    values = columns_of(sandbox_faults, draft)
    return values | asdict(draft.target)


_rule = reader(FaultRule, draft=reader(FaultDraft, target=reader(FaultTarget)))
