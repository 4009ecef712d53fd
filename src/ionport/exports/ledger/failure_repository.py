"""SQL of deliveries that failed or that the ERP has not taken, and were not exported again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, exists, func, literal, literal_column, select

from ionport.documents.model import ErpStatus
from ionport.documents.tables import documents
from ionport.exports.listing import DeliveryFilter
from ionport.exports.model import DeliveryStatus
from ionport.exports.tables import deliveries
from ionport.store import OrganizationScope

_d = deliveries.c
_later = deliveries.alias("later")
_ENDED: Final = (DeliveryStatus.DELIVERED.value, DeliveryStatus.CANCELLED.value)


@dataclass(frozen=True, slots=True)
class Failures:
    """Deliveries that failed or that the ERP has not taken for one reason, and the newest one."""

    text: str
    code: str
    remedy: str
    deliveries: int
    oldest: datetime
    newest_id: str


@dataclass(frozen=True, slots=True)
class Failure:
    """One delivery of the queue, with its code and text."""

    id: str
    document_id: str
    configuration_id: str
    code: str
    text: str


class FailureRepository:
    """Deliveries that need a person, but for those whose document was exported again since."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def failed(self, scope: OrganizationScope, limit: int) -> Sequence[Failures]:
        """Return the errors of failed deliveries, the most frequent first."""
        query = select(
            _d.error_text,
            _d.error_code,
            func.max(_d.remedy),
            func.count(),
            func.min(_d.finished_at),
            func.max(_d.id),
        ).group_by(_d.error_code, _d.error_text)
        order = (func.count().desc(), _d.error_code, _d.error_text)
        rows = self._connection.execute(_failed(query, scope).order_by(*order).limit(limit))
        return [Failures(*row) for row in rows]

    def told(self, scope: OrganizationScope, status: ErpStatus, limit: int) -> Sequence[Failures]:
        """Return the reasons of done deliveries with an ERP status, the most frequent first."""
        query = select(
            _d.erp_text,
            _d.erp_status,
            literal_column("''"),
            func.count(),
            func.min(func.coalesce(_d.erp_changed_at, _d.updated_at)),
            func.max(_d.id),
        ).group_by(_d.erp_status, _d.erp_text)
        order = (func.count().desc(), _d.erp_text)
        found = _told(query, scope, status).order_by(*order).limit(limit)
        rows = self._connection.execute(found)
        return [Failures(*row) for row in rows]

    def failed_behind(self, scope: OrganizationScope, after: str, limit: int) -> Sequence[Failure]:
        """Return the failed deliveries behind an id."""
        query = select(
            _d.id, _d.document_id, _d.configuration_id, _d.error_code, _d.error_text
        ).where(_d.id > after)
        rows = self._connection.execute(_failed(query, scope).order_by(_d.id).limit(limit))
        return [Failure(*row) for row in rows]

    def told_behind(
        self, scope: OrganizationScope, status: ErpStatus, after: str, limit: int
    ) -> Sequence[Failure]:
        """Return the deliveries after an id with an ERP status."""
        query = select(
            _d.id, _d.document_id, _d.configuration_id, _d.erp_status, _d.erp_text
        ).where(_d.id > after)
        found = _told(query, scope, status).order_by(_d.id).limit(limit)
        rows = self._connection.execute(found)
        return [Failure(*row) for row in rows]

    def count_failed(self, scope: OrganizationScope, wanted: DeliveryFilter) -> tuple[int, int]:
        """Return how many failed deliveries a filter finds, and of how many documents."""
        columns = (func.count(), func.count(_d.document_id.distinct()))
        found = [
            self._connection.execute(_within(_failed(select(each), scope), wanted)).scalar_one()
            for each in columns
        ]
        return found[0], found[1]

    def documents_failed(
        self, scope: OrganizationScope, wanted: DeliveryFilter, limit: int
    ) -> Sequence[str]:
        """Return the documents of the failed deliveries that a filter finds."""
        query = _within(_failed(select(_d.document_id).distinct(), scope), wanted)
        return list(self._connection.execute(query.limit(limit)).scalars())


def _within(query: Select[Any], wanted: DeliveryFilter) -> Select[Any]:
    """Restrict by the parts of a filter that a replay uses: times, configuration, cause."""
    if wanted.created_from:
        query = query.where(_d.created_at >= wanted.created_from)
    if wanted.created_to:
        query = query.where(_d.created_at < wanted.created_to)
    if wanted.configuration_id:
        query = query.where(_d.configuration_id == wanted.configuration_id)
    if wanted.error_code:
        query = query.where(_d.error_code == wanted.error_code)
    return query


def _failed(query: Select[Any], scope: OrganizationScope) -> Select[Any]:
    return _open(query.where(_d.status == DeliveryStatus.FAILED.value), scope)


def _told(query: Select[Any], scope: OrganizationScope, status: ErpStatus) -> Select[Any]:
    """Restrict to done deliveries: one whose step after the rejection failed counts as failed."""
    # As the partial index says it: SQLite does not look into a parameter.
    is_told = _d.erp_status == literal(status.value, literal_execute=True)
    return _open(query.where(is_told, _d.status.in_(_ENDED)), scope)


def _open(query: Select[Any], scope: OrganizationScope) -> Select[Any]:
    followed = exists().where(
        _later.c.configuration_id == _d.configuration_id,
        _later.c.document_id == _d.document_id,
        _later.c.generation > _d.generation,
    )
    query = query.where(_d.organization_id == scope.organization_id, ~followed)
    if scope.document_types is None:
        return query
    c = documents.c
    is_seen = exists().where(
        c.id == _d.document_id, c.document_type.in_(sorted(scope.document_types))
    )
    return query.where(is_seen)
