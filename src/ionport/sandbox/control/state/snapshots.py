"""Snapshots: the state of a tenant's imitated services, kept by name to be restored."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import LargeBinary, Table

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, TooLarge, existing
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.sandbox.control.rights import require_control
from ionport.sandbox.control.state.model import Snapshot, StateAction
from ionport.sandbox.control.state.repository import StateRepository
from ionport.sandbox.control.state.service import service_tables
from ionport.sandbox.control.state.snapshot_repository import SnapshotRepository
from ionport.store import Database, Moment, ScopedWork, TenantScope

MAX_SNAPSHOTS: Final = 50
MAX_ROWS: Final = 200_000
MAX_BYTES: Final = 200_000_000
_NAME = re.compile(r"[\w.-]{1,80}")


class SnapshotService:
    """Keeps and brings back what the imitated services of a tenant hold.

    Recorded calls, fault rules and the clock are no part of it. Every method raises Forbidden to
    who does not administer the tenant and in a production tenant.
    """

    def __init__(self, clock: Clock, audit: AuditLog, blobs: Blobs) -> None:
        self._clock = clock
        self._audit = audit
        self._blobs = blobs

    def list(self, access: Access[TenantScope]) -> Sequence[Snapshot]:
        """Return the snapshots by name."""
        require_control(access.actor, access.scope)
        return SnapshotRepository(access.connection).list(access.scope, MAX_SNAPSHOTS)

    def get(self, access: Access[TenantScope], name: str) -> Snapshot:
        """Return one snapshot; raises NotFound."""
        require_control(access.actor, access.scope)
        snapshot = SnapshotRepository(access.connection).find(access.scope, name)
        return existing(
            snapshot,
            _("There is no snapshot of this name in the tenant."),
            code="snapshot_not_found",
        )

    def take(self, database: Database, scope: TenantScope, actor: Actor, name: str) -> Snapshot:
        """Keep the present state under a name; one of the same name is replaced.

        It begins its own transactions: the rows are read in one, their file is written between
        the two, so that no writer waits for either.

        Raises:
            InvalidInput: not a name.
            Conflict: the tenant has as many snapshots as it may have.
            TooLarge: there is more than a snapshot holds.
        """
        require_control(actor, scope)
        _check_name(name)
        with database.read() as work:
            _place_for(SnapshotRepository(work.connection), scope, name)
            state = StateRepository(work.connection)
            rows, content = _pack(state, scope)
            files = state.blobs(scope, service_tables())
        snapshot = Snapshot(
            id=new_id("snap"),
            tenant_id=scope.tenant_id,
            name=name,
            rows=rows,
            size=len(content),
            content_sha256=self._blobs.put(content),
            created_at=self._clock.now(),
            created_by=actor.name,
        )
        with database.write() as work:
            self._store(work.within(scope), snapshot, files)
            details = {"rows": str(rows)}
            self._audit.record(
                Access(work, scope, actor), StateAction.SNAPSHOT_TAKEN, name, details
            )
        return snapshot

    def _store(
        self, access: ScopedWork[TenantScope], snapshot: Snapshot, files: Collection[str]
    ) -> None:
        snapshots = SnapshotRepository(access.connection)
        replaced = _place_for(snapshots, access.scope, snapshot.name)
        if replaced is not None:
            snapshots.remove(access.scope, replaced, self._clock.now())
        snapshots.add(access.scope, snapshot, files)

    def restore(self, access: Access[TenantScope], name: str) -> Snapshot:
        """Put a kept state in the place of the present one.

        Raises:
            NotFound: no snapshot of that name, or its file is gone.
            Conflict: it was taken by a version with other tables.
        """
        snapshot = self.get(access, name)
        content = _unpack(self._blobs.get(snapshot.content_sha256))
        state, now = StateRepository(access.connection), self._clock.now()
        for table in reversed(service_tables()):
            state.empty(access.scope, table, now)
        for table in service_tables():
            rows = content.get(table.name, [])
            state.insert(access.scope, table, [_read_row(table, row) for row in rows])
        details = {"rows": str(snapshot.rows)}
        self._audit.record(access, StateAction.SNAPSHOT_RESTORED, name, details)
        return snapshot

    def delete(self, access: Access[TenantScope], name: str) -> None:
        """Delete a snapshot; raises NotFound."""
        snapshot = self.get(access, name)
        SnapshotRepository(access.connection).remove(access.scope, snapshot, self._clock.now())
        self._audit.record(access, StateAction.SNAPSHOT_DELETED, name)


def _place_for(snapshots: SnapshotRepository, scope: TenantScope, name: str) -> Snapshot | None:
    """Return the snapshot that a new one replaces; raises Conflict when there are too many."""
    replaced = snapshots.find(scope, name)
    if replaced is None and len(snapshots.list(scope, MAX_SNAPSHOTS)) >= MAX_SNAPSHOTS:
        raise Conflict(
            _("This tenant has {count} snapshots. Delete one first.").format(count=MAX_SNAPSHOTS),
            code="too_many_snapshots",
        )
    return replaced


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        text = _("A name has 1 to 80 letters, digits, dots, hyphens and underscores.")
        raise InvalidInput(text, code="snapshot_name_invalid", fields={"name": text})


def _pack(state: StateRepository, scope: TenantScope) -> tuple[int, bytes]:
    """Return the number of rows, and all of them as compressed JSON."""
    packer, parts, size, count = zlib.compressobj(), [], 0, 0

    def write(text: str) -> None:
        nonlocal size
        data = text.encode()
        size += len(data)
        if count > MAX_ROWS or size > MAX_BYTES:
            raise TooLarge(
                _("A snapshot holds at most {rows} rows and {mb} MB. Reset the sandbox.").format(
                    rows=MAX_ROWS, mb=MAX_BYTES // 1_000_000
                ),
                code="snapshot_too_large",
            )
        parts.append(packer.compress(data))

    # A table a line, then a row a line: no row has to be found in the middle of a document.
    for table in service_tables():
        write(json.dumps({"table": table.name}) + "\n")
        for row in state.rows(scope, table):
            count += 1
            write(json.dumps({name: _written(value) for name, value in row.items()}) + "\n")
    parts.append(packer.flush())
    return count, b"".join(parts)


def _unpack(content: bytes) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    rows: list[Mapping[str, Any]] = []
    for line in zlib.decompress(content).decode().splitlines():
        read = json.loads(line)
        if read.keys() == {"table"}:
            rows = found[read["table"]] = []
        else:
            rows.append(read)
    known = {table.name: table for table in service_tables()}
    for name, kept in found.items():
        if name not in known or any(set(row) != set(known[name].c.keys()) for row in kept[:1]):
            raise Conflict(
                _("The snapshot was taken by another version of ionport. Take a new one."),
                code="snapshot_of_other_version",
                detail=name,
            )
    return found


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _read_row(table: Table, row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: _read(table.c[name].type, value) for name, value in row.items()}


def _read(kind: object, value: Any) -> Any:
    if value is not None and isinstance(kind, Moment):
        return datetime.fromisoformat(value)
    if value is not None and isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    return value
