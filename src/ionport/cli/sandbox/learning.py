"""`ionport sandbox learn`: files by which a sandbox knows a tenant of one's own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from ionport.cli.opening import OPERATOR, infor_side, opened, tenant_scope
from ionport.identity.access import Access
from ionport.sandbox.own.learned import MAX_BYTES, Learned, read_learned
from ionport.tenant_tools.learn.folder import MAX_FILES, forget, store, stored

_RESTART = "The sandbox of this data folder knows it from its next start on."


def learn_files(ctx: click.Context, files: Sequence[Path], suite: str, tenant: str | None) -> None:
    """Read files and keep what they tell; nothing is kept when one of them tells nothing."""
    data = _data(ctx)
    read = [
        (path, path.read_bytes() if path.stat().st_size <= MAX_BYTES else b"") for path in files
    ]
    learned = [read_learned(content, path.name, suite=suite) for path, content in read]
    if len(stored(data)) + len(files) > MAX_FILES:
        raise click.ClickException(f"At most {MAX_FILES} files are kept; forget some first.")
    _add_document_types(ctx, learned, tenant)
    for (path, content), each in zip(read, learned, strict=True):
        store(data, content, path.name, suite)
        click.echo(f"{path.name}: {each.summary()}.")
    click.echo(_RESTART)


def list_learned(ctx: click.Context) -> None:
    """Print what was learned."""
    found = stored(_data(ctx))
    for each in found:
        click.echo(f"{each.learned.source}  {each.learned.summary()}")
    if not found:
        click.echo("Nothing was learned yet.")


def forget_file(ctx: click.Context, source: str) -> None:
    """Remove a file that was learned; document types that it added to IDM stay."""
    if not forget(_data(ctx), source):
        raise click.ClickException(f"No file called {source} was learned.")
    click.echo(f"Forgot {source}. {_RESTART}")


def _data(ctx: click.Context) -> Path:
    from ionport.cli.opening import settings_of

    return settings_of(ctx, log_level="WARNING").data


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _add_document_types(ctx: click.Context, learned: Sequence[Learned], tenant: str | None) -> None:
    """IDM's document types are rows of the tenant: what is not there yet of them is added."""
    entities = [entity for each in learned for entity in each.entities]
    if not entities:
        return
    content = json.dumps({"idm_types": entities}).encode()
    with opened(ctx) as application:
        scope, infor = tenant_scope(application, tenant), infor_side(application)
        with application.database.write() as work:
            infor.control.seeds.seed(Access(work, scope, OPERATOR), content)
