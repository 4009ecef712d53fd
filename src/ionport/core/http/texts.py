"""Texts from outside, before they are stored."""

from __future__ import annotations


def is_storable(text: str) -> bool:
    """Tell whether `text` can be stored and shown: no NUL, no half of a surrogate pair.

    A form can bring such halves by naming an odd charset, JSON by an escape.
    """
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def holds_storable(data: object) -> bool:
    """Tell whether every name and text in the `data` of JSON can be stored."""
    left = [data]
    while left:
        value = left.pop()
        if isinstance(value, str):
            if not is_storable(value):
                return False
        elif isinstance(value, dict):
            left += value.keys()
            left += value.values()
        elif isinstance(value, list):
            left += value
    return True


def storable(text: str) -> str:
    """Return `text` as it can be stored: ? for halves of surrogate pairs, and no NUL."""
    return text.encode(errors="replace").decode().replace("\x00", "")
