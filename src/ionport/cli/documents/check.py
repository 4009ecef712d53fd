"""`ionport document check`: a validator of e-invoices that needs no account and no data folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from ionport.core.errors import InvalidInput, IonportError
from ionport.documents.intake.containers import ReceivedFile, unpack
from ionport.documents.intake.limits import IntakeLimits
from ionport.documents.intake.reading import read_any
from ionport.documents.invoice.model import Invoice
from ionport.documents.invoice.rules.check import check_invoice
from ionport.documents.invoice.rules.model import Effect, RuleFinding
from ionport.documents.invoice.rules.sentences import rule_text

_HOLDS, _UNREADABLE = 1, 2


@click.command("check")
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line and file.")
@click.pass_context
def document_check(ctx: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Check e-invoices (UBL, CII, ZUGFeRD 1.0, FatturaPA, or a PDF with one attached).

    Files inside ZIP, gzip, mail and signed files are checked one by one, by the rules of EN 16931
    and of their profile. Nothing is stored.

    Exit status: 0 when nothing holds, 1 when something holds a file, 2 when a file cannot be read.
    """
    status = 0
    for file in files:
        for row in _rows(file):
            status = max(status, _status(row))
            click.echo(json.dumps(row, ensure_ascii=False) if as_json else _as_text(row))
    ctx.exit(status)


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    """Yield a row for the file, or for each file inside it."""
    try:
        content = read_content(file)
        inside = unpack(ReceivedFile(str(file), content), IntakeLimits().file_bytes)
    except IonportError as error:
        yield {"file": str(file), "error": error.text}
        return
    yield from map(_checked, inside)


def _checked(file: ReceivedFile) -> dict[str, Any]:
    try:
        invoice = read_any(file.content)
    except IonportError as error:
        return {"file": file.name, "error": error.text}
    findings = check_invoice(invoice, datetime.now(UTC).date())
    return {
        "file": file.name,
        "kind": invoice.kind.value,
        "terms": _terms(invoice),
        "findings": [_finding(finding) for finding in findings],
    }


def _terms(invoice: Invoice) -> dict[str, list[str]]:
    terms: dict[str, list[str]] = {}
    for node in invoice.tree.walk():
        if node.text:
            terms.setdefault(node.term, []).append(node.text)
    return terms


def _finding(finding: RuleFinding) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "effect": finding.rule.effect.value,
        "terms": list(finding.rule.terms),
        "text": rule_text(finding.rule.id, finding.values),
        "where": f"{finding.where}, line {finding.line}" if finding.line else finding.where,
    }


def _status(row: Mapping[str, Any]) -> int:
    if "error" in row:
        return _UNREADABLE
    held = any(finding["effect"] == Effect.HOLDS for finding in row["findings"])
    return _HOLDS if held else 0


def _as_text(row: Mapping[str, Any]) -> str:
    if "error" in row:
        return f"{row['file']}: cannot be read. {row['error']}"
    lines = [f"{row['file']}: {'holds' if _status(row) else 'nothing holds'}"]
    for finding in row["findings"]:
        where = f" [{finding['where']}]" if finding["where"] else ""
        lines.append(f"  {finding['effect']:5} {finding['rule']}: {finding['text']}{where}")
    return "\n".join(lines)


def read_content(file: Path) -> bytes:
    """Return a file; raises InvalidInput, and TooLarge over the limit of one file."""
    limits = IntakeLimits()
    try:
        with file.open("rb") as opened:
            content = opened.read(limits.file_bytes + 1)
    except OSError as error:
        raise InvalidInput(f"{error.strerror or error}.") from error
    limits.check_size(str(file), len(content))
    return content
