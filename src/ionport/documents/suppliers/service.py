"""What a user does with suppliers: import a list, look through it, export it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, NotFound
from ionport.core.i18n import N_, _
from ionport.core.ids import new_id
from ionport.core.paging import Page, PageRequest
from ionport.documents.bulk.anew import JudgingAnew
from ionport.documents.suppliers.account_repository import AccountRepository
from ionport.documents.suppliers.csv_file import Line, account_of, write_suppliers
from ionport.documents.suppliers.model import (
    MAX_ACCOUNTS,
    MAX_SUPPLIERS,
    KnownAccount,
    Supplier,
    SupplierChange,
    SupplierImport,
    cells_of,
)
from ionport.documents.suppliers.repository import SupplierRepository
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, AuditAction
from ionport.store import OrganizationScope, Work

_MAX_TEXT = 200


class SupplierAction(AuditAction):
    """What the audit log tells of suppliers."""

    IMPORTED = "supplier.imported", N_("Suppliers imported")
    DELETED = "supplier.deleted", N_("Supplier deleted")
    ACCOUNT_ACCEPTED = "supplier.account_accepted", N_("Account accepted")
    ACCOUNT_REMOVED = "supplier.account_removed", N_("Account removed")


class SupplierService:
    """Suppliers of an organization, read from files by `csv_file.read_suppliers`."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit
        self._anew = JudgingAnew(clock, audit)

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
        self._audit.record(Access(work, scope, actor), SupplierAction.IMPORTED, "suppliers", counts)
        if found.changes:
            self._anew.begin(Access(work, scope, actor))
        return found

    def list(
        self, work: Work, scope: OrganizationScope, page: PageRequest, text: str = ""
    ) -> Page[Supplier]:
        """Return a page of suppliers by number; `text` is part of number, name or identifier."""
        return SupplierRepository(work.connection).list(scope, page, text)

    def get(self, work: Work, scope: OrganizationScope, supplier_id: str) -> Supplier:
        """Return the supplier; raises NotFound."""
        found = SupplierRepository(work.connection).find(scope, supplier_id)
        if found is None:
            raise NotFound(_("There is no such supplier."), code="no_supplier")
        return found

    def find(self, work: Work, scope: OrganizationScope, number: str) -> Supplier:
        """Return the supplier with the organization's own number; raises NotFound."""
        found = SupplierRepository(work.connection).by_number(scope, [number])
        if number not in found:
            raise NotFound(
                _("There is no supplier with the number {number}.").format(number=number[:100]),
                code="no_supplier",
            )
        return found[number]

    def delete(
        self, work: Work, scope: OrganizationScope, actor: Actor, supplier_id: str
    ) -> Supplier:
        """Delete a supplier from the master data; what its invoices made known stays.

        Raises Forbidden and NotFound.
        """
        actor.require_organization_administrator(scope.organization_id)
        supplier = self.get(work, scope, supplier_id)
        SupplierRepository(work.connection).delete(scope, supplier_id)
        self._tell(work, scope, actor, SupplierAction.DELETED, supplier)
        return supplier

    def accounts(
        self, work: Work, scope: OrganizationScope, supplier_id: str
    ) -> Sequence[KnownAccount]:
        """Return the accounts that are known of a supplier, master data first; raises NotFound."""
        values = self.get(work, scope, supplier_id).values
        learnt = AccountRepository(work.connection).learnt(scope, values.identities)
        of_master = [
            learnt.get(one) or KnownAccount(one, is_master_data=True) for one in values.accounts
        ]
        return [
            *(replace(one, is_master_data=True) for one in of_master),
            *(one for account, one in learnt.items() if account not in values.accounts),
        ]

    def accept_account(
        self, work: Work, scope: OrganizationScope, actor: Actor, supplier_id: str, text: str
    ) -> str:
        """Add an account to a supplier's master data and return it as it is compared.

        Raises:
            Forbidden: the actor is no administrator.
            NotFound: no such supplier.
            InvalidInput: no account, no IBAN though it looks like one, or there are 20.
        """
        actor.require_organization_administrator(scope.organization_id)
        supplier = self.get(work, scope, supplier_id)
        account, problem = account_of(text[:_MAX_TEXT])
        if not account or problem:
            raise _wrong_account(problem or _("Write an IBAN, or ACCOUNT/BIC."))
        accounts = supplier.values.accounts
        if account in accounts:
            return account
        if len(accounts) >= MAX_ACCOUNTS:
            raise _wrong_account(_("There are {n} accounts, and no more.").format(n=MAX_ACCOUNTS))
        self._change(work, scope, actor, supplier, (*accounts, account))
        self._tell(work, scope, actor, SupplierAction.ACCOUNT_ACCEPTED, supplier, account)
        return account

    def remove_account(
        self, work: Work, scope: OrganizationScope, actor: Actor, supplier_id: str, account: str
    ) -> None:
        """Let an account be known no longer, whether master data or invoices made it known.

        Raises Forbidden, and NotFound where there is no such supplier or it is not known.
        """
        actor.require_organization_administrator(scope.organization_id)
        supplier = self.get(work, scope, supplier_id)
        values = supplier.values
        repository = AccountRepository(work.connection)
        repository.lock(scope, values.identities)
        was_learnt = repository.unlearn(scope, values.identities, account)
        if account not in values.accounts and not was_learnt:
            raise NotFound(_("This account is not known."), code="no_account")
        if account in values.accounts:
            rest = tuple(one for one in values.accounts if one != account)
            self._change(work, scope, actor, supplier, rest)
        self._tell(work, scope, actor, SupplierAction.ACCOUNT_REMOVED, supplier, account)

    def _change(
        self,
        work: Work,
        scope: OrganizationScope,
        actor: Actor,
        supplier: Supplier,
        accounts: tuple[str, ...],
    ) -> None:
        values = replace(supplier.values, accounts=accounts)
        repository = SupplierRepository(work.connection)
        repository.change(scope, {supplier.id: values}, self._clock.now(), actor.name)

    def _tell(
        self,
        work: Work,
        scope: OrganizationScope,
        actor: Actor,
        action: SupplierAction,
        supplier: Supplier,
        account: str = "",
    ) -> None:
        details = {"number": supplier.values.number, "name": supplier.values.name}
        if account:
            details["account"] = account
        self._audit.record(Access(work, scope, actor), action, supplier.id, details)
        self._anew.begin(Access(work, scope, actor))

    def export(self, work: Work, scope: OrganizationScope) -> Iterator[str]:
        """Yield all suppliers as a CSV file that can be imported again."""
        repository = SupplierRepository(work.connection)
        return write_suppliers(supplier.values for supplier in repository.all(scope))


def _wrong_account(text: str) -> InvalidInput:
    return InvalidInput(text, code="invalid_account", fields={"account": text})
