"""Rows of `.properties` files: read, changed, added, moved and removed with their lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ionport.mappings.grammars.edits import (
    Edit,
    add_item,
    add_line,
    apply_edits,
    remove_line,
    rename_key,
    set_value,
)
from ionport.mappings.grammars.entries.groups import group_of, groups_of, lists_of
from ionport.mappings.grammars.entries.model import (
    Entries,
    Entry,
    EntryError,
    Group,
    Part,
    Reason,
    Typed,
)
from ionport.mappings.grammars.properties import Property, parse_properties
from ionport.mappings.model import MappingKind
from ionport.mappings.rendering.idm import is_document_type_key


class PropertiesRows:
    """The rows of one text of a kind."""

    def __init__(self, kind: MappingKind, text: str) -> None:
        self._kind = kind
        self._text = text
        self._lines = parse_properties(text)
        self._groups = groups_of(kind)
        types, hidden = self._types(), lists_of(kind)
        self._by_number = {
            line.line: line
            for line in sorted([*self._lines, *self._lines.duplicates], key=lambda each: each.line)
            if line.key not in hidden
        }
        self._rows = {number: self._row(line, types) for number, line in self._by_number.items()}

    def entries(self) -> Entries:
        """Return the rows; a key that is defined again further down has a row as well."""
        groups = [group for group in self._groups if group.value is not Part.TABLE]
        return Entries(list(self._rows.values()), groups)

    def changed(self, typed: Mapping[int, Typed]) -> str:
        """Return the text with other names and values; raises EntryError.

        The lists name a renamed line by its new name, and so do the other lines of that name
        that the same list is about.
        """
        rows = self._rows
        edits: dict[tuple[int, int], Edit] = {}
        renamed: dict[tuple[tuple[str, ...], str], str] = {}
        for number, new in typed.items():
            row = rows.get(number)
            if row is None:
                raise EntryError(Reason.NO_ROW, number)
            line = self._by_number[number]
            if new.value != row.value:
                _put(edits, _valued(line, new.value))
            if new.name != row.name:
                _put(edits, rename_key(line, row.group.prefix + _checked(new.name, number)))
                if row.group.lists and row.group.value is not Part.TABLE:
                    renamed[(row.group.lists, row.name)] = new.name
        for (lists, old), name in renamed.items():
            for row in rows.values():
                if (row.group.lists, row.name) == (lists, old) and row.number not in typed:
                    _put(edits, rename_key(self._by_number[row.number], row.group.prefix + name))
            for edit in self._renamed_items(lists, old, name):
                _put(edits, edit)
        return apply_edits(self._text, edits.values())

    def added(self, group_id: str, new: Typed) -> str:
        """Return the text with one more line at the end of a group, listed; raises EntryError."""
        group = next((one for one in self._groups if one.id == group_id), None)
        if group is None:
            raise EntryError(Reason.NO_ROW)
        name = _checked(new.name, 0)
        if self._lines.has(group.prefix + name):
            raise EntryError(Reason.NAME_TAKEN)
        text = f"{group.prefix}{name}={_one_line(new.value, 0)}"
        listing = self._listing(group)
        same = [row.number for row in self._rows.values() if row.group is group]
        after = max([*same, listing.line if listing else 0]) or self._last_line()
        if group.lists and listing is None:
            text = f"{group.lists[0]}={name}{self._line_end()}{text}"
        edits = [add_line(self._lines, after, text)]
        if listing and name not in self._lines.names(listing.key):
            edits.append(add_item(listing, name + _item_type(listing)))
        return apply_edits(self._text, edits)

    def removed(self, number: int) -> str:
        """Return the text without a row, unlisted where no other line has its name."""
        row = self._existing(number)
        edits = [remove_line(self._lines, number)]
        others = [
            other
            for other in self._rows.values()
            if other.number != number and (other.group.lists, other.name) == _named(row)
        ]
        listing = self._listing(row.group)
        if listing and not others and listing.line != number:
            edits += _without_item(listing, row.name)
        return apply_edits(self._text, edits)

    def moved(self, number: int, *, up: bool) -> str:
        """Return the text with a row changed for the one before or behind it in its group.

        The list changes the two as well: it says in which order they are sent.
        """
        row = self._existing(number)
        same = [one for one in self._rows.values() if one.group == row.group]
        place = same.index(row) + (-1 if up else 1)
        if not 0 <= place < len(same):
            return self._text
        other = same[place]
        edits = [
            Edit(one.number, 1, one.number, len(self._raw(one)) + 1, self._raw(instead))
            for one, instead in ((row, other), (other, row))
        ]
        listing = self._listing(row.group)
        if listing and listing.line not in (row.number, other.number):
            edits += _swapped_items(listing, row.name, other.name)
        return apply_edits(self._text, edits)

    def _row(self, line: Property, types: Sequence[str]) -> Entry:
        group = group_of(self._kind, self._groups, line.key, types)
        name = line.key.removeprefix(group.prefix)
        return Entry(line.line, group, name, line.value, self._comment(line.line))

    def _types(self) -> Sequence[str]:
        if self._kind is MappingKind.IDM:
            return [line.key for line in self._lines if is_document_type_key(line.key)]
        return self._lines.names("Document_Types") if self._kind is MappingKind.BOD else []

    def _comment(self, number: int) -> str:
        return comment_above([line.raw for line in self._lines.lines], number)

    def _raw(self, row: Entry) -> str:
        return self._lines.lines[row.number - 1].raw

    def _existing(self, number: int) -> Entry:
        row = self._rows.get(number)
        if row is None:
            raise EntryError(Reason.NO_ROW, number)
        return row

    def _listing(self, group: Group) -> Property | None:
        """Return the line of the list that names the group's lines."""
        if group.value is Part.TABLE:
            return None
        return next((self._lines.by_key[key] for key in group.lists if self._lines.has(key)), None)

    def _last_line(self) -> int:
        lines = self._lines.lines
        is_ended = len(lines) > 1 and not lines[-1].raw
        return len(lines) - 1 if is_ended else len(lines)

    def _line_end(self) -> str:
        return self._lines.lines[0].ending or "\n"

    def _renamed_items(self, lists: Sequence[str], old: str, name: str) -> Iterator[Edit]:
        for key in filter(self._lines.has, lists):
            line = self._lines.by_key[key]
            for start, item in _items(line):
                if item == old:
                    column = line.value_column + start
                    yield Edit(line.line, column, line.line, column + len(old), name)


def comment_above(lines: Sequence[str], number: int) -> str:
    """Return the comment right above a line, without its signs."""
    first = number - 1
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    texts = (line.strip().lstrip("#").strip() for line in lines[first : number - 1])
    return " ".join(filter(None, texts))


def _named(row: Entry) -> tuple[tuple[str, ...], str]:
    return row.group.lists, row.name


def _put(edits: dict[tuple[int, int], Edit], edit: Edit) -> None:
    edits[(edit.line, edit.column)] = edit


def _valued(line: Property, value: str) -> Edit:
    return set_value(line, _one_line(value, line.line))


def _one_line(value: str, number: int) -> str:
    if "\n" in value or "\r" in value:
        raise EntryError(Reason.VALUE_LINES, number)
    return value.strip()


def _checked(name: str, number: int) -> str:
    """Return a name that can stand before an equals sign and in a list."""
    if not name:
        raise EntryError(Reason.NAME_EMPTY, number)
    if name.startswith("#") or any(sign in name for sign in "=\r\n,:"):
        raise EntryError(Reason.NAME_SIGNS, number)
    return name


def _items(line: Property) -> Iterator[tuple[int, str]]:
    """Yield the names of a list's items, each with its place in the value."""
    start = 0
    for part in line.value.split(","):
        name = part.partition(":")[0]
        yield start + len(name) - len(name.lstrip()), name.strip()
        start += len(part) + 1


def _item_type(line: Property) -> str:
    """Return the `:TYPE` that the last item of a list has."""
    _name, colon, kind = line.value.rpartition(",")[2].partition(":")
    return f"{colon}{kind.rstrip()}"


def _without_item(line: Property, name: str) -> Iterator[Edit]:
    """Yield the edit that removes an item, each time that the list names it."""
    parts = line.value.split(",")
    kept = [part for part in parts if part.partition(":")[0].strip() != name]
    if len(kept) < len(parts):
        yield set_value(line, ",".join(kept).strip())


def _swapped_items(line: Property, one: str, other: str) -> Iterator[Edit]:
    parts = line.value.split(",")
    names = [part.partition(":")[0].strip() for part in parts]
    if one in names and other in names:
        here, there = names.index(one), names.index(other)
        parts[here], parts[there] = parts[there], parts[here]
        yield set_value(line, ",".join(parts).strip())
