"""What README, manual and examples name at the command line is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
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
# A line of a program, which goes on after a backslash, or inline code, which may be broken over two
# lines; in a cell of a table `|` is escaped there.
_LINE = re.compile(r"^ *(?:[\w./]+/)?ionport((?: +(?:\\\n|[^\n])+)+)", re.MULTILINE)
_INLINE = re.compile(r"(?<!`)`(?:[\w./]+/)?ionport(\s[^`]+)`")
# What ends a command for the shell.
_ENDS = re.compile(r"[|&;]+|[0-9]?>{1,2}.*|#.*|\\")
_WORD = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""")
_LONG = re.compile(r"(--[a-z][\w-]*)(?:=.*)?", re.DOTALL)


def _named() -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        inline = _INLINE.finditer(text) if page.suffix == ".md" else ()
        blocks = [text] if page.suffix == ".sh" else _blocks(text)
        lines = (found for block in blocks for found in _LINE.finditer(block))
        for found in (*inline, *lines):
            yield page.name, _words(found[1])


def _words(text: str) -> list[str]:
    """Return the words up to what ends the command for the shell."""
    words = _WORD.findall(text.replace("\\\n", " ").replace("\\|", "|"))
    return list(takewhile(lambda word: not _ENDS.fullmatch(word), words))


def _blocks(text: str) -> list[str]:
    return re.findall(r"```.*?```|^(?: {4}\S.*\n)+", text, re.DOTALL | re.MULTILINE)


def _missing(words: list[str]) -> str:
    """Return the first word that should name a command or a long option and does not."""
    command: click.Command = main
    left = iter(words)
    for word in left:
        option = _LONG.fullmatch(word)
        if option is not None:
            if option[1] not in (known := _long_options(command)):
                return word
            takes_value = isinstance(command, click.Group) and known[option[1]]
            if takes_value and "=" not in word:
                # Of a group, such as --data FOLDER: its command is still to come.
                next(left, None)
        elif isinstance(command, click.Group) and not word.startswith("-"):
            found = command.get_command(click.Context(command), word.rstrip(".,:"))
            if found is None:
                return word
            command = found
    return ""


def _long_options(command: click.Command) -> dict[str, bool]:
    """Return the long options of a command, and whether each takes a value."""
    return {
        name: not option.is_flag
        for option in command.get_params(click.Context(command))
        if isinstance(option, click.Option) and not option.hidden
        for name in (*option.opts, *option.secondary_opts)
    }


@pytest.mark.parametrize(("page", "words"), list(_named()), ids=lambda value: str(value)[:60])
def test_a_command_that_is_named_exists_with_its_options(page: str, words: list[str]) -> None:
    assert not _missing(words), f"{page}: ionport {' '.join(words)}"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("users list", "users"),
        ("user lists", "lists"),
        ("user list --as-json", "--as-json"),
        ("--folder data up", "--folder"),
        ("--data data up --hosts=x", "--hosts=x"),
        ("up --listener 3", "--listener"),
        ("--data data user list --json --text=x | grep --count y", ""),
        ("document-type effect TYPE RULE {holds\\|notes} > file --none", ""),
        ("idm --help", ""),
    ],
)
def test_what_is_missing_is_found(text: str, missing: str) -> None:
    assert _missing(_words(text)) == missing


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


def test_every_command_and_option_says_what_it_does() -> None:
    assert [name for name, command in _commands(main) if not command.help] == []
    silent = [
        (name, option.opts)
        for name, command in _commands(main)
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden and not option.help
    ]
    assert silent == []
