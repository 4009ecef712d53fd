"""Programs fetch documents while the servers that hand them out are killed: each one once.

Two programs fetch from the same list, each through a server of its own on PostgreSQL. A server is
killed before it has taken what a program says, or behind its commit and before its answer.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import httpx2
import pytest
from sqlalchemy import select, update

from ionport.application import Application
from ionport.connections.model import TargetKind
from ionport.connections.targets.model import Target
from ionport.exports.model import ExportMethod
from ionport.exports.tables import delivery_attempts
from tests.promises.conftest import Installer
from tests.promises.servers import Killer, make_key, repeated, servers_running
from tests.promises.workers import Workers
from tests.support import sides

DOCUMENTS = int(os.environ.get("IONPORT_CHAOS_DOCUMENTS") or 6)
KILLS = max(3, DOCUMENTS // 10)


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


class Program:
    """Fetches what waits, through one server, until everything is confirmed."""

    def __init__(self, name: str, url: str, key: str, book: Book) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._client = httpx2.Client(base_url=f"{url}/api/v1", headers=headers, timeout=30)
        self._name = name
        self._book = book

    def run(self, application: Application) -> None:
        def is_over() -> bool:
            waiting = repeated(lambda: self._client.get("/fetch"))
            assert waiting.status_code == 200, waiting.text
            for each in waiting.json()["items"]:
                if lease := self._take(each["id"]):
                    self._confirm(each["id"], *lease)
            self._book.let_leases_lapse(application)
            return len(self._book.confirmed) == DOCUMENTS

        # The machine may do other work: what counts is that something is confirmed all the time.
        with self._client:
            while not is_over():
                before = len(self._book.confirmed)
                goes_on = sides.until(
                    lambda before=before: is_over() or len(self._book.confirmed) > before
                )
                assert goes_on, before

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


_CASES = [("postgresql", 2)]
if "IONPORT_CHAOS_DOCUMENTS" in os.environ:
    _CASES.append(("sqlite", 1))


@pytest.mark.parametrize(("database", "servers"), _CASES)
def test_each_document_is_in_one_programs_hands_and_confirmed_once(
    database: str, servers: int, install: Installer, crew: Workers, seed: int
) -> None:
    target = Target(TargetKind.PULL, {})
    installation = install(database, ("", b""), method=ExportMethod.ON_PREMISE, target=target)
    installation.export(DOCUMENTS)
    key, book, killer = (
        make_key(installation.application),
        Book(),
        Killer(seed, KILLS, ("take", "confirm"), ("before", "during", "behind", "", "")),
    )
    with (
        servers_running(crew, installation, killer, servers) as urls,
        ThreadPoolExecutor(2) as pool,
    ):
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
