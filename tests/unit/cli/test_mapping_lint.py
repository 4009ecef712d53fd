"""`ionport mapping lint` checks files without an account, a server or a data folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ionport.cli.documents.mapping.lint import mapping_lint
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind

IDM = own_template(MappingKind.IDM)[1]


def _run(*arguments: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(mapping_lint, arguments)
    return result.exit_code, result.output.splitlines()


def test_each_file_is_one_object_with_its_findings(tmp_path: Path) -> None:
    right, held = tmp_path / "right.properties", tmp_path / "held.properties"
    right.write_bytes(IDM)
    held.write_bytes(IDM.replace(b"IF_correlation_id=", b"#"))
    status, lines = _run("--json", str(right), str(held))
    rows = [json.loads(line) for line in lines]
    assert status == 1
    assert rows[0] == {"file": str(right), "kind": "idm", "encoding": "utf-8", "findings": []}
    first = rows[1]["findings"][0]
    assert (first["code"], first["blocks_activation"]) == ("no_correlation_id", True)
    status, lines = _run(str(held))
    assert status == 1
    assert lines[0] == f"{held}: IDM mapping, holds"
    assert lines[1].startswith(f"  {held}:")


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"", b"a=\x00", None])
def test_what_cannot_be_read_is_told_with_status_2(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "other.properties"
    if content is not None:
        file.write_bytes(content)
    status, lines = _run(str(file))
    assert status == 2
    assert lines[0].startswith(f"{file}: cannot be read. ")


def test_a_file_of_another_kind_than_asked_for_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "idm.properties"
    file.write_bytes(IDM)
    assert _run(str(file)) == (0, [f"{file}: IDM mapping, nothing holds"])
    status, lines = _run("--kind", "bod", str(file))
    assert status == 2
    assert "IDM mapping" in lines[0]
