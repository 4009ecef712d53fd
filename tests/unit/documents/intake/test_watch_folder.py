"""A watched folder: a file is taken once it rests, imported once, and moved to where it belongs."""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput
from ionport.core.paging import PageRequest
from ionport.core.scanning import Clamd
from ionport.documents.intake.sources.folder import TAKEN, WatchFolder
from ionport.documents.intake.sources.inboxes import inbox_of
from ionport.documents.intake.sources.model import IntakeSource, Result
from ionport.documents.intake.sources.repository import SourceRepository
from ionport.documents.intake.sources.runner import SourceRunner
from ionport.documents.intake.sources.service import SourceService, try_source
from ionport.documents.samples import CII_INVOICE, UBL_INVOICE, read_sample
from ionport.documents.service import DocumentService
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.store import Database
from tests.support.clamd import FakeClamd
from tests.unit.documents.intake.test_receiving import ACME, OPERATOR, database, receiver_on

UBL, CII = read_sample(UBL_INVOICE), read_sample(CII_INVOICE)
__all__ = ["database"]


@dataclass(slots=True)
class Inbox:
    """A watched folder with what looks into it."""

    database: Database
    clock: MovableClock
    home: Path
    sources: SourceService
    source: IntakeSource

    @property
    def folder(self) -> Path:
        return self.home / "in"

    def runner(self, rest_seconds: float = 0, scanner: Clamd | None = None) -> SourceRunner:
        receiver = receiver_on(self.database, self.clock, self.home, scanner=scanner)
        return SourceRunner(
            self.database, self.clock, receiver, max_bytes=1_000_000, rest_seconds=rest_seconds
        )

    def files(self) -> dict[str, bytes]:
        """Every file below the watched folder but the lock, by its way."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.name != ".lock"
        }

    def results(self) -> list[tuple[str, Result]]:
        with self.database.read() as work:
            entries = self.sources.log(work.within(ACME), self.source.id)
        return [(entry.filename, entry.result) for entry in reversed(entries)]


@pytest.fixture
def inbox(database: Database, clock: MovableClock, tmp_path: Path) -> Inbox:
    (tmp_path / "in").mkdir()
    sources = SourceService(clock, AuditLog(clock))
    with database.write() as work:
        paths = {"folder": str(tmp_path / "in")}
        source = sources.add_folder(Access(work, ACME, OPERATOR), "Scans", paths)
    return Inbox(database, clock, tmp_path, sources, source)


def test_files_are_archived_or_set_aside_with_a_note_and_told_in_the_log(inbox: Inbox) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("b.xml", CII)
        archive.writestr("c.xml", b"<a/>")
    (inbox.folder / "a.xml").write_bytes(UBL)
    (inbox.folder / "two.zip").write_bytes(packed.getvalue())
    (inbox.folder / ".hidden.xml").write_bytes(UBL)
    (inbox.folder / "d.xml.part").write_bytes(UBL[:100])
    (inbox.folder / "link.xml").symlink_to("/etc/hostname")
    entries = inbox.runner().run_once(inbox.source)
    assert [(entry.filename, entry.result) for entry in entries] == inbox.results()
    assert inbox.results() == [("a.xml", Result.RECEIVED), ("two.zip", Result.REFUSED)]
    assert len(entries[1].document_ids) == 1
    files = inbox.files()
    note = files.pop("error/two.zip.error").decode()
    assert f"two.zip/b.xml: {entries[1].document_ids[0]}" in note
    assert "two.zip/c.xml: This XML is not an e-invoice" in note
    assert files == {
        ".hidden.xml": UBL,
        "archive/a.xml": UBL,
        "d.xml.part": UBL[:100],
        "error/two.zip": packed.getvalue(),
        "link.xml": Path("/etc/hostname").read_bytes(),
    }


def test_a_file_that_still_changes_is_left_alone(inbox: Inbox) -> None:
    runner, file = inbox.runner(), inbox.folder / "a.xml"
    for size in (100, 200, len(UBL)):
        file.write_bytes(UBL[:size])
        assert runner.run(inbox.source) == []
    assert [entry.result for entry in runner.run(inbox.source)] == [Result.RECEIVED]
    slow = inbox.runner(rest_seconds=3600)
    (inbox.folder / "b.xml").write_bytes(CII)
    assert slow.run(inbox.source) == slow.run(inbox.source) == []


@pytest.mark.parametrize("moment", ["archive", "receive"])
def test_after_a_crash_no_file_is_lost_and_none_is_imported_twice(
    inbox: Inbox, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_arguments: object, **_more: object) -> None:
        raise Killed

    (inbox.folder / "a.xml").write_bytes(UBL)
    with monkeypatch.context() as patched:
        if moment == "archive":
            patched.setattr(WatchFolder, "archive", die)
        else:
            patched.setattr(WatchFolder, "read", die)
        with pytest.raises(Killed):
            inbox.runner().run_once(inbox.source)
    assert list(inbox.files()) == [f"{TAKEN}/a.xml"]
    (entry,) = inbox.runner().run(inbox.source)
    was_in = moment == "archive"
    assert entry.result is (Result.HERE_ALREADY if was_in else Result.RECEIVED)
    assert inbox.files() == {"archive/a.xml": UBL}
    documents = receiver_on(inbox.database, inbox.clock, inbox.home).documents
    with inbox.database.read() as work:
        assert documents.list(work.within(ACME), PageRequest()).total == 1


def test_a_file_that_ionport_fails_at_is_set_aside_with_a_note_and_the_others_come_in(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: DocumentService, scope: object, content: bytes, name: str) -> Any:
        if name == "b.xml":
            raise RuntimeError("a fault of ours")
        return read(self, ACME, content, name)

    read = DocumentService.read_receipt
    monkeypatch.setattr(DocumentService, "read_receipt", fail)
    (inbox.folder / "a.xml").write_bytes(UBL)
    (inbox.folder / "b.xml").write_bytes(b"<b/>")
    (inbox.folder / "c.xml").write_bytes(CII)
    inbox.runner().run_once(inbox.source)
    assert dict(inbox.results()) == {
        "a.xml": Result.RECEIVED,
        "b.xml": Result.REFUSED,
        "c.xml": Result.RECEIVED,
    }
    files = inbox.files()
    assert b"Keep the file and report it" in files.pop("error/b.xml.error")
    assert files == {"archive/a.xml": UBL, "archive/c.xml": CII, "error/b.xml": b"<b/>"}


def test_a_name_that_was_used_before_replaces_nothing(inbox: Inbox) -> None:
    for content in (UBL, CII):
        (inbox.folder / "a.xml").write_bytes(content)
        inbox.runner().run_once(inbox.source)
    for content in (b"<a/>", b"<b/>"):
        (inbox.folder / "a.xml").write_bytes(content)
        inbox.runner().run_once(inbox.source)
    files = inbox.files()
    assert (files["archive/a.xml"], files["archive/a-2.xml"]) == (UBL, CII)
    assert (files["error/a.xml"], files["error/a-2.xml"]) == (b"<a/>", b"<b/>")


def test_while_the_scanner_is_away_files_wait_in_the_folder(inbox: Inbox) -> None:
    (inbox.folder / "a.xml").write_bytes(UBL)
    with FakeClamd() as server:
        port = server.port
    runner = inbox.runner(scanner=Clamd("127.0.0.1", port, wait_seconds=0))
    for _time in range(3):
        runner.run_once(inbox.source)
    assert inbox.files() == {"a.xml": UBL}
    # Told once, however often it is tried.
    assert inbox.results() == [("a.xml", Result.WAITING)]
    inbox.runner().run_once(inbox.source)
    assert inbox.files() == {"archive/a.xml": UBL}


def test_a_second_process_leaves_the_folder_to_the_first(inbox: Inbox) -> None:
    (inbox.folder / "a.xml").write_bytes(UBL)
    with inbox_of(inbox.source).alone() as is_alone:
        assert is_alone
        assert inbox.runner().run_once(inbox.source) == []
    assert list(inbox.files()) == ["a.xml"]


def test_a_folder_that_is_gone_is_the_sources_problem_until_it_is_back(inbox: Inbox) -> None:
    inbox.folder.rename(inbox.home / "elsewhere")
    assert not any(stage.passed for stage in try_source(inbox.source))
    inbox.runner().run(inbox.source)

    def problem() -> str:
        with inbox.database.read() as work:
            return inbox.sources.find(work.within(ACME), "Scans").problem

    assert "No such file or directory" in problem()
    (inbox.home / "elsewhere").rename(inbox.folder)
    with inbox.database.read() as work:
        inbox.runner().run(inbox.sources.find(work.within(ACME), "Scans"))
    assert problem() == ""
    assert all(stage.passed for stage in try_source(inbox.source))


def test_the_task_looks_by_itself_until_it_is_closed(inbox: Inbox) -> None:
    (inbox.folder / "a.xml").write_bytes(UBL)
    runner = inbox.runner()
    watch = runner.repeating(every_seconds=0.01)
    watch.launch()
    archived = inbox.folder / "archive" / "a.xml"
    try:
        while not archived.exists():
            os.sched_yield()
    finally:
        watch.close()
    assert inbox.results() == [("a.xml", Result.RECEIVED)]


def test_only_the_operator_watches_a_folder_once_under_one_name(inbox: Inbox) -> None:
    with inbox.database.write() as work:
        access = Access(work, ACME, OPERATOR)
        other = {"folder": str(inbox.home / "other")}
        with pytest.raises(Forbidden):
            inbox.sources.add_folder(Access(work, ACME, Actor("usr_1", "ada")), "X", other)
        with pytest.raises(Conflict, match="watched already"):
            inbox.sources.add_folder(access, "X", {"folder": str(inbox.folder)})
        with pytest.raises(Conflict, match="of this name"):
            inbox.sources.add_folder(access, "Scans", other)
        with pytest.raises(InvalidInput, match="no absolute path"):
            inbox.sources.add_folder(access, "X", {"folder": "in"})
        inbox.sources.remove(access, "Scans")
        assert SourceRepository(work.connection).of_organization(ACME) == []


def test_a_name_too_long_and_a_file_that_cannot_be_read_keep_no_other_waiting(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def refuse(self: Path, *arguments: Any, **named: Any) -> IO[Any]:
        if self.name == "locked.xml":
            raise PermissionError(13, "Permission denied")
        return opened(self, *arguments, **named)

    for name, content in {"字" * 83 + ".xml": b"<a/>", "locked.xml": CII, "z.xml": UBL}.items():
        (inbox.folder / name).write_bytes(content)
    monkeypatch.setattr(Path, "open", refuse)
    inbox.runner().run_once(inbox.source)
    results = {name[-10:]: result for name, result in inbox.results()}
    assert results == {
        "字" * 6 + ".xml": Result.REFUSED,
        "locked.xml": Result.REFUSED,
        "z.xml": Result.RECEIVED,
    }
    monkeypatch.undo()
    assert inbox.files()["error/locked.xml"] == CII
    assert inbox.files()["error/locked.xml.error"] == b"Permission denied\n"
