"""Query parameters of IDM's operations."""

from __future__ import annotations

from ionport.core.errors import InvalidInput
from ionport.sandbox.idm.model import MAX_SEARCH_LIMIT, Flags
from ionport.sandbox.kit.operations import Call
from ionport.sandbox.kit.texts import check_text, quoted

_DEFAULT_LIMIT = 100
_MAX_OFFSET = 10_000_000


def query_text(call: Call) -> str:
    """Return `$query`; raises InvalidInput when it is missing or has control characters."""
    value = call.query.get("$query", "")
    if not value:
        raise InvalidInput(f"The parameter {'$query'} is missing.", code="parameter_missing")
    return check_text(value)


def page_of(call: Call) -> tuple[int, int]:
    """Return `$offset` and `$limit`; raises InvalidInput for what is no number."""
    offset = _number(call, "$offset", 0, _MAX_OFFSET)
    return offset, _number(call, "$limit", _DEFAULT_LIMIT, MAX_SEARCH_LIMIT)


def flags_of(call: Call) -> Flags:
    """Return `$checkout`, `$checkin` and `$merge`, false where they are absent."""
    return Flags(
        check_out=is_true(call, "$checkout"),
        check_in=is_true(call, "$checkin"),
        merge=is_true(call, "$merge"),
    )


def is_true(call: Call, name: str) -> bool:
    """Return a switch; raises InvalidInput for anything but true and false."""
    value = call.query.get(name, "").lower()
    if value not in ("", "true", "false"):
        raise InvalidInput(
            f"The parameter {name} is true or false, not {quoted(value)}.",
            code="parameter_not_a_switch",
        )
    return value == "true"


def _number(call: Call, name: str, default: int, highest: int) -> int:
    text = call.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidInput(
            f"The parameter {name} is a number, not {quoted(text)}.",
            code="parameter_not_a_number",
        )
    return min(int(text), highest)
