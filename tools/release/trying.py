"""Clean environments, and what is run in them, away from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def environment() -> Iterator[str]:
    """Give the Python of a new environment, which goes with the block."""
    with tempfile.TemporaryDirectory(prefix="ionport-release-") as folder:
        run([sys.executable, "-m", "venv", folder])
        yield f"{folder}/bin/python"


def pip(python: str) -> list[str]:
    """Return the command that installs into an environment."""
    return [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def run(command: list[str], *, status: int = 0, folder: Path | None = None) -> str:
    """Run a command away from the checkout, so that only what is installed is found.

    Returns what it prints; ends the program where its exit status is another than `status`.
    """
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "IONPORT_", "VIRTUAL_ENV"))
    }
    done = subprocess.run(  # noqa: S603
        command,
        cwd=folder or tempfile.gettempdir(),
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    require(done.returncode == status, f"{' '.join(command)}\n{done.stdout[-3000:]}")
    return done.stdout


def require(condition: bool, text: str) -> None:
    """End the program with `text` unless the condition holds."""
    if not condition:
        raise SystemExit(fail(text))


def fail(text: str) -> int:
    """Tell why there is no release; returns the exit status."""
    tell(f"No release: {text}")
    return 1


def tell(text: str) -> None:
    """Print a line."""
    print(text, flush=True)  # noqa: T201
