"""The Infor side's clock as clients feel it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ionport.application import open_application
from ionport.core.errors import Forbidden, InvalidInput
from ionport.core.sealing import KeyRing
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Tenant
from ionport.identity.repository import TenantRepository
from ionport.sandbox.control.controls.repository import ControlRepository
from ionport.sandbox.control.plane import ControlPlane
from ionport.settings_reading import load_settings
from ionport.store import Database, SystemScope, TenantScope
from tests.conftest import ALL_DATABASES
from tests.support.infor_side import (
    OPERATOR,
    OTHER_TENANT,
    SCOPE,
    TENANT,
    InforSide,
    infor_side_on,
    new_item,
)
from tests.support.sides import until

HOURS = timedelta(hours=2)


@pytest.fixture(params=ALL_DATABASES)
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[InforSide]:
    yield from infor_side_on(request.param, tmp_path)


def jump(side: InforSide, by: timedelta) -> None:
    with side.database.write() as work:
        side.services.control.clock.jump(Access(work, SCOPE, OPERATOR), by)


def set_back(side: InforSide) -> None:
    with side.database.write() as work:
        side.services.control.clock.set_back(Access(work, SCOPE, OPERATOR))


def status(side: InforSide, token: str, tenant_id: str = TENANT) -> int:
    with side.client(token, tenant_id) as client:
        return client.get("/IDM/api/datamodel/entities").status_code


def test_two_hours_later_a_token_has_expired_and_a_new_one_counts(side: InforSide) -> None:
    file = side.credentials()
    token = side.log_in(file)
    jump(side, HOURS)
    assert status(side, token) == 401
    assert status(side, side.log_in(file)) == 200


def test_items_carry_the_time_of_the_moved_clock(side: InforSide) -> None:
    jump(side, HOURS)
    with side.client(side.log_in(side.credentials())) as client:
        item = client.post("/IDM/api/items", json=new_item()).json()["item"]
    assert item["createdTS"].startswith((side.clock.now() + HOURS).isoformat()[:19])


def test_back_in_the_present_old_tokens_count_again(side: InforSide) -> None:
    token = side.log_in(side.credentials())
    jump(side, HOURS)
    set_back(side)
    assert status(side, token) == 200


@pytest.mark.on_each_database
def test_all_tokens_of_a_tenant_expire_at_a_word_and_those_after_it_count(
    side: InforSide,
) -> None:
    file, other = side.credentials(), side.credentials(OTHER_TENANT)
    old, stranger = side.log_in(file), side.log_in(other)
    assert status(side, old) == 200
    assert _is_active(file, old)
    with side.database.write() as work:
        side.services.control.clock.expire_tokens(Access(work, SCOPE, OPERATOR))
    with side.client(old) as client:
        answer = client.get("/IDM/api/datamodel/entities")
    assert answer.status_code == 401
    assert "expired" in answer.headers["www-authenticate"]
    assert not _is_active(file, old)
    assert status(side, side.log_in(file)) == 200
    assert status(side, stranger, OTHER_TENANT) == 200


def _is_active(file: dict[str, str], token: str) -> bool:
    """Ask the authorization server itself."""
    url = file["pu"] + file["ot"].replace("token", "introspect")
    answer = httpx2.post(url, data={"token": token}, auth=(file["ci"], file["cs"]))
    active: bool = answer.raise_for_status().json()["active"]
    return active


@pytest.mark.parametrize("by", [timedelta(), -HOURS, timedelta(days=4000)])
def test_the_clock_goes_forward_within_ten_years(side: InforSide, by: timedelta) -> None:
    with pytest.raises(InvalidInput):
        jump(side, by)


def test_the_clock_of_a_production_tenant_is_not_moved_for_another(side: InforSide) -> None:
    with side.database.write() as work:
        production = Tenant("ACME_PRD", side.clock.now())
        TenantRepository(work.connection).add(SystemScope("test"), production)
    with pytest.raises(Forbidden, match="ACME_PRD"):
        jump(side, HOURS)


def test_a_clock_that_is_ahead_when_a_production_tenant_comes_can_be_set_back(
    side: InforSide,
) -> None:
    jump(side, HOURS)
    with side.database.write() as work:
        production = Tenant("ACME_PRD", side.clock.now())
        TenantRepository(work.connection).add(SystemScope("test"), production)
    set_back(side)
    assert side.services.control.controls.offset == timedelta()


def test_without_a_sandbox_the_clock_that_one_has_moved_shows_the_real_time(
    tmp_path: Path,
) -> None:
    def clock_ahead(**chosen: bool) -> timedelta:
        application = open_application(load_settings({}, data=tmp_path, **chosen))
        assert application.infor is not None
        with application.database.write() as work:
            if chosen["sandbox"]:
                scope = TenantScope(application.tenant.id)
                application.infor.control.clock.jump(Access(work, scope, OPERATOR), HOURS)
        ahead = application.infor.tokens.clock.now() - application.clock.now()
        application.close()
        return ahead

    assert clock_ahead(sandbox=True) > HOURS / 2
    assert clock_ahead(sandbox=False) < HOURS / 2
    assert clock_ahead(sandbox=True) > HOURS


@pytest.mark.on_each_database
def test_the_controls_are_watched_again_after_a_time_without_a_free_connection(
    side: InforSide, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ionport.store.engine._POOL_TIMEOUT_SECONDS", 0.05)
    database = Database(side.database.url)
    keys, audit = KeyRing.generate(), AuditLog(side.clock)
    other = ControlPlane(database, side.clock, keys, side.blobs, audit).controls
    watch = other.repeating(every_seconds=0.05)
    watch.launch()
    try:
        with ExitStack() as taken:
            with suppress(PoolTimeout):
                while True:
                    taken.enter_context(database.reading_engine.connect())
            assert until(lambda: "a look of control-watch failed" in caplog.text)
        jump(side, HOURS)
        assert until(lambda: other.offset >= HOURS)
    finally:
        watch.close()
        database.close()


@pytest.mark.on_each_database
def test_the_controls_are_watched_again_after_any_failure(
    side: InforSide, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    audit, keys = AuditLog(side.clock), KeyRing.generate()
    other = ControlPlane(side.database, side.clock, keys, side.blobs, audit).controls
    watch = other.repeating(every_seconds=0.02)

    def unreadable(*_arguments: object) -> None:
        raise ValueError("a row that cannot be read")

    watch.launch()
    try:
        with monkeypatch.context() as patched:
            patched.setattr(ControlRepository, "generation_and_offset", unreadable)
            assert until(lambda: "a row that cannot be read" in caplog.text)
        jump(side, HOURS)
        assert until(lambda: other.offset >= HOURS)
    finally:
        watch.close()


@pytest.mark.on_each_database
def test_other_processes_see_what_was_set_within_two_seconds(side: InforSide) -> None:
    audit, keys = AuditLog(side.clock), KeyRing.generate()
    other = ControlPlane(side.database, side.clock, keys, side.blobs, audit).controls
    watch = other.repeating()
    watch.launch()
    try:
        jump(side, HOURS)
        with side.database.write() as work:
            side.services.control.clock.expire_tokens(
                Access(work, TenantScope(OTHER_TENANT), OPERATOR)
            )
        assert until(lambda: other.offset >= HOURS and other.expired_before(OTHER_TENANT))
    finally:
        watch.close()
