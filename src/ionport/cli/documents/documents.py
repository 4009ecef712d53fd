"""`ionport document add`; `check` stands in a module of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ionport.application import Application
from ionport.cli.documents.check import document_check
from ionport.cli.opening import (
    OPERATOR,
    as_json_option,
    documents_side,
    opened,
    organization_scope,
    print_json,
)
from ionport.core.errors import Conflict, InvalidInput, IonportError
from ionport.core.xml import MAX_BYTES
from ionport.documents.containers import ReceivedFile, unpack

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def document() -> None:
    """Document side: check and add documents."""


document.add_command(document_check)


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
