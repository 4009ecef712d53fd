"""`ionport sandbox learn`: files by which a sandbox knows a tenant of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from ionport.application import Application
from ionport.cli.opening import OPERATOR, infor_side, opened, settings_of, tenant_scope
from ionport.data_folder import LEARNED_FOLDER
from ionport.identity.access import Access
from ionport.sandbox.own.learned import MAX_BYTES, Learned, read_learned
from ionport.store import TenantScope
from ionport.tenant_tools.learn.folder import MAX_FILES, forget, store, stored

_RESTART = "The sandbox of this data folder knows it from its next start on."


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the files of a tenant are kept."""

    application: Application
    folder: Path
    scope: TenantScope


def learn_files(ctx: click.Context, files: Sequence[Path], suite: str, tenant: str | None) -> None:
    """Read files and store them; nothing is stored when one of them cannot be used."""
    read = [
        (path, path.read_bytes() if path.stat().st_size <= MAX_BYTES else b"") for path in files
    ]
    learned = [read_learned(content, path.name, suite=suite) for path, content in read]
    with _opened(ctx, tenant) as place:
        if len(stored(place.folder, place.scope.tenant_id)) + len(files) > MAX_FILES:
            raise click.ClickException(f"At most {MAX_FILES} files are kept; forget some first.")
        _add_document_types(place, learned)
        for (path, content), each in zip(read, learned, strict=True):
            store(place.folder, place.scope.tenant_id, content, path.name, suite)
            click.echo(f"{path.name}: {each.summary()}.")
    click.echo(_RESTART)


def list_learned(ctx: click.Context, tenant: str | None) -> None:
    """Print what was learned of a tenant."""
    with _opened(ctx, tenant) as place:
        found = stored(place.folder, place.scope.tenant_id)
    for each in found:
        click.echo(f"{each.learned.source}  {each.learned.summary()}")
    if not found:
        click.echo("Nothing was learned yet.")


def forget_file(ctx: click.Context, source: str, tenant: str | None) -> None:
    """Remove a file that was learned; document types that it added to IDM stay."""
    with _opened(ctx, tenant) as place:
        is_there = forget(place.folder, place.scope.tenant_id, source)
    if not is_there:
        raise click.ClickException(f"No file called {source} was learned.")
    click.echo(f"Forgot {source}. {_RESTART}")


@contextmanager
def _opened(ctx: click.Context, tenant: str | None) -> Iterator[_Place]:
    folder = settings_of(ctx, log_level="WARNING").data / LEARNED_FOLDER
    with opened(ctx) as application:
        yield _Place(application, folder, tenant_scope(application, tenant))


def _add_document_types(place: _Place, learned: Sequence[Learned]) -> None:
    """Add IDM's document types that the tenant does not have yet."""
    entities = [entity for each in learned for entity in each.entities]
    if not entities:
        return
    content = json.dumps({"idm_types": entities}).encode()
    infor = infor_side(place.application)
    with place.application.database.write() as work:
        infor.control.seeds.seed(Access(work, place.scope, OPERATOR), content)
