"""A row of the form: one line of a mapping file, and the meaning of its two sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Part(StrEnum):
    """What one side of a line holds."""

    TYPE = "type"
    TARGET = "target"
    SOURCE = "source"
    CONSTANT = "constant"
    EXPRESSION = "expression"
    PATH = "path"
    TABLE = "table"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of one kind: those of a section, by their prefix, or those of one table in TOML.

    `prefix` is what the keys begin with, `lists` are the keys of the lists that name the lines
    (of spellings the first one is written), `section` the section of the target; empty for none.
    """

    id: str
    name: Part
    value: Part
    prefix: str = ""
    lists: tuple[str, ...] = ()
    section: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: the line `number` (from 1), its name without the prefix, and its value.

    `comment` are the comment lines right above. What `is_fixed` can be removed or moved, and is
    written in the text view: its value is no plain text.
    """

    number: int
    group: Group
    name: str
    value: str
    comment: str = ""
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class Entries:
    """The rows of a file in their order, and the groups that a new row may join."""

    rows: Sequence[Entry]
    groups: Sequence[Group]

    @property
    def by_number(self) -> Mapping[int, Entry]:
        """The rows by the numbers of their lines."""
        return {row.number: row for row in self.rows}


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person typed into a row."""

    name: str
    value: str


class EntryError(ValueError):
    """What was typed cannot be written; `reason` says why, `number` is the row's line or 0."""

    def __init__(self, reason: Reason, number: int = 0) -> None:
        super().__init__(reason.value)
        self.reason, self.number = reason, number


class Reason(StrEnum):
    """Why a row cannot be written."""

    NAME_EMPTY = "name_empty"
    NAME_SIGNS = "name_signs"
    VALUE_LINES = "value_lines"
    NAME_TAKEN = "name_taken"
    NO_ROW = "no_row"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Order:
    """A change of the rows beside new names and values.

    `do` is one of `remove`, `up`, `down` with the row's line, or `add` with a group.
    """

    do: str = ""
    number: int = 0
    group: str = ""
    typed: Typed = field(default_factory=lambda: Typed("", ""))
