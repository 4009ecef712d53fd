"""Secrets as value objects that do not print.

Source: docs/decisions/0006-secrets-sealed-digested-shown-once.md.
"""

from __future__ import annotations

import hmac
from typing import NoReturn

DOTS = "••••••••"


class Secret:
    """A text that never shows: `str`, `repr`, f-strings and pickles give dots or refuse.

    Read it with `reveal()`, at the one place that needs it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself."""
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"Secret({DOTS})"

    def __str__(self) -> str:
        return DOTS

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not serialized")
