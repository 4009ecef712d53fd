"""The contents of an invoice's page, before it is HTML or PDF: texts only, ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """The languages that labels are in."""

    ENGLISH = "en"
    GERMAN = "de"
    FRENCH = "fr"


@dataclass(frozen=True, slots=True)
class Fact:
    """A value under its label; `term` is the id in the table of terms, empty for none.

    Lines of `text` are separated by line feeds. `was` is the text before a person corrected it,
    empty for none; None when nobody has.
    """

    label: str
    text: str
    term: str = ""
    was: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Values one below the other; `is_numeric` sets the texts to the right."""

    title: str
    rows: tuple[Fact, ...]
    is_numeric: bool = False
    kind: str = "facts"


@dataclass(frozen=True, slots=True)
class Columns:
    """Two groups of values side by side."""

    parts: tuple[Facts, ...]
    kind: str = "columns"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; `level` counts from 0, `remark` says why it does not count.

    `was` has for each cell the text before a person corrected it, None when nobody has; it is
    empty where no cell was corrected.
    """

    cells: tuple[str, ...]
    details: tuple[Fact, ...] = ()
    level: int = 0
    remark: str = ""
    was: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose columns have a value in some row; `numeric` tells which are numbers."""

    title: str
    heads: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[Row, ...]
    remark: str = ""
    kind: str = "table"


Block = Facts | Columns | Table


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole page. `made_from` says what the PDF was made from; HTML does not show it."""

    language: Language
    title: str
    blocks: tuple[Block, ...]
    page: str
    made_from: str
    not_printed: str
