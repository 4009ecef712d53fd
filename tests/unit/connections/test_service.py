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
from ionport.identity.access import Access
from ionport.identity.model import Actor, OrganizationRole
from ionport.ionapi.addresses import AddressPolicy
from ionport.store import OrganizationScope, ScopedWork, SystemScope
from tests.unit.connections.conftest import ConnectionsSetup, credential

OPERATOR = Actor.operator()


def upload(setup: ConnectionsSetup, content: bytes, filename: str = "DocBits_TST.ionapi"):
    with setup.database.write() as work:
        return setup.connections.upload(
            Access(work, setup.scope, OPERATOR), filename, prepare_connection(content)
        )


def test_an_uploaded_credential_is_shown_by_tenant_app_environment_and_gateway(
    setup: ConnectionsSetup,
):
    content = credential()
    connection = upload(setup, content)
    assert connection.tenant_id == "ACME_TST"
    assert connection.app_name == connection.name == "DocBits_TST"
    assert connection.environment == "TST"
    assert connection.gateway == "http://127.0.0.1:9"
    assert connection.uploaded_by == OPERATOR.name
    assert connection.uploaded_at == setup.clock.now()


def test_a_stored_credential_is_write_only(
    setup: ConnectionsSetup, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    content = credential()
    secrets = [json.loads(content)[key] for key in ("cs", "saak", "sask")]
    connection = upload(setup, content)
    with setup.database.read() as work:
        stored = str(work.connection.execute(select(connections)).all())
        audit = str(work.connection.execute(text("select * from audit_log")).all())
        file = setup.connections.credential(work.within(setup.scope), connection.id)
    for secret in secrets:
        assert secret not in repr(connection) + stored + audit + caplog.text
    assert file.to_bytes() == content.replace(b'": "', b'":"').replace(b'", "', b'","')


@pytest.mark.on_each_database
def test_the_same_credential_again_gives_the_existing_connection(setup: ConnectionsSetup):
    content = credential()
    first = upload(setup, content)
    # Another layout of the same credential is the same credential.
    again = json.dumps(json.loads(content), indent=2).encode()
    second = upload(setup, b"\xef\xbb\xbf" + again, "copy.ionapi")
    assert second == first
    with setup.database.read() as work:
        page = setup.connections.list(Access(work, setup.scope, OPERATOR), PageRequest())
    assert page.total == 1


def test_a_properties_file_dropped_there_is_named_as_what_it_is(setup: ConnectionsSetup):
    content = b"INVOICE=M3_SupplierInvoice\nStatic_Fields=M3_Company:STRING\nSF_M3_Company=001\n"
    with pytest.raises(InvalidInput, match="mapping") as refused:
        upload(setup, content, "IDM-Mapping.properties")
    assert refused.value.fields["file"]
    assert_nothing_is_left(setup)


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
    setup: ConnectionsSetup, content: bytes, words: str
):
    with pytest.raises(InvalidInput, match=f"(?s){words}"):
        upload(setup, content)
    assert_nothing_is_left(setup)


@pytest.mark.on_each_database
def test_warnings_about_a_file_are_kept_and_shown(setup: ConnectionsSetup):
    connection = upload(setup, credential(cs="A" * 20))
    assert [remark.key for remark in connection.remarks if remark.severity == "warning"] == ["cs"]


def test_only_an_administrator_uploads_and_only_members_see(setup: ConnectionsSetup):
    organization_id = setup.scope.organization_id
    member = Actor(
        "usr_1", "Mia", organization_roles=frozenset({(organization_id, OrganizationRole.USER)})
    )
    stranger = Actor("usr_2", "Sam")
    connection = upload(setup, credential())
    with setup.database.write() as work:
        access = Access(work, setup.scope, member)
        with pytest.raises(Forbidden):
            setup.connections.upload(access, "x.ionapi", prepare_connection(credential()))
        assert setup.connections.get(access, connection.id) == connection
        with pytest.raises(Forbidden):
            setup.connections.get(Access(work, setup.scope, stranger), connection.id)


def test_another_organization_does_not_find_the_connection(setup: ConnectionsSetup):
    connection = upload(setup, credential())
    with setup.database.write() as work:
        access = Access(work, setup.other, OPERATOR)
        for call in (
            lambda: setup.connections.get(access, connection.id),
            lambda: setup.connections.credential(work.within(setup.other), connection.id),
            lambda: setup.connections.delete(access, connection.id),
            lambda: setup.connections.rename(access, connection.id, "x"),
            lambda: setup.connections.start_check(access, connection.id),
        ):
            with pytest.raises(NotFound):
                call()
        page = setup.connections.list(access, PageRequest())
    assert page.total == 0


@pytest.mark.on_each_database
def test_two_organizations_may_hold_the_same_credential(setup: ConnectionsSetup):
    content = credential()
    first = upload(setup, content)
    with setup.database.write() as work:
        second = setup.connections.upload(
            Access(work, setup.other, OPERATOR), "x.ionapi", prepare_connection(content)
        )
    assert second.id != first.id
    assert second.fingerprint == first.fingerprint


def test_a_sealed_file_moved_to_another_row_does_not_open(setup: ConnectionsSetup):
    first, second = upload(setup, credential()), upload(setup, credential())
    with setup.database.write() as work:
        sealed = select(connections.c.sealed).where(connections.c.id == first.id)
        work.connection.execute(
            connections.update()
            .where(connections.c.id == second.id)
            .values(sealed=sealed.scalar_subquery())
        )
        with pytest.raises(Unavailable):
            setup.connections.credential(work.within(setup.scope), second.id)


@pytest.mark.on_each_database
def test_a_connection_is_renamed_listed_and_deleted(setup: ConnectionsSetup):
    connection = upload(setup, credential())
    with setup.database.write() as work:
        access = Access(work, setup.scope, OPERATOR)
        setup.connections.rename(access, connection.id, "  Infor  test ")
        found = setup.connections.list(access, PageRequest(), "infor t")
        assert [one.name for one in found.items] == ["Infor test"]
        with pytest.raises(InvalidInput):
            setup.connections.rename(access, connection.id, " ")
        setup.connections.delete(access, connection.id)
        with pytest.raises(NotFound):
            setup.connections.get(access, connection.id)


@pytest.mark.on_each_database
def test_a_connection_in_use_is_not_deleted(setup: ConnectionsSetup):
    class Used:
        def titles(self, access: ScopedWork[OrganizationScope], connection_id: str) -> list[str]:
            return ["Invoices to Infor"]

    setup.connections.uses = Used()
    connection = upload(setup, credential())
    with setup.database.write() as work, pytest.raises(Conflict, match="Invoices to Infor"):
        setup.connections.delete(Access(work, setup.scope, OPERATOR), connection.id)


@pytest.mark.on_each_database
def test_rotated_keys_still_open_old_credentials_and_seal_them_again(setup: ConnectionsSetup):
    connection = upload(setup, credential())
    rotated = setup.keys.with_new_key()
    service = _with_keys(setup, rotated)
    scope = SystemScope("rotate")
    with setup.database.write() as work:
        assert service.reseal(work.within(scope)) == 1
        assert service.reseal(work.within(scope)) == 0
    only_new = KeyRing.from_text(json.dumps(_only_current(rotated)))
    with setup.database.read() as work:
        file = _with_keys(setup, only_new).credential(work.within(setup.scope), connection.id)
    assert file.ti == "ACME_TST"


def _with_keys(setup: ConnectionsSetup, keys: KeyRing):
    from ionport.connections.service import ConnectionService
    from ionport.identity.audit import AuditLog

    return ConnectionService(setup.clock, keys, AuditLog(setup.clock), policy=AddressPolicy())


def _only_current(keys: KeyRing) -> dict[str, object]:
    ring = json.loads(keys.to_text())
    ring["keys"] = {ring["current"]: ring["keys"][ring["current"]]}
    return ring


def assert_nothing_is_left(setup: ConnectionsSetup) -> None:
    with setup.database.read() as work:
        for table in ("connections", "connection_checks", "connection_tokens", "audit_log"):
            assert work.connection.execute(text(f"select count(*) from {table}")).scalar() == 0
