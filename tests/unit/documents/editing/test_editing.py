"""Who edits a document is told to others; the lock lapses by itself and can be taken over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import Forbidden, NotFound
from ionport.documents.editing.model import LAPSES_AFTER, EditLock
from ionport.identity.access import Access
from ionport.identity.model import Actor, OrganizationRole
from ionport.store import Database
from tests.support.exporting import DocumentSide, document_side, invoice


@pytest.fixture
def side(database: Database, tmp_path: Path, clock: MovableClock) -> DocumentSide:
    return document_side(database, tmp_path / "blobs", clock)


def _actor(side: DocumentSide, name: str) -> Actor:
    role = frozenset({(side.scope.organization_id, OrganizationRole.USER)})
    return Actor(f"usr_{name}", name, organization_roles=role)


def _begin(side: DocumentSide, name: str, document_id: str) -> EditLock | None:
    with side.database.write() as work:
        return side.documents.editing.begin(
            Access(work, side.scope, _actor(side, name)), document_id
        )


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_lock_is_told_renewed_taken_over_and_lapses(
    side: DocumentSide, clock: MovableClock
) -> None:
    editing, document_id = side.documents.editing, side.add_document("a.xml", invoice("1"))
    assert _begin(side, "anna", document_id) is None
    told = _begin(side, "bert", document_id)
    assert told is not None
    assert (told.person, told.since) == ("anna", clock.now())
    since = clock.now()
    clock.advance(LAPSES_AFTER / 2)
    assert _begin(side, "anna", document_id) is None
    clock.advance(LAPSES_AFTER * 0.75)
    renewed = _begin(side, "bert", document_id)
    assert renewed is not None
    assert renewed.since == since
    with side.database.write() as work:
        editing.take_over(Access(work, side.scope, _actor(side, "bert")), document_id)
        editing.end(Access(work, side.scope, _actor(side, "anna")), document_id)
    taken = _begin(side, "anna", document_id)
    assert taken is not None
    assert taken.person == "bert"
    assert "The editing was taken over from anna." in side.timeline(document_id)
    clock.advance(LAPSES_AFTER)
    assert _begin(side, "anna", document_id) is None


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_strangers_lock_nothing_and_see_no_lock(side: DocumentSide) -> None:
    document_id = side.add_document("a.xml", invoice("1"))
    with pytest.raises(Forbidden), side.database.write() as work:
        side.documents.editing.begin(Access(work, side.scope, Actor("usr_x", "eve")), document_id)
    with pytest.raises(NotFound):
        _begin(side, "anna", "doc_none")


def test_of_two_who_begin_at_the_same_moment_one_is_told_of_the_other(side: DocumentSide) -> None:
    document_id, barrier = side.add_document("a.xml", invoice("1")), Barrier(2)

    def begin(name: str) -> bool:
        barrier.wait(10)
        return _begin(side, name, document_id) is None

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(begin, ("anna", "bert"))) == [False, True]
