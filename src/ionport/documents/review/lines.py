"""A document without lines is held where its export books lines: archiving needs none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ionport.documents.model import Row
from ionport.documents.review.model import WITHOUT_INVOICE, NewFinding
from ionport.documents.types import INVOICE_TABLE

NO_LINES = "no_lines"


def has_lines(tables: Mapping[str, Sequence[Row]]) -> bool:
    """Tell whether there is a line that could be booked."""
    return bool(tables.get(INVOICE_TABLE))


def judge_lines(
    tables: Mapping[str, Sequence[Row]], titles: Iterable[str], known: Iterable[NewFinding] = ()
) -> list[NewFinding]:
    """Return a finding for each of the configurations that would book a document without lines.

    `titles` names those that book, `known` is what was found so far: a document whose invoice is
    not read yet is not checked.
    """
    if has_lines(tables) or any(one.code in WITHOUT_INVOICE for one in known):
        return []
    return [NewFinding(NO_LINES, {"title": title[:200]}) for title in titles]
