"""The package as its users meet it."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ionport import ionapi
from ionport.ionapi import idm

FOLDER = Path(ionapi.__file__).parent
ROOT = Path(__file__).parents[3]
# What a reader of README, manual and examples may import from.
PUBLIC = {"ionport.ionapi", "ionport.ionapi.probe"}
_IMPORT = re.compile(r"from (ionport\.ionapi[\w.]*) import (\([^)]*\)|[^\n]+)")


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
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                roots = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                roots = {(node.module or "").partition(".")[0]}
            else:
                depth = len(path.relative_to(FOLDER).parts)
                assert not isinstance(node, ast.ImportFrom) or node.level <= depth, path.name
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
    """Of a processor: what else the machine does is not counted."""
    script = (
        "import time; began = time.process_time(); import ionport.ionapi; "
        "print(time.process_time() - began)"
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


def _shown_imports() -> Iterator[tuple[str, str, str]]:
    """Page or example, module and name of everything that it imports of the client library."""
    pages = [ROOT / "README.md", *(ROOT / "src/ionport/manual").rglob("*.md")]
    for path in [*pages, *(ROOT / "examples").rglob("*.py")]:
        for module, names in _IMPORT.findall(path.read_text("utf-8")):
            for name in names.strip("()").replace("\n", " ").split(","):
                if name.strip():
                    yield str(path.relative_to(ROOT)), module, name.split()[0]


def test_what_readme_manual_and_examples_import_is_public() -> None:
    shown = set(_shown_imports())
    assert {page for page, _module, _name in shown} >= {
        "README.md",
        "src/ionport/manual/testing.md",
    }
    for page, module, name in shown:
        assert module in PUBLIC, page
        assert hasattr(importlib.import_module(module), name), f"{name} in {page}"
