"""Write the manual's page of commands from the commands themselves.

Run as `python -m tools.commands_page` after a command, an option or a help text has changed.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from ionport.cli import main as ionport

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "src" / "ionport" / "manual" / "commands.md"

_HEAD = """\
# Commands

Every command of ionport with its arguments and options. `ionport --help` lists the commands, and
`ionport idm put --help`, or `-h`, prints the help of one: what it does, its arguments, its options.

**Data folder.** `--data FOLDER` names the data folder that a command works on. It stands before the
command: `ionport --data /srv/ionport up`. Without it the environment variable `IONPORT_DATA` names
the folder, else it is `data` where the command is started. The other
[settings](/manual/settings) of a server are environment variables too.

**Version.** `ionport --version` prints which version is installed.

**Usage lines.** In place of a word in capitals stands your own value. What is in square brackets
may be left out, of the words in braces one is written, and what ends in `...` may be given several
times. Options stand behind the command, before or after its arguments, in any order.

**Output.** Lists are tables for people; `--json` prints JSON for programs. `--page` and
`--per-page` choose the rows of a long list.

**Exit status.** 0: done. 1: not done, and the text on standard error says why and what to do. 2:
the command line is wrong, such as an unknown option or a missing argument. Where a command has a
meaning of its own for a status, its row says so. Commands that call Infor with an `.ionapi` file
have [3 and 4](/manual/client-commands#how-a-command-ends), too.

**Completion.** `ionport completion bash` prints the script with which the shell completes commands,
options and values; for zsh and fish see [Completion](/manual/client-commands#completion).

"""
_EXIT = re.compile(r"(?:^|(?<=[.;] ))Exit status:? (.+?)\.(?= |$)")
_EXAMPLE = "For example: "
_KEEPS_LINES = "\b\n"
_CODE = re.compile(r"(`[^`]*`)")
_LONG_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")


class _Command(NamedTuple):
    """A command with the context that tells its path, and the first one of its names, or ''."""

    command: click.Command
    context: click.Context
    same_as: str


def commands_page() -> str:
    """Return the page."""
    context = click.Context(ionport, info_name="ionport")
    listed = {item.value: item.help or "" for item in ionport.shell_complete(context, "")}
    names = [name for name in ionport.list_commands(context) if not _named(context, name).hidden]
    overview = [
        (f"[ionport {name}](/manual/commands#ionport-{name})", _cell(listed[name]))
        for name in names
    ]
    sections = (_section(f"ionport {name}", list(_leaves(context, name))) for name in names)
    return _HEAD + _table(("command or group", "does"), overview) + "".join(sections)


def _named(context: click.Context, name: str) -> click.Command:
    group = context.command
    command = group.get_command(context, name) if isinstance(group, click.Group) else None
    if command is None:
        raise LookupError(name)
    return command


def _leaves(parent: click.Context, name: str) -> Iterator[_Command]:
    """Yield a command, or those of a group, without the hidden ones."""
    command = _named(parent, name)
    context = click.Context(command, parent, name)
    if not isinstance(command, click.Group):
        yield _Command(command, context, "")
        return
    known: dict[click.Command, str] = {}
    for each in command.list_commands(context):
        child = _named(context, each)
        if child.hidden:
            continue
        for leaf in _leaves(context, each):
            yield leaf._replace(same_as=known.get(leaf.command, leaf.same_as))
            known.setdefault(leaf.command, leaf.context.command_path)


def _section(title: str, commands: Sequence[_Command]) -> str:
    told = [(_usage(each), *_help(each.same_as, each.command.help or "")) for each in commands]
    rows = [
        row
        for each in commands
        if not each.same_as
        for parameter in each.command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for row in [_option(each.context, parameter)]
    ]
    page = f"\n## {title}\n\n{_table(('command', 'does', 'exit status'), told)}"
    if rows:
        page += f"\n{_table(('command', 'option', 'what it does', 'default', 'variable'), rows)}"
    return page


def _usage(command: _Command) -> str:
    arguments = [
        each.make_metavar(command.context)
        for each in command.command.params
        if isinstance(each, click.Argument)
    ]
    return _code(" ".join([command.context.command_path, *arguments]))


def _help(same_as: str, text: str) -> tuple[str, str]:
    """Return what a command does, and what its exit status means where the help tells it."""
    if same_as:
        return f"The same as {_code(same_as)}.", ""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    whole = " ".join(map(_paragraph, paragraphs))
    return _cell(" ".join(_EXIT.sub("", whole).split())), _cell("; ".join(_EXIT.findall(whole)))


def _paragraph(text: str) -> str:
    """Return a paragraph of a help text in one line, commands and lines to be kept as code."""
    if text.startswith(_KEEPS_LINES):
        return ", ".join(f"`{line.strip()}`" for line in text.splitlines()[1:]) + "."
    line = " ".join(text.split())
    if line.startswith(_EXAMPLE):
        return f"{_EXAMPLE}`{line.removeprefix(_EXAMPLE)}`."
    return line


def _option(context: click.Context, option: click.Option) -> tuple[str, ...]:
    """Return the row of an option."""
    facts = option.to_info_dict()
    names = ", ".join(option.opts)
    if option.secondary_opts:
        names += f" / {', '.join(option.secondary_opts)}"
    elif not option.is_flag:
        value = option.make_metavar(context).removesuffix(" RANGE")
        if isinstance(option.type, click.Choice):
            value = f"{{{value.strip('[]')}}}"
        names += f" {value}..." if option.multiple else f" {value}"
    return (
        _code(context.command_path),
        _code(names),
        _cell((option.help or "") + _range(option.type)),
        _default(option, facts["default"]),
        _code(str(option.envvar)) if option.envvar else "",
    )


def _default(option: click.Option, value: object) -> str:
    if option.required:
        return "required"
    if option.is_flag and option.secondary_opts and value is not None:
        return _code(option.opts[0] if value else option.secondary_opts[0])
    return "" if value in (None, "") or option.is_flag else _code(str(value))


def _range(kind: object) -> str:
    if not isinstance(kind, click.IntRange | click.FloatRange):
        return ""
    if kind.max is None:
        return f" {kind.min} or more."
    return f" {kind.min} to {kind.max}."


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table without the columns that are empty."""
    columns = [column for column in zip(head, *rows, strict=True) if any(column[1:])]
    lines = list(zip(*columns, strict=True))
    lines.insert(1, ("---",) * len(columns))
    rule = f"|{'---|' * len(columns)}\n"
    return "".join(
        rule if number == 1 else f"| {' | '.join(line)} |\n" for number, line in enumerate(lines)
    )


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _cell(text: str) -> str:
    """Return a text as Markdown of a cell: options and what is between grave accents as code."""
    parts = _CODE.split(text)
    marked = (re.sub(r"[*<\[]", r"\\\g<0>", part) for part in parts[::2])
    parts[::2] = [_LONG_OPTION.sub(r"`\g<0>`", part) for part in marked]
    return "".join(parts).replace("|", "\\|")


def main() -> int:
    """Write the page; returns the exit status."""
    PAGE.write_text(commands_page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
