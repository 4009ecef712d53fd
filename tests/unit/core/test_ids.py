from __future__ import annotations

import os
import threading
import time
import uuid

import pytest

from ionport.core.ids import new_id, new_ordered_uuid, new_uuid


def test_ids_made_by_many_threads_at_once_are_all_different() -> None:
    made: list[list[str]] = [[] for _thread in range(8)]

    def make(into: list[str]) -> None:
        for _number in range(500):
            into += [new_uuid(), new_ordered_uuid(), new_id("x")]

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [text for into in made for text in into]
    assert len(set(ids)) == len(ids) == 8 * 1_500


def test_uuids_have_the_version_they_claim() -> None:
    assert uuid.UUID(new_uuid()).version == 4
    assert new_ordered_uuid()[14] == "7"


def test_a_forked_process_makes_other_ids_than_its_parent() -> None:
    new_uuid()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write_end, new_uuid().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read_end, 36).decode() != new_uuid()
    os.close(read_end)
    os.close(write_end)


def test_ids_sort_in_the_order_in_which_they_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [new_id("x") for _number in range(20_000)]
    assert made == sorted(made)
    # A clock that is set back by an hour, and more ids than a millisecond has numbers.
    past = time.time_ns() - 3_600 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: past)
    later = [new_id("x") for _number in range(10_000)]
    assert [made[-1], *later] == sorted([made[-1], *later])
    assert len(set(later)) == len(later)
