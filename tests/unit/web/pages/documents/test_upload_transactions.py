"""Uploads are read and linted before the only writer's transaction begins (decision 3)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ionport.ionapi import IonApiFile
from ionport.mappings.lint import linter
from ionport.mappings.model import MappingKind
from ionport.store import Database, Work
from tests.support.whole import Site


def test_uploaded_files_are_read_and_linted_outside_the_writers_transaction(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = threading.local()
    seen: list[tuple[str, bool]] = []
    write, parse = Database.write, IonApiFile.parse

    @contextmanager
    def watched(self: Database) -> Iterator[Work]:
        with write(self) as work:
            writing.now = True
            try:
                yield work
            finally:
                writing.now = False

    def note(what: str) -> None:
        seen.append((what, getattr(writing, "now", False)))

    def parse_noted(content: bytes) -> IonApiFile:
        note("credential")
        return parse(content)

    credential = site.credentials()
    monkeypatch.setattr(Database, "write", watched)
    monkeypatch.setattr(IonApiFile, "parse", staticmethod(parse_noted))
    for kind, check in list(linter._OF_PROPERTIES.items()):

        def lint_noted(properties: object, kind: MappingKind = kind, check: object = check):
            note(kind.value)
            return check(properties)

        monkeypatch.setitem(linter._OF_PROPERTIES, kind, lint_noted)
    made = site.add_export(credential=credential)
    assert made.status_code == 200
    assert {what for what, _inside in seen} == {"credential", "idm", "bod"}
    assert [what for what, inside in seen if inside] == []
