"""Plants faults one by one in a copy of the project, and tells which the tests do not catch.

    python -m tools.planted_faults [--jobs N] [NAME …]

Each fault of `planted_faults.toml` is a text that stands in `src/ionport` once, what stands there
instead, and the test files that must fail then. A text that is not there, or there twice, and a
test file that is not there are errors: the list goes stale loudly. Exit status 1 when a fault is
not caught or the list is stale.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Final

ROOT: Final = Path(__file__).parents[1]
LIST: Final = Path(__file__).with_suffix(".toml")
_LEFT_OUT: Final = ("__pycache__", ".*", "node_modules", "*.egg-info")
_FAILED: Final = 1
_TIMEOUT_SECONDS: Final = 600


class Stale(Exception):
    """A fault that no longer fits the code or the tests."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is changed in the code, and the test files (names or ends of paths) that notice."""

    name: str
    text: str
    instead: str
    tests: tuple[str, ...]


def faults(path: Path = LIST) -> list[Fault]:
    """Return the faults of a list."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["fault"]
    return [Fault(**{**entry, "tests": tuple(entry["tests"])}) for entry in entries]


def place_of(fault: Fault, root: Path = ROOT) -> Path:
    """Return the file that a fault changes, relative to the root; raises Stale."""
    found = [
        path
        for path in sorted((root / "src" / "ionport").rglob("*.py"))
        for _ in range(path.read_text(encoding="utf-8").count(fault.text))
    ]
    if len(found) != 1:
        where = ", ".join(str(path.relative_to(root)) for path in found) or "nowhere"
        raise Stale(f"{fault.name}: its text must stand in the code once; it stands {where}")
    return found[0].relative_to(root)


def files_of(fault: Fault, root: Path = ROOT) -> list[str]:
    """Return the paths of a fault's test files, relative to the root; raises Stale."""
    paths = []
    for name in fault.tests:
        found = [path for path in (root / "tests").rglob(Path(name).name) if _ends(path, name)]
        if len(found) != 1:
            raise Stale(f"{fault.name}: there are {len(found)} test files {name}")
        paths.append(str(found[0].relative_to(root)))
    return paths


def _ends(path: Path, name: str) -> bool:
    return path.parts[-len(Path(name).parts) :] == Path(name).parts


def copied(folder: Path) -> Path:
    """Copy the project, as it lies there, into a folder; returns the copy."""
    copy = folder / "ionport"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    return copy


def is_caught(fault: Fault, copy: Path) -> bool:
    """Plant a fault in a copy, run its tests there, and take it back."""
    path, tests = copy / place_of(fault, copy), files_of(fault, copy)
    right = path.read_text(encoding="utf-8")
    path.write_text(right.replace(fault.text, fault.instead), encoding="utf-8")
    try:
        return _fails(tests, copy)
    finally:
        path.write_text(right, encoding="utf-8")


def _fails(tests: Sequence[str], copy: Path) -> bool:
    """Run tests; an error in place of a failure, such as a module that no longer loads, is none."""
    # On SQLite alone: no fault of the list needs the other database, whose start takes longer.
    options = ["-x", "-q", "-n0", "-p", "no:cacheprovider", "-k", "not postgresql"]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    done = subprocess.run(  # noqa: S603
        command,
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    return done.returncode == _FAILED and re.search(r"^FAILED ", done.stdout, re.M) is not None


def _told(fault: Fault, copies: SimpleQueue[Path]) -> bool:
    copy = copies.get()
    try:
        caught = is_caught(fault, copy)
        said = "caught" if caught else "NOT CAUGHT"
    except (Stale, subprocess.TimeoutExpired) as error:
        caught, said = False, str(error)
    finally:
        copies.put(copy)
    print(f"{said:<12}{fault.name}", flush=True)  # noqa: T201
    return caught


def main() -> int:
    """Plant the faults named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    chosen = [each for each in faults() if not options.names or each.name in options.names]
    if unknown := set(options.names) - {each.name for each in chosen}:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="ionport-faults-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(options.jobs):
            copies.put(copied(Path(folder) / str(number)))
        with ThreadPoolExecutor(options.jobs) as pool:
            caught = list(pool.map(lambda fault: _told(fault, copies), chosen))
    print(f"{sum(caught)} of {len(chosen)} faults are caught")  # noqa: T201
    return 0 if all(caught) else 1


if __name__ == "__main__":
    sys.exit(main())
