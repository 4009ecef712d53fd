"""Two people change an item in any way, and it is always what a plain model says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ionport.core.blobs import FolderBlobs
from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, NotFound
from ionport.sandbox.idm.model import Attribute, Flags, Item, ItemContent, NewFile
from ionport.sandbox.idm.service import IdmService
from ionport.store import Database, TenantScope
from tests.conftest import ALL_DATABASES
from tests.support.databases import with_schema
from tests.support.examples import example_count

pytestmark = pytest.mark.on_each_database

SCOPE = TenantScope("ACME_TST")
ENTITY = "M3_SupplierInvoice"


@dataclass(frozen=True, slots=True)
class Idm:
    database: Database
    service: IdmService
    clock: MovableClock


@pytest.fixture(scope="module", params=ALL_DATABASES)
def idm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Idm]:
    folder: Path = tmp_path_factory.mktemp("idm")
    database, clock = with_schema(request.param, folder), MovableClock()
    yield Idm(database, IdmService(clock, FolderBlobs(folder / "blobs")), clock)
    database.close()


@dataclass(frozen=True, slots=True)
class Content:
    """What an item is, apart from who holds it."""

    attributes: tuple[tuple[str, str], ...]
    file: bytes
    acl: str = "Public"


@dataclass(frozen=True, slots=True)
class Change:
    """One call: `attributes` None sends none, `file` None keeps the file, `undo` takes back."""

    by: str
    flags: Flags
    attributes: dict[str, str] | None
    file: bytes | None
    acl: str
    undo: bool


CHANGES = st.builds(
    Change,
    by=st.sampled_from(["ann", "bob"]),
    flags=st.builds(Flags, st.booleans(), st.booleans(), st.booleans()),
    attributes=st.none()
    | st.dictionaries(st.sampled_from(["M3_Company", "Export"]), st.sampled_from("ab")),
    file=st.none() | st.sampled_from([b"one", b"two"]),
    acl=st.sampled_from(["", "Public", "Private"]),
    undo=st.sampled_from([False, False, False, True]),
)


@dataclass(slots=True)
class Model:
    """The same item, said plainly."""

    now: Content
    version: int = 0
    holder: str | None = None
    before: Content | None = None
    history: dict[int, Content] = field(default_factory=dict)

    def apply(self, change: Change) -> bool:
        """Make the change; False when it is refused."""
        if self.holder not in (None, change.by):
            return False
        if change.undo:
            if self.holder is None or self.before is None:
                return False
            self.now, self.holder, self.before = self.before, None, None
            return True
        holder = self.holder or (change.by if change.flags.check_out else None)
        if change.flags.check_in and holder is None:
            return False
        if holder and self.holder is None:
            self.before = self.now
        self.holder = holder
        self.now = self._changed(change)
        if change.flags.check_in:
            assert self.before is not None
            self.history[self.version] = self.before
            self.version, self.holder, self.before = self.version + 1, None, None
        return True

    def _changed(self, change: Change) -> Content:
        attributes = dict(self.now.attributes)
        if change.attributes is not None:
            kept = {n: v for n, v in attributes.items() if n not in change.attributes}
            attributes = (kept if change.flags.merge else {}) | change.attributes
        file = self.now.file if change.file is None else change.file
        return Content(tuple(attributes.items()), file, change.acl or self.now.acl)


def _send(idm: Idm, pid: str, change: Change) -> Item:
    with idm.database.write() as work:
        if change.undo:
            return idm.service.undo_check_out(work.within(SCOPE), change.by, pid)
        draft = idm.service.draft(_sent(change.attributes, change.file, change.acl))
        return idm.service.change(work.within(SCOPE), change.by, pid, draft, change.flags)


def _sent(attributes: dict[str, str] | None, file: bytes | None, acl: str) -> ItemContent:
    named = None if attributes is None else tuple(Attribute(n, v) for n, v in attributes.items())
    files = () if file is None else (NewFile("", "a.pdf", "application/pdf", file),)
    return ItemContent(ENTITY, named, files, acl)


def _content(idm: Idm, item: Item) -> Content:
    _resource, file = idm.service.content(item)
    return Content(tuple((a.name, a.value) for a in item.attributes), file, item.acl)


@settings(
    max_examples=example_count(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=st.lists(CHANGES, max_size=12))
def test_an_item_is_what_its_changes_make_of_it(idm: Idm, changes: list[Change]) -> None:
    draft = idm.service.draft(_sent({"M3_Company": "a"}, b"first", ""))
    with idm.database.write() as work:
        item = idm.service.create(work.within(SCOPE), "ann", draft)
    model, first_pid = Model(Content((("M3_Company", "a"),), b"first")), item.pid
    for change in changes:
        idm.clock.advance(timedelta(seconds=1))
        try:
            item = _send(idm, first_pid, change)
        except Conflict:
            assert not model.apply(change)
        else:
            assert model.apply(change)
            assert (item.version, item.checked_out_by) == (model.version, model.holder)
    with idm.database.read() as work:
        found = idm.service.versions(work.within(SCOPE), "ann", first_pid)
        assert (found[0].version, found[0].checked_out_by) == (model.version, model.holder)
        assert _content(idm, found[0]) == model.now
        assert {each.version: _content(idm, each) for each in found[1:]} == model.history
        for each in found:
            assert idm.service.get(work.within(SCOPE), "ann", each.pid) == each


def test_a_deleted_item_leaves_no_version(idm: Idm) -> None:
    with idm.database.write() as work:
        item = idm.service.create(
            work.within(SCOPE), "ann", idm.service.draft(_sent(None, b"x", ""))
        )
        flags = Flags(check_out=True, check_in=True)
        draft = idm.service.draft(_sent({"Export": "a"}, b"y", ""))
        idm.service.change(work.within(SCOPE), "ann", item.pid, draft, flags)
        idm.service.delete(work.within(SCOPE), "bob", item.pid)
        for pid in (item.pid, item.pid.removesuffix("-LATEST")):
            with pytest.raises(NotFound):
                idm.service.get(work.within(SCOPE), "ann", pid)
