"""SQL of M3: every record of every file is a row, found by its key or by the key's beginning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Integer, and_, cast, or_, select, update

from ionport.core.paging import Page, PageRequest
from ionport.sandbox.m3.model import File, Key, M3InvoiceFilter, Record
from ionport.sandbox.m3.tables import m3_companies, m3_records
from ionport.store import TenantScope
from ionport.store.repository import Repository, in_scope

_companies = m3_companies.c
_records = m3_records.c

# Between the parts of a key: no value may contain it, and it sorts before everything that one
# may. What begins with a key and the separator lies before the key and the character after it.
_SEPARATOR, _AFTER_SEPARATOR = "\x1f", "\x20"
_CHUNK = 500


class M3Repository(Repository):
    """Companies of a tenant and their records."""

    def series(self, scope: TenantScope, company: int, *, lock: bool) -> dict[str, int] | None:
        """Return a company's number series, or None when there is no such company yet.

        With `lock`, no other transaction changes the company until this one ends.
        """
        query = select(_companies.series).where(_is_company(scope, company))
        if lock:
            query = query.with_for_update()
        return self._run(query).scalar_one_or_none()

    def add_company(self, scope: TenantScope, company: int) -> bool:
        """Add an empty company; False when another transaction has added it."""
        new = self._insert(m3_companies).values(
            tenant_id=scope.tenant_id, number=company, series={}
        )
        added = self._run(new.on_conflict_do_nothing().returning(_companies.number))
        return added.first() is not None

    def save_series(self, scope: TenantScope, company: int, series: Mapping[str, int]) -> None:
        """Keep a company's number series."""
        self._run(
            update(m3_companies).where(_is_company(scope, company)).values(series=dict(series))
        )

    def get(
        self, scope: TenantScope, company: int, file: File, keys: Sequence[Key]
    ) -> dict[Key, Record]:
        """Return the records that there are of those keys."""
        found: dict[Key, Record] = {}
        for start in range(0, len(keys), _CHUNK):
            texts = [_SEPARATOR.join(key) for key in keys[start : start + _CHUNK]]
            rows = self._run(
                select(_records.key, _records.fields).where(
                    in_scope(m3_records, scope, company=company, file=file.value),
                    _records.key.in_(texts),
                )
            )
            found.update((tuple(row.key.split(_SEPARATOR)), row.fields) for row in rows)
        return found

    def records(
        self, scope: TenantScope, company: int, file: File, prefix: Key, start: Key, limit: int
    ) -> list[tuple[Key, Record]]:
        """Return at most `limit` records in the order of their keys.

        These begin with the parts in `prefix`, all do when it is empty; what follows is not
        before the parts in `start`.
        """
        conditions = [
            _records.tenant_id == scope.tenant_id,
            _records.company == company,
            _records.file == file.value,
            _records.key >= _SEPARATOR.join((*prefix, *start)),
        ]
        if prefix:
            beginning = _SEPARATOR.join(prefix)
            conditions.append(_records.key > beginning + _SEPARATOR)
            conditions.append(_records.key < beginning + _AFTER_SEPARATOR)
        rows = self._run(
            select(_records.key, _records.fields)
            .where(and_(*conditions))
            .order_by(_records.key)
            .limit(limit)
        )
        return [(tuple(row.key.split(_SEPARATOR)), row.fields) for row in rows]

    def invoices(
        self, scope: TenantScope, request: PageRequest, filters: M3InvoiceFilter
    ) -> Page[tuple[int, Record]]:
        """Return one page of heads of supplier invoices with their companies, by batch number."""
        columns = (cast(_field("INBN"), Integer), _records.company)
        order = (each.asc() if filters.ascending else each.desc() for each in columns)
        found = select(_records.company, _records.fields).where(_matching(scope, filters))
        return self._page(found.order_by(*order), request, lambda row: (row.company, row.fields))

    def invoice(self, scope: TenantScope, company: int, number: str) -> Record | None:
        """Return the head of the supplier invoice of that batch number, in any division."""
        query = select(_records.fields).where(
            in_scope(m3_records, scope, company=company, file=File.INVOICE.value),
            _field("INBN") == number,
        )
        return self._run(query.limit(1)).scalar_one_or_none()

    def put(
        self, scope: TenantScope, company: int, records: Mapping[tuple[File, Key], Record]
    ) -> None:
        """Store records, in the place of those that have their keys."""
        rows = [
            {
                "tenant_id": scope.tenant_id,
                "company": company,
                "file": file.value,
                "key": _SEPARATOR.join(key),
                "fields": dict(fields),
            }
            for (file, key), fields in records.items()
        ]
        if rows:
            new = self._insert(m3_records)
            values = {"fields": new.excluded.fields}
            self._run(new.on_conflict_do_update(m3_records.primary_key, set_=values), rows)

    def remove(self, scope: TenantScope, company: int, names: Iterable[tuple[File, Key]]) -> None:
        """Delete records."""
        for file, key in names:
            self._delete(
                m3_records, scope, company=company, file=file.value, key=_SEPARATOR.join(key)
            )


def _is_company(scope: TenantScope, company: int) -> ColumnElement[bool]:
    return in_scope(m3_companies, scope, number=company)


def _field(name: str) -> ColumnElement[str]:
    field: ColumnElement[str] = _records.fields[name].as_string()
    return field


def _matching(scope: TenantScope, filters: M3InvoiceFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [
        _records.tenant_id == scope.tenant_id,
        _records.file == File.INVOICE.value,
    ]
    if filters.status:
        conditions.append(_field("SUPA") == filters.status)
    if filters.text:
        fields = (_field(name) for name in ("SUNO", "SINO", "INBN"))
        conditions.append(
            or_(*(field.icontains(filters.text, autoescape=True) for field in fields))
        )
    return and_(*conditions)
