"""Shells complete what the parser knows: commands, options and their values."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ionport.cli import main

PYTHONPATH = str(Path(__file__).parents[3] / "src")


def _words(tmp_path: Path) -> dict[str, str]:
    """The environment with a program `ionport` in front."""
    program = tmp_path / "ionport"
    program.write_text(f"#!{sys.executable}\nfrom ionport.cli import main\nmain()\n")
    program.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "PYTHONPATH": PYTHONPATH, "HOME": str(tmp_path)}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_this_program(shell: str) -> None:
    printed = CliRunner().invoke(main, ["completion", shell])
    assert printed.exit_code == 0, printed.output
    assert f"_IONPORT_COMPLETE={shell}_complete" in printed.stdout.replace("'", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_valid_where_the_shell_is_there(shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    script = CliRunner().invoke(main, ["completion", shell]).stdout
    subprocess.run([program, "-n"], input=script, text=True, check=True, timeout=30)


@pytest.mark.parametrize(
    ("typed", "expected", "other"),
    [
        ("ionport id", "idm", "ion"),
        ("ionport idm ", "search", "idm"),
        ("ionport idm search --col", "--columns", "--offset"),
        ("ionport completion f", "fish", "bash"),
        ("ionport m3 load --retry un", "unknown", "refused"),
    ],
)
def test_bash_completes_commands_options_and_values(
    tmp_path: Path, typed: str, expected: str, other: str
) -> None:
    environment = _words(tmp_path)
    words = typed.split(" ")
    environment |= {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    found = subprocess.run(
        ["ionport"],
        env={**environment, "_IONPORT_COMPLETE": "bash_complete"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    offered = [line.partition(",")[2] for line in found.stdout.splitlines()]
    assert expected in offered
    assert other not in offered


def test_commands_are_offered_without_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base install completes the names of commands that need an extra."""
    before = set(sys.modules)
    runner = CliRunner()
    env = {"_IONPORT_COMPLETE": "fish_complete", "COMP_WORDS": "ionport ", "COMP_CWORD": ""}
    printed = runner.invoke(main, [], env=env, prog_name="ionport")
    assert "plain,up\tServe both sides" in printed.output
    assert not [name for name in set(sys.modules) - before if name.startswith("ionport.cli.")]
