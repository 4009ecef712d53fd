"""The only SQL of suppliers as master data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update

from ionport.core.paging import Page, PageRequest
from ionport.documents.suppliers.model import Supplier, SupplierValues
from ionport.documents.suppliers.tables import supplier_identities, suppliers
from ionport.store import OrganizationScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_AT_A_TIME = 500
_s = suppliers.c
_CATEGORIES = (
    select(_s.category)
    .distinct()
    .join(supplier_identities, supplier_identities.c.supplier_id == _s.id)
    .where(
        supplier_identities.c.organization_id == bindparam("organization"),
        supplier_identities.c.identity.in_(bindparam("identities", expanding=True)),
        _s.category != "",
    )
    .limit(2)
)
_CHANGE = update(suppliers).where(
    _s.organization_id == bindparam("of_organization"), _s.id == bindparam("of_supplier")
)


class SupplierRepository(Repository):
    """The suppliers of one organization."""

    def count(self, scope: OrganizationScope) -> int:
        return self._count(suppliers, in_scope(suppliers, scope))

    def by_number(self, scope: OrganizationScope, numbers: Sequence[str]) -> Mapping[str, Supplier]:
        """Return those of the suppliers with these numbers that there are."""
        found: dict[str, Supplier] = {}
        for start in range(0, len(numbers), _AT_A_TIME):
            rows = self._run(
                select(suppliers).where(
                    _s.organization_id == scope.organization_id,
                    _s.number.in_(numbers[start : start + _AT_A_TIME]),
                )
            )
            found |= {row.number: _supplier(row) for row in rows}
        return found

    def find(self, scope: OrganizationScope, supplier_id: str) -> Supplier | None:
        return self._get(suppliers, _supplier, scope, id=supplier_id)

    def delete(self, scope: OrganizationScope, supplier_id: str) -> None:
        """Delete a supplier and what identifies it."""
        self._delete(supplier_identities, scope, supplier_id=supplier_id)
        self._delete(suppliers, scope, id=supplier_id)

    def list(self, scope: OrganizationScope, page: PageRequest, text: str) -> Page[Supplier]:
        """Return a page of suppliers by number; `text` is part of number, name or identifier."""
        found = select(suppliers).where(*_conditions(scope, text))
        return self._page(found.order_by(_s.number), page, _supplier)

    def all(self, scope: OrganizationScope) -> Iterator[Supplier]:
        """Yield every supplier by number, some hundreds in memory at once."""
        after = ""
        while True:
            rows = self._run(
                select(suppliers)
                .where(_s.organization_id == scope.organization_id, _s.number > after)
                .order_by(_s.number)
                .limit(_AT_A_TIME)
            ).all()
            yield from map(_supplier, rows)
            if len(rows) < _AT_A_TIME:
                return
            after = rows[-1].number

    def add(self, scope: OrganizationScope, new: Sequence[Supplier]) -> None:
        rows = [
            {
                "id": one.id,
                "organization_id": scope.organization_id,
                **_columns(one.values, one.updated_at, one.updated_by),
            }
            for one in new
        ]
        if rows:
            self._run(insert(suppliers), rows)
            self._identify(scope, {one.id: one.values for one in new})

    def change(
        self, scope: OrganizationScope, changed: Mapping[str, SupplierValues], at: datetime, by: str
    ) -> None:
        """Give suppliers, by id, other values."""
        rows = [
            {
                "of_organization": scope.organization_id,
                "of_supplier": supplier_id,
                **_columns(values, at, by),
            }
            for supplier_id, values in changed.items()
        ]
        if rows:
            self._run(_CHANGE, rows)
            ids = list(changed)
            for start in range(0, len(ids), _AT_A_TIME):
                self._run(
                    delete(supplier_identities).where(
                        supplier_identities.c.organization_id == scope.organization_id,
                        supplier_identities.c.supplier_id.in_(ids[start : start + _AT_A_TIME]),
                    )
                )
            self._identify(scope, changed)

    def category(self, scope: OrganizationScope, identities: Collection[str]) -> str:
        """Return the category of the suppliers with any of these identities.

        It is empty when they have none, or more than one.
        """
        wanted = {"organization": scope.organization_id, "identities": sorted(identities)}
        found = self._connection.execute(_CATEGORIES, wanted).scalars().all()
        return found[0] if len(found) == 1 else ""

    def _identify(self, scope: OrganizationScope, named: Mapping[str, SupplierValues]) -> None:
        rows = [
            {
                "organization_id": scope.organization_id,
                "supplier_id": supplier_id,
                "identity": identity,
            }
            for supplier_id, values in named.items()
            for identity in sorted(values.identities)
        ]
        if rows:
            self._run(insert(supplier_identities), rows)


def _conditions(scope: OrganizationScope, text: str) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_s.organization_id == scope.organization_id]
    if wanted := text.replace("\0", "").strip().casefold():
        conditions.append(_s.search_text.contains(wanted, autoescape=True))
    return conditions


def _columns(values: SupplierValues, at: datetime, by: str) -> dict[str, object]:
    searched = (values.number, values.name, values.vat_id, values.tax_number, values.gln)
    text = "\n".join((*searched, *values.accounts)).casefold()
    return columns_of(suppliers, values, search_text=text, updated_at=at, updated_by=by)


_supplier = reader(Supplier, values=reader(SupplierValues))
