"""What a user does with mapping files: add one or a new version, look through, open."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, NotFound
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.paging import Page, PageRequest
from ionport.documents.intake.reading import clean_filename
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.mappings.intake import PreparedMapping
from ionport.mappings.model import MappingAction, MappingFile, MappingKind, MappingVersion
from ionport.mappings.repository import MappingRepository
from ionport.store import OrganizationScope, ScopedWork


class MappingService:
    """The use cases of mapping files. Reads need no actor: the scope says whose files they are."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit

    def add(
        self, access: Access[OrganizationScope], name: str, prepared: PreparedMapping
    ) -> MappingVersion:
        """Keep a mapping file, as a new version when the name exists.

        The same text as the latest version gives that version. What is wrong with the mapping
        is in the version's findings: `prepare_mapping` has read and linted it, outside the
        transaction.

        Raises:
            Forbidden: the actor is no administrator of the organization.
            Conflict: the name belongs to a file of another kind.
        """
        access.require_organization_administrator()
        repository = MappingRepository(access.connection)
        file = self._file(access, clean_filename(name, "mapping.properties"), prepared.kind)
        sha256 = prepared.sha256
        latest = repository.latest_version(access.scope, file.id)
        if latest is not None and latest.sha256 == sha256:
            return latest
        version = MappingVersion(
            id=new_id("mpv"),
            mapping_id=file.id,
            mapping_name=file.name,
            kind=file.kind,
            number=file.latest_number + 1,
            sha256=sha256,
            text=prepared.text,
            findings=prepared.findings,
            created_at=self._clock.now(),
            created_by=access.actor.name,
        )
        repository.add_version(access.scope, version)
        self._audit.record(
            access,
            MappingAction.ADDED,
            file.id,
            {"name": file.name, "version": str(version.number), "sha256": sha256},
        )
        return version

    def get(self, access: ScopedWork[OrganizationScope], mapping_id: str) -> MappingFile:
        """Return the mapping file; raises NotFound."""
        file = MappingRepository(access.connection).find(access.scope, mapping_id)
        if file is None:
            raise _not_found()
        return file

    def list(
        self,
        access: ScopedWork[OrganizationScope],
        page: PageRequest,
        kind: MappingKind | None = None,
        text: str = "",
    ) -> Page[MappingFile]:
        """Return a page of the organization's mapping files, by name."""
        return MappingRepository(access.connection).list(access.scope, page, kind, text)

    def versions(
        self, access: ScopedWork[OrganizationScope], mapping_id: str, page: PageRequest
    ) -> Page[MappingVersion]:
        """Return a page of the file's versions, newest first; raises NotFound."""
        self.get(access, mapping_id)
        return MappingRepository(access.connection).list_versions(access.scope, mapping_id, page)

    def latest_version(
        self, access: ScopedWork[OrganizationScope], mapping_id: str
    ) -> MappingVersion:
        """Return the newest version of the file; raises NotFound."""
        version = MappingRepository(access.connection).latest_version(access.scope, mapping_id)
        if version is None:
            raise _not_found()
        return version

    def _file(self, access: Access[OrganizationScope], name: str, kind: MappingKind) -> MappingFile:
        """Return the file with this name, made if there is none, locked for a new version."""
        repository = MappingRepository(access.connection)
        file = repository.lock_by_name(access.scope, name)
        if file is None:
            now = self._clock.now()
            file = MappingFile(
                id=new_id("map"),
                organization_id=access.scope.organization_id,
                name=name,
                kind=kind,
                latest_number=0,
                created_at=now,
                created_by=access.actor.name,
                updated_at=now,
            )
            try:
                with access.connection.begin_nested():
                    repository.add_file(access.scope, file)
            except IntegrityError:
                # Somebody added the same name a moment ago: theirs is there now.
                file = repository.lock_by_name(access.scope, name)
                if file is None:
                    raise
        if file.kind is not kind:
            raise Conflict(
                _(
                    "{name} is the name of another kind of file: {kind}. Choose another name."
                ).format(name=file.name, kind=file.kind.label),
                code="mapping_name_taken",
                existing_id=file.id,
            )
        return file


def _not_found() -> NotFound:
    return NotFound(_("There is no such mapping file."), code="no_mapping")
