"""What a sandbox was given of a tenant: looked at with each call, replaced as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ionport.sandbox.kit.operations import UNKNOWN_OPERATION, Answer, Call, Operation, Step
from ionport.sandbox.own.cassette import Cassette, RecordedAnswer, Replay, filled
from ionport.store import Work

REPLAYED = "replayed"
_NOT_KEPT = b"The content of this file is in no cassette."


class OwnMetadata:
    """The recordings that answer before the sandbox does; empty until something is given.

    Args:
        gateway_url: stands in answers where the tenant's gateway stood.
    """

    def __init__(self, gateway_url: str = "") -> None:
        self._gateway_url = gateway_url.rstrip("/")
        self._replay: Replay | None = None

    @property
    def contexts(self) -> Sequence[str]:
        """The API contexts that something is known of."""
        replay = self._replay
        return replay.contexts if replay else []

    def use_cassette(self, cassette: Cassette) -> None:
        """Answer by these recordings from now on, in the place of earlier ones."""
        self._replay = Replay(cassette)

    def rewind(self) -> None:
        """Begin the recordings anew."""
        if self._replay is not None:
            self._replay.rewind()

    def forget(self) -> None:
        """Answer as the sandbox does by itself."""
        self._replay = None

    def spelt(self, context: str) -> str | None:
        """Return an API context, given in any letter case, as it is written; None: not known."""
        return next((each for each in self.contexts if each.lower() == context.lower()), None)

    def operation(
        self, known: Operation, context: str, method: str, path: str, query: str
    ) -> Operation:
        """Return the operation that answers a call: `known`, or one that is known better."""
        replay = self._replay
        found = replay.find(method, f"/{context}{path}", query) if replay else None
        return known if found is None else _replaying(known, found, self._gateway_url)


def _replaying(known: Operation, recorded: RecordedAnswer, gateway_url: str) -> Operation:
    def handler(call: Call) -> Step:
        body = filled(recorded, gateway_url, call.caller.tenant_id)
        answer = Answer(
            status=recorded.status,
            body=body if recorded.is_kept else _NOT_KEPT,
            media_type=recorded.media_type or None,
            headers=dict(recorded.headers),
        )

        def step(work: Work) -> Answer:
            return answer

        return step

    is_unknown = known.name == UNKNOWN_OPERATION
    return replace(
        known, handler=handler, name=REPLAYED if is_unknown else known.name, writes=False
    )
