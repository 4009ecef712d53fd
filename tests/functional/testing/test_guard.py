"""Under the fixture no credentials of a real tenant are used, by a test or by what it tests."""

from __future__ import annotations

import textwrap
from pathlib import Path

from tests.support.plugin_runs import run_pytest

_SHARED = """
import json, socket, pytest
from pathlib import Path
from ionport.ionapi import IonApiFile
from ionport.testing.guard import RealTenantRefused

REAL = "gateway.eu1.inforcloudsuite.com"

def content(infor, **changes):
    return {**infor.credentials(), **changes}

def written(tmp_path, data):
    path = tmp_path / "real.ionapi"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path
"""


def _run(folder: Path, source: str) -> tuple[int, str]:
    return run_pytest(folder, textwrap.dedent(_SHARED + source))


def test_credentials_of_a_real_tenant_are_refused_however_they_are_read(tmp_path: Path) -> None:
    status, output = _run(
        tmp_path,
        """
@pytest.mark.parametrize("key", ["iu", "pu"])
def test_by_the_library(infor, tmp_path, key):
    data = content(infor, **{key: f"https://{REAL}/x/"})
    path = written(tmp_path, data)
    with pytest.raises(RealTenantRefused, match=REAL):
        IonApiFile.load(path)
    with pytest.raises(RealTenantRefused, match=REAL):
        IonApiFile.parse(json.dumps(data))

READERS = [Path.read_text, lambda p: open(p).read(), lambda p: open(str(p), "rb").read()]

@pytest.mark.parametrize("read", READERS)
def test_by_any_other_reader(infor, tmp_path, read):
    path = written(tmp_path, content(infor, iu="https://erp.example.com"))
    with pytest.raises(RealTenantRefused, match="erp.example.com"):
        read(path)

def test_a_name_of_infors_is_not_even_looked_up(infor):
    with pytest.raises(RealTenantRefused):
        socket.create_connection((REAL, 443), timeout=1)

@pytest.fixture
def early(tmp_path, infor_server):
    with pytest.raises(RealTenantRefused):
        IonApiFile.load(written(tmp_path, content(infor_server, iu=f"https://{REAL}")))

def test_a_fixture_of_ones_own_is_guarded(early, infor_server):
    pass
""",
    )
    assert status == 0, output
    assert "7 passed" in output


def test_the_fixtures_own_and_loopback_and_allowed_hosts_pass(tmp_path: Path) -> None:
    status, output = _run(
        tmp_path,
        """
def test_own(infor):
    IonApiFile.load(infor.ionapi_file())

@pytest.mark.parametrize("host", ["127.0.0.7:1", "[::1]:8400", "localhost"])
def test_loopback(infor, tmp_path, host):
    IonApiFile.load(written(tmp_path, content(infor, iu=f"http://{host}")))

@pytest.mark.infor_hosts(REAL)
def test_by_marker(infor, tmp_path):
    IonApiFile.load(written(tmp_path, content(infor, iu=f"https://{REAL}")))

def test_by_call(infor, tmp_path):
    infor.guard.allow(REAL)
    IonApiFile.load(written(tmp_path, content(infor, iu=f"https://{REAL}")))

def test_what_one_test_allowed_is_refused_in_the_next(infor, tmp_path):
    with pytest.raises(RealTenantRefused):
        IonApiFile.load(written(tmp_path, content(infor, iu=f"https://{REAL}")))

def test_without_the_fixture_nothing_is_refused(tmp_path):
    data = {"ti": "X_TST", "ci": "c", "cs": "s", "ot": "t"}
    data |= {"iu": f"https://{REAL}", "pu": f"https://{REAL}"}
    IonApiFile.load(written(tmp_path, data))

def test_calls_are_counted(infor):
    infor.token()
    infor.token()
    assert infor.recorder.count(service="AS") == infor.recorder.count(service="as") == 2
    assert infor.recorder.count("AS", status=401) == 0
""",
    )
    assert status == 0, output
    assert "9 passed" in output
