"""Nothing leaves after the end of a call: slow lines, frozen and killed processes, the kernel."""

from __future__ import annotations

import array
import fcntl
import math
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpcore2
import pytest

from ionport.ionapi import (
    ConnectionFailed,
    IonApiClient,
    IonApiError,
    ItemDraft,
    MemoryTokenStore,
    Secret,
    SendWindow,
    SendWindowClosed,
    Timeouts,
    TokenSet,
    Transport,
    boot_time,
)
from ionport.ionapi.transport import bounds as _bounds
from ionport.ionapi.transport import stream as _stream
from ionport.ionapi.transport.bounds import CALL, CallBounds
from ionport.ionapi.transport.stream import BoundedStream
from tests.support.patience import PATIENCE, TooSlow, with_time_enough
from tests.unit.ionapi.loopback import (
    TENANT,
    Loopback,
    Received,
    Reply,
    SmallInfor,
    credentials,
    raw_server,
)
from tests.unit.ionapi.receiving import (
    Receiver,
    Sender,
    held_by_kernel,
    in_background,
    until,
    waiting_to_be_read,
)
from tests.unit.ionapi.tls import NAME, Authority

SIOCOUTQNSD = 0x894B  # linux/sockios.h: bytes that have not been sent, without those in flight
ITEM = Reply.json({"item": {"pid": "Invoice-1-0-LATEST", "id": "1", "version": "0"}})
# Seconds that no call of these tests can use up, and less than what shows a bound at work.
AGES = 600.0


@pytest.fixture(scope="module")
def process() -> Iterator[Sender]:
    process = Sender()
    yield process
    process.close()


@pytest.fixture
def sender(process: Sender) -> Iterator[Sender]:
    yield process
    process.finish()


Receivers = Callable[[], Receiver]


@pytest.fixture(params=["plain", "tls"])
def receivers(request: pytest.FixtureRequest, authority: Authority) -> Receivers:
    """Makes receivers that speak one of both."""

    def make() -> Receiver:
        server = Receiver(authority.server() if request.param == "tls" else None)
        if request.param == "tls":
            server.url = f"https://{NAME}:{server.port}"
        return server

    return make


Clients = Callable[..., IonApiClient]


@pytest.fixture
def client_of(authority: Authority) -> Iterator[Clients]:
    """Makes clients that hold a token already."""
    transport = Transport(ssl_context=authority.client(), resolver=lambda *_: ["127.0.0.1"])

    def make(url: str, **options: Any) -> IonApiClient:
        file = credentials(url)
        store = MemoryTokenStore()
        store.save(file.fingerprint, TokenSet(Secret("access-0000"), time.time() + 3600))
        return IonApiClient(file, store=store, transport=transport, **options)

    yield make
    transport.close()


def in_window(seconds: float) -> SendWindow:
    now = boot_time()
    return SendWindow(begin_by=now + seconds, end_by=now + seconds)


def upload(client: IonApiClient, size: int) -> IonApiError:
    with pytest.raises(IonApiError) as caught:
        client.idm.create_item(ItemDraft("Invoice", resources=(("a.pdf", b"x" * size),)))
    return caught.value


def until_stuck(connection: socket.socket, *, by: float = math.inf) -> int:
    """Wait until the sender's kernel holds a good part of what it may hold; its port.

    Raises TooSlow when that is not so `by` then, on `boot_time`.
    """
    port: int = connection.getpeername()[1]
    until(lambda: (held_by_kernel(port) or 0) >= _stream.PIECE or boot_time() > by)
    if boot_time() > by:
        raise TooSlow
    return port


UPLOAD = 3_000_000
PACE = 40  # pieces of 16 KiB in the time of a call: the upload needs more than four times as long


def upload_to_a_slow_reader(
    receiver: Receiver, client: IonApiClient, seconds: float
) -> IonApiError:
    """The error of an upload whose time are so many seconds. It never arrives after them."""

    def read_slowly() -> None:
        with suppress(OSError):
            receiver.accept()
            receiver.read_to_the_end(pause=seconds / PACE)

    reading = in_background(read_slowly)
    error = upload(client, UPLOAD)
    if not error.sent:
        raise TooSlow
    reading.join(PATIENCE)
    assert receiver.end == "reset", "no orderly shutdown, neither of TCP nor of TLS"
    assert not receiver.is_complete
    assert len(receiver.received) < UPLOAD / 2, "no more than what was read in the time of the call"
    return error


def test_a_slow_upload_is_cut_at_the_end_of_its_window_and_never_arrives_whole(
    receivers: Receivers, client_of: Clients
) -> None:
    def cut_off(window: float) -> None:
        with receivers() as receiver:
            client = client_of(receiver.url).guarded_by(lambda: in_window(window))
            error = upload_to_a_slow_reader(receiver, client, window)
        assert isinstance(error, SendWindowClosed)

    with_time_enough(0.4, cut_off)


def test_an_upload_without_a_window_ends_with_the_time_of_the_whole_call(
    receivers: Receivers, client_of: Clients
) -> None:
    def cut_off(total: float) -> None:
        with receivers() as receiver:
            client = client_of(receiver.url, timeout=Timeouts(read=AGES, total=total))
            error = upload_to_a_slow_reader(receiver, client, total)
        assert isinstance(error, ConnectionFailed)
        assert error.kind == "timeout"

    with_time_enough(0.4, cut_off)


def test_a_call_that_finds_no_connection_in_its_time_to_begin_ends_unsent(
    client_of: Clients,
) -> None:
    def permit() -> SendWindow:
        now = boot_time()
        return SendWindow(begin_by=now + 0.2, end_by=now + AGES)

    with Receiver() as deaf:  # takes the connection, and says nothing to TLS
        url = f"https://{NAME}:{deaf.port}"
        began = boot_time()
        error = upload(client_of(url, timeout=Timeouts(connect=AGES)).guarded_by(permit), 10)
    assert boot_time() - began < PATIENCE
    assert isinstance(error, SendWindowClosed)
    assert not error.sent


def test_a_process_frozen_during_the_login_after_a_401_sends_nothing_after_its_window(
    infor: SmallInfor, server: Loopback, sender: Sender
) -> None:
    def frozen(window: float) -> None:
        signing_on, thawed = threading.Event(), threading.Event()

        def hang() -> None:
            signing_on.set()
            thawed.wait(PATIENCE)

        infor.before_token = hang
        server.received.clear()
        sender.send(iu=server.url, pu=server.url, size=10, window=window)
        _, end_by = sender.said()
        until(lambda: signing_on.is_set() or boot_time() > end_by)
        if not signing_on.is_set():
            raise TooSlow
        sender.freeze()
        thawed.set()
        until(lambda: boot_time() > end_by)
        sender.go_on()
        assert sender.said() == ["SendWindowClosed", False]
        assert [call.path for call in server.received if "/IDM/" in call.path] == [
            f"/{TENANT}/IDM/api/items"
        ], "the first send, which was refused with 401"
        assert infor.items == {}

    with_time_enough(1.5, frozen)


def test_the_kernel_gives_up_what_it_holds_of_a_frozen_process(sender: Sender) -> None:
    def frozen(window: float) -> None:
        with Receiver() as receiver:
            sender.send(iu=receiver.url, pu=receiver.url, size=150_000, window=window)
            _, end_by = sender.said()
            # The other end of the connection belongs to the frozen process.
            port = until_stuck(receiver.accept(by=end_by), by=end_by)
            sender.freeze(by=end_by)
            until(lambda: held_by_kernel(port) is None)
            receiver.read_to_the_end()
            assert receiver.end == "reset"
            assert not receiver.is_complete
            until(lambda: boot_time() > end_by)
            sender.go_on()
            assert sender.said() == ["SendWindowClosed", True]

    with_time_enough(0.8, frozen)


def test_a_frozen_process_delivers_at_most_what_its_kernel_held(sender: Sender) -> None:
    def frozen(window: float) -> None:
        with Receiver() as receiver:
            sender.send(iu=receiver.url, pu=receiver.url, size=300_000, window=window)
            _, end_by = sender.said()
            connection = receiver.accept(by=end_by)
            until_stuck(connection, by=end_by)
            sender.freeze(by=end_by)
            arrived = waiting_to_be_read(connection)
            receiver.read_what_was_sent()
            late = len(receiver.received) - arrived
            assert late <= 2 * _stream.NOT_SENT
            until(lambda: boot_time() > end_by)
            sender.go_on()
            assert sender.said() == ["SendWindowClosed", True]
            receiver.read_to_the_end()
            assert receiver.end == "reset"
            assert len(receiver.received) - arrived == late, "not a byte more"
            assert not receiver.is_complete

    with_time_enough(1.0, frozen)


def test_an_answer_that_came_in_time_is_read_by_a_process_frozen_until_after_its_window(
    sender: Sender,
) -> None:
    def frozen(window: float) -> None:
        with Receiver() as receiver:
            sender.send(iu=receiver.url, pu=receiver.url, size=10, window=window)
            _, end_by = sender.said()
            connection = receiver.accept(by=end_by)
            receiver.read_the_request()
            sender.freeze_at_rest(by=end_by)
            head = (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            )
            connection.sendall(head % len(ITEM.body) + ITEM.body)
            until(lambda: held_by_kernel(receiver.port, connection.getpeername()[1]) == 0)
            until(lambda: boot_time() > end_by)
            sender.go_on()
            assert sender.said() == ["answered"]

    with_time_enough(1.0, frozen)


def test_the_kernel_does_not_deliver_what_a_killed_process_left_behind(sender: Sender) -> None:
    with Receiver() as receiver:
        sender.send(iu=receiver.url, pu=receiver.url, size=150_000, window=None)
        until_stuck(receiver.accept())
        sender.kill()
        receiver.read_to_the_end()
        assert receiver.end == "reset"
        assert not receiver.is_complete


def test_an_answer_that_never_ends_is_not_read_for_long_after_the_window(
    client_of: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bounds, "LATE_READING", 0.2)

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-More: 1\r\n")
            time.sleep(0.05)

    def never_ends(window: float) -> None:
        timeout = Timeouts(read=AGES, total=AGES)
        with raw_server(drip) as url:
            error = upload(
                client_of(url, timeout=timeout).guarded_by(lambda: in_window(window)), 10
            )
        if not error.sent:
            raise TooSlow
        assert isinstance(error, SendWindowClosed)

    began = boot_time()
    with_time_enough(0.2, never_ends)
    assert 0.2 <= boot_time() - began < PATIENCE


@pytest.fixture
def stream() -> Iterator[BoundedStream]:
    """A connection to a peer that does not read."""
    with Receiver() as receiver:
        call = CALL.set(CallBounds(AGES, in_window(AGES)))
        inner = httpcore2.SyncBackend().connect_tcp("127.0.0.1", receiver.port, socket_options=[])
        connection = BoundedStream(inner, idle_for=AGES)
        receiver.accept()
        yield connection
        connection.close()
        CALL.reset(call)


def option(stream: BoundedStream, level: int, name: int) -> int:
    value: int = stream.get_extra_info("socket").getsockopt(level, name)
    return value


def test_the_sockets_of_calls_tell_the_kernel_what_it_may_keep_and_for_how_long(
    stream: BoundedStream,
) -> None:
    stream.write(b"first")
    sock: socket.socket = stream.get_extra_info("socket")
    linger = sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
    assert struct.unpack("ii", linger) == (1, 0)
    assert option(stream, socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == 64 * 1024
    assert 400_000 < option(stream, socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 600_000
    CALL.set(CallBounds(AGES, in_window(AGES / 3)))
    stream.write(b"second, of another call")
    assert 50_000 < option(stream, socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 200_000


def test_the_kernel_never_holds_more_than_64_kib_that_have_not_left(
    stream: BoundedStream,
) -> None:
    size = array.array("i", [0])
    while not size[0]:
        with pytest.raises(httpcore2.WriteTimeout):
            stream.write(b"x" * 1_000_000, timeout=0.2)
        fcntl.ioctl(stream.get_extra_info("socket"), SIOCOUTQNSD, size)
    assert size[0] <= 64 * 1024


def test_an_idle_connection_is_shut_down_in_the_orderly_way(client_of: Clients) -> None:
    ends: list[bytes] = []

    def answer_and_wait(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        ends.append(connection.recv(1))

    with raw_server(answer_and_wait) as url:
        client = client_of(url)
        assert client.messaging.ping() == ""
        client._http.close()
        until(lambda: ends == [b""])


def test_a_connection_that_a_sleeping_machine_left_idle_is_not_used_again(
    stream: BoundedStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not stream.get_extra_info("is_readable")
    monkeypatch.setattr(_stream, "boot_time", lambda: boot_time() + AGES)
    assert stream.get_extra_info("is_readable")


def test_a_machine_that_slept_finds_the_time_of_its_call_passed(
    client_of: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = [0.0]
    for module in (_stream, _bounds):
        monkeypatch.setattr(module, "boot_time", lambda: boot_time() + slept[0])
    monkeypatch.setattr(_stream, "LONGEST_SLEEP", 0.05)

    def fall_asleep(_: Received) -> Reply:
        slept[0] = 2 * AGES
        woken.wait(PATIENCE)
        return ITEM

    woken = threading.Event()
    with Loopback(fall_asleep) as server:
        client = client_of(server.url).guarded_by(lambda: in_window(AGES))
        error = upload(client, 10)
        woken.set()
    assert isinstance(error, SendWindowClosed)
    assert error.sent


def test_a_write_that_fails_on_a_closed_connection_was_not_sent() -> None:
    """The error of the first byte is kept apart from those that leave the outcome open."""
    with Receiver() as receiver:
        call = CallBounds(AGES)
        token = CALL.set(call)
        inner = httpcore2.SyncBackend().connect_tcp("127.0.0.1", receiver.port, socket_options=[])
        stream = BoundedStream(inner, idle_for=AGES)
        connection = receiver.accept()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        until(lambda: bool(stream.get_extra_info("is_readable")))
        with pytest.raises(httpcore2.WriteError):
            stream.write(b"x")
        stream.close()
        CALL.reset(token)
    assert not call.on_the_wire


@pytest.mark.parametrize(
    "cut_off", [b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\n\r\nno", b"H"]
)
def test_nothing_is_sent_again_when_a_part_of_an_answer_was_read(
    client_of: Clients, cut_off: bytes
) -> None:
    requests: list[None] = []

    def speak(connection: socket.socket) -> None:
        requests.append(None)
        connection.sendall(cut_off)

    with raw_server(speak) as url:
        error = upload(client_of(url).guarded_by(lambda: in_window(AGES)), 10)
    assert error.sent
    assert len(requests) == 1


def test_a_call_is_sent_twice_at_most(
    infor: SmallInfor, server: Loopback, client_of: Clients
) -> None:
    infor.idm_reply = Reply.json({}, 401)
    asked: list[None] = []

    def permit() -> SendWindow:
        asked.append(None)
        return in_window(AGES)

    upload(client_of(server.url).guarded_by(permit), 10)
    assert len([call for call in server.received if "/IDM/" in call.path]) == len(asked) == 2
