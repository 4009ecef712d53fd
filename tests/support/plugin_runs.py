"""Runs pytest in a process of its own, as a user of the plugin does; no other plugin is there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_SOURCE = Path(__file__).parents[2] / "src"
_SECONDS = 120
PLUGIN = "ionport.testing.pytest_plugin"


def start_pytest(folder: Path, arguments: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Start pytest in `folder`, warnings as errors."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(_SOURCE),
        # The plugin is named: it is the same with and without installed metadata.
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "",
    }
    own = ("-p", PLUGIN, "-W", "error", "-p", "no:cacheprovider", "--rootdir", str(folder))
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *own, *arguments, str(folder)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return exit status and output of what `start_pytest` started."""
    try:
        output, _nothing = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _nothing = process.communicate()
    return process.returncode, output


def run_pytest(folder: Path, test_file: str, arguments: Sequence[str] = ()) -> tuple[int, str]:
    """Write `test_file` into `folder` and run it."""
    (folder / "test_it.py").write_text(test_file, encoding="utf-8")
    return finished(start_pytest(folder, arguments))


def run_python(script: str, *, before: Sequence[str] = ()) -> str:
    """Run a script in a fresh process; return what it prints. Raises when it fails."""
    done = subprocess.run(
        [sys.executable, *before, "-c", script],
        env={**os.environ, "PYTHONPATH": str(_SOURCE)},
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout
