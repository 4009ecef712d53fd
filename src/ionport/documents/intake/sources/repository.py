"""The only SQL of intake sources."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from ionport.documents.intake.sources.model import IntakeSource, LogEntry, Result, SourceKind
from ionport.documents.intake.sources.tables import intake_log, intake_sources
from ionport.store import OrganizationScope, SystemScope

MAX_LOG = 1_000
"""How many entries of a source are kept."""

_s, _l = intake_sources.c, intake_log.c


class SourceRepository:
    """Intake sources and their log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: OrganizationScope, source: IntakeSource) -> None:
        """Add a source; raises SQLAlchemy's IntegrityError when the name is taken."""
        self._connection.execute(
            insert(intake_sources).values(
                id=source.id,
                organization_id=scope.organization_id,
                sub_organization_id=source.sub_organization_id,
                name=source.name,
                kind=source.kind.value,
                parameters=dict(source.parameters),
                sealed=source.sealed,
                problem=source.problem,
                created_at=source.created_at,
                created_by=source.created_by,
            )
        )

    def of_organization(self, scope: OrganizationScope) -> list[IntakeSource]:
        rows = self._connection.execute(
            select(intake_sources)
            .where(_s.organization_id == scope.organization_id)
            .order_by(_s.name)
        )
        return [_source(row) for row in rows]

    def list_all(self, scope: SystemScope) -> list[IntakeSource]:
        """Return the sources of every organization, for the task that looks into them."""
        del scope
        rows = self._connection.execute(select(intake_sources).order_by(_s.id))
        return [_source(row) for row in rows]

    def set_sealed(self, scope: SystemScope, source_id: str, sealed: str) -> None:
        """Write a secret that was sealed again."""
        del scope
        self._connection.execute(
            update(intake_sources).where(_s.id == source_id).values(sealed=sealed)
        )

    def set_problem(self, scope: OrganizationScope, source_id: str, problem: str) -> None:
        self._connection.execute(
            update(intake_sources)
            .where(_s.organization_id == scope.organization_id, _s.id == source_id)
            .values(problem=problem)
        )

    def remove(self, scope: OrganizationScope, source_id: str) -> None:
        """Remove a source with its log."""
        of_source = (_l.organization_id == scope.organization_id, _l.source_id == source_id)
        self._connection.execute(delete(intake_log).where(*of_source))
        self._connection.execute(
            delete(intake_sources).where(
                _s.organization_id == scope.organization_id, _s.id == source_id
            )
        )

    def add_log(self, scope: OrganizationScope, entry: LogEntry) -> None:
        """Add an entry, and drop what is older than the newest `MAX_LOG`."""
        self._connection.execute(
            insert(intake_log).values(
                id=entry.id,
                organization_id=scope.organization_id,
                source_id=entry.source_id,
                at=entry.at,
                filename=entry.filename,
                result=entry.result.value,
                text=entry.text,
                document_ids=list(entry.document_ids),
            )
        )
        of_source = (_l.organization_id == scope.organization_id, _l.source_id == entry.source_id)
        oldest = self._connection.execute(
            select(_l.at)
            .where(*of_source)
            .order_by(_l.at.desc(), _l.id.desc())
            .offset(MAX_LOG)
            .limit(1)
        ).scalar_one_or_none()
        if oldest is not None:
            self._connection.execute(delete(intake_log).where(*of_source, _l.at <= oldest))

    def log(self, scope: OrganizationScope, source_id: str, limit: int) -> list[LogEntry]:
        """Return the newest entries first."""
        rows = self._connection.execute(
            select(intake_log)
            .where(_l.organization_id == scope.organization_id, _l.source_id == source_id)
            .order_by(_l.at.desc(), _l.id.desc())
            .limit(limit)
        )
        return [_entry(row) for row in rows]


def _source(row: Row[Any]) -> IntakeSource:
    return IntakeSource(**{**row._asdict(), "kind": SourceKind(row.kind)})


def _entry(row: Row[Any]) -> LogEntry:
    return LogEntry(
        id=row.id,
        source_id=row.source_id,
        at=row.at,
        filename=row.filename,
        result=Result(row.result),
        text=row.text,
        document_ids=tuple(row.document_ids),
    )
