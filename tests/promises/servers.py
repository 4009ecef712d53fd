"""Servers of the document side that are killed while programs call their API."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from http.client import HTTPException

import httpx2

from ionport.application import Application
from ionport.cli.serving.server import RunningServer
from ionport.documents.bulk import runner
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiScope
from ionport.identity.model import OrganizationRole
from ionport.identity.service import NewUser
from ionport.settings import Side, load_settings
from ionport.store import OrganizationScope
from tests.promises.installation import Installation
from tests.promises.proportion import Proportion
from tests.promises.wire import Wire
from tests.support import forked, sides
from tests.support.intermediary import Call
from tests.support.ports import free_port


def serve() -> None:
    """Serve the document side, its deliveries run too; for a process of its own."""
    settings = load_settings(side=Side.DOCUMENTS, port=int(os.environ["PROMISE_PORT"]))
    runner.SILENCE = timedelta(seconds=Proportion().of(runner.SILENCE.total_seconds()))
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
    """Kills a server when a program calls what is `watched`, at one of the `moments`, by a seed."""

    def __init__(
        self, seed: int, kills: int, watched: Collection[str], moments: Sequence[str]
    ) -> None:
        self._random = random.Random(seed)
        self._most = kills
        self._watched = watched
        self._moments = moments
        self._lock = threading.Lock()
        self.kills: Counter[str] = Counter()

    def may_kill(self, path: str) -> str:
        """Return when the server is killed: `before`, `during` or `behind` the call, or never."""
        what = path.rpartition("/")[2]
        with self._lock:
            if what not in self._watched or self.kills.total() >= self._most:
                return ""
            moment = self._random.choice(self._moments)
            if moment:
                self.kills[f"{moment} {what}"] += 1
            return moment

    def delay(self) -> float:
        """Return after how many seconds of a call its server is killed."""
        with self._lock:
            return self._random.uniform(0, 0.1)


class Watched(Wire):
    """The wire between a program and its server."""

    def __init__(self, server: Server, killer: Killer) -> None:
        super().__init__(server.url)
        self._killed, self._killer = server, killer

    def handle(self, call: Call) -> None:
        moment, body = self._killer.may_kill(call.path), call.read()
        killing = threading.Timer(self._killer.delay(), self._killed.kill_and_start)
        if moment == "before":
            self._killed.kill_and_start()
        if moment == "during":
            killing.start()
        try:
            answer = call.forward(body)
        except (OSError, HTTPException):
            answer = None
        if moment == "behind":
            self._killed.kill_and_start()
        if moment == "during":
            killing.join()
        if answer is None or moment in ("behind", "during"):
            call.cut()
        else:
            call.answer(*answer)


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


@contextmanager
def servers_running(installation: Installation, killer: Killer, number: int) -> Iterator[list[str]]:
    """Yield the addresses of `number` servers, each behind a wire where it is killed."""
    with ExitStack() as stack:
        servers = [Server(installation, place) for place in range(number)]
        for server in servers:
            stack.callback(server.stop)
        yield [stack.enter_context(Watched(server, killer)).url for server in servers]


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
