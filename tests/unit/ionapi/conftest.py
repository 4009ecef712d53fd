from __future__ import annotations

from collections.abc import Iterator

import pytest

from ionport.ionapi import IonApiFile
from tests.unit.ionapi.loopback import Loopback, SmallInfor, credentials


@pytest.fixture
def infor() -> SmallInfor:
    return SmallInfor()


@pytest.fixture
def server(infor: SmallInfor) -> Iterator[Loopback]:
    with Loopback(infor) as loopback:
        yield loopback


@pytest.fixture
def file(server: Loopback) -> IonApiFile:
    return credentials(server.url)
