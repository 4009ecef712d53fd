from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ionport.connections.check_repository import CheckRepository
from ionport.connections.intake import prepare_connection
from ionport.connections.model import CheckStatus, StageStatus
from ionport.connections.service import ConnectionService
from ionport.core.errors import Forbidden, NotFound, Unavailable
from ionport.core.sealing import KeyRing
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, OrganizationRole
from tests.support.infor_side import TENANT, InforSide, infor_side_on
from tests.support.patience import PATIENCE
from tests.support.proofs import failed_stage
from tests.support.proxy import FaultyProxy
from tests.unit.connections.conftest import ConnectionsSetup, credential

OPERATOR = Actor.operator()


@pytest.fixture(scope="module")
def infor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InforSide]:
    yield from infor_side_on("sqlite", tmp_path_factory.mktemp("infor"))


@pytest.fixture(scope="module")
def credentials(infor: InforSide) -> dict[str, str]:
    return infor.credentials(name="DocBits checks")


def check(setup: ConnectionsSetup, content: bytes):
    with setup.database.write() as work:
        access = Access(work, setup.scope, OPERATOR)
        connection = setup.connections.upload(access, "x.ionapi", prepare_connection(content))
        started = setup.connections.start_check(access, connection.id)
    assert started.status is CheckStatus.RUNNING
    return setup.connections.run_check(setup.database, setup.scope, started.id)


def stages(found) -> dict[str, StageStatus]:
    return {stage.key: stage.status for stage in found.stages}


@pytest.mark.on_each_database
def test_a_working_credential_is_proved_stage_by_stage(
    setup: ConnectionsSetup, credentials: dict[str, str]
):
    found = check(setup, json.dumps(credentials).encode())
    assert found.status is CheckStatus.PASSED
    assert stages(found) == {
        "file": StageStatus.PASSED,
        "network": StageStatus.PASSED,
        "token": StageStatus.PASSED,
        # The app was made without refresh tokens.
        "refresh": StageStatus.NOT_APPLICABLE,
        "idm": StageStatus.PASSED,
        "ion": StageStatus.PASSED,
        # M3 acts for the user of the service account, which this one does not have.
        "m3": StageStatus.NOT_APPLICABLE,
        "ln": StageStatus.PASSED,
    }
    assert found.stages[3].remedy
    assert "User Management > Manage > Service Accounts" in found.stages[6].remedy
    assert all(stage.milliseconds is not None for stage in found.stages)
    assert found.finished_at is not None


def test_a_wrong_secret_fails_at_the_token_with_cause_and_remedy(
    setup: ConnectionsSetup, credentials: dict[str, str]
):
    found = check(setup, json.dumps({**credentials, "cs": "A" * 86}).encode())
    assert found.status is CheckStatus.FAILED
    failed = failed_stage(found)
    assert failed is not None
    assert failed.key == "token"
    assert failed.cause
    assert failed.remedy
    assert stages(found)["idm"] is StageStatus.SKIPPED


def test_a_dead_host_fails_at_the_network(setup: ConnectionsSetup):
    found = check(setup, credential())
    failed = failed_stage(found)
    assert failed is not None
    assert failed.key == "network"
    assert stages(found)["token"] is StageStatus.SKIPPED


def test_a_private_address_is_refused_unless_the_setting_allows_it(setup: ConnectionsSetup):
    address = "https://10.255.255.1"
    found = check(setup, credential(iu=address, pu=f"{address}/ACME_TST/as/"))
    failed = failed_stage(found)
    assert failed is not None
    assert "may not be reached" in failed.cause
    assert not setup.connections.policy.allow_private


def test_a_service_that_was_told_nothing_reaches_neither_private_nor_own_addresses(
    setup: ConnectionsSetup,
):
    policy = ConnectionService(setup.clock, setup.keys, AuditLog(setup.clock)).policy
    assert not policy.allow_private
    assert not policy.allow_loopback


@pytest.mark.parametrize("kind", ["html", "redirect", "bomb"])
def test_a_strange_server_gives_a_named_error(
    setup: ConnectionsSetup, credentials: dict[str, str], kind: str
):
    with strange_server(kind) as url:
        found = check(setup, json.dumps({**credentials, "pu": f"{url}/as/"}).encode())
    failed = failed_stage(found)
    assert failed is not None
    assert failed.key == "token"
    words = {"html": "HTML", "redirect": "redirect", "bomb": "larger"}[kind]
    assert words in failed.cause


def test_a_page_can_follow_the_stages_while_they_run(
    setup: ConnectionsSetup, infor: InforSide, credentials: dict[str, str]
):
    seen: list[dict[str, StageStatus]] = []
    with FaultyProxy(infor.url) as proxy:
        content = json.dumps({**credentials, "iu": proxy.url}).encode()
        with setup.database.write() as work:
            access = Access(work, setup.scope, OPERATOR)
            connection = setup.connections.upload(access, "x", prepare_connection(content))
            started = setup.connections.start_check(access, connection.id)

        def look(_method: str, _path: str) -> None:
            with setup.database.read() as work:
                found = setup.connections.latest_check(
                    Access(work, setup.scope, OPERATOR), connection.id
                )
            assert found is not None
            seen.append(stages(found))

        proxy.after_commit = look
        thread = setup.connections.run_check_in_background(setup.database, setup.scope, started.id)
        thread.join(PATIENCE)
    assert seen[0]["idm"] is StageStatus.RUNNING
    assert seen[0]["token"] is StageStatus.PASSED
    assert seen[0]["ion"] is StageStatus.PENDING
    assert seen[2]["ion"] is StageStatus.PASSED
    assert seen[-1]["ln"] is StageStatus.RUNNING


def test_a_check_cut_short_by_a_crash_is_shown_as_interrupted(setup: ConnectionsSetup):
    with setup.database.write() as work:
        access = Access(work, setup.scope, OPERATOR)
        connection = setup.connections.upload(access, "x", prepare_connection(credential()))
        started = setup.connections.start_check(access, connection.id)
        again = setup.connections.start_check(access, connection.id)
    assert again.id == started.id, "one runs already"
    setup.clock.advance(timedelta(minutes=5))
    with setup.database.write() as work:
        access = Access(work, setup.scope, OPERATOR)
        found = setup.connections.latest_check(access, connection.id)
        assert found is not None
        assert found.status is CheckStatus.INTERRUPTED
        fresh = setup.connections.start_check(access, connection.id)
    assert fresh.id != started.id
    # Running the dead one late changes nothing.
    late = setup.connections.run_check(setup.database, setup.scope, started.id)
    assert late.status is CheckStatus.INTERRUPTED


@pytest.mark.on_each_database
def test_a_proof_that_is_started_many_times_at_once_signs_on_once(
    setup: ConnectionsSetup, infor: InforSide, credentials: dict[str, str]
):
    with FaultyProxy(infor.url) as proxy:
        through_it = {"iu": proxy.url, "pu": f"{proxy.url}/{TENANT}/as/"}
        content = json.dumps({**credentials, **through_it}).encode()
        with setup.database.write() as work:
            connection = setup.connections.upload(
                Access(work, setup.scope, OPERATOR), "x", prepare_connection(content)
            )
        all_here = threading.Barrier(4)

        def click(_number: int) -> str:
            all_here.wait(PATIENCE)
            with setup.database.write() as work:
                started = setup.connections.start_check(
                    Access(work, setup.scope, OPERATOR), connection.id
                )
            all_here.wait(PATIENCE)
            setup.connections.run_check(setup.database, setup.scope, started.id)
            found = setup.connections.wait_for_check(setup.database, setup.scope, started.id)
            assert found.status is CheckStatus.PASSED, failed_stage(found)
            return found.id

        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(click, range(4)))) == 1
    called = [path.split("?")[0].rpartition("/")[2] for _method, path in proxy.calls]
    suites = ["entities", "ping", "GetUserInfo", "BusinessPartner_v3"]
    assert called == ["token.oauth2", *suites]


@pytest.mark.on_each_database
def test_a_proof_whose_process_died_is_noted_as_interrupted_and_can_be_started_again(
    setup: ConnectionsSetup, credentials: dict[str, str]
):
    with setup.database.write() as work:
        access = Access(work, setup.scope, OPERATOR)
        content = json.dumps(credentials).encode()
        connection = setup.connections.upload(access, "x", prepare_connection(content))
        dead = setup.connections.start_check(access, connection.id)
        # Its process took it up, and ended.
        claimed = CheckRepository(work.connection).claim(
            setup.scope, dead.id, "run_dead", setup.clock.now()
        )
    assert claimed
    setup.clock.advance(timedelta(minutes=5))
    with setup.database.write() as work:
        fresh = setup.connections.start_check(Access(work, setup.scope, OPERATOR), connection.id)
    found = setup.connections.run_check(setup.database, setup.scope, fresh.id)
    assert found.status is CheckStatus.PASSED
    with setup.database.read() as work:
        noted = CheckRepository(work.connection).get(setup.scope, dead.id)
    assert noted is not None
    assert noted.status is CheckStatus.INTERRUPTED


def test_a_proof_that_breaks_off_is_interrupted_at_once(setup: ConnectionsSetup):
    with setup.database.write() as work:
        access = Access(work, setup.scope, OPERATOR)
        connection = setup.connections.upload(access, "x", prepare_connection(credential()))
        started = setup.connections.start_check(access, connection.id)
    stranger = ConnectionService(setup.clock, KeyRing.generate(), AuditLog(setup.clock))
    with pytest.raises(Unavailable):
        stranger.run_check(setup.database, setup.scope, started.id)
    with setup.database.write() as work:
        access = Access(work, setup.scope, OPERATOR)
        found = setup.connections.latest_check(access, connection.id)
        assert found is not None
        assert found.status is CheckStatus.INTERRUPTED
        again = setup.connections.start_check(access, connection.id)
    assert again.id != started.id


@pytest.mark.on_each_database
def test_old_checks_do_not_pile_up(setup: ConnectionsSetup):
    with setup.database.write() as work:
        connection = setup.connections.upload(
            Access(work, setup.scope, OPERATOR), "x", prepare_connection(credential())
        )
    made = []
    for _ in range(25):
        setup.clock.advance(timedelta(hours=1))
        with setup.database.write() as work:
            made.append(
                setup.connections.start_check(Access(work, setup.scope, OPERATOR), connection.id).id
            )
    with setup.database.read() as work:
        access = Access(work, setup.scope, OPERATOR)
        with pytest.raises(NotFound):
            setup.connections.get_check(access, made[0])
        kept = setup.connections.get_check(access, made[-20])
    assert kept.id == made[-20]


@pytest.mark.on_each_database
def test_checks_belong_to_their_organization_and_its_administrators(setup: ConnectionsSetup):
    member = Actor(
        "usr_1",
        "Mia",
        organization_roles=frozenset({(setup.scope.organization_id, OrganizationRole.USER)}),
    )
    with setup.database.write() as work:
        access = Access(work, setup.other, OPERATOR)
        connection = setup.connections.upload(
            Access(work, setup.scope, OPERATOR), "x", prepare_connection(credential())
        )
        with pytest.raises(Forbidden):
            setup.connections.start_check(Access(work, setup.scope, member), connection.id)
        started = setup.connections.start_check(Access(work, setup.scope, OPERATOR), connection.id)
        assert setup.connections.latest_check(Access(work, setup.scope, member), connection.id)
        with pytest.raises(NotFound):
            setup.connections.get_check(access, started.id)
        assert setup.connections.latest_check(access, connection.id) is None


def strange_server(kind: str):
    from contextlib import contextmanager

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if kind == "redirect":
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()
                return
            self.send_response(200)
            body = b"<!DOCTYPE html><html></html>"
            if kind == "bomb":
                import gzip

                body = gzip.compress(b" " * 20_000_000)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Type", "text/html" if kind == "html" else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    @contextmanager
    def serve() -> Iterator[str]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        server.server_close()

    return serve()
