"""The tables of the page: lines with their sub lines, allowances and charges, VAT, attachments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ionport.documents.invoice.model import is_counted
from ionport.documents.invoice.rendering.model import Row, Table
from ionport.documents.invoice.rendering.values import Values
from ionport.documents.invoice.rendering.words import Words
from ionport.documents.invoice.tree import Node

_MAX_LEVEL = 8


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the id of its label, and the terms whose values stand in a cell, in their order."""

    label: str
    terms: tuple[str, ...]
    is_numeric: bool = False
    joint: str = "\n"


LINES = (
    Column("BT-126", ("BT-126",)),
    Column("BT-153", ("BT-153", "BT-154")),
    Column("BT-129", ("BT-129",), True),
    Column("BT-146", ("BT-146", "BT-149"), True, " / "),
    Column("vat", ("BT-152", "BT-151"), True, " "),
    Column("BT-131", ("BT-131",), True),
)
ALLOWANCES = (
    Column("BT-97", ("BT-97", "BT-98", "BT-104", "BT-105", "BT-X-271", "BT-DEX-003")),
    Column("BT-93", ("BT-93", "BT-100"), True),
    Column("BT-94", ("BT-94", "BT-101"), True),
    Column("vat", ("BT-96", "BT-103", "BT-X-274", "BT-95", "BT-102", "BT-X-273"), True, " "),
    Column("BT-92", ("BT-92", "BT-99", "BT-X-272", "BT-DEX-002"), True),
)
VAT = (
    Column("BT-118", ("BT-118",)),
    Column("BT-119", ("BT-119",), True),
    Column("BT-116", ("BT-116",), True),
    Column("BT-117", ("BT-117",), True),
)
ATTACHMENTS = (
    Column("BT-122", ("BT-122",)),
    Column("BT-123", ("BT-123",)),
    Column("BT-125-2", ("BT-125-2",)),
    Column("BT-125-1", ("BT-125-1",)),
    Column("BT-125", ("BT-125",), True),
    Column("BT-124", ("BT-124",)),
)
# The category's name stands in the VAT breakdown; in a narrow column its code is enough.
_CODES_ALONE = frozenset({"BT-151", "BT-95", "BT-102", "BT-X-273"})
_SUB_LINE = "BG-DEX-01"
_PARENT_LINE = "BT-X-304"
_FILE = "BT-125"


class Tables:
    """Makes the tables of one invoice."""

    def __init__(self, words: Words, values: Values) -> None:
        self._words = words
        self._values = values

    def of_lines(self, lines: Iterable[Node], remark: str) -> Table | None:
        """Return the lines in the file's order, sub lines of both kinds moved to the right."""
        rows = list(self._line_rows(lines, 0, {}))
        return self._table(self._words.word("lines"), LINES, rows, remark)

    def of_groups(
        self,
        title: str,
        groups: Iterable[Node],
        columns: tuple[Column, ...],
        *,
        names: bool = False,
    ) -> Table | None:
        """Return one row for each group; `names` puts what the group is into the first cell."""
        rows = []
        for group in groups:
            row = self._row(group, columns)
            if names:
                was = (None, *row.was) if row.was else ()
                row = Row((self._words.label(group.term), *row.cells), row.details, was=was)
            rows.append(row)
        if names:
            columns = (Column("kind", ()), *columns)
        return self._table(title, columns, rows)

    def _line_rows(
        self, lines: Iterable[Node], level: int, levels: dict[str, int]
    ) -> Iterator[Row]:
        for line in lines:
            subs = [child for child in line.children if child.term == _SUB_LINE]
            own = level
            if parent := _own_value(line, _PARENT_LINE):
                own = min(levels.get(parent, level) + 1, _MAX_LEVEL)
            levels[_own_value(line, "BT-126")] = own
            row = self._row(line, LINES, without=subs)
            yield Row(row.cells, row.details, own, self._remark(line), row.was)
            yield from self._line_rows(subs, min(own + 1, _MAX_LEVEL), levels)

    def _remark(self, line: Node) -> str:
        if is_counted(line):
            return ""
        kind = "group_line" if line.value("BT-X-8").upper() == "GROUP" else "information_line"
        return self._words.word(kind)

    def _row(self, group: Node, columns: tuple[Column, ...], without: Iterable[Node] = ()) -> Row:
        shown = {id(node) for node in without}
        below = list(_walk(group, shown))
        cells, was = [], []
        for column in columns:
            nodes = [node for term in column.terms for node in below if node.term == term]
            shown.update(id(node) for node in nodes)
            cells.append(column.joint.join(filter(None, (self._cell(node) for node in nodes))))
            was.append(self._was(nodes, column.joint))
        is_corrected = any(each is not None for each in was)
        details = tuple(self._values.facts(group, shown))
        return Row(tuple(cells), details, was=tuple(was) if is_corrected else ())

    def _was(self, nodes: Iterable[Node], joint: str) -> str | None:
        if all(node.was is None for node in nodes):
            return None
        texts = (self._cell(n) if n.was is None else self._values.was(n) for n in nodes)
        return joint.join(filter(None, texts))

    def _cell(self, node: Node) -> str:
        if node.term in _CODES_ALONE:
            return node.text
        if node.term == _FILE:
            # Its name and type have columns of their own.
            return self._values.own_text(node)
        return self._values.text(node)

    def _table(
        self, title: str, columns: tuple[Column, ...], rows: list[Row], remark: str = ""
    ) -> Table | None:
        """Leave out the columns without any value."""
        if not rows:
            return None
        used = [n for n in range(len(columns)) if any(row.cells[n] for row in rows)]
        return Table(
            title=title,
            heads=tuple(
                self._words.word(columns[n].label)
                if columns[n].label.islower()
                else self._words.label(columns[n].label)
                for n in used
            ),
            numeric=tuple(columns[n].is_numeric for n in used),
            rows=tuple(
                Row(
                    tuple(row.cells[n] for n in used),
                    row.details,
                    row.level,
                    row.remark,
                    tuple(row.was[n] for n in used) if row.was else (),
                )
                for row in rows
            ),
            remark=remark,
        )


def _walk(group: Node, without: set[int]) -> Iterator[Node]:
    for node in group.children:
        if id(node) not in without:
            yield node
            yield from _walk(node, without)


def _own_value(line: Node, term: str) -> str:
    return next((node.text for node in line.children if node.term == term), "")
