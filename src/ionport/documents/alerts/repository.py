"""SQL of alerts: the settings of organizations, and the events that wait to be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, exists, func, insert, or_, select, update

from ionport.documents.alerts.model import AlertMessage, AlertSettings, AlertState
from ionport.documents.alerts.tables import alert_messages, alert_settings
from ionport.documents.tables import documents
from ionport.documents.webhooks.model import EventType
from ionport.store import OrganizationScope, SystemScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_s, _m = alert_settings.c, alert_messages.c
_WAITING = AlertState.WAITING.value
# Every change of a document runs this.
_WANTED = select(_s.events).where(
    _s.organization_id == bindparam("organization"), _s.is_on.is_(True)
)
_WITH_DOCUMENTS = select(
    alert_messages,
    func.coalesce(documents.c.number, "").label("number"),
    func.coalesce(documents.c.document_type, "").label("document_type"),
).outerjoin(
    documents,
    and_(
        documents.c.id == _m.document_id,
        documents.c.organization_id == _m.organization_id,
    ),
)


class SettingsRepository(Repository):
    """The settings of alerts, and how sending by them is going."""

    def wanted(self, scope: OrganizationScope) -> frozenset[str]:
        """Return the types of events that are told; none where alerts are off."""
        events = self._run(_WANTED, {"organization": scope.organization_id}).scalar_one_or_none()
        return frozenset(events or ())

    def find(self, scope: OrganizationScope) -> AlertSettings | None:
        return self._get(alert_settings, _settings, scope)

    def find_sealed(self, scope: SystemScope) -> Sequence[AlertSettings]:
        """Return the settings that have a password."""
        return self._all(select(alert_settings).where(_s.sealed.is_not(None)), _settings)

    def set_sealed(self, scope: SystemScope, organization_id: str, sealed: str) -> None:
        """Write the password, sealed with another key."""
        self._run(
            update(alert_settings)
            .where(_s.organization_id == organization_id)
            .values(sealed=sealed)
        )

    def put(self, scope: OrganizationScope, settings: AlertSettings) -> None:
        """Store the settings; a worker that sends meanwhile finds that its claim is not its own."""
        own = {"organization_id": scope.organization_id, "events": sorted(settings.events)}
        values = columns_of(alert_settings, settings, **own, recipients=list(settings.recipients))
        changed = {**values, "claims": alert_settings.c.claims + 1}
        new = self._insert(alert_settings).values(values)
        self._run(new.on_conflict_do_update(alert_settings.primary_key, set_=changed))

    def due(self, scope: SystemScope, now: datetime) -> AlertSettings | None:
        """Return settings that are on and may have something to send, who waits longest first."""
        waits = exists().where(_m.organization_id == _s.organization_id, _m.state == _WAITING)
        return self._one(
            select(alert_settings)
            .where(_s.is_on.is_(True), or_(_s.due_at.is_(None), _s.due_at <= now), waits)
            .order_by(_s.due_at.asc().nulls_first(), _s.organization_id)
            .limit(1),
            _settings,
        )

    def claim(self, scope: SystemScope, settings: AlertSettings, until: datetime) -> bool:
        """Take the right to send until `until`, or let nobody look before; of several one wins."""
        changed = self._run(
            update(alert_settings)
            .where(
                _s.organization_id == settings.organization_id,
                _s.claims == settings.claims,
                _s.is_on.is_(True),
            )
            .values(claims=_s.claims + 1, due_at=until)
        )
        return changed.rowcount == 1

    def settle(
        self, scope: SystemScope, settings: AlertSettings, values: Mapping[str, Any]
    ) -> None:
        """Write how a claim has ended, unless somebody else has taken over since."""
        self._run(
            update(alert_settings)
            .where(
                _s.organization_id == settings.organization_id,
                _s.claims == settings.claims + 1,
            )
            .values(**values)
        )


class AlertRepository(Repository):
    """What is to be told, in the order in which it happened."""

    def add_all(self, scope: OrganizationScope, messages: Sequence[AlertMessage]) -> None:
        own = {"organization_id": scope.organization_id}
        rows = [columns_of(alert_messages, message, **own) for message in messages]
        self._run(insert(alert_messages), rows)

    def newest(self, scope: OrganizationScope, limit: int) -> Sequence[AlertMessage]:
        return self._all(
            _WITH_DOCUMENTS.where(_m.organization_id == scope.organization_id)
            .order_by(_m.created_at.desc(), _m.id.desc())
            .limit(limit),
            _message,
        )

    def waiting(self, scope: OrganizationScope) -> int:
        """Return how many wait to be sent."""
        return self._count(alert_messages, in_scope(alert_messages, scope, state=_WAITING))

    def forget_waiting(self, scope: OrganizationScope) -> None:
        """Drop what waits: alerts are switched off."""
        self._delete(alert_messages, scope, state=_WAITING)

    def next(
        self, scope: OrganizationScope, before: datetime, limit: int
    ) -> Sequence[AlertMessage]:
        """Return what to send: a mail that was begun before all else, then the oldest."""
        mine = in_scope(alert_messages, scope, state=_WAITING)
        begun = self._run(
            select(_m.mail_id)
            .where(mine, _m.mail_id.is_not(None))
            .order_by(_m.created_at, _m.id)
            .limit(1)
        ).scalar_one_or_none()
        which = _m.mail_id == begun if begun else _m.created_at <= before
        return self._all(
            _WITH_DOCUMENTS.where(mine, which).order_by(_m.created_at, _m.id).limit(limit), _message
        )

    def begin(self, scope: OrganizationScope, ids: Sequence[str], mail_id: str) -> None:
        """Write that they are handed over in one mail: until an answer is known it may arrive."""
        self._run(
            update(alert_messages)
            .where(in_scope(alert_messages, scope, state=_WAITING), _m.id.in_(ids))
            .values(mail_id=mail_id, open_tries=_m.open_tries + 1)
        )

    def end(
        self, scope: OrganizationScope, ids: Sequence[str], state: AlertState, now: datetime
    ) -> None:
        """Write their final state."""
        self._run(
            update(alert_messages)
            .where(in_scope(alert_messages, scope, state=_WAITING), _m.id.in_(ids))
            .values(state=state.value, finished_at=now)
        )

    def not_taken(self, scope: OrganizationScope, ids: Sequence[str]) -> None:
        """Write that the mail server surely has not taken them: they are sent again.

        What an earlier try has left open goes again in the same mail, all else with what waits.
        """
        self._run(
            update(alert_messages)
            .where(in_scope(alert_messages, scope, state=_WAITING), _m.id.in_(ids))
            .values(
                open_tries=_m.open_tries - 1,
                mail_id=case((_m.open_tries > 1, _m.mail_id), else_=None),
            )
        )

    def prune(self, scope: SystemScope, before: datetime, limit: int) -> int:
        """Delete some that happened before a moment; returns how many."""
        old = select(_m.id).where(_m.created_at < before).order_by(_m.created_at).limit(limit)
        return self._run(delete(alert_messages).where(_m.id.in_(old))).rowcount


_settings = reader(
    AlertSettings,
    events=lambda row: frozenset(each for each in EventType if each.value in row.events),
    recipients=lambda row: tuple(row.recipients),
)
_message = reader(AlertMessage)
