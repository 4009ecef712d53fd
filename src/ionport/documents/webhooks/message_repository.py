"""SQL of webhook messages and their attempts, which are claimed one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, insert, not_, select, update

from ionport.core.paging import Following
from ionport.documents.tables import documents
from ionport.documents.webhooks.model import MessageState, WebhookAttempt, WebhookMessage
from ionport.documents.webhooks.tables import webhook_attempts, webhook_messages, webhook_sequences
from ionport.store import OrganizationScope, SystemScope
from ionport.store.paging import select_following
from ionport.store.repository import Repository, columns_of, in_scope, reader

_m, _a = webhook_messages.c, webhook_attempts.c
_WAITING = MessageState.WAITING.value
_NUMBERS = select(documents.c.id, documents.c.number, documents.c.document_type).where(
    documents.c.organization_id == bindparam("organization"),
    documents.c.id.in_(bindparam("ids", expanding=True)),
)
# One of several workers that claim the same try finds the number that it has read.
_CLAIM = (
    update(webhook_messages)
    .where(
        _m.id == bindparam("wanted"),
        _m.tries == bindparam("seen"),
        _m.state == _WAITING,
        _m.due_at <= bindparam("now", type_=_m.due_at.type),
    )
    .values(
        tries=_m.tries + 1, series=_m.series + 1, due_at=bindparam("until", type_=_m.due_at.type)
    )
)


class MessageRepository(Repository):
    """Webhook messages, in the order they were made."""

    def told_of(
        self, scope: OrganizationScope, ids: Sequence[str]
    ) -> Mapping[str, tuple[str, str]]:
        """Return number and document type of documents, by id."""
        parameters = {"organization": scope.organization_id, "ids": list(ids)}
        rows = self._run(_NUMBERS, parameters)
        return {row.id: (row.number, row.document_type) for row in rows}

    def next_sequence(self, scope: OrganizationScope, document_id: str, count: int) -> int:
        """Take the next `count` numbers of a document's events, and return the first."""
        statement = self._insert(webhook_sequences).values(
            organization_id=scope.organization_id, document_id=document_id, last=count
        )
        statement = statement.on_conflict_do_update(
            index_elements=["organization_id", "document_id"],
            set_={"last": webhook_sequences.c.last + count},
        )
        last: int = self._run(statement.returning(webhook_sequences.c.last)).scalar_one()
        return last - count + 1

    def add_all(self, scope: OrganizationScope, messages: Sequence[WebhookMessage]) -> None:
        own = {"organization_id": scope.organization_id}
        rows = [columns_of(webhook_messages, message, **own) for message in messages]
        if rows:
            self._run(insert(webhook_messages), rows)

    def find(
        self, scope: OrganizationScope, endpoint_id: str, message_id: str
    ) -> WebhookMessage | None:
        return self._get(webhook_messages, _message, scope, endpoint_id=endpoint_id, id=message_id)

    def following(
        self,
        scope: OrganizationScope,
        endpoint_id: str,
        limit: int,
        after: tuple[datetime, str] | None,
    ) -> Following[WebhookMessage]:
        """Return an endpoint's messages that were made before a moment and id, newest first."""
        query = select(webhook_messages).where(
            in_scope(webhook_messages, scope, endpoint_id=endpoint_id)
        )
        order = (_m.created_at, _m.id)
        rows, total, more = select_following(
            self._connection, query, order, after, limit, descending=True
        )
        return Following([_message(row) for row in rows], total, more)

    def attempts(
        self, scope: OrganizationScope, message_ids: Sequence[str], limit: int
    ) -> Sequence[WebhookAttempt]:
        """Return the attempts of some messages, the newest first."""
        return self._all(
            select(webhook_attempts)
            .where(_a.organization_id == scope.organization_id, _a.message_id.in_(message_ids))
            .order_by(_a.at.desc(), _a.id.desc())
            .limit(limit),
            _attempt,
        )

    def again(self, scope: OrganizationScope, message_id: str, seen: int, now: datetime) -> bool:
        """Begin a new series of tries; False while one is under way, or was claimed meanwhile."""
        changed = self._run(
            update(webhook_messages)
            .where(
                in_scope(webhook_messages, scope, id=message_id, tries=seen),
                not_(_is_under_way(now)),
            )
            .values(state=_WAITING, series=0, due_at=now, finished_at=None)
        )
        return changed.rowcount == 1

    def rest(self, scope: OrganizationScope | SystemScope, endpoint_id: str, now: datetime) -> None:
        """Try nothing of an endpoint until `resume`; a try that is under way keeps its lease."""
        statement = update(webhook_messages).where(
            _m.endpoint_id == endpoint_id, _m.state == _WAITING, not_(_is_under_way(now))
        )
        if isinstance(scope, OrganizationScope):
            statement = statement.where(_m.organization_id == scope.organization_id)
        self._run(statement.values(due_at=None))

    def resume(self, scope: OrganizationScope, endpoint_id: str, now: datetime) -> None:
        """Try what waits for an endpoint now."""
        self._run(
            update(webhook_messages)
            .where(
                in_scope(webhook_messages, scope, endpoint_id=endpoint_id, state=_WAITING),
                _m.due_at.is_(None),
            )
            .values(due_at=now)
        )

    def postpone(self, scope: SystemScope, endpoint_id: str, until: datetime) -> None:
        """Try nothing of an endpoint before `until`: its receiver has asked for it."""
        self._run(
            update(webhook_messages)
            .where(_m.endpoint_id == endpoint_id, _m.state == _WAITING, _m.due_at < until)
            .values(due_at=until)
        )

    def due(
        self, scope: SystemScope, now: datetime, limit: int, without: Sequence[str] = ()
    ) -> Sequence[WebhookMessage]:
        """Return messages whose next try is due, longest first, without those of some endpoints."""
        query = select(webhook_messages).where(_m.state == _WAITING, _m.due_at <= now)
        if without:
            query = query.where(_m.endpoint_id.not_in(without))
        return self._all(query.order_by(_m.due_at, _m.id).limit(limit), _message)

    def claim(
        self, scope: SystemScope, message: WebhookMessage, now: datetime, until: datetime
    ) -> bool:
        """Take the right to the next try of a message until its lease ends; of several one wins."""
        parameters = {"wanted": message.id, "seen": message.tries, "now": now, "until": until}
        return self._run(_CLAIM, parameters).rowcount == 1

    def settle(
        self,
        scope: SystemScope,
        message_id: str,
        tries: int | None,
        state: MessageState,
        due_at: datetime | None,
        finished_at: datetime | None,
    ) -> bool:
        """Write a message's state after its try `tries`, unless a later one has begun.

        None: whichever try is under way, because a message that has arrived needs no other.
        """
        statement = update(webhook_messages).where(_m.id == message_id, _m.state == _WAITING)
        if tries is not None:
            statement = statement.where(_m.tries == tries)
        changed = self._run(
            statement.values(state=state.value, due_at=due_at, finished_at=finished_at)
        )
        return changed.rowcount == 1

    def add_attempt(
        self, scope: SystemScope, organization_id: str, attempt: WebhookAttempt
    ) -> None:
        """Write a try; of one whose message was deleted meanwhile nothing is kept."""
        found = self._run(
            select(_m.id)
            .where(_m.id == attempt.message_id)
            .with_for_update(read=True, key_share=True)
        )
        if found.one_or_none() is not None:
            values = {
                column.name: getattr(attempt, column.name)
                for column in _a
                if column.name != "organization_id"
            }
            self._run(insert(webhook_attempts).values(organization_id=organization_id, **values))

    def prune(self, scope: SystemScope, before: datetime, limit: int) -> int:
        """Delete some messages that were made before a moment, and their attempts."""
        old = select(_m.id).where(_m.created_at < before).order_by(_m.created_at).limit(limit)
        return self._run(delete(webhook_messages).where(_m.id.in_(old))).rowcount


def _is_under_way(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a message's last try is claimed and has no result yet."""
    written = exists().where(_a.message_id == _m.id, _a.number == _m.tries)
    return and_(_m.state == _WAITING, _m.tries > 0, _m.due_at > now, not_(written))


_message = reader(WebhookMessage)


_attempt = reader(WebhookAttempt)
