"""`ionport backup` and `ionport restore`."""

from __future__ import annotations

from pathlib import Path

import click

from ionport.cli.opening import settings_of
from ionport.core.clock import SystemClock
from ionport.data_folder import stored_files
from ionport.installation.backup import back_up
from ionport.installation.restore import restore as restore_backup

_MEGABYTE = 1_000_000


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def backup(ctx: click.Context, file: Path) -> None:
    """Write database and stored files into FILE, while everything goes on.

    The key ring is not in it: keep a copy of keys.json in another place.
    """
    settings = settings_of(ctx, log_level="WARNING")
    made = back_up(settings, file, SystemClock().now())
    click.echo(
        f"{file} has the database and {made.files} stored files, {made.size / _MEGABYTE:.1f} MB."
    )
    for digest in made.damaged:
        click.echo(
            f"Left out, as it is damaged: {digest}. Restore it from an earlier backup, or add the"
            " same file again.",
            err=True,
        )
    where = "IONPORT_KEYS" if settings.keys else str(settings.key_file)
    click.echo(f"Not in it: the key ring ({where}, key {made.key_id}). Keep a copy apart from it.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def restore(ctx: click.Context, file: Path) -> None:
    """Make an installation of the backup FILE, in an empty data folder or database.

    Put the key ring of that installation (keys.json) into the data folder first.
    """
    settings = settings_of(ctx, log_level="WARNING")
    count = restore_backup(settings, file, stored_files(settings))
    click.echo(f"The database and {count} stored files are restored. Start it with 'ionport up'.")
