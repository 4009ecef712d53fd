"""Every fault kind as a client sees it, over a socket; and what it leaves behind."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.ionapi import (
    AnswerRefused,
    ConnectionFailed,
    IonApiClient,
    IonApiError,
    IonApiFile,
    ItemDraft,
    ServiceError,
)
from ionport.sandbox.control.controls.faults import FaultDraft, FaultKind, FaultTarget, Trigger
from ionport.sandbox.control.recorder.model import CallFilter, RecordedCall
from tests.support.infor_side import (
    OPERATOR,
    OTHER_TENANT,
    SCOPE,
    InforSide,
    infor_side_on,
    new_item,
)
from tests.support.patience import TooSlow, with_time_enough
from tests.support.sides import until

CREATE = FaultTarget(service="IDM", operation="create item")


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InforSide]:
    yield from infor_side_on("sqlite", tmp_path_factory.mktemp("side"))


@pytest.fixture(scope="module")
def file(side: InforSide) -> dict[str, str]:
    return side.credentials()


@pytest.fixture(scope="module")
def token(side: InforSide, file: dict[str, str]) -> str:
    return side.log_in(file)


@pytest.fixture(autouse=True)
def _fresh(side: InforSide) -> None:
    with side.database.write() as work:
        side.services.control.state.reset(Access(work, SCOPE, OPERATOR))


def order(side: InforSide, kind: FaultKind, **parts: Any) -> str:
    """Add a rule and return its id."""
    target = parts.pop("target", CREATE)
    with side.database.write() as work:
        draft = FaultDraft(kind, target=target, **parts)
        return side.services.control.faults.add(Access(work, SCOPE, OPERATOR), draft).id


def post(client: httpx2.Client, **options: Any) -> httpx2.Response:
    return client.post("/IDM/api/items", json=new_item(), **options)


def items(side: InforSide) -> int:
    with side.database.read() as work:
        return side.inspection.list_items(Access(work, SCOPE, OPERATOR), PageRequest()).total


def last_call(side: InforSide) -> RecordedCall:
    with side.database.read() as work:
        page = side.recorder.list(Access(work, SCOPE, OPERATOR), PageRequest(), CallFilter())
    return page.items[0]


def test_a_status_with_a_body_of_ones_own_and_nothing_is_done(
    side: InforSide, client: httpx2.Client
) -> None:
    order(side, FaultKind.STATUS, status=503, body="<busy/>", media_type="text/xml", name="busy")
    answer = post(client)
    assert (answer.status_code, answer.text) == (503, "<busy/>")
    assert answer.headers["content-type"] == "text/xml"
    assert items(side) == 0
    call = last_call(side)
    assert (call.outcome.status, call.outcome.fault) == (503, "status: busy")


def test_a_status_without_a_body_keeps_the_connection_readable(
    side: InforSide, client: httpx2.Client
) -> None:
    order(side, FaultKind.STATUS, status=204, body="not sent", trigger=Trigger.NEXT)
    answer = post(client)
    assert (answer.status_code, answer.content) == (204, b"")
    assert post(client).status_code == 200


def test_a_status_that_denies_what_was_done(side: InforSide, client: httpx2.Client) -> None:
    order(side, FaultKind.STATUS, status=504, after_commit=True)
    assert post(client).status_code == 504
    assert items(side) == 1
    assert len(last_call(side).outcome.effects) == 1


def test_too_many_requests_says_when_to_come_again(side: InforSide, client: httpx2.Client) -> None:
    order(side, FaultKind.TOO_MANY_REQUESTS, seconds=7)
    answer = post(client)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["requestId"] == answer.headers["x-request-id"]
    assert items(side) == 0


def test_latency_makes_a_client_wait_and_others_not(side: InforSide, client: httpx2.Client) -> None:
    order(side, FaultKind.LATENCY, seconds=0.3)
    assert client.get("/IDM/api/datamodel/entities").status_code == 200
    assert last_call(side).outcome.fault == ""
    began = time.monotonic()
    assert post(client).status_code == 200
    assert time.monotonic() - began >= 0.3
    assert last_call(side).outcome.fault == "latency"


def test_latency_outlasts_the_patience_of_a_client_whose_call_is_done_all_the_same(
    side: InforSide, client: httpx2.Client
) -> None:
    def outlast(seconds: float) -> None:
        order(side, FaultKind.LATENCY, seconds=seconds)
        before = items(side)
        try:
            post(client, timeout=seconds / 4)
        except httpx2.ReadTimeout:
            assert until(lambda: items(side) == before + 1)
        else:
            raise TooSlow

    with_time_enough(0.4, outlast)


def test_a_slow_body_comes_whole_in_many_pieces(side: InforSide, client: httpx2.Client) -> None:
    def read(seconds: float) -> None:
        order(side, FaultKind.SLOW_BODY, seconds=seconds)
        before, began, pieces = items(side), time.monotonic(), []
        with client.stream("POST", "/IDM/api/items", json=new_item()) as answer:
            pieces.extend(answer.iter_raw())
        assert time.monotonic() - began >= seconds
        assert b"".join(pieces).endswith(b"}")
        assert items(side) == before + 1
        if len(pieces) <= 5:
            raise TooSlow("what came meanwhile is read in one piece")

    with_time_enough(0.4, read)


@pytest.mark.parametrize(
    ("kind", "stays"), [(FaultKind.CUT_BEFORE_COMMIT, 0), (FaultKind.CUT_AFTER_COMMIT, 1)]
)
def test_a_cut_connection_gives_no_byte_and_only_the_sandbox_knows_what_was_done(
    side: InforSide, token: str, kind: FaultKind, stays: int
) -> None:
    order(side, kind)
    address = urlsplit(side.url)
    request = httpx2.Request("POST", f"{side.url}/ACME_TST/IDM/api/items", json=new_item())
    body = request.read()
    head = (
        f"POST {request.url.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname or "", address.port or 0), 5) as wire:
        wire.sendall(head.encode() + body)
        try:
            got = wire.recv(1000)
        except ConnectionResetError:
            got = b""
    assert got == b""
    assert items(side) == stays
    assert (last_call(side).outcome.status, last_call(side).outcome.fault) == (0, kind)


def test_our_own_client_calls_a_cut_connection_by_its_name(
    side: InforSide, file: dict[str, str]
) -> None:
    order(side, FaultKind.CUT_AFTER_COMMIT)
    with ion_client(file) as ion, pytest.raises(ConnectionFailed) as refused:
        ion.idm.create_item(draft())
    assert refused.value.sent
    assert items(side) == 1


def test_broken_json_breaks_off_in_the_middle_of_what_was_done(
    side: InforSide, client: httpx2.Client, file: dict[str, str]
) -> None:
    order(side, FaultKind.BROKEN_JSON)
    answer = post(client)
    assert answer.status_code == 200
    with pytest.raises(ValueError):
        answer.json()
    assert items(side) == 1
    with ion_client(file) as ion, pytest.raises(AnswerRefused):
        ion.idm.create_item(draft())


def test_html_with_200_is_what_a_proxy_in_between_answers(
    side: InforSide, client: httpx2.Client, file: dict[str, str]
) -> None:
    order(side, FaultKind.HTML)
    answer = post(client)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "<html>" in answer.text
    with ion_client(file) as ion, pytest.raises(AnswerRefused):
        ion.idm.create_item(draft())
    assert items(side) == 0


def test_a_token_is_suddenly_refused_and_the_client_gets_another(
    side: InforSide, client: httpx2.Client, file: dict[str, str]
) -> None:
    order(side, FaultKind.UNAUTHORIZED, trigger=Trigger.NEXT, figure=2)
    answer = post(client)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    with ion_client(file) as ion:
        assert ion.idm.create_item(draft()).pid
    assert items(side) == 1


def test_a_rule_applies_to_the_next_calls_and_then_no_more(
    side: InforSide, client: httpx2.Client
) -> None:
    rule = order(side, FaultKind.STATUS, trigger=Trigger.NEXT, figure=2)
    assert [post(client).status_code for _ in range(4)] == [503, 503, 200, 200]
    with side.database.read() as work:
        found = side.services.control.faults.get(Access(work, SCOPE, OPERATOR), rule)
    assert (found.seen, found.hits, found.draft.is_enabled) == (2, 2, False)


def test_a_rule_applies_to_every_third_call(side: InforSide, client: httpx2.Client) -> None:
    order(side, FaultKind.STATUS, trigger=Trigger.EVERY, figure=3)
    assert [post(client).status_code for _ in range(6)] == [200, 200, 503, 200, 200, 503]


def test_a_probability_hits_the_same_calls_again_when_the_rule_is_switched_on_again(
    side: InforSide, client: httpx2.Client
) -> None:
    rule = order(side, FaultKind.STATUS, trigger=Trigger.PROBABILITY, figure=0.5, seed=11)
    first = [post(client).status_code for _ in range(12)]
    for on in (False, True):
        with side.database.write() as work:
            side.services.control.faults.switch(Access(work, SCOPE, OPERATOR), rule, on=on)
    assert [post(client).status_code for _ in range(12)] == first
    assert {200, 503} == set(first)


def test_rules_are_for_one_tenant_and_for_what_they_name(
    side: InforSide, client: httpx2.Client
) -> None:
    order(side, FaultKind.STATUS, target=FaultTarget("idm", "", "get", "/IDM/api/items/*"))
    pid = post(client).json()["item"]["pid"]
    assert client.get(f"/IDM/api/items/{pid}").status_code == 503
    assert client.get("/IDM/api/datamodel/entities").status_code == 200
    other = side.credentials(OTHER_TENANT)
    with side.client(side.log_in(other), OTHER_TENANT) as stranger:
        assert stranger.get("/IDM/api/items/nothing").status_code == 404


def test_rules_that_delay_act_beside_the_one_that_decides(
    side: InforSide, client: httpx2.Client
) -> None:
    order(side, FaultKind.LATENCY, seconds=0.2)
    order(side, FaultKind.STATUS, status=502)
    order(side, FaultKind.STATUS, status=500)
    began = time.monotonic()
    assert post(client).status_code == 502
    assert time.monotonic() - began >= 0.2
    assert last_call(side).outcome.fault == "latency, status"


def test_a_search_finds_an_item_only_after_the_lag(
    side: InforSide, client: httpx2.Client, file: dict[str, str]
) -> None:
    order(side, FaultKind.SEARCH_LAG, seconds=30, target=FaultTarget(service="IDM"))
    pid = post(client).json()["item"]["pid"]
    with ion_client(file) as ion:
        search = ("M3_SupplierInvoice", "BOD_SupplierInvoiceID", "471102")
        assert ion.idm.find_one(*search) is None
        assert ion.idm.get_item(pid).pid == pid
        side.clock.advance(timedelta(seconds=30))
        found = ion.idm.find_one(*search)
    assert found is not None
    assert found.pid == pid


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.STATUS,
        FaultKind.TOO_MANY_REQUESTS,
        FaultKind.HTML,
        FaultKind.BROKEN_JSON,
        FaultKind.CUT_BEFORE_COMMIT,
        FaultKind.CUT_AFTER_COMMIT,
    ],
)
def test_the_token_endpoint_fails_at_a_word_and_is_well_afterwards(
    side: InforSide, file: dict[str, str], kind: FaultKind
) -> None:
    target = FaultTarget("AS", "token.oauth2", "POST")
    order(side, kind, target=target, trigger=Trigger.NEXT, figure=1)
    with ion_client(file) as ion, pytest.raises(IonApiError):
        ion.token()
    with ion_client(file) as ion:
        assert ion.token().access_token


def test_a_rule_for_any_service_lets_clients_log_in(
    side: InforSide, client: httpx2.Client, file: dict[str, str]
) -> None:
    order(side, FaultKind.STATUS, target=FaultTarget())
    with ion_client(file) as ion:
        assert ion.token().access_token
    assert post(client).status_code == 503


def test_a_slow_token_endpoint_still_gives_a_token_that_counts(
    side: InforSide, file: dict[str, str]
) -> None:
    for kind in (FaultKind.LATENCY, FaultKind.SLOW_BODY):
        order(side, kind, target=FaultTarget("as"), seconds=0.2)
    began = time.monotonic()
    with ion_client(file) as ion:
        assert ion.idm.create_item(draft()).pid
    assert time.monotonic() - began >= 0.4


def ion_client(file: dict[str, str]) -> IonApiClient:
    return IonApiClient(IonApiFile.parse(json.dumps(file).encode()))


def draft() -> ItemDraft:
    attributes = (("BOD_SupplierInvoiceID", "1"),)
    return ItemDraft("M3_SupplierInvoice", attributes, (("x.xml", b"<x/>"),))


def test_a_service_error_of_a_rule_is_told_with_its_status(
    side: InforSide, file: dict[str, str]
) -> None:
    order(side, FaultKind.STATUS, status=500)
    with ion_client(file) as ion, pytest.raises(ServiceError) as refused:
        ion.idm.create_item(draft())
    assert refused.value.status == 500
