"""Dry runs: the calls that an export would make, without making them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from ionport.api.callers import Call, allowed
from ionport.api.problems import PROBLEMS
from ionport.api.services import Services
from ionport.exports.dry_run import DryRun, as_curl
from ionport.identity.api_keys.model import ApiScope
from ionport.mappings.rendering.model import PlannedCall, Traced

router = APIRouter(tags=["Exports"], responses=PROBLEMS)
Reader = Annotated[Call, allowed(ApiScope.DOCUMENTS_READ)]


class TracedAnswer(BaseModel):
    """One value of a call; `line` is that of the mapping file, null for what is generated."""

    target: str
    value: str
    line: int | None
    key: str
    sources: Sequence[str]

    @classmethod
    def of(cls, value: Traced) -> TracedAnswer:
        return cls(
            target=value.target,
            value=value.value,
            line=value.line,
            key=value.key,
            sources=value.sources,
        )


class PlannedCallAnswer(BaseModel):
    """A call as it would be made; `path` is relative to the tenant, files have their name only.

    A file that is written has no `method`, and its name as `path`; of a webhook `path` is the
    address, and in `headers` time and signature are dots.
    """

    title: str
    method: str
    path: str
    content_type: str
    body: str
    mapping: str | None
    curl: str
    headers: Mapping[str, str]
    values: Sequence[TracedAnswer]

    @classmethod
    def of(cls, call: PlannedCall) -> PlannedCallAnswer:
        return cls(
            title=call.title,
            method=call.method,
            path=call.path,
            content_type=call.content_type,
            body=call.body,
            mapping=call.mapping_kind.value if call.mapping_kind else None,
            curl=as_curl(call),
            headers=dict(call.headers),
            values=[TracedAnswer.of(value) for value in call.values],
        )


class ObstacleAnswer(BaseModel):
    """A reason why the document would not arrive, and what to do."""

    where: str
    text: str
    remedy: str


class DryRunAnswer(BaseModel):
    """The calls in their order. `unsent` has a value in the document and is in no call."""

    calls: Sequence[PlannedCallAnswer]
    obstacles: Sequence[ObstacleAnswer]
    unsent: Sequence[str]

    @classmethod
    def of(cls, run: DryRun) -> DryRunAnswer:
        return cls(
            calls=[PlannedCallAnswer.of(call) for call in run.calls],
            obstacles=[
                ObstacleAnswer(where=one.where, text=one.text, remedy=one.remedy)
                for one in run.obstacles
            ],
            unsent=run.unsent,
        )


@router.get("/documents/{document_id}/dry-run")
def dry_run(
    services: Services,
    call: Reader,
    document_id: str,
    configuration: Annotated[
        str, Query(min_length=1, max_length=100, description="The id of an export configuration.")
    ],
) -> DryRunAnswer:
    """Say which calls an export of the document would make; nothing is sent or stored."""
    return DryRunAnswer.of(
        services.dry_runs.of_configuration(call.scope, call.actor, document_id, configuration)
    )
