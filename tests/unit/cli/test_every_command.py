from __future__ import annotations

import click
import pytest

from ionport.cli import _COMMANDS, main


@pytest.mark.parametrize("name", _COMMANDS)
def test_each_command_that_the_help_lists_is_there(name: str) -> None:
    context = click.Context(main)
    command = main.get_command(context, name)
    assert command is not None
    assert command.get_help(click.Context(command))
