"""`ionport export save|load`: configurations as JSON, and copies of one."""

from __future__ import annotations

from pathlib import Path

import click

from ionport.cli.opening import opened_documents
from ionport.cli.output import as_json_option, print_json
from ionport.exports.configurations.transfer import read_transfer


@click.command("save")
@click.option(
    "--to",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write into this file; default: the standard output.",
)
@click.pass_context
def export_save(ctx: click.Context, path: Path | None) -> None:
    """Write all export configurations as JSON, without secrets.

    `ionport export load` reads them.
    """
    with opened_documents(ctx) as documents, documents.read() as access:
        content = documents.side.configurations.transfer.write(access)
    if path is None:
        click.echo(content.decode(), nl=False)
    else:
        path.write_bytes(content)


@click.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json_option
@click.pass_context
def export_load(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Make the export configurations of FILE, all of them or none; none of them is active.

    Connections, mapping files and sub-organizations are found by their names.
    """
    with opened_documents(ctx) as documents:
        named = read_transfer(file.read_bytes())
        with documents.write() as access:
            made = documents.side.configurations.transfer.read(access, named)
    if as_json:
        print_json([{"id": each.id, "title": each.title} for each in made])
        return
    for each in made:
        click.echo(f"{each.title} is imported. Look at it, then activate it.")
