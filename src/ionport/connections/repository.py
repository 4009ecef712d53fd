"""SQL of connections and tokens."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from ionport.connections.model import (
    Connection,
    Remark,
    TargetKind,
)
from ionport.connections.tables import (
    connection_tokens,
    connections,
)
from ionport.core.paging import Following, Page, PageRequest
from ionport.store import OrganizationScope, SystemScope
from ionport.store.paging import select_following
from ionport.store.repository import Repository, in_scope

AnyScope = OrganizationScope | SystemScope

_c = connections.c
_t = connection_tokens.c
_HIDDEN = ("sealed", "credentials_told", "pause_told_at", "tried_at")
_SHOWN = tuple(column for column in _c if column.name not in _HIDDEN)

# Built once: each delivery runs these.
_GET = select(*_SHOWN).where(_c.id == bindparam("wanted"))
_GET_OWN = _GET.where(_c.organization_id == bindparam("organization"))
_FINGERPRINT = select(_c.fingerprint).where(
    _c.id == bindparam("wanted"), _c.organization_id == bindparam("organization")
)
_PAUSE = select(_c.paused_by, _c.pause_reason).where(
    _c.id == bindparam("wanted"),
    _c.organization_id == bindparam("organization"),
    _c.paused_at.is_not(None),
)


class ConnectionRepository(Repository):
    """Rows of connections. The sealed file leaves only through `sealed`."""

    def add(self, scope: OrganizationScope, connection: Connection, sealed: str) -> bool:
        """Insert a connection; False when the same credential is there already."""
        own = {"organization_id": scope.organization_id, "sealed": sealed}
        remarks = [remark.stored() for remark in connection.remarks]
        values = asdict(connection) | own | {"remarks": remarks}
        return self._stored(insert(connections).values(values))

    def get(self, scope: AnyScope, connection_id: str) -> Connection | None:
        """Return the connection, or None when it is absent or somebody else's."""
        statement, parameters = _GET, {"wanted": connection_id}
        if isinstance(scope, OrganizationScope):
            statement = _GET_OWN
            parameters["organization"] = scope.organization_id
        return self._one(statement, _connection, parameters)

    def fingerprint(self, scope: OrganizationScope, connection_id: str) -> str | None:
        """Return the fingerprint of the connection's file; None where it is absent."""
        parameters = {"wanted": connection_id, "organization": scope.organization_id}
        return self._run(_FINGERPRINT, parameters).scalar_one_or_none()

    def lock(self, scope: OrganizationScope, connection_id: str) -> None:
        """Lock the connection's proof until this transaction ends.

        SQLite has one writer at a time anyway.
        """
        query = _owned(select(_c.id), scope).where(_c.id == connection_id)
        self._run(query.with_for_update()).one_or_none()

    def pause(self, scope: OrganizationScope, connection_id: str) -> tuple[str, str] | None:
        """Return who has paused the connection, and why; None where nobody has."""
        parameters = {"wanted": connection_id, "organization": scope.organization_id}
        row = self._run(_PAUSE, parameters).one_or_none()
        return (row.paused_by, row.pause_reason) if row else None

    def pauses(
        self, scope: OrganizationScope, connection_ids: Collection[str]
    ) -> Mapping[str, tuple[str, str]]:
        """Return who has paused which of the connections, and why."""
        query = _owned(select(_c.id, _c.paused_by, _c.pause_reason), scope).where(
            _c.id.in_(connection_ids), _c.paused_at.is_not(None)
        )
        return {row.id: (row.paused_by, row.pause_reason) for row in self._run(query)}

    def paused(
        self, scope: OrganizationScope, besides: Collection[str], limit: int
    ) -> Sequence[Connection]:
        """Return the connections that a person has paused, and those of some ids, by name."""
        query = _owned(select(*_SHOWN), scope).where(
            or_(_c.paused_at.is_not(None), _c.id.in_(besides))
        )
        return self._all(query.order_by(func.lower(_c.name), _c.id).limit(limit), _connection)

    def paused_untold(
        self, scope: AnyScope, until: datetime, limit: int, connection_id: str = ""
    ) -> Sequence[Connection]:
        """Return paused connections of whose pause nothing was told since `until`.

        Only that of an id, if any.
        """
        query = _owned(select(*_SHOWN), scope).where(
            _c.paused_at.is_not(None), func.coalesce(_c.pause_told_at, _c.paused_at) <= until
        )
        if connection_id:
            query = query.where(_c.id == connection_id)
        return self._all(query.order_by(_c.paused_at, _c.id).limit(limit), _connection)

    def tried_at(self, scope: SystemScope, connection_id: str) -> datetime | None:
        """Return when a person last asked that what waits for a server is tried at once."""
        del scope
        moment: datetime | None = self._run(
            select(_c.tried_at).where(_c.id == connection_id)
        ).scalar_one_or_none()
        return moment

    def by_fingerprint(self, scope: OrganizationScope, fingerprint: str) -> Connection | None:
        """Return the connection that was made from the same credential."""
        return self._one(
            _owned(select(*_SHOWN), scope).where(_c.fingerprint == fingerprint), _connection
        )

    def list(
        self,
        scope: OrganizationScope,
        page: PageRequest,
        text: str,
        target: TargetKind | None = None,
        ends_by: date | None = None,
    ) -> Page[Connection]:
        """Return a page sorted by name, of one kind of target or of all.

        With `ends_by` those whose credentials end by that day, the first end first.
        """
        query, order = _owned(select(*_SHOWN), scope), [func.lower(_c.name), _c.id]
        if ends_by is not None:
            query = query.where(_c.credentials_end_on <= ends_by.isoformat())
            order.insert(0, _c.credentials_end_on)
        if target is not None:
            query = query.where(_c.target == target)
        if text:
            query = query.where(
                _c.name.icontains(text, autoescape=True)
                | _c.tenant_id.icontains(text, autoescape=True)
                | _c.app_name.icontains(text, autoescape=True)
                | _c.gateway.icontains(text, autoescape=True)
            )
        return self._page(query.order_by(*order), page, _connection)

    def following(
        self, scope: OrganizationScope, limit: int, after: tuple[str, str] | None
    ) -> Following[Connection]:
        """Return what follows a name and id in the order of `list`."""
        query, order = _owned(select(*_SHOWN), scope), (func.lower(_c.name), _c.id)
        place = None if after is None else (func.lower(after[0]), after[1])
        rows, total, more = select_following(self._connection, query, order, place, limit)
        return Following([_connection(row) for row in rows], total, more)

    def sealed(self, scope: AnyScope, connection_id: str) -> tuple[str, str] | None:
        """Return (organization, sealed file), or None."""
        row = self._run(
            _owned(select(_c.organization_id, _c.sealed), scope).where(_c.id == connection_id)
        ).one_or_none()
        return (row.organization_id, row.sealed) if row else None

    def to_be_told(
        self, scope: AnyScope, steps: Mapping[int, date], limit: int, connection_id: str = ""
    ) -> Sequence[Connection]:
        """Return connections of whose end nothing was told so near it; only that of an id, if any.

        A step is a number of days before, and the last day that an end has for it.
        """
        untold = [
            and_(
                _c.credentials_end_on <= until.isoformat(),
                or_(_c.credentials_told.is_(None), _c.credentials_told > days),
            )
            for days, until in steps.items()
        ]
        query = _owned(select(*_SHOWN), scope).where(or_(*untold))
        if connection_id:
            query = query.where(_c.id == connection_id)
        return self._all(query.order_by(_c.credentials_end_on, _c.id).limit(limit), _connection)

    def count(self, scope: OrganizationScope) -> int:
        """Return how many connections there are."""
        query = _owned(select(func.count()).select_from(connections), scope)
        return int(self._run(query).scalar_one())

    def to_infor(self, scope: SystemScope) -> Sequence[tuple[str, str]]:
        """Return (id, organization) of every connection that leads to an Infor tenant."""
        del scope
        rows = self._run(select(_c.id, _c.organization_id).where(_c.target == TargetKind.INFOR))
        return [(row.id, row.organization_id) for row in rows]

    def all_sealed(self, scope: SystemScope) -> Sequence[tuple[str, str, str]]:
        """Return (id, organization, sealed file) of every connection, for key rotation."""
        rows = self._run(select(_c.id, _c.organization_id, _c.sealed))
        return [(row.id, row.organization_id, row.sealed) for row in rows]

    def set_sealed(self, scope: SystemScope, connection_id: str, sealed: str) -> None:
        """Replace the sealed file by the same one under another key."""
        self._run(update(connections).where(_c.id == connection_id).values(sealed=sealed))

    def update(
        self, scope: OrganizationScope, connection_id: str, values: Mapping[str, Any]
    ) -> None:
        """Change columns."""
        self._run(
            update(connections)
            .where(in_scope(connections, scope, id=connection_id))
            .values(dict(values))
        )

    def delete(self, scope: OrganizationScope, connection_id: str) -> bool:
        """Remove a connection with its tokens and checks; False while a delivery names it."""
        try:
            with self._connection.begin_nested():
                self._delete(connections, scope, id=connection_id)
        except IntegrityError:
            return False
        return True


class TokenRepository(Repository):
    """Rows of sealed tokens."""

    def get(self, scope: OrganizationScope, connection_id: str, key: str) -> str | None:
        """Return the sealed tokens kept under `key`."""
        sealed: str | None = self._run(
            select(_t.sealed)
            .join(connections, _c.id == _t.connection_id)
            .where(
                _c.organization_id == scope.organization_id,
                _t.connection_id == connection_id,
                _t.key == key,
            )
        ).scalar_one_or_none()
        return sealed

    def put(
        self, scope: OrganizationScope, connection_id: str, key: str, sealed: str, now: datetime
    ) -> None:
        """Replace what is kept; nothing happens when the connection is gone."""
        owned = select(_c.id).where(in_scope(connections, scope, id=connection_id))
        if self._run(owned.with_for_update()).one_or_none() is None:
            return
        self.delete(scope, connection_id, key)
        self._run(
            insert(connection_tokens).values(
                connection_id=connection_id, key=key, sealed=sealed, updated_at=now
            )
        )

    def delete(self, scope: OrganizationScope, connection_id: str, key: str) -> None:
        """Forget what is kept under `key`."""
        owned = select(_c.id).where(_c.organization_id == scope.organization_id)
        self._run(
            delete(connection_tokens).where(
                _t.connection_id == connection_id, _t.key == key, _t.connection_id.in_(owned)
            )
        )

    def delete_all(self, scope: SystemScope) -> None:
        """Delete all tokens: after a key rotation every connection signs on anew."""
        self._run(delete(connection_tokens))


def _owned(query: Select[Any], scope: AnyScope) -> Select[Any]:
    if isinstance(scope, OrganizationScope):
        return query.where(_c.organization_id == scope.organization_id)
    return query


def _connection(row: Row[Any]) -> Connection:
    values = row._asdict()
    values["remarks"] = tuple(Remark.restored(kept) for kept in row.remarks)
    values["target"] = TargetKind(row.target)
    return Connection(**values)
