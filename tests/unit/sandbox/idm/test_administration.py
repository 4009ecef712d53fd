"""Document types of a tenant's own, on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from ionport.core.blobs import FolderBlobs
from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.sandbox.idm.datamodel.administration import MAX_ACLS, DocumentTypeService, TypeQuery
from ionport.sandbox.idm.datamodel.attribute_types import AttributeType
from ionport.sandbox.idm.datamodel.model import Acl, AttributeDefinition
from ionport.sandbox.idm.model import Attribute, Draft
from ionport.sandbox.idm.service import IdmService
from ionport.store import Database, TenantScope
from tests.support.infor_side import in_threads

SCOPE = TenantScope("ACME_TST")
OTHER_SCOPE = TenantScope("OTHER_TST")
OPERATOR = Actor.operator()


@pytest.fixture
def types(clock: MovableClock) -> DocumentTypeService:
    return DocumentTypeService(clock, AuditLog(clock))


def _names(types: DocumentTypeService, database: Database, scope: TenantScope) -> list[str]:
    with database.read() as work:
        return list(types.type_names(Access(work, scope, OPERATOR)))


def test_a_type_belongs_to_its_tenant(types: DocumentTypeService, database: Database) -> None:
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        types.add_type(access, "Own", "")
        types.add_attribute(access, "Own", AttributeDefinition("A", ""))
    assert "Own" in _names(types, database, SCOPE)
    assert "Own" not in _names(types, database, OTHER_SCOPE)
    with database.write() as work:
        access = Access(work, OTHER_SCOPE, OPERATOR)
        with pytest.raises(NotFound):
            types.get_type(access, "Own")
        with pytest.raises(NotFound):
            types.remove_attribute(access, "Own", "A")
        types.add_type(access, "Own", "theirs")
        assert types.get_type(access, "Own").entity.attributes == {}


@pytest.mark.on_each_database
def test_an_attribute_added_to_a_shipped_type_comes_after_the_shipped_ones(
    types: DocumentTypeService, database: Database
) -> None:
    definition = AttributeDefinition(
        "Amount", "Total", AttributeType.DECIMAL, "1.0", True, True, False, 9, ("1.0", "2.0")
    )
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        types.add_attribute(access, "M3_SupplierInvoice", definition)
        entity = types.get_type(access, "M3_SupplierInvoice").entity
    *shipped, own = entity.attributes.values()
    assert not any(each.is_own for each in shipped)
    assert (own.name, own.type, own.default) == ("Amount", AttributeType.DECIMAL, "1.0")
    assert (own.is_required, own.is_unique, own.is_searchable) == (True, True, False)
    assert (own.max_length, own.values, own.is_own) == (9, ("1.0", "2.0"), True)


@pytest.mark.on_each_database
def test_what_items_use_stays_until_they_are_gone(
    types: DocumentTypeService, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    idm = IdmService(clock, FolderBlobs(tmp_path))
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        types.add_type(access, "Own", "")
        types.add_attribute(access, "Own", AttributeDefinition("A", ""))
        types.add_acl(access, "Own", Acl("Buyers"))
        draft = Draft("Own", (Attribute("A", "x"),), (), "Buyers")
        item = idm.create(work.within(SCOPE), "ann", draft)
        for remove in (
            lambda: types.remove_type(access, "Own"),
            lambda: types.remove_attribute(access, "Own", "A"),
            lambda: types.remove_acl(access, "Own", "Buyers"),
        ):
            with pytest.raises(Conflict):
                remove()
        idm.delete(work.within(SCOPE), "ann", item.pid)
        types.remove_acl(access, "Own", "Buyers")
        types.remove_attribute(access, "Own", "A")
        types.remove_type(access, "Own")
    assert "Own" not in _names(types, database, SCOPE)


@pytest.mark.on_each_database
def test_a_removed_type_takes_its_attributes_along(
    types: DocumentTypeService, database: Database
) -> None:
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        types.add_type(access, "Own", "")
        types.add_attribute(access, "Own", AttributeDefinition("A", ""))
        types.remove_type(access, "Own")
        types.add_type(access, "Own", "again")
        entity = types.get_type(access, "Own").entity
    assert entity.attributes == {}
    assert sorted(acl.name for acl in entity.acls) == ["Private", "Public"]


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        (AttributeDefinition("", ""), "name"),
        (AttributeDefinition("a-b", ""), "name"),
        (AttributeDefinition("Ä", ""), "name"),
        (AttributeDefinition("A", "x" * 201), "description"),
        (AttributeDefinition("A", "", max_length=0), "max_length"),
        (AttributeDefinition("A", "", values=tuple(map(str, range(201)))), "values"),
        (AttributeDefinition("A", "", AttributeType.LONG, values=("x",)), "values"),
        (AttributeDefinition("A", "", AttributeType.LONG, default="x"), "default"),
        (AttributeDefinition("A", "", max_length=2, default="abc"), "default"),
        (AttributeDefinition("A", "", values=("a",), default="b"), "default"),
    ],
)
def test_a_wrong_attribute_is_refused_by_field(
    types: DocumentTypeService, database: Database, definition: AttributeDefinition, field: str
) -> None:
    with database.write() as work, pytest.raises(InvalidInput) as caught:
        types.add_attribute(Access(work, SCOPE, OPERATOR), "M3_SupplierInvoice", definition)
    assert list(caught.value.fields) == [field]


@pytest.mark.on_each_database
def test_names_are_taken_ignoring_case(types: DocumentTypeService, database: Database) -> None:
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        for name in ("m3_supplierinvoice", "LN_SUPPLIERINVOICE"):
            with pytest.raises(Conflict):
                types.add_type(access, name, "")
        with pytest.raises(Conflict):
            types.add_acl(access, "M3_SupplierInvoice", Acl("public"))


@pytest.mark.on_each_database
def test_of_two_who_add_the_same_name_at_once_one_is_told(
    types: DocumentTypeService, database: Database
) -> None:
    def add(_number: int) -> str:
        try:
            with database.write() as work:
                types.add_type(Access(work, SCOPE, OPERATOR), "Own", "")
        except Conflict as error:
            return error.code
        return "added"

    assert sorted(in_threads(4, add)) == ["added", *["name_taken"] * 3]


def test_a_type_has_room_for_so_many_acls(types: DocumentTypeService, database: Database) -> None:
    with database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        types.add_type(access, "Own", "")
        for number in range(MAX_ACLS - 2):
            types.add_acl(access, "Own", Acl(f"A{number}"))
        with pytest.raises(Conflict, match=str(MAX_ACLS)):
            types.add_acl(access, "Own", Acl("One_more"))


@pytest.mark.on_each_database
def test_the_list_is_found_sorted_and_paged(types: DocumentTypeService, database: Database) -> None:
    with database.write() as work:
        for name in ("Alpha", "beta"):
            types.add_type(Access(work, SCOPE, OPERATOR), name, "of my own")
    with database.read() as work:
        access = Access(work, SCOPE, OPERATOR)
        page = types.list_types(access, TypeQuery(text="MY OWN"))
        assert [listed.entity.name for listed in page.items] == ["Alpha", "beta"]
        query = TypeQuery(descending=True, page=PageRequest(number=2, per_page=3))
        page = types.list_types(access, query)
        assert [listed.entity.name for listed in page.items] == [
            *("LN_SupplierInvoice", "DELIVERY_NOTE", "beta"),
        ]
        assert page.total == 7


def test_only_an_administrator_of_the_tenant_may(
    types: DocumentTypeService, database: Database
) -> None:
    nobody = Actor("usr_1", "Bob", frozenset(), frozenset())
    with database.write() as work:
        access = Access(work, SCOPE, nobody)
        with pytest.raises(Forbidden):
            types.add_type(access, "Own", "")
        with pytest.raises(Forbidden):
            types.type_names(access)
        with pytest.raises(Forbidden):
            types.remove_acl(access, "M3_SupplierInvoice", "Public")
