from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ionport.connections.intake import prepare_connection
from ionport.connections.model import CheckStatus, StageStatus
from ionport.connections.repository import CheckRepository
from ionport.connections.service import ConnectionService
from ionport.core.errors import Forbidden, NotFound, Unavailable
from ionport.core.sealing import KeyRing
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, OrganizationRole
from tests.support.infor_side import TENANT, InforSide, infor_side_on
from tests.support.proxy import FaultyProxy
from tests.unit.connections.conftest import House, credential

OPERATOR = Actor.operator()


@pytest.fixture(scope="module")
def infor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InforSide]:
    yield from infor_side_on("sqlite", tmp_path_factory.mktemp("infor"))


@pytest.fixture(scope="module")
def credentials(infor: InforSide) -> dict[str, str]:
    return infor.credentials(name="DocBits checks")


def check(house: House, content: bytes):
    with house.database.write() as work:
        connection = house.connections.upload(
            work, house.scope, OPERATOR, "x.ionapi", prepare_connection(content)
        )
        started = house.connections.start_check(work, house.scope, OPERATOR, connection.id)
    assert started.status is CheckStatus.RUNNING
    return house.connections.run_check(house.database, house.scope, started.id)


def stages(found) -> dict[str, StageStatus]:
    return {stage.key: stage.status for stage in found.stages}


def test_a_working_credential_is_proved_stage_by_stage(house: House, credentials: dict[str, str]):
    found = check(house, json.dumps(credentials).encode())
    assert found.status is CheckStatus.PASSED
    assert stages(found) == {
        "file": StageStatus.PASSED,
        "network": StageStatus.PASSED,
        "token": StageStatus.PASSED,
        # The app was made without refresh tokens.
        "refresh": StageStatus.NOT_APPLICABLE,
        "idm": StageStatus.PASSED,
        "ion": StageStatus.PASSED,
    }
    assert found.stages[3].remedy
    assert all(stage.milliseconds is not None for stage in found.stages)
    assert found.finished_at is not None


def test_a_wrong_secret_fails_at_the_token_with_cause_and_remedy(
    house: House, credentials: dict[str, str]
):
    found = check(house, json.dumps({**credentials, "cs": "A" * 86}).encode())
    assert found.status is CheckStatus.FAILED
    assert found.failed_stage is not None
    assert found.failed_stage.key == "token"
    assert found.failed_stage.cause
    assert found.failed_stage.remedy
    assert stages(found)["idm"] is StageStatus.SKIPPED


def test_a_dead_host_fails_at_the_network(house: House):
    found = check(house, credential())
    assert found.failed_stage is not None
    assert found.failed_stage.key == "network"
    assert stages(found)["token"] is StageStatus.SKIPPED


def test_a_private_address_is_refused_unless_the_setting_allows_it(house: House):
    address = "https://10.255.255.1"
    found = check(house, credential(iu=address, pu=f"{address}/ACME_TST/as/"))
    assert found.failed_stage is not None
    assert "may not be reached" in found.failed_stage.cause
    assert not house.connections.policy.allow_private


def test_a_service_that_was_told_nothing_reaches_neither_private_nor_own_addresses(house: House):
    policy = ConnectionService(house.clock, house.keys, AuditLog(house.clock)).policy
    assert not policy.allow_private
    assert not policy.allow_loopback


@pytest.mark.parametrize("kind", ["html", "redirect", "bomb"])
def test_a_strange_server_gives_a_named_error(house: House, credentials: dict[str, str], kind: str):
    with strange_server(kind) as url:
        found = check(house, json.dumps({**credentials, "pu": f"{url}/as/"}).encode())
    assert found.failed_stage is not None
    assert found.failed_stage.key == "token"
    words = {"html": "HTML", "redirect": "redirect", "bomb": "larger"}[kind]
    assert words in found.failed_stage.cause


def test_a_page_can_follow_the_stages_while_they_run(
    house: House, infor: InforSide, credentials: dict[str, str]
):
    seen: list[dict[str, StageStatus]] = []
    with FaultyProxy(infor.url) as proxy:
        content = json.dumps({**credentials, "iu": proxy.url}).encode()
        with house.database.write() as work:
            connection = house.connections.upload(
                work, house.scope, OPERATOR, "x", prepare_connection(content)
            )
            started = house.connections.start_check(work, house.scope, OPERATOR, connection.id)

        def look(_method: str, _path: str) -> None:
            with house.database.read() as work:
                found = house.connections.latest_check(work, house.scope, OPERATOR, connection.id)
            assert found is not None
            seen.append(stages(found))

        proxy.after_commit = look
        thread = house.connections.run_check_in_background(house.database, house.scope, started.id)
        thread.join(30)
    assert seen[0]["idm"] is StageStatus.RUNNING
    assert seen[0]["token"] is StageStatus.PASSED
    assert seen[0]["ion"] is StageStatus.PENDING
    assert seen[-1]["ion"] is StageStatus.RUNNING


def test_a_check_cut_short_by_a_crash_is_shown_as_interrupted(house: House):
    with house.database.write() as work:
        connection = house.connections.upload(
            work, house.scope, OPERATOR, "x", prepare_connection(credential())
        )
        started = house.connections.start_check(work, house.scope, OPERATOR, connection.id)
        again = house.connections.start_check(work, house.scope, OPERATOR, connection.id)
    assert again.id == started.id, "one runs already"
    house.clock.advance(timedelta(minutes=5))
    with house.database.write() as work:
        found = house.connections.latest_check(work, house.scope, OPERATOR, connection.id)
        assert found is not None
        assert found.status is CheckStatus.INTERRUPTED
        fresh = house.connections.start_check(work, house.scope, OPERATOR, connection.id)
    assert fresh.id != started.id
    # Running the dead one late changes nothing.
    late = house.connections.run_check(house.database, house.scope, started.id)
    assert late.status is CheckStatus.INTERRUPTED


def test_a_proof_that_is_started_many_times_at_once_signs_on_once(
    house: House, infor: InforSide, credentials: dict[str, str]
):
    with FaultyProxy(infor.url) as proxy:
        through_it = {"iu": proxy.url, "pu": f"{proxy.url}/{TENANT}/as/"}
        content = json.dumps({**credentials, **through_it}).encode()
        with house.database.write() as work:
            connection = house.connections.upload(
                work, house.scope, OPERATOR, "x", prepare_connection(content)
            )
        all_here = threading.Barrier(4)

        def click(_number: int) -> str:
            all_here.wait(10)
            with house.database.write() as work:
                started = house.connections.start_check(work, house.scope, OPERATOR, connection.id)
            all_here.wait(10)
            house.connections.run_check(house.database, house.scope, started.id)
            found = house.connections.wait_for_check(house.database, house.scope, started.id)
            assert found.status is CheckStatus.PASSED, found.failed_stage
            return found.id

        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(click, range(4)))) == 1
    called = [path.split("?")[0].rpartition("/")[2] for _method, path in proxy.calls]
    assert called == ["token.oauth2", "entities", "ping"]


def test_a_proof_whose_process_died_is_noted_as_interrupted_and_can_be_started_again(
    house: House, credentials: dict[str, str]
):
    with house.database.write() as work:
        content = json.dumps(credentials).encode()
        connection = house.connections.upload(
            work, house.scope, OPERATOR, "x", prepare_connection(content)
        )
        dead = house.connections.start_check(work, house.scope, OPERATOR, connection.id)
        # Its process took it up, and ended.
        claimed = CheckRepository(work.connection).claim(
            house.scope, dead.id, "run_dead", house.clock.now()
        )
    assert claimed
    house.clock.advance(timedelta(minutes=5))
    with house.database.write() as work:
        fresh = house.connections.start_check(work, house.scope, OPERATOR, connection.id)
    found = house.connections.run_check(house.database, house.scope, fresh.id)
    assert found.status is CheckStatus.PASSED
    with house.database.read() as work:
        noted = CheckRepository(work.connection).get(house.scope, dead.id)
    assert noted is not None
    assert noted.status is CheckStatus.INTERRUPTED


def test_a_proof_that_breaks_off_is_interrupted_at_once(house: House):
    with house.database.write() as work:
        connection = house.connections.upload(
            work, house.scope, OPERATOR, "x", prepare_connection(credential())
        )
        started = house.connections.start_check(work, house.scope, OPERATOR, connection.id)
    stranger = ConnectionService(house.clock, KeyRing.generate(), AuditLog(house.clock))
    with pytest.raises(Unavailable):
        stranger.run_check(house.database, house.scope, started.id)
    with house.database.write() as work:
        found = house.connections.latest_check(work, house.scope, OPERATOR, connection.id)
        assert found is not None
        assert found.status is CheckStatus.INTERRUPTED
        again = house.connections.start_check(work, house.scope, OPERATOR, connection.id)
    assert again.id != started.id


def test_old_checks_do_not_pile_up(house: House):
    with house.database.write() as work:
        connection = house.connections.upload(
            work, house.scope, OPERATOR, "x", prepare_connection(credential())
        )
    made = []
    for _ in range(25):
        house.clock.advance(timedelta(hours=1))
        with house.database.write() as work:
            made.append(
                house.connections.start_check(work, house.scope, OPERATOR, connection.id).id
            )
    with house.database.read() as work:
        with pytest.raises(NotFound):
            house.connections.get_check(work, house.scope, OPERATOR, made[0])
        kept = house.connections.get_check(work, house.scope, OPERATOR, made[-20])
    assert kept.id == made[-20]


def test_checks_belong_to_their_organization_and_its_administrators(house: House):
    member = Actor(
        "usr_1",
        "Mia",
        organization_roles=frozenset({(house.scope.organization_id, OrganizationRole.USER)}),
    )
    with house.database.write() as work:
        connection = house.connections.upload(
            work, house.scope, OPERATOR, "x", prepare_connection(credential())
        )
        with pytest.raises(Forbidden):
            house.connections.start_check(work, house.scope, member, connection.id)
        started = house.connections.start_check(work, house.scope, OPERATOR, connection.id)
        assert house.connections.latest_check(work, house.scope, member, connection.id)
        with pytest.raises(NotFound):
            house.connections.get_check(work, house.other, OPERATOR, started.id)
        assert house.connections.latest_check(work, house.other, OPERATOR, connection.id) is None


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
