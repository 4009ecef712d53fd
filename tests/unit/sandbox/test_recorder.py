from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionport.core.blobs import FolderBlobs
from ionport.core.paging import PageRequest
from ionport.identity.model import Actor
from ionport.sandbox.control.model import (
    CallFacts,
    CallFilter,
    Outcome,
    redacted_headers,
    redacted_query,
)
from ionport.sandbox.control.recorder import RecorderService
from ionport.store import Database, TenantScope

SCOPE = TenantScope("ACME_TST")
OPERATOR = Actor.operator()


def facts(number: int = 0, path: str = "/ACME_TST/IDM/api/items") -> CallFacts:
    return CallFacts(
        request_id=f"req_{number}",
        client_id="ACME_TST~x",
        service="IDM",
        operation="get item",
        method="GET",
        path=path,
        query="",
        headers={},
        request_sha256="0" * 64,
        request_size=0,
        request_kept=False,
        received_at=datetime(2026, 3, 5, tzinfo=UTC),
    )


def outcome(status: int = 200) -> Outcome:
    return Outcome(status, "0" * 64, 2, 1, ("item-1",))


@pytest.fixture
def recorder(tmp_path: Path) -> RecorderService:
    return RecorderService(FolderBlobs(tmp_path / "blobs"), keep=10)


def test_the_recorder_keeps_the_newest_calls_of_each_tenant(
    database: Database, recorder: RecorderService
) -> None:
    other = TenantScope("OTHER_TST")
    with database.write() as work:
        recorder.record(work, other, facts(), outcome())
        for number in range(100):
            recorder.record(work, SCOPE, facts(number), outcome())
    with database.read() as work:
        page = recorder.list(work, SCOPE, OPERATOR, PageRequest())
        assert page.total == 10
        assert recorder.list(work, other, OPERATOR, PageRequest()).total == 1
    expected = [f"req_{number}" for number in range(99, 89, -1)]
    assert [call.facts.request_id for call in page.items] == expected


def test_a_rolled_back_effect_leaves_no_call(database: Database, recorder: RecorderService) -> None:
    def fail_after_recording() -> None:
        with database.write() as work:
            recorder.record(work, SCOPE, facts(), outcome())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_recording()
    with database.read() as work:
        assert recorder.list(work, SCOPE, OPERATOR, PageRequest()).total == 0


def test_calls_are_found_by_status_and_text(database: Database, recorder: RecorderService) -> None:
    with database.write() as work:
        recorder.record(work, SCOPE, facts(1, "/ACME_TST/IDM/api/100%25"), outcome(404))
        recorder.record(work, SCOPE, facts(2), outcome())

    def found(filters: CallFilter) -> list[str]:
        with database.read() as work:
            page = recorder.list(work, SCOPE, OPERATOR, PageRequest(), filters)
        return [call.facts.request_id for call in page.items]

    assert found(CallFilter(status=404)) == ["req_1"]
    assert found(CallFilter(text="100%")) == ["req_1"]
    assert found(CallFilter(text="idm", ascending=True)) == ["req_1", "req_2"]
    assert found(CallFilter(service="M3")) == []


def test_a_body_is_kept_up_to_a_megabyte(recorder: RecorderService) -> None:
    assert recorder.keep_body(b"x")
    assert not recorder.keep_body(b"")
    assert not recorder.keep_body(b"x" * 1_000_001)


@pytest.mark.parametrize(
    "body",
    [
        b"grant_type=password&client_secret=swordfish",
        b'{"ci": "a", "cs": "swordfish"}',
        b'{"Sask": "swordfish"}',
    ],
)
def test_a_body_that_looks_like_credentials_is_not_kept(
    recorder: RecorderService, tmp_path: Path, body: bytes
) -> None:
    assert not recorder.keep_body(body)
    assert not (tmp_path / "blobs").exists()


@given(st.text(max_size=20))
def test_headers_that_are_not_known_to_be_harmless_are_dots(secret: str) -> None:
    kept = redacted_headers([("X-Api-Key", secret), ("Accept", "*/*"), ("Proxy-Auth", secret)])
    assert kept == {"x-api-key": "••••••••", "accept": "*/*", "proxy-auth": "••••••••"}


@pytest.mark.parametrize(
    "name", ["access_token", "client_secret", "PASSWORD", "apiKey", "p%61ss%77ord"]
)
def test_parameters_named_like_secrets_are_dots(name: str) -> None:
    query = f"$query=/E&{name}=swordfish&b".encode()
    assert redacted_query(query) == f"$query=/E&{name}=••••••••&b"


def test_a_header_flood_is_cut() -> None:
    assert len(redacted_headers((f"x-{n}", "v") for n in range(1000))) == 60
