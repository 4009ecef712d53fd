"""Write the manual's page of the life cycle, from the table of transitions itself.

Run as `python -m tools.life_cycle_page` after a transition was added or changed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ionport.documents.model import DocumentStatus
from ionport.documents.review.life_cycle import TRANSITIONS, Transition

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


def life_cycle_page() -> str:
    """Return the page."""
    rows = [_row(row) for status in DocumentStatus for row in TRANSITIONS if row.target is status]
    return _HEAD + "\n".join(rows) + "\n"


def _row(row: Transition) -> str:
    sources = ", ".join(status.label for status in DocumentStatus if status in row.sources)
    return f"| {row.target.label} | {sources} | {row.cause.text} | {row.author} |"


def main() -> int:
    """Write the page; returns the exit status."""
    PAGE.write_text(life_cycle_page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
