"""What a user does with suppliers: import a list, look through it, export it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, NotFound, existing
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
    SupplierValues,
    cells_of,
)
from ionport.documents.suppliers.repository import SupplierRepository
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import AuditAction
from ionport.store import OrganizationScope, ScopedWork

_MAX_TEXT = 200


class SupplierAction(AuditAction):
    """What the audit log tells of suppliers."""

    IMPORTED = "supplier.imported", N_("Suppliers imported")
    FETCHED = "supplier.fetched", N_("Suppliers fetched from Infor")
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
        self,
        access: Access[OrganizationScope],
        lines: Sequence[Line],
        *,
        only_completes: bool = False,
    ) -> SupplierImport:
        """Return what the lines of a file would change: a dry run.

        Suppliers are found by their number; those that the file does not name stay. With
        `only_completes` a line adds suppliers and fills what is empty, and replaces nothing.
        Raises Forbidden, and Conflict when there would be more than 50,000.
        """
        access.require_organization_administrator()
        repository = SupplierRepository(access.connection)
        known = repository.by_number(access.scope, [values.number for _line, values in lines])
        changes, kept = list[SupplierChange](), list[SupplierChange]()
        for line, values in lines:
            stored = known.get(values.number)
            if stored and only_completes:
                given, values = values, stored.values.completed(values)
                if others := _others(values, given):
                    kept.append(SupplierChange(line, values, stored.id, others))
            before = cells_of(stored.values) if stored else {}
            changed = {
                name: (before.get(name, ""), text)
                for name, text in cells_of(values).items()
                if text != before.get(name, "")
            }
            if changed:
                changes.append(SupplierChange(line, values, stored.id if stored else None, changed))
        found = SupplierImport(changes, len(lines) - len(changes), kept)
        if found.added and repository.count(access.scope) + found.added > MAX_SUPPLIERS:
            raise Conflict(
                _("With these there would be more than {n} suppliers.").format(n=MAX_SUPPLIERS)
            )
        return found

    def store(self, access: Access[OrganizationScope], lines: Sequence[Line]) -> SupplierImport:
        """Import the lines of a file, all or none; errors as `compare`."""
        return self._store(access, self.compare(access, lines), SupplierAction.IMPORTED, {})

    def store_fetched(
        self, access: Access[OrganizationScope], lines: Sequence[Line], connection: str
    ) -> SupplierImport:
        """Add suppliers that the ERP behind a connection has, and fill what is empty of others.

        Errors as `compare`.
        """
        found = self.compare(access, lines, only_completes=True)
        return self._store(access, found, SupplierAction.FETCHED, {"connection": connection})

    def _store(
        self,
        access: Access[OrganizationScope],
        found: SupplierImport,
        action: SupplierAction,
        details: Mapping[str, str],
    ) -> SupplierImport:
        repository = SupplierRepository(access.connection)
        now = self._clock.now()
        repository.add(
            access.scope,
            [
                Supplier(new_id("sup"), change.values, now, access.actor.name)
                for change in found.changes
                if change.supplier_id is None
            ],
        )
        repository.change(
            access.scope,
            {change.supplier_id: change.values for change in found.changes if change.supplier_id},
            now,
            access.actor.name,
        )
        counts = {
            "added": str(found.added),
            "changed": str(found.changed),
            "unchanged": str(found.unchanged),
        }
        self._audit.record(access, action, "suppliers", {**details, **counts})
        if found.changes:
            self._anew.begin(access)
        return found

    def list(
        self, access: ScopedWork[OrganizationScope], page: PageRequest, text: str = ""
    ) -> Page[Supplier]:
        """Return a page of suppliers by number; `text` is part of number, name or identifier."""
        return SupplierRepository(access.connection).list(access.scope, page, text)

    def get(self, access: ScopedWork[OrganizationScope], supplier_id: str) -> Supplier:
        """Return the supplier; raises NotFound."""
        found = SupplierRepository(access.connection).find(access.scope, supplier_id)
        return existing(found, _("There is no such supplier."), code="no_supplier")

    def find(self, access: ScopedWork[OrganizationScope], number: str) -> Supplier:
        """Return the supplier with the organization's own number; raises NotFound."""
        found = SupplierRepository(access.connection).by_number(access.scope, [number])
        if number not in found:
            raise NotFound(
                _("There is no supplier with the number {number}.").format(number=number[:100]),
                code="no_supplier",
            )
        return found[number]

    def delete(self, access: Access[OrganizationScope], supplier_id: str) -> Supplier:
        """Delete a supplier from the master data; accounts known by invoices stay.

        Raises Forbidden and NotFound.
        """
        access.require_organization_administrator()
        supplier = self.get(access, supplier_id)
        SupplierRepository(access.connection).delete(access.scope, supplier_id)
        self._tell(access, SupplierAction.DELETED, supplier)
        return supplier

    def accounts(
        self, access: ScopedWork[OrganizationScope], supplier_id: str
    ) -> Sequence[KnownAccount]:
        """Return the accounts that are known of a supplier, master data first; raises NotFound."""
        values = self.get(access, supplier_id).values
        learnt = AccountRepository(access.connection).learnt(access.scope, values.identities)
        of_master = [
            learnt.get(one) or KnownAccount(one, is_master_data=True) for one in values.accounts
        ]
        return [
            *(replace(one, is_master_data=True) for one in of_master),
            *(one for account, one in learnt.items() if account not in values.accounts),
        ]

    def accept_account(self, access: Access[OrganizationScope], supplier_id: str, text: str) -> str:
        """Add an account to a supplier's master data and return it as it is compared.

        Raises:
            Forbidden: the actor is no administrator.
            NotFound: no such supplier.
            InvalidInput: no account, no IBAN though it looks like one, or there are 20.
        """
        access.require_organization_administrator()
        supplier = self.get(access, supplier_id)
        account, problem = account_of(text[:_MAX_TEXT])
        if not account or problem:
            raise _wrong_account(problem or _("Write an IBAN, or ACCOUNT/BIC."))
        accounts = supplier.values.accounts
        if account in accounts:
            return account
        if len(accounts) >= MAX_ACCOUNTS:
            raise _wrong_account(_("There are {n} accounts, and no more.").format(n=MAX_ACCOUNTS))
        self._change(access, supplier, (*accounts, account))
        self._tell(access, SupplierAction.ACCOUNT_ACCEPTED, supplier, account)
        return account

    def remove_account(
        self, access: Access[OrganizationScope], supplier_id: str, account: str
    ) -> None:
        """Let an account be known no longer, whether master data or invoices made it known.

        Raises Forbidden, and NotFound where there is no such supplier or it is not known.
        """
        access.require_organization_administrator()
        supplier = self.get(access, supplier_id)
        values = supplier.values
        repository = AccountRepository(access.connection)
        repository.lock(access.scope, values.identities)
        was_learnt = repository.unlearn(access.scope, values.identities, account)
        if account not in values.accounts and not was_learnt:
            raise account_unknown()
        if account in values.accounts:
            rest = tuple(one for one in values.accounts if one != account)
            self._change(access, supplier, rest)
        self._tell(access, SupplierAction.ACCOUNT_REMOVED, supplier, account)

    def _change(
        self, access: Access[OrganizationScope], supplier: Supplier, accounts: tuple[str, ...]
    ) -> None:
        values = replace(supplier.values, accounts=accounts)
        repository = SupplierRepository(access.connection)
        repository.change(access.scope, {supplier.id: values}, self._clock.now(), access.actor.name)

    def _tell(
        self,
        access: Access[OrganizationScope],
        action: SupplierAction,
        supplier: Supplier,
        account: str = "",
    ) -> None:
        details = {"number": supplier.values.number, "name": supplier.values.name}
        if account:
            details["account"] = account
        self._audit.record(access, action, supplier.id, details)
        self._anew.begin(access)

    def export(self, access: ScopedWork[OrganizationScope]) -> Iterator[str]:
        """Yield all suppliers as a CSV file that can be imported again."""
        repository = SupplierRepository(access.connection)
        return write_suppliers(supplier.values for supplier in repository.all(access.scope))


def _others(ours: SupplierValues, theirs: SupplierValues) -> dict[str, tuple[str, str]]:
    """Return the columns where the ERP has another value than the one that stays."""
    stays = cells_of(ours)
    return {
        name: (stays[name], text)
        for name, text in cells_of(theirs).items()
        if text and name != "ibans" and text != stays[name]
    }


def account_unknown() -> NotFound:
    """Return the error of an account that is not known of its supplier."""
    return NotFound(_("This account is not known."), code="no_account")


def _wrong_account(text: str) -> InvalidInput:
    return InvalidInput(text, code="invalid_account", fields={"account": text})
