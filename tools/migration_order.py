"""Finds migrations whose number is taken, leaves a gap, or does not belong into their folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tools.violation import Violation


def misplaced_migrations(root: Path) -> Iterator[Violation]:
    """Yield each migration below `root` that is not the next one of its folder of ten."""
    files = sorted(
        (root / "migrations" / "versions").rglob("[0-9]*.py"), key=lambda path: path.name
    )
    for number, path in enumerate(files, start=1):
        folder = f"from_{(number - 1) // 10 * 10 + 1:04}"
        if path.name[:4] != f"{number:04}" or path.parent.name != folder:
            yield Violation(
                path, 1, "misplaced-migration", f"the next number is {number:04}, in {folder}"
            )
            return
