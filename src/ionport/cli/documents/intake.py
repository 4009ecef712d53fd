"""`ionport intake add-folder|add-sftp|list|test|run|log|remove`: where files come from."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import IO, Any

import click

from ionport.cli.opening import OpenedDocuments, opened_documents
from ionport.cli.output import as_json_option, print_json
from ionport.core.secrets import Secret
from ionport.core.sftp.session import SftpAccount
from ionport.documents.intake.sources.model import IntakeSource, LogEntry
from ionport.documents.intake.sources.service import SourceService

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def intake() -> None:
    """Document side: folders that are watched for documents."""


@intake.command("add-folder")
@click.argument("name")
@click.argument("folder", type=_FOLDER)
@click.option("--archive", type=_FOLDER, help="Where received files go; default: FOLDER/archive.")
@click.option("--error", type=_FOLDER, help="Where refused files go; default: FOLDER/error.")
@click.option("--sub-organization", help="Id of the sub-organization that the documents are of.")
@click.pass_context
def intake_add_folder(
    ctx: click.Context,
    name: str,
    folder: Path,
    archive: Path | None,
    error: Path | None,
    sub_organization: str | None,
) -> None:
    """Watch FOLDER under NAME; `ionport up` and `ionport worker` look into it.

    A file is taken when it has not changed for two seconds. It goes to the archive, or with a note
    beside it (.error) to the error folder.
    """
    paths = {"folder": folder, "archive": archive, "error": error}
    given = {key: str(path.absolute()) for key, path in paths.items() if path is not None}
    with opened_documents(ctx) as documents, documents.write() as access:
        made = documents.side.sources.add_folder(access, name, given, sub_organization)
        service = documents.side.sources
    click.echo(f"{made.id}  {made.name}  {made.place}")
    _test(service, made)


@intake.command("add-sftp")
@click.argument("name")
@click.argument("host")
@click.argument("folder")
@click.option("--user", required=True, help="User name at the server.")
@click.option(
    "--port",
    default=22,
    type=click.IntRange(1, 65_535),
    show_default=True,
    help="Port of the server.",
)
@click.option("--host-key", required=True, help="The server's public key: ssh-ed25519 AAAA…")
@click.option(
    "--secret-file",
    required=True,
    type=click.File("r"),
    help="File with the password, or a private key without pass phrase; -: standard input.",
)
@click.option("--archive", default="", help="Where received files go; default: FOLDER/archive.")
@click.option("--error", default="", help="Where refused files go; default: FOLDER/error.")
@click.option("--sub-organization", help="Id of the sub-organization that the documents are of.")
@click.pass_context
def intake_add_sftp(
    ctx: click.Context,
    name: str,
    host: str,
    folder: str,
    user: str,
    port: int,
    host_key: str,
    secret_file: IO[str],
    archive: str,
    error: str,
    sub_organization: str | None,
) -> None:
    """Look into FOLDER of the SFTP server HOST under NAME, once a minute."""
    text = secret_file.read(100_000)
    secret = Secret(text if "PRIVATE KEY" in text[:200] else text.rstrip("\r\n"))
    account = SftpAccount(host, port, user, host_key.strip(), secret)
    folders = {"folder": folder, "archive": archive, "error": error}
    with opened_documents(ctx) as documents:
        service = documents.side.sources
        fingerprint = service.check_sftp(account)
        with documents.write() as access:
            made = service.add_sftp(access, name, account, folders, sub_organization)
        click.echo(f"{made.id}  {made.name}  {made.place}  host key {fingerprint}")
        _test(service, made)


@intake.command("list")
@as_json_option
@click.pass_context
def intake_list(ctx: click.Context, as_json: bool) -> None:
    """List the sources, and why one cannot be looked into."""
    with opened_documents(ctx) as documents, documents.read() as access:
        found = documents.side.sources.list(access)
    if as_json:
        print_json([_row(source) for source in found])
        return
    for source in found:
        click.echo(f"{source.name}  {source.kind.value}  {source.place}")
        if source.problem:
            click.echo(f"  {source.problem}")
    if not found:
        click.echo("No sources. Add one with: ionport intake add-folder NAME FOLDER")


@intake.command("test")
@click.argument("name")
@click.pass_context
def intake_test(ctx: click.Context, name: str) -> None:
    """Test the connection of a source. Exit status 1 when a stage fails."""
    with opened_documents(ctx) as documents:
        source = _find(documents, name)
        ctx.exit(0 if _test(documents.side.sources, source) else 1)


@intake.command("run")
@click.argument("name")
@as_json_option
@click.pass_context
def intake_run(ctx: click.Context, name: str, as_json: bool) -> None:
    """Look into a source once, now; files that rest for two seconds are taken.

    Exit status 1 when a file was refused or the source cannot be looked into.
    """
    with opened_documents(ctx) as documents:
        source = _find(documents, name)
        entries = documents.side.source_runner.run_once(source)
        problem = _find(documents, name).problem
    if as_json:
        print_json([_log_row(entry) for entry in entries])
    else:
        for entry in entries:
            click.echo(_line(entry))
    if problem:
        click.echo(problem, err=True)
    ctx.exit(1 if problem or any(entry.result.is_refused for entry in entries) else 0)


@intake.command("log")
@click.argument("name")
@click.option(
    "--limit",
    default=100,
    type=click.IntRange(1, 1000),
    show_default=True,
    help="How many files to show at most.",
)
@as_json_option
@click.pass_context
def intake_log(ctx: click.Context, name: str, limit: int, as_json: bool) -> None:
    """Show what became of the newest files of a source."""
    with opened_documents(ctx) as documents:
        source = _find(documents, name)
        with documents.read() as access:
            entries = documents.side.sources.log(access, source.id, limit)
    if as_json:
        print_json([_log_row(entry) for entry in entries])
        return
    for entry in entries:
        click.echo(_line(entry))


@intake.command("remove")
@click.argument("name")
@click.pass_context
def intake_remove(ctx: click.Context, name: str) -> None:
    """Watch a source no longer; its log goes, files and documents stay."""
    with opened_documents(ctx) as documents:
        source = _find(documents, name)
        with documents.write() as access:
            documents.side.sources.remove(access, source.id)
    click.echo(f"{source.name} is watched no longer.")


def _find(documents: OpenedDocuments, name: str) -> IntakeSource:
    with documents.read() as access:
        service = documents.side.sources
        return service.find(access, name)


def _test(service: SourceService, source: IntakeSource) -> bool:
    stages = service.test(source)
    for stage in stages:
        mark = "✓" if stage.passed else "✗"
        click.echo(f"  {mark} {stage.title}{': ' if stage.problem else ''}{stage.problem}")
    return all(stage.passed for stage in stages)


def _row(source: IntakeSource) -> dict[str, Any]:
    return {
        "id": source.id,
        "name": source.name,
        "kind": source.kind.value,
        **source.parameters,
        "sub_organization": source.sub_organization_id,
        "problem": source.problem,
    }


def _log_row(entry: LogEntry) -> dict[str, Any]:
    return {
        "at": _time(entry.at),
        "file": entry.filename,
        "result": entry.result.value,
        "text": entry.text,
        "documents": list(entry.document_ids),
    }


def _line(entry: LogEntry) -> str:
    return f"{_time(entry.at)}  {entry.filename}: {entry.result.label}. {entry.text}"


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
