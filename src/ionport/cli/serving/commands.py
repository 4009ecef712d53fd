"""`ionport up` and `ionport worker`: running servers and delivery engines."""

from __future__ import annotations

import signal
import socket
import threading
from contextlib import ExitStack
from dataclasses import replace

import click

from ionport.application import Application, open_application
from ionport.cli.opening import OPERATOR, settings_of
from ionport.cli.serving.processes import serve_in_processes, stop_with, tell_begun
from ionport.cli.serving.schema_watch import SchemaWatch
from ionport.cli.serving.server import RunningServer, beside_requests, listen, running
from ionport.core.errors import InvalidInput
from ionport.data_folder import upgrade_existing
from ionport.identity.access import Access
from ionport.installation.files import FOLDER, copy_files
from ionport.installation.moving import move
from ionport.sandbox.control.rights import is_production
from ionport.settings import Settings, Side
from ionport.store import TenantScope


def _show_setup_link(application: Application) -> None:
    with application.database.write() as work:
        if not application.setup.needs_setup(work):
            return
        token = application.setup.make_setup_link(work)
    click.echo("No user yet. Open this link once to make the first administrator:")
    click.echo(f"  {application.settings.origin}/set-up/{token.reveal()}")


def _show_control_key(application: Application) -> None:
    """Make the first control key of a tenant that can have one, and print it this once."""
    infor = application.infor
    if infor is None or not infor.options.has_sandbox or is_production(application.tenant.id):
        return
    scope = TenantScope(application.tenant.id)
    with application.database.write() as work:
        access = Access(work, scope, OPERATOR)
        if infor.control.keys.list(access):
            return
        _key, secret = infor.control.keys.create(access, "first start")
    click.echo(f"Control key of {application.tenant.id}, shown this once:")
    click.echo(f"  {secret.reveal()}")


@click.command()
@click.option(
    "--side",
    type=click.Choice([item.value for item in Side]),
    help="Which side to serve (IONPORT_SIDE; default: both).",
)
@click.option(
    "--sandbox",
    is_flag=True,
    help="Imitate Infor's services, with a control plane (IONPORT_SANDBOX).",
)
@click.option("--host", help="Address to listen on (IONPORT_HOST; default: 127.0.0.1).")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port (IONPORT_PORT; default: 8400; 0: a free one).",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that serve this address; more than one needs PostgreSQL.",
)
@click.option("--listener", type=int, hidden=True)
@click.option("--first-process", type=int, hidden=True)
@click.pass_context
def up(
    ctx: click.Context,
    side: str | None,
    sandbox: bool,
    host: str | None,
    port: int | None,
    workers: int,
    listener: int | None,
    first_process: int | None,
) -> None:
    """Serve both sides, or the one that --side names."""
    named = True if sandbox else None
    settings = settings_of(ctx, side=side, sandbox=named, host=host, port=port)
    if workers > 1:
        _serve_in_processes(settings, workers)
        return
    if listener is not None and first_process is not None:
        stop_with(first_process)
        one = RunningServer(settings, listener=socket.socket(fileno=listener))
        one.run(lambda: tell_begun(first_process))
        return
    server = RunningServer(settings)
    # Not before: a folder that another process serves keeps its address, which is told here.
    server.run(lambda: _show_start(server.application))


def _serve_in_processes(settings: Settings, number: int) -> None:
    if not settings.database_url:
        raise InvalidInput(
            "Several processes need PostgreSQL (IONPORT_DATABASE_URL); 'ionport migrate --to' moves"
            " an installation there. On SQLite one process does all."
        )
    listener = listen(settings)
    host, port = listener.getsockname()[:2]
    with ExitStack() as opened:
        application = open_application(replace(settings, host=str(host), port=int(port)))
        opened.callback(application.close)

        def begun() -> None:
            _show_start(application)
            opened.close()

        serve_in_processes(application.settings, listener, number, begun)


def _show_start(application: Application) -> None:
    served = application.settings
    click.echo(f"ionport serves {served.side.value} on {served.origin}")
    _show_setup_link(application)
    _show_control_key(application)


@click.command()
@click.pass_context
def worker(ctx: click.Context) -> None:
    """Run deliveries beside other workers; needs PostgreSQL."""
    settings = settings_of(ctx, side=Side.DOCUMENTS)
    if not settings.database_url:
        raise InvalidInput(
            "A worker needs PostgreSQL (IONPORT_DATABASE_URL). On SQLite one process does all:"
            " start 'ionport up'."
        )
    application = open_application(settings)
    engine = application.delivery_engine()
    stopped = threading.Event()
    watch = SchemaWatch(application.database, stopped.set)
    parts = [engine, *beside_requests(application), watch]
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda _number, _frame: stopped.set())
    with running(parts, application.close):
        click.echo("The worker runs deliveries. Stop it with Ctrl+C.")
        stopped.wait()
    watch.require_unchanged()


@click.command()
@click.option(
    "--to",
    metavar="URL",
    help="Move the installation: postgresql://user:password@host/database, or sqlite:/// for the"
    " data folder. Stop every server and worker first.",
)
@click.option(
    "--files-to",
    metavar="PLACE",
    help="Copy the stored files: s3://bucket/prefix as in IONPORT_BLOBS_URL, or folder for the"
    " data folder.",
)
@click.pass_context
def migrate(ctx: click.Context, to: str | None, files_to: str | None) -> None:
    """Bring the schema of an existing data folder up to date, or move it to another database.

    Make a backup before. `ionport up`, `ionport worker`, `ionport demo` and `ionport sandbox up`
    bring it up to date by themselves.
    """
    settings = settings_of(ctx, log_level="WARNING")
    if files_to is not None:
        _copy_files(settings, files_to)
    if to is not None:
        _move(settings, to)
    if to is not None or files_to is not None:
        return
    before, after = upgrade_existing(settings)
    click.echo(
        f"The schema is {after}"
        + (" already." if before == after else f", was {before or 'none'}.")
    )


def _move(settings: Settings, to: str) -> None:
    found = move(settings, to)
    filled = {name: each for name, each in found.items() if each.rows}
    rows = sum(each.rows for each in filled.values())
    click.echo(f"{rows} rows of {len(filled)} tables were moved, read back and compared.")
    if to.startswith("sqlite"):
        click.echo("Unset IONPORT_DATABASE_URL for every process from now on.")
    else:
        click.echo("Set IONPORT_DATABASE_URL to that address for every process from now on.")
    click.echo("Stored files and keys stay where they are. The old database refuses to start.")


def _copy_files(settings: Settings, to: str) -> None:
    found = copy_files(settings, to)
    click.echo(f"{found.copied} stored files were copied; {found.there} were there already.")
    for digest in found.damaged:
        click.echo(
            f"Left out, as it is damaged: {digest}. Restore it from a backup, or add the same file"
            " again.",
            err=True,
        )
    if to == FOLDER:
        click.echo("Unset IONPORT_BLOBS_URL for every process from now on.")
    else:
        click.echo("Set IONPORT_BLOBS_URL to that address for every process from now on.")
