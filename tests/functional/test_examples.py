"""The example project's own tests, run as its readers run them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.plugin_runs import finished, start_pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    "name", sorted(path.parent.name for path in EXAMPLES.glob("*/pyproject.toml"))
)
def test_the_tests_of_an_example_pass(name: str, tmp_path: Path) -> None:
    # A copy: the example's own folder stays free of what tests leave behind.
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    status, output = finished(start_pytest(folder))
    assert status == 0, output
    assert " passed" in output
