"""SQL of ION messaging."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Text,
    and_,
    cast,
    func,
    insert,
    or_,
    select,
    update,
)

from ionport.core.ids import new_id
from ionport.core.paging import Page, PageRequest
from ionport.sandbox.messaging.model import Arrival, Draft, Encoding, Message, MessageFilter
from ionport.sandbox.messaging.tables import ion_arrivals, ion_messages
from ionport.store import TenantScope, insert_of

_messages = ion_messages.c
_arrivals = ion_arrivals.c
_MAX_ARRIVALS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a message, and with which request."""

    client_id: str
    request_id: str


class MessageRepository:
    """Messages of a tenant and their arrivals."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self, scope: TenantScope, message_id: str, draft: Draft, sender: Sender, at: datetime
    ) -> bool:
        """Store a message; False when the sender has sent one under this id before.

        Two arrivals at the same moment are told apart by the unique constraint: the second
        waits for the first to commit.
        """
        new = insert_of(self._connection)(ion_messages)
        added = self._connection.execute(
            new.values(
                id=new_id("msg"),
                tenant_id=scope.tenant_id,
                message_id=message_id,
                from_logical_id=draft.parameters.from_logical_id,
                to_logical_id=draft.parameters.to_logical_id,
                document_name=draft.parameters.document_name,
                encoding=draft.parameters.encoding.value,
                parameters=dict(draft.parameters.all),
                parameters_sha256=draft.parameters_sha256,
                payload_sha256=draft.payload_sha256,
                bod_sha256=draft.bod_sha256,
                bod_size=draft.bod_size,
                client_id=sender.client_id,
                first_received_at=at,
                last_received_at=at,
                arrivals=0,
                findings=list(draft.findings),
            )
            .on_conflict_do_nothing()
            .returning(_messages.id)
        )
        return added.first() is not None

    def arrive(
        self, scope: TenantScope, message_id: str, draft: Draft, sender: Sender, at: datetime
    ) -> Arrival:
        """Note that a stored message came, and whether it came with the bytes of the first."""
        first = self._connection.execute(
            update(ion_messages)
            .where(
                _messages.tenant_id == scope.tenant_id,
                _messages.from_logical_id == draft.parameters.from_logical_id,
                _messages.message_id == message_id,
            )
            .values(arrivals=_messages.arrivals + 1, last_received_at=at)
            .returning(_messages.id, _messages.payload_sha256, _messages.parameters_sha256)
        ).one()
        arrival = Arrival(
            id=new_id("arr"),
            request_id=sender.request_id,
            client_id=sender.client_id,
            payload_sha256=draft.payload_sha256,
            parameters_sha256=draft.parameters_sha256,
            is_identical=first.payload_sha256 == draft.payload_sha256
            and first.parameters_sha256 == draft.parameters_sha256,
            received_at=at,
        )
        self._connection.execute(
            insert(ion_arrivals).values(
                id=arrival.id,
                message=first.id,
                request_id=arrival.request_id,
                client_id=arrival.client_id,
                payload_sha256=arrival.payload_sha256,
                parameters_sha256=arrival.parameters_sha256,
                is_identical=arrival.is_identical,
                received_at=at,
            )
        )
        return arrival

    def add_finding(self, scope: TenantScope, message: Message, finding: str) -> None:
        """Add a finding to a message, once."""
        if finding not in message.findings:
            self._connection.execute(
                update(ion_messages)
                .where(_messages.tenant_id == scope.tenant_id, _messages.id == message.id)
                .values(findings=[*message.findings, finding])
            )

    def sent(self, scope: TenantScope, from_logical_id: str, message_id: str) -> Message | None:
        """Return the message that the sender sent under that id, or None."""
        return self._one(
            scope,
            and_(_messages.from_logical_id == from_logical_id, _messages.message_id == message_id),
        )

    def get(self, scope: TenantScope, message_id: str) -> Message | None:
        """Return a message by the id of its row, or None."""
        return self._one(scope, _messages.id == message_id)

    def arrivals(self, scope: TenantScope, message: Message) -> Sequence[Arrival]:
        """Return the first 200 arrivals of a message, the oldest first."""
        rows = self._connection.execute(
            select(ion_arrivals)
            .join(ion_messages, _messages.id == _arrivals.message)
            .where(_messages.tenant_id == scope.tenant_id, _arrivals.message == message.id)
            .order_by(_arrivals.id)
            .limit(_MAX_ARRIVALS_SHOWN)
        )
        return [_arrival(row) for row in rows]

    def page(
        self, scope: TenantScope, request: PageRequest, filters: MessageFilter
    ) -> Page[Message]:
        """Return one page of messages, the newest first unless `filters` says otherwise."""
        order = _messages.id.asc() if filters.ascending else _messages.id.desc()
        condition = _matching(scope, filters)
        total = self._connection.execute(
            select(func.count()).select_from(ion_messages).where(condition)
        ).scalar_one()
        rows = self._connection.execute(
            select(ion_messages)
            .where(condition)
            .order_by(order)
            .limit(request.limit)
            .offset(request.offset)
        )
        return Page([_message(row) for row in rows], total, request)

    def _one(self, scope: TenantScope, condition: ColumnElement[bool]) -> Message | None:
        row = self._connection.execute(
            select(ion_messages).where(_messages.tenant_id == scope.tenant_id, condition)
        ).one_or_none()
        return None if row is None else _message(row)


def _matching(scope: TenantScope, filters: MessageFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [_messages.tenant_id == scope.tenant_id]
    if filters.document_name:
        conditions.append(_messages.document_name == filters.document_name)
    if filters.has_findings is not None:
        has_none = cast(_messages.findings, Text) == "[]"
        conditions.append(~has_none if filters.has_findings else has_none)
    if filters.text:
        columns = (_messages.message_id, _messages.from_logical_id, _messages.document_name)
        conditions.append(
            or_(*(column.icontains(filters.text, autoescape=True) for column in columns))
        )
    return and_(*conditions)


def _message(row: Row[Any]) -> Message:
    return Message(
        id=row.id,
        tenant_id=row.tenant_id,
        message_id=row.message_id,
        from_logical_id=row.from_logical_id,
        to_logical_id=row.to_logical_id,
        document_name=row.document_name,
        encoding=Encoding(row.encoding),
        parameters=row.parameters,
        payload_sha256=row.payload_sha256,
        bod_sha256=row.bod_sha256,
        bod_size=row.bod_size,
        client_id=row.client_id,
        first_received_at=row.first_received_at,
        last_received_at=row.last_received_at,
        arrivals=row.arrivals,
        findings=tuple(row.findings),
    )


def _arrival(row: Row[Any]) -> Arrival:
    return Arrival(
        id=row.id,
        request_id=row.request_id,
        client_id=row.client_id,
        payload_sha256=row.payload_sha256,
        parameters_sha256=row.parameters_sha256,
        is_identical=row.is_identical,
        received_at=row.received_at,
    )
