"""Keeps the catalogues: `python -m tools.catalogues`.

Without options: puts new texts into every catalogue, takes those out that the code no longer has,
and tells what is missing and what is wrong; exit status 1 when something is wrong.

    --list de [--part 1/2]      print what is missing as JSON, {English: ""}, or a part of it
    --fill de FILE.json …       put translations from such files into the catalogue
    --check                     change nothing; exit status 1 too when a catalogue is not up to date
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog, Message

from tools.catalogues.checks import faults, faults_in, ids_of, missing
from tools.catalogues.texts import TRANSLATED, marked, store, stored, texts_of, updated

_PLURAL = "\n---\n"
"""Stands between singular and plural where both are one key or one value of a JSON file."""
_CONTEXT = " | "
"""Stands behind the context of a text in a key of a JSON file."""


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--list", choices=TRANSLATED)
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--fill", choices=TRANSLATED)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args()
    source = marked()
    if options.list:
        part, _slash, parts = options.part.partition("/")
        listed = untranslated(updated(options.list, source), int(part), int(parts))
        sys.stdout.write(json.dumps(listed, ensure_ascii=False, indent=1) + "\n")
        return 0
    if options.fill:
        return _fill(options.fill, updated(options.fill, source), options.files)
    return _keep_all(source, is_check=options.check)


def untranslated(catalogue: Catalog, part: int = 1, parts: int = 1) -> Mapping[str, str]:
    """Return the texts without a translation, with an empty one each.

    Parts are cut by all texts of the catalogue, in the order of the files: a part stays the same
    while others are translated.
    """
    everything = texts_of(catalogue)
    first, end = (len(everything) * n // parts for n in (part - 1, part))
    open_texts = {id(message) for message in missing(catalogue)}
    return {_key_of(message): "" for message in everything[first:end] if id(message) in open_texts}


def filled(catalogue: Catalog, translations: Mapping[str, str]) -> Sequence[str]:
    """Put translations into the catalogue; returns what was refused, a line for each."""
    by_id = {_key_of(message): message for message in texts_of(catalogue)}
    refused = []
    for english, text in translations.items():
        message = by_id.get(english)
        if not text:
            continue
        if message is None:
            refused.append(f"{english!r}: the code has no such text")
            continue
        texts = tuple(text.split(_PLURAL))
        wrong = list(faults_in(catalogue, ids_of(message), texts))
        refused += [f"{english!r}: {fault}" for fault in wrong]
        if not wrong:
            message.string = texts if len(ids_of(message)) > 1 else texts[0]
            message.flags.discard("fuzzy")
    return refused


def _fill(language: str, catalogue: Catalog, files: Sequence[Path]) -> int:
    refused: list[str] = []
    for file in files:
        refused += filled(catalogue, json.loads(file.read_text(encoding="utf-8")))
    store(language, catalogue)
    _say(*refused)
    _say(f"{language}: {len(missing(catalogue))} texts missing, {len(refused)} refused just now")
    return 1 if refused else 0


def _keep_all(source: Catalog, *, is_check: bool) -> int:
    is_wrong = False
    for language in TRANSLATED:
        old, new = stored(language), updated(language, source)
        before, after = _ids(old), _ids(new)
        wrong = list(faults(new))
        _say(*wrong)
        _say(
            f"{language}: {len(after)} texts, {len(missing(new))} missing,"
            f" {len(after - before)} new, {len(before - after)} no longer in the code,"
            f" {len(wrong)} wrong"
        )
        is_wrong = is_wrong or bool(wrong) or (is_check and before != after)
        if not is_check:
            store(language, new)
    return 1 if is_wrong else 0


def _ids(catalogue: Catalog) -> set[str]:
    return {_key_of(message) for message in texts_of(catalogue)}


def _key_of(message: Message) -> str:
    """Return the English text, behind its context where it has one."""
    key = _PLURAL.join(ids_of(message))
    return f"{message.context}{_CONTEXT}{key}" if message.context else key


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
