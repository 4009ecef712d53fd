"""The calls to Infor that deliveries make, each with its record for the ledger."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import IonportError, Unavailable
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.exports.attempts import Problem, Recording
from ionport.exports.clients import ClientPool
from ionport.exports.destinations import infor_idm, infor_idm_bod
from ionport.exports.destinations.infor_idm import IdmPayload
from ionport.exports.model import Attempt, AttemptState, StateChange, StepKind
from ionport.exports.records import Held
from ionport.exports.timing import ExportTiming
from ionport.ionapi import IonApiError
from ionport.ionapi.client import IonApiClient


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call has brought: the remote id, a sentence, and columns for the delivery."""

    remote_id: str
    summary: str
    delivery: Mapping[str, Any]


class InforCalls:
    """Makes the calls of steps over the connection's client; never inside a transaction."""

    def __init__(
        self,
        blobs: Blobs,
        clock: Clock,
        clients: ClientPool,
        timing: ExportTiming,
        worker_id: str,
    ) -> None:
        self._blobs = blobs
        self._clock = clock
        self._clients = clients
        self._timing = timing
        self._worker_id = worker_id

    def new_attempt(self, held: Held, kind: StepKind) -> Attempt:
        """Return the next attempt of a step, as it is committed before the call."""
        step = held.steps[kind]
        now = self._clock.now()
        return Attempt(
            id=new_id("att"),
            delivery_id=held.delivery.id,
            step=kind,
            number=step.attempts + 1,
            state=AttemptState.SENT,
            history=(StateChange(AttemptState.SENT, now),),
            worker_id=self._worker_id,
            sent_at=now,
            request={"payload": step.payload_digest or ""},
        )

    def look_up(self, held: Held) -> tuple[Attempt, str | None, Problem | None]:
        """Ask IDM for the item with the delivery's correlation id; returns its pid, if any.

        Changes nothing at Infor, so that the attempt is only recorded afterwards.
        """
        attempt = self.new_attempt(held, StepKind.IDM_LOOK_UP)
        recording = Recording()
        try:
            client = self._client(held, recording)
            item = infor_idm.look_up(client, self._idm_payload(held))
        except (IonApiError, IonportError) as error:
            problem = Problem.of(error).without_effect()
            return recording.failed(attempt, self._clock.now(), problem), None, problem
        pid = item.pid if item else None
        found = {"found": pid is not None, "pid": pid or ""}
        return recording.succeeded(attempt, self._clock.now(), found), pid, None

    def make(
        self, held: Held, kind: StepKind, attempt: Attempt
    ) -> tuple[Attempt, Answer | None, Problem | None]:
        """Make the call of an attempt that has just been committed as `sent`."""
        committed = time.monotonic()
        recording = Recording()
        try:
            client = self._client(held, recording)
            if kind is StepKind.IDM_CREATE:
                answer = self._create(held, client, committed)
            else:
                answer = self._publish(held, client, committed)
        except (IonApiError, IonportError) as error:
            problem = Problem.of(error)
            return recording.failed(attempt, self._clock.now(), problem), None, problem
        found = {"remote_id": answer.remote_id}
        return recording.succeeded(attempt, self._clock.now(), found), answer, None

    def _create(self, held: Held, client: IonApiClient, committed: float) -> Answer:
        payload = self._idm_payload(held)
        content = self._blobs.get(payload.content_sha256)
        self._refuse_stale(committed)
        item = infor_idm.create(client, payload, content)
        return Answer(item.pid, _("Created in IDM."), {"idm_pid": item.pid})

    def _publish(self, held: Held, client: IonApiClient, committed: float) -> Answer:
        step = held.steps[StepKind.ION_PUBLISH]
        payload = self._blobs.get(step.payload_digest or "")
        self._refuse_stale(committed)
        published = infor_idm_bod.publish(client, step.parameters, payload)
        return Answer(published.message_id, _("Taken by ION."), {})

    def _refuse_stale(self, committed: float) -> None:
        """A process that slept since its `sent` may have been given up: it must not send now."""
        if time.monotonic() - committed > self._timing.send_within:
            raise Unavailable(_("This server was too slow to make the call; it was not made."))

    def _client(self, held: Held, recording: Recording) -> IonApiClient:
        client = self._clients.get(held.scope, held.delivery.connection_id)
        return client.observed_by(recording.observe)

    def _idm_payload(self, held: Held) -> IdmPayload:
        digest = held.steps[StepKind.IDM_CREATE].payload_digest or ""
        return IdmPayload.from_bytes(self._blobs.get(digest))
