from __future__ import annotations

from pathlib import Path

from tools.sizes import MOST_LINES, MOST_MODULES, full_folders, long_modules


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


def test_a_folder_at_the_limit_passes(tmp_path: Path) -> None:
    _folder(tmp_path, "exports/engine", MOST_MODULES)

    assert list(full_folders(tmp_path)) == []


def test_a_module_with_more_lines_than_the_limit_is_found(tmp_path: Path) -> None:
    (tmp_path / "fits.py").write_text("pass\n" * MOST_LINES)
    (tmp_path / "long.py").write_text("pass\n" * (MOST_LINES + 1))

    assert [violation.path for violation in long_modules(tmp_path)] == [tmp_path / "long.py"]
