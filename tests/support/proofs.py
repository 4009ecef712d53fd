"""Proofs as a run leaves them, for tests of what acts on them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ionport.connections.check_repository import CheckRepository
from ionport.connections.checks import new_check
from ionport.connections.model import STAGES, Check, CheckStage, CheckStatus, StageStatus
from ionport.core.clock import Clock
from ionport.core.paging import PageRequest
from ionport.exports.configurations.connection_use import ConfigurationConnectionUse
from ionport.exports.configurations.proof_decisions import refused_proof
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.listing import DeliveryFilter
from ionport.exports.model import DeliveryStatus
from ionport.store import Database, OrganizationScope

REFUSED = {"token": "invalid_client"}
ROLE_MISSING = {"idm": "idm_http_403"}
ION_REFUSED = {"ion": "ion_http_403"}
AWAY = {"network": "connection_refused"}


def failed_stage(check: Check) -> CheckStage | None:
    """The stage that explains a failed check."""
    return next((stage for stage in check.stages if stage.status is StageStatus.FAILED), None)


def ended_check(failed: Mapping[str, str], at: datetime, connection_id: str = "con_1") -> Check:
    """A check whose stages failed with these codes; what builds on a failed one was not reached."""
    base = new_check(connection_id, "Ada", at)
    stages: list[CheckStage] = []
    broken = False
    for key, title in STAGES:
        if key in failed:
            code = failed[key]
            stages.append(
                CheckStage(
                    key,
                    title,
                    StageStatus.FAILED,
                    5,
                    "Failed",
                    f"{title} said no: {code}.",
                    f"Mend {key}.",
                    code=code,
                )
            )
            broken = broken or key in ("file", "network", "token")
        else:
            status = StageStatus.SKIPPED if broken else StageStatus.PASSED
            stages.append(CheckStage(key, title, status, 5))
    status = CheckStatus.FAILED if failed else CheckStatus.PASSED
    return Check(
        id=base.id,
        connection_id=connection_id,
        status=status,
        stages=tuple(stages),
        started_by="Ada",
        started_at=at,
        updated_at=at,
        finished_at=at,
    )


def prove_as(
    database: Database,
    scope: OrganizationScope,
    clock: Clock,
    connection_id: str,
    failed: Mapping[str, str] | None = None,
) -> Check:
    """Store a check that ended so, and tell who uses the connection, as the run does."""
    check = ended_check(failed or {}, clock.now(), connection_id)
    with database.write() as work:
        CheckRepository(work.connection).add(scope, check)
        ConfigurationConnectionUse().proof_ended(work.within(scope), connection_id, clock.now())
    return check


def hold_deliveries(database: Database, scope: OrganizationScope) -> str:
    """Hold what is not over, as the engine does when it takes it up; returns one's id."""
    page = PageRequest()
    with database.write() as work:
        repository = DeliveryRepository(work.connection)
        found = repository.list(scope, DeliveryFilter(), page).items
        for delivery in found:
            problem = refused_proof(work.within(scope), delivery)
            assert problem is not None
            values = {
                "status": DeliveryStatus.WAITING,
                "due_at": None,
                "error_code": problem.code,
                "error_text": problem.text,
                "remedy": problem.remedy,
            }
            assert repository.update(scope, delivery.id, values)
    return found[0].id
