"""Labels, names of codes, numbers and dates in the three languages of the page.

`labels.tsv` (id, en, de, fr) has a short name for every term of the core model of EN 16931, for
the extensions that are common, and for the page's own words, whose ids are in small letters. A term
without a row has its whole name: `term_names.tsv` (name, de, fr) translates those of the table of
terms. `code_names.tsv` (list, code, de, fr) has the usual codes; others are named in English, as
the code lists name them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from ionport.documents.amounts import decimal_text
from ionport.documents.invoice.codes import DOCUMENT_TYPE_CODES, code_list
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.invoice.table import terms

_FOLDER = Path(__file__).parent
_LISTS = {
    "UNTDID 1001": "untdid-1001",
    "UNTDID 1153": "untdid-1153",
    "UNTDID 2005 (UBL) / UNTDID 2475 (CII)": "untdid-2005",
    "UNTDID 4451": "untdid-4451",
    "UNTDID 4461": "untdid-4461",
    "UNTDID 5189": "untdid-5189",
    "UNTDID 5305": "untdid-5305",
    "UNTDID 7143": "untdid-7143",
    "UNTDID 7161": "untdid-7161",
    "ISO 3166-1": "iso-3166-1",
    "ISO 4217": "iso-4217",
    "ISO 6523 ICD": "iso-6523-icd",
    "EAS": "eas",
    "Rec 20 / Rec 21": "rec20",
    "VATEX": "vatex",
}
_NO_BREAK = "\N{NO-BREAK SPACE}"
_SIGNS = {
    Language.ENGLISH: (",", "."),
    Language.GERMAN: (".", ","),
    Language.FRENCH: (_NO_BREAK, ","),
}
_DATES = {
    # The month as a word: 03/04 is read in two ways.
    Language.ENGLISH: "{0.day}\N{NO-BREAK SPACE}{1}\N{NO-BREAK SPACE}{0.year:04}",
    Language.GERMAN: "{0.day:02}.{0.month:02}.{0.year:04}",
    Language.FRENCH: "{0.day:02}/{0.month:02}/{0.year:04}",
}
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_GROUP = re.compile(r"(?<=\d)(?=(?:\d{3})+$)")


class Words:
    """The words of one language."""

    def __init__(self, language: Language, *, is_invoice: bool = True) -> None:
        self.language = language
        self._is_invoice = is_invoice

    def word(self, name: str) -> str:
        """Return one of the page's own words."""
        return labels()[name][self.language]

    def label(self, term: str) -> str:
        """Return what a term or a group is called on an invoice, or on an order's document."""
        known = None if self._is_invoice else labels().get(f"{term} order")
        known = known or labels().get(term)
        return known[self.language] if known else term_name(term, self.language)

    def code_name(self, list_name: str, code: str) -> str:
        """Return the name of a code of a list as the table of terms names it; "" for none."""
        own = _LISTS.get(list_name)
        if own is None:
            return ""
        if own == "untdid-2005":
            code = next((c.code for c in code_list(own).values() if c.more == code), code)
        if self.language is not Language.ENGLISH:
            translated = _code_names().get((own, code))
            if translated is not None:
                return translated[self.language]
        known = code_list(own).get(code)
        return known.name if known else ""

    def number(self, value: Decimal, decimals: int = 0, *, keeps_zeros: bool = False) -> str:
        """Write a number with its thousands grouped and at least `decimals` decimals.

        No digit is rounded away; zeros at the end are, unless `keeps_zeros`.
        """
        sign, digits = ("-", decimal_text(-value)) if value < 0 else ("", decimal_text(value))
        whole, _, fraction = digits.partition(".")
        if not keeps_zeros:
            fraction = fraction.rstrip("0")
        fraction = fraction.ljust(decimals, "0")
        group, point = _SIGNS[self.language]
        return sign + _GROUP.sub(group, whole) + (point + fraction if fraction else "")

    def date(self, day: date) -> str:
        """Write a day."""
        return _DATES[self.language].format(day, _MONTHS[day.month - 1])


def translated_code_name(codes: str, code: str, language: str) -> str:
    """Return the German or French name of a code of a list (`documents.invoice.codes`).

    ``""`` in English, and where the code has no name of that language.
    """
    own = "untdid-1001" if codes == DOCUMENT_TYPE_CODES else codes
    return _code_names().get((own, code), {}).get(language, "")


def term_name(term: str, language: str) -> str:
    """Return the whole name of a term, as the table of terms has it, in a language."""
    name = terms()[term].name
    return _term_names().get(name, {}).get(language, name)


@cache
def labels() -> Mapping[str, Mapping[str, str]]:
    """Return all labels by id, then by language."""
    rows = _rows("labels.tsv")
    head = next(rows)
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


@cache
def _term_names() -> Mapping[str, Mapping[str, str]]:
    rows = _rows("term_names.tsv")
    head = next(rows)
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


@cache
def _code_names() -> Mapping[tuple[str, str], Mapping[str, str]]:
    rows = _rows("code_names.tsv")
    head = next(rows)
    return {(row[0], row[1]): dict(zip(head[2:], row[2:], strict=True)) for row in rows}


def _rows(name: str) -> Iterator[list[str]]:
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return (line.split("\t") for line in text.splitlines())
