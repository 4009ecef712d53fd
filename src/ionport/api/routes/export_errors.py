"""Deliveries that failed or that the ERP has not taken, by cause: retry or re-export them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from ionport.api.callers import Call, allowed
from ionport.api.problems import PROBLEMS
from ionport.api.routes.deliveries import ReplayAnswer
from ionport.api.schemas import Answer
from ionport.api.services import Services
from ionport.documents.model import ErpStatus
from ionport.exports.error_queue.service import ErrorGroup
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiScope

router = APIRouter(tags=["Exports"], responses=PROBLEMS)
Reader = Annotated[Call, allowed(ApiScope.DOCUMENTS_READ)]
Exporter = Annotated[Call, allowed(ApiScope.EXPORTS_WRITE)]


class ErrorGroupAnswer(Answer):
    """Deliveries with one cause; `error` is the answer to the newest one."""

    cause: str = Field(description="Names the cause in the call that tries all of it again.")
    title: str | None = Field(description="The cause, where the message is a known one.")
    error_code: str
    error: str
    remedy: str | None
    mapping: str | None = Field(description="The lines of a mapping file that decide it.")
    rejected: bool = Field(
        description="Whether the ERP has rejected them: not tried again, but exported as new."
    )
    erp_status: str | None = Field(
        description="Null: they failed. `rejected` or `no_word`: Infor has them, and they are not"
        " tried again, but exported as new."
    )
    deliveries: int
    oldest: datetime
    newest_id: str

    @classmethod
    def of(cls, group: ErrorGroup) -> ErrorGroupAnswer:
        return cls.made_of(
            group,
            cause=group.cause.key,
            title=group.cause.title or None,
            error_code=group.code,
            error=group.text,
            remedy=group.remedy or None,
            mapping=group.cause.mapping or None,
            rejected=group.erp_status is ErpStatus.REJECTED,
        )


class ReasonAsked(BaseModel):
    """Why all of one cause are exported again."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=500, description="Kept with each delivery.")


@router.get("/export-errors")
def list_export_errors(services: Services, call: Reader) -> Sequence[ErrorGroupAnswer]:
    """List why deliveries have failed or the ERP has not taken them, the most frequent cause first.

    At most a hundred.
    """
    with services.database.read() as work:
        groups = services.error_queue.groups(Access(work, call.scope, call.actor))
    return [ErrorGroupAnswer.of(group) for group in groups]


@router.post("/export-errors/{cause}/retry", status_code=202)
def retry_cause(services: Services, call: Exporter, cause: str) -> ReplayAnswer:
    """Try all deliveries of one cause again in the background, each from the step that failed.

    Those of 10,000 documents at most. `GET /deliveries/replays/{replay_id}` tells how far it is.
    """
    run = services.error_queue.retry(services.database, call.scope, call.actor, cause)
    return ReplayAnswer.about(run, {})


@router.post("/export-errors/{cause}/re-export", status_code=202)
def re_export_cause(
    services: Services, call: Exporter, cause: str, asked: ReasonAsked
) -> ReplayAnswer:
    """Export all that the ERP has not taken for one cause again as new, in the background.

    A run that is not over is answered to who asks again with the same reason; another reason is
    refused (409 `re_export_under_way`).
    Those of 10,000 documents at most. Remove the cause first, and check whether the ERP has those
    that it sent no status of. Documents that findings hold are left out, and counted by the reason;
    `GET /deliveries/replays/{replay_id}` tells how far it is.
    """
    run = services.error_queue.re_export(
        services.database, call.scope, call.actor, cause, asked.reason
    )
    return ReplayAnswer.about(run, {})
