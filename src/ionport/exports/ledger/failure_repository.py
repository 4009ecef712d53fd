"""SQL of failed deliveries that nothing has followed: what they say, and which they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, exists, func, select

from ionport.documents.tables import documents
from ionport.exports.model import DeliveryStatus
from ionport.exports.tables import deliveries
from ionport.store import OrganizationScope

_d = deliveries.c
_later = deliveries.alias("later")


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed deliveries that say the same, and the newest one of them."""

    code: str
    text: str
    remedy: str
    deliveries: int
    oldest: datetime
    newest_id: str


class FailureRepository:
    """Failed deliveries, but for those whose document was exported again since."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def said(self, scope: OrganizationScope, limit: int) -> Sequence[Failures]:
        """Return what failed deliveries say, the most frequent first."""
        count = func.count()
        query = select(
            _d.error_code,
            _d.error_text,
            func.max(_d.remedy),
            count,
            func.min(_d.finished_at),
            func.max(_d.id),
        )
        rows = self._connection.execute(
            _failed(query, scope)
            .group_by(_d.error_code, _d.error_text)
            .order_by(count.desc(), _d.error_code, _d.error_text)
            .limit(limit)
        )
        return [Failures(*row) for row in rows]

    def following(
        self, scope: OrganizationScope, after: str, limit: int
    ) -> Sequence[tuple[str, str, str]]:
        """Return id, code and text of the failed deliveries behind an id."""
        query = select(_d.id, _d.error_code, _d.error_text).where(_d.id > after)
        rows = self._connection.execute(_failed(query, scope).order_by(_d.id).limit(limit))
        return [(row.id, row.error_code, row.error_text) for row in rows]


def _failed(query: Select, scope: OrganizationScope) -> Select:  # type: ignore[type-arg]
    followed = exists().where(
        _later.c.configuration_id == _d.configuration_id,
        _later.c.document_id == _d.document_id,
        _later.c.generation > _d.generation,
    )
    query = query.where(
        _d.organization_id == scope.organization_id,
        _d.status == DeliveryStatus.FAILED.value,
        ~followed,
    )
    if scope.document_types is None:
        return query
    c = documents.c
    is_seen = exists().where(
        c.id == _d.document_id, c.document_type.in_(sorted(scope.document_types))
    )
    return query.where(is_seen)
