"""The SQL of second factors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, or_, select, update

from ionport.identity.second_factor.model import SecondFactor
from ionport.identity.second_factor.tables import recovery_codes, second_factors
from ionport.store import SystemScope
from ionport.store.repository import Repository, columns_of


class FactorRepository(Repository):
    """Second factors; users stand above tenants, so the scope is the system's."""

    def find(self, scope: SystemScope, user_id: str) -> SecondFactor | None:
        row = self._run(
            select(second_factors).where(second_factors.c.user_id == user_id)
        ).one_or_none()
        return SecondFactor(row.user_id, row.sealed, row.since, row.last_step) if row else None

    def add(self, scope: SystemScope, factor: SecondFactor) -> bool:
        """Add a factor; False when the user has one, also one added this moment."""
        new = self._insert(second_factors).values(columns_of(second_factors, factor))
        added = new.on_conflict_do_nothing().returning(second_factors.c.user_id)
        return self._run(added).first() is not None

    def use_step(self, scope: SystemScope, user_id: str, step: int) -> bool:
        """Take a code's 30 seconds; False when they or later ones were taken before."""
        table = second_factors
        changed = self._run(
            update(table)
            .where(table.c.user_id == user_id)
            .where(or_(table.c.last_step.is_(None), table.c.last_step < step))
            .values(last_step=step)
        )
        return changed.rowcount == 1

    def remove(self, scope: SystemScope, user_id: str) -> bool:
        """Remove a factor and its recovery codes; tells whether there was one."""
        self._run(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
        removed = self._run(delete(second_factors).where(second_factors.c.user_id == user_id))
        return removed.rowcount == 1

    def replace_codes(self, scope: SystemScope, user_id: str, digests: Sequence[str]) -> None:
        self._run(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
        self._run(insert(recovery_codes), [{"user_id": user_id, "digest": one} for one in digests])

    def use_code(self, scope: SystemScope, user_id: str, digest: str, at: datetime) -> bool:
        """Mark a recovery code used; False when it is unknown or was used before."""
        table = recovery_codes
        changed = self._run(
            update(table)
            .where(table.c.user_id == user_id, table.c.digest == digest)
            .where(table.c.used_at.is_(None))
            .values(used_at=at)
        )
        return changed.rowcount == 1

    def codes_left(self, scope: SystemScope, user_id: str) -> int:
        table = recovery_codes
        return self._count(table, table.c.user_id == user_id, table.c.used_at.is_(None))

    def all_sealed(self, scope: SystemScope) -> Sequence[tuple[str, str]]:
        """Return user id and sealed secret of every factor."""
        rows = self._run(select(second_factors.c.user_id, second_factors.c.sealed))
        return [(row.user_id, row.sealed) for row in rows]

    def set_sealed(self, scope: SystemScope, user_id: str, sealed: str) -> None:
        self._run(
            update(second_factors).where(second_factors.c.user_id == user_id).values(sealed=sealed)
        )
