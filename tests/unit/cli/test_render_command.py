"""`ionport document render` writes the page of a bare file or of a stored document."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ionport.cli import main
from ionport.documents.samples import UBL_INVOICE, read_sample

UBL = read_sample(UBL_INVOICE)


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.mark.parametrize(("kind", "begins"), [("--html", b"<!DOCTYPE html>"), ("--pdf", b"%PDF-")])
def test_a_bare_file_needs_no_data_folder(kind: str, begins: bytes, tmp_path: Path) -> None:
    invoice, page, data = (tmp_path / name for name in ("invoice.xml", "page", "data"))
    invoice.write_bytes(UBL)
    result = _run("--data", data, "document", "render", invoice, kind, "-o", page)
    assert result.exit_code == 0, result.output
    assert page.read_bytes().startswith(begins)
    assert not data.exists()
    if kind == "--pdf":
        again = _run("document", "render", page, "--html", "--language", "de", "-o", invoice)
        assert again.exit_code == 0, again.output
        assert "Verkäufer" in invoice.read_text(encoding="utf-8")
        refused = _run("document", "render", page, "--pdf", "-o", invoice)
        assert (refused.exit_code, "is a PDF already" in refused.output) == (1, True)


@pytest.mark.parametrize(
    ("source", "arguments", "says"),
    [
        ("gone.xml", ["--html", "-o", "x"], "No such file"),
        ("gone.xml", ["-o", "x"], "--html or --pdf"),
        ("doc_1", ["--pdf", "-o", "x"], "data folder"),
    ],
    ids=["no file", "no kind", "no data folder"],
)
def test_what_is_wrong_is_said(
    source: str, arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = _run("--data", tmp_path / "none", "document", "render", source, *arguments)
    assert result.exit_code != 0
    assert says.lower() in result.output.lower()
