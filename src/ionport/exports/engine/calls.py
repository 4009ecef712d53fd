"""The calls to targets that deliveries make, each with its record for the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import IonportError
from ionport.core.ids import new_id
from ionport.exports.destinations.clients import ClientPool
from ionport.exports.destinations.port import (
    Answer,
    AnyCall,
    AnyLookUp,
    Calling,
    OtherItem,
    Payload,
    TargetClient,
)
from ionport.exports.engine.passes.model import RunningPass
from ionport.exports.engine.right import RightToSend
from ionport.exports.ledger.attempts import Problem, Recording
from ionport.exports.model import Attempt, AttemptState, StepKind
from ionport.ionapi import IonApiError


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The result of a look-up: its attempt, the ids of the items, or why it was not possible."""

    attempt: Attempt
    pids: tuple[str, ...]
    problem: Problem | None
    others: tuple[OtherItem, ...] = ()


class TargetCalls:
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

    def new_attempt(self, running: RunningPass, kind: StepKind) -> Attempt:
        """Return the next attempt of a step; nothing of it has been sent."""
        step = running.steps[kind]
        return Attempt(
            id=new_id("att"),
            delivery_id=running.delivery.id,
            step=kind,
            number=step.attempts + 1,
            state=AttemptState.SENT,
            history=(),
            worker_id=self._worker_id,
            sent_at=self._clock.now(),
            request={"payload": step.payload_digest or ""},
        )

    def look_up(self, running: RunningPass, call: AnyCall, *, first: bool = False) -> LookedUp:
        """Ask the target for the items with the delivery's correlation id.

        Before the `first` call it is asked for other items of the same invoice, too.

        Changes nothing there, so that the attempt is only recorded afterwards.
        """
        look_up = _look_up_of(call)
        attempt = self.new_attempt(running, look_up.kind)
        recording = Recording()
        try:
            client: Any = self._client(running, recording)
            find = look_up.find_before_first if first else look_up.find
            found = find(client, self._payload(running, call))
        except (IonApiError, IonportError) as error:
            problem = Problem.of(error).without_effect()
            return LookedUp(recording.failed(attempt, self._clock.now(), problem), (), problem)
        told = {"found": bool(found.ids), "pid": ", ".join(found.ids)}
        if found.others:
            told["others"] = ", ".join(other.pid for other in found.others)
        done = recording.succeeded(attempt, self._clock.now(), told)
        return LookedUp(done, found.ids, None, found.others)

    def make(
        self, running: RunningPass, call: AnyCall, right: RightToSend
    ) -> tuple[Attempt, Answer | None, Problem | None]:
        """Make a call that changes something at the target; `right` commits each of its sends.

        Raises:
            LeaseLost: another worker runs the delivery; nothing was sent since.
        """
        recording = Recording()
        try:
            reader: Any = self._client(running, recording)
            calling = Calling(reader.guarded_by(right), reader, self._blobs.get)
            answer = call.make(calling, self._payload(running, call))
        except (IonApiError, IonportError) as error:
            problem = Problem.of(error)
            return recording.failed(right.attempt, self._clock.now(), problem), None, problem
        found = {"remote_id": answer.remote_id}
        done = recording.succeeded(right.attempt, self._clock.now(), found, answer.is_whole)
        return done, answer, None

    def _client(self, running: RunningPass, recording: Recording) -> TargetClient:
        client = self._clients.get(running.scope, running.delivery.connection_id)
        return client.observed_by(recording.observe)

    def _payload(self, running: RunningPass, call: AnyCall) -> Payload:
        step = running.steps[call.kind]
        earlier = {
            kind: other.remote_id
            for kind, other in running.steps.items()
            if other.position < step.position and other.remote_id
        }
        content = self._blobs.get(step.payload_digest) if step.payload_digest else b""
        return Payload(content, step.parameters, earlier)


def _look_up_of(call: AnyCall) -> AnyLookUp:
    if call.look_up is None:
        raise ValueError(f"what {call.kind} may have made cannot be looked up")
    return call.look_up
