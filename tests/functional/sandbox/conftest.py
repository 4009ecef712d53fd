"""An Infor side for each module and database, a token of one of its service accounts, a client."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from tests.conftest import ALL_DATABASES
from tests.support.infor_side import InforSide, infor_side_on


@pytest.fixture(scope="module", params=ALL_DATABASES)
def side(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InforSide]:
    yield from infor_side_on(request.param, tmp_path_factory.mktemp("side"))


@pytest.fixture(scope="module")
def token(side: InforSide) -> str:
    return side.log_in(side.credentials())


@pytest.fixture(scope="module")
def client(side: InforSide, token: str) -> Iterator[httpx2.Client]:
    with side.client(token) as client:
        yield client
