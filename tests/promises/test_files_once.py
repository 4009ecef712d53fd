"""Files are put into a folder once, wherever the worker is killed and however quick the receiver.

The receiver takes what it sees at once, so that nothing but the ledger and the temporary names
tells what was there. `IONPORT_CHAOS_DOCUMENTS` makes the test longer (`make chaos`).
"""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from ionport.connections.model import TargetKind
from ionport.connections.targets.model import Target
from ionport.core.secrets import Secret
from ionport.exports.model import ExportMethod
from tests.promises.conftest import Installer
from tests.promises.installation import Installation
from tests.promises.workers import Worker, Workers
from tests.support.sftp import PASSWORD, sftp_server
from tests.support.sides import until
from tests.support.smb import PASSWORD as SMB_PASSWORD
from tests.support.smb import smb_server

DOCUMENTS = int(os.environ.get("IONPORT_CHAOS_DOCUMENTS") or 8)
KILLS = max(4, DOCUMENTS // 10)
# On PostgreSQL the next worker waits for a call of a killed one: it knows nothing of its end.
KILLS_ON_POSTGRESQL = max(2, DOCUMENTS // 20)
_CASES = [
    (TargetKind.FOLDER, "sqlite"),
    (TargetKind.SFTP, "sqlite"),
    (TargetKind.SMB, "sqlite"),
]
if "IONPORT_CHAOS_DOCUMENTS" in os.environ:
    _CASES += [
        (TargetKind.SMB, "postgresql"),
        (TargetKind.FOLDER, "postgresql"),
        (TargetKind.SFTP, "postgresql"),
    ]


@dataclass
class Receiver:
    """Takes files out of a folder, and kills the worker at moments that a seed chooses."""

    folder: Path
    random: random.Random
    most_kills: int = KILLS
    worker: Worker | None = None
    kills: int = 0
    taken: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, name: str) -> None:
        with self.lock:
            (self.folder / name).unlink()
            self.taken[name] += 1

    def kill(self, share: float) -> None:
        if (
            self.worker is not None
            and self.kills < self.most_kills
            and self.random.random() < share
        ):
            self.kills += 1
            self.worker.kill()

    def renamed(self, name: str, done: bool) -> None:
        """At the SFTP server: kill before the rename, or when it is done and not answered."""
        if name.endswith(".part"):
            return
        self.kill(0.3 if done else 0.15)
        if done and not name.startswith(".") and self.random.random() < 0.7:
            self.take(name)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Take what is in the folder for the time of the block, and kill as soon as it is seen."""
        stopping = threading.Event()

        def watch() -> None:
            while not stopping.wait(0.0005):
                names = [each.name for each in self.folder.iterdir()]
                if any(name.endswith(".tmp") for name in names):
                    self.kill(0.02)
                for name in names:
                    if not name.startswith("."):
                        self.kill(0.3)
                        self.take(name)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()


@pytest.mark.parametrize(("kind", "database"), _CASES)
def test_a_worker_killed_around_a_rename_puts_each_file_there_once(
    kind: TargetKind,
    database: str,
    install: Installer,
    crew: Workers,
    tmp_path: Path,
    seed: int,
) -> None:
    count = DOCUMENTS if database == "sqlite" else DOCUMENTS // 2
    kills = KILLS if database == "sqlite" else KILLS_ON_POSTGRESQL
    receiver = Receiver(tmp_path / "in", random.Random(seed), kills)
    receiver.folder.mkdir()
    with ExitStack() as stack:
        target, method = _target(kind, receiver, stack)
        installation = install(database, ("", b""), method=method, target=target)
        installation.export(count)
        if kind is not TargetKind.SFTP:
            stack.enter_context(receiver.watching())
        _run(receiver, crew, installation, lambda: installation.ledger.all_delivered())
    for left in receiver.folder.iterdir():
        if not left.name.startswith("."):
            receiver.take(left.name)
    print(f"{receiver.kills} kills of {receiver.most_kills}")
    wanted = [
        f"{installation.name}-{number:05}.{end}"
        for number in range(count)
        for end in ("pdf", "xml")
    ]
    assert receiver.taken == Counter(wanted)
    assert receiver.kills > 0


def _target(kind: TargetKind, receiver: Receiver, stack: ExitStack) -> tuple[Target, ExportMethod]:
    if kind is TargetKind.FOLDER:
        return Target(kind, {"folder": str(receiver.folder)}), ExportMethod.FOLDER
    if kind is TargetKind.SMB:
        home = receiver.folder.parent / "smbd"
        home.mkdir()
        share = stack.enter_context(smb_server(receiver.folder, home))
        return Target(kind, share.parameters(), Secret(SMB_PASSWORD)), ExportMethod.SMB
    server = stack.enter_context(sftp_server(receiver.folder, receiver.renamed))
    account = server.account()
    parameters = {
        "host": account.host,
        "port": str(account.port),
        "username": account.username,
        "host_key": account.host_key,
        "folder": "/",
    }
    return Target(kind, parameters, Secret(PASSWORD)), ExportMethod.SFTP


def _run(
    receiver: Receiver, crew: Workers, installation: Installation, done: Callable[[], bool]
) -> None:
    """Run workers, one after the other, until everything is delivered."""
    while not done():
        worker = crew.start(installation.folder, installation.database_url)
        receiver.worker = worker
        ended = partial(lambda running: done() or not running.is_alive, worker)
        assert until(ended), installation.ledger.unfinished()
    worker.stop()
