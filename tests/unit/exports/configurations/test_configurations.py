from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from ionport.connections.intake import prepare_connection
from ionport.core.errors import Conflict, Forbidden, InvalidInput, IonportError, NotFound
from ionport.core.paging import PageRequest
from ionport.exports.configurations.model import ConfigurationFields
from ionport.exports.destinations import destination_of
from ionport.exports.model import ExportMethod
from ionport.exports.tables import export_configurations
from ionport.identity.access import Access
from ionport.identity.model import Actor, OrganizationRole
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind
from ionport.store import OrganizationScope
from tests.support.exporting import OPERATOR, DocumentSide
from tests.unit.connections.conftest import credential


@pytest.fixture
def connection_id(side: DocumentSide) -> str:
    with side.database.write() as work:
        return side.connections.upload(
            Access(work, side.scope, OPERATOR), "x.ionapi", prepare_connection(credential())
        ).id


@pytest.fixture
def fields(side: DocumentSide, connection_id: str) -> ConfigurationFields:
    return ConfigurationFields(
        title="Invoices to Infor",
        document_type="INVOICE",
        method=ExportMethod.INFOR_IDM_BOD,
        connection_id=connection_id,
        mappings={kind: side.add_mapping(kind) for kind in (MappingKind.IDM, MappingKind.BOD)},
    )


def using(
    fields: ConfigurationFields, kind: MappingKind, mapping_id: str, **changes: Any
) -> ConfigurationFields:
    """Return the fields with another mapping file of a kind."""
    return replace(fields, mappings={**fields.mappings, kind: mapping_id}, **changes)


def create(side: DocumentSide, fields: ConfigurationFields):
    with side.database.write() as work:
        return side.configurations.create(Access(work, side.scope, OPERATOR), fields)


def activate(side: DocumentSide, configuration_id: str, *, replace: bool = False):
    with side.database.write() as work:
        return side.configurations.activate(
            Access(work, side.scope, OPERATOR), configuration_id, replace=replace, reason="known"
        )


def get(side: DocumentSide, configuration_id: str):
    with side.database.read() as work:
        return side.configurations.get(Access(work, side.scope, OPERATOR), configuration_id)


def sub_organization(side: DocumentSide, name: str = "Lyon") -> str:
    with side.database.write() as work:
        return side.identity.create_sub_organization(Access(work, side.scope, OPERATOR), name).id


@pytest.mark.on_each_database
def test_a_new_configuration_is_kept_and_not_active(
    side: DocumentSide, fields: ConfigurationFields
):
    made = create(side, fields)
    assert get(side, made.id) == made
    assert not made.is_active
    assert destination_of(made.method).label == "Infor IDM + ION BOD"


def test_every_field_that_is_wrong_is_named(side: DocumentSide, fields: ConfigurationFields):
    wrong = ConfigurationFields(
        title=" ",
        document_type="LETTER",
        method=ExportMethod.INFOR_IDM_BOD,
        connection_id="con_nobody",
        mappings={MappingKind.IDM: fields.mappings[MappingKind.BOD]},
        sub_organization_id="org_nobody",
    )
    with pytest.raises(InvalidInput) as refused:
        create(side, wrong)
    assert set(refused.value.fields) == {
        "title",
        "document_type",
        "connection",
        "idm_mapping",
        "bod_mapping",
        "sub_organization",
    }


@pytest.mark.on_each_database
def test_a_second_active_infor_export_needs_to_replace_the_first(
    side: DocumentSide, fields: ConfigurationFields
):
    first, second = create(side, fields), create(side, replace(fields, title="Second"))
    activate(side, first.id)
    with side.database.read() as work:
        in_the_way = side.configurations.in_the_way(Access(work, side.scope, OPERATOR), second.id)
    assert in_the_way is not None
    assert in_the_way.id == first.id
    with pytest.raises(Conflict, match="Invoices to Infor") as refused:
        activate(side, second.id)
    assert refused.value.existing_id == first.id
    activate(side, second.id, replace=True)
    assert not get(side, first.id).is_active
    assert get(side, second.id).is_active


@pytest.mark.on_each_database
def test_the_database_itself_holds_the_one_active_rule(
    side: DocumentSide, fields: ConfigurationFields
):
    sub_id = sub_organization(side)
    for place in (None, sub_id):
        two = [create(side, replace(fields, sub_organization_id=place)) for _ in range(2)]
        with pytest.raises(IntegrityError), side.database.write() as work:
            work.connection.execute(
                export_configurations.update()
                .where(export_configurations.c.id.in_([one.id for one in two]))
                .values(is_active=True)
            )


@pytest.mark.on_each_database
def test_of_many_who_activate_at_once_one_wins(side: DocumentSide, fields: ConfigurationFields):
    made = [create(side, replace(fields, title=f"Number {n}")) for n in range(4)]
    refusals: list[IonportError] = []
    start = threading.Barrier(len(made))

    def go(configuration_id: str) -> None:
        start.wait()
        try:
            activate(side, configuration_id)
        except Conflict as error:
            refusals.append(error)

    threads = [threading.Thread(target=go, args=(one.id,)) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refusals) == 3
    assert sum(get(side, one.id).is_active for one in made) == 1


@pytest.mark.on_each_database
def test_each_sub_organization_has_its_own_active_export(
    side: DocumentSide, fields: ConfigurationFields
):
    main = create(side, fields)
    sub = create(side, replace(fields, sub_organization_id=sub_organization(side)))
    activate(side, main.id)
    activate(side, sub.id)
    assert get(side, main.id).is_active
    assert get(side, sub.id).is_active


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda text: text.replace(b"lid://infor.ims.ionport_export", b"lid://"), "bod"),
        (lambda text: text.replace(b"correlation_id", b"reference"), "idm"),
    ],
)
def test_a_mapping_that_cannot_be_used_blocks_activation(
    side: DocumentSide,
    fields: ConfigurationFields,
    change: Callable[[bytes], bytes],
    kind: str,
):
    mapping = MappingKind(kind)
    broken = side.add_mapping(mapping, change(own_template(mapping)[1]), "broken.properties")
    made = create(side, using(fields, mapping, broken))
    with pytest.raises(InvalidInput) as refused:
        activate(side, made.id)
    assert refused.value.code == "mapping_blocks_activation"
    assert f"{kind}_mapping" in refused.value.fields
    with side.database.read() as work:
        findings = side.configurations.findings(Access(work, side.scope, OPERATOR), made.id)
    assert any(f.blocks and f.mapping == kind and f.remedy for f in findings)
    assert not get(side, made.id).is_active


def test_accepting_at_least_once_lifts_that_block_and_no_other(
    side: DocumentSide, fields: ConfigurationFields
):
    idm = own_template(MappingKind.IDM)[1].replace(b"correlation_id", b"reference")
    without = side.add_mapping(MappingKind.IDM, idm, "without.properties")
    made = create(side, using(fields, MappingKind.IDM, without, accepts_at_least_once=True))
    assert activate(side, made.id).is_active
    bod = own_template(MappingKind.BOD)[1].replace(b"lid://infor.ims.ionport_export", b"lid://")
    placeholder = side.add_mapping(MappingKind.BOD, bod, "placeholder.properties")
    other = create(side, using(fields, MappingKind.BOD, placeholder, accepts_at_least_once=True))
    with pytest.raises(InvalidInput):
        activate(side, other.id, replace=True)
    assert get(side, made.id).is_active, "a refused replacement switches nothing off"


def test_an_active_configuration_cannot_be_edited_into_something_unusable(
    side: DocumentSide, fields: ConfigurationFields
):
    idm = own_template(MappingKind.IDM)[1].replace(b"correlation_id", b"reference")
    without = side.add_mapping(MappingKind.IDM, idm, "without.properties")
    made = create(side, fields)
    activate(side, made.id)
    with side.database.write() as work, pytest.raises(InvalidInput):
        side.configurations.edit(
            Access(work, side.scope, OPERATOR), made.id, using(fields, MappingKind.IDM, without)
        )
    with side.database.write() as work:
        edited = side.configurations.edit(
            Access(work, side.scope, OPERATOR), made.id, replace(fields, title="New title")
        )
    assert (edited.title, edited.is_active) == ("New title", True)


def test_an_active_configuration_is_not_moved_onto_another(
    side: DocumentSide, fields: ConfigurationFields
):
    sub_id = sub_organization(side)
    main, sub = create(side, fields), create(side, replace(fields, sub_organization_id=sub_id))
    activate(side, main.id)
    activate(side, sub.id)
    moved = replace(fields, title=sub.title)
    with side.database.write() as work, pytest.raises(Conflict):
        side.configurations.edit(Access(work, side.scope, OPERATOR), sub.id, moved)
    assert get(side, sub.id).sub_organization_id == sub_id


@pytest.mark.on_each_database
def test_a_deleted_configuration_is_in_no_list_and_frees_its_place(
    side: DocumentSide, fields: ConfigurationFields
):
    made = create(side, fields)
    activate(side, made.id)
    with side.database.write() as work:
        side.configurations.delete(Access(work, side.scope, OPERATOR), made.id)
    with pytest.raises(NotFound):
        get(side, made.id)
    activate(side, create(side, fields).id)
    with side.database.read() as work:
        rows = work.connection.execute(select(export_configurations.c.id)).all()
    assert len(rows) == 2, "the ledger still finds it"


@pytest.mark.on_each_database
def test_lists_are_filtered_and_sorted_by_title(side: DocumentSide, fields: ConfigurationFields):
    for title in ("beta", "Alpha", "100%"):
        create(side, replace(fields, title=title))
    with side.database.read() as work:
        access = Access(work, side.scope, OPERATOR)
        every = side.configurations.list(access, PageRequest(per_page=2))
        some = side.configurations.list(access, PageRequest(), text="LPH")
        literal = side.configurations.list(access, PageRequest(), text="%")
        none = side.configurations.list(access, PageRequest(), only_active=True)
    assert ([one.title for one in every.items], every.total) == (["100%", "Alpha"], 3)
    assert [one.title for one in some.items] == ["Alpha"]
    assert [one.title for one in literal.items] == ["100%"]
    assert none.total == 0


def test_members_look_and_administrators_change(side: DocumentSide, fields: ConfigurationFields):
    member = Actor(
        "usr_1",
        "Mia",
        organization_roles=frozenset({(side.scope.organization_id, OrganizationRole.USER)}),
    )
    made = create(side, fields)
    with side.database.write() as work:
        access = Access(work, side.scope, member)
        assert side.configurations.get(access, made.id) == made
        for call in (
            lambda: side.configurations.create(access, fields),
            lambda: side.configurations.edit(access, made.id, fields),
            lambda: side.configurations.activate(access, made.id),
            lambda: side.configurations.deactivate(access, made.id),
            lambda: side.configurations.delete(access, made.id),
            lambda: side.configurations.get(Access(work, side.scope, Actor("x", "Sam")), made.id),
        ):
            with pytest.raises(Forbidden):
                call()


def test_another_organization_does_not_find_it(side: DocumentSide, fields: ConfigurationFields):
    made = create(side, fields)
    other = OrganizationScope("org_other")
    with side.database.write() as work:
        access = Access(work, other, OPERATOR)
        for call in (
            lambda: side.configurations.get(access, made.id),
            lambda: side.configurations.edit(access, made.id, fields),
            lambda: side.configurations.activate(access, made.id),
            lambda: side.configurations.deactivate(access, made.id),
            lambda: side.configurations.delete(access, made.id),
        ):
            with pytest.raises(NotFound):
                call()


@pytest.mark.on_each_database
def test_a_connection_that_a_configuration_uses_is_not_deleted(
    side: DocumentSide, fields: ConfigurationFields
):
    made = create(side, fields)
    with side.database.write() as work, pytest.raises(Conflict, match="Invoices to Infor"):
        side.connections.delete(Access(work, side.scope, OPERATOR), made.connection_id)


@pytest.mark.on_each_database
def test_a_connection_that_the_ledger_names_stays_and_says_how_often(
    side: DocumentSide, fields: ConfigurationFields
):
    made = create(side, fields)
    activate(side, made.id)
    side.export(side.receive("471102"))
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        side.configurations.delete(access, made.id)
        with pytest.raises(Conflict, match="the ledger holds 1 delivery over it"):
            side.connections.delete(access, made.connection_id)
