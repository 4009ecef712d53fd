"""Write the OpenAPI document of the JSON API, so that a change of the API is seen in review.

Run as `python -m tools.openapi_file` after a route or a body of the API was added or changed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ionport.api.app import openapi_document

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docs" / "openapi.json"


def openapi_text() -> str:
    """Return the document as the file has it; its version is that of the addresses."""
    document = openapi_document()
    document["info"] = {**document["info"], "version": "v1"}
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> int:
    """Write the file, and return the exit status."""
    FILE.write_text(openapi_text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
