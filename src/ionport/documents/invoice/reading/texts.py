"""How the text of an element becomes the text of a term."""

from __future__ import annotations

import re
from datetime import date

from lxml import etree

from ionport.documents.invoice.reading.automaton import TermKind

_BREAKS = re.compile(r"[ ]*[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+[ ]*")
_HAS_BREAK = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]").search
# A time or a zone says nothing about the day that was meant.
_ISO_DATE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2}|[T ][0-9:.]{2,18}"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
# 102 = CCYYMMDD, 203 and 204 with hours, minutes and seconds behind it (UNTDID 2379).
_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:[0-9]{4}(?:[0-9]{2})?)?")
_DIGIT_FORMATS = frozenset({"102", "203", "204", ""})
_INDICATORS = {"1": "true", "0": "false", "MG": "true", "SC": "false"}
# UBL has no element for a note's subject: its code (UNTDID 4451) stands before the text.
_SUBJECT = re.compile(r"#([A-Z0-9]{2,3})#\s*")


def one_line(written: str) -> str:
    """Return `written` without white space around it, line breaks inside as spaces."""
    text = written.strip()
    return _BREAKS.sub(" ", text) if _HAS_BREAK(text) else text


def ready(kind: TermKind, written: str, element: etree._Element) -> str:
    """Return the text of a term of this kind; what cannot be read stays as it is written."""
    text = written.strip()
    if kind is TermKind.TEXT or kind is TermKind.AMOUNT:
        return _BREAKS.sub(" ", text) if _HAS_BREAK(text) else text
    if kind is TermKind.DATE:
        return _date(text, element)
    if kind is TermKind.INDICATOR:
        return _INDICATORS.get(text, text)
    if kind is TermKind.SUBJECT:
        match = _SUBJECT.match(text)
        return match[1] if match else ""
    if kind is TermKind.NOTE:
        match = _SUBJECT.match(text)
        return one_line(text[match.end() :] if match else text)
    return text


def _date(text: str, element: etree._Element) -> str:
    if match := _ISO_DATE.fullmatch(text):
        iso = match[1]
    elif (match := _DIGITS.fullmatch(text)) and _is_cii_date(element):
        iso = f"{match[1]}-{match[2]}-{match[3]}"
    else:
        return one_line(text)
    try:
        date.fromisoformat(iso)
    except ValueError:
        return text
    return iso


def _is_cii_date(element: etree._Element) -> bool:
    if not element.tag.endswith(("DateTimeString", "DateString")):
        return False
    return (element.get("format") or "").strip() in _DIGIT_FORMATS
