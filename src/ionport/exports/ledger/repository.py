"""SQL of deliveries; their steps and attempts are in `steps_repository.py`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    exists,
    func,
    not_,
    select,
    update,
)

from ionport.core.paging import Following, Page, PageRequest
from ionport.documents.model import ErpStatus
from ionport.documents.tables import documents
from ionport.exports.ledger.conditions import is_held, matching
from ionport.exports.ledger.named_version_repository import NamedVersionRepository
from ionport.exports.listing import Cause, DeliveryFilter, DeliverySort
from ionport.exports.model import (
    NO_SERVER_ANSWERS,
    Delivery,
    DeliveryState,
    DeliveryStatus,
    ExportMethod,
)
from ionport.exports.tables import deliveries
from ionport.store import OrganizationScope, SystemScope, insert_of
from ionport.store.locks import lock_name
from ionport.store.paging import select_following

AnyScope = OrganizationScope | SystemScope

_d = deliveries.c
_MOST_CAUSES = 20

# Built once: every step of every delivery runs these, and building them costs as much as running.
_GET = select(deliveries).where(_d.id == bindparam("wanted"))
_UPDATE = update(deliveries).where(_d.id == bindparam("wanted"))
_IN_STATUS = _d.status.in_(bindparam("statuses", expanding=True))
_OWN = _d.organization_id == bindparam("organization")
_OF_DOCUMENT = (
    select(deliveries)
    .where(_d.document_id == bindparam("document"))
    .order_by(_d.generation.desc(), _d.created_at.desc(), _d.id)
    .limit(500)
)
_STATES = (
    select(
        _d.configuration_id,
        _d.generation,
        _d.status,
        _d.erp_status,
        func.coalesce(_d.erp_voucher, _d.erp_reference, "").label("erp_name"),
    )
    .where(_d.document_id == bindparam("document"), _OWN)
    .order_by(_d.generation.desc(), _d.created_at.desc(), _d.id)
    .limit(500)
)
_LOCK_DOCUMENT = (
    select(_d.id).where(_d.document_id == bindparam("document")).order_by(_d.id).with_for_update()
)


class DeliveryRepository:
    """Rows of deliveries."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: OrganizationScope, delivery: Delivery) -> bool:
        """Insert a delivery; False when its key exists already."""
        values = asdict(delivery) | {"organization_id": scope.organization_id}
        new = insert_of(self._connection)(deliveries).on_conflict_do_nothing().returning(_d.id)
        if self._connection.execute(new, values).one_or_none() is None:
            return False
        if delivery.mapping_versions:
            named = NamedVersionRepository(self._connection)
            named.note(scope, delivery.mapping_versions.values())
        return True

    def get(self, scope: AnyScope, delivery_id: str) -> Delivery | None:
        """Return the delivery, or None when it is absent or somebody else's."""
        statement, parameters = _owned_by(_GET, scope, {"wanted": delivery_id})
        row = self._connection.execute(statement, parameters).one_or_none()
        return delivery_of_row(row) if row else None

    def by_correlation_id(self, scope: AnyScope, correlation_id: str) -> Delivery | None:
        """Return the delivery with a correlation id, or None when it is another organization's."""
        row = self._connection.execute(
            _owned(select(deliveries), scope).where(_d.correlation_id == correlation_id)
        ).one_or_none()
        return delivery_of_row(row) if row else None

    def of_document(self, scope: AnyScope, document_id: str) -> Sequence[Delivery]:
        """Return every delivery of a document, newest generation first; at most 500."""
        statement, parameters = _owned_by(_OF_DOCUMENT, scope, {"document": document_id})
        return [delivery_of_row(row) for row in self._connection.execute(statement, parameters)]

    def names(
        self, scope: OrganizationScope, ids: Collection[str]
    ) -> Mapping[str, tuple[str, str]]:
        """Return the names of document and configuration of those deliveries that are seen."""
        query = select(_d.id, documents.c.filename, _d.configuration_title)
        query = query.join(documents, documents.c.id == _d.document_id).where(_d.id.in_(ids))
        rows = self._connection.execute(_owned(query, scope))
        return {row.id: (row.filename, row.configuration_title) for row in rows}

    def states(self, scope: OrganizationScope, document_id: str) -> Sequence[DeliveryState]:
        """Return the state of every delivery of a document; order and number as `of_document`."""
        parameters = {"document": document_id, "organization": scope.organization_id}
        rows = self._connection.execute(_seen(_STATES, scope), parameters)
        return [
            DeliveryState(
                row.configuration_id,
                row.generation,
                DeliveryStatus(row.status),
                ErpStatus(row.erp_status) if row.erp_status else None,
                row.erp_name,
            )
            for row in rows
        ]

    def list(
        self,
        scope: OrganizationScope,
        wanted: DeliveryFilter,
        page: PageRequest,
        *,
        sort: DeliverySort = DeliverySort.CREATED,
        descending: bool = True,
    ) -> Page[Delivery]:
        """Return a page of deliveries."""
        found = matching(self._connection, scope, wanted)
        query = _owned(select(deliveries), scope).where(*found)
        counted = _owned(select(func.count()).select_from(deliveries), scope).where(*found)
        total = self._connection.execute(counted).scalar_one()
        column = {
            DeliverySort.CREATED: _d.created_at,
            DeliverySort.UPDATED: _d.updated_at,
            DeliverySort.STATUS: _d.status,
            DeliverySort.DOCUMENT: func.lower(_d.document_name),
        }[sort]
        order = column.desc() if descending else column.asc()
        rows = self._connection.execute(
            query.order_by(order, _d.id).limit(page.limit).offset(page.offset)
        )
        return Page([delivery_of_row(row) for row in rows], total, page)

    def following(
        self,
        scope: OrganizationScope,
        wanted: DeliveryFilter,
        limit: int,
        after: tuple[datetime, str] | None,
    ) -> Following[Delivery]:
        """Return the deliveries that were made before a moment and id, the newest first."""
        found = matching(self._connection, scope, wanted)
        query = _owned(select(deliveries), scope).where(*found)
        order = (_d.created_at, _d.id)
        rows, total, more = select_following(
            self._connection, query, order, after, limit, descending=True
        )
        return Following([delivery_of_row(row) for row in rows], total, more)

    def counts(self, scope: AnyScope) -> dict[DeliveryStatus, int]:
        """Return how many deliveries have each status."""
        rows = self._connection.execute(
            _owned(select(_d.status, func.count()), scope).group_by(_d.status)
        )
        found = {DeliveryStatus(status): number for status, number in rows}
        return {status: found.get(status, 0) for status in DeliveryStatus}

    def count_open(self, scope: OrganizationScope, configuration_id: str) -> int:
        """Return how many deliveries of a configuration are neither over nor given up."""
        ended = [status.value for status in DeliveryStatus if status.is_over]
        query = _owned(select(func.count()).select_from(deliveries), scope).where(
            _d.configuration_id == configuration_id, _d.status.not_in(ended)
        )
        return int(self._connection.execute(query).scalar_one())

    def held(self, scope: AnyScope) -> dict[tuple[str, str], int]:
        """Return how many deliveries each configuration and connection hold, by both ids."""
        rows = self._connection.execute(
            _owned(select(_d.configuration_id, _d.connection_id, func.count()), scope)
            .where(is_held())
            .group_by(_d.configuration_id, _d.connection_id)
        )
        return {(configuration, connection): number for configuration, connection, number in rows}

    def without_answer(
        self, scope: OrganizationScope, now: datetime
    ) -> dict[str, tuple[datetime, int, str]]:
        """Return the connections whose servers do not answer, by what waits for them.

        Each with the moment of its next try, how many deliveries wait, and why. None over which
        nothing is tried because a person has paused it.
        """
        waiting = select(
            _d.connection_id, func.min(_d.due_at), func.count(), func.max(_d.error_text)
        )
        rows = self._connection.execute(
            _owned(waiting, scope)
            .where(
                _d.status == DeliveryStatus.WAITING,
                _d.error_code == NO_SERVER_ANSWERS,
                _d.due_at > now,
                not_(is_held()),
            )
            .group_by(_d.connection_id)
        )
        return {connection: (until, number, text) for connection, until, number, text in rows}

    def causes(self, scope: AnyScope) -> Sequence[Cause]:
        """Return why deliveries have failed or wait, the most frequent first; at most twenty."""
        count = func.count()
        rows = self._connection.execute(
            _owned(select(_d.error_code, count, func.max(_d.id)), scope)
            .where(
                _d.status.in_((DeliveryStatus.FAILED, DeliveryStatus.WAITING)), _d.error_code != ""
            )
            .group_by(_d.error_code)
            .order_by(count.desc(), _d.error_code)
            .limit(_MOST_CAUSES)
        ).all()
        if not rows:
            return []
        newest = select(_d.id, _d.error_text, _d.remedy).where(_d.id.in_([row[2] for row in rows]))
        texts = {row.id: row for row in self._connection.execute(_owned(newest, scope))}
        return [
            Cause(code, texts[newest].error_text, texts[newest].remedy, number)
            for code, number, newest in rows
        ]

    def counts_since(self, scope: AnyScope, since: datetime) -> dict[DeliveryStatus, int]:
        """Return how many deliveries made since then have each status."""
        rows = self._connection.execute(
            _owned(select(_d.status, func.count()), scope)
            .where(_d.created_at >= since)
            .group_by(_d.status)
        )
        return {DeliveryStatus(status): number for status, number in rows}

    def update(
        self,
        scope: AnyScope,
        delivery_id: str,
        values: Mapping[str, Any],
        *,
        while_status: Iterable[DeliveryStatus] | None = None,
    ) -> bool:
        """Change columns while the status is as given; False when it is not."""
        statement = _UPDATE
        parameters = {"wanted": delivery_id, **values}
        if isinstance(scope, OrganizationScope):
            statement = statement.where(_d.organization_id == scope.organization_id)
        if while_status is not None:
            statement = statement.where(_IN_STATUS)
            parameters["statuses"] = tuple(while_status)
        return self._connection.execute(statement, parameters).rowcount == 1

    def move(self, scope: OrganizationScope, configuration_id: str, connection_id: str) -> None:
        """Move the deliveries of a configuration that are not running to another connection."""
        self._connection.execute(
            update(deliveries)
            .where(
                _d.organization_id == scope.organization_id,
                _d.configuration_id == configuration_id,
                _d.status.in_(("pending", "waiting", "failed")),
            )
            .values(connection_id=connection_id)
        )

    def oldest_unfinished(self, scope: SystemScope) -> datetime | None:
        """Return when the oldest delivery was made that is neither delivered nor cancelled."""
        del scope
        ended = (DeliveryStatus.DELIVERED.value, DeliveryStatus.CANCELLED.value)
        query = select(func.min(_d.created_at)).where(_d.status.not_in(ended))
        return self._connection.execute(query).scalar_one_or_none()

    def lock_exports(self, scope: AnyScope, document_id: str) -> None:
        """Lock the making of deliveries of the document, and as `lock_document`.

        Called before anything of the document is read that a delivery depends on. A document
        without deliveries has no row of one that could be locked: the name stands for those to
        come.
        """
        lock_name(self._connection, f"exports of {document_id}")
        self.lock_document(scope, document_id)

    def lock_document(self, scope: AnyScope, document_id: str) -> None:
        """Lock the deliveries of the document until this transaction ends.

        Two deliveries that end at once must see each other's end, or the status that follows
        from both is never written. In the order of the ids, to avoid a deadlock.
        SQLite has one writer at a time anyway.
        """
        if self._connection.dialect.name != "sqlite":
            statement, parameters = _owned_by(_LOCK_DOCUMENT, scope, {"document": document_id})
            self._connection.execute(statement, parameters).all()


def _owned(query: Select[Any], scope: AnyScope) -> Select[Any]:
    if isinstance(scope, OrganizationScope):
        return _seen(query.where(_d.organization_id == scope.organization_id), scope)
    return query


def _owned_by(
    query: Select[Any], scope: AnyScope, parameters: dict[str, Any]
) -> tuple[Select[Any], dict[str, Any]]:
    """Return a query of this module for a scope, with the parameters of both."""
    if isinstance(scope, OrganizationScope):
        return _seen(query.where(_OWN), scope), {
            **parameters,
            "organization": scope.organization_id,
        }
    return query, parameters


def _seen(query: Select[Any], scope: OrganizationScope) -> Select[Any]:
    """Return a query for deliveries of the types of documents that are seen."""
    if scope.document_types is None:
        return query
    c = documents.c
    is_seen = exists().where(
        c.id == _d.document_id, c.document_type.in_(sorted(scope.document_types))
    )
    return query.where(is_seen)


def delivery_of_row(row: Row[Any]) -> Delivery:
    """Return the delivery of a row with all its columns."""
    values = row._asdict()
    values["method"] = ExportMethod(row.method)
    values["status"] = DeliveryStatus(row.status)
    values["erp_status"] = ErpStatus(row.erp_status) if row.erp_status else None
    return Delivery(**values)
