from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from secrets import token_urlsafe
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionport.core.blobs import FolderBlobs
from ionport.core.errors import NotFound
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.sandbox.control.recorder.model import CallFacts, CallFilter, Outcome
from ionport.sandbox.control.recorder.redaction import CallRedactor
from ionport.sandbox.control.recorder.service import RecorderService
from ionport.store import Database, TenantScope

pytestmark = pytest.mark.on_each_database

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
        recorder.record(work.within(other), facts(), outcome())
        for number in range(100):
            recorder.record(work.within(SCOPE), facts(number), outcome())
    with database.read() as work:
        access = Access(work, SCOPE, OPERATOR)
        page = recorder.list(access, PageRequest())
        assert page.total == 10
        assert recorder.list(Access(work, other, OPERATOR), PageRequest()).total == 1
        (call,) = recorder.list(Access(work, other, OPERATOR), PageRequest()).items
        assert recorder.get(Access(work, other, OPERATOR), call.id) == call
        with pytest.raises(NotFound):
            recorder.get(access, call.id)
    expected = [f"req_{number}" for number in range(99, 89, -1)]
    assert [call.facts.request_id for call in page.items] == expected


def test_a_rolled_back_effect_leaves_no_call(database: Database, recorder: RecorderService) -> None:
    def fail_after_recording() -> None:
        with database.write() as work:
            recorder.record(work.within(SCOPE), facts(), outcome())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_recording()
    with database.read() as work:
        assert recorder.list(Access(work, SCOPE, OPERATOR), PageRequest()).total == 0


def test_calls_are_found_by_status_and_text(database: Database, recorder: RecorderService) -> None:
    with database.write() as work:
        recorder.record(work.within(SCOPE), facts(1, "/ACME_TST/IDM/api/100%25"), outcome(404))
        recorder.record(work.within(SCOPE), facts(2), outcome())

    def found(filters: CallFilter) -> list[str]:
        with database.read() as work:
            page = recorder.list(Access(work, SCOPE, OPERATOR), PageRequest(), filters)
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
    kept = CallRedactor().headers(
        [("X-Api-Key", secret), ("Accept", "*/*"), ("Proxy-Auth", secret)]
    )
    assert kept == {"x-api-key": "••••••••", "accept": "*/*", "proxy-auth": "••••••••"}


@pytest.mark.parametrize(
    "name", ["access_token", "client_secret", "PASSWORD", "apiKey", "p%61ss%77ord"]
)
def test_parameters_named_like_secrets_are_dots(name: str) -> None:
    query = f"$query=/E&{name}=swordfish&b".encode()
    assert CallRedactor().query(query) == f"$query=/E&{name}=••••••••&b"


TOKEN = f"eyJhbGciOiJSUzI1NiJ9.{'eyJzdWIiOiJhYmMifQ'}.{token_urlsafe(256)}"
SECRETS = {
    "access token": TOKEN,
    "its payload": TOKEN.split(".")[1],
    "its signature": TOKEN.split(".")[2],
    "secret key": token_urlsafe(64)[:83] + "aA0",
    "refresh token": "aA0" + token_urlsafe(30),
    "control key": "ctl_aA0" + token_urlsafe(30),
}


def _written(secret: str) -> dict[str, str]:
    return {
        "plain": secret,
        "percent": quote(secret.replace(".", "%2E")).replace("a", "%61"),
        "every letter": "".join(f"%{ord(letter):02x}" for letter in secret),
        "in an expression": quote(f'/Invoice[@Number = "{secret}"]'),
        "in a path": f"a/{secret}",
    }


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_stands_nowhere_in_what_is_kept_of_a_call(kind: str) -> None:
    secret = SECRETS[kind]
    redactor = CallRedactor([TOKEN])
    for text in _written(secret).values():
        shown = [
            redactor.query(f"$query={text}&a=b".encode()),
            redactor.query(f"{text}=1&{text}".encode()),
            redactor.path(f"/ACME_TST/IDM/{text}/x".encode()),
            str(redactor.headers([("X-ClientId", text), ("User-Agent", f"a {text}")])),
        ]
        assert not any(secret in unquote(unquote(each)) for each in shown), shown
        assert "••••••••" in shown[0]
        assert shown[0].endswith("&a=b")
        assert not redactor.may_keep(f"entity={text}&x=y".encode())
        assert not redactor.may_keep(f'{{"number": "{text}"}}'.encode())
    for before in ("", "a", "ab"):
        for encode in (b64encode, urlsafe_b64encode):
            text = encode(f"{before}{TOKEN} and more".encode()).decode()
            assert "••••••••" in redactor.query(f"q={quote(text)}".encode())
            assert not redactor.may_keep(f'{{"file": "{text}"}}'.encode())


def test_a_token_of_somebody_else_is_known_by_its_shape() -> None:
    for secret in (TOKEN, SECRETS["secret key"], f"ACME_TST#{SECRETS['secret key']}"):
        assert secret not in unquote(CallRedactor().query(f"q={quote(secret)}".encode()))


@pytest.mark.parametrize(
    "text",
    [
        "M3_SupplierInvoice-43-0-LATEST",
        pytest.param("ACME_TST~" + "aA0" + token_urlsafe(30), id="client id"),
        "2b3c9f9e-5b0e-4f6d-9b0a-6d2c7a0d9f11",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "lid://infor.ims.example",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert CallRedactor([TOKEN]).query(f"q={text}".encode()) == f"q={text}"


def test_a_file_in_base64_is_no_secret() -> None:
    # The same bytes each time: one file of a hundred has the letters of a token by chance.
    body = b'{"base64": "' + b64encode(Random(1).randbytes(200_000)) + b'"}'
    assert CallRedactor([TOKEN]).may_keep(body)


def test_a_header_flood_is_cut() -> None:
    assert len(CallRedactor().headers((f"x-{n}", "v") for n in range(1000))) == 60
