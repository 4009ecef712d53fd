"""Servers of the document side that are killed while programs call their API."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPException

import httpx2

from ionport.application import Application
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiScope
from ionport.identity.model import OrganizationRole
from ionport.identity.service import NewUser
from ionport.store import OrganizationScope
from tests.promises.installation import Installation
from tests.promises.wire import Wire
from tests.promises.workers import Worker, Workers
from tests.support import sides
from tests.support.intermediary import Call
from tests.support.ports import free_port


class Server:
    """A server of the document side that comes back at the same address, on a wire of its own."""

    def __init__(self, crew: Workers, installation: Installation) -> None:
        self._crew = crew
        self._installation = installation
        self._port = free_port()
        self._lock = threading.Lock()
        # Who calls it in its start is cut off, and calls again.
        self._process = self._start(is_awaited=False)
        self.url = f"http://127.0.0.1:{self._port}"

    def kill_and_start(self) -> None:
        with self._lock:
            self._process.kill()
            self._process = self._start(is_awaited=True)

    def _start(self, *, is_awaited: bool) -> Worker:
        here = self._installation
        return self._crew.start_documents(
            here.folder, here.database_url, self._port, is_awaited=is_awaited
        )


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
def servers_running(
    crew: Workers, installation: Installation, killer: Killer, number: int
) -> Iterator[list[str]]:
    """Yield the addresses of `number` servers, each behind a wire where it is killed."""
    with ExitStack() as stack:
        servers = [Server(crew, installation) for _place in range(number)]
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
