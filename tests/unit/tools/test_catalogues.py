"""The texts of the pages in other languages: none missing, none with other placeholders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from tools.catalogues import __main__ as command
from tools.catalogues.checks import faults, faults_of, ids_of, missing, wide_marks
from tools.catalogues.texts import TRANSLATED, marked, store, stored, texts_of, updated

COMPLETE: tuple[str, ...] = ("de", "fr")
"""Languages whose catalogue says every text: each new text then needs a translation."""


@pytest.fixture(scope="module")
def source() -> Catalog:
    return marked()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_translation_has_the_placeholders_and_tags_of_its_text(language: str) -> None:
    assert list(faults(stored(language))) == []


@pytest.mark.parametrize("language", COMPLETE)
def test_a_complete_language_misses_no_text(source: Catalog, language: str) -> None:
    gaps = [ids_of(message)[0] for message in missing(updated(language, source))]
    assert gaps == [], f"python -m tools.catalogues --list {language} lists them"


def test_texts_of_modules_and_templates_are_found(source: Catalog) -> None:
    found = {ids_of(message) for message in texts_of(source)}
    assert ("Sign in to ionport",) in found
    assert ("The manual has no such page.",) in found
    # Babel does not read it: it stands in a table of the document types.
    assert ("Payment Details",) in found
    assert ("{n} hour", "{n} hours") in found
    assert ("%(number)s entry", "%(number)s entries") in found


def test_labels_of_document_types_are_found_though_no_call_marks_them(source: Catalog) -> None:
    found = {ids_of(message) for message in texts_of(source)}
    assert {("Vendor Details",), ("Supplier VAT Number",), ("Tax Lines",)} <= found
    assert {("Order Confirmation",), ("Promised Delivery Date",)} <= found


@pytest.mark.parametrize(
    ("english", "texts"),
    [
        (["{n} files"], ["Dateien"]),
        (["{n} files"], ["{m} Dateien"]),
        (["%(name)s is here"], ["%(Name)s ist hier"]),
        (["<strong>Now</strong>"], ["<b>Jetzt</b>"]),
        (["Run `ionport up`."], ["Starten Sie `ionport auf`."]),
        (["{n} file", "{n} files"], ["{n} Datei"]),
        (["Done. "], ["Fertig."]),
    ],
)
def test_a_translation_that_lost_a_part_is_told(english: list[str], texts: list[str]) -> None:
    assert list(faults_of(english, texts, 2)) != []


@pytest.mark.parametrize(
    "text", ["Langue : fr", "Langue: fr", "Quoi ?", "Fini!", "« oui »", "rien ; tout", "`a`: b"]
)
def test_french_without_a_no_break_space_at_a_mark_is_told(text: str) -> None:
    assert len(wide_marks(text)) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "Langue\xa0: fr",
        "Quoi\u202f? «\xa0Oui\u202f!\xa0»",
        "à 12:30, IDM/api?$query= ou https://host: {hour}:00",
        'Écrivez `a: b`, {"iss": "ionport"} ou Accept: application/json',
    ],
)
def test_what_a_program_takes_keeps_its_marks_in_french(text: str) -> None:
    assert wide_marks(text) == []


def test_a_singular_may_leave_its_number_out_as_the_english_one_does() -> None:
    assert list(faults_of(["One file", "{n} files"], ["Eine Datei", "{n} Dateien"], 2)) == []


def test_translations_are_put_in_from_a_file_and_stay_when_texts_are_found_anew(
    source: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.catalogues.texts.catalogue_file", lambda code: tmp_path / code)
    part = tmp_path / "part.json"
    wanted = {
        "Sign in to ionport": "Bei ionport anmelden",
        "{n} hour\n---\n{n} hours": "{n} Stunde\n---\n{n} Stunden",
        "The code says this nowhere": "Nirgends",
        "{n} day\n---\n{n} days": "Tag\n---\nTage",
    }
    part.write_text(json.dumps(wanted), encoding="utf-8")
    catalogue = updated("de", source)
    refused = command.filled(catalogue, wanted)
    assert len(refused) == 3  # the text that is nowhere, and both forms without their number
    store("de", catalogue)
    again = updated("de", source)
    assert again.get("Sign in to ionport").string == "Bei ionport anmelden"
    assert again.get(("{n} hour", "{n} hours")).string == ("{n} Stunde", "{n} Stunden")
    assert len(missing(again)) == len(texts_of(again)) - 2


def test_parts_of_what_is_missing_share_no_text_and_leave_none_out(source: Catalog) -> None:
    catalogue = updated("fr", source)
    whole = command.untranslated(catalogue)
    parts = [command.untranslated(catalogue, number, 3) for number in (1, 2, 3)]
    assert sum(map(len, parts)) == len(whole)
    assert {text for part in parts for text in part} == set(whole)
