"""The package as its users meet it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from ionport import ionapi
from ionport.ionapi import idm

FOLDER = Path(ionapi.__file__).parent


def test_the_public_names_are_sorted_complete_and_importable() -> None:
    assert ionapi.__all__ == sorted(ionapi.__all__)
    assert set(ionapi.__all__) == set(ionapi._HOMES)
    for name in ionapi.__all__:
        assert getattr(ionapi, name).__module__.startswith("ionport.ionapi")
    assert dir(ionapi) == ionapi.__all__


def test_operations_keep_their_documentation() -> None:
    assert (idm.Idm.search.__doc__ or "").startswith("Items that match")
    assert (idm.AsyncIdm.search.__doc__ or "").startswith("Items that match")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = ionapi.no_such_name


def test_nothing_but_the_standard_library_and_httpx2_is_imported() -> None:
    allowed = sys.stdlib_module_names | {"httpx2", "httpcore2"}
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                roots = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                roots = {(node.module or "").partition(".")[0]}
            else:
                assert not isinstance(node, ast.ImportFrom) or node.level == 1, path.name
                continue
            assert roots <= allowed, path.name


def test_reading_a_credential_file_loads_no_http_stack() -> None:
    script = (
        "import sys; from ionport.ionapi import IonApiFile, CredentialFileError, Secret; "
        "print(sorted({'httpx2', 'httpcore2', 'asyncio', 'ssl', 'ionport.core'} & {*sys.modules}))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(FOLDER.parents[1])},
    )
    assert found.stdout.strip() == "[]"


def test_the_import_takes_less_than_a_quarter_of_a_second() -> None:
    script = (
        "import time; began = time.perf_counter(); import ionport.ionapi; "
        "print(time.perf_counter() - began)"
    )
    times = [
        float(
            subprocess.run(
                [sys.executable, "-c", script],
                capture_output=True,
                text=True,
                check=True,
                env={"PYTHONPATH": str(FOLDER.parents[1])},
            ).stdout
        )
        for _ in range(3)
    ]
    assert min(times) < 0.25
