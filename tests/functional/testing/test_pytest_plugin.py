"""The pytest plugin as its users run it: pytest in a process of its own, on files of a test."""

from __future__ import annotations

import importlib
import textwrap
import tomllib
from pathlib import Path

import pytest

from tests.support.plugin_runs import PLUGIN, finished, run_pytest, run_python, start_pytest

ROOT = Path(__file__).parents[3]


def _run(folder: Path, source: str) -> tuple[int, str]:
    return run_pytest(folder, textwrap.dedent(source))


def test_the_client_library_archives_and_sends_and_the_state_shows_it(tmp_path: Path) -> None:
    status, output = _run(
        tmp_path,
        """
        from ionport.ionapi import IonApiClient, IonApiFile

        def test_walk(infor):
            assert infor.url.startswith("http://127.0.0.1:")
            assert infor.credentials()["ti"] == infor.tenant
            with IonApiClient(IonApiFile.load(infor.ionapi_file())) as client:
                client.messaging.ping()
            assert infor.idm.items() == []
            assert infor.ion.messages() == []
            assert infor.m3.invoices() == []

        def test_token(infor):
            assert infor.token().count(".") == 2
        """,
    )
    assert status == 0, output


def test_the_plugin_is_imported_with_the_standard_library_and_pytest_alone() -> None:
    script = f"""
import sys, pytest
before = set(sys.modules)
import {PLUGIN}
new = {{name for name in set(sys.modules) - before}}
foreign = {{name for name in new if name.partition(".")[0] not in sys.stdlib_module_names}}
print(sorted(foreign))
"""
    assert run_python(script).strip() == str(["ionport", "ionport.testing", PLUGIN])


def test_what_the_fixture_needs_imports_no_alembic_dbos_or_jinja2() -> None:
    script = """
import sys
from ionport.testing.start import started_infor
with started_infor() as infor:
    infor.token()
forbidden = {"alembic", "dbos", "jinja2"}
# These only take time: they are loaded when something needs them.
late = {"aiohttp", "argon2", "joserfc", "lxml", "sqlalchemy.dialects.postgresql"}
print(sorted((forbidden | late) & set(sys.modules)))
"""
    assert run_python(script).strip() == "[]"


def test_the_extra_has_every_package_that_the_tenant_needs() -> None:
    script = """
import sys, urllib.request, urllib.error
extras = {"alembic", "argon2", "dbos", "jinja2", "markdown_it", "psycopg", "segno"}
sys.modules.update(dict.fromkeys(extras))
from ionport.testing.start import started_infor
with started_infor() as infor:
    token = infor.token()
    contexts = ("IDM", "IONSERVICES", "DATAFABRIC", "M3", "LN", "Mingle", "CustomerApi")
    for context in contexts:
        address = f"{infor.url}/{infor.tenant}/{context}/no/such/operation"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
        try:
            urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            print(context, error.code < 500)
            error.close()
    infor.idm.items(), infor.ion.messages(), infor.m3.invoices(), infor.recorder.calls()
    infor.reset()
"""
    assert set(run_python(script).split()[1::2]) == {"True"}


def test_without_its_packages_the_fixture_names_the_extra(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import sys\nsys.modules['sqlalchemy'] = None\n", encoding="utf-8"
    )
    status, output = _run(tmp_path, "def test_it(infor): pass\n\ndef test_other(): pass\n")
    assert status == 1
    assert "pip install 'ionport[testing]'" in output
    assert "Traceback" not in output
    assert "1 passed, 1 error" in output


def test_the_distribution_announces_the_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"ionport": PLUGIN}
    assert importlib.import_module(PLUGIN).__name__ == PLUGIN


def test_every_package_of_the_extra_is_one_of_the_servers() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = extras["optional-dependencies"]
    assert "ionport[testing]" in extras["server"]
    assert not set(extras["testing"]) & set(extras["server"])


@pytest.mark.parametrize("kind", ["items", "messages"])
def test_a_missing_thing_is_told_with_what_is_there_instead(tmp_path: Path, kind: str) -> None:
    call = {"items": "infor.idm.item(entity='M3_SupplierInvoice', SINO='7')"}.get(
        kind, "infor.ion.message('Sync.CaptureDocument')"
    )
    status, output = _run(tmp_path, f"def test_it(infor):\n    {call}\n")
    assert status == 1
    assert "found none" in output
    assert "There is none at all." in output


def test_each_test_begins_with_an_empty_tenant_on_the_same_server(tmp_path: Path) -> None:
    status, output = _run(
        tmp_path,
        """
        import pytest

        @pytest.fixture(scope="session")
        def file(infor_server):
            return infor_server.credentials()

        @pytest.mark.parametrize("number", [1, 2])
        def test_it(infor, infor_server, file, number):
            assert infor is infor_server
            assert infor.recorder.calls() == [] and infor.faults.rules() == []
            assert infor.idm.items() == []
            infor.faults.add(status=503)
            infor.seed({"idm": [{"entityName": "M3_SupplierInvoice"}]})
            assert infor.token(file)
        """,
    )
    assert status == 0, output
    assert "2 passed" in output


def test_the_report_of_a_failed_test_shows_the_calls_that_came(tmp_path: Path) -> None:
    status, output = _run(
        tmp_path,
        """
        from ionport.ionapi import IonApiClient, IonApiFile

        def test_it(infor):
            infor.faults.add(status=503, operation="ping")
            with IonApiClient(IonApiFile.load(infor.ionapi_file())) as client:
                client.messaging.ping()

        def test_without_calls(infor):
            raise AssertionError
        """,
    )
    assert status == 1
    assert "Calls to Infor in this test" in output
    shown = "<503 GET /IONPORT_TST/IONSERVICES/api/ion/messaging/service/ping: ping (fault status)>"
    assert shown in output


def test_a_projects_own_fixture_of_that_name_is_left_alone(tmp_path: Path) -> None:
    status, output = _run(
        tmp_path,
        """
        import pytest

        @pytest.fixture
        def infor():
            return "mine"

        def test_it(infor):
            assert infor == "ours"
        """,
    )
    assert status == 1
    assert "AssertionError: assert 'mine' == 'ours'" in output
    assert "INTERNALERROR" not in output


def test_an_async_test_uses_the_fixture_from_its_own_event_loop(tmp_path: Path) -> None:
    status, output = _run(
        tmp_path,
        """
        import asyncio
        from ionport.ionapi import AsyncIonApiClient, IonApiFile

        def test_it(infor):
            async def use():
                file = IonApiFile.load(infor.ionapi_file())
                async with AsyncIonApiClient(file) as client:
                    await asyncio.gather(*(client.messaging.ping() for _number in range(5)))
                return infor.token()
            assert asyncio.run(use())
        """,
    )
    assert status == 0, output


def test_two_workers_at_once_have_a_server_each(tmp_path: Path) -> None:
    source = """
    import pathlib, time

    def test_it(infor):
        path = pathlib.Path(__file__).with_name("address")
        path.write_text(infor.url)
        infor.credentials()
        other = pathlib.Path(__file__).parents[1]
        end = time.monotonic() + 60
        while len(found := list(other.glob("*/address"))) < 2:
            assert time.monotonic() < end
            time.sleep(0.02)
        addresses = {path.read_text() for path in found}
        assert len(addresses - {""}) == 2, addresses
        assert infor.token()
    """
    processes = []
    for worker in ("gw0", "gw1"):
        folder = tmp_path / worker
        folder.mkdir()
        (folder / "test_it.py").write_text(textwrap.dedent(source), encoding="utf-8")
        processes.append(start_pytest(folder))
    for process in processes:
        status, output = finished(process)
        assert status == 0, output


def test_nothing_is_left_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    folder = tmp_path / "project"
    folder.mkdir()
    status, output = run_pytest(folder, "def test_it(infor): infor.ionapi_file()\n")
    assert status == 0, output
    assert list(temporary.glob("ionport-*")) == []
