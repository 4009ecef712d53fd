"""ION as a test sets it up: connection points, and answers to invoices."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ionport.core.paging import Page, PageRequest
from ionport.gateway.suites.model import EndpointDraft, SuiteDraft
from ionport.gateway.targets.security import KeyMode, KeyParameter, SecurityDraft, SecurityType
from ionport.identity.access import Access
from ionport.sandbox.messaging.flows.model import (
    STARTERS,
    Acknowledgement,
    AckState,
    FlowDraft,
    FlowTarget,
    Rejects,
    Rule,
)
from ionport.sandbox.messaging.points.model import PointDraft
from ionport.store import Work
from ionport.testing.handle.reading import agreeing, all_pages, only
from ionport.testing.handle.state import IonState
from ionport.testing.parts import ACTOR, Parts

_PROXY_CONTEXT: Final = "Receiver"
_READ_WITHIN: Final = 10.0
"""Seconds in which a flow has surely read a document that came."""


@dataclass(frozen=True, slots=True)
class IonAcknowledgement:
    """An answer that a document flow made to a message.

    Attributes:
        outcome: Accepted, Rejected or ConfirmBOD; empty before the document has been read.
        state: waiting, sent, failed, passed over, or kept where the flow names no API.
        statuses: what the receiver answered to each attempt, None without an answer.
    """

    outcome: str
    reason: str
    state: str
    message_id: str
    statuses: tuple[int | None, ...]
    _read: Callable[[], bytes | None] = field(repr=False, compare=False)

    @property
    def is_unread(self) -> bool:
        """Whether the flow has not read the document yet."""
        return not self.outcome and self.state == AckState.WAITING

    @property
    def bod(self) -> bytes:
        """The bytes of Acknowledge.SupplierInvoice; empty before it has been decided."""
        return self._read() or b""


class Ion(IonState):
    """The messages that ION took, and what it does with them. A reset undoes all of it."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._contexts = (f"Receiver{number}" for number in itertools.count(1))

    def refuse_strangers(self, refuse: bool = True) -> None:
        """Answer 412 to senders without a connection point, as a real tenant does."""
        with self._parts.database.write() as work:
            self._parts.side.ion.points.set_strict(Access(work, self._parts.scope, ACTOR), refuse)

    def add_connection_point(self, name: str, client_id: str, *documents: str) -> str:
        """Let an app send documents and return its logical id, such as `lid://infor.ims.name`.

        `client_id` is `ci` of a credential file; without `documents` it is Sync.CaptureDocument.

        Raises:
            InvalidInput: a name is none.
            Conflict: there is a connection point of that name.
        """
        draft = PointDraft(name, "", client_id, documents or STARTERS[:1])
        with self._parts.database.write() as work:
            points = self._parts.side.ion.points
            return points.create_point(Access(work, self._parts.scope, ACTOR), draft).logical_id

    def answer_invoices(
        self,
        url: str,
        *,
        document_name: str = STARTERS[0],
        rejects: bool | Rule = False,
        headers: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        """Post Acknowledge.SupplierInvoice to `url` for each invoice that comes from now on.

        It is the file `file` of a form, as the vendor's document flow sends it.

        Args:
            url: where the receiver listens; http on this computer, or https.
            document_name: the document that is answered.
            rejects: whether all are rejected, or the rule that says which are.
            headers: what proves the call, such as `X-API-KEY`.
            parameters: further fields of the form.

        Raises:
            InvalidInput: the address or a name cannot be taken.
        """
        context = next(self._contexts)
        keys = tuple(KeyParameter(KeyMode.HEADER, *pair) for pair in (headers or {}).items())
        kind = SecurityType.API_KEY if keys else SecurityType.ANONYMOUS
        endpoint = EndpointDraft(
            url, "A test's receiver", _PROXY_CONTEXT, security=SecurityDraft(kind, parameters=keys)
        )
        if isinstance(rejects, bool):
            rejects = Rule(Rejects.ALWAYS if rejects else Rejects.NEVER)
        target = FlowTarget(context, _PROXY_CONTEXT, "", parameters=dict(parameters or {}))
        side, scope = self._parts.side, self._parts.scope
        suite = SuiteDraft(context, context, "Made by a test", context)
        with self._parts.database.write() as work:
            access = Access(work, scope, ACTOR)
            side.custom_apis.suites.create_suite(access, suite, [endpoint])
            flow = FlowDraft(context, document_name, rejects, target)
            side.ion.flows.create_flow(access, flow)

    def acknowledgements(self, **wanted: object) -> list[IonAcknowledgement]:
        """Return the answers whose attributes are as wanted, the newest first."""
        flows, scope = self._parts.side.ion.flows, self._parts.scope

        def page(work: Work, request: PageRequest) -> Page[Acknowledgement]:
            return flows.list_acknowledgements(Access(work, scope, ACTOR), request)

        found = list(all_pages(self._parts.database, page))
        with self._parts.database.read() as work:
            return agreeing([self._answer(work, ack) for ack in found], wanted)

    def acknowledgement(self, **wanted: object) -> IonAcknowledgement:
        """Return the one answer that agrees; raises AssertionError when it is not exactly one.

        A flow reads a document a moment after it has come: up to ten seconds are waited for that.
        """
        ends = time.monotonic() + _READ_WITHIN
        while any(each.is_unread for each in self.acknowledgements()) and time.monotonic() < ends:
            time.sleep(0.02)
        found = self.acknowledgements(**wanted)
        return only(found, wanted, "acknowledgement", self.acknowledgements)

    def _answer(self, work: Work, ack: Acknowledgement) -> IonAcknowledgement:
        flows, scope = self._parts.side.ion.flows, self._parts.scope
        inspection = self._parts.side.inspection
        digest, blobs = ack.bod_sha256, self._parts.blobs
        return IonAcknowledgement(
            outcome=ack.outcome,
            reason=ack.reason,
            state=ack.state.value,
            message_id=inspection.get_message(
                Access(work, scope, ACTOR), ack.message_row_id
            ).message_id,
            statuses=tuple(
                one.status for one in flows.attempts(Access(work, scope, ACTOR), ack.id)
            ),
            _read=lambda: None if digest is None else blobs.get(digest),
        )
