"""Nothing leaves after the end of a call: slow lines, frozen and killed processes, the kernel."""

from __future__ import annotations

import array
import fcntl
import socket
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterator
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
from tests.unit.ionapi.loopback import (
    TENANT,
    Loopback,
    Received,
    Reply,
    SmallInfor,
    credentials,
    raw_server,
)
from tests.unit.ionapi.receiving import Receiver, Sender, held_by_kernel, in_background, until
from tests.unit.ionapi.tls import NAME, Authority

SIOCOUTQNSD = 0x894B  # linux/sockios.h: bytes that have not been sent, without those in flight
ITEM = Reply.json({"item": {"pid": "Invoice-1-0-LATEST", "id": "1", "version": "0"}})


@pytest.fixture(scope="module")
def process() -> Iterator[Sender]:
    process = Sender()
    yield process
    process.close()


@pytest.fixture
def sender(process: Sender) -> Iterator[Sender]:
    yield process
    process.finish()


@pytest.fixture(params=["plain", "tls"])
def receiver(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Receiver]:
    with Receiver(authority.server() if request.param == "tls" else None) as server:
        if request.param == "tls":
            server.url = f"https://{NAME}:{server.port}"
        yield server


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


def until_stuck(connection: socket.socket) -> None:
    """Wait until the sender's kernel holds a good part of what it may hold."""
    port = connection.getpeername()[1]
    until(lambda: (held_by_kernel(port) or 0) >= _stream.PIECE)


def waiting_to_be_read(connection: socket.socket) -> int:
    size = array.array("i", [0])
    fcntl.ioctl(connection, termios.FIONREAD, size)
    return size[0]


def test_a_slow_upload_is_cut_at_the_end_of_its_window_and_never_arrives_whole(
    receiver: Receiver, client_of: Clients
) -> None:
    def read_slowly() -> None:
        receiver.accept()
        receiver.read_to_the_end(pause=0.01)

    reading = in_background(read_slowly)
    client = client_of(receiver.url).guarded_by(lambda: in_window(0.4))
    began = boot_time()
    error = upload(client, 3_000_000)
    assert boot_time() - began < 1.5
    assert isinstance(error, SendWindowClosed)
    assert error.sent
    reading.join(10)
    assert receiver.end == "reset", "no orderly shutdown, neither of TCP nor of TLS"
    assert not receiver.is_complete


def test_an_upload_without_a_window_ends_with_the_time_of_the_whole_call(
    receiver: Receiver, client_of: Clients
) -> None:
    def read_slowly() -> None:
        receiver.accept()
        receiver.read_to_the_end(pause=0.01)

    reading = in_background(read_slowly)
    client = client_of(receiver.url, timeout=Timeouts(read=20, total=0.4))
    began = boot_time()
    error = upload(client, 3_000_000)
    assert boot_time() - began < 1.5
    assert isinstance(error, ConnectionFailed)
    assert (error.kind, error.sent) == ("timeout", True)
    reading.join(10)
    assert receiver.end == "reset"
    assert not receiver.is_complete


def test_a_call_that_finds_no_connection_in_its_time_to_begin_ends_unsent(
    client_of: Clients,
) -> None:
    def permit() -> SendWindow:
        now = boot_time()
        return SendWindow(begin_by=now + 0.2, end_by=now + 20)

    with Receiver() as deaf:  # takes the connection, and says nothing to TLS
        began = boot_time()
        error = upload(client_of(f"https://{NAME}:{deaf.port}").guarded_by(permit), 10)
    assert boot_time() - began < 2
    assert isinstance(error, SendWindowClosed)
    assert not error.sent


def test_a_process_frozen_during_the_login_after_a_401_sends_nothing_after_its_window(
    infor: SmallInfor, server: Loopback, sender: Sender
) -> None:
    signing_on, thawed = threading.Event(), threading.Event()

    def hang() -> None:
        signing_on.set()
        thawed.wait(10)

    infor.before_token = hang
    sender.send(iu=server.url, pu=server.url, size=10, window=1.5)
    _, end_by = sender.said()
    assert signing_on.wait(5), "the first send was refused with 401"
    sender.freeze()
    thawed.set()
    until(lambda: boot_time() > end_by)
    sender.go_on()
    assert sender.said() == ["SendWindowClosed", False]
    assert [call.path for call in server.received if "/IDM/" in call.path] == [
        f"/{TENANT}/IDM/api/items"
    ]
    assert infor.items == {}


def test_the_kernel_gives_up_what_it_holds_of_a_frozen_process(sender: Sender) -> None:
    with Receiver() as receiver:
        sender.send(iu=receiver.url, pu=receiver.url, size=150_000, window=0.8)
        _, end_by = sender.said()
        connection = receiver.accept()
        until_stuck(connection)
        sender.freeze()
        # The other end of the connection belongs to the frozen process.
        port = connection.getpeername()[1]
        until(lambda: held_by_kernel(port) is None)
        assert boot_time() > end_by
        receiver.read_to_the_end()
        assert receiver.end == "reset"
        assert not receiver.is_complete
        sender.go_on()
        assert sender.said() == ["SendWindowClosed", True]


def test_a_frozen_process_delivers_at_most_what_its_kernel_held(sender: Sender) -> None:
    with Receiver() as receiver:
        sender.send(iu=receiver.url, pu=receiver.url, size=300_000, window=1.0)
        _, end_by = sender.said()
        connection = receiver.accept()
        until_stuck(connection)
        sender.freeze()
        arrived = waiting_to_be_read(connection)
        reading = in_background(receiver.read_to_the_end)
        until(lambda: boot_time() > end_by)
        late = len(receiver.received) - arrived
        assert late <= 2 * _stream.NOT_SENT
        sender.go_on()
        assert sender.said() == ["SendWindowClosed", True]
        reading.join(10)
        assert receiver.end == "reset"
        assert len(receiver.received) - arrived == late, "not a byte more"
        assert not receiver.is_complete


def test_an_answer_that_came_in_time_is_read_by_a_process_frozen_until_after_its_window(
    sender: Sender,
) -> None:
    def answer(_: Received) -> Reply:
        sender.freeze()
        return ITEM

    with Loopback(answer) as server:
        sender.send(iu=server.url, pu=server.url, size=10, window=1.0)
        _, end_by = sender.said()
        until(lambda: boot_time() > end_by + 0.1)
        sender.go_on()
        assert sender.said() == ["answered"]


def test_the_kernel_does_not_deliver_what_a_killed_process_left_behind(sender: Sender) -> None:
    with Receiver() as receiver:
        sender.send(iu=receiver.url, pu=receiver.url, size=150_000, window=None)
        connection = receiver.accept()
        until_stuck(connection)
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
            time.sleep(0.001)

    began = boot_time()
    with raw_server(drip) as url:
        error = upload(client_of(url).guarded_by(lambda: in_window(0.2)), 10)
    assert 0.2 <= boot_time() - began < 1.5
    assert isinstance(error, SendWindowClosed)
    assert error.sent


@pytest.fixture
def stream() -> Iterator[BoundedStream]:
    """A connection to a peer that does not read, in a call of 10 seconds."""
    with Receiver() as receiver:
        call = CALL.set(CallBounds(10, in_window(5)))
        inner = httpcore2.SyncBackend().connect_tcp("127.0.0.1", receiver.port, socket_options=[])
        connection = BoundedStream(inner, idle_for=4)
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
    assert 4000 < option(stream, socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 5000
    CALL.set(CallBounds(10, in_window(2)))
    stream.write(b"second, of another call")
    assert 1000 < option(stream, socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 2000


def test_the_kernel_never_holds_more_than_64_kib_that_have_not_left(
    stream: BoundedStream,
) -> None:
    CALL.set(CallBounds(10, in_window(0.4)))
    with pytest.raises(SendWindowClosed):
        stream.write(b"x" * 1_000_000)
    size = array.array("i", [0])
    fcntl.ioctl(stream.get_extra_info("socket"), SIOCOUTQNSD, size)
    assert 0 < size[0] <= 64 * 1024


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
    monkeypatch.setattr(_stream, "boot_time", lambda: boot_time() + 5)
    assert stream.get_extra_info("is_readable")


def test_a_machine_that_slept_finds_the_time_of_its_call_passed(
    client_of: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = [0.0]
    for module in (_stream, _bounds):
        monkeypatch.setattr(module, "boot_time", lambda: boot_time() + slept[0])
    monkeypatch.setattr(_stream, "LONGEST_SLEEP", 0.05)

    def fall_asleep(_: Received) -> Reply:
        slept[0] = 3600
        woken.wait(10)
        return ITEM

    woken = threading.Event()
    with Loopback(fall_asleep) as server:
        client = client_of(server.url).guarded_by(lambda: in_window(60))
        error = upload(client, 10)
        woken.set()
    assert isinstance(error, SendWindowClosed)
    assert error.sent


def test_a_write_that_fails_on_a_closed_connection_was_not_sent() -> None:
    """The error of the first byte is kept apart from those that leave the outcome open."""
    with Receiver() as receiver:
        call = CallBounds(10)
        token = CALL.set(call)
        inner = httpcore2.SyncBackend().connect_tcp("127.0.0.1", receiver.port, socket_options=[])
        stream = BoundedStream(inner, idle_for=4)
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
        error = upload(client_of(url).guarded_by(lambda: in_window(5)), 10)
    assert error.sent
    assert len(requests) == 1


def test_a_call_is_sent_twice_at_most(
    infor: SmallInfor, server: Loopback, client_of: Clients
) -> None:
    infor.idm_reply = Reply.json({}, 401)
    asked: list[None] = []

    def permit() -> SendWindow:
        asked.append(None)
        return in_window(5)

    upload(client_of(server.url).guarded_by(permit), 10)
    assert len([call for call in server.received if "/IDM/" in call.path]) == len(asked) == 2
