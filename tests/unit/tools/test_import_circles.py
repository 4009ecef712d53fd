from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tools.import_circles import import_circles


def _circles(folder: Path, modules: Mapping[str, str]) -> list[str]:
    root = folder / "pkg"
    for name, source in modules.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return [violation.text for violation in import_circles(root)]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("from pkg.b import X", "from pkg.a import Y"),
        ("import pkg.b", "def f():\n    from pkg import a"),
        ("from .b import X", "from . import a"),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pkg.b import X",
            "from pkg import a",
        ),
    ],
)
def test_a_circle_of_two_is_found(tmp_path: Path, a: str, b: str) -> None:
    (found,) = _circles(tmp_path, {"__init__.py": "", "a.py": a, "b.py": b})
    assert found in {"pkg.a -> pkg.b -> pkg.a", "pkg.b -> pkg.a -> pkg.b"}


def test_a_circle_through_folders_is_found(tmp_path: Path) -> None:
    modules = {
        "a/__init__.py": "",
        "a/one.py": "from ..b.two import X",
        "b/__init__.py": "",
        "b/two.py": "from pkg.three import X",
        "three.py": "from pkg.a import one",
    }
    (found,) = _circles(tmp_path, modules)
    assert {*found.split(" -> ")} == {"pkg.a.one", "pkg.b.two", "pkg.three"}


def test_a_package_and_its_modules_make_no_circle_by_lying_together(tmp_path: Path) -> None:
    modules = {"__init__.py": "from .a import X", "a.py": "from pkg.b import X", "b.py": ""}
    assert not _circles(tmp_path, modules)
