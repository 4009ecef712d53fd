"""Which addresses may be reached, and that the judged one is the one connected to."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Sequence

import pytest

from ionport.ionapi import (
    AddressPolicy,
    AddressRefused,
    AsyncIonApiClient,
    AsyncTransport,
    ConnectionFailed,
    IonApiClient,
    Transport,
    build_async_client,
    build_client,
)
from ionport.ionapi.addresses import (
    address_meant,
    is_loopback_name,
    resolve,
    system_resolver,
)
from tests.support.patience import PATIENCE
from tests.unit.ionapi.loopback import Loopback, Reply, SmallInfor, closed_port, credentials

PRIVATE = AddressPolicy(allow_private=True)


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12:3456::1", "::ffff:10.1.2.3"],
)
def test_private_addresses_need_the_setting(address: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        AddressPolicy().admit("infor.acme.example", [address])
    assert caught.value.code == "private_address"
    assert address not in caught.value.message
    assert address in caught.value.detail
    assert not caught.value.sent
    assert not caught.value.transient
    assert PRIVATE.admit("infor.acme.example", [address]) == [address]


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:5601:5601",
        "fe80::1",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
        "::",
        "::ffff:0.0.0.0",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "240.0.0.1",
        "no address",
    ],
)
def test_special_addresses_are_refused_whatever_is_allowed(address: str) -> None:
    for host in ("infor.acme.example", "localhost", address):
        with pytest.raises(AddressRefused):
            PRIVATE.admit(host, [address])


def test_public_addresses_are_allowed_and_refused_ones_left_out() -> None:
    found = ["10.0.0.1", "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]
    assert AddressPolicy().admit("infor.example", found) == found[1:]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_allowed_under_its_own_names(address: str) -> None:
    assert AddressPolicy().admit("localhost", [address]) == [address]
    with pytest.raises(AddressRefused):
        AddressPolicy(allow_loopback=False).admit("localhost", [address])


@pytest.mark.parametrize("literal", ["127.0.0.1", "::1", "127.9.9.9"])
def test_loopback_is_allowed_as_a_literal(literal: str) -> None:
    assert AddressPolicy().admit(literal, [literal]) == [literal]


def test_another_name_for_this_computer_is_a_private_address() -> None:
    with pytest.raises(AddressRefused):
        AddressPolicy().admit("rebound.example", ["127.0.0.1"])
    assert PRIVATE.admit("infor.local", ["127.0.0.1"]) == ["127.0.0.1"]


def test_a_loopback_name_that_leads_elsewhere_is_refused() -> None:
    with pytest.raises(AddressRefused):
        PRIVATE.admit("localhost", ["93.184.215.14"])


@pytest.mark.parametrize(
    "url",
    ["http://infor.example/x", "ftp://infor.example", "https://a@infor.example", "https:///x"],
)
def test_addresses_are_refused_by_their_form_before_any_name_is_resolved(url: str) -> None:
    with pytest.raises(AddressRefused):
        AddressPolicy().check_url(url)


def test_plain_http_to_this_computer_goes_with_its_addresses() -> None:
    AddressPolicy().check_url("http://127.0.0.1:8400/x?$query=any")
    for url in ("http://127.0.0.1:8400/x", "https://127.0.0.1:8400/x", "http://localhost"):
        with pytest.raises(AddressRefused, match="computer that ionport runs on"):
            AddressPolicy(allow_loopback=False).check_url(url)


def test_with_private_addresses_alone_no_name_leads_to_this_computer() -> None:
    policy = AddressPolicy(allow_private=True, allow_loopback=False)
    with pytest.raises(AddressRefused) as caught:
        policy.admit("rebound.example", ["127.0.0.1", "::1", "::127.0.0.1"])
    assert caught.value.code == "loopback_address"


# Forms of 127.0.0.1 that resolvers, URL parsers or translators take for it.
FORMS_OF_LOOPBACK = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7F.0.0.0x1",
    "0177.0.0.1",
    "017700000001",
    "\uff11\uff12\uff17.0.0.1",
    "127\u30020\uff0e0\uff611",
    "\u2460\u2461\u2466.0.0.1",
    "[::1]",
    "::1%lo",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[64:ff9b:1:7f00:0:100::]",
    "[64:ff9b:1:7f:0:1::]",
    "[64:ff9b:1:0:7f:0:100:0]",
    "[2002:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[2a02:908::5efe:7f00:1]",
    "localhost",
    "LOCALHOST.",
    "any.localhost",
]


@pytest.mark.parametrize("host", FORMS_OF_LOOPBACK)
def test_this_computer_is_known_in_every_form_of_its_address(host: str) -> None:
    assert is_loopback_name(host)
    for strict in (
        AddressPolicy(allow_loopback=False),
        AddressPolicy(allow_loopback=False, allow_private=True),
    ):
        with pytest.raises(AddressRefused) as caught:
            strict.check_host(host)
        assert caught.value.code == "loopback_address"
        assert "IONPORT_ALLOW_LOOPBACK_ADDRESSES" in caught.value.remedy


@pytest.mark.parametrize(
    "address",
    [
        "::10.0.0.1",
        "::ffff:0:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::a00:1",
        "64:ff9b:1::808:808",  # a public one, through a translator in the own network
        "64:ff9b:1:a00:0:100::",
        "2002:a00:1::",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
        "2a02:908::5efe:a00:1",
        "10.1",
        "0xa000001",
        "\uff11\uff10.0.0.1",
    ],
)
def test_a_private_address_is_private_in_every_form(address: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        AddressPolicy().check_host(address)
    assert caught.value.code == "private_address"
    PRIVATE.check_host(address)


@pytest.mark.parametrize(
    "address",
    ["::169.254.169.254", "::ffff:0:a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "64:ff9b:1:a9fe:a9:fe00::"],
)
def test_a_metadata_service_is_refused_in_every_form(address: str) -> None:
    with pytest.raises(AddressRefused):
        PRIVATE.check_host(address)


@pytest.mark.parametrize("host", ["8.8.8.8", "[2a02:908::1]", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_public_address_is_public_in_every_form(host: str) -> None:
    AddressPolicy(allow_loopback=False).check_host(host)


@pytest.mark.parametrize(
    "host", ["infor.example", "1.2.3.4.example", "08.1", "1.2.3.256", "0x", ""]
)
def test_a_name_is_no_address(host: str) -> None:
    assert not is_loopback_name(host)
    # In the system's reading 0x alone is zero; all others are left to the resolver.
    assert address_meant(host) is None or host == "0x"


@pytest.mark.parametrize(
    "url",
    ["https://%31%32%37.0.0.1", "https://a%2eexample", "https://[fe80::1%25lo]", "https://a_;b"],
)
def test_a_host_that_can_be_read_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        PRIVATE.check_url(url)
    assert caught.value.code == "bad_address"


def test_a_short_form_connects_to_what_it_means() -> None:
    def never(host: str, port: int) -> Sequence[str]:
        raise AssertionError(host)

    assert resolve("127.1", 80, timeout=1, resolver=never) == ["127.0.0.1"]
    assert resolve("\uff11\uff12\uff17.0.0.1", 80, timeout=1, resolver=never) == ["127.0.0.1"]


class Rebinding:
    """A name server that gives the allowed address first and the forbidden one afterwards."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def test_a_name_is_resolved_once_and_the_judged_address_is_connected_to(server: Loopback) -> None:
    names = Rebinding(["127.0.0.1"], ["10.0.0.1"])
    port = server.url.rpartition(":")[2]
    server.answering = lambda request: Reply(200, request.headers["host"].encode())
    with build_client(transport=Transport(resolver=names)) as client:
        for _ in range(3):
            answer = client.get(f"http://app.localhost:{port}/")
            assert answer.text == f"app.localhost:{port}"
    assert names.asked == ["app.localhost"]


def test_a_name_that_changed_its_address_is_judged_anew() -> None:
    names = Rebinding(["10.0.0.1"])
    with (
        build_client(transport=Transport(resolver=names)) as client,
        pytest.raises(AddressRefused),
    ):
        client.get("https://infor.example/")
    assert names.asked == ["infor.example"]


def test_asyncio_resolves_once_and_connects_to_the_judged_address(server: Loopback) -> None:
    names = Rebinding(["127.0.0.1"], ["10.0.0.1"])
    port = server.url.rpartition(":")[2]
    server.answering = lambda request: Reply(200, request.headers["host"].encode())

    async def scenario() -> str:
        async with build_async_client(transport=AsyncTransport(resolver=names)) as client:
            await client.get(f"http://app.localhost:{port}/")
            with pytest.raises(AddressRefused):
                await client.get("https://infor.example/")
            return (await client.get(f"http://app.localhost:{port}/")).text

    assert asyncio.run(scenario()) == f"app.localhost:{port}"
    assert names.asked == ["app.localhost", "infor.example"]


def test_the_second_address_is_tried_when_the_first_refuses(infor: SmallInfor) -> None:
    with Loopback(lambda _: Reply(200, b"here")) as server:
        port = server.url.rpartition(":")[2]
        names = Rebinding(["127.0.0.2", "127.0.0.1"])
        with build_client(transport=Transport(resolver=names)) as client:
            assert client.get(f"http://a.localhost:{port}/").text == "here"

        async def scenario() -> str:
            async with build_async_client(transport=AsyncTransport(resolver=names)) as client:
                return (await client.get(f"http://a.localhost:{port}/")).text

        assert asyncio.run(scenario()) == "here"


def test_a_private_gateway_is_refused_before_anything_is_sent(infor: SmallInfor) -> None:
    file = credentials("https://10.255.255.1")
    with IonApiClient(file) as client, pytest.raises(AddressRefused) as caught:
        client.messaging.ping()
    assert "IONPORT_ALLOW_PRIVATE_ADDRESSES" in caught.value.remedy


def test_an_unknown_name_is_a_connection_that_was_not_made() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with (
        build_client(transport=Transport(resolver=unknown)) as client,
        pytest.raises(ConnectionFailed) as caught,
    ):
        client.get("https://gone.infor.example/")
    assert (caught.value.kind, caught.value.sent, caught.value.transient) == ("dns", False, True)
    assert "gone.infor.example" in caught.value.message


def test_a_silent_name_server_is_bounded_in_time() -> None:
    release = threading.Event()

    def silent(host: str, port: int) -> Sequence[str]:
        release.wait(PATIENCE)
        return []

    began = time.monotonic()
    with pytest.raises(ConnectionFailed, match="name server did not answer"):
        resolve("slow.example", 443, timeout=0.1, resolver=silent)
    assert time.monotonic() - began < PATIENCE / 2
    release.set()


def test_a_name_without_address_is_not_found() -> None:
    with pytest.raises(ConnectionFailed, match="no address"):
        resolve("empty.example", 443, timeout=5, resolver=lambda *_: [])


def test_a_resolver_that_is_broken_is_no_network_failure() -> None:
    def broken(host: str, port: int) -> Sequence[str]:
        raise KeyError(host)

    with pytest.raises(KeyError):
        resolve("any.example", 443, timeout=5, resolver=broken)


def test_the_systems_resolver_knows_this_computer() -> None:
    assert {"127.0.0.1", "::1"} & set(system_resolver("localhost", 80))
    assert resolve("[::1]", 80, timeout=60, resolver=system_resolver) == ["::1"]


def test_a_port_where_nobody_listens_refuses_the_connection() -> None:
    with build_client() as client, pytest.raises(ConnectionFailed) as caught:
        client.get(f"http://127.0.0.1:{closed_port()}/")
    assert (caught.value.kind, caught.value.sent, caught.value.transient) == (
        "refused",
        False,
        True,
    )


def test_asyncio_names_a_refused_connection_alike() -> None:
    async def scenario() -> None:
        async with AsyncIonApiClient(credentials(f"http://127.0.0.1:{closed_port()}")) as client:
            await client.messaging.ping()

    with pytest.raises(ConnectionFailed) as caught:
        asyncio.run(scenario())
    assert (caught.value.kind, caught.value.sent) == ("refused", False)
