"""`ionport document receive|choose|archive|retention`: how documents come in, and are kept."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import click

from ionport.cli.opening import (
    OPERATOR,
    documents_side,
    opened,
    opened_documents,
    organization_scope,
)
from ionport.cli.output import as_json_option, print_json
from ionport.core import scanning
from ionport.core.errors import InvalidInput
from ionport.documents.intake.containers import files_at
from ionport.documents.intake.receiving import Outcome
from ionport.documents.retention.model import MAX_COUNT, Due, Swept
from ionport.documents.types import DOCUMENT_TYPES

_OUTPUT = click.Path(dir_okay=False, path_type=Path)
_NEVER = "never"
_PATH = click.Path(exists=True, path_type=Path)


@click.command("receive")
@click.argument("files", type=_PATH, nargs=-1, required=True, metavar="FILES|FOLDERS...")
@as_json_option
@click.pass_context
def document_receive(ctx: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Take in e-invoices: XML, PDFs with the XML attached, JSON, CSV, ZIP, gzip, mail and p7m.

    Of a folder every file is taken, those of its folders too, hidden ones not. Any number of files
    may be named: several share a commit. Each is reported; one that is refused stops none of the
    others. What comes while the virus scanner is away waits in the data folder, and is taken in by
    `ionport up` or `ionport worker`. Exit status 1 when one was refused.
    """
    rows: list[dict[str, str]] = []
    away: list[Outcome] = []
    try:
        with opened_documents(ctx) as documents:
            side = documents.side
            most = side.documents.limits.file_bytes
            for outcome in side.receiver.receive(documents.scope, OPERATOR, files_at(files, most)):
                if outcome.code == scanning.AWAY:
                    away.append(outcome)
                    continue
                _tell(outcome, rows, as_json=as_json)
            if away and side.waiting is not None:
                scope = documents.scope
                side.waiting.keep(scope, OPERATOR, away, files_at(files, most))
            for outcome in away:
                _tell(outcome, rows, as_json=as_json)
    finally:
        if as_json:
            print_json(rows)
    ctx.exit(1 if any("error" in row for row in rows) else 0)


@click.command("choose")
@click.argument("document_id", metavar="ID")
@click.argument("name", required=False)
@click.pass_context
def document_choose(ctx: click.Context, document_id: str, name: str | None) -> None:
    """Say which invoice counts of a PDF with several; without NAME they are listed."""
    with opened(ctx) as application:
        documents = documents_side(application).documents
        scope = organization_scope(application)
        if name is not None:
            documents.corrections.choose(application.database, scope, OPERATOR, document_id, name)
        with application.database.read() as work:
            now = documents.get(work.within(scope), document_id)
        if name is None:
            for each in documents.corrections.choices(now):
                click.echo(each)
            return
    click.echo(f"{now.id}  {now.filename}  {now.status.label}")


@click.command("archive")
@click.argument("document_id", metavar="ID")
@click.option("-o", "--output", type=_OUTPUT, help="Where to write it; default: ID.zip.")
@click.pass_context
def document_archive(ctx: click.Context, document_id: str, output: Path | None) -> None:
    """Write a document for an auditor: what was received and sent, and everything that happened.

    The ZIP file has document.json, document.txt and the digests of all files (SHA256SUMS).
    """
    target = output or Path(f"{document_id}.zip")
    with opened_documents(ctx) as documents:
        side = documents.side
        content = side.archive.make(documents.scope, OPERATOR, document_id)
    try:
        target.write_bytes(content)
    except OSError as error:
        raise InvalidInput(f"{target} cannot be written: {error.strerror or error}.") from error
    click.echo(f"{target}  {len(content)} bytes  sha256 {hashlib.sha256(content).hexdigest()}")


@click.command("retention")
@click.option(
    "--keep",
    "kept",
    multiple=True,
    metavar="TYPE=YEARS",
    help="Set how long a type is kept, and remove nothing now: INVOICE=10, INVOICE=never.",
)
@click.option("--dry-run", is_flag=True, help="Count what is due, and remove nothing.")
@as_json_option
@click.pass_context
def document_retention(
    ctx: click.Context, kept: tuple[str, ...], dry_run: bool, as_json: bool
) -> None:
    """Remove the content of documents that are exported, rejected or deleted long enough.

    File, readable pages, terms and tables go for good; number, supplier, amounts, digests,
    decisions, deliveries and history stay. `ionport up` and `ionport worker` do it by themselves.
    """
    wanted = dict(_parsed(one) for one in kept)
    swept = Swept()
    with opened_documents(ctx) as documents:
        service, scope = documents.side.retention, documents.scope
        if wanted:
            with documents.write() as access:
                for kind, years in wanted.items():
                    service.keep(access, kind, years)
        with documents.read() as access:
            due = service.due(access)
        if not dry_run and not wanted:
            swept = service.run(scope, OPERATOR)
    if as_json:
        print_json(
            {"types": [_due_row(one) for one in due], "purged": swept.purged, "left": swept.left}
        )
        return
    for one in due:
        click.echo(f"{one.document_type}: kept {one.keep_years} years, {_number(one)} due")
    if not due:
        click.echo("Everything is kept for ever. Set it by: --keep INVOICE=10")
    elif not dry_run and not wanted:
        click.echo(f"Removed the content of {swept.purged}; {swept.left} stay for now.")


def _tell(outcome: Outcome, rows: list[dict[str, str]], *, as_json: bool) -> None:
    row = _row(outcome)
    rows.append(row)
    if not as_json:
        click.echo(_as_text(row))


def _row(outcome: Outcome) -> dict[str, str]:
    row = {"file": outcome.name}
    if outcome.is_waiting:
        return {**row, "waits": outcome.error}
    if outcome.document is None:
        known = f" ({outcome.existing_id})" if outcome.existing_id else ""
        return {**row, "error": outcome.error + known}
    row |= {"id": outcome.document.id, "status": outcome.document.status.value}
    if held := " ".join(each.text for each in outcome.findings if each.is_open):
        row["findings"] = held
    return row


def _as_text(row: dict[str, str]) -> str:
    if problem := row.get("error") or row.get("waits"):
        return f"{row['file']}: {problem}"
    held = f", held: {row['findings']}" if "findings" in row else ""
    return f"{row['file']}: {row['id']}{held}"


def _parsed(text: str) -> tuple[str, int | None]:
    kind, _equals, years = text.partition("=")
    if kind not in DOCUMENT_TYPES or not (years == _NEVER or (years.isascii() and years.isdigit())):
        types = ", ".join(DOCUMENT_TYPES)
        raise click.UsageError(f"{text}: write TYPE=YEARS or TYPE=never; types are {types}.")
    return kind, None if years == _NEVER else int(years[:9])


def _number(due: Due) -> str:
    return f"more than {MAX_COUNT}" if due.count > MAX_COUNT else str(due.count)


def _due_row(due: Due) -> dict[str, Any]:
    return {
        "document_type": due.document_type,
        "keep_years": due.keep_years,
        "done_before": due.before.isoformat(timespec="seconds"),
        "due": due.count,
    }
