"""What an administrator does with document flows, and what a message starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, existing
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.paging import Page, PageRequest
from ionport.core.values.alike import changed_to, taken_from
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.sandbox.messaging.flows.model import (
    MAX_ATTEMPTS,
    MAX_FLOWS,
    STARTERS,
    AckAttempt,
    AckFilter,
    Acknowledgement,
    AcknowledgementAction,
    AckState,
    DocumentFlow,
    DocumentFlowAction,
    Erp,
    FlowDraft,
    FlowTarget,
    Rule,
)
from ionport.sandbox.messaging.flows.repository import (
    AcknowledgementRepository,
    DocumentFlowRepository,
)
from ionport.sandbox.messaging.model import Message
from ionport.sandbox.messaging.points.repository import ConnectionPointRepository
from ionport.store import ScopedWork, TenantScope

BY_ITSELF = "sandbox"


class DocumentFlowService:
    """Document flows; every method but `start` needs a tenant administrator.

    `wake` is called when something is to be sent; the runner sets it.
    """

    def __init__(self, clock: Clock, blobs: Blobs, audit: AuditLog) -> None:
        self._clock = clock
        self._blobs = blobs
        self._audit = audit
        self.wake: Callable[[], None] = _nothing

    def start(self, access: ScopedWork[TenantScope], message: Message) -> None:
        """Let a new message start the flows that take it: what they send is stored with it.

        So that an invoice is handed to an ERP without set-up, as at a tenant that has the vendor's
        flow, the sandbox makes a flow by itself, unless the tenant is strict.
        """
        flows = DocumentFlowRepository(access.connection)
        if message.document_name in STARTERS and not flows.takes(
            access.scope, message.document_name
        ):
            self._open(access, message.document_name)
        outbox = AcknowledgementRepository(access.connection)
        now = self._clock.now()
        for flow_id in flows.started_by(access.scope, message.document_name):
            outbox.add(
                access.scope,
                Acknowledgement(
                    id=new_id("ack"),
                    tenant_id=access.scope.tenant_id,
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
            access.after_commit(lambda: self.wake())

    def _open(self, access: ScopedWork[TenantScope], document_name: str) -> None:
        if ConnectionPointRepository(access.connection).is_strict(access.scope):
            return
        # With a fixed id, so that messages that arrive at once make one flow.
        tenant_id = access.scope.tenant_id
        flow = DocumentFlow(
            id=f"flw_{tenant_id}_{document_name}",
            tenant_id=tenant_id,
            name=f"{document_name}_to_M3",
            description="Opened by the sandbox.",
            document_name=document_name,
            document_type="",
            rule=Rule(erp=Erp.M3),
            target=FlowTarget(),
            is_active=True,
            created_at=self._clock.now(),
            created_by=BY_ITSELF,
        )
        DocumentFlowRepository(access.connection).open(access.scope, flow)

    def list_flows(self, access: Access[TenantScope]) -> Sequence[DocumentFlow]:
        """Return the tenant's flows by name; there are at most 50."""
        access.require_tenant_administrator()
        return DocumentFlowRepository(access.connection).list(access.scope)

    def get_flow(self, access: Access[TenantScope], flow_id: str) -> DocumentFlow:
        """Return a flow; raises NotFound for another tenant's."""
        access.require_tenant_administrator()
        flow = DocumentFlowRepository(access.connection).get(access.scope, flow_id)
        return existing(flow, _("There is no such document flow."))

    def create_flow(self, access: Access[TenantScope], draft: FlowDraft) -> DocumentFlow:
        """Store a new flow, active.

        Raises:
            InvalidInput: a field is wrong.
            Conflict: there are 50 already.
        """
        access.require_tenant_administrator()
        draft.check()
        flows = DocumentFlowRepository(access.connection)
        if len(flows.list(access.scope)) >= MAX_FLOWS:
            raise Conflict(_("A tenant has at most {limit} flows.").format(limit=MAX_FLOWS))
        flow = taken_from(
            DocumentFlow,
            draft,
            id=new_id("flw"),
            tenant_id=access.scope.tenant_id,
            is_active=True,
            created_at=self._clock.now(),
            created_by=access.actor.name,
        )
        flows.add(access.scope, flow)
        self._record(access, DocumentFlowAction.CREATED, flow)
        return flow

    def change_flow(
        self, access: Access[TenantScope], flow_id: str, draft: FlowDraft
    ) -> DocumentFlow:
        """Change a flow; acknowledgements that are made already are posted to the new target.

        Raises:
            InvalidInput: a field is wrong.
        """
        flow = self.get_flow(access, flow_id)
        draft.check()
        changed = changed_to(flow, draft)
        DocumentFlowRepository(access.connection).change(access.scope, changed)
        self._record(access, DocumentFlowAction.CHANGED, changed)
        return changed

    def set_active(
        self, access: Access[TenantScope], flow_id: str, *, active: bool
    ) -> DocumentFlow:
        """Activate or deactivate a flow; messages that came while it was inactive are not taken."""
        flow = replace(self.get_flow(access, flow_id), is_active=active)
        DocumentFlowRepository(access.connection).change(access.scope, flow)
        action = DocumentFlowAction.ACTIVATED if active else DocumentFlowAction.DEACTIVATED
        self._record(access, action, flow)
        return flow

    def delete_flow(self, access: Access[TenantScope], flow_id: str) -> None:
        """Remove a flow with the acknowledgements that it sent or was to send."""
        flow = self.get_flow(access, flow_id)
        DocumentFlowRepository(access.connection).delete(access.scope, flow_id, self._clock.now())
        self._record(access, DocumentFlowAction.DELETED, flow)

    def list_acknowledgements(
        self, access: Access[TenantScope], request: PageRequest, filters: AckFilter | None = None
    ) -> Page[Acknowledgement]:
        """Return one page of acknowledgements, the newest first."""
        access.require_tenant_administrator()
        outbox = AcknowledgementRepository(access.connection)
        return outbox.page(access.scope, filters or AckFilter(), request)

    def get_acknowledgement(self, access: Access[TenantScope], ack_id: str) -> Acknowledgement:
        """Return an acknowledgement; raises NotFound for another tenant's."""
        access.require_tenant_administrator()
        ack = AcknowledgementRepository(access.connection).get(access.scope, ack_id)
        return existing(ack, _("There is no such acknowledgement."))

    def attempts(self, access: Access[TenantScope], ack_id: str) -> Sequence[AckAttempt]:
        """Return the attempts to post an acknowledgement, with their results."""
        ack = self.get_acknowledgement(access, ack_id)
        return AcknowledgementRepository(access.connection).attempts(access.scope, ack)

    def bod(self, access: Access[TenantScope], ack_id: str) -> bytes | None:
        """Return the Acknowledge BOD as it was last posted; None before there is one."""
        ack = self.get_acknowledgement(access, ack_id)
        return self._blobs.get(ack.bod_sha256) if ack.bod_sha256 else None

    def send_again(self, access: Access[TenantScope], ack_id: str) -> None:
        """Post an acknowledgement once more, the same bytes, in whichever state it is.

        Raises:
            Conflict: it waits already.
        """
        ack = self.get_acknowledgement(access, ack_id)
        if ack.state is AckState.WAITING:
            raise Conflict(_("The acknowledgement waits to be sent already."))
        AcknowledgementRepository(access.connection).again(
            access.scope, ack, self._clock.now(), ack.attempts + MAX_ATTEMPTS
        )
        self._audit.record(access, AcknowledgementAction.SENT_AGAIN, ack.id)
        access.after_commit(lambda: self.wake())

    def _record(
        self, access: Access[TenantScope], action: DocumentFlowAction, flow: DocumentFlow
    ) -> None:
        self._audit.record(access, action, flow.id, {"name": flow.name})


def _nothing() -> None:
    """Do nothing: this process has no runner."""
