"""SQL that is the same for every table of the sandbox: count, empty, read, write.

A row is a tenant's when it says so in `tenant_id`, or belongs to a row that does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, delete, insert, select, union

from ionport.sandbox.kit.release_repository import ReleaseRepository
from ionport.store import TenantScope
from ionport.store.repository import Repository

# Columns of digests that name no blob.
_NO_BLOBS = frozenset(("parameters_sha256", "response_sha256", "value_sha256"))
_CHUNK = 500


class StateRepository(Repository):
    """A tenant's rows of any table of the sandbox."""

    def count(self, scope: TenantScope, table: Table) -> int:
        """Return how many rows a table holds."""
        return self._count(table, of_tenant(scope, table))

    def empty(self, scope: TenantScope, table: Table, now: datetime) -> int:
        """Delete the rows, release the files that they name, and return the number of rows."""
        self._release(scope, table, now)
        return self._run(delete(table).where(of_tenant(scope, table))).rowcount

    def rows(self, scope: TenantScope, table: Table) -> Iterator[Mapping[str, Any]]:
        """Return the rows in the order of their keys."""
        query = select(table).where(of_tenant(scope, table)).order_by(*table.primary_key)
        for row in self._run(query).mappings():
            yield dict(row)

    def blobs(self, scope: TenantScope, tables: Sequence[Table]) -> set[str]:
        """Return the names of the files that the rows of these tables name."""
        parts = [
            select(column).where(of_tenant(scope, table))
            for table in tables
            for column in _blob_columns(table)
        ]
        if not parts:
            return set()
        return set(self._run(union(*parts)).scalars()) - {None}

    def insert(self, scope: TenantScope, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows as `rows` returned them."""
        for start in range(0, len(rows), _CHUNK):
            chunk = [dict(row) for row in rows[start : start + _CHUNK]]
            if "tenant_id" in table.c:
                chunk = [{**row, "tenant_id": scope.tenant_id} for row in chunk]
            self._run(insert(table), chunk)

    def _release(self, scope: TenantScope, table: Table, now: datetime) -> None:
        releases = ReleaseRepository(self._connection)
        for column in _blob_columns(table):
            releases.release(scope, select(column).where(of_tenant(scope, table)), now)


def of_tenant(scope: TenantScope, table: Table) -> ColumnElement[bool]:
    """Return the condition that a row is the tenant's; raises LookupError when none can tell."""
    if "tenant_id" in table.c:
        return table.c.tenant_id == scope.tenant_id
    for constraint in table.foreign_key_constraints:
        if constraint.referred_table is table or len(constraint.elements) != 1:
            continue
        (element,) = constraint.elements
        parent = of_tenant(scope, constraint.referred_table)
        return element.parent.in_(select(element.column).where(parent))
    raise LookupError(f"the rows of {table.name} belong to no tenant")


def _blob_columns(table: Table) -> list[Column[Any]]:
    return [each for each in table.c if "sha256" in each.name and each.name not in _NO_BLOBS]
