from __future__ import annotations

import json
import logging

import pytest
from sqlalchemy import select, text

from ionport.connections.intake import prepare_connection
from ionport.connections.tables import connections
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from ionport.core.paging import PageRequest
from ionport.core.sealing import KeyRing
from ionport.identity.model import Actor, OrganizationRole
from ionport.ionapi.addresses import AddressPolicy
from ionport.store import OrganizationScope, SystemScope, Work
from tests.unit.connections.conftest import House, credential

OPERATOR = Actor.operator()


def upload(house: House, content: bytes, filename: str = "DocBits_TST.ionapi"):
    with house.database.write() as work:
        return house.connections.upload(
            work, house.scope, OPERATOR, filename, prepare_connection(content)
        )


def test_an_uploaded_credential_is_shown_by_tenant_app_environment_and_gateway(house: House):
    content = credential()
    connection = upload(house, content)
    assert connection.tenant_id == "ACME_TST"
    assert connection.app_name == connection.name == "DocBits_TST"
    assert connection.environment == "TST"
    assert connection.gateway == "http://127.0.0.1:9"
    assert connection.uploaded_by == OPERATOR.name
    assert connection.uploaded_at == house.clock.now()


def test_a_stored_credential_is_write_only(house: House, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    content = credential()
    secrets = [json.loads(content)[key] for key in ("cs", "saak", "sask")]
    connection = upload(house, content)
    with house.database.read() as work:
        stored = str(work.connection.execute(select(connections)).all())
        audit = str(work.connection.execute(text("select * from audit_log")).all())
        file = house.connections.credential(work, house.scope, connection.id)
    for secret in secrets:
        assert secret not in repr(connection) + stored + audit + caplog.text
    assert file.to_bytes() == content.replace(b'": "', b'":"').replace(b'", "', b'","')


def test_the_same_credential_again_gives_the_existing_connection(house: House):
    content = credential()
    first = upload(house, content)
    # Another layout of the same credential is the same credential.
    again = json.dumps(json.loads(content), indent=2).encode()
    second = upload(house, b"\xef\xbb\xbf" + again, "copy.ionapi")
    assert second == first
    with house.database.read() as work:
        page = house.connections.list(work, house.scope, OPERATOR, PageRequest())
    assert page.total == 1


def test_a_properties_file_dropped_there_is_named_as_what_it_is(house: House):
    content = b"INVOICE=M3_SupplierInvoice\nStatic_Fields=M3_Company:STRING\nSF_M3_Company=001\n"
    with pytest.raises(InvalidInput, match="mapping") as refused:
        upload(house, content, "IDM-Mapping.properties")
    assert refused.value.fields["file"]
    assert_nothing_is_left(house)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"not json at all", "JSON"),
        (credential(ci=None, cs=None), "ci is missing.*cs is missing"),
        (credential(saak=None, sask=None, ru="https://example.com/"), "Web"),
        (credential(sask=None), "both keys"),
        (credential(ot="@evil.test/x"), "ot"),
        (credential(pu="ftp://example.com/"), "pu"),
        (b"[" * 300_000, "JSON|larger"),
        (b"x" * 70_000, "larger"),
    ],
)
def test_a_bad_file_is_refused_with_every_reason_and_leaves_nothing(
    house: House, content: bytes, words: str
):
    with pytest.raises(InvalidInput, match=f"(?s){words}"):
        upload(house, content)
    assert_nothing_is_left(house)


def test_warnings_about_a_file_are_kept_and_shown(house: House):
    connection = upload(house, credential(cs="A" * 20))
    assert [remark.key for remark in connection.remarks if remark.severity == "warning"] == ["cs"]


def test_only_an_administrator_uploads_and_only_members_see(house: House):
    organization_id = house.scope.organization_id
    member = Actor(
        "usr_1", "Mia", organization_roles=frozenset({(organization_id, OrganizationRole.USER)})
    )
    stranger = Actor("usr_2", "Sam")
    connection = upload(house, credential())
    with house.database.write() as work:
        with pytest.raises(Forbidden):
            house.connections.upload(
                work, house.scope, member, "x.ionapi", prepare_connection(credential())
            )
        assert house.connections.get(work, house.scope, member, connection.id) == connection
        with pytest.raises(Forbidden):
            house.connections.get(work, house.scope, stranger, connection.id)


def test_another_organization_does_not_find_the_connection(house: House):
    connection = upload(house, credential())
    with house.database.write() as work:
        for call in (
            lambda: house.connections.get(work, house.other, OPERATOR, connection.id),
            lambda: house.connections.credential(work, house.other, connection.id),
            lambda: house.connections.delete(work, house.other, OPERATOR, connection.id),
            lambda: house.connections.rename(work, house.other, OPERATOR, connection.id, "x"),
            lambda: house.connections.start_check(work, house.other, OPERATOR, connection.id),
        ):
            with pytest.raises(NotFound):
                call()
        page = house.connections.list(work, house.other, OPERATOR, PageRequest())
    assert page.total == 0


def test_two_organizations_may_hold_the_same_credential(house: House):
    content = credential()
    first = upload(house, content)
    with house.database.write() as work:
        second = house.connections.upload(
            work, house.other, OPERATOR, "x.ionapi", prepare_connection(content)
        )
    assert second.id != first.id
    assert second.fingerprint == first.fingerprint


def test_a_sealed_file_moved_to_another_row_does_not_open(house: House):
    first, second = upload(house, credential()), upload(house, credential())
    with house.database.write() as work:
        sealed = select(connections.c.sealed).where(connections.c.id == first.id)
        work.connection.execute(
            connections.update()
            .where(connections.c.id == second.id)
            .values(sealed=sealed.scalar_subquery())
        )
        with pytest.raises(Unavailable):
            house.connections.credential(work, house.scope, second.id)


def test_a_connection_is_renamed_listed_and_deleted(house: House):
    connection = upload(house, credential())
    with house.database.write() as work:
        house.connections.rename(work, house.scope, OPERATOR, connection.id, "  Infor  test ")
        found = house.connections.list(work, house.scope, OPERATOR, PageRequest(), "infor t")
        assert [one.name for one in found.items] == ["Infor test"]
        with pytest.raises(InvalidInput):
            house.connections.rename(work, house.scope, OPERATOR, connection.id, " ")
        house.connections.delete(work, house.scope, OPERATOR, connection.id)
        with pytest.raises(NotFound):
            house.connections.get(work, house.scope, OPERATOR, connection.id)


def test_a_connection_in_use_is_not_deleted(house: House):
    class Used:
        def titles(self, work: Work, scope: OrganizationScope, connection_id: str) -> list[str]:
            return ["Invoices to Infor"]

    house.connections.uses = Used()
    connection = upload(house, credential())
    with house.database.write() as work, pytest.raises(Conflict, match="Invoices to Infor"):
        house.connections.delete(work, house.scope, OPERATOR, connection.id)


def test_rotated_keys_still_open_old_credentials_and_seal_them_again(house: House):
    connection = upload(house, credential())
    rotated = house.keys.with_new_key()
    service = _with_keys(house, rotated)
    scope = SystemScope("rotate")
    with house.database.write() as work:
        assert service.reseal(work, scope) == 1
        assert service.reseal(work, scope) == 0
    only_new = KeyRing.from_text(json.dumps(_only_current(rotated)))
    with house.database.read() as work:
        file = _with_keys(house, only_new).credential(work, house.scope, connection.id)
    assert file.ti == "ACME_TST"


def _with_keys(house: House, keys: KeyRing):
    from ionport.connections.service import ConnectionService
    from ionport.identity.audit import AuditLog

    return ConnectionService(house.clock, keys, AuditLog(house.clock), policy=AddressPolicy())


def _only_current(keys: KeyRing) -> dict[str, object]:
    ring = json.loads(keys.to_text())
    ring["keys"] = {ring["current"]: ring["keys"][ring["current"]]}
    return ring


def assert_nothing_is_left(house: House) -> None:
    with house.database.read() as work:
        for table in ("connections", "connection_checks", "connection_tokens", "audit_log"):
            assert work.connection.execute(text(f"select count(*) from {table}")).scalar() == 0
