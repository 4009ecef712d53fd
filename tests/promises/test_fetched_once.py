"""Programs fetch documents while the servers that hand them out are killed: each one once.

Two programs fetch from the same list, each through a server of its own on PostgreSQL. A server is
killed before it has taken what a program says, or behind its commit and before its answer.
"""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial

import httpx2
import pytest
from sqlalchemy import select, update

from ionport.application import Application
from ionport.cli.serving.server import RunningServer
from ionport.connections.model import TargetKind
from ionport.connections.targets.model import Target
from ionport.exports.model import ExportMethod
from ionport.exports.tables import delivery_attempts
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiScope
from ionport.identity.model import OrganizationRole
from ionport.identity.service import NewUser
from ionport.settings import Side, load_settings
from ionport.store import OrganizationScope
from tests.promises.conftest import Installer, free_port
from tests.promises.installation import Installation
from tests.promises.wire import Wire
from tests.support import forked, sides
from tests.support.intermediary import Call

DOCUMENTS = int(os.environ.get("IONPORT_CHAOS_DOCUMENTS") or 6)
KILLS = max(3, DOCUMENTS // 10)


def serve() -> None:
    """Serve the document side, its deliveries run too; for a process of its own."""
    settings = load_settings(side=Side.DOCUMENTS, port=int(os.environ["PROMISE_PORT"]))
    server = RunningServer(settings, timing=sides.QUICK, options=sides.PROMPT)
    print(f"ionport serves documents on {server.url}", flush=True)
    server.run()


class Server:
    """A server of the document side that comes back at the same address, on a wire of its own."""

    def __init__(self, installation: Installation, number: int) -> None:
        self._installation = installation
        self._log = installation.folder.with_name(f"server-{number}.log")
        self._port = free_port()
        self._process = self._start()
        self.url = f"http://127.0.0.1:{self._port}"

    def kill_and_start(self) -> None:
        self._process.kill()
        self._process = self._start()

    def stop(self) -> None:
        self._process.stop()

    def _start(self) -> sides.Process:
        environment = {
            "IONPORT_DATA": str(self._installation.folder),
            "IONPORT_DATABASE_URL": self._installation.database_url,
            "IONPORT_LOG_LEVEL": "WARNING",
            "PROMISE_PORT": str(self._port),
        }
        output = self._log.with_suffix(".out")
        output.unlink(missing_ok=True)
        process = forked.run(serve, environment, output, self._log)
        return sides.started(process, output, self._log)


class Killer:
    """Kills a server at moments that a seed chooses, when a program takes or confirms."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.kills: Counter[str] = Counter()

    def may_kill(self, path: str) -> str:
        """Return when the server is killed: `before` the call, `behind` it or not at all."""
        what = path.rpartition("/")[2]
        with self._lock:
            if what not in ("take", "confirm") or self.kills.total() >= KILLS:
                return ""
            moment = self._random.choice(("before", "behind", "", ""))
            if moment:
                self.kills[f"{moment} {what}"] += 1
            return moment


class Watched(Wire):
    """The wire between a program and its server."""

    def __init__(self, server: Server, killer: Killer) -> None:
        super().__init__(server.url)
        self._killed, self._killer = server, killer

    def handle(self, call: Call) -> None:
        moment, body = self._killer.may_kill(call.path), call.read()
        if moment == "before":
            self._killed.kill_and_start()
        answer = call.forward(body)
        if moment == "behind":
            self._killed.kill_and_start()
            call.cut()
        else:
            call.answer(*answer)


class Book:
    """What the programs have: which delivery is in whose hands, and what they confirmed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taking = 0
        self.in_hand: set[str] = set()
        self.confirmed: dict[str, str] = {}
        self.wrong: list[str] = []

    @contextmanager
    def taking(self) -> Iterator[None]:
        """A program asks for a delivery: until the end nobody knows in whose hands it is."""
        with self._lock:
            self._taking += 1
        try:
            yield
        finally:
            with self._lock:
                self._taking -= 1

    def receive(self, delivery: str) -> None:
        with self._lock:
            if delivery in self.in_hand or delivery in self.confirmed:
                self.wrong.append(delivery)
            self.in_hand.add(delivery)

    def let_go(self, delivery: str, reference: str) -> None:
        with self._lock:
            self.in_hand.discard(delivery)
            self.confirmed[delivery] = reference

    def let_leases_lapse(self, application: Application) -> None:
        """Let the time be over of what was taken and never came: no program has it in hand."""
        with self._lock:
            if not self._taking:
                lapse(application, self.in_hand)


def repeated(send: Callable[[], httpx2.Response]) -> httpx2.Response:
    """Say it again until there is an answer, as a program does."""
    answers: list[httpx2.Response] = []

    def is_answered() -> bool:
        try:
            answers.append(send())
        except httpx2.TransportError:
            return False
        return True

    assert sides.until(is_answered)
    return answers[0]


class Program:
    """Fetches what waits, through one server, until everything is confirmed."""

    def __init__(self, name: str, url: str, key: str, book: Book) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._client = httpx2.Client(base_url=f"{url}/api/v1", headers=headers, timeout=30)
        self._name = name
        self._book = book

    def run(self, application: Application) -> None:
        def is_over() -> bool:
            for each in repeated(lambda: self._client.get("/fetch")).json()["items"]:
                if lease := self._take(each["id"]):
                    self._confirm(each["id"], *lease)
            self._book.let_leases_lapse(application)
            return len(self._book.confirmed) == DOCUMENTS

        with self._client:
            assert sides.until(is_over)

    def _take(self, delivery: str) -> tuple[str, int] | None:
        """Return lease and number of files; None where another has it, or no answer came."""
        with self._book.taking():
            try:
                # Not said again: whoever may have it next is not known.
                taken = self._client.post(f"/fetch/{delivery}/take", json={"seconds": 600})
            except httpx2.TransportError:
                return None
            if taken.status_code == 409:
                return None
            assert taken.status_code == 200, taken.text
            self._book.receive(delivery)
        return taken.json()["lease"], len(taken.json()["files"])

    def _confirm(self, delivery: str, lease: str, files: int) -> None:
        headers = {"Ionport-Lease": lease}
        for number in range(files):
            address = f"/fetch/{delivery}/files/{number}"
            read = repeated(partial(self._client.get, address, headers=headers))
            assert read.status_code == 200, read.text
        told = {"reference": f"{self._name} {delivery}"}
        address = f"/fetch/{delivery}/confirm"
        done = repeated(partial(self._client.post, address, headers=headers, json=told))
        assert done.status_code == 204, done.text
        self._book.let_go(delivery, told["reference"])


@contextmanager
def programs_running(
    installation: Installation, killer: Killer, number: int
) -> Iterator[list[str]]:
    """Yield the addresses of `number` servers, each behind a wire where it is killed."""
    with ExitStack() as stack:
        servers = [Server(installation, place) for place in range(number)]
        for server in servers:
            stack.callback(server.stop)
        yield [stack.enter_context(Watched(server, killer)).url for server in servers]


@pytest.mark.parametrize(("database", "servers"), [("sqlite", 1), ("postgresql", 2)])
def test_each_document_is_in_one_programs_hands_and_confirmed_once(
    database: str, servers: int, install: Installer, seed: int
) -> None:
    target = Target(TargetKind.PULL, {})
    installation = install(database, ("", b""), method=ExportMethod.ON_PREMISE, target=target)
    installation.export(DOCUMENTS)
    key, book, killer = make_key(installation.application), Book(), Killer(seed)
    with programs_running(installation, killer, servers) as urls, ThreadPoolExecutor(2) as pool:
        programs = [
            pool.submit(
                Program(name, urls[place % servers], key, book).run, installation.application
            )
            for place, name in enumerate(("press", "plant"))
        ]
        for program in programs:
            program.result()
        assert sides.until(installation.ledger.all_delivered), installation.ledger.unfinished()
    print(dict(killer.kills))
    assert not book.wrong
    settled = installation.ledger.rows(
        "SELECT delivery_id, remote_id FROM delivery_steps WHERE kind = 'fetch'"
    )
    assert {row[0]: row[1] for row in settled} == book.confirmed
    confirmed = installation.ledger.rows(
        "SELECT delivery_id FROM delivery_attempts WHERE step = 'fetch' AND state = 'succeeded'"
    )
    assert sorted(row[0] for row in confirmed) == sorted(book.confirmed)
    assert killer.kills.total() > 0


def make_key(application: Application) -> str:
    """Return an API key of a program that fetches."""
    assert application.documents is not None
    identity, organization = application.identity, application.organization.id
    with application.database.write() as work:
        user = identity.create_user(work, sides.OPERATOR, NewUser("plant", "Plant"), "none")
        identity.set_organization_role(
            work, sides.OPERATOR, user.id, organization, OrganizationRole.USER
        )
        access = Access(work, OrganizationScope(organization), sides.OPERATOR)
        _key, secret = application.documents.api_keys.create(
            access, "plant", list(ApiScope), days=None, user_id=user.id
        )
    return secret.reveal()


def lapse(application: Application, in_hand: set[str]) -> None:
    """Set the end of leases back that no program has in its hands."""
    a = delivery_attempts.c
    with application.database.write() as work:
        sent = select(a.id, a.delivery_id, a.request).where(a.step == "fetch", a.state == "sent")
        for row in work.connection.execute(sent).all():
            if row.delivery_id not in in_hand:
                request = {**row.request, "until": "2000-01-01T00:00:00+00:00"}
                statement = update(delivery_attempts).where(a.id == row.id)
                work.connection.execute(statement.values(request=request))
