"""What an administrator does with intake sources: add, look at, test, remove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.documents.intake.sources.folder import WatchFolder
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
from ionport.identity.model import Actor
from ionport.identity.repository import OrganizationRepository
from ionport.store import OrganizationScope, SystemScope, Work


class SourceService:
    """Intake sources of an organization."""

    def __init__(self, clock: Clock, audit: AuditLog, root: Path | None = None) -> None:
        """`root` is the folder below which administrators may have folders watched."""
        self._clock = clock
        self._audit = audit
        self._root = root

    def root_of(self, work: Work, scope: OrganizationScope) -> Path | None:
        """Return the folder below which administrators may have folders watched, if any.

        With several organizations each has a folder of its own there.
        """
        if self._root is None:
            return None
        known = OrganizationRepository(work.connection).list_top(SystemScope("intake root"))
        return self._root / scope.organization_id if len(known) > 1 else self._root

    def add_folder(
        self,
        work: Work,
        scope: OrganizationScope,
        actor: Actor,
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
        if not actor.is_operator:
            actor.require_organization_administrator(scope.organization_id)
            _require_below(self.root_of(work, scope), parameters)
        if not 1 <= len(name.strip()) <= MAX_NAME:
            raise InvalidInput(
                _("A name has 1 to {n} characters.").format(n=MAX_NAME),
                fields={"name": _("A name has 1 to {n} characters.").format(n=MAX_NAME)},
            )
        known = SourceRepository(work.connection).of_organization(scope)
        if len(known) >= MAX_SOURCES:
            raise Conflict(_("There are {n} sources, and no more.").format(n=MAX_SOURCES))
        if any(each.parameters.get("folder") == parameters["folder"] for each in known):
            raise Conflict(_("This folder is watched already."), code="folder_watched")
        repository = DocumentRepository(work.connection)
        if sub_organization_id is not None and not repository.is_sub_organization(
            scope, sub_organization_id
        ):
            raise NotFound(_("There is no such sub-organization."), code="no_sub_organization")
        source = IntakeSource(
            id=new_id("src"),
            organization_id=scope.organization_id,
            sub_organization_id=sub_organization_id,
            name=name.strip(),
            kind=SourceKind.FOLDER,
            parameters=parameters,
            problem="",
            created_at=self._clock.now(),
            created_by=actor.name,
        )
        try:
            with work.connection.begin_nested():
                SourceRepository(work.connection).add(scope, source)
        except IntegrityError as error:
            raise Conflict(_("There is a source of this name already.")) from error
        details = {"name": source.name, "folder": parameters["folder"]}
        self._audit.record(Access(work, scope, actor), SourceAction.ADDED, source.id, details)
        return source

    def list(self, work: Work, scope: OrganizationScope) -> Sequence[IntakeSource]:
        """Return the sources by name."""
        return SourceRepository(work.connection).of_organization(scope)

    def find(self, work: Work, scope: OrganizationScope, name: str) -> IntakeSource:
        """Return the source with this name or id; raises NotFound."""
        for source in self.list(work, scope):
            if name in (source.id, source.name):
                return source
        raise NotFound(_("There is no intake source named {name}.").format(name=name[:MAX_NAME]))

    def log(
        self, work: Work, scope: OrganizationScope, source_id: str, limit: int = 100
    ) -> Sequence[LogEntry]:
        """Return what became of the newest files, newest first."""
        return SourceRepository(work.connection).log(scope, source_id, limit)

    def remove(self, work: Work, scope: OrganizationScope, actor: Actor, source_id: str) -> None:
        """Remove a source and its log; files and documents stay. Raises Forbidden, NotFound."""
        actor.require_organization_administrator(scope.organization_id)
        source = self.find(work, scope, source_id)
        SourceRepository(work.connection).remove(scope, source.id)
        details = {"name": source.name}
        self._audit.record(Access(work, scope, actor), SourceAction.REMOVED, source.id, details)


def _require_below(root: Path | None, paths: Mapping[str, str]) -> None:
    """Raise Forbidden without a root, and InvalidInput for paths that lead out of it."""
    if root is None:
        raise Forbidden(
            _("Folders are watched by command only: ionport intake add-folder."),
            code="needs_operator",
        )
    top = root.resolve()
    wrong = {
        name: _("Name a folder below {root}.").format(root=root)
        for name, path in paths.items()
        if top not in Path(path).resolve().parents
    }
    if wrong:
        raise InvalidInput(next(iter(wrong.values())), fields=wrong)


def inbox_of(source: IntakeSource) -> WatchFolder:
    """Return what reaches the files of a source."""
    paths = {name: Path(path) for name, path in source.parameters.items()}
    return WatchFolder(paths["folder"], paths.get("archive"), paths["error"])


def try_source(source: IntakeSource) -> Sequence[Stage]:
    """Try what is done with the files of a source; called without a transaction."""
    return list(inbox_of(source).test())


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
