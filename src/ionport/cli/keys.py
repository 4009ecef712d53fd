"""`ionport rotate-keys`."""

from __future__ import annotations

import click

from ionport.cli.house import settings_of
from ionport.core.errors import InvalidInput
from ionport.core.sealing import write_key_ring
from ionport.oauth.resealing import reseal as reseal_infor
from ionport.store import SystemScope
from ionport.wiring import load_keys, open_house


@click.command("rotate-keys")
@click.pass_context
def rotate_keys(ctx: click.Context) -> None:
    """Make a new sealing key and seal every stored secret with it.

    The new ring is written before anything is sealed with it, and holds the old keys too: a
    crash in between leaves everything readable, and running the command again finishes it.
    """
    settings = settings_of(ctx, log_level="WARNING")
    if settings.keys:
        raise InvalidInput("The key ring comes from IONPORT_KEYS; rotate it where it is kept.")
    ring = load_keys(settings).with_new_key()
    write_key_ring(settings.key_file, ring)
    house = open_house(settings)
    try:
        with house.database.write() as work:
            count = reseal_infor(work, house.keys)
            if house.documents is not None:
                count += house.documents.connections.reseal(work, SystemScope("rotate-keys"))
    finally:
        house.close()
    click.echo(f"{count} stored secrets are sealed with key {ring.current}.")
    click.echo("Restart running servers; back the key file up apart from the database.")
