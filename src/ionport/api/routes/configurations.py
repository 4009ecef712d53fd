"""Export configurations as JSON: to be kept, compared, and imported elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from ionport.api.callers import Call, allowed
from ionport.api.problems import PROBLEMS
from ionport.api.schemas import Answer
from ionport.api.services import Services
from ionport.exports.configurations.transfer import read_transfer
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiScope

router = APIRouter(
    prefix="/export-configurations", tags=["Export configurations"], responses=PROBLEMS
)
Manager = Annotated[Call, allowed(ApiScope.CONFIGURATIONS_MANAGE)]


class ImportedAnswer(Answer):
    """A configuration that was made; it is not active."""

    id: str
    title: str


@router.get("", response_class=Response, responses={200: {"content": {"application/json": {}}}})
def export_configurations(services: Services, call: Manager) -> Response:
    """Read all export configurations as one file, which names what they use; 200 at most."""
    with services.database.read() as work:
        access = Access(work, call.scope, call.actor)
        content = services.configurations.transfer.write(access)
    return Response(content, media_type="application/json")


@router.post("", status_code=201)
def import_configurations(
    services: Services, call: Manager, file: Annotated[dict[str, Any], Body()]
) -> Sequence[ImportedAnswer]:
    """Make the configurations of such a file, all of them or none; none of them is active.

    Connections, mapping files and sub-organizations are found by their names.
    """
    call.actor.require_organization_administrator(call.scope.organization_id)
    named = read_transfer(json.dumps(file).encode())
    with services.database.write() as work:
        made = services.configurations.transfer.read(Access(work, call.scope, call.actor), named)
    return [ImportedAnswer(id=each.id, title=each.title) for each in made]
