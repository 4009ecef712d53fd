"""`ionport rotate-keys`."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import click

from ionport.application import Application, open_existing
from ionport.cli.opening import infor_side, opened, settings_of
from ionport.core.errors import Conflict, InvalidInput
from ionport.core.sealing import KeyRing, load_key_ring, sole_writer, write_key_ring
from ionport.data_folder import database_url, load_keys, require_data_folder
from ionport.settings import Settings, Side
from ionport.store import Database, ScopedWork, SystemScope

_SCOPE = SystemScope("rotate-keys")


class _Sealer(Protocol):
    def reseal(self, access: ScopedWork[SystemScope]) -> int: ...


def _sealers(application: Application) -> list[_Sealer]:
    found: list[_Sealer] = [application.factors]
    if application.infor is not None:
        found += [
            application.infor.apps,
            application.infor.signing_keys,
            application.infor.custom_apis.suites,
        ]
    if application.documents is not None:
        found += [
            application.documents.connections,
            application.documents.sources,
            application.documents.webhooks,
            application.documents.alerts,
        ]
    return found


@click.command("rotate-keys")
@click.option("--signing", is_flag=True, help="Rotate the key that signs access tokens instead.")
@click.pass_context
def rotate_keys(ctx: click.Context, signing: bool) -> None:
    """Make a new sealing key and seal every stored secret with it.

    The new ring is written before anything is sealed with it, and holds the old keys too: a
    crash in between leaves everything readable, and running the command again finishes it.
    """
    if signing:
        _rotate_signing_key(ctx)
        return
    # For both sides, also where one is served: the data folder may hold secrets of both.
    settings = settings_of(ctx, log_level="WARNING", side=Side.BOTH)
    if settings.keys:
        raise InvalidInput("The key ring comes from IONPORT_KEYS; rotate it where it is kept.")
    require_data_folder(settings)
    with sole_writer(settings.key_file):
        _add_key(settings)
        application = open_existing(settings)
        try:
            with application.database.write() as work:
                count = sum(sealer.reseal(work.within(_SCOPE)) for sealer in _sealers(application))
                _require_kept(settings.key_file, application.keys)
        finally:
            application.close()
    click.echo(f"{count} stored secrets are sealed with key {application.keys.current}.")
    click.echo("Restart running servers; back the key file up apart from the database.")


def _add_key(settings: Settings) -> None:
    """Make a new sealing key; it is on the disk before anything is sealed with it."""
    database = Database(database_url(settings))
    try:
        ring = load_keys(settings, database, makes_new=False)
    finally:
        database.close()
    write_key_ring(settings.key_file, ring.with_new_key())


def _require_kept(path: Path, ring: KeyRing) -> None:
    """Refuse to commit what was sealed with a key that the key file does not hold (any more)."""
    kept = load_key_ring(path)
    if kept is None or not kept.has(ring.current):
        raise Conflict(
            f"The key file {path} was changed meanwhile. Nothing was sealed anew; run the command"
            " again.",
            code="key_ring_changed",
        )


def _rotate_signing_key(ctx: click.Context) -> None:
    with opened(ctx) as application:
        signing_keys = infor_side(application).signing_keys
        with application.database.write() as work:
            key_id = signing_keys.rotate(work.within(_SCOPE))
    click.echo(f"New access tokens are signed with {key_id} within a minute.")
    click.echo("The old key verifies until the last token that it signed has ended.")
