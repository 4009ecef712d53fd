"""What is stored is the same whatever language people read: no translated text gets there."""

from __future__ import annotations

import gettext
import sqlite3
from pathlib import Path

import pytest

from ionport.core.i18n import Speech
from tests.browser.furnished import furnished_application

MARK = "\u27e6"


class _Marked(gettext.NullTranslations):
    """Every text with a mark, so that it is known wherever it turns up."""

    def gettext(self, message: str) -> str:
        return MARK + message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return MARK + (msgid1 if n == 1 else msgid2)


def _stored(database: Path) -> list[str]:
    found = []
    with sqlite3.connect(database) as connection:
        named = connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE TABLE%'")
        for (table,) in named.fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                texts = [value for value in row if isinstance(value, str)]
                found += [f"{table}: {text}" for text in texts if MARK in text or r"\u27e6" in text]
    return found


def test_nothing_that_people_do_on_pages_stores_a_translated_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked = Speech("de", _Marked(), ".", ",", "%d.%m.%Y")
    for module in ("frame", "guard"):
        monkeypatch.setattr(f"ionport.web.middleware.{module}.speech_of", lambda _code: marked)
    with furnished_application(tmp_path) as application:
        assert MARK in application.site.browser.get("/documents").text
        databases = list(tmp_path.rglob("*.db"))
        assert databases
        assert [each for database in databases for each in _stored(database)] == []
