"""Reset, seed, snapshot: what goes, what stays, what comes back."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from ionport.core.blobs import FolderBlobs
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.sandbox.control import tables as control_tables
from ionport.sandbox.control.controls.faults import FaultDraft, FaultKind
from ionport.sandbox.control.inspection import InspectionService
from ionport.sandbox.control.plane import ControlPlane
from ionport.sandbox.control.state.service import service_tables, state_tables
from ionport.store import Database, TenantScope, metadata
from tests.support.infor_side import new_item
from tests.support.patience import PATIENCE
from tests.support.schema import import_all_tables

pytestmark = pytest.mark.on_each_database

SCOPE = TenantScope("ACME_TST")
OTHER = TenantScope("OTHER_TST")
PRODUCTION = TenantScope("ACME_PRD")
OPERATOR = Actor.operator()
SUPPLIER = {"SUTY": "0", "CSCD": "DE", "DTFM": "YMD", "ORTY": "A10", "DT4T": "1"}
SUPPLIER |= {"DTCD": "1", "CUCD": "EUR", "CRTP": "1", "ATPR": "1"}
EVERYTHING = PageRequest(per_page=200)


def seed_text(*numbers: str, suppliers: Sequence[str] = ()) -> bytes:
    items = [
        new_item(f"<Invoice>{n}</Invoice>".encode(), {"BOD_SupplierInvoiceID": n})["item"]
        for n in numbers
    ]
    transactions = [
        {
            "program": "CRS620MI",
            "transaction": "AddSupplier",
            "record": {**SUPPLIER, "SUNO": number, "SUNM": f"Supplier {number}"},
        }
        for number in suppliers
    ]
    return json.dumps({"idm": items, "m3": transactions}).encode()


def fill(database: Database, plane: ControlPlane, scope: TenantScope, *numbers: str) -> None:
    with database.write() as work:
        plane.seeds.seed(Access(work, scope, OPERATOR), seed_text(*numbers))


def numbers_in(database: Database, blobs: FolderBlobs, scope: TenantScope) -> list[str]:
    with database.read() as work:
        page = InspectionService(blobs).list_items(Access(work, scope, OPERATOR), EVERYTHING)
    return sorted(value.value for item in page.items for value in item.attributes)


def counts(database: Database, plane: ControlPlane, scope: TenantScope) -> Mapping[str, int]:
    with database.read() as work:
        found = plane.state.counts(Access(work, scope, OPERATOR))
    return {each.table: each.rows for each in found if each.rows}


def test_every_table_of_the_sandbox_is_either_reset_or_kept_on_purpose() -> None:
    import_all_tables()
    known = {*state_tables(), *control_tables.KEPT_TABLES}
    here = [mapper for mapper in metadata.sorted_tables if _is_of_the_sandbox(mapper.name)]
    assert {table.name for table in here} == {table.name for table in known}


def _is_of_the_sandbox(name: str) -> bool:
    import sys

    modules = [module for key, module in sys.modules.items() if key.startswith("ionport.sandbox.")]
    tables = [m for m in modules if m.__name__.endswith(".tables")]
    return any(getattr(value, "name", None) == name for m in tables for value in vars(m).values())


def test_a_reset_empties_one_tenant_and_leaves_the_others(
    database: Database, plane: ControlPlane, blobs: FolderBlobs
) -> None:
    fill(database, plane, SCOPE, "1", "2")
    fill(database, plane, OTHER, "3")
    with database.write() as work:
        plane.faults.add(Access(work, SCOPE, OPERATOR), FaultDraft(FaultKind.HTML))
    with database.write() as work:
        gone = plane.state.reset(Access(work, SCOPE, OPERATOR))
    assert gone >= 6
    assert counts(database, plane, SCOPE) == {}
    assert plane.controls.faults(SCOPE.tenant_id) == ()
    assert numbers_in(database, blobs, OTHER) == ["3"]


def test_a_seed_is_made_whole_or_not_at_all_and_says_where_it_is_wrong(
    database: Database, plane: ControlPlane
) -> None:
    text = seed_text("1", suppliers=["S1", "S1"])
    with pytest.raises(InvalidInput, match=r"^\$\.m3\[1\]: "), database.write() as work:
        plane.seeds.seed(Access(work, SCOPE, OPERATOR), text)
    assert counts(database, plane, SCOPE) == {}
    with database.write() as work:
        made = plane.seeds.seed(
            Access(work, SCOPE, OPERATOR), seed_text("1", suppliers=["S1", "S2"])
        )
    assert len(made.items) == 1
    assert made.transactions == 2


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ({"idm": [{"entityName": "None"}]}, r"\$\.idm\[0\]: "),
        ({"idm": {}}, r"\$\.idm is a list"),
        ({"idm": ["x"]}, r"\$\.idm\[0\] is a JSON object"),
        ({"m3": [{"program": "CRS620MI", "transaction": "AddSupplier"}]}, r"\$\.m3\[0\]: "),
        ({"m3": [{"program": "NONE", "transaction": "Add"}]}, r"\$\.m3\[0\]: "),
        ({"m3": [{"program": "CRS620MI", "wrong": 1}]}, r"\$\.m3\[0\]: wrong is not known"),
        ({"lake": []}, r"\$\.lake is not known"),
    ],
)
def test_what_is_wrong_in_a_seed_is_named_by_its_path(
    database: Database, plane: ControlPlane, content: Any, where: str
) -> None:
    with pytest.raises(InvalidInput, match=f"^{where}"), database.write() as work:
        plane.seeds.seed(Access(work, SCOPE, OPERATOR), json.dumps(content).encode())


def test_a_snapshot_brings_the_state_back_exactly_and_nothing_of_other_tenants(
    database: Database, plane: ControlPlane, blobs: FolderBlobs
) -> None:
    fill(database, plane, SCOPE, "1", "2")
    fill(database, plane, OTHER, "3")
    before = _dump(database, SCOPE)
    snapshot = plane.snapshots.take(database, SCOPE, OPERATOR, "two-items")
    with database.write() as work:
        plane.state.reset(Access(work, SCOPE, OPERATOR))
    fill(database, plane, SCOPE, "4")
    with database.write() as work:
        plane.snapshots.restore(Access(work, SCOPE, OPERATOR), "two-items")
    assert _dump(database, SCOPE) == before
    assert snapshot.rows == sum(map(len, before.values()))
    assert numbers_in(database, blobs, SCOPE) == ["1", "2"]
    assert numbers_in(database, blobs, OTHER) == ["3"]
    fill(database, plane, SCOPE, "5")
    assert numbers_in(database, blobs, SCOPE) == ["1", "2", "5"]


def _dump(database: Database, scope: TenantScope) -> dict[str, list[Any]]:
    from ionport.sandbox.control.state.repository import StateRepository

    with database.read() as work:
        state = StateRepository(work.connection)
        return {table.name: list(state.rows(scope, table)) for table in service_tables()}


def test_a_snapshot_of_the_same_name_takes_the_place_of_the_other(
    database: Database, plane: ControlPlane, blobs: FolderBlobs
) -> None:
    for number in ("1", "2"):
        fill(database, plane, SCOPE, number)
        plane.snapshots.take(database, SCOPE, OPERATOR, "base")
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        plane.state.reset(access)
        plane.snapshots.restore(access, "base")
        assert [s.name for s in plane.snapshots.list(access)] == ["base"]
        plane.snapshots.delete(access, "base")
    assert numbers_in(database, blobs, SCOPE) == ["1", "2"]
    with pytest.raises(NotFound), database.write() as work:
        plane.snapshots.restore(Access(work, SCOPE, OPERATOR), "base")


def test_a_snapshot_of_another_version_is_refused_and_changes_nothing(
    database: Database, plane: ControlPlane, blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, plane, SCOPE, "1")
    monkeypatch.setattr(
        "ionport.sandbox.control.state.snapshots.service_tables",
        lambda: [control_tables.sandbox_faults],
    )
    plane.snapshots.take(database, SCOPE, OPERATOR, "other")
    monkeypatch.undo()
    with pytest.raises(Conflict, match="another version"), database.write() as work:
        plane.snapshots.restore(Access(work, SCOPE, OPERATOR), "other")
    assert numbers_in(database, blobs, SCOPE) == ["1"]


def test_a_production_tenant_refuses_the_control_plane_even_to_the_operator(
    database: Database, plane: ControlPlane
) -> None:
    second = timedelta(seconds=1)
    with database.write() as work:
        access = Access(work, PRODUCTION, OPERATOR)
        for action in (
            lambda: plane.state.reset(access),
            lambda: plane.seeds.seed(access, b"{}"),
            lambda: plane.snapshots.take(database, PRODUCTION, OPERATOR, "x"),
            lambda: plane.faults.add(access, FaultDraft(FaultKind.HTML)),
            lambda: plane.clock.jump(access, second),
            lambda: plane.keys.create(access, "x"),
        ):
            with pytest.raises(Forbidden, match="production tenant"):
                action()


def test_no_writer_waits_while_a_snapshot_is_written(
    database: Database, plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, plane, SCOPE, "1")
    put = FolderBlobs.put

    def slow(blobs: FolderBlobs, content: bytes) -> str:
        monkeypatch.undo()
        done = threading.Thread(target=fill, args=(database, plane, OTHER, "2"))
        done.start()
        done.join(PATIENCE)
        assert not done.is_alive()
        return put(blobs, content)

    monkeypatch.setattr(FolderBlobs, "put", slow)
    taken = plane.snapshots.take(database, SCOPE, OPERATOR, "base")
    assert taken.rows
