"""SQL of export configurations."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from ionport.core.paging import Page, PageRequest
from ionport.exports.configurations.model import (
    ExportConfiguration,
    PinnedMapping,
)
from ionport.exports.destinations import destination_of
from ionport.exports.model import ExportMethod
from ionport.exports.tables import configuration_mappings, deliveries, export_configurations
from ionport.mappings.model import MappingKind
from ionport.store import OrganizationScope, SystemScope
from ionport.store.locks import lock_name

AnyScope = OrganizationScope | SystemScope

_c = export_configurations.c
_m = configuration_mappings.c
_CONFIGURATION = tuple(c for c in _c if c.name not in ("family", "deleted_at"))
_PINNED = (_m.kind.label("pinned_kind"), _m.mapping_id, _m.version_id)
_WITH_PINNED = export_configurations.outerjoin(configuration_mappings, _m.configuration_id == _c.id)

# Built once: each delivery runs these, and building them costs as much as running.
_CONFIGURATION_OF = (
    select(*_CONFIGURATION, *_PINNED)
    .select_from(_WITH_PINNED)
    .where(_c.id == bindparam("wanted"), _c.organization_id == bindparam("organization"))
)
_ACTIVE_IN = (
    _c.deleted_at.is_(None),
    _c.organization_id == bindparam("organization"),
    _c.is_active.is_(True),
    _c.document_type == bindparam("document_type"),
    # None is the main organization.
    _c.sub_organization_id.is_not_distinct_from(bindparam("sub_organization")),
)
_ACTIVE = (
    select(*_CONFIGURATION, *_PINNED)
    .select_from(_WITH_PINNED)
    .where(*_ACTIVE_IN)
    .order_by(_c.family, _c.id)
)
_ACTIVE_IDS = select(_c.id).where(*_ACTIVE_IN)


class ConfigurationRepository:
    """Rows of export configurations that are not deleted."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: OrganizationScope, configuration: ExportConfiguration) -> None:
        """Insert a row; `scope` owns it whatever the value says."""
        values = asdict(configuration) | {
            "organization_id": scope.organization_id,
            "family": destination_of(configuration.method).family,
        }
        del values["mappings"]
        self._connection.execute(insert(export_configurations), values)
        self.pin(scope, configuration.id, configuration.mappings)

    def pin(
        self,
        scope: OrganizationScope,
        configuration_id: str,
        mappings: Mapping[MappingKind, PinnedMapping],
    ) -> None:
        """Let a configuration use these versions and no others."""
        self._connection.execute(
            delete(configuration_mappings).where(
                _m.configuration_id == configuration_id,
                _m.organization_id == scope.organization_id,
            )
        )
        rows = [
            {
                "configuration_id": configuration_id,
                "organization_id": scope.organization_id,
                "kind": kind.value,
                "mapping_id": pinned.mapping_id,
                "version_id": pinned.version_id,
            }
            for kind, pinned in mappings.items()
        ]
        if rows:
            self._connection.execute(insert(configuration_mappings), rows)

    def get(self, scope: AnyScope, configuration_id: str) -> ExportConfiguration | None:
        """Return the configuration, or None when it is absent or somebody else's."""
        query = _with_pinned(self._select(scope)).where(_c.id == configuration_id)
        found = _configurations(self._connection.execute(query))
        return found[0] if found else None

    def get_any(self, scope: OrganizationScope, configuration_id: str) -> ExportConfiguration:
        """Return a configuration that a delivery names, deleted or not."""
        parameters = {"wanted": configuration_id, "organization": scope.organization_id}
        (found,) = _configurations(self._connection.execute(_CONFIGURATION_OF, parameters))
        return found

    def list(
        self,
        scope: OrganizationScope,
        page: PageRequest,
        *,
        text: str = "",
        document_type: str | None = None,
        only_active: bool = False,
    ) -> Page[ExportConfiguration]:
        """Return a page sorted by title."""
        query = self._select(scope)
        if text:
            query = query.where(_c.title.icontains(text, autoescape=True))
        if document_type:
            query = query.where(_c.document_type == document_type)
        if only_active:
            query = query.where(_c.is_active.is_(True))
        total = self._connection.execute(
            select(func.count()).select_from(query.subquery())
        ).scalar_one()
        order = (func.lower(_c.title), _c.id)
        wanted = query.with_only_columns(_c.id).order_by(*order)
        shown = wanted.limit(page.limit).offset(page.offset).subquery()
        rows = self._connection.execute(
            _with_pinned(self._select(scope)).join(shown, shown.c.id == _c.id).order_by(*order)
        )
        return Page(_configurations(rows), total, page)

    def titles(self, scope: OrganizationScope) -> Sequence[str]:
        """Return the titles of all configurations; who makes another one waits until this ends."""
        lock_name(self._connection, f"titles {scope.organization_id}")
        query = self._select(scope).with_only_columns(_c.title)
        return self._connection.execute(query).scalars().all()

    def active(
        self, scope: OrganizationScope, document_type: str, sub_organization_id: str | None
    ) -> Sequence[ExportConfiguration]:
        """Return what is active for one place: at most one for each family."""
        parameters = _place(scope, document_type, sub_organization_id)
        return _configurations(self._connection.execute(_ACTIVE, parameters))

    def active_ids(
        self, scope: OrganizationScope, document_type: str, sub_organization_id: str | None
    ) -> frozenset[str]:
        """Return the ids of what is active for one place."""
        parameters = _place(scope, document_type, sub_organization_id)
        return frozenset(self._connection.execute(_ACTIVE_IDS, parameters).scalars())

    def active_titles(
        self,
        scope: OrganizationScope,
        document_types: Collection[str],
        methods: Sequence[ExportMethod],
    ) -> Mapping[tuple[str, str | None], Sequence[str]]:
        """Return the titles of what is active by these methods, by type and sub-organization."""
        query = self._select(scope).where(
            _c.is_active.is_(True),
            _c.document_type.in_(document_types),
            _c.method.in_([method.value for method in methods]),
        )
        found: dict[tuple[str, str | None], list[str]] = {}
        for row in self._connection.execute(query.order_by(_c.family)):
            place = (row.document_type, row.sub_organization_id)
            found.setdefault(place, []).append(row.title)
        return found

    def organizations_that_export(
        self, scope: SystemScope, after: str, limit: int
    ) -> Sequence[OrganizationScope]:
        """Return the next organizations behind `after` that have an active configuration."""
        query = self._select(scope).where(_c.is_active.is_(True), _c.organization_id > after)
        ids = query.with_only_columns(_c.organization_id).distinct()
        rows = self._connection.execute(ids.order_by(_c.organization_id).limit(limit))
        return [OrganizationScope(found) for found in rows.scalars()]

    def update(
        self, scope: OrganizationScope, configuration_id: str, values: Mapping[str, Any]
    ) -> bool:
        """Change columns; False when the one-active rule of the database forbids it."""
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    update(export_configurations)
                    .where(
                        _c.id == configuration_id,
                        _c.organization_id == scope.organization_id,
                    )
                    .values(dict(values))
                )
        except IntegrityError:
            return False
        return True

    def naming_connection(self, scope: OrganizationScope, connection_id: str) -> tuple[int, int]:
        """Return how many deliveries and how many deleted configurations name a connection."""
        number = select(func.count()).select_from
        of_ledger = number(deliveries).where(
            deliveries.c.organization_id == scope.organization_id,
            deliveries.c.connection_id == connection_id,
        )
        deleted = number(export_configurations).where(
            _c.organization_id == scope.organization_id,
            _c.connection_id == connection_id,
            _c.deleted_at.is_not(None),
        )
        found = (of_ledger.scalar_subquery(), deleted.scalar_subquery())
        row = self._connection.execute(select(*found)).one()
        return row[0], row[1]

    def uses_connection(self, scope: OrganizationScope, connection_id: str) -> Sequence[str]:
        """Return the titles of configurations that use a connection, at most ten."""
        rows = self._connection.execute(
            self._select(scope).where(_c.connection_id == connection_id).limit(10)
        )
        return [row.title for row in rows]

    def _select(self, scope: AnyScope) -> Select[Any]:
        query = select(*_CONFIGURATION).where(_c.deleted_at.is_(None))
        if isinstance(scope, OrganizationScope):
            query = query.where(_c.organization_id == scope.organization_id)
        return query


def _place(
    scope: OrganizationScope, document_type: str, sub_organization_id: str | None
) -> dict[str, Any]:
    return {
        "organization": scope.organization_id,
        "document_type": document_type,
        "sub_organization": sub_organization_id,
    }


def _with_pinned(query: Select[Any]) -> Select[Any]:
    return query.add_columns(*_PINNED).select_from(_WITH_PINNED)


def _configurations(rows: Iterable[Row[Any]]) -> list[ExportConfiguration]:
    """Return configurations of rows that have one mapping file each, or none at all."""
    return [_configuration(list(own)) for _id, own in groupby(rows, key=lambda row: row.id)]


def _configuration(rows: Sequence[Row[Any]]) -> ExportConfiguration:
    values = {column.name: getattr(rows[0], column.name) for column in _CONFIGURATION}
    values["method"] = ExportMethod(values["method"])
    pinned = {
        MappingKind(row.pinned_kind): PinnedMapping(row.mapping_id, row.version_id)
        for row in rows
        if row.pinned_kind is not None
    }
    return ExportConfiguration(**values, mappings=pinned)
