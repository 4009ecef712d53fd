"""JSON and texts as they come from foreign clients."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from ionport.core.errors import InvalidInput

# What is kept of it is read and written again, where calls may be nested less deeply.
MAX_DEPTH: Final = 100
# Not characters of XML 1.0, and not all storable: such a text could not be given back.
_UNREPRESENTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def load_json_object(content: bytes, *, with_numbers: bool = False) -> dict[str, Any]:
    """Read a JSON object; numbers stay the texts they are, a UTF-8 byte order mark is skipped.

    `with_numbers`, those become numbers that JSON can carry, for what is given back as JSON.

    Raises:
        InvalidInput: not UTF-8, not JSON, not an object, nested too deeply, or with characters
            that XML cannot carry.
    """
    whole, broken = (int, _finite) if with_numbers else (str, str)
    try:
        data = json.loads(
            content.decode("utf-8-sig"), parse_int=whole, parse_float=broken, parse_constant=str
        )
    except UnicodeDecodeError as error:
        raise InvalidInput("The text is not UTF-8.", code="not_utf8") from error
    except ValueError as error:
        raise InvalidInput(f"The text is not JSON: {error}.", code="not_json") from error
    except RecursionError as error:
        raise _too_deep() from error
    if not isinstance(data, dict):
        raise InvalidInput("A JSON object was expected.", code="not_a_json_object")
    _check_texts(data)
    return data


def _finite(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def quoted(text: str, limit: int = 80) -> str:
    """Return foreign text for an error message: in quotes, and cut at `limit`."""
    return f'"{text[:limit]}…"' if len(text) > limit else f'"{text}"'


def check_text(text: str) -> str:
    """Return `text`; raises InvalidInput when it has characters that XML cannot carry."""
    if _UNREPRESENTABLE.search(text):
        raise InvalidInput(
            "A text contains control characters, which are not accepted.",
            code="control_characters",
        )
    return text


def representable(text: str) -> str:
    """Return `text` with every character that XML cannot carry replaced."""
    return _UNREPRESENTABLE.sub("\ufffd", text)


def _check_texts(data: object) -> None:
    level = [data]
    for _depth in range(MAX_DEPTH):
        below: list[object] = []
        for value in level:
            if isinstance(value, str):
                check_text(value)
            elif isinstance(value, dict):
                below.extend(value)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
        if not below:
            return
        level = below
    raise _too_deep()


def _too_deep() -> InvalidInput:
    return InvalidInput("The JSON is nested too deeply.", code="json_too_deep")
