"""Fixtures of every test: a moving clock, fresh databases of both kinds, no network outside."""

from __future__ import annotations

import gc
import ipaddress
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from ionport.core.clock import MovableClock
from ionport.store import Database, sqlite_url
from tests.support import compiled_statements, databases, prepared_schema, rsa_keys
from tests.support.schema import create_schema

# Commands that call Infor keep tokens for the next one; a test's are its own.
os.environ["IONPORT_TOKEN_CACHE"] = "off"

# Where there is memory for files, tests need not wait for the disk at every commit.
if "TMPDIR" not in os.environ and os.access("/dev/shm", os.W_OK):
    os.environ["TMPDIR"] = tempfile.tempdir = "/dev/shm"

# Most objects of this process are tests and modules, which stay to its end: looking at them again
# and again for what nobody uses took a tenth of its time.
gc.set_threshold(50_000, 20, 50)

# Beside other load everything is slow, and no promise is about that.
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("suite")

ALL_DATABASES = ("sqlite", "postgresql")


def pytest_collection_finish() -> None:
    """Take the tests themselves, which stay to the end, out of what is looked at for cycles."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on SQLite alone, unless it is marked `on_each_database`.

    The mark is for a test whose promise is what a database does (SQL that differs, locks and
    races, constraints, values that one of them refuses), and for one good use of each repository's
    statements.
    """
    marks = list(metafunc.definition.iter_markers())
    if any(mark.name == "on_each_database" for mark in marks):
        return
    chosen = {mark.args[0] for mark in marks if mark.name == "parametrize"}
    for name in metafunc.fixturenames:
        fixtures = metafunc._arg2fixturedefs.get(name, ())
        if fixtures and fixtures[-1].params == ALL_DATABASES and name not in chosen:
            # As a mark, which pytest takes in place of the fixture's own parameters.
            once = pytest.mark.parametrize(name, ALL_DATABASES[:1], indirect=True)
            metafunc.definition.add_marker(once, append=False)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(datetime(2026, 3, 5, 10, 0, tzinfo=UTC))


@pytest.fixture(params=ALL_DATABASES)
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of the test's database: SQLite, and PostgreSQL where the test is marked."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    if database_kind == "sqlite":
        yield sqlite_url(tmp_path / "ionport.db")
        return
    url = databases.fresh_postgresql()
    yield url
    databases.drop_postgresql(url)


@pytest.fixture
def database(
    request: pytest.FixtureRequest, database_kind: str, tmp_path: Path
) -> Iterator[Database]:
    """A database with the whole current schema and no rows."""
    if "database_url" in request.fixturenames:
        database = Database(request.getfixturevalue("database_url"))
        create_schema(database)
    else:
        database = databases.with_schema(database_kind, tmp_path)
    yield database
    database.close()


@pytest.fixture(scope="session", autouse=True)
def _made_once() -> Iterator[None]:
    with (
        rsa_keys.instead_of_new_ones(),
        prepared_schema.in_place_of_slow_steps(),
        compiled_statements.kept_for_all_engines(),
    ):
        yield


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections that would leave this machine."""
    connect: Callable[[socket.socket, object], object] = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> object:
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):
            raise ConnectionRefusedError(f"tests do not connect to {address[0]}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--crash-seed", default="", help="Repeat a crash test with its printed seed.")
