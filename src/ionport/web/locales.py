"""The languages of the pages: their catalogues and Babel's locale data.

Source: docs/decisions/0056-texts-in-three-languages.md. A catalogue is a `.po` file, as translators
write it; it is read at the first use of its language.
"""

from __future__ import annotations

import gettext
import io
from functools import cache
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import ionport
from ionport.core.i18n import LANGUAGES, SOURCE_LANGUAGE, Speech, language

CATALOGUES: Final = Path(ionport.__file__).parent / "locale"
# All digits, and four of the year: Babel's medium format of German, its short one of French.
_DAYS: Final = {"de": "%d.%m.%Y", "fr": "%d/%m/%Y"}


def catalogue_file(code: str) -> Path:
    """Return the catalogue file of a language."""
    return CATALOGUES / code / "LC_MESSAGES" / "ionport.po"


@cache
def speech_of(code: str) -> Speech | None:
    """Return a language with its catalogue; None for English and for what is none of ours."""
    if code == SOURCE_LANGUAGE or code not in LANGUAGES:
        return None
    compiled = io.BytesIO()
    with catalogue_file(code).open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    symbols = Locale(code).number_symbols["latn"]
    catalogue = gettext.GNUTranslations(compiled)
    return Speech(code, catalogue, symbols["group"], symbols["decimal"], _DAYS[code])


def name_of_code(codes: str, code: str, usual: str) -> str:
    """Return the name of a currency or a country of a code list; `usual`: in English.

    `codes` is the name of the list (`documents.invoice.codes`); lists that no locale has stay as
    they are.
    """
    if language() == SOURCE_LANGUAGE:
        return usual
    locale = Locale(language())
    if codes == "iso-4217":
        return str(locale.currencies.get(code, usual))
    if codes == "iso-3166-1":
        return str(locale.territories.get(code, usual))
    return usual
