"""SQL of checks of connections and their stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from ionport.connections.model import Check, CheckStage, CheckStatus, StageStatus
from ionport.connections.tables import connection_check_stages, connection_checks, connections
from ionport.store import OrganizationScope
from ionport.store.repository import Repository, in_scope

_c = connections.c
_k = connection_checks.c
_g = connection_check_stages.c
# Checks of a connection that are kept: older ones go when a new one starts.
_KEPT = 20

# Built once: each delivery runs it.
_ENDED_IDS = (
    select(_k.id)
    .join(connections, _c.id == _k.connection_id)
    .where(
        _c.organization_id == bindparam("organization"),
        _k.connection_id == bindparam("wanted"),
        _k.status != CheckStatus.RUNNING,
        # Proofs of a former file do not count for the present one.
        _k.started_at >= _c.uploaded_at,
    )
    .order_by(_k.started_at.desc(), _k.id.desc())
    .limit(_KEPT)
)


class CheckRepository(Repository):
    """Rows of checks and their stages."""

    def add(self, scope: OrganizationScope, check: Check) -> bool:
        """Insert a check with its stages, and drop what is older than the newest twenty.

        Returns False when another check of the connection is running, or the scope has no such
        connection.
        """
        owned = select(_c.id).where(in_scope(connections, scope, id=check.connection_id))
        if self._run(owned).one_or_none() is None:
            return False
        values = asdict(check)
        stages = values.pop("stages")
        try:
            with self._connection.begin_nested():
                self._run(insert(connection_checks).values(values))
        except IntegrityError:
            return False
        rows = [{**stage, "check_id": check.id, "position": n} for n, stage in enumerate(stages)]
        self._run(insert(connection_check_stages), rows)
        kept = (
            _checks_of(scope, _k.id)
            .where(_k.connection_id == check.connection_id)
            .order_by(_k.started_at.desc(), _k.id.desc())
            .limit(_KEPT)
        )
        self._run(
            delete(connection_checks).where(
                _k.connection_id == check.connection_id, _k.id.not_in(kept)
            )
        )
        return True

    def claim(self, scope: OrganizationScope, check_id: str, runner: str, now: datetime) -> bool:
        """Make `runner` the one who runs a check; False when it has a runner, or is over."""
        return self._change(scope, check_id, None, {"runner": runner, "updated_at": now})

    def get(self, scope: OrganizationScope, check_id: str) -> Check | None:
        """Return one check with its stages."""
        found = self._with_stages(_checks_of(scope).where(_k.id == check_id))
        return found[0] if found else None

    def latest(self, scope: OrganizationScope, connection_id: str) -> Check | None:
        """Return the check of a connection that was started last."""
        return self.latest_of(scope, [connection_id]).get(connection_id)

    def latest_of(
        self, scope: OrganizationScope, connection_ids: Sequence[str]
    ) -> dict[str, Check]:
        """Return the check of each connection that was started last; without one it is absent."""
        newest_first = (_k.started_at.desc(), _k.id.desc())
        place = func.row_number().over(partition_by=_k.connection_id, order_by=newest_first)
        placed = (
            _checks_of(scope, _k.id, place.label("place"))
            .where(_k.connection_id.in_(connection_ids))
            .subquery()
        )
        newest = select(placed.c.id).where(placed.c.place == 1)
        return {
            check.connection_id: check
            for check in self._with_stages(_checks_of(scope).where(_k.id.in_(newest)))
        }

    def ended(
        self, scope: OrganizationScope, connection_id: str, *, of_any_file: bool = False
    ) -> Sequence[Check]:
        """Return the checks of a connection that are over, the newest first; at most twenty.

        Those of its present file, or also those of the files that it had before.
        """
        query = _checks_of(scope).where(
            _k.connection_id == connection_id, _k.status != CheckStatus.RUNNING
        )
        if not of_any_file:
            query = query.where(_k.started_at >= _c.uploaded_at)
        return self._with_stages(query.order_by(_k.started_at.desc(), _k.id.desc()).limit(_KEPT))

    def ended_ids(self, scope: OrganizationScope, connection_id: str) -> tuple[str, ...]:
        """Return the ids of what `ended` returns: such checks do not change any more."""
        parameters = {"organization": scope.organization_id, "wanted": connection_id}
        return tuple(self._run(_ENDED_IDS, parameters).scalars())

    def set_stage(
        self,
        scope: OrganizationScope,
        check: Check,
        position: int,
        stage: CheckStage,
        now: datetime,
    ) -> bool:
        """Write a stage's status; False when the check is over or has another runner."""
        if not self._change(scope, check.id, check.runner, {"updated_at": now}):
            return False
        self._run(
            update(connection_check_stages)
            .where(
                _g.check_id == check.id,
                _g.position == position,
                _g.check_id.in_(_checks_of(scope, _k.id)),
            )
            .values(asdict(stage))
        )
        return True

    def finish(
        self, scope: OrganizationScope, check: Check, status: CheckStatus, now: datetime
    ) -> bool:
        """End a running check; False when it is over or has another runner."""
        values = {"status": status, "updated_at": now, "finished_at": now}
        return self._change(scope, check.id, check.runner, values)

    def _change(
        self, scope: OrganizationScope, check_id: str, runner: str | None, values: Mapping[str, Any]
    ) -> bool:
        """Change a running check that `runner` runs; False when it is not so any more."""
        statement = (
            update(connection_checks)
            .where(
                _k.id == check_id,
                _k.status == CheckStatus.RUNNING,
                _k.runner.is_not_distinct_from(runner),
                _k.id.in_(_checks_of(scope, _k.id)),
            )
            .values(dict(values))
        )
        return self._run(statement).rowcount == 1

    def _with_stages(self, checks: Select[Any]) -> list[Check]:
        """Run a query of `_checks_of`, and read the stages of what it finds."""
        rows = self._run(checks).all()
        stages: dict[str, list[Row[Any]]] = {row.id: [] for row in rows}
        for stage in self._run(
            select(connection_check_stages)
            .where(_g.check_id.in_(list(stages)))
            .order_by(_g.position)
        ):
            stages[stage.check_id].append(stage)
        return [_check(row, stages[row.id]) for row in rows]


def _checks_of(scope: OrganizationScope, *columns: ColumnElement[Any]) -> Select[Any]:
    return (
        select(*(columns or (connection_checks,)))
        .join(connections, _c.id == _k.connection_id)
        .where(_c.organization_id == scope.organization_id)
    )


def _check(row: Row[Any], stages: Sequence[Row[Any]]) -> Check:
    values = row._asdict()
    values["status"] = CheckStatus(row.status)
    return Check(**values, stages=tuple(_stage(stage) for stage in stages))


def _stage(row: Row[Any]) -> CheckStage:
    values = row._asdict()
    del values["check_id"], values["position"]
    values["status"] = StageStatus(row.status)
    values["details"] = tuple((label, value) for label, value in row.details)
    # Proofs from before the code had a column have it among their details.
    values["code"] = row.code or dict(values["details"]).get("Code", "")
    return CheckStage(**values)
