"""Sentences that are stored: a template and its parameters, said in the language of who reads.

Source: docs/decisions/0061-stored-sentences.md.

What is stored of a sentence is JSON with its template, which is its key in the catalogues, and its
parameters; of one without parameters the template alone, and of any other text the text itself, as
versions before stored them. A sentence is any text with `template` and `parameters`: those of
`core.i18n` and of `ionapi.wording`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ionport.core.i18n import (
    SOURCE_LANGUAGE,
    Sentence,
    filled,
    gettext,
    language,
    ngettext,
    speaking,
)

_BEGIN: Final = '{"template": '
_QUOTED: Final = "{text}"


def told(text: str) -> str:
    """Return a text in the current language: a sentence anew, any other as the catalogue has it."""
    return _translated(text) if parts_of(text) is None else _said(_parts(text))


def english(text: str) -> str:
    """Return a text in English, as programs compare it."""
    if language() == SOURCE_LANGUAGE:
        return told(text)
    with speaking(None):
        return told(text)


def joined(*texts: str, by: str = " ") -> str:
    """Join sentences; empty ones do not count."""
    parts = [text for text in texts if text]
    if len(parts) < 2:
        return parts[0] if parts else ""
    names = [f"part_{number}" for number in range(len(parts))]
    template = by.join(f"{{{name}}}" for name in names)
    return Sentence.of(by.join(parts), template, dict(zip(names, parts, strict=True)))


def shortened(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters; one that is cut is no sentence any more."""
    return text if len(text) <= limit else text[:limit]


def quoted(text: str) -> str:
    """Return a text from outside, which no catalogue has, so that it is stored as it came."""
    return Sentence.of(text, _QUOTED, {"text": text}) if text else ""


def stored(text: str) -> str:
    """Return what is stored of a text."""
    parts = _parts(text)
    if isinstance(parts, str):
        parts = _parts(quoted(parts)) if parts.startswith(_BEGIN) else parts
    elif list(parts) == ["template"]:
        parts = parts["template"]
    return parts if isinstance(parts, str) else json.dumps(parts, ensure_ascii=False)


def recalled(value: str) -> str:
    """Return what was stored, in the current language."""
    if not value.startswith(_BEGIN):
        return _translated(value)
    try:
        return _said(json.loads(value))
    except (ValueError, KeyError, TypeError, AttributeError):
        # Stored by an earlier version: a text from outside that looks like JSON.
        return value


def parts_of(text: str) -> Mapping[str, Any] | None:
    """Return template and parameters of a sentence, for programs; None of any other text."""
    parts = _parts(text)
    return None if isinstance(parts, str) else parts


def _parts(text: str) -> str | dict[str, Any]:
    template = getattr(text, "template", None)
    if template is None:
        return str(text)
    parts: dict[str, Any] = {"template": template}
    parameters: Mapping[str, str] = getattr(text, "parameters", {})
    if parameters:
        parts["parameters"] = {name: _parts(value) for name, value in parameters.items()}
    if plural := getattr(text, "plural", ""):
        parts |= {"plural": plural, "number": getattr(text, "number", 0)}
    return parts


def _said(parts: str | Mapping[str, Any]) -> str:
    if isinstance(parts, str):
        return parts
    template, plural, number = parts["template"], parts.get("plural", ""), parts.get("number", 0)
    text = ngettext(template, plural, number) if plural else gettext(template)
    values = {name: _said(value) for name, value in parts.get("parameters", {}).items()}
    return Sentence.of(filled(text, values), template, values, plural, number)


def _translated(text: str) -> str:
    """Return a sentence without parameters in the current language.

    What no catalogue has is a name, somebody else's words, or a sentence of an earlier version.
    """
    found = gettext(text)
    return found if found != text else str(text)
