"""The SQL of grants."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Final

from sqlalchemy import ColumnElement, bindparam, insert, or_, select, update

from ionport.oauth.grants.model import Grant
from ionport.oauth.grants.tables import grants, rotated_refresh_tokens
from ionport.store import SystemScope, TenantScope, to_microseconds
from ionport.store.repository import Repository, columns_of, in_scope, reader

_GRANT = tuple(column.name for column in grants.c)
_values_of: Final = attrgetter(*_GRANT)


@lru_cache(maxsize=128)
def _insert_of(count: int, placeholder: str) -> str:
    """Return the statement that inserts `count` grants."""
    row = f"({', '.join([placeholder] * len(_GRANT))})"
    return f"INSERT INTO grants ({', '.join(_GRANT)}) VALUES {', '.join([row] * count)}"  # noqa: S608 (names of our own columns)


# The statement of every refresh. Built once: building it costs as much as running it.
_BY_REFRESH_TOKEN: Final = select(grants).where(
    grants.c.tenant_id == bindparam("tenant"), grants.c.refresh_digest == bindparam("digest")
)


_grant = reader(Grant)


class GrantRepository(Repository):
    """Grants, with the refresh tokens that they had."""

    def add(self, scope: TenantScope, grant: Grant) -> None:
        values = columns_of(grants, grant, tenant_id=scope.tenant_id)
        self._run(insert(grants).values(values))

    def add_all(self, scope: SystemScope, new: Sequence[Grant]) -> None:
        """Store the grants of several logins in one statement.

        Not as many times the statement of one: SQLite's driver frees the interpreter lock for
        each row then, and taking it back is what a busy server waits for.
        """
        is_qmark = self._connection.dialect.paramstyle == "qmark"
        statement = _insert_of(len(new), "?" if is_qmark else "%s")
        stored = [
            to_microseconds(value) if isinstance(value, datetime) else value
            for grant in new
            for value in _values_of(grant)
        ]
        self._connection.exec_driver_sql(statement, tuple(stored))

    def get(self, scope: TenantScope, grant_id: str) -> Grant | None:
        return self._find(scope, grants.c.id == grant_id)

    def find_by_refresh_digest(self, scope: TenantScope, digest: str) -> Grant | None:
        values = {"tenant": scope.tenant_id, "digest": digest}
        return self._one(_BY_REFRESH_TOKEN, _grant, values)

    def _find(self, scope: TenantScope, where: ColumnElement[bool]) -> Grant | None:
        query = select(grants).where(grants.c.tenant_id == scope.tenant_id).where(where)
        return self._one(query, _grant)

    def find_rotated(self, scope: TenantScope, digest: str) -> Grant | None:
        """Return the grant of a refresh token that was exchanged for a newer one already."""
        old = select(rotated_refresh_tokens.c.grant_id).where(
            rotated_refresh_tokens.c.digest == digest
        )
        return self._find(scope, grants.c.id == old.scalar_subquery())

    def rotate(self, scope: TenantScope, grant_id: str, old: str, new: str, at: datetime) -> bool:
        """Put a new refresh token in the old one's place; False when another request was faster."""
        result = self._run(
            update(grants)
            .where(in_scope(grants, scope, id=grant_id))
            .where(grants.c.refresh_digest == old, grants.c.revoked_at.is_(None))
            .values(refresh_digest=new, last_used_at=at)
        )
        if result.rowcount != 1:
            return False
        self._run(
            insert(rotated_refresh_tokens).values(digest=old, grant_id=grant_id, rotated_at=at)
        )
        return True

    def count_active(
        self, scope: TenantScope, app_id: str, generation: int, now: datetime, limit: int
    ) -> int:
        """Count an app's grants that are in force, at most `limit` of them."""
        in_force = (
            select(grants.c.id)
            .where(in_scope(grants, scope, app_id=app_id))
            .where(grants.c.generation == generation, grants.c.revoked_at.is_(None))
            .where(or_(grants.c.ends_at.is_(None), grants.c.ends_at > now))
            .limit(limit)
        )
        return self._count(in_force.subquery())

    def revoke_of_user(self, scope: TenantScope, user_id: str, app_id: str, at: datetime) -> int:
        """Revoke every grant that a user gave an app; return how many there were."""
        result = self._run(
            update(grants)
            .where(
                in_scope(grants, scope, user_id=user_id, app_id=app_id),
                grants.c.revoked_at.is_(None),
            )
            .values(revoked_at=at)
        )
        return result.rowcount

    def used(self, scope: TenantScope, grant_id: str, at: datetime) -> bool:
        """Note a refresh; False when the grant has been revoked meanwhile."""
        result = self._run(
            update(grants)
            .where(in_scope(grants, scope, id=grant_id))
            .where(grants.c.revoked_at.is_(None))
            .values(last_used_at=at)
        )
        return result.rowcount == 1

    def all_used(self, scope: SystemScope, grant_ids: Sequence[str], at: datetime) -> Set[str]:
        """Note refreshes in one statement; return those grants that have not been revoked."""
        if not grant_ids:
            return frozenset()
        noted = (
            update(grants)
            .where(grants.c.id.in_(grant_ids), grants.c.revoked_at.is_(None))
            .values(last_used_at=at)
            .returning(grants.c.id)
        )
        return frozenset(self._connection.scalars(noted))

    def revoke(self, scope: TenantScope, grant_id: str, at: datetime) -> None:
        self._run(
            update(grants)
            .where(in_scope(grants, scope, id=grant_id))
            .where(grants.c.revoked_at.is_(None))
            .values(revoked_at=at)
        )
