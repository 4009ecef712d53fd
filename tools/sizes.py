"""Finds folders with more modules, and modules with more lines, than one can take in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.violation import Violation

MOST_MODULES: Final = 14
# The aim is 400; what comes near this is to be split by subject.
MOST_LINES: Final = 450
# The first schema is one list of tables, and what has been released is not rewritten.
UNLIMITED_LINES: Final = "migrations/versions/"


def full_folders(root: Path) -> Iterator[Violation]:
    """Yield each folder below `root` that holds more modules than the limit, `__init__` aside."""
    modules = Counter(path.parent for path in root.rglob("*.py") if path.name != "__init__.py")
    for folder, count in sorted(modules.items()):
        if count > MOST_MODULES:
            yield Violation(
                folder,
                1,
                "full-folder",
                f"{count} modules, {MOST_MODULES} at most: give a subject a folder of its own",
            )


def long_modules(root: Path) -> Iterator[Violation]:
    """Yield each module below `root` that has more lines than the limit."""
    for path in sorted(root.rglob("*.py")):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MOST_LINES and UNLIMITED_LINES not in path.as_posix():
            yield Violation(
                path, 1, "long-module", f"{lines} lines, {MOST_LINES} at most: split it by subject"
            )
