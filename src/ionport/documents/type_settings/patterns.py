r"""Patterns of field values: a part of regular expressions whose check always ends soon.

Allowed are signs, ``.``, ``\d \w \s`` and escaped signs, classes in brackets, alternatives in
groups, and ``? * + {n} {n,m}`` after one sign or class; a group may only be followed by ``?``.
"""

from __future__ import annotations

import re

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _

MAX_PATTERN = 200
MAX_CHECKED = 200
"""Longer values match no pattern."""

_ELEMENT = re.compile(r"\\[dws]|\\[^A-Za-z0-9]|\[\^?\]?(?:\\.|[^\]\\])*\]|[^\\()\[\]{}?*+|^$]")
_QUANTIFIER = re.compile(r"\{(\d{1,3})(,\d{0,3})?\}|[?*+]")
_MAX_VARIABLE, _MAX_OPTIONAL, _MAX_ALTERNATIVES = 3, 4, 10


def checked_pattern(text: str) -> str:
    """Return `text` when it is a pattern of this grammar; raises InvalidInput otherwise."""
    place, variable, optional = 0, 0, 0
    while place < len(text):
        if text[place] in "(|":
            place += 1
            continue
        element = _ELEMENT.match(text, place)
        is_group = text[place] == ")"
        if element is None and not is_group:
            raise _wrong(text[place])
        place = element.end() if element else place + 1
        if quantifier := _QUANTIFIER.match(text, place):
            place = quantifier.end()
            if is_group and quantifier[0] != "?":
                raise _wrong(f"){quantifier[0]}")
            optional += quantifier[0] == "?"
            variable += quantifier[0] in ("*", "+") or quantifier[2] is not None
    if variable > _MAX_VARIABLE or optional > _MAX_OPTIONAL or text.count("|") > _MAX_ALTERNATIVES:
        raise _wrong(text[:50])
    try:
        re.compile(text)
    except re.error:
        raise _wrong(text[:50]) from None
    if len(text) > MAX_PATTERN:
        raise _wrong(text[:50])
    return text


def matches(pattern: str, value: str) -> bool:
    """Tell whether the whole value fits a checked pattern."""
    return len(value) <= MAX_CHECKED and re.fullmatch(pattern, value) is not None


def _wrong(what: str) -> InvalidInput:
    return InvalidInput(
        _(
            "The pattern cannot be used at “{what}”: write signs, classes like [A-Z] and \\d, and"
            " ?, *, + or {{n,m}} after one of them, three of these at most."
        ).format(what=what),
        code="invalid_pattern",
    )
