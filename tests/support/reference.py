"""The reference data that is no part of the project: tests that need it skip without it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("IONPORT_REFERENCE_DATA", _ROOT.parent / "shared" / "data"))

needs_reference_data = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="IONPORT_REFERENCE_DATA is not there"
)


def reference_files(pattern: str) -> list[Path]:
    """Return the files below the folder that match; none when the folder is not there."""
    return sorted(FOLDER.glob(pattern))
