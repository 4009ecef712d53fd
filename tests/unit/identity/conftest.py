from __future__ import annotations

import pytest

from ionport.core.clock import MovableClock
from ionport.store import Database
from tests.support.web import People


@pytest.fixture
def people(database: Database, clock: MovableClock) -> People:
    return People.on(database, clock)
