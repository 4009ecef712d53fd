"""What an administrator does with intake sources: add, look at, test, remove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from ionport.core.files import OwnFolder
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.secrets import Secret
from ionport.core.sftp.session import SftpAccount, check_account
from ionport.documents.intake.sources.inboxes import Inboxes, inbox_of, sealed_for
from ionport.documents.intake.sources.model import (
    MAX_NAME,
    MAX_SOURCES,
    IntakeSource,
    LogEntry,
    SourceAction,
    SourceKind,
    Stage,
)
from ionport.documents.intake.sources.repository import SourceRepository
from ionport.documents.repository import DocumentRepository
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.repository import OrganizationRepository
from ionport.store import OrganizationScope, ScopedWork, SystemScope


class SourceService:
    """Intake sources of an organization."""

    def __init__(
        self,
        clock: Clock,
        audit: AuditLog,
        root: Path | None = None,
        inboxes: Inboxes | None = None,
    ) -> None:
        """`root` is the folder below which administrators may have folders watched.

        Without `inboxes` there are folders of this machine alone.
        """
        self._inboxes = inboxes
        self._clock = clock
        self._audit = audit
        self._root = root

    def root_of(self, access: ScopedWork[OrganizationScope]) -> OwnFolder | None:
        """Return where administrators may have folders watched, if anywhere."""
        return OrganizationRepository(access.connection).own_folder(access.scope, self._root)

    def add_folder(
        self,
        access: Access[OrganizationScope],
        name: str,
        paths: Mapping[str, str],
        sub_organization_id: str | None = None,
    ) -> IntakeSource:
        """Add a watched folder. `paths`: `folder`, and `archive` and `error`, which default to it.

        It reads and moves files of this machine. So whoever owns the data folder may name any;
        administrators one below `root_of`.

        Raises:
            Forbidden: no administrator, or none may add one by a page.
            InvalidInput: no name, a path that is not absolute, or two that are the same.
            NotFound: no such sub-organization.
            Conflict: the name is taken, the folder is watched already, or there are 100 sources.
        """
        parameters = _checked_paths(paths)
        if not access.actor.is_operator:
            access.require_organization_administrator()
            _require_below(self.root_of(access), parameters)
        return self._add(access, SourceKind.FOLDER, name, parameters, sub_organization_id)

    def add_sftp(
        self,
        access: Access[OrganizationScope],
        name: str,
        account: SftpAccount,
        folders: Mapping[str, str],
        sub_organization_id: str | None = None,
    ) -> IntakeSource:
        """Add a folder of an SFTP server, which `check_account` has judged; as `add_folder`.

        Password or private key are sealed and never shown again. Raises Forbidden unless the
        actor administers the organization.
        """
        access.require_organization_administrator()
        parameters = {
            "host": account.host,
            "port": str(account.port),
            "username": account.username,
            "host_key": account.host_key,
            **_checked_paths(folders),
        }
        return self._add(
            access, SourceKind.SFTP, name, parameters, sub_organization_id, account.secret
        )

    def _add(
        self,
        access: Access[OrganizationScope],
        kind: SourceKind,
        name: str,
        parameters: Mapping[str, str],
        sub_organization_id: str | None,
        secret: Secret | None = None,
    ) -> IntakeSource:
        if not 1 <= len(name.strip()) <= MAX_NAME:
            raise InvalidInput(
                _("A name has 1 to {n} characters.").format(n=MAX_NAME),
                fields={"name": _("A name has 1 to {n} characters.").format(n=MAX_NAME)},
            )
        known = SourceRepository(access.connection).of_organization(access.scope)
        if len(known) >= MAX_SOURCES:
            raise Conflict(_("There are {n} sources, and no more.").format(n=MAX_SOURCES))
        if any(_is_same(each.parameters, parameters) for each in known):
            raise Conflict(_("This folder is watched already."), code="folder_watched")
        repository = DocumentRepository(access.connection)
        if sub_organization_id is not None and not repository.is_sub_organization(
            access.scope, sub_organization_id
        ):
            raise NotFound(_("There is no such sub-organization."), code="no_sub_organization")
        source = IntakeSource(
            id=new_id("src"),
            organization_id=access.scope.organization_id,
            sub_organization_id=sub_organization_id,
            name=name.strip(),
            kind=kind,
            parameters=parameters,
            problem="",
            created_at=self._clock.now(),
            created_by=access.actor.name,
        )
        if secret is not None:
            sealed = self._required().keys.seal(secret, sealed_for(source))
            source = replace(source, sealed=sealed)
        try:
            with access.connection.begin_nested():
                SourceRepository(access.connection).add(access.scope, source)
        except IntegrityError as error:
            raise Conflict(_("There is a source of this name already.")) from error
        details = {"name": source.name, "folder": source.place}
        self._audit.record(access, SourceAction.ADDED, source.id, details)
        return source

    def list(self, access: ScopedWork[OrganizationScope]) -> Sequence[IntakeSource]:
        """Return the sources by name."""
        return SourceRepository(access.connection).of_organization(access.scope)

    def find(self, access: ScopedWork[OrganizationScope], name: str) -> IntakeSource:
        """Return the source with this name or id; raises NotFound."""
        for source in self.list(access):
            if name in (source.id, source.name):
                return source
        raise NotFound(_("There is no intake source named {name}.").format(name=name[:MAX_NAME]))

    def test(self, source: IntakeSource) -> Sequence[Stage]:
        """Try what is done with the files of a source; called without a transaction."""
        if source.kind is SourceKind.FOLDER:
            return try_source(source)
        return list(self._required().of(source).test())

    def check_sftp(self, account: SftpAccount) -> str:
        """Return the fingerprint of an account's host key; errors as `check_account`."""
        return check_account(account, self._required().policy)

    def reseal(self, access: ScopedWork[SystemScope]) -> int:
        """Seal every secret with the current key; returns how many were sealed again."""
        repository, keys, count = SourceRepository(access.connection), self._required().keys, 0
        for source in repository.list_all(access.scope):
            if source.sealed and not keys.is_current(source.sealed):
                owner = sealed_for(source)
                again = keys.seal(keys.open(source.sealed, owner), owner)
                repository.set_sealed(access.scope, source.id, again)
                count += 1
        return count

    def _required(self) -> Inboxes:
        if self._inboxes is None:
            raise Unavailable(_("This installation takes files from folders alone."))
        return self._inboxes

    def log(
        self, access: ScopedWork[OrganizationScope], source_id: str, limit: int = 100
    ) -> Sequence[LogEntry]:
        """Return the log entries of the newest files, newest first."""
        return SourceRepository(access.connection).log(access.scope, source_id, limit)

    def remove(self, access: Access[OrganizationScope], source_id: str) -> None:
        """Remove a source and its log; files and documents stay. Raises Forbidden, NotFound."""
        access.require_organization_administrator()
        source = self.find(access, source_id)
        SourceRepository(access.connection).remove(access.scope, source.id)
        details = {"name": source.name}
        self._audit.record(access, SourceAction.REMOVED, source.id, details)


def _require_below(root: OwnFolder | None, paths: Mapping[str, str]) -> None:
    """Raise Forbidden without a root, and InvalidInput for paths that lead out of it."""
    if root is None:
        raise Forbidden(
            _("Folders are watched by command only: ionport intake add-folder."),
            code="needs_operator",
        )
    wrong = {
        name: _("Name a folder below {root}.").format(root=root.path)
        for name, path in paths.items()
        if not root.holds(path) or Path(path).resolve() == root.path.resolve()
    }
    if wrong:
        raise InvalidInput(next(iter(wrong.values())), fields=wrong)


def try_source(source: IntakeSource) -> Sequence[Stage]:
    """Try what is done with the files of a folder of this machine."""
    return list(inbox_of(source).test())


def _is_same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return all(one.get(name) == other.get(name) for name in ("host", "port", "folder"))


def _checked_paths(paths: Mapping[str, str]) -> dict[str, str]:
    folder = Path(paths["folder"])
    chosen = {
        "folder": folder,
        "archive": Path(paths.get("archive") or folder / "archive"),
        "error": Path(paths.get("error") or folder / "error"),
    }
    for name, path in chosen.items():
        if not path.is_absolute() or "\0" in str(path):
            wrong = _("{path} is no absolute path.").format(path=path)
            raise InvalidInput(wrong, fields={name: wrong})
    if len(set(chosen.values())) < len(chosen):
        raise InvalidInput(_("Watched folder, archive and errors are three folders."))
    return {name: str(path) for name, path in chosen.items()}
