"""Each policy, over sockets, on a target that counts what reaches it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest
from aiohttp import web

from ionport.gateway.policies.model import sample_policy
from ionport.gateway.suites.model import PolicyDraft, PolicyFlow, PolicyType
from ionport.identity.access import Access
from tests.support.custom_suites import (
    PUBLIC_PATH,
    CustomSide,
    TargetServer,
    headers_of,
    policy,
)
from tests.support.infor_side import OPERATOR, SCOPE, TENANT


async def _answer(request: web.Request) -> web.StreamResponse:
    await request.read()
    headers = {"X-Own": "target", "X-Second": "kept"}
    if control := request.query.get("control"):
        headers["Cache-Control"] = control
    if vary := request.query.get("vary"):
        headers["Vary"] = vary
    return web.json_response({"headers": headers_of(request)}, headers=headers)


@pytest.fixture
def target() -> Iterator[TargetServer]:
    with TargetServer(_answer) as server:
        yield server


@pytest.fixture
def client(side: CustomSide) -> Iterator[httpx2.Client]:
    with side.client(side.log_in(side.credentials())) as client:
        yield client


def _statuses(client: httpx2.Client, count: int) -> list[int]:
    return [client.get(PUBLIC_PATH).status_code for _number in range(count)]


_PERIOD = "<timePeriodInMilliseconds>60000</timePeriodInMilliseconds>"


def test_a_spike_is_arrested_until_the_period_is_over(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    arrest = "<spikeArrest><maxRequestsPerPeriod>3</maxRequestsPerPeriod></spikeArrest>"
    side.add_policy(side.add(target.url), PolicyType.THROTTLING, _PERIOD + arrest)
    assert _statuses(client, 5) == [200, 200, 200, 429, 429]
    assert len(target.requests) == 3
    refused = client.get(PUBLIC_PATH)
    assert refused.headers["retry-after"] == "60"
    assert refused.json()["code"] == "too_many_requests"
    side.clock.advance(timedelta(seconds=60))
    assert _statuses(client, 1) == [200]


def test_requests_beyond_a_count_are_delayed_more_and_more(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    smoothing = (
        "<rateSmoothing><delayAfterCount>2</delayAfterCount>"
        "<delayFactorInMilliseconds>150</delayFactorInMilliseconds></rateSmoothing>"
    )
    side.add_policy(side.add(target.url), PolicyType.THROTTLING, _PERIOD + smoothing)
    assert _statuses(client, 2) == [200, 200]
    started = time.monotonic()
    assert _statuses(client, 2) == [200, 200]
    assert time.monotonic() - started >= 0.15 + 0.30


def _quota(user_level: str, allow: int) -> str:
    return (
        f"<userLevel>{user_level}</userLevel><interval>1</interval><timeUnit>hour</timeUnit>"
        f"<allow>{allow}</allow>"
    )


def test_a_quota_counts_from_the_first_request_and_ends_with_its_interval(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add_policy(side.add(target.url), PolicyType.QUOTA, _quota("false", 2), for_suite=True)
    assert _statuses(client, 1) == [200]
    side.clock.advance(timedelta(minutes=59))
    assert _statuses(client, 2) == [200, 429]
    side.clock.advance(timedelta(minutes=1))
    assert _statuses(client, 3) == [200, 200, 429]


@pytest.mark.parametrize(("user_level", "second"), [("true", 200), ("false", 429)])
def test_a_quota_is_for_each_user_or_for_all(
    side: CustomSide,
    client: httpx2.Client,
    target: TargetServer,
    user_level: str,
    second: int,
) -> None:
    side.add_policy(side.add(target.url), PolicyType.QUOTA, _quota(user_level, 1))
    assert _statuses(client, 2) == [200, 429]
    other = side.log_in(side.credentials(name="Other_TST"))
    with side.client(other) as other_client:
        assert _statuses(other_client, 1) == [second]


def _header(action: str, name: str, value: str = "") -> str:
    return f"<action>{action}</action><headerName>{name}</headerName>{value}"


def test_request_headers_are_set_and_deleted_suite_first(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    endpoint = side.add(target.url)
    add = side.add_policy
    one = "<headerValue>{}</headerValue>"
    add(endpoint, PolicyType.HEADER, _header("set", "X-Both", one.format("endpoint")))
    add(endpoint, PolicyType.HEADER, _header("set", "X-Both", one.format("suite")), for_suite=True)
    add(endpoint, PolicyType.HEADER, _header("delete", "x-unwanted"))
    for name, ref in (
        ("X-Tenant", "context.url.tenant"),
        ("X-Query", "request.queryparam.q"),
        ("X-Copy", "request.header.X-Source"),
        ("X-Nobody", "context.identity2"),
    ):
        add(endpoint, PolicyType.HEADER, _header("set", name, f"<headerValue ref='{ref}'/>"))
    answer = client.get(
        f"{PUBLIC_PATH}?q=a%20b%0d%0aX-Evil:1",
        headers={"X-Unwanted": "1", "x-both": "client", "X-Source": "copied"},
    )
    seen = answer.json()["headers"]
    assert [value for name, value in seen if name == "x-both"] == ["endpoint"]
    headers = dict(seen)
    assert "x-unwanted" not in headers
    assert headers["x-tenant"] == TENANT
    assert headers["x-query"] == "a bX-Evil:1"
    assert headers["x-copy"] == "copied"
    assert headers["x-nobody"] == ""
    assert "x-evil" not in headers


def test_all_request_headers_can_be_deleted_but_who_calls_stays(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add_policy(side.add(target.url), PolicyType.HEADER, _header("delete", "*"))
    seen = client.post(PUBLIC_PATH, content=b"abc", headers={"X-A": "1"}).json()["headers"]
    assert {n for n, _v in seen} == {"host", "content-length", "x-infor-tenantid", "via"}


def test_response_headers_are_set_and_deleted_suite_last(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    endpoint = side.add(target.url)
    value = "<headerValue>{}</headerValue>"
    flow = PolicyFlow.RESPONSE
    add = side.add_policy
    add(endpoint, PolicyType.HEADER, _header("set", "X-A", value.format("endpoint")), flow=flow)
    add(
        endpoint,
        PolicyType.HEADER,
        _header("set", "X-A", value.format("suite")),
        flow=flow,
        for_suite=True,
    )
    add(endpoint, PolicyType.HEADER, _header("delete", "x-own"), flow=flow)
    answer = client.get(PUBLIC_PATH)
    assert answer.headers.get_list("x-a") == ["suite"]
    assert "x-own" not in answer.headers
    assert answer.headers["x-second"] == "kept"


def test_a_policy_that_is_not_enabled_is_not_enforced(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    endpoint = side.add(target.url)
    text = policy(PolicyType.QUOTA, _quota("false", 1), 'enabled="false"')
    draft = PolicyDraft(PolicyType.QUOTA, "Off", PolicyFlow.REQUEST, text)
    with side.database.write() as work:
        side.suites.policies.add_policy(Access(work, SCOPE, OPERATOR), endpoint.suite_id, draft)
    assert _statuses(client, 2) == [200, 200]


def test_a_changed_policy_counts_at_the_next_request(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    endpoint = side.add(target.url)
    side.add_policy(endpoint, PolicyType.QUOTA, _quota("false", 1))
    assert _statuses(client, 2) == [200, 429]
    with side.database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        found = side.suites.policies.list_policies(access, endpoint.suite_id, endpoint.id)
        side.suites.policies.delete_policy(access, found[0].id)
    assert _statuses(client, 1) == [200]


def test_an_anonymous_policy_opens_an_endpoint(side: CustomSide, target: TargetServer) -> None:
    endpoint = side.add(target.url)
    url = f"{side.url}/{TENANT}{PUBLIC_PATH}"
    assert httpx2.get(url).status_code == 401
    side.add_policy(endpoint, PolicyType.ANONYMOUS_INBOUND_SECURITY, "")
    assert httpx2.get(url).status_code == 200


def _cache(fragment: str = "", user_level: str = "false", seconds: int = 3600) -> str:
    return (
        f"<userLevel>{user_level}</userLevel><cacheKey><prefix>p</prefix>{fragment}</cacheKey>"
        f"<expireSettings><timeoutInSeconds>{seconds}</timeoutInSeconds></expireSettings>"
    )


_BY_ID = "<keyFragment ref='request.queryparam.id'/>"


def test_a_cached_answer_does_not_reach_the_target_again(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add_policy(side.add(target.url), PolicyType.CACHE_RESPONSE, _cache(_BY_ID))
    first = client.get(f"{PUBLIC_PATH}/a?id=1")
    again = client.get(f"{PUBLIC_PATH}/a?id=1", headers={"User-Agent": "another"})
    assert len(target.requests) == 1
    assert again.content == first.content
    assert again.headers["x-own"] == "target"
    assert again.headers["age"] == "0"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    client.get(f"{PUBLIC_PATH}/a?id=2")
    client.get(f"{PUBLIC_PATH}/b?id=1")
    client.get(f"{PUBLIC_PATH}/a?id=1", headers={"Accept": "text/xml"})
    client.get(f"{PUBLIC_PATH}/a?id=1", headers={"Range": "bytes=0-1"})
    client.post(f"{PUBLIC_PATH}/a?id=1")
    assert len(target.requests) == 6


_DIFFERENT: dict[str, tuple[str, dict[str, str]]] = {
    "parameter": ("?id=2", {}),
    "parameter beside": ("?id=1&company=2", {}),
    "parameter twice": ("?id=1&id=2", {}),
    "bytes that are no UTF-8": ("?id=%ff", {}),
    "others that are none": ("?id=%fe", {}),
    "empty parameter": ("?id=", {}),
    "no parameter": ("", {}),
    "accept": ("?id=1", {"Accept": "text/xml"}),
    "language": ("?id=1", {"Accept-Language": "fr"}),
    "header of the target's own": ("?id=1", {"X-Company": "2"}),
}


@pytest.mark.parametrize("fragment", ["", _BY_ID], ids=["no fragment", "by id"])
def test_no_request_gets_the_cached_answer_of_another_one(
    side: CustomSide, client: httpx2.Client, target: TargetServer, fragment: str
) -> None:
    side.add_policy(side.add(target.url), PolicyType.CACHE_RESPONSE, _cache(fragment))
    client.get(f"{PUBLIC_PATH}?id=1")
    for number, (query, headers) in enumerate(_DIFFERENT.values(), 2):
        client.get(f"{PUBLIC_PATH}{query}", headers=headers)
        assert len(target.requests) == number
    client.request("GET", f"{PUBLIC_PATH}?id=1", content=b"{}")
    assert len(target.requests) == len(_DIFFERENT) + 2
    client.get(f"{PUBLIC_PATH}?id=1")
    assert len(target.requests) == len(_DIFFERENT) + 2


def test_the_order_of_parameters_that_fragments_name_does_not_matter(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    named = f"{_BY_ID}<keyFragment ref='request.queryparam.company'/>"
    side.add_policy(side.add(target.url), PolicyType.CACHE_RESPONSE, _cache(named))
    for query in ("id=1&company=2", "company=2&id=1"):
        client.get(f"{PUBLIC_PATH}?{query}")
    assert len(target.requests) == 1


def test_with_the_template_no_caller_gets_the_answer_of_another_one(
    side: CustomSide, client: httpx2.Client
) -> None:
    count = itertools.count()

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response(next(count))

    with TargetServer(answer) as target:
        endpoint = side.add(target.url)
        kind = PolicyType.CACHE_RESPONSE
        draft = PolicyDraft(kind, "Test", PolicyFlow.REQUEST, sample_policy(kind))
        with side.database.write() as work:
            side.suites.policies.add_policy(
                Access(work, SCOPE, OPERATOR), endpoint.suite_id, draft, None
            )
        answers = []
        for name in ("One_TST", "Two_TST"):
            with side.client(side.log_in(side.credentials(name=name))) as caller:
                for company in "1122":
                    path = f"{PUBLIC_PATH}?id=1&company={company}"
                    answers.append(caller.get(path).json())
    assert answers == [0, 0, 1, 1, 2, 2, 3, 3]


def test_what_is_one_users_is_not_kept_for_those_whom_nobody_knows(
    side: CustomSide, target: TargetServer
) -> None:
    endpoint = side.add(target.url)
    side.add_policy(endpoint, PolicyType.ANONYMOUS_INBOUND_SECURITY, "")
    side.add_policy(endpoint, PolicyType.CACHE_RESPONSE, _cache(user_level="true"))
    for _number in range(2):
        httpx2.get(f"{side.url}/{TENANT}{PUBLIC_PATH}?control=private")
    assert len(target.requests) == 2


def test_a_cached_answer_still_needs_a_token(
    side: CustomSide, client: httpx2.Client, target: TargetServer
) -> None:
    side.add_policy(side.add(target.url), PolicyType.CACHE_RESPONSE, _cache())
    assert client.get(PUBLIC_PATH).status_code == 200
    assert httpx2.get(f"{side.url}/{TENANT}{PUBLIC_PATH}").status_code == 401


@pytest.mark.parametrize(("user_level", "calls"), [("true", 2), ("false", 1)])
def test_a_cache_is_for_each_user_or_for_all(
    side: CustomSide,
    client: httpx2.Client,
    target: TargetServer,
    user_level: str,
    calls: int,
) -> None:
    cache = _cache(user_level=user_level)
    side.add_policy(side.add(target.url), PolicyType.CACHE_RESPONSE, cache)
    client.get(PUBLIC_PATH)
    with side.client(side.log_in(side.credentials(name="Other_TST"))) as other:
        other.get(PUBLIC_PATH)
    assert len(target.requests) == calls


@pytest.mark.parametrize(
    "query", ["control=no-store", "control=private", "vary=*", "vary=Cookie", "vary=Authorization"]
)
def test_what_a_target_forbids_to_keep_is_not_kept(
    side: CustomSide, client: httpx2.Client, target: TargetServer, query: str
) -> None:
    side.add_policy(side.add(target.url), PolicyType.CACHE_RESPONSE, _cache())
    for _number in range(2):
        client.get(f"{PUBLIC_PATH}?{query}")
    assert len(target.requests) == 2


def test_a_cache_ends(side: CustomSide, client: httpx2.Client, target: TargetServer) -> None:
    side.add_policy(side.add(target.url), PolicyType.CACHE_RESPONSE, _cache(seconds=1))
    client.get(PUBLIC_PATH)
    time.sleep(1.1)
    client.get(PUBLIC_PATH)
    assert len(target.requests) == 2
