"""Thousands of documents are selected and exported: a run waits, goes on and ends when it is told.

`make chaos` takes 10,000, as many as a run may have at least.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from ionport.connections.model import TargetKind
from ionport.connections.targets.model import Target
from ionport.documents.bulk.model import (
    BulkAction,
    BulkItem,
    BulkRun,
    BulkState,
    ItemResult,
    Selection,
)
from ionport.documents.model import DocumentFilter
from ionport.exports.model import ExportMethod
from ionport.identity.access import Access
from ionport.store import OrganizationScope
from tests.promises.chaos import finish
from tests.promises.conftest import Installer
from tests.promises.installation import Installation
from tests.promises.workers import Workers
from tests.support import sides
from tests.support.sides import until

DOCUMENTS = 10_000 if "IONPORT_CHAOS_DOCUMENTS" in os.environ else 40
# Of so many documents one comes in a second time, written otherwise: it is held.
ONE_TWICE_OF = 20


class Bulk:
    """The bulk runs of an installation, as a person starts and stops them."""

    def __init__(self, installation: Installation) -> None:
        application = installation.application
        assert application.documents is not None
        self._database, self._side = application.database, application.documents
        self._scope = OrganizationScope(application.organization.id)
        self._permits = threading.Semaphore(0)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let runs go on as a server does, but with as many documents as `permit` says."""
        runner, settle = self._side.bulk_runner, self._side.bulk_runner._settle

        def settle_if_permitted(run: BulkRun, worker: str, item: BulkItem) -> bool:
            self._permits.acquire()
            return settle(run, worker, item)

        with patch.object(runner, "_settle", settle_if_permitted):
            repeating = runner.repeating("bulk-runs")
            repeating.launch()
            try:
                yield
            finally:
                self.permit(2 * DOCUMENTS)
                repeating.close()

    def permit(self, documents: int) -> None:
        """Let runs go on with so many documents more."""
        self._permits.release(documents)

    def start(self) -> str:
        """Export all documents; the id of the run."""
        with self._database.write() as work:
            access = Access(work, self._scope, sides.OPERATOR)
            everything = Selection(matching=DocumentFilter())
            return self._side.bulk.start(access, BulkAction.EXPORT, everything).id

    def tell(self, run_id: str, state: BulkState) -> BulkRun:
        """Pause, resume or cancel a run, and return it as it stands at that moment."""
        bulk = self._side.bulk
        way = {
            BulkState.PAUSED: bulk.pause,
            BulkState.RUNNING: bulk.resume,
            BulkState.CANCELLED: bulk.cancel,
        }[state]
        with self._database.write() as work:
            access = Access(work, self._scope, sides.OPERATOR)
            way(access, run_id)
            return bulk.get(access, run_id)

    def get(self, run_id: str) -> BulkRun:
        with self._database.read() as work:
            return self._side.bulk.get(work.within(self._scope), run_id)

    def left_out(self, run_id: str, code: str) -> list[str]:
        """The names of the documents that were left out for a reason."""
        with self._database.read() as work:
            found = self._side.bulk.left_out_for(
                work.within(self._scope), run_id, code, -1, DOCUMENTS
            )
        assert all(item.result is ItemResult.LEFT_OUT for item in found)
        return [item.filename for item in found]

    def reasons(self, run_id: str) -> set[str]:
        with self._database.read() as work:
            groups = self._side.bulk.left_out(work.within(self._scope), run_id)
        return {group.code for group in groups}


def test_what_is_selected_is_exported_once_while_its_run_is_paused_cancelled_and_begun_again(
    install: Installer, crew: Workers, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    target = Target(TargetKind.FOLDER, {"folder": str(folder)})
    installation = install("sqlite", ("", b""), method=ExportMethod.FOLDER, target=target)
    ledger, bulk = installation.ledger, Bulk(installation)
    for number in range(DOCUMENTS):
        installation.receive(f"{installation.name}-{number}", f"{number:05}")
    held = range(0, DOCUMENTS, ONE_TWICE_OF)
    for number in held:
        # The same number: zeros before it do not count.
        installation.receive(f"00{installation.name}-{number}", f"{number:05}-again")
    worker = crew.start(installation.folder, installation.database_url)
    with bulk.running():
        run = bulk.start()
        bulk.permit(DOCUMENTS // 10)
        assert until(lambda: bulk.get(run).settled == DOCUMENTS // 10)
        paused = bulk.tell(run, BulkState.PAUSED)
        bulk.permit(1)
        finish(ledger)
        assert bulk.get(run) == paused, "nothing is settled while it waits"
        assert ledger.statuses().total() == paused.done
        bulk.tell(run, BulkState.RUNNING)
        bulk.permit(DOCUMENTS // 2)
        assert until(lambda: bulk.get(run).settled >= DOCUMENTS // 2)
        cancelled = bulk.tell(run, BulkState.CANCELLED)
        bulk.permit(2 * DOCUMENTS)
        finish(ledger)
        assert bulk.get(run) == cancelled
        assert ledger.statuses().total() == cancelled.done < DOCUMENTS
        again = bulk.start()
        assert until(lambda: bulk.get(again).state is BulkState.DONE, sides.PATIENCE + DOCUMENTS)
    finish(ledger)
    worker.stop()
    ended = bulk.get(again)
    assert (ended.total, ended.open) == (DOCUMENTS + len(held), 0)
    assert ended.done == DOCUMENTS - cancelled.done
    (reason,) = bulk.reasons(again) - {"exported_before"}
    assert sorted(bulk.left_out(again, reason)) == [
        f"{installation.name}-{number:05}-again.xml" for number in held
    ]
    assert ledger.statuses() == {"delivered": DOCUMENTS}
    assert sorted(each.name for each in folder.iterdir()) == sorted(
        f"{installation.name}-{number:05}.{end}"
        for number in range(DOCUMENTS)
        for end in ("pdf", "xml")
    )
