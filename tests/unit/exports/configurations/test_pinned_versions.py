"""A configuration uses one version of each mapping file until a person switches it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ionport.core.errors import Forbidden, InvalidInput, NotFound
from ionport.core.paging import PageRequest
from ionport.exports.configurations.mapping_uses import ConfigurationMappingUses
from ionport.exports.configurations.model import ConfigurationFields, ExportConfiguration
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.model import OutcomeKind
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind, MappingVersion
from tests.support.exporting import OPERATOR, DocumentSide
from tests.unit.exports.conftest import Walk

IDM = MappingKind.IDM
NAME = "idm of Invoices to Infor"


def add_version(side: DocumentSide, mark: str = "newer") -> MappingVersion:
    content = own_template(IDM)[1] + f"\n# {mark}\n".encode()
    mapping_id = side.add_mapping(IDM, content, NAME)
    with side.database.read() as work:
        return side.mappings.latest_version(work.within(side.scope), mapping_id)


def configuration(walk: Walk) -> ExportConfiguration:
    with walk.side.database.read() as work:
        return walk.side.configurations.get(
            Access(work, walk.side.scope, OPERATOR), walk.configuration.id
        )


def edit(walk: Walk, fields: ConfigurationFields) -> ExportConfiguration:
    with walk.side.database.write() as work:
        return walk.side.configurations.edit(
            Access(work, walk.side.scope, OPERATOR), walk.configuration.id, fields
        )


@pytest.mark.on_each_database
def test_a_newer_version_is_used_once_a_person_has_switched_to_it(
    walk: Walk, runner: DeliveryRunner
) -> None:
    newer = add_version(walk.side)
    first = walk.exported("S-1")
    assert walk.run(runner, first).kind is OutcomeKind.DONE
    assert walk.side.detail(first).delivery.mapping_versions["idm"] != newer.id
    under_way = walk.exported("S-2")
    switched = walk.side.switch_to_newest(walk.configuration.id, IDM, newer.mapping_id)
    assert (switched.before.number, switched.after.number, switched.under_way) == (1, 2, 1)
    second = walk.exported("S-3")
    for delivery_id in (under_way, second):
        assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert walk.side.detail(under_way).delivery.mapping_versions["idm"] == switched.before.id
    assert walk.side.detail(second).delivery.mapping_versions["idm"] == newer.id
    with walk.side.database.read() as work:
        access = Access(work, walk.side.scope, OPERATOR)
        entries = walk.side.audit.list(access, PageRequest()).items
        uses = ConfigurationMappingUses().of(access, [newer.mapping_id])
    (entry,) = (each for each in entries if each.action == "export_configuration.switched")
    assert (entry.details["before"], entry.details["after"]) == ("1", "2")
    (use,) = uses[newer.mapping_id]
    assert (use.title, use.number) == ("Invoices to Infor", newer.number)


def test_an_edit_keeps_the_version_unless_it_brings_another_file_or_version(walk: Walk) -> None:
    before = configuration(walk)
    newer = add_version(walk.side)
    fields = before.fields
    assert edit(walk, replace(fields, title="Other title")).mappings == before.mappings
    named = edit(walk, replace(fields, versions={IDM: newer.id}))
    assert named.mappings[IDM].version_id == newer.id
    other_id = walk.side.add_mapping(IDM, own_template(IDM)[1], "another.properties")
    moved = edit(walk, replace(fields, mappings={**fields.mappings, IDM: other_id}))
    assert moved.mappings[IDM].mapping_id == other_id
    assert moved.mappings[MappingKind.BOD] == before.mappings[MappingKind.BOD]


def test_an_active_configuration_is_not_switched_to_what_must_not_be_used(walk: Walk) -> None:
    content = own_template(IDM)[1].replace(b"correlation_id", b"reference")
    mapping_id = walk.side.add_mapping(IDM, content, NAME)
    with pytest.raises(InvalidInput) as refused:
        walk.side.switch_to_newest(walk.configuration.id, IDM, mapping_id)
    assert refused.value.code == "mapping_blocks_activation"
    assert configuration(walk).mappings == walk.configuration.mappings


def test_what_is_no_version_of_the_file_is_refused(walk: Walk) -> None:
    other_id = walk.side.add_mapping(IDM, own_template(IDM)[1], "another.properties")
    side = walk.side
    with pytest.raises(InvalidInput, match="same mapping file"):
        side.switch_to_newest(walk.configuration.id, IDM, other_id)
    with pytest.raises(NotFound, match="M3 mapping"):
        side.switch_to_newest(walk.configuration.id, MappingKind.M3, other_id)
    with side.database.write() as work:
        nobody = Access(work, side.scope, Actor("usr_9", "Sam"))
        with pytest.raises(Forbidden):
            side.configurations.switch_version(nobody, walk.configuration.id, IDM, "mpv_1")
