"""What the API answers of connections and their proofs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import Field

from ionport.api.schemas import Answer
from ionport.api.sentences import TOLD, SentenceAnswer
from ionport.connections.model import Check, Connection
from ionport.exports.listing import NoAnswer


class NoAnswerAnswer(Answer):
    """Until when the deliveries over a connection wait, whose servers have not answered."""

    until: datetime
    deliveries: int
    reason: str
    reason_sentence: SentenceAnswer | None = TOLD

    @classmethod
    def of(cls, found: NoAnswer) -> NoAnswerAnswer:
        return cls.made_of(found, reason=found.text, reason_sentence=SentenceAnswer.of(found.text))


class ConnectionAnswer(Answer):
    """An uploaded `.ionapi`, without anything secret."""

    id: str
    name: str
    tenant: str
    app: str
    environment: str | None
    gateway: str
    authorization_server: str
    kind: str
    uploaded_at: datetime
    uploaded_by: str
    credentials_end_on: str | None = Field(
        description="The last day on which its credentials are good, as a person has noted it."
    )
    paused_at: datetime | None = Field(
        description="Since when a person has paused it: nothing is delivered over it."
    )
    paused_by: str | None
    pause_reason: str | None
    no_answer: NoAnswerAnswer | None = Field(
        description="Deliveries wait because several calls in a row had no answer."
    )

    @classmethod
    def of(cls, connection: Connection, without_answer: Mapping[str, NoAnswer]) -> ConnectionAnswer:
        found = without_answer.get(connection.id)
        return cls.made_of(
            connection,
            tenant=connection.tenant_id,
            app=connection.app_name,
            paused_by=connection.paused_by or None,
            pause_reason=connection.pause_reason or None,
            no_answer=None if found is None else NoAnswerAnswer.of(found),
        )


class StageAnswer(Answer):
    """One stage of a proof.

    `code` is a stable word for how it ended, `parameters` are the values in its texts by name.
    """

    key: str
    title: str
    status: str
    milliseconds: int | None
    summary: str
    cause: str
    remedy: str
    code: str
    parameters: Mapping[str, str]


class ProofAnswer(Answer):
    """A proof of a connection, as far as it has come."""

    id: str
    connection: str
    status: str
    stages: Sequence[StageAnswer]
    started_at: datetime
    started_by: str
    finished_at: datetime | None

    @classmethod
    def of(cls, check: Check) -> ProofAnswer:
        return cls.made_of(
            check,
            connection=check.connection_id,
            stages=[StageAnswer.made_of(stage) for stage in check.stages],
        )
