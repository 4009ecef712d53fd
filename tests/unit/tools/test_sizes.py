from __future__ import annotations

from pathlib import Path

import pytest

from tools.sizes import MOST_MODULES, full_folders


def _folder(root: Path, name: str, modules: int) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    for number in range(modules):
        (folder / f"module_{number}.py").touch()
    (folder / "__init__.py").touch()
    return folder


def test_a_folder_with_more_modules_than_the_limit_is_found(tmp_path: Path) -> None:
    full = _folder(tmp_path, "exports/engine", MOST_MODULES + 1)

    assert [violation.path for violation in full_folders(tmp_path)] == [full]


@pytest.mark.parametrize(
    ("name", "modules"),
    [("exports/engine", MOST_MODULES), ("migrations/versions", 3 * MOST_MODULES)],
)
def test_a_folder_at_the_limit_and_the_migrations_pass(
    tmp_path: Path, name: str, modules: int
) -> None:
    _folder(tmp_path, name, modules)

    assert list(full_folders(tmp_path)) == []
