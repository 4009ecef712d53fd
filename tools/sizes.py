"""Finds folders with more modules than one can know at a glance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.violation import Violation

MOST_MODULES: Final = 14
# Migrations are one sequence, read by number and never moved: each change of the schema adds one.
UNLIMITED: Final = ("migrations/versions",)


def full_folders(root: Path) -> Iterator[Violation]:
    """Yield each folder below `root` that holds more modules than the limit, `__init__` aside."""
    modules = Counter(path.parent for path in root.rglob("*.py") if path.name != "__init__.py")
    for folder, count in sorted(modules.items()):
        if count > MOST_MODULES and not folder.as_posix().endswith(UNLIMITED):
            yield Violation(
                folder,
                1,
                "full-folder",
                f"{count} modules, {MOST_MODULES} at most: give a subject a folder of its own",
            )
