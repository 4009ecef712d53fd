"""The client's address behind proxies: only what a named proxy says is believed."""

from __future__ import annotations

import pytest

from ionport.core.errors import InvalidInput
from ionport.core.http.proxies import TrustedProxies, counted_address

PROXY = "10.0.0.2"
CLIENT = "203.0.113.7"
TRUSTED = TrustedProxies.parse("10.0.0.0/8, 192.0.2.10 fd00::/8")


def _client(*headers: tuple[str, str], peer: str = PROXY) -> str:
    return TRUSTED.client_of(peer, [(n.encode(), v.encode("latin-1")) for n, v in headers])


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ([("x-forwarded-for", CLIENT)], CLIENT),
        ([("x-forwarded-for", f"1.2.3.4, {CLIENT}")], CLIENT),
        ([("x-forwarded-for", f"{CLIENT}, 10.0.0.3, 192.0.2.10")], CLIENT),
        ([("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", CLIENT)], CLIENT),
        ([("x-forwarded-for", f"{CLIENT}:4711")], CLIENT),
        ([("x-forwarded-for", "[2001:db8::1]:4711")], "2001:db8::1"),
        ([("x-forwarded-for", "2001:db8::1")], "2001:db8::1"),
        ([("x-forwarded-for", f"::ffff:{CLIENT}")], CLIENT),
        ([("x-forwarded-for", "10.0.0.5, 10.0.0.3")], "10.0.0.5"),
        ([("forwarded", f"for={CLIENT};proto=https;by={PROXY}")], CLIENT),
        ([("forwarded", f'for=1.2.3.4, For="{CLIENT}:80"')], CLIENT),
        ([("forwarded", 'proto=https;for="[2001:db8::1]:4711"')], "2001:db8::1"),
        ([("x-forwarded-for", CLIENT), ("forwarded", f"for={CLIENT}")], CLIENT),
    ],
)
def test_the_client_is_the_last_address_that_is_no_named_proxy(
    headers: list[tuple[str, str]], client: str
) -> None:
    assert _client(*headers) == client


@pytest.mark.parametrize(
    ("headers", "known"),
    [
        ([], PROXY),
        ([("x-forwarded-for", "")], PROXY),
        ([("x-forwarded-for", "unknown")], PROXY),
        ([("x-forwarded-for", f"{CLIENT}, nonsense")], PROXY),
        ([("x-forwarded-for", f"{CLIENT}, nonsense, 10.0.0.3")], "10.0.0.3"),
        ([("x-forwarded-for", "\xff\x00, <script>")], PROXY),
        ([("forwarded", f"for={CLIENT}, for=_hidden")], PROXY),
        ([("forwarded", f"for={CLIENT}, proto=https")], PROXY),
        ([("forwarded", f'for="{CLIENT}')], PROXY),
        # One of the two is the client's own, and which one it is cannot be told.
        ([("x-forwarded-for", CLIENT), ("forwarded", "for=1.2.3.4")], PROXY),
        ([("x-real-ip", CLIENT), ("x-client-ip", CLIENT)], PROXY),
    ],
)
def test_what_cannot_be_read_is_nobodys_address(headers: list[tuple[str, str]], known: str) -> None:
    assert _client(*headers) == known


@pytest.mark.parametrize("peer", ["203.0.113.99", "11.0.0.1", "::1", ""])
def test_a_peer_that_is_no_named_proxy_says_nothing_about_its_client(peer: str) -> None:
    headers = (("x-forwarded-for", CLIENT), ("forwarded", f"for={CLIENT}"))
    assert _client(*headers, peer=peer) == peer
    named = [(name.encode(), value.encode()) for name, value in headers]
    assert TrustedProxies().client_of(PROXY, named) == PROXY


def test_a_very_long_chain_is_not_walked_to_its_end() -> None:
    chain = ", ".join(["1.2.3.4", *["10.0.0.3"] * 10_000])
    assert _client(("x-forwarded-for", chain)) == "10.0.0.3"


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.1/8", "10.0.0.300", "0.0.0.0/0", "::/0"])
def test_a_setting_that_names_no_proxies_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        TrustedProxies.parse(f"10.0.0.1, {text}")
    assert text in refused.value.text


def test_attempts_are_counted_by_network_for_ipv6_and_by_address_for_ipv4() -> None:
    assert counted_address("2001:db8:1:2:3::4") == "2001:db8:1:2::/64"
    assert counted_address("::ffff:192.0.2.1") == counted_address("192.0.2.1") == "192.0.2.1"
    assert counted_address("") == ""
