"""How many examples a property test takes: fewer at each push, all of them before a release."""

from __future__ import annotations

import os
from typing import Final

_SHARE: Final = float(os.environ.get("IONPORT_EXAMPLES") or 0.4)


def example_count(all_of_them: int) -> int:
    """Return the number for `max_examples`; IONPORT_EXAMPLES=1 takes all."""
    return max(round(all_of_them * _SHARE), 5)
