"""`ionport connection add|check`; `check FILE` works without the server and its data folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ionport.cli.documents.stages import print_stage, stage_row

if TYPE_CHECKING:
    from ionport.application import Application


@click.group()
def connection() -> None:
    """Document side: uploaded .ionapi files and their proof."""


@connection.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="Name of the connection; default: from the file.")
@click.pass_context
def connection_add(ctx: click.Context, file: Path, name: str | None) -> None:
    """Store an .ionapi FILE, sealed, as a connection."""
    from ionport.cli.opening import OPERATOR, documents_side, opened, organization_scope
    from ionport.connections.intake import prepare_connection

    with opened(ctx) as application:
        scope = organization_scope(application)
        prepared = prepare_connection(file.read_bytes())
        with application.database.write() as work:
            made = documents_side(application).connections.upload(
                work, scope, OPERATOR, file.name, prepared, name=name
            )
        click.echo(f"Connection {made.name}: tenant {made.tenant_id}, app {made.app_name}.")
        for remark in made.remarks:
            click.echo(f"  {remark.severity}: {remark.text} {remark.remedy}".rstrip())
        click.echo(f"Prove it with: ionport connection check {made.name!r}")


@connection.command("check")
@click.argument("connection_or_file")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
@click.pass_context
def connection_check(ctx: click.Context, connection_or_file: str, as_json: bool) -> None:
    """Prove a connection, or an .ionapi FILE without storing it, stage by stage.

    Exit status 1 when a stage fails.
    """
    path = Path(connection_or_file)
    passed, rows = (
        _check_file(path, quiet=as_json)
        if path.is_file()
        else _check_stored(ctx, connection_or_file, quiet=as_json)
    )
    if as_json:
        from ionport.cli.opening import print_json

        print_json({"passed": passed, "stages": rows})
    ctx.exit(0 if passed else 1)


def _check_file(path: Path, *, quiet: bool) -> tuple[bool, list[dict[str, Any]]]:
    from ionport.ionapi.file.model import IonApiFile
    from ionport.ionapi.probe import probe

    rows, passed = [], True
    for stage in probe(IonApiFile.load(path)):
        if stage.state == "running":
            continue
        passed = passed and stage.state != "failed"
        rows.append(stage_row(stage.id, stage.title, stage.state, stage.milliseconds, stage))
        if not quiet:
            print_stage(rows[-1])
    return passed, rows


def _check_stored(
    ctx: click.Context, name: str, *, quiet: bool
) -> tuple[bool, list[dict[str, Any]]]:
    from ionport.cli.opening import OPERATOR, documents_side, opened, organization_scope

    with opened(ctx) as application:
        scope = organization_scope(application)
        service = documents_side(application).connections
        connection_id = connection_id_of(application, name)
        with application.database.write() as work:
            check = service.start_check(work, scope, OPERATOR, connection_id)
        service.run_check(application.database, scope, check.id)
        # Somebody may have started it on a page: the same proof counts for both.
        check = service.wait_for_check(application.database, scope, check.id)
    rows = [
        stage_row(stage.key, stage.title, stage.status.value, stage.milliseconds, stage)
        for stage in check.stages
    ]
    if not quiet:
        for row in rows:
            print_stage(row)
    return check.status.value == "passed", rows


def connection_id_of(application: Application, name: str) -> str:
    """Return the id of the connection that `name` names."""
    from ionport.cli.opening import ALL, OPERATOR, documents_side, find_by_name, organization_scope

    with application.database.read() as work:
        page = documents_side(application).connections.list(
            work, organization_scope(application), OPERATOR, ALL
        )
    return find_by_name({item.id: item.name for item in page.items}, name, "connection")
