from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionport.core.errors import InvalidInput
from ionport.gateway.policies.model import (
    CacheResponse,
    HeaderPolicy,
    KeyFragment,
    Quota,
    TargetTimeout,
    Throttling,
    parse_policy,
    sample_policy,
)
from ionport.gateway.suites.model import PolicyType
from ionport.manual import read_page
from tests.support.custom_suites import policy


def _fails(kind: PolicyType, definition: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse_policy(kind, definition)
    assert caught.value.fields == {"definition": caught.value.text}
    return caught.value.text


@pytest.mark.parametrize("kind", PolicyType)
def test_every_sample_is_right(kind: PolicyType) -> None:
    assert parse_policy(kind, sample_policy(kind)).is_enabled


def test_every_example_of_the_manual_is_right() -> None:
    examples = re.findall(r"```xml\n(.*?)```", read_page("policies").text, re.DOTALL)
    kinds = [PolicyType(re.match(r"<(\w+)", text)[1]) for text in examples]  # type: ignore[index]
    assert set(kinds) == set(PolicyType)
    for kind, text in zip(kinds, examples, strict=True):
        assert parse_policy(kind, text).is_enabled


def test_the_documented_forms_mean_what_they_say() -> None:
    throttling = policy(
        PolicyType.THROTTLING,
        "<timePeriodInMilliseconds>60000</timePeriodInMilliseconds>"
        "<rateSmoothing><delayAfterCount>5</delayAfterCount>"
        "<delayFactorInMilliseconds>1000</delayFactorInMilliseconds></rateSmoothing>"
        "<spikeArrest><maxRequestsPerPeriod>20</maxRequestsPerPeriod></spikeArrest>",
    )
    assert parse_policy(PolicyType.THROTTLING, throttling).rule == Throttling(60_000, 5, 1000, 20)
    quota = policy(
        PolicyType.QUOTA,
        "<userLevel>true</userLevel><interval>2</interval><timeUnit>hour</timeUnit>"
        "<allow>1000</allow>",
    )
    assert parse_policy(PolicyType.QUOTA, quota).rule == Quota(True, 7200, 1000)
    header = policy(
        PolicyType.HEADER,
        "<action>set</action><headerName>x-tenant</headerName>"
        "<headerValue ref='context.url.tenant'/>",
    )
    wanted = HeaderPolicy(deletes=False, name="x-tenant", value="", ref="context.url.tenant")
    assert parse_policy(PolicyType.HEADER, header).rule == wanted
    delete = policy(PolicyType.HEADER, "<action>delete</action><headerName>*</headerName>")
    rule = parse_policy(PolicyType.HEADER, delete).rule
    assert rule == HeaderPolicy(deletes=True, name="*", value="", ref=None)
    cache = policy(
        PolicyType.CACHE_RESPONSE,
        "<cacheKey><prefix>acme</prefix><keyFragment ref='request.queryparam.name'/>"
        "<keyFragment>Infor</keyFragment></cacheKey>"
        "<expireSettings><timeoutInSeconds>3600</timeoutInSeconds></expireSettings>",
    )
    fragments = (KeyFragment("", "request.queryparam.name"), KeyFragment("Infor", None))
    wanted_cache = CacheResponse(True, "acme", fragments, 3600)
    assert parse_policy(PolicyType.CACHE_RESPONSE, cache).rule == wanted_cache
    timeout = policy(PolicyType.TARGET_TIMEOUT, "<timeout>120000</timeout>")
    assert parse_policy(PolicyType.TARGET_TIMEOUT, timeout).rule == TargetTimeout(120.0)


def test_a_policy_can_be_switched_off_by_its_attribute() -> None:
    text = policy(PolicyType.TARGET_TIMEOUT, "<timeout>60000</timeout>", 'enabled="false"')
    assert not parse_policy(PolicyType.TARGET_TIMEOUT, text).is_enabled


def test_a_wrong_value_is_named_with_line_and_column() -> None:
    text = (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        "<!-- <allow>not this</allow> -->\n"
        '<quota xmlns="http://www.infor.com/ion/api" name="a > b" version="1.0">\n'
        "  <interval>1</interval><timeUnit>hour</timeUnit>\n"
        "    <allow>many</allow>\n"
        "</quota>"
    )
    assert _fails(PolicyType.QUOTA, text).endswith("(line 5, column 5)")


def test_broken_xml_is_named_with_line_and_column() -> None:
    text = _fails(PolicyType.QUOTA, "<quota>\n  <allow>1</quota>")
    assert "line 2, column" in text


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        (PolicyType.TARGET_TIMEOUT, "<timeout>59999</timeout>", "60000 to 300000"),
        (PolicyType.TARGET_TIMEOUT, "<timeout>300001</timeout>", "60000 to 300000"),
        (PolicyType.TARGET_TIMEOUT, "<timeout>1e5</timeout>", "no whole number"),
        (PolicyType.TARGET_TIMEOUT, "", "<timeout> is missing"),
        (PolicyType.TARGET_TIMEOUT, "<wait>1</wait>", "<wait> has no place here"),
        (PolicyType.TARGET_TIMEOUT, "<timeout>60000<x/></timeout>", "<x> has no place here"),
        (
            PolicyType.TARGET_TIMEOUT,
            "<timeout>60000</timeout><timeout>60000</timeout>",
            "stands here twice",
        ),
        (PolicyType.TARGET_TIMEOUT, "<timeout xmlns=''>60000</timeout>", "has no place here"),
        (
            PolicyType.THROTTLING,
            "<timePeriodInMilliseconds>1</timePeriodInMilliseconds>",
            "rateSmoothing, spikeArrest or both",
        ),
        (
            PolicyType.QUOTA,
            "<interval>1</interval><timeUnit>week</timeUnit><allow>1</allow>",
            "day, hour, minute or second",
        ),
        (
            PolicyType.QUOTA,
            "<interval>0</interval><timeUnit>day</timeUnit><allow>1</allow>",
            "1 to",
        ),
        (PolicyType.HEADER, "<action>add</action><headerName>x</headerName>", "set or delete"),
        (PolicyType.HEADER, "<action>set</action><headerName>a b</headerName>", "no header name"),
        (PolicyType.HEADER, "<action>set</action><headerName>x</headerName>", "needed"),
        (
            PolicyType.HEADER,
            "<action>set</action><headerName>x</headerName><headerValue ref='a.b'/>",
            "cannot be referred to",
        ),
        (
            PolicyType.HEADER,
            "<action>set</action><headerName>x</headerName><headerValue>a\u00e9</headerValue>",
            "visible ASCII",
        ),
        (
            PolicyType.HEADER,
            "<action>delete</action><headerName>X_Infor-TenantId</headerName>",
            "set by the gateway",
        ),
        (
            PolicyType.HEADER,
            "<action>delete</action><headerName>Transfer-Encoding</headerName>",
            "set by the gateway",
        ),
        (
            PolicyType.CACHE_RESPONSE,
            (
                "<cacheKey><prefix>a</prefix><keyFragment/></cacheKey>"
                "<expireSettings><timeoutInSeconds>1</timeoutInSeconds></expireSettings>"
            ),
            "keyFragment needs",
        ),
        (PolicyType.ANONYMOUS_INBOUND_SECURITY, "<x/>", "has no place here"),
    ],
)
def test_what_is_wrong_is_refused_with_a_reason(kind: PolicyType, body: str, reason: str) -> None:
    text = _fails(kind, policy(kind, body))
    assert reason in text
    assert "(line 1, column " in text


@pytest.mark.parametrize(
    "definition",
    [
        "",
        "plain",
        "<quota/>",
        '<!DOCTYPE a [<!ENTITY b "c">]><targetTimeout/>',
        policy(PolicyType.TARGET_TIMEOUT, "<timeout>&b;</timeout>"),
        policy(PolicyType.TARGET_TIMEOUT, "<timeout>60000</timeout>").replace('version="1.0"', ""),
        policy(PolicyType.TARGET_TIMEOUT, "<timeout>60000</timeout>", 'enabled="1"'),
        "<?xml version='1.0' encoding='latin-1'?>"
        + policy(PolicyType.TARGET_TIMEOUT, "<timeout>60000</timeout>"),
        "\ud800",
        "<a>" * 100_000,
    ],
)
def test_what_is_no_policy_is_refused(definition: str) -> None:
    assert _fails(PolicyType.TARGET_TIMEOUT, definition)


_TAGS = st.sampled_from(
    ["<a>", "</a>", "<b x='>'/>", "<!-- <c> -->", "<![CDATA[<d>]]>", "<?e <f>?>", "\n", "g", "&lt;"]
)


@given(st.lists(_TAGS, max_size=12))
def test_any_text_gives_an_error_with_a_place_or_none(parts: list[str]) -> None:
    text = _fails(PolicyType.QUOTA, policy(PolicyType.QUOTA, "".join(parts)))
    assert "line " in text
