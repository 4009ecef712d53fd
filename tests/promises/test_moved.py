"""`ionport migrate --to` beside workers: refused or safe, and every invoice arrives once."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from ionport.core.errors import Unavailable
from ionport.data_folder import DATABASE_FILE
from ionport.installation.moving import move
from ionport.settings import Settings, Side
from ionport.store import sqlite_url
from tests.promises.conftest import Installer
from tests.promises.counting import Infor, Ledger, assert_posted_exactly_once
from tests.promises.infor import Target
from tests.promises.installation import Installation, socket_of, through
from tests.promises.test_recovery import Held
from tests.promises.wire import CREATE, Relay, Wire
from tests.promises.workers import Workers
from tests.support import databases, sides
from tests.support.sides import PATIENCE, until

DOCUMENTS = 8
IS_LONG = "IONPORT_CHAOS_DOCUMENTS" in os.environ


def settings_of(installation: Installation) -> Settings:
    url = installation.database_url.replace("+psycopg", "")
    return sides.settings_of(installation.folder, Side.DOCUMENTS, url)


def is_moved(settings: Settings, to: str) -> bool:
    """Move, unless somebody uses the database still."""
    try:
        move(settings, to)
    except Unavailable as error:
        if error.code != "installation_in_use":
            raise
        return False
    return True


def assert_goes_on_in(url: str, installation: Installation, crew: Workers, infor: Infor) -> None:
    """Assert that a worker on the other database delivers the rest, and all of it once."""
    worker = crew.start(installation.folder, "" if url.startswith("sqlite") else url)
    with closing(Ledger(url)) as ledger:
        assert until(ledger.all_delivered, PATIENCE), ledger.unfinished()
        worker.stop()
        assert len(ledger.correlation_ids()) == DOCUMENTS
        assert_posted_exactly_once(infor, ledger)


@pytest.mark.skipif(not IS_LONG, reason="waits for what a killed worker had sent: make chaos")
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_move_beside_a_running_worker_is_refused_and_after_its_kill_nothing_is_lost(
    kind: str, target: Target, install: Installer, crew: Workers
) -> None:
    with Wire(target.url) as wire:
        installation = install(kind, target.credentials_through(wire))
        installation.export(DOCUMENTS)
        # They are connections, too.
        installation.close()
        held = Held(wire, 2)
        settings = settings_of(installation)
        other = databases.fresh_postgresql() if kind == "sqlite" else ""
        to = other.replace("+psycopg", "") or "sqlite:///"
        worker = crew.start(installation.folder, installation.database_url)
        held.wait()
        for freeze in (lambda: None, worker.freeze):
            freeze()
            assert not is_moved(settings, to)
        worker.kill()
        held.released.set()
        # The server has to notice that its clients are gone.
        assert until(lambda: is_moved(settings, to), PATIENCE)
        url = other or sqlite_url(installation.folder / DATABASE_FILE)
        assert_goes_on_in(url, installation, crew, target.counts)
    if other:
        databases.drop_postgresql(other)


def test_a_worker_that_was_cut_off_during_a_move_does_not_go_on_in_the_old_database(
    target: Target, install: Installer, crew: Workers
) -> None:
    with Wire(target.url) as wire:
        installation = install("postgresql", target.credentials_through(wire))
        installation.export(DOCUMENTS)
        installation.close()
        held = Held(wire, 2)
        with Relay(socket_of(installation.database_url)) as relay:
            url = through(installation.database_url, relay.port)
            worker = crew.start(installation.folder, url)
            held.wait()
            relay.cut()
            assert until(lambda: is_moved(settings_of(installation), "sqlite:///"), PATIENCE)
            created = wire.count(CREATE)
            relay.mend()
            held.released.set()
            went_on = until(
                lambda: "was moved" in worker.tail() or wire.count(CREATE) > created, PATIENCE
            )
            assert went_on
            assert wire.count(CREATE) == created
            new = sqlite_url(installation.folder / DATABASE_FILE)
            assert_goes_on_in(new, installation, crew, target.counts)
            worker.kill()
