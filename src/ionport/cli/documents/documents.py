"""`ionport document list|show`; other commands about documents are in modules of their own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ionport.cli.documents import decisions
from ionport.cli.documents.check import document_check
from ionport.cli.documents.receiving import (
    document_archive,
    document_choose,
    document_receive,
    document_retention,
)
from ionport.cli.documents.render import document_render
from ionport.cli.opening import opened_documents
from ionport.cli.output import as_json_option, paged, print_json, print_page
from ionport.core.paging import PageRequest
from ionport.documents.model import Document, DocumentFilter, DocumentStatus, DocumentSummary

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SHOWN = ("id", "number", "supplier", "date", "amount", "currency", "status", "file")


@click.group()
def document() -> None:
    """Document side: check, receive, list and show documents."""


document.add_command(document_check)
document.add_command(document_receive)
document.add_command(document_receive, "add")
document.add_command(document_choose)
document.add_command(document_archive)
document.add_command(document_retention)
for _decision in decisions.COMMANDS:
    document.add_command(_decision)
document.add_command(document_render)


@document.command("list")
@click.option("--text", default="", help="Part of file name, number, supplier or id.")
@click.option(
    "--status",
    type=click.Choice([status.value for status in DocumentStatus]),
    help="Only documents of this status.",
)
@paged
@as_json_option
@click.pass_context
def document_list(
    ctx: click.Context, text: str, status: str | None, page: int, per_page: int, as_json: bool
) -> None:
    """List documents, the newest first."""
    statuses = frozenset({DocumentStatus(status)} if status else ())
    with opened_documents(ctx) as documents, documents.read() as access:
        found = documents.side.documents.list(
            access,
            PageRequest(page, per_page),
            DocumentFilter(statuses=statuses, text=text),
        )
    empty = "No such documents. Add one with: ionport document receive FILE"
    print_page(found, _summary_row, as_json=as_json, shown=_SHOWN, empty=empty)


@document.command("show")
@click.argument("document_id")
@as_json_option
@click.pass_context
def document_show(ctx: click.Context, document_id: str, as_json: bool) -> None:
    """Show a document with its fields, findings and timeline (at most 500 entries)."""
    with opened_documents(ctx) as documents, documents.read() as access:
        service = documents.side.documents
        row = _document_row(service.get(access, document_id))
        row["findings"] = [
            {"id": each.id, "code": each.code, "text": each.text, "holds": each.is_open}
            for each in service.findings(access, document_id)
        ]
        row["decisions"] = [
            {
                "id": each.id,
                "kind": each.kind.value,
                "text": each.text,
                "by": each.person,
                "at": _time(each.at),
                "undone": not each.is_active,
            }
            for each in service.decisions.list(access, document_id)
        ]
        row["timeline"] = [
            {"at": _time(each.at), "text": each.text, "by": each.actor_name}
            for each in service.timeline(access, document_id)
        ]
    if as_json:
        print_json(row)
        return
    click.echo(f"{row['id']}  {row['file']}  {DocumentStatus(row['status']).label}")
    for name, value in row["fields"].items():
        click.echo(f"  {name}: {value}")
    for name, lines in row["tables"].items():
        click.echo(f"  {name}: {len(lines)} rows (--json shows them)")
    for finding in row["findings"]:
        click.echo(f"  {'holds' if finding['holds'] else 'noted'}: {finding['text']}")
    for decision in row["decisions"]:
        undone = " (undone)" if decision["undone"] else ""
        click.echo(f"  {decision['id']}  {decision['text']} ({decision['by']}){undone}")
    for entry in row["timeline"]:
        click.echo(f"  {entry['at']}  {entry['text']} ({entry['by']})")


def _summary_row(item: DocumentSummary) -> dict[str, Any]:
    return {
        "id": item.id,
        "number": item.number,
        "supplier": item.supplier_name,
        "date": item.invoice_date,
        "amount": item.total_amount,
        "currency": item.currency,
        "status": item.status.value,
        "file": item.filename,
        "document_type": item.document_type,
        "open_findings": item.open_findings,
        "created": _time(item.created_at),
    }


def _document_row(item: Document) -> dict[str, Any]:
    return {
        "id": item.id,
        "file": item.filename,
        "document_type": item.document_type,
        "status": item.status.value,
        "size_bytes": item.size_bytes,
        "sha256": item.content_sha256,
        "created": _time(item.created_at),
        "by": item.created_by,
        "fields": dict(item.fields),
        "tables": {name: [dict(row) for row in rows] for name, rows in item.tables.items()},
    }


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
