"""What an administrator does with connection points, and what they mean for a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, Forbidden, NotFound
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.paging import Page
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.messaging.errors import NotConfigured
from ionport.sandbox.messaging.model import Parameters
from ionport.sandbox.messaging.points.model import (
    MAX_DOCUMENTS,
    MAX_POINTS,
    ConnectionPoint,
    ConnectionPointAction,
    PointDraft,
    PointQuery,
    logical_id_of,
)
from ionport.sandbox.messaging.points.repository import ConnectionPointRepository
from ionport.store import TenantScope, Work

BY_ITSELF = "sandbox"


class ConnectionPointService:
    """Connection points; every method but those for messages needs a tenant administrator."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit

    def admit(self, work: Work, scope: TenantScope, client_id: str, parameters: Parameters) -> None:
        """Let a message in, or say why ION would not.

        A real tenant refuses a sender that has no connection point. So that a new client gets on
        without one, the sandbox opens one by itself, unless the tenant is strict.

        Raises:
            NotConfigured: no connection point, an inactive one, or not for this document (412).
            Forbidden: the logical id belongs to another app (403).
        """
        points = ConnectionPointRepository(work.connection)
        point = points.by_logical_id(scope, parameters.from_logical_id)
        if point is None or point.is_automatic:
            if points.is_strict(scope):
                raise _no_point(parameters.from_logical_id)
            self._open(points, scope, point, parameters)
            return
        if point.client_id != client_id:
            raise Forbidden(
                _("The logical id {id} belongs to the connection point of another app.").format(
                    id=quoted(point.logical_id)
                ),
                code="foreign_logical_id",
            )
        _check_active(point)
        if parameters.document_name not in point.documents:
            raise NotConfigured(
                _("The connection point {id} may not send {document}.").format(
                    id=quoted(point.logical_id), document=quoted(parameters.document_name)
                )
            )

    def accepted_documents(
        self, work: Work, scope: TenantScope, client_id: str, logical_id: str
    ) -> Sequence[str]:
        """Return the documents that a logical id may send.

        Raises:
            NotConfigured: there is no such connection point, or it is inactive.
            Forbidden: it belongs to another app.
        """
        points = ConnectionPointRepository(work.connection)
        point = points.by_logical_id(scope, logical_id)
        if point is None or (point.is_automatic and points.is_strict(scope)):
            raise _no_point(logical_id)
        if point.client_id not in ("", client_id):
            raise Forbidden(
                _("The logical id {id} belongs to the connection point of another app.").format(
                    id=quoted(logical_id)
                ),
                code="foreign_logical_id",
            )
        _check_active(point)
        return point.documents

    def _open(
        self,
        points: ConnectionPointRepository,
        scope: TenantScope,
        point: ConnectionPoint | None,
        parameters: Parameters,
    ) -> None:
        document = parameters.document_name
        if point is not None:
            _check_active(point)
            if document not in point.documents and len(point.documents) < MAX_DOCUMENTS:
                points.add_documents(scope, point.id, [document])
            return
        if points.count(scope) >= MAX_POINTS:
            raise NotConfigured(_("The tenant has as many connection points as it may."))
        logical_id = parameters.from_logical_id
        points.add(
            scope,
            ConnectionPoint(
                id=new_id("cpt"),
                tenant_id=scope.tenant_id,
                name=logical_id.removeprefix("lid://").partition(".ims.")[2] or logical_id,
                description=_("Opened by the sandbox when the first message came."),
                logical_id=logical_id,
                client_id="",
                is_active=True,
                is_automatic=True,
                created_at=self._clock.now(),
                created_by=BY_ITSELF,
                documents=(document,),
            ),
        )

    def is_strict(self, work: Work, scope: TenantScope, actor: Actor) -> bool:
        """Tell whether messages need a connection point that somebody has made."""
        actor.require_tenant_administrator(scope.tenant_id)
        return ConnectionPointRepository(work.connection).is_strict(scope)

    def set_strict(self, work: Work, scope: TenantScope, actor: Actor, is_strict: bool) -> None:
        """Say whether messages need a connection point that somebody has made."""
        actor.require_tenant_administrator(scope.tenant_id)
        ConnectionPointRepository(work.connection).set_strict(scope, is_strict)
        action = ConnectionPointAction.STRICT if is_strict else ConnectionPointAction.AUTOMATIC
        self._audit.record(Access(work, scope, actor), action, scope.tenant_id)

    def list_points(
        self, work: Work, scope: TenantScope, actor: Actor, query: PointQuery | None = None
    ) -> Page[ConnectionPoint]:
        """Return one page of connection points, by name unless `query` says otherwise."""
        actor.require_tenant_administrator(scope.tenant_id)
        return ConnectionPointRepository(work.connection).page(scope, query or PointQuery())

    def get_point(
        self, work: Work, scope: TenantScope, actor: Actor, point_id: str
    ) -> ConnectionPoint:
        """Return a connection point; raises NotFound for another tenant's."""
        actor.require_tenant_administrator(scope.tenant_id)
        point = ConnectionPointRepository(work.connection).get(scope, point_id)
        if point is None:
            raise NotFound(_("There is no such connection point."))
        return point

    def create_point(
        self, work: Work, scope: TenantScope, actor: Actor, draft: PointDraft
    ) -> ConnectionPoint:
        """Store a new connection point, active; its Logical ID is made from its name.

        Raises:
            InvalidInput: a field is wrong.
            Conflict: there is one with this Logical ID; `existing_id` is its id.
        """
        actor.require_tenant_administrator(scope.tenant_id)
        draft.check()
        points = ConnectionPointRepository(work.connection)
        if points.count(scope) >= MAX_POINTS:
            raise Conflict(_("The tenant has as many connection points as it may."))
        point = ConnectionPoint(
            id=new_id("cpt"),
            tenant_id=scope.tenant_id,
            name=draft.name,
            description=draft.description,
            logical_id=logical_id_of(draft.name),
            client_id=draft.client_id,
            is_active=True,
            is_automatic=False,
            created_at=self._clock.now(),
            created_by=actor.name,
            documents=tuple(sorted(set(draft.documents))),
        )
        if not points.add(scope, point):
            existing = points.by_logical_id(scope, point.logical_id)
            text = _("There is a connection point with the Logical ID {id} already.")
            raise Conflict(
                text.format(id=point.logical_id), existing_id=existing.id if existing else None
            )
        self._record(work, scope, actor, ConnectionPointAction.CREATED, point)
        return point

    def change_point(
        self, work: Work, scope: TenantScope, actor: Actor, point_id: str, draft: PointDraft
    ) -> ConnectionPoint:
        """Change description, app and documents; from then on the connection point is enforced.

        The name stays, because senders know the Logical ID that was made from it.

        Raises:
            InvalidInput: a field is wrong.
        """
        point = self.get_point(work, scope, actor, point_id)
        replace(draft, name="unchanged").check()
        changed = replace(
            point,
            description=draft.description,
            client_id=draft.client_id,
            is_automatic=False,
            documents=tuple(sorted(set(draft.documents))),
        )
        ConnectionPointRepository(work.connection).change(scope, changed)
        self._record(work, scope, actor, ConnectionPointAction.CHANGED, changed)
        return changed

    def set_active(
        self, work: Work, scope: TenantScope, actor: Actor, point_id: str, *, active: bool
    ) -> ConnectionPoint:
        """Activate or deactivate a connection point: an inactive one sends nothing."""
        point = replace(self.get_point(work, scope, actor, point_id), is_active=active)
        ConnectionPointRepository(work.connection).change(scope, point)
        action = ConnectionPointAction.ACTIVATED if active else ConnectionPointAction.DEACTIVATED
        self._record(work, scope, actor, action, point)
        return point

    def delete_point(self, work: Work, scope: TenantScope, actor: Actor, point_id: str) -> None:
        """Remove a connection point; the messages that came through it stay."""
        point = self.get_point(work, scope, actor, point_id)
        ConnectionPointRepository(work.connection).delete(scope, point_id)
        self._record(work, scope, actor, ConnectionPointAction.DELETED, point)

    def _record(
        self,
        work: Work,
        scope: TenantScope,
        actor: Actor,
        action: ConnectionPointAction,
        point: ConnectionPoint,
    ) -> None:
        details = {"logical_id": point.logical_id}
        self._audit.record(Access(work, scope, actor), action, point.id, details)


def _check_active(point: ConnectionPoint) -> None:
    if not point.is_active:
        raise NotConfigured(
            _("The connection point {id} is inactive.").format(id=quoted(point.logical_id))
        )


def _no_point(logical_id: str) -> NotConfigured:
    return NotConfigured(
        _("There is no connection point with the logical id {id}.").format(id=quoted(logical_id))
    )
