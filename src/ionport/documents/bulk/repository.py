"""The only SQL of bulk runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, insert, literal, or_, select, update

from ionport.documents.bulk.model import (
    MAX_DOCUMENTS,
    MAX_RUNS,
    BulkAction,
    BulkItem,
    BulkOutcome,
    BulkRun,
    BulkState,
    ItemResult,
    LeftOutGroup,
    Selection,
)
from ionport.documents.bulk.tables import bulk_items, bulk_runs
from ionport.documents.listing.conditions import matching, own
from ionport.documents.tables import documents
from ionport.store import OrganizationScope, SystemScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_r, _i = bulk_runs.c, bulk_items.c
# As a literal, by which SQLite knows that the partial index has every such run.
_JUDGE = BulkAction.JUDGE.value
_IS_RUNNING = _r.state == literal(BulkState.RUNNING.value, literal_execute=True)


class BulkRepository(Repository):
    """Runs and their documents."""

    def add(self, scope: OrganizationScope, run: BulkRun, selection: Selection) -> int:
        """Add a run with the documents that are selected now, and return how many those are.

        At most `MAX_DOCUMENTS` and one, the oldest first; without any there is no run.
        """
        own = {"organization_id": scope.organization_id, "total": 0, "worker": ""}
        values = columns_of(bulk_runs, run, **own)
        self._run(insert(bulk_runs), values)
        total = self._add_items(scope, run.id, selection)
        of_run = (_r.organization_id == scope.organization_id, _r.id == run.id)
        self._run(update(bulk_runs).where(*of_run).values(total=total))
        return total

    def _add_items(self, scope: OrganizationScope, run_id: str, selection: Selection) -> int:
        if selection.matching is not None:
            conditions = matching(self._connection, scope, selection.matching)
        elif selection.of_run:
            of_run = select(_i.document_id).where(
                in_scope(bulk_items, scope, run_id=selection.of_run, result=selection.result.value)
            )
            conditions = [own(scope), documents.c.id.in_(of_run)]
        else:
            conditions = [own(scope), documents.c.id.in_(selection.ids)]
        found = (
            select(documents.c.id, documents.c.created_at)
            .where(*conditions)
            .order_by(documents.c.created_at, documents.c.id)
            .limit(MAX_DOCUMENTS + 1)
            .subquery()
        )
        rows = select(
            literal(scope.organization_id),
            literal(run_id),
            func.row_number().over(order_by=(found.c.created_at, found.c.id)),
            found.c.id,
            literal(ItemResult.OPEN.value),
            literal(""),
            literal(""),
        )
        names = [column.name for column in bulk_items.columns]
        added = insert(bulk_items).from_select(names, rows)
        # psycopg's count of an INSERT is thrown away otherwise.
        return self._run(added.execution_options(preserve_rowcount=True)).rowcount

    def drop_old(self, scope: OrganizationScope) -> None:
        """Remove the runs that are over and older than the newest `MAX_RUNS`."""
        of_scope = _r.organization_id == scope.organization_id
        newest = select(_r.id).where(of_scope).order_by(_r.created_at.desc(), _r.id.desc())
        over = _r.state.in_([state.value for state in BulkState if state.is_over])
        old = newest.where(over).offset(MAX_RUNS).limit(MAX_RUNS)
        ids = self._run(old).scalars().all()
        if ids:
            self._run(delete(bulk_runs).where(of_scope, _r.id.in_(ids)))

    def find(self, scope: OrganizationScope, run_id: str) -> BulkRun | None:
        return self._get(bulk_runs, _run, scope, id=run_id)

    def list(self, scope: OrganizationScope, limit: int, *, only_open: bool) -> Sequence[BulkRun]:
        """Return the newest runs first."""
        query = select(bulk_runs).where(_r.organization_id == scope.organization_id)
        if only_open:
            states = [state.value for state in BulkState if not state.is_over]
            query = query.where(_r.state.in_(states))
        rows = query.order_by(_r.created_at.desc(), _r.id.desc()).limit(limit)
        return [_run(row) for row in self._run(rows)]

    def set_state(
        self, scope: OrganizationScope, run_id: str, state: BulkState, at: datetime
    ) -> bool:
        """Move a run that is not over; False for one that is."""
        moved = self._run(
            update(bulk_runs)
            .where(
                in_scope(bulk_runs, scope, id=run_id),
                _r.state.in_([BulkState.RUNNING.value, BulkState.PAUSED.value]),
            )
            .values(
                state=state.value, worker="", updated_at=at, ended_at=at if state.is_over else None
            )
        )
        return moved.rowcount == 1

    def cancel_open(self, scope: OrganizationScope, action: BulkAction, at: datetime) -> None:
        """End the runs of an action that are not over."""
        self._run(
            update(bulk_runs)
            .where(
                in_scope(bulk_runs, scope, action=action.value),
                _r.state.in_([BulkState.RUNNING.value, BulkState.PAUSED.value]),
            )
            .values(state=BulkState.CANCELLED.value, worker="", updated_at=at, ended_at=at)
        )

    def left_out(
        self, scope: OrganizationScope, run_id: str, groups: int, of_each: int
    ) -> Sequence[LeftOutGroup]:
        """Return why documents were left out, the most frequent reason first."""
        counted = self._connection.execute(
            select(_i.code, func.count().label("number"))
            .where(*_left_out(scope, run_id))
            .group_by(_i.code)
            .order_by(func.count().desc(), _i.code)
            .limit(groups)
        ).all()
        found = []
        for code, number in counted:
            items = self.items(scope, run_id, code, 0, of_each)
            found.append(LeftOutGroup(code, items[0].text, number, items))
        return found

    def items(
        self, scope: OrganizationScope, run_id: str, code: str, after: int, limit: int
    ) -> Sequence[BulkItem]:
        """Return documents left out for the reason `code`, behind the position `after`."""
        return self._all(
            select(bulk_items, documents.c.filename)
            .join(documents, documents.c.id == _i.document_id)
            .where(*_left_out(scope, run_id), _i.code == code, _i.position > after)
            .order_by(_i.position)
            .limit(limit),
            _item,
        )

    def free(self, scope: SystemScope, silent_since: datetime, wanted: str = "") -> str:
        """Return the id of the run to be worked at next; empty when there is none.

        What a person has begun comes before what ionport did. Organizations take turns: first
        comes the one for which nothing was settled for the longest time, with its oldest run.
        A worker without a sign since `silent_since` counts as ended, and its run as free. With
        `wanted` only that run counts.
        """
        del scope
        others = bulk_runs.alias()
        turn = (
            select(func.max(others.c.updated_at))
            .where(
                others.c.organization_id == _r.organization_id,
                others.c.state == BulkState.RUNNING.value,
                others.c.done + others.c.left_out > 0,
            )
            .scalar_subquery()
        )
        query = select(_r.id).where(_IS_RUNNING, _is_free(silent_since))
        if wanted:
            query = query.where(_r.id == wanted)
        found = self._run(
            query.order_by(_r.action == _JUDGE, turn.nulls_first(), _r.created_at).limit(1)
        )
        return found.scalar_one_or_none() or ""

    def take(
        self, scope: SystemScope, run_id: str, worker: str, at: datetime, silent_since: datetime
    ) -> bool:
        """Give a run to `worker`; False when another worker has taken it, or it is over."""
        del scope
        taken = self._run(
            update(bulk_runs)
            .where(_r.id == run_id, _IS_RUNNING, _is_free(silent_since))
            .values(worker=worker, updated_at=at)
        )
        return taken.rowcount == 1

    def release(self, scope: SystemScope, worker: str) -> None:
        """Free the runs that a worker has taken."""
        del scope
        self._run(
            update(bulk_runs)
            .where(_r.state == BulkState.RUNNING.value, _r.worker == worker)
            .values(worker="")
        )

    def taken(self, scope: SystemScope, run_id: str) -> BulkRun:
        """Return a run that was taken."""
        del scope
        return _run(self._run(select(bulk_runs).where(_r.id == run_id)).one())

    def open_items(self, scope: OrganizationScope, run_id: str, limit: int) -> Sequence[BulkItem]:
        """Return the next documents without a result."""
        return self._all(
            select(bulk_items, literal("").label("filename"))
            .where(in_scope(bulk_items, scope, run_id=run_id, result=ItemResult.OPEN.value))
            .order_by(_i.position)
            .limit(limit),
            _item,
        )

    def hold(self, scope: OrganizationScope, run_id: str, worker: str, at: datetime) -> bool:
        """Lock a run until the transaction ends; False when it is not `worker`'s to run any more.

        Whoever settles a document does this first, so that a run that is paused, cancelled or
        taken by another worker settles none.
        """
        held = self._run(
            update(bulk_runs)
            .where(
                in_scope(bulk_runs, scope, id=run_id, worker=worker, state=BulkState.RUNNING.value)
            )
            .values(updated_at=at)
        )
        return held.rowcount == 1

    def settle(
        self, scope: OrganizationScope, run_id: str, position: int, outcome: BulkOutcome
    ) -> None:
        """Store the result of a document of a run that is held."""
        self._run(
            update(bulk_items)
            .where(in_scope(bulk_items, scope, run_id=run_id, position=position))
            .values(result=outcome.result.value, code=outcome.code, text=outcome.text)
        )
        counter = _r.done if outcome.result is ItemResult.DONE else _r.left_out
        self._run(
            update(bulk_runs)
            .where(in_scope(bulk_runs, scope, id=run_id))
            .values({counter: counter + 1})
        )


def _is_free(silent_since: datetime) -> ColumnElement[bool]:
    return or_(_r.worker == "", _r.updated_at < silent_since)


def _left_out(scope: OrganizationScope, run_id: str) -> tuple[ColumnElement[bool], ...]:
    seen = _i.document_id.in_(select(documents.c.id).where(own(scope)))
    return (
        *((seen,) if scope.document_types is not None else ()),
        _i.organization_id == scope.organization_id,
        _i.run_id == run_id,
        _i.result == ItemResult.LEFT_OUT.value,
    )


_run = reader(BulkRun, asked_at=lambda row: row.asked_at or row.created_at)


_item = reader(BulkItem)
