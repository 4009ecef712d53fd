"""What a user does with mapping files: add one or a new version, look through, open."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.exc import IntegrityError

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.paging import Following, Page, PageRequest
from ionport.documents.intake.reading import clean_filename
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.mappings.intake import PreparedMapping, wrong_kind_text
from ionport.mappings.model import (
    ListedMapping,
    ListedVersion,
    MappingAction,
    MappingFile,
    MappingKind,
    MappingSort,
    MappingVersion,
)
from ionport.mappings.ports import MappingUse, MappingUses, NoUses
from ionport.mappings.repository import MappingRepository
from ionport.mappings.versions.acceptances.model import Acceptance
from ionport.mappings.versions.acceptances.service import MappingAcceptances
from ionport.store import OrganizationScope, ScopedWork

_MOST_NAMED = 5


class MappingService:
    """The use cases of mapping files. Reads need no actor: the scope says whose files they are."""

    def __init__(self, clock: Clock, audit: AuditLog, uses: MappingUses | None = None) -> None:
        self._clock = clock
        self._audit = audit
        self._uses = uses or NoUses()
        self._acceptances = MappingAcceptances(clock, audit)

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
        file = self._file(access, clean_filename(name, "mapping.properties"), prepared.kind)
        return self._add_version(access, file, prepared)

    def add_new(
        self, access: Access[OrganizationScope], name: str, prepared: PreparedMapping
    ) -> MappingVersion:
        """Keep a file under a name that no other has.

        Raises:
            Forbidden: the actor is no administrator of the organization.
            Conflict: `mapping_name_taken`.
        """
        access.require_organization_administrator()
        cleaned = clean_filename(name, "mapping.properties")
        taken = MappingRepository(access.connection).lock_by_name(access.scope, cleaned)
        if taken is not None:
            raise Conflict(
                _("There is a mapping file with the name {name}. Choose another name.").format(
                    name=taken.name
                ),
                code="mapping_name_taken",
                existing_id=taken.id,
            )
        return self.add(access, cleaned, prepared)

    def save(
        self,
        access: Access[OrganizationScope],
        mapping_id: str,
        prepared: PreparedMapping,
        *,
        based_on: int | None,
    ) -> MappingVersion:
        """Keep an edited text as the next version of a file.

        `based_on` is the number of the version that was edited; None: whatever is the newest. The
        same text as the newest version gives that version.

        Raises:
            Forbidden, NotFound.
            InvalidInput: `mapping_of_other_kind`: by its content the text is of another kind.
            Conflict: `mapping_changed_meanwhile`: somebody has saved another version since.
        """
        access.require_organization_administrator()
        file = self._locked(access, mapping_id)
        if file.kind is not prepared.kind:
            raise InvalidInput(
                wrong_kind_text(prepared.kind, file.kind), code="mapping_of_other_kind"
            )
        newest = self.latest_version(access, mapping_id)
        is_newest = based_on in (None, file.latest_number)
        if not is_newest and newest.sha256 != prepared.sha256:
            raise Conflict(
                _(
                    "{name} has saved version {number} while you edited version {based_on}."
                    " Nothing of yours is lost: compare your text with theirs below, then save it"
                    " again."
                ).format(name=newest.created_by, number=newest.number, based_on=based_on),
                code="mapping_changed_meanwhile",
                existing_id=newest.id,
            )
        return self._add_version(access, file, prepared)

    def roll_back(
        self,
        access: Access[OrganizationScope],
        mapping_id: str,
        number: int,
        prepared: PreparedMapping,
    ) -> MappingVersion:
        """Make the text of an older version the newest one.

        `prepared` is that text, linted as of today. Raises Forbidden, NotFound, and InvalidInput
        where it is not the text of that version.
        """
        access.require_organization_administrator()
        file = self._locked(access, mapping_id)
        if self.version(access, mapping_id, number).text != prepared.text:
            raise InvalidInput(_("This is not the text of that version."))
        return self._add_version(access, file, prepared, from_number=number)

    def delete(self, access: Access[OrganizationScope], mapping_id: str) -> MappingFile:
        """Remove a file with its versions.

        Raises:
            Forbidden, NotFound.
            Conflict: `mapping_in_use`: a configuration uses it, or deliveries name its versions.
        """
        access.require_organization_administrator()
        file = self._locked(access, mapping_id)
        if why := self.why_kept(access, mapping_id):
            raise Conflict(why, code="mapping_in_use")
        MappingRepository(access.connection).delete(access.scope, mapping_id)
        self._audit.record(access, MappingAction.DELETED, file.id, {"name": file.name})
        return file

    def why_kept(self, access: ScopedWork[OrganizationScope], mapping_id: str) -> str:
        """Return why a file cannot be deleted; empty when it can."""
        if used := self.uses(access, [mapping_id]).get(mapping_id):
            titles = ", ".join(f"“{use.title}”" for use in used[:_MOST_NAMED])
            return _("It is used by {titles}. Choose another mapping file there first.").format(
                titles=titles
            )
        if self._uses.is_named(access, mapping_id):
            return _(
                "Deliveries or deleted configurations name its versions: it stays, so that the"
                " ledger can tell what was sent."
            )
        return ""

    def uses(
        self, access: ScopedWork[OrganizationScope], mapping_ids: Collection[str]
    ) -> Mapping[str, Sequence[MappingUse]]:
        """Return the export configurations that use files, the active ones first."""
        return self._uses.of(access, mapping_ids)

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

    def following(
        self,
        access: ScopedWork[OrganizationScope],
        limit: int,
        after: tuple[str, str] | None,
        kind: MappingKind | None = None,
        text: str = "",
    ) -> Following[MappingFile]:
        """Return what follows a name and id in the list by name."""
        return MappingRepository(access.connection).following(
            access.scope, limit, after, kind, text
        )

    def list_with_findings(
        self,
        access: ScopedWork[OrganizationScope],
        page: PageRequest,
        kind: MappingKind | None = None,
        text: str = "",
        sort: MappingSort = MappingSort.NAME,
        *,
        descending: bool = False,
    ) -> Page[ListedMapping]:
        """Return a page of the files with what the linter found in their newest versions."""
        return MappingRepository(access.connection).list_with_findings(
            access.scope, page, kind, text, sort, descending=descending
        )

    def version(
        self, access: ScopedWork[OrganizationScope], mapping_id: str, number: int
    ) -> MappingVersion:
        """Return one version of a file; raises NotFound."""
        found = MappingRepository(access.connection).version(access.scope, mapping_id, number)
        if found is None:
            raise NotFound(_("There is no such version."), code="no_mapping_version")
        return found

    def versions(
        self, access: ScopedWork[OrganizationScope], mapping_id: str, page: PageRequest
    ) -> Page[ListedVersion]:
        """Return a page of the file's versions, newest first; raises NotFound."""
        self.get(access, mapping_id)
        return MappingRepository(access.connection).list_versions(access.scope, mapping_id, page)

    def following_versions(
        self,
        access: ScopedWork[OrganizationScope],
        mapping_id: str,
        limit: int,
        before: int | None,
    ) -> Following[ListedVersion]:
        """Return the versions older than number `before`, newest first; raises NotFound."""
        self.get(access, mapping_id)
        return MappingRepository(access.connection).following_versions(
            access.scope, mapping_id, limit, before
        )

    def latest_version(
        self, access: ScopedWork[OrganizationScope], mapping_id: str
    ) -> MappingVersion:
        """Return the newest version of the file; raises NotFound."""
        version = MappingRepository(access.connection).latest_version(access.scope, mapping_id)
        if version is None:
            raise _not_found()
        return version

    def version_by_id(
        self, access: ScopedWork[OrganizationScope], version_id: str
    ) -> MappingVersion:
        """Return a version by its id; raises NotFound."""
        version = MappingRepository(access.connection).version_by_id(access.scope, version_id)
        if version is None:
            raise _not_found()
        return version

    def versions_by_id(
        self, access: ScopedWork[OrganizationScope], version_ids: Collection[str]
    ) -> Mapping[str, MappingVersion]:
        """Return versions by their ids; raises NotFound where one is absent."""
        if not version_ids:
            return {}
        repository = MappingRepository(access.connection)
        found = repository.versions_by_id(access.scope, sorted(version_ids))
        if len(found) < len(set(version_ids)):
            raise _not_found()
        return {version.id: version for version in found}

    def accept(
        self,
        access: Access[OrganizationScope],
        mapping_id: str,
        number: int,
        findings: Sequence[str],
        reason: str,
    ) -> Sequence[Acceptance]:
        """Accept findings that hold a version, by their identities and with one reason.

        They hold no later version of the file either. Raises as `MappingAcceptances.accept`, and
        NotFound for the file or version.
        """
        access.require_organization_administrator()
        self._locked(access, mapping_id)
        version = self.version(access, mapping_id, number)
        return self._acceptances.accept(access, version, findings, reason)

    def withdraw_acceptance(
        self, access: Access[OrganizationScope], mapping_id: str, finding: str
    ) -> None:
        """Withdraw the acceptance of a finding; raises as `MappingAcceptances.withdraw`."""
        access.require_organization_administrator()
        self._acceptances.withdraw(access, self._locked(access, mapping_id), finding)

    def accepted(
        self, access: ScopedWork[OrganizationScope], mapping_id: str
    ) -> Sequence[Acceptance]:
        """Return what people accepted of a file, in the order of time; raises NotFound."""
        self.get(access, mapping_id)
        return self._acceptances.of_file(access, mapping_id)

    def _locked(self, access: Access[OrganizationScope], mapping_id: str) -> MappingFile:
        file = MappingRepository(access.connection).lock(access.scope, mapping_id)
        if file is None:
            raise _not_found()
        return file

    def _add_version(
        self,
        access: Access[OrganizationScope],
        file: MappingFile,
        prepared: PreparedMapping,
        *,
        from_number: int | None = None,
    ) -> MappingVersion:
        """Add a version to a locked file; the same text as the newest version gives that one."""
        repository = MappingRepository(access.connection)
        latest = repository.latest_version(access.scope, file.id)
        if latest is not None and latest.sha256 == prepared.sha256:
            return latest
        version = MappingVersion(
            id=new_id("mpv"),
            mapping_id=file.id,
            mapping_name=file.name,
            kind=file.kind,
            number=file.latest_number + 1,
            sha256=prepared.sha256,
            text=prepared.text,
            encoding=prepared.encoding,
            findings=prepared.findings,
            created_at=self._clock.now(),
            created_by=access.actor.name,
        )
        repository.add_version(access.scope, version)
        version = repository.latest_version(access.scope, file.id) or version
        details = {
            "name": file.name,
            "version": str(version.number),
            "sha256": prepared.sha256,
        }
        action = MappingAction.ADDED
        if from_number is not None:
            action = MappingAction.ROLLED_BACK
            details["text_of_version"] = str(from_number)
        self._audit.record(access, action, file.id, details)
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
                # Another person added the same name a moment ago: that file is used.
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
