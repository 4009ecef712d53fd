"""The differences between two texts of a mapping file, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

_LONG = 4_000


class Change(StrEnum):
    """How a line changed."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """One line of a unified difference; numbers count from 1, None where the text lacks it.

    `LEFT_OUT` stands for lines that are the same in both; `text` is then their number.
    """

    change: Change
    old: int | None
    new: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A unified difference, with the numbers of added and removed lines."""

    lines: tuple[DifferenceLine, ...]
    added: int
    removed: int


def difference(old: str, new: str, context: int = 3) -> Difference:
    """Return what is different; `context` lines beside each change are kept.

    Ends of lines do not count: a version is compared as a person reads it.
    """
    before, after = old.splitlines(), new.splitlines()
    matcher = _matcher(before, after)
    lines = tuple(_lines(matcher, before, after, context))
    return Difference(
        lines,
        added=sum(line.change is Change.ADDED for line in lines),
        removed=sum(line.change is Change.REMOVED for line in lines),
    )


def _matcher(before: list[str], after: list[str]) -> SequenceMatcher[str]:
    """Compare lines; in long texts frequent lines are no anchors, which would take minutes."""
    return SequenceMatcher(None, before, after, autojunk=len(before) + len(after) > _LONG)


def _lines(
    matcher: SequenceMatcher[str], before: list[str], after: list[str], context: int
) -> Iterator[DifferenceLine]:
    shown_old = 0
    for group in matcher.get_grouped_opcodes(context):
        if (left_out := group[0][1] - shown_old) > 0:
            yield DifferenceLine(Change.LEFT_OUT, None, None, str(left_out))
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                for number in range(old_to - old_from):
                    old, new = old_from + number, new_from + number
                    yield DifferenceLine(Change.SAME, old + 1, new + 1, before[old])
                continue
            for old in range(old_from, old_to):
                yield DifferenceLine(Change.REMOVED, old + 1, None, before[old])
            for new in range(new_from, new_to):
                yield DifferenceLine(Change.ADDED, None, new + 1, after[new])
        shown_old = group[-1][2]
    if shown_old and (left_out := len(before) - shown_old) > 0:
        yield DifferenceLine(Change.LEFT_OUT, None, None, str(left_out))


def with_line_ends(typed: str, stored: str) -> str:
    """Return an edited text with the ends of lines that the stored text has.

    A form sends every line with the same end. Lines that were not edited keep their own, others
    take the one that most lines have; whether the last line is ended stays as it was typed.
    """
    old = stored.splitlines(keepends=True)
    bare_old = [line.rstrip("\r\n") for line in old]
    ends = [line[len(bare) :] for line, bare in zip(old, bare_old, strict=True)]
    usual = max(set(filter(None, ends)), key=ends.count, default="\n")
    new = typed.splitlines(keepends=True)
    bare_new = [line.rstrip("\r\n") for line in new]
    if {"\n"} >= {*filter(None, ends)}:
        return "".join(
            bare + ("\n" if bare != line else "") for bare, line in zip(bare_new, new, strict=True)
        )
    kept = dict[int, str]()
    matcher = _matcher(bare_old, bare_new)
    for block in matcher.get_matching_blocks():
        for number in range(block.size):
            kept[block.b + number] = ends[block.a + number]
    return "".join(
        bare + ((kept.get(number) or usual) if bare != line else "")
        for number, (bare, line) in enumerate(zip(bare_new, new, strict=True))
    )
