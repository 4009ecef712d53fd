"""`ionport mapping lint`: a linter of mapping files that needs no account and no data folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ionport.cli.documents.check import read_content
from ionport.core.errors import IonportError
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import Finding, MappingKind

_HOLDS, _UNREADABLE = 1, 2


@click.command("lint")
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in MappingKind]),
    help="What the files have to be; default: what they are by their content.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line and file.")
@click.pass_context
def mapping_lint(
    ctx: click.Context, files: tuple[Path, ...], kind: str | None, as_json: bool
) -> None:
    """Check mapping FILES (IDM, BOD, M3, LN, TOML or XSLT). Nothing is stored.

    Exit status: 0 when nothing holds, 1 when something holds a file, 2 when a file cannot be read.
    """
    status = 0
    for file in files:
        row = _row(file, MappingKind(kind) if kind else None)
        status = max(status, _status(row))
        click.echo(json.dumps(row, ensure_ascii=False) if as_json else _as_text(row))
    ctx.exit(status)


def _row(file: Path, kind: MappingKind | None) -> dict[str, Any]:
    try:
        prepared = prepare_mapping(read_content(file), kind)
    except IonportError as error:
        return {"file": str(file), "error": error.text}
    return {
        "file": str(file),
        "kind": prepared.kind.value,
        "encoding": prepared.encoding.value,
        "findings": [finding_row(finding) for finding in prepared.findings],
    }


def finding_row(finding: Finding) -> dict[str, Any]:
    """Return a finding as commands print it in JSON."""
    return {
        "severity": finding.severity.value,
        "code": finding.code,
        "finding": finding.identity,
        "line": finding.line,
        "column": finding.column,
        "key": finding.key,
        "text": finding.text,
        "remedy": finding.remedy,
        "has_fix": bool(finding.fix),
        "blocks_activation": finding.blocks_activation,
    }


def _status(row: Mapping[str, Any]) -> int:
    if "error" in row:
        return _UNREADABLE
    return _HOLDS if any(one["blocks_activation"] for one in row["findings"]) else 0


def _as_text(row: Mapping[str, Any]) -> str:
    name = row["file"]
    if "error" in row:
        return f"{name}: cannot be read. {row['error']}"
    kind, says = MappingKind(row["kind"]).label, "holds" if _status(row) else "nothing holds"
    lines = [f"{name}: {kind}, {says}"]
    for one in row["findings"]:
        place = ":".join(str(part) for part in (one["line"], one["column"]) if part)
        where = f"{name}:{place}" if place else name
        lines.append(f"  {where}: {one['severity']} {one['code']}: {one['text']} {one['remedy']}")
    return "\n".join(line.rstrip() for line in lines)
