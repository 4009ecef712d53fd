"""SQL of ION messaging."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Text, and_, cast, insert, or_, select, update

from ionport.core.ids import new_id
from ionport.core.paging import Page, PageRequest
from ionport.sandbox.messaging.model import Arrival, Draft, Message, MessageFilter
from ionport.sandbox.messaging.tables import ion_arrivals, ion_messages
from ionport.store import TenantScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_messages = ion_messages.c
_arrivals = ion_arrivals.c
_MAX_ARRIVALS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a message, and with which request."""

    client_id: str
    request_id: str


class MessageRepository(Repository):
    """Messages of a tenant and their arrivals."""

    def add(
        self, scope: TenantScope, message_id: str, draft: Draft, sender: Sender, at: datetime
    ) -> bool:
        """Store a message; False when the sender has sent one under this id before.

        Two arrivals at the same moment are told apart by the unique constraint: the second
        waits for the first to commit.
        """
        new = self._insert(ion_messages)
        added = self._run(
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
        first = self._run(
            update(ion_messages)
            .where(
                in_scope(
                    ion_messages,
                    scope,
                    from_logical_id=draft.parameters.from_logical_id,
                    message_id=message_id,
                )
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
        self._run(insert(ion_arrivals).values(columns_of(ion_arrivals, arrival, message=first.id)))
        return arrival

    def add_finding(self, scope: TenantScope, message: Message, finding: str) -> None:
        """Add a finding to a message, once."""
        if finding not in message.findings:
            self._run(
                update(ion_messages)
                .where(in_scope(ion_messages, scope, id=message.id))
                .values(findings=[*message.findings, finding])
            )

    def sent(self, scope: TenantScope, from_logical_id: str, message_id: str) -> Message | None:
        """Return the message that the sender sent under that id, or None."""
        return self._find(
            scope,
            and_(_messages.from_logical_id == from_logical_id, _messages.message_id == message_id),
        )

    def get(self, scope: TenantScope, message_id: str) -> Message | None:
        """Return a message by the id of its row, or None."""
        return self._find(scope, _messages.id == message_id)

    def arrivals(self, scope: TenantScope, message: Message) -> Sequence[Arrival]:
        """Return the first 200 arrivals of a message, the oldest first."""
        return self._all(
            select(ion_arrivals)
            .join(ion_messages, _messages.id == _arrivals.message)
            .where(_messages.tenant_id == scope.tenant_id, _arrivals.message == message.id)
            .order_by(_arrivals.id)
            .limit(_MAX_ARRIVALS_SHOWN),
            _arrival,
        )

    def page(
        self, scope: TenantScope, request: PageRequest, filters: MessageFilter
    ) -> Page[Message]:
        """Return one page of messages, the newest first unless `filters` says otherwise."""
        order = _messages.id.asc() if filters.ascending else _messages.id.desc()
        found = select(ion_messages).where(_matching(scope, filters))
        return self._page(found.order_by(order), request, _message)

    def _find(self, scope: TenantScope, condition: ColumnElement[bool]) -> Message | None:
        return self._one(
            select(ion_messages).where(_messages.tenant_id == scope.tenant_id, condition), _message
        )


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


_message = reader(Message)


_arrival = reader(Arrival)
