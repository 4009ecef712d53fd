"""Mapping files are checked, previewed, compared and converted by commands."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ionport.application import open_application
from ionport.cli import main
from ionport.documents.samples import read_sample
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind
from ionport.settings_reading import load_settings
from tests.support.whole import INVOICE

M3 = "StaticFields=CONO\nSF_CONO=100\nHeaderFields=SUNO\nHF_SUNO=supplier_id\n"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def _run(data: Path, *words: str, status: int = 0) -> Result:
    result = CliRunner().invoke(main, ["--data", str(data), *words])
    assert result.exit_code == status, result.output
    return result


def test_a_file_is_checked_and_converted_without_a_data_folder(tmp_path: Path) -> None:
    file, data = tmp_path / "m3.properties", tmp_path / "data"
    file.write_text(M3, encoding="utf-8")
    made = _run(data, "mapping", "convert", str(file)).output
    assert 'SUNO = "[supplier_id]"' in made
    broken = tmp_path / "idm.properties"
    broken.write_text("INVOICE=X\nIndex_Fields=a\nIF_b=c\nStatic_Values=\n", encoding="utf-8")
    told = _run(data, "mapping", "lint", str(broken), "--json", status=1).output
    assert any(one["severity"] == "error" for one in json.loads(told)["findings"])
    assert not data.exists()


def test_a_document_is_previewed_and_versions_are_compared(tmp_path: Path) -> None:
    data, file, invoice = tmp_path / "data", tmp_path / "idm.properties", tmp_path / "i.xml"
    template = own_template(MappingKind.IDM)[1].decode()
    file.write_text(template, encoding="utf-8")
    invoice.write_bytes(read_sample(INVOICE))
    open_application(load_settings({}, data=data)).close()
    _run(data, "mapping", "add", str(file))
    document = _run(data, "document", "add", str(invoice)).output.split()[1]
    shown = _run(data, "mapping", "preview", "idm.properties", "--document", document).output
    assert "IDM: create the item: POST IDM/api/items" in shown
    assert "= RE-2026-0417  [line" in shown
    curl = ("mapping", "preview", "idm.properties", "--document", document, "--curl")
    assert '"Authorization: Bearer $TOKEN"' in _run(data, *curl).output
    file.write_text(template + "# second\n", encoding="utf-8")
    _run(data, "mapping", "add", str(file))
    assert "+# second" in _run(data, "mapping", "diff", "idm.properties", status=1).output
    same = ("mapping", "diff", "idm.properties", "--file", str(file))
    assert _run(data, *same).output == ""
