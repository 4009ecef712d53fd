"""What a user does with suppliers: import a list, look through it, export it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ionport.core.clock import Clock
from ionport.core.errors import Conflict
from ionport.core.i18n import N_, _
from ionport.core.ids import new_id
from ionport.core.paging import Page, PageRequest
from ionport.documents.suppliers.csv_file import Line, write_suppliers
from ionport.documents.suppliers.model import (
    MAX_SUPPLIERS,
    Supplier,
    SupplierChange,
    SupplierImport,
    cells_of,
)
from ionport.documents.suppliers.repository import SupplierRepository
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, AuditAction
from ionport.store import OrganizationScope, Work


class SupplierAction(AuditAction):
    """What the audit log tells of suppliers."""

    IMPORTED = "supplier.imported", N_("Suppliers imported")


class SupplierService:
    """Suppliers of an organization, read from files by `csv_file.read_suppliers`."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit

    def compare(
        self, work: Work, scope: OrganizationScope, actor: Actor, lines: Sequence[Line]
    ) -> SupplierImport:
        """Return what the lines of a file would change: a dry run.

        Suppliers are found by their number; those that the file does not name stay.
        Raises Forbidden, and Conflict when there would be more than 50,000.
        """
        actor.require_organization_administrator(scope.organization_id)
        repository = SupplierRepository(work.connection)
        known = repository.by_number(scope, [values.number for _line, values in lines])
        changes = []
        for line, values in lines:
            stored = known.get(values.number)
            before = cells_of(stored.values) if stored else {}
            now = cells_of(values)
            changed = {
                name: (before.get(name, ""), text)
                for name, text in now.items()
                if text != before.get(name, "")
            }
            if changed:
                changes.append(SupplierChange(line, values, stored.id if stored else None, changed))
        found = SupplierImport(changes, len(lines) - len(changes))
        if found.added and repository.count(scope) + found.added > MAX_SUPPLIERS:
            raise Conflict(
                _("With these there would be more than {n} suppliers.").format(n=MAX_SUPPLIERS)
            )
        return found

    def store(
        self, work: Work, scope: OrganizationScope, actor: Actor, lines: Sequence[Line]
    ) -> SupplierImport:
        """Import the lines of a file, all or none; errors as `compare`."""
        found = self.compare(work, scope, actor, lines)
        repository = SupplierRepository(work.connection)
        now = self._clock.now()
        repository.add(
            scope,
            [
                Supplier(new_id("sup"), change.values, now, actor.name)
                for change in found.changes
                if change.supplier_id is None
            ],
        )
        repository.change(
            scope,
            {change.supplier_id: change.values for change in found.changes if change.supplier_id},
            now,
            actor.name,
        )
        counts = {
            "added": str(found.added),
            "changed": str(found.changed),
            "unchanged": str(found.unchanged),
        }
        self._audit.record(work, scope, actor, SupplierAction.IMPORTED, "suppliers", counts)
        return found

    def list(
        self, work: Work, scope: OrganizationScope, page: PageRequest, text: str = ""
    ) -> Page[Supplier]:
        """Return a page of suppliers by number; `text` is part of number, name or identifier."""
        return SupplierRepository(work.connection).list(scope, page, text)

    def export(self, work: Work, scope: OrganizationScope) -> Iterator[str]:
        """Yield all suppliers as a CSV file that can be imported again."""
        repository = SupplierRepository(work.connection)
        return write_suppliers(supplier.values for supplier in repository.all(scope))
