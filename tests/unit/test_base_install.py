"""The base install stays light: few packages, few megabytes, a quick start, and its commands work
with nothing else."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
MOST_PACKAGES = 10
MOST_MEGABYTES = 4.0
MOST_SECONDS = 0.6
# Each needs nothing but the base install, whatever it is asked.
COMMANDS = [
    ("--help",),
    ("connection", "prove", "nosuch.ionapi"),
    ("idm", "search", "Type", "--with", "nosuch.ionapi"),
    ("idm", "put", "--help"),
    ("ion", "send", "--help"),
    ("m3", "run", "PROG01", "Get", "--with", "nosuch.ionapi"),
    ("m3", "load", "--help"),
    ("completion", "bash"),
]
# Refuses every module that the base install does not bring, and runs the command line.
LIGHT = """
import sys
allowed = set(sys.argv[1].split(",")) | sys.stdlib_module_names | {"ionport"}
class Refusing:
    def find_spec(self, name, path=None, target=None):
        # A file of the standard library that is named by the platform is in no list of it.
        if name.partition(".")[0] not in allowed and not name.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"not in the base install: {name}", name=name)
sys.meta_path.insert(0, Refusing())
sys.argv[1:] = sys.argv[2:]
from ionport.cli import main
main()
"""
START = "import time; t = time.process_time(); {}; print(time.process_time() - t)"


def _closure(extra: str | None = None) -> dict[str, importlib.metadata.Distribution]:
    """What `pip install ionport`, or ionport with an extra, brings beside it on this platform."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = project["optional-dependencies"][extra] if extra else []
    waiting, found = [Requirement(each) for each in [*project["dependencies"], *named]], {}
    while waiting:
        requirement = waiting.pop()
        name = requirement.name.lower().replace("_", "-")
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and name not in found:
            found[name] = importlib.metadata.distribution(name)
            waiting += [Requirement(each) for each in found[name].requires or []]
    return found


def _modules(extra: str | None = None) -> str:
    tops = {
        str(path).partition("/")[0].partition(".")[0]
        for each in _closure(extra).values()
        for path in each.files or ()
        if not str(path).startswith(("..", "__pycache__")) and ".dist-info" not in str(path)
    }
    return ",".join(sorted(tops))


def _python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PYTHONPATH": str(ROOT / "src"), "HOME": "/nonexistent"},
    )


def test_it_brings_few_packages() -> None:
    found = _closure()
    assert {"click", "httpx2", "httpcore2"} <= set(found)
    assert len(found) <= MOST_PACKAGES, sorted(found)


def test_it_takes_few_megabytes() -> None:
    sizes = {
        name: sum(path.size or 0 for path in each.files or ()) / 1e6
        for name, each in _closure().items()
    }
    assert 0.5 < sum(sizes.values()) < MOST_MEGABYTES, sizes


@pytest.mark.parametrize(
    "statement", ["from ionport.ionapi import IonApiClient", "from ionport.cli import main"]
)
def test_it_starts_quickly(statement: str) -> None:
    """In seconds of a processor: what else the machine does is not counted."""
    times = [float(_python(START.format(statement)).stdout) for _ in range(2)]
    assert min(times) < MOST_SECONDS


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_its_commands_need_nothing_else(arguments: tuple[str, ...]) -> None:
    done = _python(LIGHT, _modules(), *arguments)
    assert "not in the base install" not in done.stderr
    assert "needs the extra" not in done.stderr
    assert done.returncode in (0, 1), done.stderr
    if done.returncode:
        assert "There is no such file: nosuch.ionapi" in done.stdout + done.stderr


def test_what_is_not_in_it_is_told_by_its_extra() -> None:
    done = _python(LIGHT, _modules(), "up")
    assert done.returncode == 1
    assert "needs the extra 'server'" in done.stderr


def test_a_sandbox_needs_the_extra_testing_alone(tmp_path: Path) -> None:
    command = ["--data", str(tmp_path / "data"), "sandbox", "up", "--port", "0"]
    with subprocess.Popen(
        [sys.executable, "-uc", LIGHT, _modules("testing"), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PYTHONPATH": str(ROOT / "src"), "HOME": "/nonexistent"},
    ) as process:
        assert process.stdout is not None
        # It says where it serves, or ends and says what is missing.
        said = process.stdout.readline()
        process.terminate()
    assert said.startswith("The sandbox of "), said
