"""`ionport document add|list|show`; `check` stands in a module of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ionport.application import Application
from ionport.cli.documents.check import document_check
from ionport.cli.documents.render import document_render
from ionport.cli.opening import OPERATOR, documents_side, opened, organization_scope
from ionport.cli.output import as_json_option, paged, print_json, print_page
from ionport.core.errors import Conflict, InvalidInput, IonportError
from ionport.core.paging import PageRequest
from ionport.core.xml import MAX_BYTES
from ionport.documents.intake.containers import ReceivedFile, unpack
from ionport.documents.model import Document, DocumentFilter, DocumentStatus, DocumentSummary

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SHOWN = ("id", "number", "supplier", "date", "amount", "currency", "status", "file")


@click.group()
def document() -> None:
    """Document side: check, add, list and show documents."""


document.add_command(document_check)
document.add_command(document_render)


@document.command("add")
@click.argument("files", type=_FILE, nargs=-1, required=True)
@as_json_option
@click.pass_context
def document_add(ctx: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Add e-invoices: XML, PDFs with the XML attached, and what stands in ZIP, gzip and mail files.

    Each file is reported; one that is refused stops none of the others. Exit status 1 when one was
    refused.
    """
    rows: list[dict[str, str]] = []
    try:
        with opened(ctx) as application:
            for file in files:
                for row in _receive_all(application, file):
                    rows.append(row)
                    if not as_json:
                        click.echo(_result(row))
    finally:
        if as_json:
            print_json(rows)
    ctx.exit(1 if any("error" in row for row in rows) else 0)


@document.command("list")
@click.option("--text", default="", help="Part of file name, number, supplier or id.")
@click.option("--status", type=click.Choice([status.value for status in DocumentStatus]))
@paged
@as_json_option
@click.pass_context
def document_list(
    ctx: click.Context, text: str, status: str | None, page: int, per_page: int, as_json: bool
) -> None:
    """List documents, the newest first."""
    statuses = frozenset({DocumentStatus(status)} if status else ())
    with opened(ctx) as application, application.database.read() as work:
        found = documents_side(application).documents.list(
            work,
            organization_scope(application),
            PageRequest(page, per_page),
            DocumentFilter(statuses=statuses, text=text),
        )
    empty = "No such documents. Add one with: ionport document add FILE"
    print_page(found, _summary_row, as_json=as_json, shown=_SHOWN, empty=empty)


@document.command("show")
@click.argument("document_id")
@as_json_option
@click.pass_context
def document_show(ctx: click.Context, document_id: str, as_json: bool) -> None:
    """Show a document with its fields, findings and timeline (at most 500 entries)."""
    with opened(ctx) as application, application.database.read() as work:
        scope, service = organization_scope(application), documents_side(application).documents
        row = _document_row(service.get(work, scope, document_id))
        row["findings"] = [
            {"code": each.code, "text": each.text, "holds": each.is_open}
            for each in service.findings(work, scope, document_id)
        ]
        row["timeline"] = [
            {"at": _time(each.at), "text": each.text, "by": each.actor_name}
            for each in service.timeline(work, scope, document_id)
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
    for entry in row["timeline"]:
        click.echo(f"  {entry['at']}  {entry['text']} ({entry['by']})")


def _result(row: dict[str, str]) -> str:
    if "error" in row:
        return f"{row['file']}: {row['error']}"
    held = f", held: {row['findings']}" if "findings" in row else ""
    return f"{row['file']}: {row['id']}{held}"


def _receive_all(application: Application, file: Path) -> Iterator[dict[str, str]]:
    try:
        inside = unpack(ReceivedFile(file.name, _content(file)), MAX_BYTES)
    except IonportError as error:
        yield {"file": file.name, "error": error.text}
        return
    for each in inside:
        yield _receive(application, each)


def _receive(application: Application, file: ReceivedFile) -> dict[str, str]:
    scope = organization_scope(application)
    service = documents_side(application).documents
    try:
        prepared = service.prepare_receipt(scope, file.content, file.name)
        with application.database.write() as work:
            made = service.receive(work, scope, OPERATOR, prepared)
            findings = [each for each in service.findings(work, scope, made.id) if each.is_open]
    except Conflict as error:
        return {"file": file.name, "error": f"{error.text} ({error.existing_id})"}
    except IonportError as error:
        return {"file": file.name, "error": error.text}
    row = {"file": file.name, "id": made.id, "status": made.status.value}
    if findings:
        row["findings"] = " ".join(each.text for each in findings)
    return row


def _content(file: Path) -> bytes:
    """Read a file, but no more of it than what is refused for its size anyway."""
    try:
        with file.open("rb") as opened_file:
            return opened_file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"The file cannot be read: {error.strerror or error}.") from error


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
