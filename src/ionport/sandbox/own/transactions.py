"""Transactions of M3 as a tenant's metadata describes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OwnField:
    """A field; `type` is A (text), N (number) or D (date), `length` 0 where it is not told."""

    name: str
    type: str
    length: int
    is_mandatory: bool


@dataclass(frozen=True, slots=True)
class OwnTransaction:
    """A transaction with its fields in M3's order; `source` names the file that tells of it."""

    program: str
    name: str
    inputs: Sequence[OwnField]
    outputs: Sequence[OwnField]
    source: str = ""


def field_type(letter: str) -> str:
    """Return A, N or D for what M3 or a schema calls a type."""
    first = letter.strip().upper()[:1]
    if first in ("N", "P", "S", "I"):
        # `string` is a schema's word, S a signed number of M3's.
        return "A" if letter.strip().lower() == "string" else "N"
    return "D" if first == "D" else "A"
