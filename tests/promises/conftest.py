"""Both sides for the promises: one Infor side in a process, and workers that may be killed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("tests.promises.counting", "tests.promises.everywhere")

from tests.promises.infor import Target  # noqa: E402
from tests.promises.installation import Installation, Template  # noqa: E402
from tests.promises.workers import Workers, imported  # noqa: E402
from tests.support import databases  # noqa: E402


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    chosen = int(request.config.getoption("--crash-seed") or time.time_ns() % 1_000_000)
    print(f"crash seed: {chosen} (repeat with --crash-seed={chosen})")
    return chosen


@pytest.fixture(scope="session")
def server() -> Iterator[subprocess.Popen[str]]:
    """What the processes of all tests are made from."""
    with imported() as process:
        yield process


@pytest.fixture(scope="session")
def target(
    server: subprocess.Popen[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """The Infor side of all tests that do not kill it."""
    made = Workers(server)
    yield Target(made, tmp_path_factory.mktemp("infor") / "infor")
    made.end_all()


@pytest.fixture
def crew(server: subprocess.Popen[str]) -> Iterator[Workers]:
    """Workers that are gone when the test is over."""
    made = Workers(server)
    yield made
    made.end_all()


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Template]:
    folder = tmp_path_factory.mktemp("documents")
    made: dict[str, Template] = {}

    def get(kind: str) -> Template:
        if kind not in made:
            made[kind] = Template(kind, folder)
        return made[kind]

    return get


Installer = Callable[..., Installation]


@pytest.fixture
def install(
    templates: Callable[[str], Template], tmp_path: Path, crew: Workers
) -> Iterator[Installer]:
    """Make installations: their kind of database, their credentials; folder and URL if wanted."""
    with ExitStack() as stack:

        def make(
            kind: str,
            credentials: tuple[str, bytes],
            folder: Path | None = None,
            url: str = "",
            **export: Any,
        ) -> Installation:
            place = folder or tmp_path / "documents"
            made = templates(kind).copy(place, credentials, url, **export)
            if made.database_url and not url:
                stack.callback(databases.drop_postgresql, made.database_url)
            stack.callback(made.close)
            return made

        yield make
        crew.end_all()
