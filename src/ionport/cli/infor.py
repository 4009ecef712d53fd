"""`ionport tenant create`, `ionport app create|list`, `ionport credentials download`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ionport.cli.house import OPERATOR, find_by_name, opened, print_json, tenant_scope
from ionport.core.errors import InvalidInput
from ionport.core.paging import PageRequest
from ionport.identity.model import PasswordProof
from ionport.oauth.drafts import AppDraft
from ionport.oauth.model import BACKEND_GRANT_TYPES, AppQuery, AppType, AuthorizedApp, GrantType
from ionport.sandbox.infor_side import InforSide
from ionport.wiring import House

_TENANT = click.option("--tenant", help="Tenant id; default: the first tenant.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


@click.group()
def tenant() -> None:
    """Infor side: tenants."""


@tenant.command("create")
@click.argument("tenant_id")
@click.option("--administrator", metavar="USERNAME", help="Who becomes IONAPI-Administrator.")
@click.pass_context
def tenant_create(ctx: click.Context, tenant_id: str, administrator: str | None) -> None:
    """Create a tenant such as ACME_TST."""
    with opened(ctx) as house, house.database.write() as work:
        user = house.identity.find_user(work, administrator) if administrator else None
        if administrator and user is None:
            raise InvalidInput(f"There is no user {administrator!r}; add one with: user add")
        made = house.identity.create_tenant(work, OPERATOR, tenant_id, user.id if user else None)
        click.echo(f"Created tenant {made.id}.")


@click.group()
def app() -> None:
    """Infor side: authorized apps."""


@app.command("create")
@click.argument("name")
@_TENANT
@click.option("--description", default="", help="What the app is for (default: its name).")
@click.option(
    "--grant-type",
    type=click.Choice([item.value for item in BACKEND_GRANT_TYPES]),
    default=GrantType.PASSWORD_CREDENTIALS.value,
)
@click.option("--access-token-seconds", type=int, default=7200, show_default=True)
@click.option("--issue-refresh-tokens", is_flag=True, help="Issue Refresh Tokens (default off).")
@click.option("--refresh-token-seconds", type=int, default=0, help="0 = never expires.")
@_JSON
@click.pass_context
def app_create(
    ctx: click.Context,
    name: str,
    tenant: str | None,
    description: str,
    grant_type: str,
    access_token_seconds: int,
    issue_refresh_tokens: bool,
    refresh_token_seconds: int,
    as_json: bool,
) -> None:
    """Add an authorized app of type Backend Service."""
    draft = AppDraft(
        name=name,
        type=AppType.BACKEND_SERVICE,
        grant_type=GrantType(grant_type),
        description=description or name,
        access_token_seconds=access_token_seconds,
        issue_refresh_tokens=issue_refresh_tokens,
        refresh_token_seconds=refresh_token_seconds,
    )
    with opened(ctx) as house:
        scope = tenant_scope(house, tenant)
        with house.database.write() as work:
            made = infor_side(house).apps.create_app(work, scope, OPERATOR, draft)
    if as_json:
        print_json(_app_row(made))
    else:
        click.echo(f"Created {made.name} with Client ID {made.client_id}.")
        click.echo("Next: ionport credentials download " + made.name)


@app.command("list")
@_TENANT
@click.option("--text", default="", help="Part of the name.")
@_JSON
@click.pass_context
def app_list(ctx: click.Context, tenant: str | None, text: str, as_json: bool) -> None:
    """List authorized apps (the first 200)."""
    query = AppQuery(text=text, page=PageRequest(per_page=200))
    with opened(ctx) as house:
        scope = tenant_scope(house, tenant)
        with house.database.read() as work:
            page = infor_side(house).apps.list_apps(work, scope, OPERATOR, query)
    rows = [_app_row(item) for item in page.items]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['name']}\t{row['type']}\t{row['client_id']}")
    if not rows:
        click.echo("No authorized apps yet. Add one with: ionport app create NAME")


@click.group()
def credentials() -> None:
    """Infor side: download credentials."""


@credentials.command("download")
@click.argument("app_name")
@_TENANT
@click.option("--output", type=click.Path(path_type=Path), help="File; default: APP.ionapi.")
@click.option(
    "--create-service-account/--no-service-account",
    default=True,
    help="Create Service Account (default on).",
)
@click.option("--user", "username", help="User to associate with the service account.")
@click.pass_context
def credentials_download(
    ctx: click.Context,
    app_name: str,
    tenant: str | None,
    output: Path | None,
    create_service_account: bool,
    username: str | None,
) -> None:
    """Write the app's .ionapi file; its service account keys are in no other place."""
    with opened(ctx) as house:
        scope = tenant_scope(house, tenant)
        apps = infor_side(house).apps
        with house.database.write() as work:
            found = apps.find_app_by_name(work, scope, OPERATOR, app_name)
            if found is None:
                raise InvalidInput(f"There is no authorized app named {app_name!r}.")
            users = house.identity.search_users(work, scope, username, 100) if username else []
            file = apps.download_credentials(
                work,
                scope,
                OPERATOR,
                found.id,
                PasswordProof.operator(house.clock.now()),
                create_service_account=create_service_account,
                user_id=find_by_name({u.id: u.username for u in users}, username, "user")
                if username
                else None,
            )
            # Written before the commit: no service account without a file that opens it.
            path = output or Path(file.filename)
            write_private(path, file.content)
    click.echo(f"Wrote {path}. It holds secrets: keep it like a password.")


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner reads; an existing one is not overwritten."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise InvalidInput(f"{path} exists already; name another file with --output.") from error
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}.") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def infor_side(house: House) -> InforSide:
    """Return the Infor side's services; raises InvalidInput on a documents-only data folder."""
    if house.infor is None:
        raise InvalidInput("This data folder serves the document side only (IONPORT_SIDE).")
    return house.infor


def _app_row(item: AuthorizedApp) -> dict[str, object]:
    return {
        "id": item.id,
        "name": item.name,
        "type": item.type.value,
        "client_id": item.client_id,
        "tenant": item.tenant_id,
        "issue_refresh_tokens": item.issue_refresh_tokens,
    }
