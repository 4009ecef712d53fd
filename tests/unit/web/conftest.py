from __future__ import annotations

from collections.abc import Iterator

import pytest

from ionport.core.clock import MovableClock
from ionport.store import Database
from tests.support.web import Browser, People, browser_on


@pytest.fixture
def people(database: Database, clock: MovableClock) -> People:
    return People.on(database, clock)


@pytest.fixture
def browser(people: People) -> Iterator[Browser]:
    """A browser on pages with neither side's services: the shell alone."""
    with browser_on(people.services()) as browser:
        yield browser
