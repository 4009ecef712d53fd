from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, Organization, OrganizationRole
from ionport.identity.repository import OrganizationRepository
from ionport.mappings.grammars.files import XSLT_NAMESPACE
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import MappingKind, MappingVersion
from ionport.mappings.service import MappingService
from ionport.mappings.tables import mapping_versions
from ionport.store import Database, OrganizationScope, SystemScope
from tests.unit.mappings.sources import BOD_TEMPLATE, IDM_TEMPLATE

ACME, OTHER = OrganizationScope("org_acme"), OrganizationScope("org_other")
ADMIN = Actor(
    "usr_a", "anna", organization_roles=frozenset({("org_acme", OrganizationRole.ADMINISTRATOR)})
)
IDM, BOD = IDM_TEMPLATE.encode(), BOD_TEMPLATE.encode()
_STYLESHEET = f'<xsl:stylesheet version="1.0" xmlns:xsl="{XSLT_NAMESPACE}"/>'.encode()


@pytest.fixture(autouse=True)
def _organizations(database: Database, clock: MovableClock) -> None:
    with database.write() as work:
        for scope in (ACME, OTHER):
            organization = Organization(scope.organization_id, "x", None)
            OrganizationRepository(work.connection).add(
                SystemScope("test"), organization, clock.now()
            )


@pytest.fixture
def service(clock: MovableClock) -> MappingService:
    return MappingService(clock, AuditLog(clock))


def _add(
    service: MappingService,
    database: Database,
    content: bytes = IDM,
    name: str = "idm.properties",
    scope: OrganizationScope = ACME,
) -> MappingVersion:
    with database.write() as work:
        return service.add(
            Access(work, scope, Actor.operator("anna")), name, prepare_mapping(content)
        )


def test_a_file_is_kept_with_its_kind_text_and_findings(
    service: MappingService, database: Database
) -> None:
    added = _add(service, database, BOD.replace(b"lid://infor.ims.ionport_export", b"lid://"))
    with database.read() as work:
        file = service.get(work.within(ACME), added.mapping_id)
        version = service.latest_version(work.within(ACME), file.id)
    assert version == added
    assert (version.kind, version.number, version.created_by) == (MappingKind.BOD, 1, "anna")
    assert version.findings[0].code == "placeholder_logical_id"
    assert (file.name, file.latest_number) == ("idm.properties", 1)


@pytest.mark.on_each_database
def test_the_same_name_gets_a_new_version_and_the_old_one_stays(
    service: MappingService, database: Database, clock: MovableClock
) -> None:
    first = _add(service, database)
    clock.advance(timedelta(minutes=1))
    second = _add(service, database, IDM + b"# more\n", name="IDM.properties")
    assert (second.mapping_id, second.number) == (first.mapping_id, 2)
    with database.read() as work:
        assert service.latest_version(work.within(ACME), first.mapping_id).id == second.id
        versions = service.versions(work.within(ACME), first.mapping_id, PageRequest(per_page=1))
        assert ([v.number for v in versions.items], versions.total) == ([2], 2)
        all_versions = service.versions(work.within(ACME), first.mapping_id, PageRequest()).items
        assert all_versions[-1].sha256 == first.sha256
        assert service.version(work.within(ACME), first.mapping_id, 1).text == IDM_TEMPLATE
        file = service.get(work.within(ACME), first.mapping_id)
    assert (file.name, file.latest_number) == ("idm.properties", 2)
    assert file.updated_at > file.created_at


def test_the_same_text_again_is_the_same_version(
    service: MappingService, database: Database
) -> None:
    assert _add(service, database) == _add(service, database)


@pytest.mark.on_each_database
def test_lists_filter_by_kind_and_name(service: MappingService, database: Database) -> None:
    _add(service, database, name="b_1.properties")
    _add(service, database, BOD, name="A.properties")
    with database.read() as work:

        def names(kind: MappingKind | None = None, text: str = "") -> list[str]:
            return [
                f.name for f in service.list(work.within(ACME), PageRequest(), kind, text).items
            ]

        assert names() == ["A.properties", "b_1.properties"]
        assert names(MappingKind.BOD) == ["A.properties"]
        assert names(text="B_") == ["b_1.properties"]
        assert service.list(work.within(OTHER), PageRequest()).total == 0


def test_another_organizations_files_are_not_found(
    service: MappingService, database: Database
) -> None:
    version = _add(service, database)
    with database.read() as work:
        for call in (
            lambda: service.get(work.within(OTHER), version.mapping_id),
            lambda: service.latest_version(work.within(OTHER), version.mapping_id),
            lambda: service.versions(work.within(OTHER), version.mapping_id, PageRequest()),
        ):
            with pytest.raises(NotFound):
                call()
    assert _add(service, database, scope=OTHER).mapping_id != version.mapping_id


def test_only_administrators_add(service: MappingService, database: Database) -> None:
    member = Actor(
        "usr_b", "bob", organization_roles=frozenset({("org_acme", OrganizationRole.USER)})
    )
    with database.write() as work:
        with pytest.raises(Forbidden):
            service.add(Access(work, ACME, member), "idm.properties", prepare_mapping(IDM))
        with pytest.raises(Forbidden):
            service.add(Access(work, OTHER, ADMIN), "idm.properties", prepare_mapping(IDM))
        service.add(Access(work, ACME, ADMIN), "idm.properties", prepare_mapping(IDM))


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"a=b\n", None, "mapping_not_recognised"),
        (IDM, MappingKind.BOD, "mapping_of_other_kind"),
        *(
            (other, wanted, "mapping_of_other_kind")
            for other in (
                b"StaticFields=DIVI\nSF_DIVI=AAA\n",
                b"StaticFields=FinancialCompany\nSF_FinancialCompany=1\n",
                b"[[export_configuration]]\nname = 'x'\n",
            )
            for wanted in (MappingKind.IDM, MappingKind.BOD)
        ),
        # No box takes it: two files were not swapped.
        (_STYLESHEET, MappingKind.IDM, "mapping_kind_unused"),
        (b"{}", MappingKind.IDM, "not_a_mapping_file"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_stored(
    content: bytes, kind: MappingKind | None, code: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        prepare_mapping(content, kind)
    assert caught.value.code == code


@pytest.mark.on_each_database
def test_a_name_belongs_to_one_kind(service: MappingService, database: Database) -> None:
    first = _add(service, database)
    with pytest.raises(Conflict) as caught:
        _add(service, database, BOD)
    assert caught.value.existing_id == first.mapping_id


def test_adding_is_audited(
    service: MappingService, database: Database, clock: MovableClock
) -> None:
    version = _add(service, database)
    with database.read() as work:
        entry = AuditLog(clock).list(work.within(ACME), PageRequest()).items[0]
    assert (entry.action, entry.subject) == ("mapping.added", version.mapping_id)
    assert entry.details["version"] == "1"


@pytest.mark.on_each_database
def test_many_at_once_get_different_numbers_of_one_file(
    service: MappingService, database: Database
) -> None:
    start = threading.Barrier(6)
    versions: list[MappingVersion] = []

    def add(number: int) -> None:
        start.wait()
        versions.append(_add(service, database, IDM + b"# %d\n" % number))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(version.number for version in versions) == [1, 2, 3, 4, 5, 6]
    assert len({version.mapping_id for version in versions}) == 1


def test_findings_that_were_stored_as_sentences_are_still_told(
    service: MappingService, database: Database
) -> None:
    added = _add(service, database)
    stored = {
        "severity": "error",
        "code": "no_logical_id",
        "line": None,
        "key": "SFV_LogicalID",
        "text": "The mapping sets no logical id.",
        "remedy": "Copy it.",
        "blocks_activation": True,
    }
    with database.write() as work:
        work.connection.execute(update(mapping_versions).values(findings=[stored]))
    with database.read() as work:
        (finding,) = service.latest_version(work.within(ACME), added.mapping_id).findings
    assert (finding.text, finding.remedy) == (stored["text"], stored["remedy"])
    assert finding.blocks_activation
