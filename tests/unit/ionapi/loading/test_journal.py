"""A journal of a load knows after a crash what was sent, and belongs to one load at a time."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from ionport.ionapi.errors import RequestRefused
from ionport.ionapi.loading.journal import Journal, LoadIdentity, RowResult, RowState
from tests.unit.ionapi.receiving import until

IDENTITY = LoadIdentity("APS450MI", "AddHead", "100", "AAA", "ACME_TST", "0" * 64)


def test_what_is_sent_after_a_line_was_cut_off_is_not_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "rows.load"
    with Journal(path, IDENTITY) as journal:
        journal.sending([2])
        journal.ended([RowResult(2, RowState.DONE)])
    with path.open("a", encoding="utf-8") as file:
        file.write('{"sent": [3')
    with Journal(path, IDENTITY) as journal:
        journal.sending([3, 4])
    with Journal(path, IDENTITY) as journal:
        assert journal.unknown() == [3, 4]
        assert journal.results[2].state is RowState.DONE


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0c", "\r", "\n"])
def test_a_text_with_any_end_of_line_is_kept(tmp_path: Path, sign: str) -> None:
    told = RowResult(2, RowState.DONE, message=f"one{sign}two")
    with Journal(tmp_path / "rows.load", IDENTITY) as journal:
        journal.sending([2])
        journal.ended([told])
    with Journal(tmp_path / "rows.load", IDENTITY) as journal:
        assert journal.results == {2: told}
        assert journal.unknown() == []


def test_two_loads_never_send_the_same_rows_at_once(tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "rows.load", IDENTITY),
        pytest.raises(RequestRefused, match="under way"),
    ):
        Journal(tmp_path / "rows.load", IDENTITY)


@pytest.mark.parametrize("line", ["[]", "null", "x", '{"send": [2]}', "{}"])
def test_a_damaged_journal_is_not_continued(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rows.load"
    with Journal(path, IDENTITY) as journal:
        journal.sending([2])
    head = path.read_text("utf-8").splitlines()[0]
    path.write_text(f"{head}\n{line}\n", "utf-8")
    with pytest.raises(RequestRefused, match=r"Line 2 of rows\.load is damaged"):
        Journal(path, IDENTITY)


def test_rows_are_on_the_disk_before_they_are_sent_and_threads_share_the_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, threads = tmp_path / "rows.load", 8
    durable: list[bytes] = []
    first_is_waiting, rest_has_written = threading.Event(), threading.Event()

    def fsync(_descriptor: int) -> None:
        content = path.read_bytes()
        if not durable:
            first_is_waiting.set()
            assert rest_has_written.wait(30)
        durable.append(content)

    found: list[bool] = []

    def send(row: int) -> None:
        journal.sending([row])
        found.append(f'{{"sent": [{row}]}}'.encode() in durable[-1])

    journal = Journal(path, IDENTITY)
    monkeypatch.setattr(os, "fsync", fsync)
    first = threading.Thread(target=send, args=(1,))
    first.start()
    assert first_is_waiting.wait(30)
    rest = [threading.Thread(target=send, args=(row,)) for row in range(2, threads + 1)]
    for thread in rest:
        thread.start()
    until(lambda: path.read_bytes().count(b'"sent"') == threads)
    rest_has_written.set()
    for thread in (first, *rest):
        thread.join(30)
    assert found == [True] * threads
    assert len(durable) == 2
    journal.ended([RowResult(1, RowState.DONE)])
    journal.close()
    assert b'"done"' in durable[-1]
