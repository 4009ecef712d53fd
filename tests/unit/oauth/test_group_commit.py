from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from ionport.oauth.group_commit import MAX_BATCH, GroupCommit


def test_what_comes_together_is_committed_together() -> None:
    batches: list[int] = []

    def commit(items: Sequence[int]) -> Sequence[int]:
        batches.append(len(items))
        return [item * 2 for item in items]

    async def run() -> list[int]:
        group = GroupCommit(commit)
        return await asyncio.gather(*(group.submit(number) for number in range(100)))

    assert asyncio.run(run()) == [number * 2 for number in range(100)]
    assert sum(batches) == 100
    assert len(batches) <= 3
    assert max(batches) == MAX_BATCH


def test_one_that_cannot_be_stored_fails_alone() -> None:
    stored: list[int] = []

    def commit(items: Sequence[int]) -> Sequence[int]:
        if 7 in items:
            raise ValueError("seven")
        stored.extend(items)
        return items

    async def run() -> list[int | BaseException]:
        group = GroupCommit(commit)
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
        may_commit.wait(10)
        return items

    async def run() -> str:
        group = GroupCommit(commit)
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
