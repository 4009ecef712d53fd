"""Configurations are copied, written as JSON without secrets, and made of it by names."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from ionport.connections.intake import prepare_connection
from ionport.core.errors import Forbidden, InvalidInput, TooLarge
from ionport.core.paging import PageRequest
from ionport.exports.configurations import transfer
from ionport.exports.configurations.checks import ConfigurationChecks
from ionport.exports.configurations.model import ExportConfiguration
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.configurations.transfer import MAX_BYTES, read_transfer
from ionport.exports.model import ExportMethod
from ionport.identity.access import Access
from ionport.identity.model import Actor, OrganizationRole
from ionport.mappings.model import MappingKind
from tests.support.exporting import OPERATOR, DocumentSide
from tests.unit.connections.conftest import credential

SECRETS = ("cs", "saak", "sask", "ci")


@pytest.fixture
def uploaded() -> dict[str, str]:
    content: dict[str, str] = json.loads(credential())
    return content


@pytest.fixture
def made(side: DocumentSide, uploaded: dict[str, str]) -> ExportConfiguration:
    connection_id = side.connect(uploaded)
    options = {"posted_attribute": "Export=Success"}
    return side.configure(connection_id, options=options)


def written(side: DocumentSide) -> bytes:
    with side.database.read() as work:
        access = Access(work, side.scope, OPERATOR)
        return side.configurations.transfer.write(access)


def imported(side: DocumentSide, content: bytes) -> list[ExportConfiguration]:
    named = read_transfer(content)
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        return list(side.configurations.transfer.read(access, named))


def titles(side: DocumentSide) -> list[str]:
    with side.database.read() as work:
        access = Access(work, side.scope, OPERATOR)
        page = side.configurations.list(access, PageRequest())
    return [each.title for each in page.items]


def changed(content: bytes, **values: Any) -> bytes:
    data = json.loads(content)
    data["configurations"][0] |= values
    return json.dumps(data).encode()


@pytest.mark.on_each_database
def test_what_is_written_is_made_again_by_the_names_of_what_it_uses(
    side: DocumentSide, made: ExportConfiguration, uploaded: dict[str, str]
) -> None:
    content = written(side)
    for name in SECRETS:
        assert uploaded[name].encode() not in content
    (again,) = imported(side, content)
    assert again.id != made.id
    assert again.title == f"{made.title} (2)"
    assert replace(again.fields, title=made.title) == made.fields
    assert (made.is_active, again.is_active) == (True, False)
    assert written(side).count(b"Export=Success") == 2


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"connection": "Elsewhere"}, "There is no connection with the name Elsewhere"),
        ({"mappings": {"idm": "Mine", "bod": "x"}}, "There is no mapping file with the name Mine"),
        ({"sub_organization": "South"}, "There is no sub-organization South"),
        ({"document_type": "POEM"}, "Choose"),
        ({"options": {"ask_until_posted": "at night"}}, "Choose one of these"),
    ],
)
def test_what_is_unknown_is_told_and_nothing_is_made(
    side: DocumentSide, made: ExportConfiguration, values: dict[str, Any], reason: str
) -> None:
    data = json.loads(written(side))
    good = data["configurations"][0] | {"title": "The first of two"}
    data["configurations"] = [good, good | {"title": "The second of two"} | values]
    with pytest.raises(InvalidInput, match=reason) as refused:
        imported(side, json.dumps(data).encode())
    assert "The second of two" in refused.value.text
    assert titles(side) == [made.title]


def test_two_things_of_one_name_are_not_guessed_at(
    side: DocumentSide, made: ExportConfiguration
) -> None:
    content = written(side)
    name = json.loads(content)["configurations"][0]["connection"]
    with side.database.write() as work:
        side.connections.upload(
            Access(work, side.scope, OPERATOR),
            "x.ionapi",
            prepare_connection(credential()),
            name=name,
        )
    with pytest.raises(InvalidInput, match="more than one connection"):
        imported(side, content)


BAD: list[Callable[[bytes], bytes]] = [
    lambda _content: b"",
    lambda _content: b"[" * 100_000,
    lambda _content: b"[]",
    lambda _content: b'{"format": "other", "version": 1, "configurations": []}',
    lambda content: content.replace(b'"version": 1', b'"version": 2'),
    lambda content: changed(content, title=7),
    lambda content: changed(content, title=" "),
    lambda content: changed(content, method="infor-idm-fax"),
    lambda content: changed(content, mappings={"fax": "x"}),
    lambda content: changed(content, mappings=["x"]),
    lambda content: changed(content, options={"x": 1}),
    lambda content: changed(content, options={"x": "\x00"}),
    # JSON can write half of a surrogate pair, which no database takes.
    lambda content: changed(content, connection="\ud800"),
    lambda content: changed(content, mappings={"idm": "\udfff"}),
    lambda content: changed(content, options={"\ud800": "x"}),
]


@pytest.mark.parametrize("bad", BAD)
def test_another_file_is_refused(
    side: DocumentSide, made: ExportConfiguration, bad: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(InvalidInput):
        read_transfer(bad(written(side)))


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(TooLarge):
        read_transfer(b" " * (MAX_BYTES + 1))


def test_a_copy_uses_the_same_versions_and_is_not_active(
    side: DocumentSide, made: ExportConfiguration
) -> None:
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        copy = side.configurations.transfer.duplicate(access, made.id)
    assert copy.title == f"Copy of {made.title}"
    assert copy.version_ids() == made.version_ids()
    assert set(copy.version_ids()) == {MappingKind.IDM, MappingKind.BOD}
    assert (copy.method, copy.options, copy.is_active) == (
        ExportMethod.INFOR_IDM_BOD,
        made.options,
        False,
    )


@pytest.mark.on_each_database
def test_a_copy_made_twice_at_once_has_two_titles(
    side: DocumentSide, made: ExportConfiguration, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, checked = Barrier(2), ConfigurationChecks.versions

    def meet(*args: Any) -> Any:
        # SQLite has one writer: the other one has not begun.
        if not side.database.is_sqlite:
            both.wait(10)
        return checked(*args)

    def copy(_number: int) -> str:
        with side.database.write() as work:
            access = Access(work, side.scope, OPERATOR)
            return side.configurations.transfer.duplicate(access, made.id).title

    with monkeypatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(ConfigurationChecks, "versions", meet)
        found = sorted(pool.map(copy, range(2)))
    assert found == [f"Copy of {made.title}", f"Copy of {made.title} (2)"]


def test_a_title_is_of_one_configuration_and_one_that_was_equal_stays(
    side: DocumentSide, made: ExportConfiguration
) -> None:
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        service, fields = side.configurations, replace(made.fields, title="T" * 200)
        long = [service.create(access, fields) for _each in range(2)]
        assert [each.title for each in long] == ["T" * 200, "T" * 196 + " (2)"]
        with pytest.raises(InvalidInput) as refused:
            service.edit(access, made.id, replace(made.fields, title=long[1].title.lower()))
        assert list(refused.value.fields) == ["title"]
        # As an earlier version stored it.
        values = {"title": made.title}
        ConfigurationRepository(work.connection).update(side.scope, long[0].id, values)
        kept = replace(made.fields, title=made.title.upper())
        assert service.edit(access, long[0].id, kept).title == made.title.upper()


def test_only_administrators_copy_and_move_configurations(
    side: DocumentSide, made: ExportConfiguration
) -> None:
    named, own = read_transfer(written(side)), side.scope.organization_id
    clerk = Actor("usr_1", "Mia", organization_roles=frozenset({(own, OrganizationRole.USER)}))
    with side.database.write() as work:
        access, transfer = Access(work, side.scope, clerk), side.configurations.transfer
        with pytest.raises(Forbidden):
            transfer.write(access)
        with pytest.raises(Forbidden):
            transfer.read(access, named)
        with pytest.raises(Forbidden):
            transfer.duplicate(access, made.id)


def test_a_file_that_would_leave_configurations_out_is_refused(
    side: DocumentSide, made: ExportConfiguration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "MOST", 2)
    content = written(side)
    assert len(imported(side, content)) == 1
    assert len(json.loads(written(side))["configurations"]) == 2
    assert len(imported(side, content)) == 1
    with pytest.raises(TooLarge, match="There are 3 export configurations"):
        written(side)
