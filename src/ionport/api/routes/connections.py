"""Connections and their proofs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from ionport.api.callers import Call, allowed
from ionport.api.connection_answers import ConnectionAnswer, ProofAnswer
from ionport.api.paging import PageAsked, page_of
from ionport.api.problems import PROBLEMS
from ionport.api.schemas import ListAnswer
from ionport.api.services import ApiServices, Services
from ionport.connections.pauses import REASON_LENGTH
from ionport.core.errors import NotFound
from ionport.core.i18n import _
from ionport.documents.listing.model import Cursor
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiScope
from ionport.store import OrganizationScope

router = APIRouter(prefix="/connections", tags=["Connections"], responses=PROBLEMS)
Reader = Annotated[Call, allowed(ApiScope.CONNECTIONS_READ)]
Prover = Annotated[Call, allowed(ApiScope.CONNECTIONS_PROVE)]
Pauser = Annotated[Call, allowed(ApiScope.CONNECTIONS_PAUSE)]


@router.get("")
def list_connections(
    services: Services, call: Reader, asked: Annotated[PageAsked, Depends(page_of)]
) -> ListAnswer[ConnectionAnswer]:
    """List the uploaded connections, by name; nothing secret is in them."""
    with services.database.read() as work:
        access = Access(work, call.scope, call.actor)
        page = services.connections.following(access, asked.limit, asked.behind_name())
        pausing = services.deliveries.without_answer(access)
    last = page.items[-1] if page.has_more else None
    return ListAnswer(
        items=[ConnectionAnswer.of(connection, pausing) for connection in page.items],
        next=Cursor((last.name, last.id)).text if last else None,
        total=page.total,
        has_more=False,
    )


@router.get("/{connection_id}")
def get_connection(services: Services, call: Reader, connection_id: str) -> ConnectionAnswer:
    """Read one connection."""
    with services.database.read() as work:
        return _answer(services, Access(work, call.scope, call.actor), connection_id)


class PauseRequest(BaseModel):
    """Why a connection is paused; it is shown to all who wait."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=REASON_LENGTH)


@router.post("/{connection_id}/pause")
def pause(
    services: Services, call: Pauser, connection_id: str, wanted: PauseRequest | None = None
) -> ConnectionAnswer:
    """Let nothing be delivered over a connection until it is resumed; proofs run all the same."""
    with services.database.write() as work:
        access = Access(work, call.scope, call.actor)
        services.connections.pauses.pause(access, connection_id, wanted.reason if wanted else "")
        return _answer(services, access, connection_id)


@router.post("/{connection_id}/resume")
def resume(services: Services, call: Pauser, connection_id: str) -> ConnectionAnswer:
    """Let deliveries go on over a connection, also where no server has answered lately."""
    with services.database.write() as work:
        access = Access(work, call.scope, call.actor)
        services.connections.pauses.resume(access, connection_id)
        return _answer(services, access, connection_id)


def _answer(
    services: ApiServices, access: Access[OrganizationScope], connection_id: str
) -> ConnectionAnswer:
    pausing = services.deliveries.without_answer(access)
    return ConnectionAnswer.of(services.connections.get(access, connection_id), pausing)


@router.get("/{connection_id}/proof")
def get_proof(services: Services, call: Reader, connection_id: str) -> ProofAnswer:
    """Read the proof that was started last, as far as it has come."""
    with services.database.read() as work:
        access = Access(work, call.scope, call.actor)
        connection = services.connections.get(access, connection_id)
        check = services.connections.latest_check(access, connection.id)
    if check is None:
        raise NotFound(_("The connection was never proved."), code="no_proof")
    return ProofAnswer.of(check)


@router.post("/{connection_id}/proof", status_code=202)
def start_proof(services: Services, call: Prover, connection_id: str) -> ProofAnswer:
    """Start a proof, and answer at once; one that runs already is answered instead."""
    with services.database.write() as work:
        check = services.connections.start_check(
            Access(work, call.scope, call.actor), connection_id
        )
    services.connections.run_check_in_background(services.database, call.scope, check.id)
    return ProofAnswer.of(check)
