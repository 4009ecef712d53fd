from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.support.api import program
from tests.support.whole import Site, site_on


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The whole application on SQLite, and an administrator's browser in front of it."""
    with site_on(tmp_path / "data", "") as site:
        yield site


@pytest.fixture
def api(site: Site) -> Iterator[TestClient]:
    """A program with an administrator's key for everything."""
    with program(site) as client:
        yield client
