"""SQL of passes: who may run a delivery now, until when, and what is due.

Source: docs/decisions/0019-who-may-send-and-when-another-may.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    and_,
    bindparam,
    func,
    outerjoin,
    select,
    type_coerce,
    update,
)

from ionport.connections.tables import connections
from ionport.documents.model import DocumentStatus
from ionport.documents.review.life_cycle import is_held
from ionport.documents.tables import documents
from ionport.exports.ledger.named_version_repository import NamedVersionRepository
from ionport.exports.ledger.repository import AnyScope, delivery_of_row
from ionport.exports.life_cycle import DeliveryCause, sources
from ionport.exports.model import Delivery, DeliveryStatus, DuePass, ExportMethod, Lease
from ionport.exports.tables import deliveries
from ionport.store import OrganizationScope, SystemScope

_d = deliveries.c
_UNFINISHED = ("pending", "running", "waiting")

# Built once: every step of every delivery runs these, and building them costs as much as running.
_IN_PASS = _d.pass_number == bindparam("in_pass")
# Whatever a pass writes renews its lease.
_UPDATE_PASS = (
    update(deliveries)
    .where(_d.id == bindparam("wanted"), _IN_PASS, _d.status == DeliveryStatus.RUNNING)
    .values(renewal=_d.renewal + 1)
)
_HAND_OVER = _UPDATE_PASS.where(_d.erp_status.is_(None))
_CLAIM = (
    update(deliveries)
    .where(
        _d.id == bindparam("wanted"),
        _IN_PASS,
        _d.status.in_(sources(DeliveryCause.TAKEN_UP)),
        _d.due_at <= bindparam("now", type_=_d.due_at.type),
    )
    .values(
        status=DeliveryStatus.RUNNING,
        worker_id=bindparam("worker"),
        due_at=None,
        sent_attempt_id=None,
        renewal=_d.renewal + 1,
        tries_since=func.coalesce(_d.tries_since, bindparam("now", type_=_d.tries_since.type)),
        started_at=func.coalesce(_d.started_at, bindparam("now", type_=_d.started_at.type)),
        updated_at=bindparam("now", type_=_d.updated_at.type),
    )
    .returning(deliveries)
)
_NOW = bindparam("now", type_=_d.due_at.type)
_DUE = (
    select(_d.id, _d.pass_number, _d.connection_id)
    .where(_d.status.in_(("pending", "waiting")), _d.due_at <= _NOW)
    .order_by(_d.due_at)
    .limit(bindparam("most", type_=Integer))
)
_DUE_BESIDES = _DUE.where(_d.connection_id.not_in(bindparam("busy", expanding=True)))
_NEXT_DUE = (
    select(_d.due_at)
    .where(_d.status.in_(_UNFINISHED), _d.due_at.is_not(None))
    .order_by(_d.due_at)
    .limit(1)
)
_NEXT_AFTER = _NEXT_DUE.where(_d.due_at > _NOW)
_KEEP = (
    update(deliveries)
    .where(
        _d.worker_id == bindparam("worker"),
        _d.status == DeliveryStatus.RUNNING,
        _d.sent_attempt_id.is_(None),
        _d.id.in_(bindparam("under_way", expanding=True)),
    )
    .values(renewal=_d.renewal + 1)
)
_HOLDS = (
    select(documents.c.status, documents.c.open_findings, connections.c.paused_at)
    .select_from(
        outerjoin(
            documents,
            connections,
            and_(
                connections.c.id == bindparam("connection"),
                connections.c.organization_id == documents.c.organization_id,
            ),
        )
    )
    .where(
        documents.c.id == bindparam("document"),
        documents.c.organization_id == bindparam("organization"),
    )
)
_LEASES = (
    select(_d.id, _d.pass_number, _d.renewal, _d.worker_id, _d.sent_attempt_id)
    .where(_d.status == DeliveryStatus.RUNNING)
    .order_by(_d.id)
    .limit(10_000)
)


class PassRepository:
    """Passes of deliveries. Each statement that changes one names the pass it is for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(
        self,
        scope: SystemScope,
        delivery_id: str,
        pass_number: int,
        worker_id: str,
        *,
        now: datetime,
    ) -> Delivery | None:
        """Begin a pass that is due, and return its delivery; of several callers one wins."""
        parameters = {
            "wanted": delivery_id,
            "in_pass": pass_number,
            "now": now,
            "worker": worker_id,
        }
        row = self._connection.execute(_CLAIM, parameters).one_or_none()
        return delivery_of_row(row) if row else None

    def update_pass(
        self,
        scope: SystemScope,
        delivery_id: str,
        pass_number: int,
        values: Mapping[str, Any],
        handed_over: Mapping[str, Any] | None = None,
    ) -> bool:
        """Change columns in a pass that runs, and renew its lease; False when it is over.

        `handed_over` are those of a first ERP status: False also where the delivery has one.
        """
        parameters = {"wanted": delivery_id, "in_pass": pass_number, **values}
        statement = _UPDATE_PASS
        if handed_over:
            parameters |= handed_over
            statement = _HAND_OVER
        if self._connection.execute(statement, parameters).rowcount != 1:
            return False
        if named := values.get("mapping_versions"):
            NamedVersionRepository(self._connection).note(scope, named.values())
        return True

    def is_held(self, scope: OrganizationScope, delivery: Delivery) -> bool:
        """Tell whether its document takes part in no delivery, or its connection is paused."""
        parameters = {
            "organization": scope.organization_id,
            "document": delivery.document_id,
            "connection": delivery.connection_id,
        }
        row = self._connection.execute(_HOLDS, parameters).one_or_none()
        return (
            row is None
            or row.paused_at is not None
            or is_held(DocumentStatus(row.status), row.open_findings)
        )

    def keep(self, scope: SystemScope, worker_id: str, under_way: Sequence[str]) -> None:
        """Renew a worker's leases of passes that have no call under way."""
        if under_way:
            self._connection.execute(_KEEP, {"worker": worker_id, "under_way": list(under_way)})

    def leases(self, scope: SystemScope) -> list[Lease]:
        """Return the leases of all passes that run; at most 10,000."""
        return [Lease(*row) for row in self._connection.execute(_LEASES)]

    def take_over(self, scope: SystemScope, lease: Lease, values: Mapping[str, Any]) -> bool:
        """End a pass that its worker no longer runs; False when the lease was renewed.

        False also while another transaction has locked the row: its worker is active, or the
        database ends its transaction. Waiting for it would stop the sweep.
        """
        free = (
            select(_d.id)
            .where(_d.id == lease.delivery_id, _d.renewal == lease.renewal)
            .with_for_update(skip_locked=True)
        )
        if self._connection.execute(free).first() is None:
            return False
        statement = _UPDATE_PASS.where(_d.renewal == bindparam("still")).values(runs=_d.runs + 1)
        parameters = {
            "wanted": lease.delivery_id,
            "in_pass": lease.pass_number,
            "still": lease.renewal,
            **values,
            "pass_number": lease.pass_number + 1,
        }
        return self._connection.execute(statement, parameters).rowcount == 1

    def skip_pass(self, scope: SystemScope, delivery_id: str, pass_number: int) -> bool:
        """Give a delivery that is due another pass number; False when it has one already."""
        return (
            self._connection.execute(
                update(deliveries)
                .where(
                    _d.id == delivery_id,
                    _d.pass_number == pass_number,
                    _d.status.in_(("pending", "waiting")),
                )
                .values(pass_number=pass_number + 1)
            ).rowcount
            == 1
        )

    def due(
        self, scope: SystemScope, now: datetime, limit: int, busy: Sequence[str] = ()
    ) -> Sequence[DuePass]:
        """Return the passes that may be taken up, longest due first, without `busy` connections."""
        parameters: dict[str, Any] = {"now": now, "most": limit}
        statement = _DUE
        if busy:
            parameters["busy"] = busy
            statement = _DUE_BESIDES
        return [DuePass(*row) for row in self._connection.execute(statement, parameters)]

    def pass_numbers(self, scope: SystemScope, delivery_ids: Sequence[str]) -> dict[str, int]:
        """Return the pass numbers of deliveries that are not over."""
        rows = self._connection.execute(
            select(_d.id, _d.pass_number).where(_d.id.in_(delivery_ids), _d.status.in_(_UNFINISHED))
        )
        return {row.id: row.pass_number for row in rows}

    def next_due(self, scope: SystemScope, after: datetime | None = None) -> datetime | None:
        """Return when the next delivery becomes due, past `after` if that is given."""
        statement, parameters = (_NEXT_DUE, {}) if after is None else (_NEXT_AFTER, {"now": after})
        return self._connection.execute(statement, parameters).scalar_one_or_none()

    def any_running(self, scope: SystemScope) -> bool:
        """Tell whether a pass is under way anywhere."""
        query = select(_d.id).where(_d.status == DeliveryStatus.RUNNING).limit(1)
        return self._connection.execute(query).first() is not None

    def any_written_after(self, scope: SystemScope, moment: datetime, now: datetime) -> bool:
        """Tell whether something that is not due yet was written after `moment`."""
        query = select(_d.id).where(*_waits_and_was_written_after(moment, now)).limit(1)
        return self._connection.execute(query).first() is not None

    def bring_forward(self, scope: SystemScope, written_after: datetime, now: datetime) -> int:
        """Make deliveries due that were written in the future: the clock was set back since."""
        return self._connection.execute(
            update(deliveries)
            .where(*_waits_and_was_written_after(written_after, now))
            .values(due_at=now, updated_at=now)
        ).rowcount

    def shorten_waits(
        self, scope: SystemScope, by: timedelta, written_before: datetime, now: datetime
    ) -> int:
        """Make deliveries that were written before a moment, and wait, due `by` earlier."""
        earlier = type_coerce(_d.due_at, BigInteger) - round(by.total_seconds() * 1_000_000)
        return self._connection.execute(
            update(deliveries)
            .where(
                _d.status.in_(("pending", "waiting")),
                _d.due_at > now,
                _d.updated_at <= written_before,
            )
            .values(due_at=earlier)
        ).rowcount

    def free(
        self,
        scope: AnyScope,
        error_code: str,
        now: datetime,
        *,
        connection_id: str | None = None,
        document_id: str | None = None,
        configuration_id: str | None = None,
        method: ExportMethod | None = None,
        delivery_id: str | None = None,
    ) -> int:
        """Make the deliveries due that wait for the reason `error_code`; returns how many.

        Of all: one, those over a connection, of a document, of a configuration, of a method.
        """
        wanted = {
            _d.id: delivery_id,
            _d.connection_id: connection_id,
            _d.document_id: document_id,
            _d.configuration_id: configuration_id,
            _d.method: method,
        }
        statement = update(deliveries).where(
            _d.status == DeliveryStatus.WAITING,
            _d.error_code == error_code,
            _d.due_at.is_(None) | (_d.due_at > now),
            *(column == value for column, value in wanted.items() if value is not None),
        )
        if isinstance(scope, OrganizationScope):
            statement = statement.where(_d.organization_id == scope.organization_id)
        return self._connection.execute(statement.values(due_at=now, updated_at=now)).rowcount

    def count_held(
        self, scope: OrganizationScope, error_code: str, configuration_id: str, connection_id: str
    ) -> int:
        """Return how many deliveries of a configuration `error_code` holds over a connection."""
        number: int = self._connection.execute(
            select(func.count())
            .select_from(deliveries)
            .where(
                _d.organization_id == scope.organization_id,
                _d.status == DeliveryStatus.WAITING,
                _d.error_code == error_code,
                _d.due_at.is_(None),
                _d.configuration_id == configuration_id,
                _d.connection_id == connection_id,
            )
        ).scalar_one()
        return number

    def delivered_since(self, scope: SystemScope, connection_id: str, moment: datetime) -> bool:
        """Tell whether a delivery over a connection has ended well after `moment`."""
        query = select(_d.id).where(
            _d.connection_id == connection_id,
            _d.status == DeliveryStatus.DELIVERED,
            _d.finished_at > moment,
        )
        return self._connection.execute(query.limit(1)).first() is not None


def _waits_and_was_written_after(
    moment: datetime, now: datetime
) -> tuple[ColumnElement[bool], ...]:
    return (_d.status.in_(("pending", "waiting")), _d.due_at > now, _d.updated_at > moment)
