"""Write the manual's table of what the sandbox imitates, from its own registry.

Run as `python -m tools.coverage_page` after an operation was added or its fact changed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from ionport.core.blobs import FolderBlobs
from ionport.core.clock import SystemClock
from ionport.sandbox.app import ServiceMakers
from ionport.sandbox.kit.coverage import as_markdown, coverage

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "src" / "ionport" / "manual" / "sandbox-coverage.md"

_HEAD = """\
# What the sandbox imitates

**Verified** was seen in a public source that the page of the reference links. **Inferred from
public clients** was seen in working programs, of which no address is known. **Inferred** was
concluded from others and may differ from a tenant. What is not here is refused with an error that
says so. The same table, with an OpenAPI document of each service, is in the Inspector under
**Coverage**.

"""


def coverage_page() -> str:
    """Return the page."""
    with tempfile.TemporaryDirectory() as folder:
        makers = ServiceMakers(FolderBlobs(Path(folder)), SystemClock(), gateway_url="")
        return f"{_HEAD}{as_markdown(coverage(makers.all()))}\n"


def main() -> int:
    """Write the page."""
    PAGE.write_text(coverage_page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
