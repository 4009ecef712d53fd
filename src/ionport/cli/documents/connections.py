"""`ionport connection add|list|prove|pause|resume|delete`; `prove FILE` needs no server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ionport.cli.documents.stages import print_stage, stage_row
from ionport.cli.documents.targets import add_folder, add_on_premise, add_sftp, add_smb
from ionport.cli.output import as_json_option, paged, print_json, print_page
from ionport.core.paging import PageRequest

if TYPE_CHECKING:
    from ionport.cli.opening import OpenedDocuments
    from ionport.connections.model import Connection

_SHOWN = ("name", "tenant", "app", "gateway", "proof", "paused")


class _Aliases(click.Group):
    """`connection check` is the former name of `connection prove`."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, "prove" if cmd_name == "check" else cmd_name)


@click.group(cls=_Aliases)
def connection() -> None:
    """Document side: .ionapi files, other targets, and their proof."""


connection.add_command(add_folder)
connection.add_command(add_sftp)
connection.add_command(add_smb)
connection.add_command(add_on_premise)


@connection.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="Name of the connection; default: from the file.")
@as_json_option
@click.pass_context
def connection_add(ctx: click.Context, file: Path, name: str | None, as_json: bool) -> None:
    """Store an .ionapi FILE, sealed, as a connection."""
    from ionport.cli.opening import opened_documents
    from ionport.connections.intake import prepare_connection

    with opened_documents(ctx) as documents:
        prepared = prepare_connection(file.read_bytes())
        with documents.write() as access:
            made = documents.side.connections.upload(access, file.name, prepared, name=name)
    if as_json:
        print_json(_row(made, "missing"))
        return
    click.echo(f"Connection {made.name}: tenant {made.tenant_id}, app {made.app_name}.")
    for remark in made.remarks:
        click.echo(f"  {remark.severity}: {remark.text} {remark.remedy}".rstrip())
    click.echo(f"Prove it with: ionport connection prove {made.name!r}")


@connection.command("list")
@click.option("--text", default="", help="Part of the name.")
@paged
@as_json_option
@click.pass_context
def connection_list(ctx: click.Context, text: str, page: int, per_page: int, as_json: bool) -> None:
    """List connections, by name, with how their last proof ended."""
    from ionport.cli.opening import opened_documents

    with opened_documents(ctx) as documents, documents.read() as access:
        service = documents.side.connections
        found = service.list(access, PageRequest(page, per_page), text)
        checks = {item.id: service.latest_check(access, item.id) for item in found.items}
    proofs = {key: check.status.value if check else "missing" for key, check in checks.items()}
    print_page(
        found,
        lambda item: _row(item, proofs[item.id]),
        as_json=as_json,
        shown=_SHOWN,
        empty="No connections. Add one with: ionport connection add FILE",
    )


@connection.command("delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
@click.pass_context
def connection_delete(ctx: click.Context, name: str, yes: bool, as_json: bool) -> None:
    """Delete a connection that no export configuration uses, with its tokens and proofs."""
    from ionport.cli.opening import opened_documents

    with opened_documents(ctx) as documents:
        service = documents.side.connections
        connection_id = connection_id_of(documents, name)
        with documents.read() as access:
            kept = service.why_kept(access, connection_id)
        if kept is not None:
            raise kept
        if not yes:
            click.confirm(f"Delete the connection {name}?", abort=True)
        with documents.write() as access:
            service.delete(access, connection_id)
    if as_json:
        print_json({"id": connection_id, "name": name})
    else:
        click.echo(f"Deleted {name}.")


@connection.command("replace")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json_option
@click.pass_context
def connection_replace(ctx: click.Context, name: str, file: Path, as_json: bool) -> None:
    """Let the connection NAME use another .ionapi FILE of the same tenant.

    Configurations and deliveries go on with it; the former file is kept, sealed.
    """
    from ionport.cli.opening import opened_documents
    from ionport.connections.intake import prepare_connection

    with opened_documents(ctx) as documents:
        connection_id = connection_id_of(documents, name)
        prepared = prepare_connection(file.read_bytes())
        with documents.write() as access:
            made = documents.side.connections.files.replace(access, connection_id, prepared)
    if as_json:
        print_json(_row(made, "missing"))
        return
    click.echo(f"Connection {made.name} uses {file.name}: app {made.app_name}.")
    click.echo(f"Prove it with: ionport connection prove {made.name!r}")


@connection.command("pause")
@click.argument("name")
@click.option("--reason", default="", help="Why; it is shown to all who wait.")
@click.pass_context
def connection_pause(ctx: click.Context, name: str, reason: str) -> None:
    """Let nothing be delivered over the connection NAME; proofs run all the same."""
    from ionport.cli.opening import opened_documents

    with opened_documents(ctx) as documents:
        connection_id = connection_id_of(documents, name)
        with documents.write() as access:
            documents.side.connections.pauses.pause(access, connection_id, reason)
    click.echo(f"Paused {name}. Go on with: ionport connection resume {name!r}")


@connection.command("resume")
@click.argument("name")
@click.pass_context
def connection_resume(ctx: click.Context, name: str) -> None:
    """Let deliveries go on over the connection NAME."""
    from ionport.cli.opening import opened_documents

    with opened_documents(ctx) as documents:
        connection_id = connection_id_of(documents, name)
        with documents.write() as access:
            documents.side.connections.pauses.resume(access, connection_id)
    click.echo(f"Resumed {name}.")


@connection.command("prove")
@click.argument("connection_or_file")
@as_json_option
@click.pass_context
def connection_prove(ctx: click.Context, connection_or_file: str, as_json: bool) -> None:
    """Prove a connection, or an .ionapi FILE without storing it, stage by stage.

    Exit status 1 when a stage fails. `ionport connection check` is its former name.
    """
    path = Path(connection_or_file)
    passed, rows = (
        _prove_file(path, quiet=as_json)
        if path.is_file() or path.suffix == ".ionapi"
        else _prove_stored(ctx, connection_or_file, quiet=as_json)
    )
    if as_json:
        print_json({"passed": passed, "stages": rows})
    ctx.exit(0 if passed else 1)


def _prove_file(path: Path, *, quiet: bool) -> tuple[bool, list[dict[str, Any]]]:
    from ionport.ionapi.file.model import IonApiFile
    from ionport.ionapi.probe import probe

    try:
        file = IonApiFile.load(path)
    except FileNotFoundError as error:
        raise click.ClickException(f"There is no such file: {path}") from error
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read: {error.strerror}.") from error
    rows, passed = [], True
    for stage in probe(file):
        if stage.state == "running":
            continue
        passed = passed and stage.state != "failed"
        rows.append(stage_row(stage.id, stage.title, stage.state, stage.milliseconds, stage))
        if not quiet:
            print_stage(rows[-1])
    return passed, rows


def _prove_stored(
    ctx: click.Context, name: str, *, quiet: bool
) -> tuple[bool, list[dict[str, Any]]]:
    from ionport.cli.opening import opened_documents

    with opened_documents(ctx) as documents:
        service, scope = documents.side.connections, documents.scope
        connection_id = connection_id_of(documents, name)
        with documents.write() as access:
            check = service.start_check(access, connection_id)
        database = documents.application.database
        service.run_check(database, scope, check.id)
        # It may have been started on a page: the same proof counts for both.
        check = service.wait_for_check(database, scope, check.id)
    rows = [
        stage_row(stage.key, stage.title, stage.status.value, stage.milliseconds, stage)
        for stage in check.stages
    ]
    if not quiet:
        for row in rows:
            print_stage(row)
    return check.status.value == "passed", rows


def connection_id_of(documents: OpenedDocuments, name: str) -> str:
    """Return the id of the connection that `name` names."""
    from ionport.cli.opening import ALL, find_by_name

    with documents.read() as access:
        service = documents.side.connections
        page = service.list(access, ALL, name)
        if not page.items:
            # An id, or an unknown name: then the error lists the known ones.
            page = service.list(access, ALL)
    return find_by_name({item.id: item.name for item in page.items}, name, "connection")


def _row(item: Connection, proof: str) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": item.name,
        "kind": item.target.value,
        "tenant": item.place,
        "app": item.app_name,
        "gateway": item.gateway,
        "environment": item.environment,
        "proof": proof,
        "paused": item.pause_reason or "yes" if item.paused_at else "",
        "uploaded": item.uploaded_at.isoformat(timespec="seconds"),
        "by": item.uploaded_by,
    }
