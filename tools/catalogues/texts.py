"""What the code marks for translation, read by Babel from modules and templates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from ionport.core.i18n import LANGUAGES, SOURCE_LANGUAGE
from ionport.documents.types import DOCUMENT_TYPES
from ionport.web.locales import catalogue_file

_ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = _ROOT / "src" / "ionport"
# The page of the manual as plain files.
_SITE: Final = _ROOT / "tools" / "manual_site"
TRANSLATED: Final = tuple(code for code in LANGUAGES if code != SOURCE_LANGUAGE)
_KEYWORDS: Final = {
    **dict.fromkeys(("_", "N_", "worded", "gettext")),
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
# The JSON API and the command line speak English.
_LABELS: Final = "src/ionport/documents/types/__init__.py"
_METHODS: Final = [
    ("api/**.py", "ignore"),
    ("cli/**.py", "ignore"),
    ("**.py", "python"),
    ("**.html", "jinja2.ext:babel_extract"),
]
# As web/rendering/templating.py sets the environment up.
_TEMPLATES: Final = {
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "trimmed": "true",
    "newstyle_gettext": "true",
    "silent": "false",
}
# CLDR has a third form of French for whole millions, "un million de": no text of ours needs it.
_PLURALS: Final = {
    "de": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
}
_HEADER: Final = "# Texts of the pages: python -m tools.catalogues (docs/translating.md)."


def marked() -> Catalog:
    """Return every text that the code marks, by file and place; raises ValueError for a clash."""
    catalogue = Catalog(charset="utf-8", header_comment=_HEADER)
    for folder in (SOURCE, _SITE):
        found = extract_from_dir(
            str(folder),
            method_map=_METHODS,
            options_map={"**.html": _TEMPLATES},
            keywords=_KEYWORDS,
        )
        where = folder.relative_to(_ROOT).as_posix()
        for file, _line, text, _comments, context in found:
            # Lines would change with every edit of a file.
            catalogue.add(text, locations=[(f"{where}/{file}", None)], context=context)
    for text in _labels():
        catalogue.add(text, locations=[(_LABELS, None)])
    return catalogue


def _labels() -> Iterator[str]:
    """Tell the labels of document types, which stand in tables that Babel does not read."""
    for kind in DOCUMENT_TYPES.values():
        yield kind.message
        for table in kind.tables:
            yield table.message
        columns = [column for table in kind.tables for column in table.columns]
        for field in (*kind.fields, *columns):
            yield from filter(None, (field.group, field.message))


def stored(language: str) -> Catalog:
    """Return the catalogue of a language; an empty one where there is none yet."""
    file = catalogue_file(language)
    if not file.is_file():
        return Catalog(locale=language, charset="utf-8", header_comment=_HEADER)
    with file.open("rb") as opened:
        return read_po(opened, locale=language, charset="utf-8")


def updated(language: str, source: Catalog) -> Catalog:
    """Return a language's catalogue with the texts of `source`, each with what is stored of it.

    Nothing is guessed from a similar text: what is new is empty. What is no longer marked is gone.
    """
    old = stored(language)
    new = Catalog(
        locale=language, charset="utf-8", header_comment=_HEADER, project="ionport", fuzzy=False
    )
    new.mime_headers = [("Plural-Forms", _PLURALS[language])]
    for message in texts_of(source):
        known = old.get(message.id, message.context)
        is_same = known is not None and known.pluralizable == message.pluralizable
        string = known.string if known is not None and is_same else None
        flags = (known.flags if known is not None and is_same else set()) | message.flags
        new.add(
            message.id, string, message.locations, flags - {"python-brace-format"},
            context=message.context,
        )  # fmt: skip
    return new


def texts_of(catalogue: Catalog) -> list[Message]:
    """Return the messages without the catalogue's own head, in the order of the files."""
    return [message for message in catalogue if message.id]


def store(language: str, catalogue: Catalog) -> None:
    """Write a catalogue as a `.po` file, without dates and line numbers: they make conflicts."""
    file = catalogue_file(language)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as opened:
        write_po(
            opened, catalogue, width=100, omit_header=False, include_lineno=False, sort_by_file=True
        )
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    dated = ('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By', '"Last-Translator')
    kept = [line for line in lines if not line.startswith(dated)]
    file.write_text("".join(kept), encoding="utf-8")
