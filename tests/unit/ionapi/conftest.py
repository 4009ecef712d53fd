from __future__ import annotations

from collections.abc import Iterator

import pytest

from ionport.ionapi import IonApiFile
from tests.unit.ionapi.loopback import Loopback, SmallInfor, credentials
from tests.unit.ionapi.tls import Authority


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


@pytest.fixture(scope="package")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))
