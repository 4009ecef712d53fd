from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ionport.core.clock import MovableClock
from ionport.store import Database
from tests.support.web import Browser, People, browser_on
from tests.support.whole import Desk, desk_on


@pytest.fixture
def people(database: Database, clock: MovableClock) -> People:
    return People.on(database, clock)


@pytest.fixture
def browser(people: People) -> Iterator[Browser]:
    """A browser on pages with neither side's services: the shell alone."""
    with browser_on(people.services()) as browser:
        yield browser


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """The whole application on SQLite, and an administrator's browser in front of it."""
    with desk_on(tmp_path / "data", "") as desk:
        yield desk


@pytest.fixture
def desk_on_each(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """The same on SQLite and on PostgreSQL."""
    with desk_on(tmp_path / "data", database_url) as desk:
        yield desk
