from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ionport.core.clock import MovableClock
from ionport.store import Database
from tests.support.web import Browser, People, browser_on
from tests.support.whole import Site, site_on


@pytest.fixture
def people(database: Database, clock: MovableClock) -> People:
    return People.on(database, clock)


@pytest.fixture
def browser(people: People) -> Iterator[Browser]:
    """A browser on pages with neither side's services: the shell alone."""
    with browser_on(people.services()) as browser:
        yield browser


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The whole application on SQLite, and an administrator's browser in front of it."""
    with site_on(tmp_path / "data", "") as site:
        yield site


@pytest.fixture
def site_on_each(tmp_path: Path, database_url: str) -> Iterator[Site]:
    """The same on SQLite and on PostgreSQL."""
    with site_on(tmp_path / "data", database_url) as site:
        yield site
