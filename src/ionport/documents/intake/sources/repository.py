"""The only SQL of intake sources."""

from __future__ import annotations

from sqlalchemy import delete, insert, select, update

from ionport.documents.intake.sources.model import IntakeSource, LogEntry
from ionport.documents.intake.sources.tables import intake_log, intake_sources
from ionport.store import OrganizationScope, SystemScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

MAX_LOG = 1_000
"""How many entries of a source are kept."""

_s, _l = intake_sources.c, intake_log.c


class SourceRepository(Repository):
    """Intake sources and their log."""

    def add(self, scope: OrganizationScope, source: IntakeSource) -> None:
        """Add a source; raises SQLAlchemy's IntegrityError when the name is taken."""
        self._run(
            insert(intake_sources).values(
                columns_of(intake_sources, source, organization_id=scope.organization_id)
            )
        )

    def of_organization(self, scope: OrganizationScope) -> list[IntakeSource]:
        return self._all(
            select(intake_sources)
            .where(_s.organization_id == scope.organization_id)
            .order_by(_s.name),
            _source,
        )

    def list_all(self, scope: SystemScope) -> list[IntakeSource]:
        """Return the sources of every organization, for the task that looks into them."""
        del scope
        return self._all(select(intake_sources).order_by(_s.id), _source)

    def set_sealed(self, scope: SystemScope, source_id: str, sealed: str) -> None:
        """Write a secret that was sealed again."""
        del scope
        self._run(update(intake_sources).where(_s.id == source_id).values(sealed=sealed))

    def set_problem(self, scope: OrganizationScope, source_id: str, problem: str) -> None:
        self._run(
            update(intake_sources)
            .where(in_scope(intake_sources, scope, id=source_id))
            .values(problem=problem)
        )

    def remove(self, scope: OrganizationScope, source_id: str) -> None:
        """Remove a source with its log."""
        of_source = (_l.organization_id == scope.organization_id, _l.source_id == source_id)
        self._run(delete(intake_log).where(*of_source))
        self._delete(intake_sources, scope, id=source_id)

    def add_log(self, scope: OrganizationScope, entry: LogEntry) -> None:
        """Add an entry, and drop what is older than the newest `MAX_LOG`."""
        self._run(
            insert(intake_log).values(
                columns_of(intake_log, entry, organization_id=scope.organization_id)
            )
        )
        of_source = (_l.organization_id == scope.organization_id, _l.source_id == entry.source_id)
        oldest = self._run(
            select(_l.at)
            .where(*of_source)
            .order_by(_l.at.desc(), _l.id.desc())
            .offset(MAX_LOG)
            .limit(1)
        ).scalar_one_or_none()
        if oldest is not None:
            self._run(delete(intake_log).where(*of_source, _l.at <= oldest))

    def log(self, scope: OrganizationScope, source_id: str, limit: int) -> list[LogEntry]:
        """Return the newest entries first."""
        return self._all(
            select(intake_log)
            .where(in_scope(intake_log, scope, source_id=source_id))
            .order_by(_l.at.desc(), _l.id.desc())
            .limit(limit),
            _entry,
        )


_source = reader(IntakeSource)


_entry = reader(LogEntry)
