"""The only SQL of mappings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from ionport.core.paging import Following, Page, PageRequest
from ionport.mappings.grammars.edits import Edit
from ionport.mappings.lint.rules.model import Severity
from ionport.mappings.model import (
    Finding,
    ListedMapping,
    ListedVersion,
    MappingFile,
    MappingKind,
    MappingSort,
    MappingVersion,
)
from ionport.mappings.tables import mapping_acceptances, mapping_files, mapping_versions
from ionport.store import OrganizationScope
from ionport.store.paging import select_following
from ionport.store.repository import Repository, reader


class MappingRepository(Repository):
    """Mapping files of one organization, with their versions."""

    def add_file(self, scope: OrganizationScope, file: MappingFile) -> None:
        """Add a file; raises SQLAlchemy's IntegrityError when the name is taken."""
        self._connection.execute(
            insert(mapping_files).values(
                id=file.id,
                organization_id=scope.organization_id,
                name=file.name,
                name_key=file.name.casefold(),
                kind=file.kind.value,
                latest_number=file.latest_number,
                created_at=file.created_at,
                created_by=file.created_by,
                updated_at=file.updated_at,
            )
        )

    def lock_by_name(self, scope: OrganizationScope, name: str) -> MappingFile | None:
        """Return the file with this name; others cannot add versions until the end."""
        return self._one(
            select(mapping_files)
            .where(
                mapping_files.c.organization_id == scope.organization_id,
                mapping_files.c.name_key == name.casefold(),
            )
            .with_for_update(),
            _file,
        )

    def find(self, scope: OrganizationScope, mapping_id: str) -> MappingFile | None:
        return self._one(
            select(mapping_files).where(
                mapping_files.c.organization_id == scope.organization_id,
                mapping_files.c.id == mapping_id,
            ),
            _file,
        )

    def lock(self, scope: OrganizationScope, mapping_id: str) -> MappingFile | None:
        """Return the file; others cannot add versions until the end."""
        return self._one(
            select(mapping_files)
            .where(
                mapping_files.c.organization_id == scope.organization_id,
                mapping_files.c.id == mapping_id,
            )
            .with_for_update(),
            _file,
        )

    def list(
        self, scope: OrganizationScope, page: PageRequest, kind: MappingKind | None, text: str
    ) -> Page[MappingFile]:
        """Return files by name; `text` is a part of the name, in any case."""
        query = select(mapping_files).where(*_wanted(scope, kind, text))
        return self._page(query.order_by(mapping_files.c.name_key), page, _file)

    def following(
        self,
        scope: OrganizationScope,
        limit: int,
        after: tuple[str, str] | None,
        kind: MappingKind | None,
        text: str,
    ) -> Following[MappingFile]:
        """Return what follows a name and id in the order of `list`."""
        query = select(mapping_files).where(*_wanted(scope, kind, text))
        order = (mapping_files.c.name_key, mapping_files.c.id)
        place = None if after is None else (after[0].casefold(), after[1])
        rows, total, more = select_following(self._connection, query, order, place, limit)
        return Following([_file(row) for row in rows], total, more)

    def list_with_findings(
        self,
        scope: OrganizationScope,
        page: PageRequest,
        kind: MappingKind | None,
        text: str,
        sort: MappingSort,
        *,
        descending: bool,
    ) -> Page[ListedMapping]:
        """Return files with what the linter found in their newest versions."""
        newest, wanted = mapping_versions.c, _wanted(scope, kind, text)
        query = (
            select(mapping_files, newest.findings, newest.created_by.label("saved_by"))
            .join(
                mapping_versions,
                (newest.mapping_id == mapping_files.c.id)
                & (newest.number == mapping_files.c.latest_number),
            )
            .where(*wanted, newest.organization_id == scope.organization_id)
        )
        # Both in one direction, as an index has them.
        columns = (_SORTS[sort], mapping_files.c.name_key)
        order = [column.desc() if descending else column.asc() for column in columns]
        shown = query.order_by(*order).limit(page.limit).offset(page.offset)
        return Page(self._all(shown, _listed), self._count(mapping_files, *wanted), page)

    def delete(self, scope: OrganizationScope, mapping_id: str) -> None:
        """Remove a file with its versions and what was accepted of them."""
        for table, column in (
            (mapping_acceptances, mapping_acceptances.c.mapping_id),
            (mapping_versions, mapping_versions.c.mapping_id),
            (mapping_files, mapping_files.c.id),
        ):
            self._connection.execute(
                delete(table).where(
                    table.c.organization_id == scope.organization_id, column == mapping_id
                )
            )

    def version(
        self, scope: OrganizationScope, mapping_id: str, number: int
    ) -> MappingVersion | None:
        """Return one version of a file."""
        row = self._connection.execute(
            _versions(scope).where(
                mapping_versions.c.mapping_id == mapping_id, mapping_versions.c.number == number
            )
        ).one_or_none()
        return self._version(scope, row) if row else None

    def add_version(self, scope: OrganizationScope, version: MappingVersion) -> None:
        """Add a version and make it the latest of its file."""
        self._connection.execute(
            insert(mapping_versions).values(
                id=version.id,
                mapping_id=version.mapping_id,
                organization_id=scope.organization_id,
                number=version.number,
                sha256=version.sha256,
                text=version.text,
                encoding=version.encoding.value,
                findings=[dataclasses.asdict(finding) for finding in version.findings],
                created_at=version.created_at,
                created_by=version.created_by,
            )
        )
        self._set_latest(scope, version.mapping_id, version.number, version.created_at)

    def latest_version(self, scope: OrganizationScope, mapping_id: str) -> MappingVersion | None:
        parameters = {"organization": scope.organization_id, "mapping": mapping_id}
        row = self._connection.execute(_LATEST, parameters).one_or_none()
        return self._version(scope, row) if row else None

    def version_by_id(self, scope: OrganizationScope, version_id: str) -> MappingVersion | None:
        parameters = {"organization": scope.organization_id, "wanted": version_id}
        row = self._connection.execute(_BY_ID, parameters).one_or_none()
        return self._version(scope, row) if row else None

    def versions_by_id(
        self, scope: OrganizationScope, version_ids: Sequence[str]
    ) -> Sequence[MappingVersion]:
        parameters = {"organization": scope.organization_id, "wanted": version_ids}
        rows = self._connection.execute(_BY_IDS, parameters).all()
        return [self._version(scope, row) for row in rows]

    def list_versions(
        self, scope: OrganizationScope, mapping_id: str, page: PageRequest
    ) -> Page[ListedVersion]:
        """Return the versions of a file, newest first."""
        query = _listed_versions(scope, mapping_id)
        return self._page(query.order_by(mapping_versions.c.number.desc()), page, _listed_version)

    def following_versions(
        self, scope: OrganizationScope, mapping_id: str, limit: int, before: int | None
    ) -> Following[ListedVersion]:
        """Return the versions of a file that are older than number `before`, newest first."""
        rows, total, more = select_following(
            self._connection,
            _listed_versions(scope, mapping_id),
            [mapping_versions.c.number],
            None if before is None else [before],
            limit,
            descending=True,
        )
        return Following([_listed_version(row) for row in rows], total, more)

    def _version(self, scope: OrganizationScope, row: Row[Any]) -> MappingVersion:
        """Return a version; acceptances are read only where a finding holds it."""
        version = _version(row)
        if not any(finding.blocks_activation for finding in version.findings):
            return version
        accepted = self._connection.execute(
            select(mapping_acceptances.c.finding).where(
                mapping_acceptances.c.organization_id == scope.organization_id,
                mapping_acceptances.c.mapping_id == version.mapping_id,
            )
        ).scalars()
        return dataclasses.replace(version, accepted=frozenset(accepted))

    def _set_latest(
        self, scope: OrganizationScope, mapping_id: str, number: int, at: datetime
    ) -> None:
        self._connection.execute(
            update(mapping_files)
            .where(
                mapping_files.c.organization_id == scope.organization_id,
                mapping_files.c.id == mapping_id,
            )
            .values(latest_number=number, updated_at=at)
        )


_SORTS = {
    MappingSort.NAME: mapping_files.c.name_key,
    MappingSort.KIND: mapping_files.c.kind,
    MappingSort.UPDATED: mapping_files.c.updated_at,
}
# Built once: each delivery runs the one by id.
_OWN = (
    select(mapping_versions, mapping_files.c.name, mapping_files.c.kind)
    .join(mapping_files, mapping_files.c.id == mapping_versions.c.mapping_id)
    .where(mapping_versions.c.organization_id == bindparam("organization"))
)
_BY_ID = _OWN.where(mapping_versions.c.id == bindparam("wanted"))
_BY_IDS = _OWN.where(mapping_versions.c.id.in_(bindparam("wanted", expanding=True)))
_LATEST = _OWN.where(
    mapping_versions.c.mapping_id == bindparam("mapping"),
    mapping_versions.c.number == mapping_files.c.latest_number,
)


def _versions(scope: OrganizationScope) -> Select[Any]:
    return (
        select(mapping_versions, mapping_files.c.name, mapping_files.c.kind)
        .join(mapping_files, mapping_files.c.id == mapping_versions.c.mapping_id)
        .where(mapping_versions.c.organization_id == scope.organization_id)
    )


def _wanted(
    scope: OrganizationScope, kind: MappingKind | None, text: str
) -> Sequence[ColumnElement[bool]]:
    conditions = [mapping_files.c.organization_id == scope.organization_id]
    if kind is not None:
        conditions.append(mapping_files.c.kind == kind.value)
    # PostgreSQL has no text with NUL; no name has one either.
    if wanted := text.replace("\0", "").strip().casefold():
        conditions.append(mapping_files.c.name_key.contains(wanted, autoescape=True))
    return conditions


def _listed_versions(scope: OrganizationScope, mapping_id: str) -> Select[Any]:
    own = mapping_versions.c
    return select(own.number, own.sha256, own.created_at, own.created_by, own.findings).where(
        own.organization_id == scope.organization_id, own.mapping_id == mapping_id
    )


def _counts(row: Row[Any]) -> dict[str, int]:
    severities = [finding["severity"] for finding in row.findings]
    return {
        "errors": severities.count(Severity.ERROR.value),
        "warnings": severities.count(Severity.WARNING.value),
        "notes": severities.count(Severity.INFO.value),
    }


def _listed(row: Row[Any]) -> ListedMapping:
    return ListedMapping(file=_file(row), saved_by=row.saved_by, **_counts(row))


def _listed_version(row: Row[Any]) -> ListedVersion:
    return ListedVersion(row.number, row.sha256, row.created_at, row.created_by, **_counts(row))


_file = reader(MappingFile)


_version = reader(
    MappingVersion,
    mapping_name="name",
    findings=lambda row: tuple(_finding(values) for values in row.findings),
)


def _finding(values: Mapping[str, Any]) -> Finding:
    read = {**values, "severity": Severity(values["severity"])}
    if "text" in values:
        # As versions before migration 0032 stored it: a sentence in one language.
        names = ("severity", "code", "line", "key")
        sentence = {name: read[name] for name in ("text", "remedy")}
        return Finding(**{name: read[name] for name in names}, parameters=sentence)
    return Finding(**{**read, "fix": tuple(Edit(**edit) for edit in values["fix"])})
