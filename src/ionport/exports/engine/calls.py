"""The calls to Infor that deliveries make, each with its record for the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import IonportError
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.exports.destinations import infor_idm, infor_idm_bod
from ionport.exports.destinations.clients import ClientPool
from ionport.exports.destinations.infor_idm import IdmPayload, OtherItem
from ionport.exports.engine.records import Held
from ionport.exports.engine.right import RightToSend
from ionport.exports.ledger.attempts import Problem, Recording
from ionport.exports.model import Attempt, AttemptState, StepKind
from ionport.ionapi import IonApiError
from ionport.ionapi.client import IonApiClient


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call has brought: the remote id, a sentence, and columns for the delivery."""

    remote_id: str
    summary: str
    delivery: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What a look-up has brought: its attempt, the ids of the items, or why it could not ask."""

    attempt: Attempt
    pids: tuple[str, ...]
    problem: Problem | None
    others: tuple[OtherItem, ...] = ()


class InforCalls:
    """Makes the calls of steps over the connection's client; never inside a transaction."""

    def __init__(
        self,
        blobs: Blobs,
        clock: Clock,
        clients: ClientPool,
        worker_id: str,
    ) -> None:
        self._blobs = blobs
        self._clock = clock
        self._clients = clients
        self._worker_id = worker_id

    def new_attempt(self, held: Held, kind: StepKind) -> Attempt:
        """Return the next attempt of a step; nothing of it has been sent."""
        step = held.steps[kind]
        return Attempt(
            id=new_id("att"),
            delivery_id=held.delivery.id,
            step=kind,
            number=step.attempts + 1,
            state=AttemptState.SENT,
            history=(),
            worker_id=self._worker_id,
            sent_at=self._clock.now(),
            request={"payload": step.payload_digest or ""},
        )

    def look_up(self, held: Held, *, first: bool = False) -> LookedUp:
        """Ask IDM for the items with the delivery's correlation id.

        Before the `first` create it is asked for other items of the same invoice, too.

        Changes nothing at Infor, so that the attempt is only recorded afterwards.
        """
        attempt = self.new_attempt(held, StepKind.IDM_LOOK_UP)
        recording = Recording()
        try:
            client = self._client(held, recording)
            payload = self._idm_payload(held)
            others: list[OtherItem] = []
            if first:
                items, others = infor_idm.look_up_invoice(client, payload)
            else:
                items = infor_idm.look_up(client, payload)
        except (IonApiError, IonportError) as error:
            problem = Problem.of(error).without_effect()
            return LookedUp(recording.failed(attempt, self._clock.now(), problem), (), problem)
        pids = tuple(item.pid for item in items)
        found = {"found": bool(pids), "pid": ", ".join(pids)}
        if others:
            found["others"] = ", ".join(other.pid for other in others)
        done = recording.succeeded(attempt, self._clock.now(), found)
        return LookedUp(done, pids, None, tuple(others))

    def make(
        self, held: Held, kind: StepKind, right: RightToSend
    ) -> tuple[Attempt, Answer | None, Problem | None]:
        """Make a call that changes something at Infor; `right` commits each of its sends.

        Raises:
            LeaseLost: somebody else runs the delivery; nothing was sent since.
        """
        recording = Recording()
        try:
            client = self._client(held, recording).guarded_by(right)
            if kind is StepKind.IDM_CREATE:
                answer = self._create(held, client)
            else:
                answer = self._publish(held, client)
        except (IonApiError, IonportError) as error:
            problem = Problem.of(error)
            return recording.failed(right.attempt, self._clock.now(), problem), None, problem
        found = {"remote_id": answer.remote_id}
        return recording.succeeded(right.attempt, self._clock.now(), found), answer, None

    def _create(self, held: Held, client: IonApiClient) -> Answer:
        payload = self._idm_payload(held)
        content = self._blobs.get(payload.content_sha256)
        item = infor_idm.create(client, payload, content)
        return Answer(item.pid, _("Created in IDM."), {"idm_pid": item.pid})

    def _publish(self, held: Held, client: IonApiClient) -> Answer:
        step = held.steps[StepKind.ION_PUBLISH]
        payload = self._blobs.get(step.payload_digest or "")
        published = infor_idm_bod.publish(client, step.parameters, payload)
        return Answer(published.message_id, _("Taken by ION."), {})

    def _client(self, held: Held, recording: Recording) -> IonApiClient:
        client = self._clients.get(held.scope, held.delivery.connection_id)
        return client.observed_by(recording.observe)

    def _idm_payload(self, held: Held) -> IdmPayload:
        digest = held.steps[StepKind.IDM_CREATE].payload_digest or ""
        return IdmPayload.from_bytes(self._blobs.get(digest))
