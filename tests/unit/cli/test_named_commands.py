"""What README, manual and examples name at the command line is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ionport.cli import main

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "src/ionport/manual").glob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.sh")),
]
# A line of a program, or inline code, which may be broken over two lines.
_LINE = re.compile(r"^ *(?:[\w./]+/)?ionport((?: +[\w./-]+)+)", re.MULTILINE)
_INLINE = re.compile(r"`(?:[\w./]+/)?ionport((?:\s+[\w./-]+)+)[^`]*`")


def _named() -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if page.suffix == ".md":
            yield from ((page.name, found[1].split()) for found in _INLINE.finditer(text))
        blocks = [text] if page.suffix == ".sh" else _blocks(text)
        for block in blocks:
            yield from ((page.name, found[1].split()) for found in _LINE.finditer(block))


def _blocks(text: str) -> list[str]:
    return re.findall(r"```.*?```|^(?: {4}\S.*\n)+", text, re.DOTALL | re.MULTILINE)


def _missing(words: list[str]) -> str:
    """Return the first word that should name a command and does not."""
    command: click.Command | None = main
    context = click.Context(main)
    words = list(words)
    while words and words[0].startswith("-"):
        # An option of the whole program, such as --data FOLDER.
        del words[: 1 if words[0] in ("--help", "--version") else 2]
    for word in words:
        if not isinstance(command, click.Group):
            return ""
        command = command.get_command(context, word)
        if command is None:
            return word
    return ""


@pytest.mark.parametrize(("page", "words"), list(_named()), ids=lambda value: str(value)[:60])
def test_a_command_that_is_named_exists(page: str, words: list[str]) -> None:
    assert not _missing(words), f"{page}: ionport {' '.join(words)}"


def _commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


def test_every_list_and_every_thing_shown_has_json() -> None:
    lists = [
        (name, command)
        for name, command in _commands(main)
        if name.split()[-1] in ("list", "show", "status", "retry", "cancel", "delete", "rotate")
    ]
    assert len(lists) >= 14
    without = [
        name
        for name, command in lists
        if "as_json" not in {parameter.name for parameter in command.params}
    ]
    assert without == []


def test_every_command_says_what_it_does() -> None:
    assert [name for name, command in _commands(main) if not command.help] == []
