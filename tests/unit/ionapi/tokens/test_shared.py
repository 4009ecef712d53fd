"""One sign-on serves all processes that share a folder, and no process passes Infor's limits."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import ionport
from ionport.ionapi import (
    AsyncIonApiClient,
    FileTokenStore,
    IonApiClient,
    IonApiFile,
    RequestRefused,
    Secret,
    SharedTokenStore,
    SignOnLimits,
    TokenError,
    TokenSet,
)
from tests.unit.ionapi.loopback import Reply, SmallInfor, credentials
from tests.unit.ionapi.receiving import until

PROCESSES = 20
TOKENS = TokenSet(Secret("access"), 1_900_000_000.5, Secret("refresh"), scope="Infor-IDM")
# Twenty processes, which are forked once the imports are done: each waits until all are there, then
# calls ION with a token of the shared folder.
WORKERS = """
import os, sys
from ionport.ionapi import FileTokenStore, IonApiClient, IonApiFile
import ionport.ionapi.client, ionport.ionapi.tokens.shared
credential, folder, number = *sys.argv[1:3], int(sys.argv[3])
ready, start = os.pipe(), os.pipe()
processes = []
for _ in range(number):
    if process := os.fork():
        processes.append(process)
        continue
    os.close(start[1])
    with IonApiClient(IonApiFile.load(credential), store=FileTokenStore(folder)) as infor:
        os.write(ready[1], b".")
        os.read(start[0], 1)
        infor.messaging.ping()
        os.write(1, f"{infor.token().expires_at}\\n".encode())
    os._exit(0)
left = number
while left:
    left -= len(os.read(ready[0], left))
os.close(start[1])
ends = [os.waitpid(process, 0)[1] for process in processes]
sys.exit(ends != [0] * number)
"""


class Clock:
    def __init__(self) -> None:
        self.now = 1_770_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tokens"


def test_twenty_processes_that_start_together_sign_on_once(
    infor: SmallInfor, file: IonApiFile, tmp_path: Path, folder: Path
) -> None:
    credential = tmp_path / "acme.ionapi"
    credential.write_bytes(file.to_bytes())
    done = subprocess.run(
        [sys.executable, "-c", WORKERS, str(credential), str(folder), str(PROCESSES)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"PYTHONPATH": str(Path(ionport.__file__).parents[1])},
    )
    told = done.stdout.splitlines()
    assert len(told) == PROCESSES
    assert len(set(told)) == 1
    assert (infor.logins, infor.refreshes) == (1, 0)


def test_a_token_that_dies_is_renewed_once_for_all_clients(
    infor: SmallInfor, file: IonApiFile, folder: Path
) -> None:
    clock = Clock()
    stores = [FileTokenStore(folder, clock=clock) for _ in range(3)]
    clients = [IonApiClient(file, store=store, clock=clock) for store in stores]
    for client in clients:
        client.messaging.ping()
    clock.now += 7200
    for client in clients:
        client.messaging.ping()
    infor.live.clear()  # revoked: each client is told 401
    for client in clients:
        client.messaging.ping()
        client.close()
    assert (infor.logins, infor.refreshes) == (1, 2)


def test_an_asyncio_client_shares_with_one_for_threads(
    infor: SmallInfor, file: IonApiFile, folder: Path
) -> None:
    async def ping() -> None:
        async with AsyncIonApiClient(file, store=FileTokenStore(folder)) as client:
            await client.messaging.ping()

    asyncio.run(ping())
    with IonApiClient(file, store=FileTokenStore(folder)) as client:
        client.messaging.ping()
    assert infor.logins == 1


def test_a_cancelled_task_leaves_the_lock_to_others(
    infor: SmallInfor, file: IonApiFile, folder: Path
) -> None:
    held = FileTokenStore(folder).renewal(file.fingerprint)
    held.acquire()
    lock = next(folder.glob("*.lock"))

    async def cancelled() -> None:
        async with AsyncIonApiClient(file, store=FileTokenStore(folder)) as client:
            call = asyncio.create_task(client.messaging.ping())
            await asyncio.to_thread(until, lambda: len(_holders(lock)) == 2)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        held.release()

    asyncio.run(cancelled())
    with IonApiClient(file, store=FileTokenStore(folder)) as client:
        client.messaging.ping()
    assert infor.logins == 1
    until(lambda: not _holders(lock))


def _holders(lock: Path) -> list[Path]:
    """Return the open descriptors of this process on a file."""
    return [link for link in Path("/proc/self/fd").iterdir() if _target(link) == str(lock)]


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def test_who_released_before_the_lock_came_holds_nothing(folder: Path) -> None:
    first, second = (FileTokenStore(folder).renewal("key") for _ in range(2))
    first.acquire()
    waiting = threading.Thread(target=second.acquire)
    waiting.start()
    second.release()
    waiting.join(30)
    first.release()
    third = FileTokenStore(folder).renewal("key")
    third.acquire()
    third.begin_request()
    third.release()
    assert not waiting.is_alive()


def test_a_credential_that_is_refused_again_and_again_stops_at_infors_limit(
    infor: SmallInfor, file: IonApiFile, folder: Path
) -> None:
    clock = Clock()
    infor.token_reply = Reply.json({"error": "invalid_grant"}, 400)

    def sign_on() -> TokenError:
        with (
            IonApiClient(file, store=FileTokenStore(folder, clock=clock), clock=clock) as client,
            pytest.raises(TokenError) as caught,
        ):
            client.token()
        return caught.value

    for _ in range(20):
        assert sign_on().code == "invalid_grant"
        clock.now += 1
    told = sign_on()
    assert (told.code, told.transient, told.retry_after) == ("sign_on_limit", True, 40)
    assert infor.logins == 20
    clock.now += 41
    assert sign_on().code == "invalid_grant"


def test_a_days_limit_is_kept_too(infor: SmallInfor, file: IonApiFile, folder: Path) -> None:
    clock = Clock()
    limits = SignOnLimits(per_minute=20, per_day=2)

    def sign_on() -> None:
        store = FileTokenStore(folder, limits=limits, clock=clock)
        store.delete(file.fingerprint)
        with IonApiClient(file, store=store, clock=clock) as client:
            client.token()

    sign_on()
    clock.now += 3600
    sign_on()
    with pytest.raises(TokenError, match="82800 seconds"):
        sign_on()
    clock.now += 23 * 3600 + 1
    sign_on()
    assert infor.logins == 3


def test_no_process_asks_while_infor_wants_it_to_wait(
    infor: SmallInfor, file: IonApiFile, folder: Path
) -> None:
    clock = Clock()
    infor.token_reply = Reply.json({"error": "slow_down"}, 429, Retry_After="90")
    for _ in range(3):
        with (
            IonApiClient(file, store=FileTokenStore(folder, clock=clock), clock=clock) as client,
            pytest.raises(TokenError) as caught,
        ):
            client.token()
        assert caught.value.status == 429
        clock.now += 10
    assert infor.logins == 1
    infor.token_reply = None
    clock.now += 91
    with IonApiClient(file, store=FileTokenStore(folder, clock=clock), clock=clock) as client:
        client.token()


def test_tokens_come_back_as_they_were_saved_and_files_are_the_users_own(folder: Path) -> None:
    store = FileTokenStore(folder)
    assert isinstance(store, SharedTokenStore)
    store.save("../key", TOKENS)
    held = store.renewal("../key")
    held.acquire()
    held.release()
    assert FileTokenStore(folder).load("../key") == TOKENS
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".lock"]
    store.delete("../key")
    store.delete("../key")
    assert store.load("../key") is None


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"null", b'{"format":"ionport tokens 1"}', b"\xff\xfe", b"[" * 100_000],
    ids=["empty", "cut", "list", "null", "incomplete", "bytes", "deep"],
)
def test_damaged_files_cost_a_sign_on_and_no_error(
    infor: SmallInfor, file: IonApiFile, folder: Path, damage: bytes
) -> None:
    for _ in range(2):
        with IonApiClient(file, store=FileTokenStore(folder)) as client:
            client.messaging.ping()
        for path in folder.iterdir():
            path.write_bytes(damage)
    assert infor.logins == 2


def _open_to_others(folder: Path) -> None:
    folder.mkdir(mode=0o755)


def _writable(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


@pytest.mark.parametrize("made", [_open_to_others, _writable])
def test_a_folder_that_others_may_read_keeps_no_tokens(
    folder: Path, made: Callable[[Path], None]
) -> None:
    made(folder)
    with pytest.raises(RequestRefused, match="open to others") as caught:
        FileTokenStore(folder)
    assert "chmod 700" in caught.value.remedy


def test_a_link_that_stands_in_for_the_tokens_is_not_followed(folder: Path, tmp_path: Path) -> None:
    store = FileTokenStore(folder)
    store.save("key", TOKENS)
    path = next(folder.glob("*.json"))
    elsewhere = path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(elsewhere)
    assert store.load("key") is None


def test_a_folder_that_takes_nothing_any_more_costs_sign_ons_and_no_call(
    infor: SmallInfor, file: IonApiFile, folder: Path
) -> None:
    """As on a full disk, or where the folder was removed."""
    store = FileTokenStore(folder)
    folder.rmdir()
    for _ in range(2):
        with IonApiClient(file, store=store) as client:
            client.messaging.ping()
    assert infor.logins == 2


def test_where_files_cannot_be_locked_one_goes_on_without(
    infor: SmallInfor, file: IonApiFile, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    for _ in range(2):
        with IonApiClient(file, store=FileTokenStore(folder)) as client:
            client.messaging.ping()
    assert infor.logins == 1


def test_credentials_do_not_share_tokens(infor: SmallInfor, file: IonApiFile, folder: Path) -> None:
    other = credentials(file.iu, saak=Secret(f"ACME_TST#{'O' * 86}"))
    for each in (file, other):
        with IonApiClient(each, store=FileTokenStore(folder)) as client:
            client.token()
    assert infor.logins == 2
