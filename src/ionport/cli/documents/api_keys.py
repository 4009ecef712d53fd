"""`ionport api-key create|list|delete`."""

from __future__ import annotations

from typing import Any

import click

from ionport.cli.opening import (
    OPERATOR,
    documents_side,
    opened,
    opened_documents,
    organization_scope,
    user_named,
)
from ionport.cli.output import as_json_option, print_json, print_rows
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiKey, ApiScope

_SHOWN = ("id", "name", "hint", "scopes", "last_used_at", "expires_at")


@click.group("api-key")
def api_key() -> None:
    """Document side: keys of programs that use the JSON API."""


@api_key.command("create")
@click.argument("name")
@click.option("--user", required=True, help="Username that the key acts as.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in ApiScope]),
    help="What it may be used for.",
)
@click.option("--days", type=click.IntRange(1, 3650), help="Ends after that; default: never.")
@as_json_option
@click.pass_context
def api_key_create(
    ctx: click.Context,
    name: str,
    user: str,
    scopes: tuple[str, ...],
    days: int | None,
    as_json: bool,
) -> None:
    """Make a key and print it; it cannot be printed again."""
    with opened(ctx) as application, application.database.write() as work:
        found = user_named(application, work, user)
        key, secret = documents_side(application).api_keys.create(
            Access(work, organization_scope(application), OPERATOR),
            name,
            scopes,
            days=days,
            user_id=found.id,
        )
    if as_json:
        print_json({**_row(key), "key": secret.reveal()})
    else:
        click.echo(secret.reveal())


@api_key.command("list")
@as_json_option
@click.pass_context
def api_key_list(ctx: click.Context, as_json: bool) -> None:
    """List the keys, the newest first; the keys themselves are stored nowhere."""
    with opened_documents(ctx) as documents, documents.read() as access:
        keys = documents.side.api_keys.list(access)
    rows = [_row(key) for key in keys]
    print_rows(rows, as_json=as_json, shown=_SHOWN, empty="No API key yet.")


@api_key.command("delete")
@click.argument("key_id")
@as_json_option
@click.pass_context
def api_key_delete(ctx: click.Context, key_id: str, as_json: bool) -> None:
    """Delete the key KEY_ID: it opens nothing from the next request on."""
    with opened_documents(ctx) as documents, documents.write() as access:
        documents.side.api_keys.delete(access, key_id)
    if as_json:
        print_json({"id": key_id, "deleted": True})
    else:
        click.echo(f"Deleted {key_id}.")


def _row(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "hint": f"{key.hint}…",
        "scopes": " ".join(sorted(key.scopes)),
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else "",
        "expires_at": key.expires_at.isoformat() if key.expires_at else "",
    }
