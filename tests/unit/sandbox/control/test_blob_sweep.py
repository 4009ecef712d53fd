"""Files go when nobody names them any more, and not before."""

from __future__ import annotations

import json
import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from ionport.application import open_application
from ionport.core.blobs import FolderBlobs
from ionport.core.clock import MovableClock
from ionport.core.errors import NotFound
from ionport.documents.samples import read_sample
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.sandbox.control.plane import ControlPlane
from ionport.sandbox.control.state.blob_sweep import BlobSweep
from ionport.settings_reading import load_settings
from ionport.store import Database, OrganizationScope, TenantScope, columns_that_name_files
from tests.support.infor_side import new_item
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.on_each_database

SCOPE, OTHER = TenantScope("ACME_TST"), TenantScope("OTHER_TST")
OPERATOR = Actor.operator()
CONTENT = b"<Invoice/>"


@pytest.fixture
def sweep(clock: MovableClock, blobs: FolderBlobs) -> BlobSweep:
    return BlobSweep(clock, blobs)


def seed(database: Database, plane: ControlPlane, scope: TenantScope) -> None:
    text = json.dumps({"idm": [new_item(CONTENT)["item"]]}).encode()
    with database.write() as work:
        plane.seeds.seed(Access(work, scope, OPERATOR), text)


def reset(database: Database, plane: ControlPlane, scope: TenantScope) -> None:
    with database.write() as work:
        plane.state.reset(Access(work, scope, OPERATOR))


def later(clock: MovableClock, folder: Path) -> None:
    """Two hours pass, for the clock and for the files."""
    clock.advance(timedelta(hours=2))
    for path in folder.rglob("*"):
        if path.is_file():
            moment = path.stat().st_mtime - 7200
            os.utime(path, (moment, moment))


def swept(database: Database, sweep: BlobSweep) -> int:
    return sweep.tidy(database)


def digest_of(blobs: FolderBlobs, folder: Path) -> str:
    digest = blobs.put(CONTENT)
    os.utime(next(folder.rglob(digest)), (time.time() - 7200,) * 2)
    return digest


def test_a_file_goes_an_hour_after_its_last_row(
    database: Database,
    plane: ControlPlane,
    sweep: BlobSweep,
    clock: MovableClock,
    blobs: FolderBlobs,
    tmp_path: Path,
) -> None:
    seed(database, plane, SCOPE)
    digest = digest_of(blobs, tmp_path)
    reset(database, plane, SCOPE)
    assert swept(database, sweep) == 0
    later(clock, tmp_path)
    assert swept(database, sweep) == 1
    with pytest.raises(NotFound):
        blobs.get(digest)
    assert swept(database, sweep) == 0


def test_a_file_that_another_row_names_stays(
    database: Database,
    plane: ControlPlane,
    sweep: BlobSweep,
    clock: MovableClock,
    blobs: FolderBlobs,
    tmp_path: Path,
) -> None:
    seed(database, plane, SCOPE)
    seed(database, plane, OTHER)
    digest = digest_of(blobs, tmp_path)
    for scope, is_there in ((SCOPE, True), (OTHER, False)):
        reset(database, plane, scope)
        later(clock, tmp_path)
        swept(database, sweep)
        assert bool(list(tmp_path.rglob(digest))) is is_there


def test_a_file_that_a_snapshot_needs_stays_until_the_snapshot_goes(
    database: Database,
    plane: ControlPlane,
    sweep: BlobSweep,
    clock: MovableClock,
    blobs: FolderBlobs,
    tmp_path: Path,
) -> None:
    seed(database, plane, SCOPE)
    digest = digest_of(blobs, tmp_path)
    plane.snapshots.take(database, SCOPE, OPERATOR, "base")
    reset(database, plane, SCOPE)
    later(clock, tmp_path)
    swept(database, sweep)
    assert blobs.get(digest) == CONTENT
    with database.write() as work:
        plane.snapshots.delete(Access(work, SCOPE, OPERATOR), "base")
    later(clock, tmp_path)
    assert swept(database, sweep) == 2
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and len(path.name) == 64]


def test_a_file_that_was_put_again_stays(
    database: Database,
    plane: ControlPlane,
    sweep: BlobSweep,
    clock: MovableClock,
    blobs: FolderBlobs,
    tmp_path: Path,
) -> None:
    seed(database, plane, SCOPE)
    reset(database, plane, SCOPE)
    later(clock, tmp_path)
    digest = blobs.put(CONTENT)
    assert swept(database, sweep) == 0
    assert blobs.get(digest) == CONTENT


def test_no_writer_waits_while_files_are_deleted(
    database: Database,
    plane: ControlPlane,
    clock: MovableClock,
    blobs: FolderBlobs,
    tmp_path: Path,
) -> None:
    seed(database, plane, SCOPE)
    digest = digest_of(blobs, tmp_path)
    reset(database, plane, SCOPE)
    later(clock, tmp_path)

    class Slow(FolderBlobs):
        def delete(self, digest: str, *, unless_put_since: float) -> bool:
            done = threading.Thread(target=seed, args=(database, plane, OTHER))
            done.start()
            done.join(PATIENCE)
            assert not done.is_alive()
            return super().delete(digest, unless_put_since=unless_put_since)

    # Its row was committed after the look at who names the file.
    assert swept(database, BlobSweep(clock, Slow(tmp_path / "blobs"))) == 0
    assert blobs.get(digest) == CONTENT


def test_a_file_released_again_while_it_is_deleted_stays_on_the_list(
    database: Database,
    plane: ControlPlane,
    sweep: BlobSweep,
    clock: MovableClock,
    blobs: FolderBlobs,
    tmp_path: Path,
) -> None:
    seed(database, plane, SCOPE)
    digest = digest_of(blobs, tmp_path)
    reset(database, plane, SCOPE)
    later(clock, tmp_path)

    class Late(FolderBlobs):
        def delete(self, digest: str, *, unless_put_since: float) -> bool:
            is_gone = super().delete(digest, unless_put_since=unless_put_since)
            seed(database, plane, OTHER)
            reset(database, plane, OTHER)
            return is_gone

    swept(database, BlobSweep(clock, Late(tmp_path / "blobs")))
    assert blobs.get(digest) == CONTENT
    later(clock, tmp_path)
    assert swept(database, sweep) == 1
    assert not list(tmp_path.rglob(digest))


def test_a_document_of_the_other_side_keeps_the_file_that_both_have(tmp_path: Path) -> None:
    clock = MovableClock()
    settings = load_settings({}, data=tmp_path, sandbox=True)
    application = open_application(settings, clock=clock)
    assert application.infor is not None
    assert application.documents is not None
    content = read_sample("demo-invoice-ubl.xml")
    organization = OrganizationScope(application.organization.id)
    tenant = TenantScope(application.tenant.id)
    text = json.dumps({"idm": [new_item(content)["item"]]}).encode()
    prepared = application.documents.documents.prepare_receipt(organization, content, "invoice.xml")
    with application.database.write() as work:
        access = Access(work, tenant, OPERATOR)
        application.infor.control.seeds.seed(access, text)
        document = application.documents.documents.receive(
            Access(work, organization, OPERATOR), prepared
        )
        application.infor.control.state.reset(access)
    later(clock, tmp_path / "blobs")
    assert swept(application.database, application.infor.blob_sweep) == 1
    assert application.blobs.get(document.content_sha256) == content
    application.close()


def test_every_column_that_names_a_file_is_looked_at(database: Database) -> None:
    with database.read() as work:
        found = {
            f"{table.name}.{column.name}"
            for table, column in columns_that_name_files(work.connection)
        }
    assert found >= {
        "document_renderings.pdf_sha256",
        "documents.content_sha256",
        "delivery_steps.payload_digest",
        "idm_resources.sha256",
        "ion_messages.bod_sha256",
        "ion_messages.payload_sha256",
        "lake_objects.sha256",
        "sandbox_calls.request_sha256",
        "sandbox_snapshot_files.sha256",
        "sandbox_snapshots.content_sha256",
    }
