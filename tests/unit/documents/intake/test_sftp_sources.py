"""Files of an SFTP server are received once, archived, or set aside with a note."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, Unavailable
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.core.sftp.session import SftpAccount, open_sftp
from ionport.documents.intake.sources import runner as runner_module
from ionport.documents.intake.sources.inboxes import Inboxes
from ionport.documents.intake.sources.model import IntakeSource, LogEntry, Result
from ionport.documents.intake.sources.repository import SourceRepository
from ionport.documents.intake.sources.runner import SourceRunner
from ionport.documents.intake.sources.service import SourceService
from ionport.documents.samples import CII_INVOICE, UBL_INVOICE, read_sample
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, OrganizationRole
from ionport.ionapi.addresses import AddressPolicy
from ionport.store import Database, SystemScope
from tests.support.sftp import SftpServer, new_key, public, sftp_server
from tests.unit.documents.intake.test_receiving import ACME, OPERATOR, database, receiver_on

UBL, CII = read_sample(UBL_INVOICE), read_sample(CII_INVOICE)
POLICY = AddressPolicy()
__all__ = ["database"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "server" / "in").mkdir(parents=True)
    return tmp_path / "server"


@pytest.fixture
def server(root: Path) -> Iterator[SftpServer]:
    with sftp_server(root) as server:
        yield server


@pytest.fixture
def sources(clock: MovableClock, tmp_path: Path) -> SourceService:
    inboxes = Inboxes(KeyRing.generate(), POLICY, tmp_path / "locks")
    return SourceService(clock, AuditLog(clock), inboxes=inboxes)


def _added(sources: SourceService, database: Database, account: SftpAccount) -> IntakeSource:
    sources.check_sftp(account)
    with database.write() as work:
        return sources.add_sftp(Access(work, ACME, OPERATOR), "Server", account, {"folder": "/in"})


def _runner(sources: SourceService, database: Database, clock: MovableClock, home: Path):
    receiver = receiver_on(database, clock, home)
    inboxes = sources._inboxes
    return SourceRunner(
        database, clock, receiver, max_bytes=1_000_000, rest_seconds=0, inboxes=inboxes
    )


def _files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("is_key", [False, True])
def test_files_are_received_and_archived_or_set_aside_with_a_note(
    server: SftpServer,
    sources: SourceService,
    database: Database,
    clock: MovableClock,
    tmp_path: Path,
    root: Path,
    is_key: bool,
) -> None:
    account = server.account(server.user_key) if is_key else server.account()
    source = _added(sources, database, account)
    stages = sources.test(source)
    assert [stage.problem for stage in stages] == [""] * 4
    assert _files(root) == {}
    names = {"a.xml": UBL, "b.xml": CII, "c.txt": b"no invoice", ".hidden": b"x", "d.part": b"x"}
    for name, content in names.items():
        (root / "in" / name).write_bytes(content)
    (root / "in" / "link.xml").symlink_to(root / "in" / "a.xml")
    runner = _runner(sources, database, clock, tmp_path)
    entries = runner.run_once(source)
    assert [(entry.filename, entry.result) for entry in entries] == [
        ("a.xml", Result.RECEIVED),
        ("b.xml", Result.RECEIVED),
        ("c.txt", Result.REFUSED),
    ]
    kept = _files(root)
    assert kept["in/archive/a.xml"] == UBL
    assert kept["in/error/c.txt"] == b"no invoice"
    assert kept["in/error/c.txt.error"].decode().strip()
    assert {".hidden", "d.part"} == {name[3:] for name in kept if name.count("/") == 1} - {
        "link.xml"
    }
    # The same content again is no second document, and its name is free to be archived.
    (root / "in" / "a.xml").write_bytes(UBL)
    assert [entry.result for entry in runner.run_once(source)] == [Result.HERE_ALREADY]
    assert _files(root)["in/archive/a-2.xml"] == UBL


def test_what_was_taken_by_a_process_that_ended_is_received(
    server: SftpServer,
    sources: SourceService,
    database: Database,
    clock: MovableClock,
    tmp_path: Path,
    root: Path,
) -> None:
    source = _added(sources, database, server.account())
    (root / "in" / ".ionport").mkdir()
    (root / "in" / ".ionport" / "a.xml").write_bytes(UBL)
    entries = _runner(sources, database, clock, tmp_path).run_once(source)
    assert [entry.result for entry in entries] == [Result.RECEIVED]
    assert list(_files(root)) == ["in/archive/a.xml"]


@pytest.mark.parametrize(
    ("changes", "secret", "says"),
    [
        ({"host_key": public(new_key())}, "correct horse", "another host key"),
        ({}, "wrong", "refuses user name, password or key"),
        ({"username": "nobody"}, "correct horse", "refuses user name, password or key"),
        ({}, new_key().export_private_key().decode(), "refuses user name, password or key"),
    ],
    ids=["host key", "password", "user name", "private key"],
)
def test_the_reason_is_told_and_nothing_of_the_secret(
    server: SftpServer,
    sources: SourceService,
    database: Database,
    clock: MovableClock,
    tmp_path: Path,
    changes: dict[str, str],
    secret: str,
    says: str,
) -> None:
    source = _added(sources, database, server.account(secret, **changes))
    (stage,) = sources.test(source)
    assert says in stage.problem
    assert secret not in stage.problem
    assert _runner(sources, database, clock, tmp_path).run(source) == []
    with database.read() as work:
        (stored,) = sources.list(work.within(ACME))
    assert says in stored.problem
    assert secret not in repr(stored)


def test_addresses_are_judged_before_anything_is_sent(
    server: SftpServer, sources: SourceService
) -> None:
    strict = AddressPolicy(allow_loopback=False)
    with (
        pytest.raises(Unavailable, match="may not be reached"),
        open_sftp(server.account(), strict),
    ):
        pass
    for host in ("169.254.169.254", "10.0.0.1", "a b", ""):
        with pytest.raises(InvalidInput) as wrong:
            sources.check_sftp(server.account(host=host))
        assert list(wrong.value.fields) == ["host"]


def test_a_server_that_is_away_is_told(sources: SourceService, database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    account = SftpAccount("127.0.0.1", port, "scans", public(new_key()), Secret("x"))
    (stage,) = sources.test(_added(sources, database, account))
    assert stage.problem == "The SFTP server cannot be used: nothing listens at its port."


def test_wrong_values_are_named_and_only_administrators_add_a_server(
    server: SftpServer, sources: SourceService, database: Database
) -> None:
    broken = SftpAccount("127.0.0.1", 0, "", "no key", Secret("-----BEGIN PRIVATE KEY-----\nx"))
    with pytest.raises(InvalidInput) as wrong:
        sources.check_sftp(broken)
    assert sorted(wrong.value.fields) == ["host_key", "port", "secret", "username"]
    assert sources.check_sftp(server.account()).startswith("SHA256:")
    _added(sources, database, server.account())
    role = frozenset({(ACME.organization_id, OrganizationRole.USER)})
    anna = Actor("usr_1", "anna", organization_roles=role)
    with database.write() as work:
        with pytest.raises(Forbidden):
            sources.add_sftp(Access(work, ACME, anna), "x", server.account(), {"folder": "/x"})
        with pytest.raises(Conflict):
            sources.add_sftp(
                Access(work, ACME, OPERATOR), "Again", server.account(), {"folder": "/in"}
            )


def test_a_secret_is_sealed_and_sealed_again_with_a_new_key(
    server: SftpServer, sources: SourceService, database: Database, clock: MovableClock
) -> None:
    source = _added(sources, database, server.account())
    assert "correct horse" not in source.sealed
    inboxes = sources._inboxes
    assert inboxes is not None
    inboxes.keys = inboxes.keys.with_new_key()
    with database.write() as work:
        assert sources.reseal(work.within(SystemScope("test"))) == 1
        assert sources.reseal(work.within(SystemScope("test"))) == 0
        (again,) = sources.list(work.within(ACME))
    assert again.sealed != source.sealed
    assert all(stage.passed for stage in sources.test(again))


def test_a_server_that_hangs_delays_no_other_one(
    server: SftpServer,
    sources: SourceService,
    database: Database,
    clock: MovableClock,
    tmp_path: Path,
    root: Path,
) -> None:
    (root / "in" / "a.xml").write_bytes(UBL)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = replace(server.account(), port=silent.getsockname()[1])
        with database.write() as work:
            for number, account in enumerate([hanging] * 3 + [server.account()]):
                folders = {"folder": f"/in{number}" if number < 3 else "/in"}
                sources.add_sftp(Access(work, ACME, OPERATOR), f"Server {number}", account, folders)
        runner = _runner(sources, database, clock, tmp_path)
        watch = runner.repeating(every_seconds=0.01)
        arrived = threading.Event()
        log = SourceRepository.add_log

        def told(repository: SourceRepository, scope: object, entry: LogEntry) -> None:
            log(repository, scope, entry)  # type: ignore[arg-type]
            arrived.set()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(SourceRepository, "add_log", told)
            patch.setattr(runner_module, "SERVER_SECONDS", 0.0)
            watch.launch()
            assert arrived.wait(15)
        silent.close()
        watch.close()
