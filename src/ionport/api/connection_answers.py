"""What the API answers of connections and their proofs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import Field

from ionport.api.schemas import Answer
from ionport.connections.model import Check, Connection


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

    @classmethod
    def of(cls, connection: Connection) -> ConnectionAnswer:
        return cls.made_of(connection, tenant=connection.tenant_id, app=connection.app_name)


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
