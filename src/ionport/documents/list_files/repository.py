"""The only SQL of list files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, insert, literal, or_, select, update

from ionport.documents.list_files.model import FileState, ListFile
from ionport.documents.list_files.tables import list_file_parts, list_files
from ionport.documents.listing.model import ListQuery
from ionport.documents.model import DocumentFilter, DocumentSort, DocumentStatus
from ionport.store import OrganizationScope, SystemScope, to_microseconds
from ionport.store.repository import Repository, columns_of, in_scope, reader

_f, _p = list_files.c, list_file_parts.c
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# As a literal, by which SQLite knows that the partial index has every such file.
_IS_RUNNING = _f.state == literal(FileState.RUNNING.value, literal_execute=True)
_PART = 1 << 20
_TEXTS = ("text", "due_since", "due_until", "supplier_id", "purchase_order")


class ListFileRepository(Repository):
    """Files that are made in the background, and their contents."""

    def add(self, scope: OrganizationScope, file: ListFile, query: ListQuery) -> None:
        self._run(
            insert(list_files),
            columns_of(
                list_files,
                file,
                organization_id=scope.organization_id,
                query=_stored(query),
                done=0,
                size_bytes=0,
                worker="",
            ),
        )

    def find(self, scope: OrganizationScope, person_id: str, file_id: str) -> ListFile | None:
        """Return a file of a person; None for another's."""
        of_person = (_f.organization_id == scope.organization_id, _f.person_id == person_id)
        return self._one(select(list_files).where(*of_person, _f.id == file_id), _file)

    def list(self, scope: OrganizationScope, person_id: str, limit: int) -> Sequence[ListFile]:
        """Return a person's files, the newest first."""
        return self._all(
            select(list_files)
            .where(in_scope(list_files, scope, person_id=person_id))
            .order_by(_f.asked_at.desc(), _f.id.desc())
            .limit(limit),
            _file,
        )

    def content(self, scope: OrganizationScope, file_id: str) -> bytes:
        """Return the content of a finished file."""
        rows = self._run(
            select(_p.content)
            .where(in_scope(list_file_parts, scope, file_id=file_id))
            .order_by(_p.number)
        )
        return b"".join(rows.scalars())

    def drop_older(self, scope: OrganizationScope, person_id: str, kept: int) -> None:
        """Remove a person's files that are older than the newest `kept`."""
        own = (_f.organization_id == scope.organization_id, _f.person_id == person_id)
        newest = select(_f.id).where(*own).order_by(_f.asked_at.desc(), _f.id.desc())
        old = self._run(newest.offset(kept).limit(100)).scalars().all()
        if old:
            self._run(delete(list_files).where(*own, _f.id.in_(old)))

    def drop_lapsed(self, scope: SystemScope, asked_before: datetime) -> None:
        """Remove whosever files were asked for before a moment."""
        del scope
        self._run(delete(list_files).where(_f.asked_at < asked_before))

    def cancel(self, scope: OrganizationScope, person_id: str, file_id: str, at: datetime) -> bool:
        """End a file that is being made; False for one that is not."""
        ended = self._run(
            update(list_files)
            .where(
                in_scope(
                    list_files,
                    scope,
                    person_id=person_id,
                    id=file_id,
                    state=FileState.RUNNING.value,
                )
            )
            .values(state=FileState.CANCELLED.value, worker="", updated_at=at, ended_at=at)
        )
        return ended.rowcount == 1

    def has_work(self, scope: SystemScope, silent_since: datetime, asked_before: datetime) -> bool:
        """Tell whether there is a file to `take`, or one to remove by `drop_lapsed`."""
        del scope
        is_free = or_(_f.worker == "", _f.updated_at < silent_since)
        queries = (
            select(_f.id).where(_IS_RUNNING, is_free).limit(1),
            select(_f.id).where(_f.asked_at < asked_before).limit(1),
        )
        return any(self._run(query).first() for query in queries)

    def take(
        self, scope: SystemScope, worker: str, at: datetime, silent_since: datetime
    ) -> tuple[ListFile, ListQuery] | None:
        """Give `worker` the oldest file that nobody makes; None when there is none.

        A worker without a sign since `silent_since` counts as ended, and its file as not begun.
        """
        del scope
        is_free = or_(_f.worker == "", _f.updated_at < silent_since)
        row = self._run(
            select(list_files).where(_IS_RUNNING, is_free).order_by(_f.asked_at).limit(1)
        ).one_or_none()
        if row is None:
            return None
        taken = self._run(
            update(list_files)
            .where(_f.id == row.id, _IS_RUNNING, is_free)
            .values(worker=worker, updated_at=at, done=0)
        )
        return (_file(row), _read(row.query)) if taken.rowcount == 1 else None

    def tell(
        self, scope: OrganizationScope, file_id: str, worker: str, done: int, at: datetime
    ) -> bool:
        """Store the progress of `worker`; False when the file is not its own any more."""
        # More may match by now than were counted.
        total = case((_f.total < done, done), else_=_f.total)
        told = self._run(
            update(list_files)
            .where(*_made_by(scope, file_id, worker))
            .values(done=done, total=total, updated_at=at)
        )
        return told.rowcount == 1

    def end(
        self,
        scope: OrganizationScope,
        file_id: str,
        worker: str,
        state: FileState,
        content: bytes,
        at: datetime,
    ) -> None:
        """Store the content, unless the file was cancelled or taken by another worker.

        `scope` is what its person saw then.
        """
        seen = scope.document_types
        values = {
            "state": state.value,
            "worker": "",
            "size_bytes": len(content),
            "document_types": None if seen is None else sorted(seen),
        }
        ended = self._run(
            update(list_files)
            .where(*_made_by(scope, file_id, worker))
            .values(**values, updated_at=at, ended_at=at)
        )
        if ended.rowcount == 1 and content:
            parts = [
                {
                    "organization_id": scope.organization_id,
                    "file_id": file_id,
                    "number": number,
                    "content": content[start : start + _PART],
                }
                for number, start in enumerate(range(0, len(content), _PART))
            ]
            self._run(insert(list_file_parts), parts)

    def release(self, scope: OrganizationScope, file_id: str, worker: str) -> None:
        """Give a file back, so that another process makes it."""
        self._run(update(list_files).where(*_made_by(scope, file_id, worker)).values(worker=""))


def _made_by(scope: OrganizationScope, file_id: str, worker: str) -> tuple[Any, ...]:
    return (
        _f.organization_id == scope.organization_id,
        _f.id == file_id,
        _f.worker == worker,
        _f.state == FileState.RUNNING.value,
    )


_file = reader(
    ListFile,
    document_types=lambda row: (
        None if row.document_types is None else frozenset(row.document_types)
    ),
)


def _stored(query: ListQuery) -> dict[str, Any]:
    wanted = query.wanted
    return {
        "statuses": sorted(wanted.statuses),
        "document_types": sorted(wanted.document_types),
        "since": to_microseconds(wanted.received_since) if wanted.received_since else None,
        "until": to_microseconds(wanted.received_until) if wanted.received_until else None,
        **{name: getattr(wanted, name) for name in _TEXTS},
        "sort": query.sort.value,
        "descending": query.descending,
        "columns": query.columns,
    }


def _read(stored: dict[str, Any]) -> ListQuery:
    return ListQuery(
        DocumentFilter(
            statuses=frozenset(map(DocumentStatus, stored["statuses"])),
            document_types=frozenset(stored["document_types"]),
            received_since=_time(stored["since"]),
            received_until=_time(stored["until"]),
            # Requests that an older version stored have none of these.
            **{name: stored.get(name, "") for name in _TEXTS},
        ),
        DocumentSort(stored["sort"]),
        descending=stored["descending"],
        # Requests that an older version stored name none.
        columns=tuple(stored["columns"]) if stored.get("columns") is not None else None,
    )


def _time(stored: int | None) -> datetime | None:
    return None if stored is None else _EPOCH + timedelta(microseconds=stored)
