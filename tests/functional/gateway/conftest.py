"""A gateway with API suites of one's own, a token and a client for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.custom_suites import CustomSide, sqlite_side


@pytest.fixture
def side(tmp_path: Path) -> Iterator[CustomSide]:
    with sqlite_side(tmp_path) as side:
        yield side


@pytest.fixture
def token(side: CustomSide) -> str:
    return side.log_in(side.credentials())


@pytest.fixture
def client(side: CustomSide, token: str) -> Iterator[httpx2.Client]:
    with side.client(token) as client:
        yield client
