"""The proof of a connection, written stage by stage so that a page can follow it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime

from ionport.connections.check_repository import CheckRepository
from ionport.connections.model import STAGES, Check, CheckStage, CheckStatus, StageStatus
from ionport.connections.ports import ConnectionUse
from ionport.connections.repository import ConnectionRepository
from ionport.connections.targets.model import Results
from ionport.core.clock import Clock
from ionport.core.ids import new_id
from ionport.core.telemetry import COUNTERS
from ionport.core.values.alike import taken_from
from ionport.ionapi.probe import StageResult
from ionport.ionapi.transport.pool import Timeouts
from ionport.store import Database, OrganizationScope

# Shorter than for deliveries: a person is looking at the page.
TIMEOUTS = Timeouts(connect=10.0, read=30.0, total=45.0, login=30.0)


def new_check(
    connection_id: str,
    started_by: str,
    now: datetime,
    stages: Sequence[tuple[str, str]] = STAGES,
) -> Check:
    """Return a check all of whose stages are still to come."""
    return Check(
        id=new_id("chk"),
        connection_id=connection_id,
        status=CheckStatus.RUNNING,
        stages=tuple(CheckStage(key, title, StageStatus.PENDING) for key, title in stages),
        started_by=started_by,
        started_at=now,
        updated_at=now,
        finished_at=None,
    )


def prove(
    database: Database,
    scope: OrganizationScope,
    clock: Clock,
    check: Check,
    proving: Results,
    uses: ConnectionUse | None = None,
) -> None:
    """Make a proof; commits after each stage begins and ends.

    No further call is made once `check.runner` has lost the check: it counted as interrupted, or
    its connection was deleted. `uses` is notified of its end.
    """
    positions = {stage.key: position for position, stage in enumerate(check.stages)}
    failed = False
    with closing(proving) as results:
        for result in results:
            failed = failed or result.state == "failed"
            with database.write() as work:
                is_ours = CheckRepository(work.connection).set_stage(
                    scope, check, positions[result.id], _stage(result), clock.now()
                )
            if not is_ours:
                return
    status = CheckStatus.FAILED if failed else CheckStatus.PASSED
    with database.write() as work:
        # Decisions by the newest proof wait for this lock.
        ConnectionRepository(work.connection).lock(scope, check.connection_id)
        is_ours = CheckRepository(work.connection).finish(scope, check, status, clock.now())
        if is_ours and uses is not None:
            uses.proof_ended(work.within(scope), check.connection_id, clock.now())
    if is_ours:
        COUNTERS.add("proofs", outcome=status.value)


def _stage(result: StageResult) -> CheckStage:
    return taken_from(
        CheckStage,
        result,
        key=result.id,
        status=StageStatus(result.state),
        milliseconds=None if result.state == "running" else result.milliseconds,
    )
