"""`ionport mapping preview|diff|convert`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from ionport.cli.documents.mapping.names import mapping_id_of
from ionport.cli.opening import OpenedDocuments, opened_documents
from ionport.cli.output import as_json_option, print_json
from ionport.exports.dry_run import DryRun, as_curl
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import MappingVersion
from ionport.mappings.versions.conversion import convert, converted_name
from ionport.mappings.versions.differences import Change, Difference, difference

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SIGNS = {Change.SAME: " ", Change.ADDED: "+", Change.REMOVED: "-"}


@click.command("preview")
@click.argument("name")
@click.option("--document", "document_id", required=True, help="Id of the document.")
@click.option("--file", "file", type=_FILE, help="A file to try in place of the stored text.")
@click.option("--curl", "only_curl", is_flag=True, help="Print the calls as cURL and nothing else.")
@as_json_option
@click.pass_context
def mapping_preview(
    ctx: click.Context,
    name: str,
    document_id: str,
    file: Path | None,
    only_curl: bool,
    as_json: bool,
) -> None:
    """Show which calls the mapping file NAME makes of a document; nothing is sent.

    The token is left out of the cURL: put yours into $TOKEN.
    """
    with opened_documents(ctx) as documents:
        newest = _newest(documents, name)
        text = newest.text
        if file is not None:
            text = prepare_mapping(file.read_bytes(), newest.kind).text
        scope = documents.scope
        run = documents.side.dry_runs.of_mapping(scope, document_id, newest.kind, text)
    if as_json:
        print_json(asdict(run))
    elif only_curl:
        click.echo("\n\n".join(as_curl(call) for call in run.calls))
    else:
        click.echo("\n".join(_shown(run)))


def _shown(run: DryRun) -> Iterator[str]:
    for obstacle in run.obstacles:
        yield f"{obstacle.where}: {obstacle.text} {obstacle.remedy}".rstrip()
    for number, call in enumerate(run.calls, start=1):
        yield f"{number}. {call.title}: {call.method} {call.path}"
        for value in call.values:
            origin = f"line {value.line}" if value.line else "generated"
            sources = f" ({', '.join(value.sources)})" if value.sources else ""
            yield f"  {value.target} = {value.value}  [{origin}{sources}]"
    if run.unsent:
        yield f"Goes nowhere: {', '.join(run.unsent)}"


@click.command("diff")
@click.argument("name")
@click.argument("old", type=click.IntRange(min=1), required=False)
@click.argument("new", type=click.IntRange(min=1), required=False)
@click.option("--file", "file", type=_FILE, help="Compare the newest version with a file.")
@click.pass_context
def mapping_diff(
    ctx: click.Context, name: str, old: int | None, new: int | None, file: Path | None
) -> None:
    """Show what is different between versions OLD and NEW of the mapping file NAME.

    Without numbers the newest is compared with the one before. Exit status: 1 when they differ.
    """
    with opened_documents(ctx) as documents:
        newest = _newest(documents, name)
        if file is not None:
            after = prepare_mapping(file.read_bytes(), newest.kind).text
            found = difference(newest.text, after)
        else:
            to = new or newest.number
            before = _version(documents, newest, old or max(to - 1, 1))
            found = difference(before.text, _version(documents, newest, to).text)
    for line in _unified(found):
        click.echo(line)
    ctx.exit(1 if found.lines else 0)


def _unified(found: Difference) -> Iterator[str]:
    for line in found.lines:
        if line.change is Change.LEFT_OUT:
            yield f"@@ {line.text} lines are the same @@"
        else:
            yield f"{_SIGNS[line.change]}{line.text}"


def _newest(documents: OpenedDocuments, name: str) -> MappingVersion:
    mapping_id = mapping_id_of(documents, name)
    with documents.read() as access:
        return documents.side.mappings.latest_version(access, mapping_id)


def _version(documents: OpenedDocuments, of: MappingVersion, number: int) -> MappingVersion:
    with documents.read() as access:
        return documents.side.mappings.version(access, of.mapping_id, number)


@click.command("convert")
@click.argument("file", type=_FILE)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; default: standard output.",
)
def mapping_convert(file: Path, output: Path | None) -> None:
    """Write an M3 mapping FILE in its other form: .properties becomes TOML, and the other way.

    What the other form cannot say is told on standard error. Needs no data folder.
    """
    prepared = prepare_mapping(file.read_bytes())
    made = convert(prepared.kind, prepared.text)
    for loss in made.losses:
        where = f"line {loss.line}: " if loss.line else ""
        click.echo(f"lost: {where}{loss.text}", err=True)
    if output is None:
        click.echo(made.text, nl=False)
        return
    output.write_text(made.text, encoding="utf-8")
    click.echo(f"{output}: {converted_name(file.name, made.kind)}")
