"""Write the manual's page of the life cycle, from the tables of transitions themselves.

Run as `python -m tools.life_cycle_page` after a transition was added or changed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from ionport.documents.model import DocumentStatus
from ionport.documents.review.life_cycle import TRANSITIONS, Author
from ionport.exports.life_cycle import DELIVERY_TRANSITIONS
from ionport.exports.model import DeliveryStatus

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "src" / "ionport" / "manual" / "life-cycle.md"

_HEAD = """\
# Life cycle

Where a document stands follows from its findings, its approvals and its deliveries; a person can
put it on hold, reject or delete it, and then it stays there until that is undone. A document leaves
only from *Validated, pending export* on, and only while no finding holds it: this is asked when a
delivery is made, and again in the transaction that commits each call before it leaves. What was
sent and not answered is looked up all the same, and written down.

*New* is a document that is not judged yet. The transaction that receives it judges it, so that no
list shows one.

| status | reached from | because | by |
|---|---|---|---|
"""


_DELIVERIES = """
## Deliveries

A delivery is made *Pending*, in the transaction that decides on the export, and committed with the
document's status. *Delivered*, *Failed* and *Cancelled* are its ends; *Held* on the pages is
*Waiting to try again* without a time. The document follows: above, *its deliveries say so*.

| status | reached from | because | by |
|---|---|---|---|
"""


def life_cycle_page() -> str:
    """Return the page."""
    documents = [
        _row(
            status,
            (each for each in DocumentStatus if each in row.sources),
            row.cause.text,
            row.author,
        )
        for status in DocumentStatus
        for row in TRANSITIONS
        if row.target is status
    ]
    deliveries = [
        _row(row.target, row.sources, row.cause.value, row.author) for row in DELIVERY_TRANSITIONS
    ]
    return f"{_HEAD}{_lines(documents)}{_DELIVERIES}{_lines(deliveries)}"


def _row(
    target: DocumentStatus | DeliveryStatus,
    sources: Iterable[DocumentStatus | DeliveryStatus],
    cause: str,
    author: Author,
) -> str:
    return f"| {target.label} | {', '.join(each.label for each in sources)} | {cause} | {author} |"


def _lines(rows: Iterable[str]) -> str:
    return "".join(f"{row}\n" for row in rows)


def main() -> int:
    """Write the page; returns the exit status."""
    PAGE.write_text(life_cycle_page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
