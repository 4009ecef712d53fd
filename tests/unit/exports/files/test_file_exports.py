"""Documents are put into folders, local and of real SFTP and SMB servers, whole and once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from ionport.connections.model import CheckStatus, TargetKind
from ionport.connections.proofs import is_refusal
from ionport.connections.targets.errors import TargetError
from ionport.core.clock import MovableClock
from ionport.core.errors import InvalidInput
from ionport.exports.destinations.files import client
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.model import (
    DeliveryDetail,
    DeliveryStatus,
    ExportMethod,
    OutcomeKind,
    StepKind,
)
from ionport.identity.access import Access
from tests.promises.faults import disk_of_its_own, full
from tests.support.exporting import OPERATOR, QUICK, DocumentSide, closing, invoice, was_unknown
from tests.support.proofs import failed_stage
from tests.support.sftp import PASSWORD, SftpServer, new_key, public, sftp_server
from tests.support.smb import PASSWORD as SMB_PASSWORD
from tests.support.smb import SmbServer, smb_server


class Files:
    """A document side that exports into a folder, which is also a folder of this machine."""

    def __init__(self, side: DocumentSide, clock: MovableClock, folder: Path) -> None:
        self.side, self.clock, self.folder = side, clock, folder
        self.connection_id = ""
        self.method = ExportMethod.FOLDER

    def configure(self, **options: str) -> None:
        self.side.configure(self.connection_id, self.method, options=options, title="Invoices")

    def deliver(self, document_id: str, *, waits: int = 30) -> DeliveryDetail:
        delivery_id = self.side.export(document_id).id
        with closing(self.side.runner(QUICK)) as runner:
            self.run(runner, delivery_id, waits)
        return self.side.detail(delivery_id)

    def run(self, runner: DeliveryRunner, delivery_id: str, waits: int = 30) -> None:
        for _ in range(waits):
            outcome = runner.run(delivery_id)
            if outcome.kind is not OutcomeKind.WAIT:
                return
            self.clock.advance(timedelta(seconds=outcome.seconds))

    def names(self) -> list[str]:
        return sorted(each.name for each in self.folder.iterdir())


@pytest.fixture(scope="module")
def server_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sftp")


@pytest.fixture(scope="module")
def smb(server_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmbServer]:
    with smb_server(server_root, tmp_path_factory.mktemp("smbd")) as running:
        yield running


@pytest.fixture(scope="module")
def server(server_root: Path) -> Iterator[SftpServer]:
    with sftp_server(server_root) as running:
        yield running


Opener = Callable[[TargetKind], Files]


@pytest.fixture
def opened(
    side: DocumentSide,
    clock: MovableClock,
    tmp_path: Path,
    server_root: Path,
    request: pytest.FixtureRequest,
) -> Opener:
    def opener(kind: TargetKind) -> Files:
        if kind is TargetKind.FOLDER:
            files = Files(side, clock, tmp_path / "out")
            files.folder.mkdir()
            files.connection_id = side.add_target(kind, {"folder": str(files.folder)})
            return files
        folder = server_root / tmp_path.name
        folder.mkdir()
        files = Files(side, clock, folder)
        if kind is TargetKind.SMB:
            smb: SmbServer = request.getfixturevalue("smb")
            files.method = ExportMethod.SMB
            parameters = smb.parameters(folder.name)
            files.connection_id = side.add_target(kind, parameters, SMB_PASSWORD)
            return files
        server: SftpServer = request.getfixturevalue("server")
        files.method = ExportMethod.SFTP
        files.connection_id = side.add_target(
            kind, sftp_parameters(server, f"/{folder.name}"), PASSWORD
        )
        return files

    return opener


def sftp_parameters(server: SftpServer, in_folder: str, **changes: str) -> dict[str, str]:
    account = server.account()
    return {
        "host": account.host,
        "port": str(account.port),
        "username": account.username,
        "host_key": account.host_key,
        "folder": in_folder,
        **changes,
    }


WRONG = "Tr0ub4dor&3"
KINDS = [TargetKind.FOLDER, TargetKind.SFTP, TargetKind.SMB]
METHODS = [
    (TargetKind.FOLDER, ExportMethod.FOLDER),
    (TargetKind.SFTP, ExportMethod.SFTP),
    (TargetKind.SFTP, ExportMethod.INFOR_SFTP),
    (TargetKind.SMB, ExportMethod.SMB),
]


@pytest.mark.parametrize("kind", KINDS)
def test_document_and_values_arrive_under_their_names_and_nothing_else_stays(
    opened: Opener, kind: TargetKind
) -> None:
    files = opened(kind)
    files.configure(history="on", embedded_files="on")
    document_id = files.side.receive("471102")
    detail = files.deliver(document_id)
    assert detail.delivery.status is DeliveryStatus.DELIVERED, detail.delivery.error_text
    assert files.names() == [
        "471102-XML_DOCUMENT.xml",
        "471102.history.json",
        "471102.pdf",
        "471102.xml",
    ]
    assert (files.folder / "471102.pdf").read_bytes().startswith(b"%PDF")
    values = (files.folder / "471102.xml").read_text()
    assert "<invoice_id>471102</invoice_id>" in values
    assert detail.delivery.correlation_id in values
    history = json.loads((files.folder / "471102.history.json").read_text())
    assert history[0]["by"] == "test"
    assert files.side.status(document_id) == "exported"


def test_a_name_by_document_and_json_and_a_folder_below_are_as_configured(
    opened: Opener,
) -> None:
    files = opened(TargetKind.FOLDER)
    (files.folder / "2026").mkdir()
    files.configure(filename_mode="document_id", data_file="json", folder="2026")
    document_id = files.side.receive()
    files.deliver(document_id)
    assert sorted(each.name for each in (files.folder / "2026").iterdir()) == [
        f"{document_id}.json",
        f"{document_id}.pdf",
    ]
    assert json.loads((files.folder / "2026" / f"{document_id}.json").read_text())["fields_compact"]


@pytest.mark.parametrize("folder", ["../x", "/etc", "a/../../b", "a\\b", "c:d"])
def test_a_folder_that_leads_out_is_refused(opened: Opener, folder: str) -> None:
    with pytest.raises(InvalidInput):
        opened(TargetKind.FOLDER).configure(folder=folder)


def test_a_file_name_that_leads_out_stays_in_the_folder(opened: Opener) -> None:
    files = opened(TargetKind.FOLDER)
    files.configure()
    content = files.side.add_document(
        "../../etc/.hid:den.xml", invoice("471103", files.side.supplier)
    )
    assert files.deliver(content).delivery.status is DeliveryStatus.DELIVERED
    assert files.names() == ["hid_den.pdf", "hid_den.xml"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_another_file_has_is_refused_and_that_file_stays(
    opened: Opener, kind: TargetKind
) -> None:
    files = opened(kind)
    files.configure()
    (files.folder / "471102.xml").write_text("of somebody else")
    detail = files.deliver(files.side.receive("471102"))
    assert detail.delivery.status is DeliveryStatus.FAILED
    assert detail.delivery.error_code == "name_taken"
    assert "471102.xml" in detail.delivery.error_text
    assert "Filename Export Mode" in detail.delivery.remedy
    assert files.names() == ["471102.xml"]
    assert (files.folder / "471102.xml").read_text() == "of somebody else"


@pytest.mark.parametrize(("kind", "method"), METHODS)
def test_a_delivery_waits_for_a_folder_that_vanished(
    opened: Opener, kind: TargetKind, method: ExportMethod
) -> None:
    files = opened(kind)
    files.method = method
    files.configure()
    files.folder.rename(files.folder.with_name("away"))
    delivery_id = files.side.export(files.side.receive("471102")).id
    with closing(files.side.runner(QUICK)) as runner:
        files.run(runner, delivery_id, waits=2)
        waiting = files.side.detail(delivery_id).delivery
        assert waiting.status is DeliveryStatus.WAITING
        assert waiting.error_code == "folder_missing"
        assert not files.folder.exists(), "nothing is written where nothing is mounted"
        files.folder.with_name("away").rename(files.folder)
        files.run(runner, delivery_id)
    assert files.side.detail(delivery_id).delivery.status is DeliveryStatus.DELIVERED
    assert "471102.pdf" in files.names()


@pytest.mark.parametrize("method", [ExportMethod.SFTP, ExportMethod.INFOR_SFTP])
def test_wrong_password_and_changed_host_key_are_refused_and_a_dead_host_is_tried_again(
    opened: Opener, server: SftpServer, method: ExportMethod
) -> None:
    files = opened(TargetKind.SFTP)
    files.method = method
    files.configure()
    folder = f"/{files.folder.name}"
    delivery_id = files.side.export(files.side.receive()).id
    with closing(files.side.runner(QUICK)) as runner:
        for changes, secret, code, status in (
            ({}, WRONG, "sign_in_refused", DeliveryStatus.FAILED),
            ({"host_key": public(new_key())}, PASSWORD, "host_key_changed", DeliveryStatus.FAILED),
            ({"port": "1"}, PASSWORD, "target_away", DeliveryStatus.WAITING),
        ):
            parameters = sftp_parameters(server, folder, **changes)
            files.side.change_target(files.connection_id, TargetKind.SFTP, parameters, secret)
            files.run(runner, delivery_id, waits=1)
            detail = files.side.detail(delivery_id)
            assert (detail.delivery.error_code, detail.delivery.status) == (code, status)
            assert detail.delivery.remedy
            assert WRONG not in repr(detail)
            files.side.retry(delivery_id)


def test_a_share_refuses_a_wrong_password_and_a_name_that_it_does_not_have(
    opened: Opener, smb: SmbServer
) -> None:
    files = opened(TargetKind.SMB)
    files.configure()
    delivery_id = files.side.export(files.side.receive()).id
    with closing(files.side.runner(QUICK)) as runner:
        for changes, secret, code, status in (
            ({}, WRONG, "sign_in_refused", DeliveryStatus.FAILED),
            ({"share": "nothing"}, SMB_PASSWORD, "folder_missing", DeliveryStatus.WAITING),
            ({"port": "1"}, SMB_PASSWORD, "target_away", DeliveryStatus.WAITING),
        ):
            parameters = smb.parameters(files.folder.name, **changes)
            files.side.change_target(files.connection_id, TargetKind.SMB, parameters, secret)
            files.run(runner, delivery_id, waits=1)
            detail = files.side.detail(delivery_id)
            assert (detail.delivery.error_code, detail.delivery.status) == (code, status)
            assert detail.delivery.remedy
            assert WRONG not in repr(detail)
            files.side.retry(delivery_id)


def test_a_proof_tells_which_stage_stopped_and_whether_it_was_refused(
    opened: Opener, server: SftpServer
) -> None:
    good = opened(TargetKind.SFTP)
    side, folder = good.side, f"/{good.folder.name}"
    assert side.prove(good.connection_id).status is CheckStatus.PASSED
    assert good.names() == [], "what the proof wrote is removed again"
    for changes, secret, stage, refused in (
        ({}, WRONG, "sign_in", True),
        ({"host_key": public(new_key())}, PASSWORD, "host_key", True),
        ({"port": "1"}, PASSWORD, "network", False),
        ({"folder": "/nowhere"}, PASSWORD, "folder", False),
    ):
        parameters = sftp_parameters(server, folder, **changes)
        check = side.prove(side.add_target(TargetKind.SFTP, parameters, secret))
        failed = failed_stage(check)
        assert failed is not None
        assert (failed.key, is_refusal(failed)) == (stage, refused), failed


def test_a_proof_of_an_smb_server_tells_which_stage_stopped(opened: Opener, smb: SmbServer) -> None:
    files = opened(TargetKind.SMB)
    side, folder = files.side, files.folder.name
    assert side.prove(files.connection_id).status is CheckStatus.PASSED
    assert files.names() == []
    for changes, secret, stage, refused in (
        ({}, WRONG, "sign_in", True),
        ({"port": "1"}, SMB_PASSWORD, "network", False),
        ({"share": "nothing"}, SMB_PASSWORD, "folder", False),
        ({"folder": "nowhere"}, SMB_PASSWORD, "folder", False),
    ):
        parameters = smb.parameters(folder, **changes)
        check = side.prove(side.add_target(TargetKind.SMB, parameters, secret))
        failed = failed_stage(check)
        assert failed is not None
        assert (failed.key, is_refusal(failed)) == (stage, refused), failed
        assert WRONG not in repr(check)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_taken", [False, True])
def test_a_lost_answer_of_the_rename_is_looked_up_even_when_the_receiver_took_the_files(
    opened: Opener, kind: TargetKind, is_taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = opened(kind)
    files.configure()
    rename, renamed = client.GuardedStore.rename, []

    def lose(store: client.GuardedStore, old: str, new: str) -> None:
        rename(store, old, new)
        renamed.append(new)
        if new == "471102.pdf" and renamed.count(new) == 1:
            if is_taken:
                for each in files.folder.iterdir():
                    each.unlink()
            raise TargetError("target_away", "The line is cut.", transient=True, sent=True)

    monkeypatch.setattr(client.GuardedStore, "rename", lose)
    detail = files.deliver(files.side.receive("471102"))
    assert detail.delivery.status is DeliveryStatus.DELIVERED, detail.delivery.error_text
    assert renamed.count("471102.pdf") == 1
    assert any(was_unknown(a) for a in detail.attempts if a.step is StepKind.FILES_PLACE)
    assert files.names() == ([] if is_taken else ["471102.pdf", "471102.xml"])


def test_bod_and_item_and_document_for_infor_are_put_on_sftp(opened: Opener) -> None:
    files = opened(TargetKind.SFTP)
    files.method = ExportMethod.INFOR_SFTP
    files.configure()
    detail = files.deliver(files.side.receive("471102"))
    assert detail.delivery.status is DeliveryStatus.DELIVERED, detail.delivery.error_text
    assert files.names() == ["471102.bod.xml", "471102.idm.json", "471102.pdf"]
    bod = etree.fromstring((files.folder / "471102.bod.xml").read_bytes())
    assert etree.QName(bod).localname == "SyncCaptureDocument"
    assert detail.delivery.correlation_id in etree.tostring(bod, encoding="unicode")
    item = (files.folder / "471102.idm.json").read_text()
    assert detail.delivery.correlation_id in item
    assert "471102.pdf" in item


@pytest.mark.parametrize(("kind", "method"), METHODS)
def test_a_delivery_waits_while_the_disk_is_full(
    kind: TargetKind,
    method: ExportMethod,
    request: pytest.FixtureRequest,
    side: DocumentSide,
    clock: MovableClock,
) -> None:
    root: Path = request.getfixturevalue("server_root")
    with disk_of_its_own(root / f"disk-{method.value}") as folder:
        files = Files(side, clock, folder)
        files.connection_id = _on_disk(files, kind, request)
        files.method = method
        files.configure()
        delivery_id = side.export(side.receive("471102")).id
        with closing(side.runner(QUICK)) as runner:
            with full(folder):
                files.run(runner, delivery_id, waits=2)
                waiting = side.detail(delivery_id).delivery
                assert (waiting.status, waiting.error_code) == (
                    DeliveryStatus.WAITING,
                    "target_full",
                )
                failed = failed_stage(side.prove(files.connection_id))
                assert failed is not None
                assert not is_refusal(failed)
            files.run(runner, delivery_id)
        assert "471102.pdf" in files.names()
        assert not [name for name in files.names() if name.startswith(".")]


def _on_disk(files: Files, kind: TargetKind, request: pytest.FixtureRequest) -> str:
    """Add the folder of a disk as a target of its kind, where a server serves it."""
    if kind is TargetKind.FOLDER:
        return files.side.add_target(kind, {"folder": str(files.folder)})
    if kind is TargetKind.SMB:
        smb: SmbServer = request.getfixturevalue("smb")
        return files.side.add_target(kind, smb.parameters(files.folder.name), SMB_PASSWORD)
    server: SftpServer = request.getfixturevalue("server")
    parameters = sftp_parameters(server, f"/{files.folder.name}")
    return files.side.add_target(kind, parameters, PASSWORD)


def test_two_configurations_that_write_one_name_lose_no_file(opened: Opener) -> None:
    files = opened(TargetKind.FOLDER)
    files.configure(filename_mode="original")
    first = files.deliver(files.side.add_document("scan.xml", invoice("1", files.side.supplier)))
    second = files.deliver(files.side.add_document("scan.xml", invoice("2", files.side.supplier)))
    assert first.delivery.status is DeliveryStatus.DELIVERED
    assert (second.delivery.status, second.delivery.error_code) == (
        DeliveryStatus.FAILED,
        "name_taken",
    )
    assert "<invoice_id>1</invoice_id>" in (files.folder / "scan.xml").read_text()


def test_a_re_export_has_names_of_its_own(opened: Opener) -> None:
    files = opened(TargetKind.FOLDER)
    files.configure()
    document_id = files.side.receive("471102")
    files.deliver(document_id)
    with files.side.database.write() as work:
        access = Access(work, files.side.scope, OPERATOR)
        (again,) = files.side.deliveries.re_export(access, document_id, "The receiver lost it.")
    with closing(files.side.runner(QUICK)) as runner:
        files.run(runner, again.id)
    assert files.names() == ["471102-2.pdf", "471102-2.xml", "471102.pdf", "471102.xml"]
