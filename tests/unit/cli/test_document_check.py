"""`ionport document check` validates files without an account, a server or a data folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ionport.cli.documents.check import document_check
from ionport.documents import samples

SAMPLE = next(Path(samples.__path__[0]).glob("*.xml"))


def _run(*arguments: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(document_check, arguments)
    return result.exit_code, result.output.splitlines()


def test_each_file_is_one_object_with_its_terms_and_findings(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.xml"
    wrong.write_bytes(SAMPLE.read_bytes().replace(b"<cbc:IssueDate>2", b"<cbc:IssueDate>1"))
    status, lines = _run("--json", str(SAMPLE), str(wrong))
    right, held = map(json.loads, lines)
    assert status == 1
    assert right["kind"] == "invoice"
    assert right["terms"]["BT-1"]
    assert all(finding["effect"] == "notes" for finding in right["findings"])
    holding = [finding for finding in held["findings"] if finding["effect"] == "holds"]
    assert [finding["rule"] for finding in holding] == ["issue_date_out_of_range"]
    assert holding[0]["terms"] == ["BT-2"]
    assert "IssueDate, line " in holding[0]["where"]


@pytest.mark.parametrize("content", [b"<html><body/></html>", b"<Invoice", b"", None])
def test_what_cannot_be_read_is_told_with_status_2(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "other.xml"
    if content is not None:
        file.write_bytes(content)
    status, lines = _run(str(file), str(SAMPLE))
    assert status == 2
    assert lines[0].startswith(f"{file}: cannot be read. ")
    assert f"{SAMPLE}: nothing holds" in lines


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert _run(str(SAMPLE))[0] == 0
    assert list(tmp_path.iterdir()) == []
