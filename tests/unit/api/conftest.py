from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.support.api import program
from tests.support.whole import Desk, desk_on


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """The whole application on SQLite, and an administrator's browser in front of it."""
    with desk_on(tmp_path / "data", "") as desk:
        yield desk


@pytest.fixture
def api(desk: Desk) -> Iterator[TestClient]:
    """A program with an administrator's key for everything."""
    with program(desk) as client:
        yield client
