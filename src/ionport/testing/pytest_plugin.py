"""The pytest plugin `ionport`: a tenant of Infor in a test-suite.

    def test_the_invoice_is_archived(infor):
        export(invoice, credentials=infor.ionapi_file())
        assert infor.idm.item(entity="M3_SupplierInvoice").filename == "471102.xml"

Until a test asks for a fixture, this module imports the standard library and pytest alone.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ionport.testing.infor import Infor


@pytest.fixture(scope="session")
def infor_server() -> Iterator[Infor]:
    """The tenant as one for the whole session: for fixtures of your own that outlive a test.

    Each worker process of pytest-xdist has its own.
    """
    try:
        from ionport.testing.start import started_infor
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "ionport":
            raise
        pytest.fail(
            f"The fixture needs the package {error.name}: pip install 'ionport[testing]'",
            pytrace=False,
        )
    with started_infor() as infor:
        yield infor


@pytest.fixture
def infor(infor_server: Infor, request: pytest.FixtureRequest) -> Iterator[Infor]:
    """A tenant of Infor on a loopback port, as empty as on its first day.

    Credentials of a real tenant are refused meanwhile: see `ionport.testing.guard`.
    """
    from ionport.testing.guard import guard

    infor_server.reset()
    with guard.guarding(_allowed_hosts(request.node)):
        yield infor_server


def _allowed_hosts(item: pytest.Item) -> list[str]:
    return [host for mark in item.iter_markers("infor_hosts") for host in mark.args]


def pytest_configure(config: pytest.Config) -> None:
    """Announce the plugin's marker."""
    text = "infor_hosts(*names): hosts of real tenants that the test may reach under `infor`"
    config.addinivalue_line("markers", text)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Guard the test's other fixtures as well, whichever of the two it has."""
    if "infor_server" not in getattr(item, "fixturenames", ()):
        return (yield)
    from ionport.testing.guard import guard

    with guard.guarding(_allowed_hosts(item)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the calls that came to the report of a test that failed."""
    report = yield
    infor = getattr(item, "funcargs", {}).get("infor")
    # A project may have a fixture of its own by that name.
    told = getattr(getattr(infor, "recorder", None), "told", None)
    if report.failed and report.when == "call" and told is not None:
        report.sections.append(("Calls to Infor in this test", told()))
    return report
