"""What an administrator does with document flows, and what a message starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, NotFound
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.paging import Page, PageRequest
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.sandbox.messaging.flows.model import (
    MAX_ATTEMPTS,
    MAX_FLOWS,
    AckAttempt,
    AckFilter,
    Acknowledgement,
    AcknowledgementAction,
    AckState,
    DocumentFlow,
    DocumentFlowAction,
    FlowDraft,
)
from ionport.sandbox.messaging.flows.repository import (
    AcknowledgementRepository,
    DocumentFlowRepository,
)
from ionport.sandbox.messaging.model import Message
from ionport.store import TenantScope, Work


class DocumentFlowService:
    """Document flows; every method but `start` needs a tenant administrator.

    `wake` is called when something is to be sent; who sends sets it.
    """

    def __init__(self, clock: Clock, blobs: Blobs, audit: AuditLog) -> None:
        self._clock = clock
        self._blobs = blobs
        self._audit = audit
        self.wake: Callable[[], None] = _nothing

    def start(self, work: Work, scope: TenantScope, message: Message) -> None:
        """Let a new message start the flows that take it: what they send is stored with it."""
        flows = DocumentFlowRepository(work.connection)
        outbox = AcknowledgementRepository(work.connection)
        now = self._clock.now()
        for flow_id in flows.started_by(scope, message.document_name):
            outbox.add(
                scope,
                Acknowledgement(
                    id=new_id("ack"),
                    tenant_id=scope.tenant_id,
                    flow_id=flow_id,
                    message_row_id=message.id,
                    outcome="",
                    reason="",
                    bod_sha256=None,
                    state=AckState.WAITING,
                    attempts=0,
                    last_attempt=MAX_ATTEMPTS,
                    next_at=now,
                    created_at=now,
                ),
            )
            work.after_commit(lambda: self.wake())

    def list_flows(self, work: Work, scope: TenantScope, actor: Actor) -> Sequence[DocumentFlow]:
        """Return the tenant's flows by name; there are at most 50."""
        actor.require_tenant_administrator(scope.tenant_id)
        return DocumentFlowRepository(work.connection).list(scope)

    def get_flow(self, work: Work, scope: TenantScope, actor: Actor, flow_id: str) -> DocumentFlow:
        """Return a flow; raises NotFound for another tenant's."""
        actor.require_tenant_administrator(scope.tenant_id)
        flow = DocumentFlowRepository(work.connection).get(scope, flow_id)
        if flow is None:
            raise NotFound(_("There is no such document flow."))
        return flow

    def create_flow(
        self, work: Work, scope: TenantScope, actor: Actor, draft: FlowDraft
    ) -> DocumentFlow:
        """Store a new flow, active.

        Raises:
            InvalidInput: a field is wrong.
            Conflict: there are 50 already.
        """
        actor.require_tenant_administrator(scope.tenant_id)
        draft.check()
        flows = DocumentFlowRepository(work.connection)
        if len(flows.list(scope)) >= MAX_FLOWS:
            raise Conflict(_("A tenant has at most {limit} flows.").format(limit=MAX_FLOWS))
        flow = DocumentFlow(
            id=new_id("flw"),
            tenant_id=scope.tenant_id,
            name=draft.name,
            description=draft.description,
            document_name=draft.document_name,
            document_type=draft.document_type,
            rule=draft.rule,
            target=draft.target,
            is_active=True,
            created_at=self._clock.now(),
            created_by=actor.name,
        )
        flows.add(scope, flow)
        self._record(work, scope, actor, DocumentFlowAction.CREATED, flow)
        return flow

    def change_flow(
        self, work: Work, scope: TenantScope, actor: Actor, flow_id: str, draft: FlowDraft
    ) -> DocumentFlow:
        """Change a flow; what is decided already goes as it is, to the new target.

        Raises:
            InvalidInput: a field is wrong.
        """
        flow = self.get_flow(work, scope, actor, flow_id)
        draft.check()
        changed = replace(
            flow,
            name=draft.name,
            description=draft.description,
            document_name=draft.document_name,
            document_type=draft.document_type,
            rule=draft.rule,
            target=draft.target,
        )
        DocumentFlowRepository(work.connection).change(scope, changed)
        self._record(work, scope, actor, DocumentFlowAction.CHANGED, changed)
        return changed

    def set_active(
        self, work: Work, scope: TenantScope, actor: Actor, flow_id: str, *, active: bool
    ) -> DocumentFlow:
        """Activate or deactivate a flow; messages that came while it was inactive are not taken."""
        flow = replace(self.get_flow(work, scope, actor, flow_id), is_active=active)
        DocumentFlowRepository(work.connection).change(scope, flow)
        action = DocumentFlowAction.ACTIVATED if active else DocumentFlowAction.DEACTIVATED
        self._record(work, scope, actor, action, flow)
        return flow

    def delete_flow(self, work: Work, scope: TenantScope, actor: Actor, flow_id: str) -> None:
        """Remove a flow with the acknowledgements that it sent or was to send."""
        flow = self.get_flow(work, scope, actor, flow_id)
        DocumentFlowRepository(work.connection).delete(scope, flow_id, self._clock.now())
        self._record(work, scope, actor, DocumentFlowAction.DELETED, flow)

    def list_acknowledgements(
        self,
        work: Work,
        scope: TenantScope,
        actor: Actor,
        request: PageRequest,
        filters: AckFilter | None = None,
    ) -> Page[Acknowledgement]:
        """Return one page of acknowledgements, the newest first."""
        actor.require_tenant_administrator(scope.tenant_id)
        outbox = AcknowledgementRepository(work.connection)
        return outbox.page(scope, filters or AckFilter(), request)

    def get_acknowledgement(
        self, work: Work, scope: TenantScope, actor: Actor, ack_id: str
    ) -> Acknowledgement:
        """Return an acknowledgement; raises NotFound for another tenant's."""
        actor.require_tenant_administrator(scope.tenant_id)
        ack = AcknowledgementRepository(work.connection).get(scope, ack_id)
        if ack is None:
            raise NotFound(_("There is no such acknowledgement."))
        return ack

    def attempts(
        self, work: Work, scope: TenantScope, actor: Actor, ack_id: str
    ) -> Sequence[AckAttempt]:
        """Return how often an acknowledgement was posted, and with which result."""
        ack = self.get_acknowledgement(work, scope, actor, ack_id)
        return AcknowledgementRepository(work.connection).attempts(scope, ack)

    def bod(self, work: Work, scope: TenantScope, actor: Actor, ack_id: str) -> bytes | None:
        """Return the Acknowledge BOD as it was last posted; None before there is one."""
        ack = self.get_acknowledgement(work, scope, actor, ack_id)
        return self._blobs.get(ack.bod_sha256) if ack.bod_sha256 else None

    def send_again(self, work: Work, scope: TenantScope, actor: Actor, ack_id: str) -> None:
        """Post an acknowledgement once more, the same bytes, whatever became of it.

        Raises:
            Conflict: it waits already.
        """
        ack = self.get_acknowledgement(work, scope, actor, ack_id)
        if ack.state is AckState.WAITING:
            raise Conflict(_("The acknowledgement waits to be sent already."))
        AcknowledgementRepository(work.connection).again(
            scope, ack, self._clock.now(), ack.attempts + MAX_ATTEMPTS
        )
        self._audit.record(Access(work, scope, actor), AcknowledgementAction.SENT_AGAIN, ack.id)
        work.after_commit(lambda: self.wake())

    def _record(
        self,
        work: Work,
        scope: TenantScope,
        actor: Actor,
        action: DocumentFlowAction,
        flow: DocumentFlow,
    ) -> None:
        self._audit.record(Access(work, scope, actor), action, flow.id, {"name": flow.name})


def _nothing() -> None:
    """Do nothing: this process has no runner."""
