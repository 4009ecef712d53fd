"""What an administrator does with connection points, and the checks of messages against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, Forbidden, existing
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.paging import Page
from ionport.core.values.alike import taken_from
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
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
from ionport.store import ScopedWork, TenantScope

BY_ITSELF = "sandbox"


class ConnectionPointService:
    """Connection points; every method but those for messages needs a tenant administrator."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit

    def admit(
        self, access: ScopedWork[TenantScope], client_id: str, parameters: Parameters
    ) -> None:
        """Accept a message, or raise the error with which ION would refuse it.

        A real tenant refuses a sender that has no connection point. So that a new client works
        without one, the sandbox opens one by itself, unless the tenant is strict.

        Raises:
            NotConfigured: no connection point, an inactive one, or not for this document (412).
            Forbidden: the logical id belongs to another app (403).
        """
        points = ConnectionPointRepository(access.connection)
        point = points.by_logical_id(access.scope, parameters.from_logical_id)
        if point is None or point.is_automatic:
            if points.is_strict(access.scope):
                raise _no_point(parameters.from_logical_id)
            self._open(points, access.scope, point, parameters)
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
        self, access: ScopedWork[TenantScope], client_id: str, logical_id: str
    ) -> Sequence[str]:
        """Return the documents that a logical id may send.

        Raises:
            NotConfigured: there is no such connection point, or it is inactive.
            Forbidden: it belongs to another app.
        """
        points = ConnectionPointRepository(access.connection)
        point = points.by_logical_id(access.scope, logical_id)
        if point is None or (point.is_automatic and points.is_strict(access.scope)):
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

    def is_strict(self, access: Access[TenantScope]) -> bool:
        """Tell whether messages need a connection point that somebody has made."""
        access.require_tenant_administrator()
        return ConnectionPointRepository(access.connection).is_strict(access.scope)

    def set_strict(self, access: Access[TenantScope], is_strict: bool) -> None:
        """Say whether messages need a connection point that somebody has made."""
        access.require_tenant_administrator()
        ConnectionPointRepository(access.connection).set_strict(access.scope, is_strict)
        action = ConnectionPointAction.STRICT if is_strict else ConnectionPointAction.AUTOMATIC
        self._audit.record(access, action, access.scope.tenant_id)

    def list_points(
        self, access: Access[TenantScope], query: PointQuery | None = None
    ) -> Page[ConnectionPoint]:
        """Return one page of connection points, by name unless `query` says otherwise."""
        access.require_tenant_administrator()
        return ConnectionPointRepository(access.connection).page(
            access.scope, query or PointQuery()
        )

    def get_point(self, access: Access[TenantScope], point_id: str) -> ConnectionPoint:
        """Return a connection point; raises NotFound for another tenant's."""
        access.require_tenant_administrator()
        point = ConnectionPointRepository(access.connection).get(access.scope, point_id)
        return existing(point, _("There is no such connection point."))

    def create_point(self, access: Access[TenantScope], draft: PointDraft) -> ConnectionPoint:
        """Store a new connection point, active; its Logical ID is made from its name.

        Raises:
            InvalidInput: a field is wrong.
            Conflict: there is one with this Logical ID; `existing_id` is its id.
        """
        access.require_tenant_administrator()
        draft.check()
        points = ConnectionPointRepository(access.connection)
        if points.count(access.scope) >= MAX_POINTS:
            raise Conflict(_("The tenant has as many connection points as it may."))
        point = taken_from(
            ConnectionPoint,
            draft,
            id=new_id("cpt"),
            tenant_id=access.scope.tenant_id,
            logical_id=logical_id_of(draft.name),
            is_active=True,
            is_automatic=False,
            created_at=self._clock.now(),
            created_by=access.actor.name,
            documents=tuple(sorted(set(draft.documents))),
        )
        if not points.add(access.scope, point):
            existing = points.by_logical_id(access.scope, point.logical_id)
            text = _("There is a connection point with the Logical ID {id} already.")
            raise Conflict(
                text.format(id=point.logical_id), existing_id=existing.id if existing else None
            )
        self._record(access, ConnectionPointAction.CREATED, point)
        return point

    def change_point(
        self, access: Access[TenantScope], point_id: str, draft: PointDraft
    ) -> ConnectionPoint:
        """Change description, app and documents; from then on the connection point is enforced.

        The name stays, because senders know the Logical ID that was made from it.

        Raises:
            InvalidInput: a field is wrong.
        """
        point = self.get_point(access, point_id)
        replace(draft, name="unchanged").check()
        changed = replace(
            point,
            description=draft.description,
            client_id=draft.client_id,
            is_automatic=False,
            documents=tuple(sorted(set(draft.documents))),
        )
        ConnectionPointRepository(access.connection).change(access.scope, changed)
        self._record(access, ConnectionPointAction.CHANGED, changed)
        return changed

    def set_active(
        self, access: Access[TenantScope], point_id: str, *, active: bool
    ) -> ConnectionPoint:
        """Activate or deactivate a connection point: an inactive one sends nothing."""
        point = replace(self.get_point(access, point_id), is_active=active)
        ConnectionPointRepository(access.connection).change(access.scope, point)
        action = ConnectionPointAction.ACTIVATED if active else ConnectionPointAction.DEACTIVATED
        self._record(access, action, point)
        return point

    def delete_point(self, access: Access[TenantScope], point_id: str) -> None:
        """Remove a connection point; the messages that came through it stay."""
        point = self.get_point(access, point_id)
        ConnectionPointRepository(access.connection).delete(access.scope, point_id)
        self._record(access, ConnectionPointAction.DELETED, point)

    def _record(
        self, access: Access[TenantScope], action: ConnectionPointAction, point: ConnectionPoint
    ) -> None:
        details = {"logical_id": point.logical_id}
        self._audit.record(access, action, point.id, details)


def _check_active(point: ConnectionPoint) -> None:
    if not point.is_active:
        raise NotConfigured(
            _("The connection point {id} is inactive.").format(id=quoted(point.logical_id))
        )


def _no_point(logical_id: str) -> NotConfigured:
    return NotConfigured(
        _("There is no connection point with the logical id {id}.").format(id=quoted(logical_id))
    )
