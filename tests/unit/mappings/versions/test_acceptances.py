from __future__ import annotations

import pytest

from ionport.core.errors import Conflict, Forbidden, InvalidInput, IonportError, NotFound
from ionport.identity.access import Access
from ionport.identity.model import Actor, OrganizationRole
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import MappingVersion
from ionport.mappings.service import MappingService
from ionport.mappings.versions.acceptances.model import Acceptance
from ionport.store import Database, OrganizationScope
from tests.unit.mappings.test_service import ACME, ADMIN, IDM, OTHER
from tests.unit.mappings.test_service import _organizations as _organizations
from tests.unit.mappings.test_service import service as service

UNDEFINED = "unknown_field IF_nonsense nonsense"
TEXT = IDM.replace(b"Index_Fields=", b"Index_Fields=nonsense,") + b"\nIF_nonsense=Attribute\n"


def _add(service: MappingService, database: Database, content: bytes = TEXT) -> MappingVersion:
    with database.write() as work:
        return service.add(Access(work, ACME, ADMIN), "idm.properties", prepare_mapping(content))


def _accept(
    service: MappingService,
    database: Database,
    version: MappingVersion,
    finding: str = UNDEFINED,
    reason: str = "The field is one of ours.",
    scope: OrganizationScope = ACME,
    actor: Actor = ADMIN,
) -> Acceptance:
    with database.write() as work:
        access = Access(work, scope, actor)
        (one,) = service.accept(access, version.mapping_id, version.number, [finding], reason)
    return one


@pytest.mark.on_each_database
def test_what_is_accepted_once_holds_neither_this_version_nor_later_ones(
    service: MappingService, database: Database
) -> None:
    version = _add(service, database)
    assert [each.identity for each in version.blocking()] == [UNDEFINED]
    accepted = _accept(service, database, version)
    assert (accepted.accepted_by, accepted.version_number) == ("anna", 1)
    with database.read() as work:
        assert service.latest_version(work.within(ACME), version.mapping_id).blocking() == []
        assert service.accepted(work.within(ACME), version.mapping_id) == [accepted]
    later = _add(service, database, TEXT + b"# another version\nIF_other=x\n")
    assert later.number == 2
    assert later.blocking() == []


@pytest.mark.on_each_database
def test_a_withdrawn_acceptance_lets_the_finding_hold_again(
    service: MappingService, database: Database
) -> None:
    version = _add(service, database)
    _accept(service, database, version)
    with database.write() as work:
        access = Access(work, ACME, ADMIN)
        service.withdraw_acceptance(access, version.mapping_id, UNDEFINED)
    with database.read() as work:
        again = service.latest_version(work.within(ACME), version.mapping_id)
    assert [each.identity for each in again.blocking()] == [UNDEFINED]
    for scope, finding in ((ACME, UNDEFINED), (ACME, "a\x00b"), (OTHER, UNDEFINED)):
        with database.write() as work:
            access = Access(work, scope, Actor.operator())
            with pytest.raises(NotFound):
                service.withdraw_acceptance(access, version.mapping_id, finding)


def test_another_finding_of_the_same_rule_still_holds(
    service: MappingService, database: Database
) -> None:
    version = _add(service, database)
    _accept(service, database, version)
    other = TEXT.replace(b"Index_Fields=", b"Index_Fields=rubbish,") + b"IF_rubbish=Other\n"
    held = _add(service, database, other).blocking()
    assert [each.parameters["name"] for each in held] == ["rubbish"]


def test_who_may_accept_what_and_how(service: MappingService, database: Database) -> None:
    version = _add(service, database)
    member = Actor("u", "bob", organization_roles=frozenset({("org_acme", OrganizationRole.USER)}))
    wrong: list[tuple[dict[str, object], type[IonportError]]] = [
        ({"actor": member}, Forbidden),
        ({"scope": OTHER}, Forbidden),
        ({"scope": OTHER, "actor": Actor.operator("anna")}, NotFound),
        ({"reason": " \n"}, InvalidInput),
        ({"reason": "x" * 501}, InvalidInput),
        ({"finding": "unknown_field IF_other"}, NotFound),
    ]
    for given, error in wrong:
        with pytest.raises(error):
            _accept(service, database, version, **given)  # type: ignore[arg-type]
    _accept(service, database, version)
    with pytest.raises(Conflict):
        _accept(service, database, version)


def test_what_nothing_could_be_made_of_can_only_be_mended(
    service: MappingService, database: Database
) -> None:
    version = _add(service, database, IDM.replace(b"=M3_SupplierInvoice", b"="))
    (held,) = version.blocking()
    assert held.code == "no_document_type"
    with pytest.raises(InvalidInput) as caught:
        _accept(service, database, version, held.identity)
    assert caught.value.code == "not_acceptable"


def test_a_file_is_deleted_with_what_was_accepted_of_it(
    service: MappingService, database: Database
) -> None:
    version = _add(service, database)
    _accept(service, database, version)
    with database.write() as work:
        service.delete(Access(work, ACME, ADMIN), version.mapping_id)
    assert [each.identity for each in _add(service, database).blocking()] == [UNDEFINED]
