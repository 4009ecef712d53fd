"""Targets of files that fail in the middle, or have no room: each file is put there once."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from asyncssh import SFTPFailure

from ionport.connections.model import TargetKind
from ionport.connections.targets import folder as local_folder
from ionport.core.clock import MovableClock
from ionport.core.smb.session import SmbSession, _told_as
from ionport.exports.arrivals.model import Arrival
from ionport.exports.arrivals.service import ArrivalService
from ionport.exports.model import DeliveryStatus, ExportMethod
from ionport.identity.access import Access
from tests.support.exporting import OPERATOR, QUICK, DocumentSide, closing
from tests.support.sftp import PASSWORD, sftp_server
from tests.support.smb import PASSWORD as SMB_PASSWORD
from tests.support.smb import smb_server
from tests.unit.exports.files.test_file_exports import Files, sftp_parameters

# [MS-ERREF] 2.3.1.
_STATUS_QUOTA_EXCEEDED = 0xC0000044
_WRITE = SmbSession.write


@pytest.mark.parametrize("method", [ExportMethod.SFTP, ExportMethod.INFOR_SFTP])
def test_a_delivery_waits_while_the_quota_of_the_account_is_used_up(
    side: DocumentSide, clock: MovableClock, tmp_path: Path, method: ExportMethod
) -> None:
    """As OpenSSH says it: a failure of protocol 3, whose text alone names the quota."""
    (tmp_path / "out").mkdir()
    quota = [100]
    with sftp_server(tmp_path, quota=quota) as server:
        files = Files(side, clock, tmp_path / "out")
        files.method = method
        files.connection_id = side.add_target(
            TargetKind.SFTP, sftp_parameters(server, "/out"), PASSWORD
        )
        files.configure()
        delivery_id = side.export(side.receive("471102")).id
        with closing(side.runner(QUICK)) as runner:
            files.run(runner, delivery_id, waits=2)
            waiting = side.detail(delivery_id).delivery
            assert (waiting.status, waiting.error_code) == (DeliveryStatus.WAITING, "target_full")
            assert waiting.remedy
            quota.clear()
            files.run(runner, delivery_id)
    assert side.detail(delivery_id).delivery.status is DeliveryStatus.DELIVERED
    assert not [name for name in files.names() if name.startswith(".")]


def test_a_file_is_put_there_once_when_the_server_denies_a_rename_that_it_has_done(
    side: DocumentSide, clock: MovableClock, tmp_path: Path
) -> None:
    """Its receiver takes it at once, so that the folder is as empty as before."""
    renamed: list[str] = []

    def done_and_denied(name: str, done: bool) -> None:
        if done and not name.startswith("."):
            renamed.append(name)
            (tmp_path / name).unlink()
            raise SFTPFailure("the disk is busy")

    with sftp_server(tmp_path, done_and_denied) as server:
        files = Files(side, clock, tmp_path)
        files.connection_id = side.add_target(
            TargetKind.SFTP, sftp_parameters(server, "/"), PASSWORD
        )
        files.method = ExportMethod.SFTP
        files.configure(data_file="none")
        detail = files.deliver(side.receive("471102"))
        assert renamed == ["471102.pdf"]
        assert detail.delivery.status is DeliveryStatus.DELIVERED, detail.delivery.error_text


def test_a_file_is_put_there_once_when_the_disk_fails_behind_a_rename(
    side: DocumentSide, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []

    def taken_and_failed(folder: Path) -> None:
        for each in folder.glob("[!.]*"):
            taken.append(each.name)
            each.unlink()
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(local_folder, "sync_folder", taken_and_failed)
    files = Files(side, clock, tmp_path / "out")
    files.folder.mkdir()
    files.connection_id = side.add_target(TargetKind.FOLDER, {"folder": str(files.folder)})
    files.configure(data_file="none")
    detail = files.deliver(side.receive("471102"))
    assert taken == ["471102.pdf"]
    assert detail.delivery.status is DeliveryStatus.DELIVERED, detail.delivery.error_text


def test_files_of_which_a_person_has_found_one_are_put_there_to_the_last(
    side: DocumentSide, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [OSError(errno.EIO, os.strerror(errno.EIO))]

    def failed_once(_folder: Path) -> None:
        if failures:
            raise failures.pop()

    monkeypatch.setattr(local_folder, "sync_folder", failed_once)
    files = Files(side, clock, tmp_path / "out")
    files.folder.mkdir()
    files.connection_id = side.add_target(TargetKind.FOLDER, {"folder": str(files.folder)})
    files.configure()
    delivery_id = side.export(side.receive("471102")).id
    arrivals = ArrivalService(clock, side.audit, side.documents, side.deliveries, QUICK)
    with closing(side.runner(QUICK)) as runner:
        files.run(runner, delivery_id, waits=1)
        clock.advance(timedelta(minutes=5))
        with side.database.write() as work:
            access = Access(work, side.scope, OPERATOR)
            arrivals.decide(access, delivery_id, Arrival.THERE, "A hidden file is there")
        files.run(runner, delivery_id)
    assert side.detail(delivery_id).delivery.status is DeliveryStatus.DELIVERED
    assert files.names() == ["471102.pdf", "471102.xml"]


def over_quota(_session: SmbSession, _path: str, _content: bytes) -> None:
    """Fail as Windows does: samba tells a quota as a full disk."""
    exceptions = pytest.importorskip("smbprotocol.exceptions")
    with _told_as("{reason}", ""):
        raise exceptions.SMBOSError(_STATUS_QUOTA_EXCEEDED, "471102.pdf")


def write_beside_another(session: SmbSession, path: str, content: bytes) -> None:
    """Write a file that is open already, such as in a worker that sleeps."""
    with session._open(path, "wb"):
        _WRITE(session, path, content)


@pytest.mark.parametrize(
    ("write", "code", "remedy"),
    [
        (over_quota, "target_full", "raise the quota"),
        (write_beside_another, "target_in_use", "lets go of the file"),
    ],
)
def test_a_delivery_waits_while_a_share_takes_no_file(
    side: DocumentSide,
    clock: MovableClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[SmbSession, str, bytes], None],
    code: str,
    remedy: str,
) -> None:
    home = tmp_path / "smbd"
    home.mkdir()
    with smb_server(tmp_path, home) as share:
        files = Files(side, clock, tmp_path / "out")
        files.folder.mkdir()
        files.method = ExportMethod.SMB
        files.connection_id = side.add_target(TargetKind.SMB, share.parameters("out"), SMB_PASSWORD)
        files.configure()
        delivery_id = side.export(side.receive("471102")).id
        with closing(side.runner(QUICK)) as runner:
            with monkeypatch.context() as failing:
                failing.setattr(SmbSession, "write", write)
                files.run(runner, delivery_id, waits=2)
            waiting = side.detail(delivery_id).delivery
            assert (waiting.status, waiting.error_code) == (DeliveryStatus.WAITING, code)
            assert remedy in waiting.remedy
            files.run(runner, delivery_id)
    assert side.detail(delivery_id).delivery.status is DeliveryStatus.DELIVERED
    assert files.names() == ["471102.pdf", "471102.xml"]
