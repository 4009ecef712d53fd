from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence

import pytest

from ionport.oauth.tokens.group_commit import MAX_BATCH, GroupCommit
from tests.support.patience import PATIENCE


def _unchanged(item: int) -> int:
    return item


def test_what_is_ready_while_another_batch_is_committed_is_committed_together() -> None:
    batches: list[int] = []
    all_prepared = threading.Event()
    prepared: list[int] = []

    def prepare(item: int) -> int:
        prepared.append(item)
        if len(prepared) == 100:
            all_prepared.set()
        return item * 2

    def commit(items: Sequence[int]) -> Sequence[int]:
        assert all_prepared.wait(PATIENCE), "preparing waits for a commit"
        batches.append(len(items))
        return items

    async def run() -> list[int]:
        group = GroupCommit(prepare, commit)
        return await asyncio.gather(*(group.submit(number) for number in range(100)))

    assert asyncio.run(run()) == [number * 2 for number in range(100)]
    assert sum(batches) == 100
    assert len(batches) <= 4
    assert max(batches) == MAX_BATCH


def test_no_two_commits_run_at_once() -> None:
    running: list[int] = []
    most = 0

    def commit(items: Sequence[int]) -> Sequence[int]:
        nonlocal most
        running.append(1)
        most = max(most, len(running))
        time.sleep(0.001)
        running.pop()
        return items

    async def run() -> None:
        group = GroupCommit(_unchanged, commit)
        for _round in range(20):
            await asyncio.gather(*(group.submit(number) for number in range(10)))

    asyncio.run(run())
    assert most == 1


def test_one_that_cannot_be_prepared_fails_alone() -> None:
    def prepare(item: int) -> int:
        if item == 3:
            raise ValueError("three")
        return item

    async def run() -> list[int | BaseException]:
        group = GroupCommit(prepare, lambda items: items)
        return await asyncio.gather(
            *(group.submit(number) for number in range(6)), return_exceptions=True
        )

    results = asyncio.run(run())
    assert isinstance(results[3], ValueError)
    assert [r for r in results if not isinstance(r, ValueError)] == [0, 1, 2, 4, 5]


def test_one_that_cannot_be_stored_fails_alone() -> None:
    stored: list[int] = []

    def commit(items: Sequence[int]) -> Sequence[int]:
        if 7 in items:
            raise ValueError("seven")
        stored.extend(items)
        return items

    async def run() -> list[int | BaseException]:
        group = GroupCommit(_unchanged, commit)
        return await asyncio.gather(
            *(group.submit(number) for number in range(10)), return_exceptions=True
        )

    results = asyncio.run(run())
    assert isinstance(results[7], ValueError)
    assert [r for r in results if not isinstance(r, ValueError)] == sorted(stored)
    assert sorted(stored) == [0, 1, 2, 3, 4, 5, 6, 8, 9]


def test_nobody_is_answered_before_its_commit_and_giving_up_harms_nobody() -> None:
    may_commit = threading.Event()

    def commit(items: Sequence[str]) -> Sequence[str]:
        may_commit.wait(PATIENCE)
        return items

    async def run() -> str:
        group = GroupCommit(str, commit)
        given_up = asyncio.ensure_future(group.submit("gone"))
        stays = asyncio.ensure_future(group.submit("stays"))
        done, _pending = await asyncio.wait([stays], timeout=0.1)
        assert not done
        given_up.cancel()
        may_commit.set()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        return await stays

    assert asyncio.run(run()) == "stays"
