from __future__ import annotations

from pathlib import Path

import pytest

from tools.migration_order import misplaced_migrations


def _tree(root: Path, *names: str) -> list[str]:
    for name in names:
        path = root / "migrations/versions" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return [violation.path.name for violation in misplaced_migrations(root)]


def test_migrations_one_after_another_pass(tmp_path: Path) -> None:
    ten = [f"from_0001/{number:04}_a.py" for number in range(1, 11)]
    assert _tree(tmp_path, *ten, "from_0011/0011_b.py") == []


@pytest.mark.parametrize("wrong", ["from_0001/0001_b.py", "from_0001/0003_b.py", "0002_b.py"])
def test_a_number_taken_twice_a_gap_and_another_folder_are_found(
    tmp_path: Path, wrong: str
) -> None:
    assert _tree(tmp_path, "from_0001/0001_a.py", wrong) == [Path(wrong).name]
