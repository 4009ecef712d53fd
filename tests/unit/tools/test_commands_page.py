"""The manual's page of commands is what the commands say of themselves."""

from __future__ import annotations

import re
import subprocess
import sys

import click

from ionport.cli import main
from tools.commands_page import PAGE, ROOT, commands_page

_WITHOUT_EXTRAS = """\
import sys
sys.modules |= dict.fromkeys(("mcp", "saxonche"))
from tools.commands_page import PAGE, commands_page
assert commands_page() == PAGE.read_text(encoding="utf-8")
"""


def test_the_page_is_made_from_the_commands() -> None:
    assert PAGE.read_text(encoding="utf-8") == commands_page(), "run python -m tools.commands_page"


def test_extras_that_are_missing_change_nothing() -> None:
    code = [sys.executable, "-c", _WITHOUT_EXTRAS]
    done = subprocess.run(code, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_command_has_a_section_and_nothing_but_tables_below_the_introduction() -> None:
    _intro, *sections = commands_page().split("\n## ")
    names = [section.partition("\n")[0] for section in sections]
    assert names == [f"ionport {name}" for name in main.list_commands(click.Context(main))]
    lines = [line for section in sections for line in section.splitlines()[1:] if line]
    assert [line for line in lines if not line.startswith("|")] == []


def test_every_row_has_the_cells_of_its_head() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", commands_page(), re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1, table


def test_options_have_value_default_and_variable() -> None:
    page = commands_page()
    assert "\n| `ionport up` | `--workers INTEGER` | " in page
    assert "| `--port INTEGER` | Port of the server. 1 to 65535. | `22` |\n" in page
    assert (
        "| `--with PATH` | The .ionapi file to sign on with. | required | `IONPORT_IONAPI` |"
        in page
    )
    assert "| `--activate / --no-activate` | Activate at once, or not. | `--activate` |\n" in page
    assert "| `--sort [-]ATTRIBUTE...` |" in page


def test_what_is_hidden_or_has_every_command_stays_out() -> None:
    page = commands_page()
    below = page.partition("\n## ")[2]
    assert [word for word in ("--help", "--data", "--version") if f"| `{word}" in below] == []
    assert "--listener" not in page


def test_the_exit_status_that_a_help_text_tells_has_a_cell() -> None:
    assert "| 1 when they differ |\n" in commands_page()
    assert "Exit status" not in commands_page().partition("\n## ")[2]


def test_a_second_name_of_a_command_leads_to_the_first() -> None:
    row = (
        "\n| `ionport document receive FILES\\|FOLDERS...` | The same as `ionport document add`. |"
    )
    assert row in commands_page()
